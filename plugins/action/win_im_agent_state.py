# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stop, start or restart the agent as it is. Docs: plugins/modules/win_im_agent_state.yml."""

from __future__ import annotations

from ..plugin_utils._operate import run_state
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Stop, start or restart the agent as it is."""

    SUBJECT = run_state
