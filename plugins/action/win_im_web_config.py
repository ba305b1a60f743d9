# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write web.config. Docs: plugins/modules/win_im_web_config.yml."""

from __future__ import annotations

from ..plugin_utils import _web_config
from ..plugin_utils._action import AgentAction


class ActionModule(AgentAction):
    """Write web.config."""

    SUBJECT = _web_config
