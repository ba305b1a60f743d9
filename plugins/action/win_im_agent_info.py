# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Check the inventory and read the server. Docs: plugins/modules/win_im_agent_info.yml."""

from __future__ import annotations

from ..plugin_utils._inventory import agent_info
from ..plugin_utils._run.foretelling import ForetellingAction


class ActionModule(ForetellingAction):
    """Check the inventory and read the server."""

    SUBJECT = agent_info
