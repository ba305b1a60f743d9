# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Audit an agent server. Docs: plugins/modules/win_im_agent_audit.yml."""

from __future__ import annotations

from ..plugin_utils._run.auditing import AuditingAction


class ActionModule(AuditingAction):
    """Audit an agent server."""
