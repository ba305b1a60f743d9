# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take one step of an upgrade. Docs: plugins/modules/win_im_agent_upgrade.yml."""

from __future__ import annotations

from ..plugin_utils._run.upgrading import UpgradingAction
from ..plugin_utils._upgrade import steps


class ActionModule(UpgradingAction):
    """Take one step of an upgrade."""

    SUBJECT = steps
