# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the agent's settings files. Docs: plugins/modules/win_im_agent_settings.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._settings import agent_settings


class ActionModule(AgentAction):
    """Write the agent's settings files."""

    SUBJECT = agent_settings
