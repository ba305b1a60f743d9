# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the agent a Windows service as wanted. Docs: plugins/modules/win_im_service.yml."""

from __future__ import annotations

from ..plugin_utils._hosting import service
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Make the agent a Windows service as wanted."""

    SUBJECT = service
