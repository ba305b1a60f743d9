# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Verify that the agent runs. Docs: plugins/modules/win_im_agent_health.yml."""

from __future__ import annotations

from ..plugin_utils._health import agent_health
from ..plugin_utils._run.action import RetriedAction


class ActionModule(RetriedAction):
    """Verify that the agent runs."""

    SUBJECT = agent_health
