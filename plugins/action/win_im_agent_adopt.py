# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write existing agents down as an inventory. Docs: plugins/modules/win_im_agent_adopt.yml."""

from __future__ import annotations

from ..plugin_utils._adopt import adoption
from ..plugin_utils._run.adopting import AdoptingAction


class ActionModule(AdoptingAction):
    """Write existing agents down as an inventory."""

    SUBJECT = adoption
