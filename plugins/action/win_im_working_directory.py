# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the working directory and unpack the runtime. Docs: plugins/modules/win_im_working_directory.yml."""

from __future__ import annotations

from ..plugin_utils import _working_directory
from ..plugin_utils._action import AgentAction


class ActionModule(AgentAction):
    """Make the working directory and unpack the runtime."""

    SUBJECT = _working_directory
