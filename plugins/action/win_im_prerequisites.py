# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install what the agent needs of Windows. Docs: plugins/modules/win_im_prerequisites.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._server import prerequisites


class ActionModule(AgentAction):
    """Install what the agent needs of Windows."""

    SUBJECT = prerequisites
