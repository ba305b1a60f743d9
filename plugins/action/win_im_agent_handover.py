# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gather what other people need of an agent. Docs: plugins/modules/win_im_agent_handover.yml."""

from __future__ import annotations

from ..plugin_utils._handover import wanted
from ..plugin_utils._run.handing_over import HandingOverAction


class ActionModule(HandingOverAction):
    """Gather what other people need of an agent."""

    SUBJECT = wanted
