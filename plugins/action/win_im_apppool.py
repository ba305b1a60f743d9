# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configure the application pool as wanted. Docs: plugins/modules/win_im_apppool.yml."""

from __future__ import annotations

from ..plugin_utils._hosting import application_pool
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Configure the application pool as wanted."""

    SUBJECT = application_pool
