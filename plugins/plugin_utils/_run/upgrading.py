# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that takes one step of an upgrade, and tells when it stopped the agent."""

from __future__ import annotations

import typing as t

from .action import AgentAction
from .host import Host


class UpgradingAction(AgentAction):
    """An action whose result has the server's time right before it stopped the agent."""

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Take the step."""
        result = super().carry_out(host, wanted)
        if "stopped_at" in result and not self._task.check_mode:
            result["stopped_at"] = host.begun_at
        return result
