# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Remove an agent with all that is its own. Docs: plugins/modules/win_im_agent_remove.yml."""

from __future__ import annotations

from ..plugin_utils._remove import removal
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Remove an agent with all that is its own."""

    SUBJECT = removal
