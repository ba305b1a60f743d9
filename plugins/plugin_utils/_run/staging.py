# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that unpacks another version beside Runtime, and then says what that version tells of itself."""

from __future__ import annotations

import typing as t

from .action import AgentAction
from .host import Host

OF_THE_WRITES = ("changed", "operations", "diff")
"""What the result has from the writes; all else is from what was found after them."""


class StagingAction(AgentAction):
    """An action whose plan is made once more after its operations: only an unpacked version tells what it is."""

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Unpack what is missing, then judge it; raises Refused for a version that cannot take the present one's
        place, which stays unpacked.
        """
        done = super().carry_out(host, wanted)
        if self._task.check_mode or not done["changed"]:
            return done
        found = super().carry_out(host, wanted)
        warnings = dict.fromkeys([*done.get("warnings", ()), *found.get("warnings", ())])
        written = {name: done[name] for name in OF_THE_WRITES if name in done}
        return found | written | ({"warnings": list(warnings)} if warnings else {})
