# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prove that the agent runs. Docs: plugins/modules/win_im_agent_health.yml."""

from __future__ import annotations

from ..plugin_utils import _agent_health
from ..plugin_utils._action import RetriedAction


class ActionModule(RetriedAction):
    """Prove that the agent runs."""

    SUBJECT = _agent_health
