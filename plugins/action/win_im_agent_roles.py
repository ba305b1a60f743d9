# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carry out roles of this collection in one task. Docs: plugins/modules/win_im_agent_roles.yml."""

from __future__ import annotations

from ..plugin_utils._run.carrying_out import CarryingOutAction


class ActionModule(CarryingOutAction):
    """Carry out roles of this collection in one task."""
