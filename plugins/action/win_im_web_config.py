# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write web.config. Docs: plugins/modules/win_im_web_config.yml."""

from __future__ import annotations

from ..plugin_utils._run.action import AgentAction
from ..plugin_utils._settings import web_config


class ActionModule(AgentAction):
    """Write web.config."""

    SUBJECT = web_config
