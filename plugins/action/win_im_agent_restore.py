# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Go back to what a run has found. Docs: plugins/modules/win_im_agent_restore.yml."""

from __future__ import annotations

from ..plugin_utils._restore import steps
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Go back to what a run has found."""

    SUBJECT = steps
