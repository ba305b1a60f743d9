# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make the site as wanted. Docs: plugins/modules/win_im_site.yml."""

from __future__ import annotations

from ..plugin_utils import _site
from ..plugin_utils._action import AgentAction


class ActionModule(AgentAction):
    """Make the site as wanted."""

    SUBJECT = _site
