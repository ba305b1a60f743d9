# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Provide key pairs on the server. Docs: plugins/modules/win_im_cert_pair.yml."""

from __future__ import annotations

from ..plugin_utils._certificates import cert_pairs
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Provide key pairs on the server."""

    SUBJECT = cert_pairs
