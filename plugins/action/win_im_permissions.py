# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Give the agent's identity exactly its rights. Docs: plugins/modules/win_im_permissions.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._server import permissions


class ActionModule(AgentAction):
    """Give the agent's identity exactly its rights."""

    SUBJECT = permissions
