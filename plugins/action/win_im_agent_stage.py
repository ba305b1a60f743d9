# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unpack another version of the agent beside the present one. Docs: plugins/modules/win_im_agent_stage.yml."""

from __future__ import annotations

from ..plugin_utils._run.staging import StagingAction
from ..plugin_utils._versions import staged


class ActionModule(StagingAction):
    """Unpack another version of the agent beside the present one."""

    SUBJECT = staged
