# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Configure the site as wanted. Docs: plugins/modules/win_im_site.yml."""

from __future__ import annotations

from ..plugin_utils._hosting import site
from ..plugin_utils._run.action import AgentAction


class ActionModule(AgentAction):
    """Configure the site as wanted."""

    SUBJECT = site
