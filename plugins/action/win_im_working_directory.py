# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Create the working directory and unpack the runtime. Docs: plugins/modules/win_im_working_directory.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._server import working_directory


class ActionModule(AgentAction):
    """Create the working directory and unpack the runtime."""

    SUBJECT = working_directory
