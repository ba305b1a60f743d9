# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many agents a rollout may have down, failed or rolled back at one time."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._core.plan import Refused

VARIABLE = "im_rollout_budget"
_WANTED = "wanted a number such as 2, a percentage such as '10%' or '10% after 20', or both as '2, 10% after 20'"
_NUMBER = re.compile(r"[0-9]{1,6}")
_PERCENT = re.compile(r"([0-9]{1,3}) ?%(?: +after +([0-9]{1,6}))?")


@dataclasses.dataclass(frozen=True)
class Budget:
    """A number, a percentage, or one after the other.

    It never shrinks while servers are done: a smaller one could be exceeded by those that are already at work.

    Attributes:
        number: how many, until the percentage counts.
        percent: how many in a hundred of all servers of the rollout; 0 for none.
        after: how many servers have to be done before the percentage counts.
    """

    number: int = 1
    percent: int = 0
    after: int = 0

    @classmethod
    def of(cls, given: t.Any) -> Budget:
        """Return the budget of a variable: a number, a text, or a list of both; raises Refused."""
        parts = [part.strip() for part in _texts(given)]
        numbers = [int(part) for part in parts if _NUMBER.fullmatch(part)]
        percents = [found for part in parts if (found := _PERCENT.fullmatch(part))]
        if not parts or len(numbers) > 1 or len(percents) > 1 or len(numbers) + len(percents) != len(parts):
            raise Refused(f"{VARIABLE}: found {given!r}, {_WANTED}")
        if numbers and numbers[0] < 1:
            raise Refused(f"{VARIABLE}: found {numbers[0]}, wanted at least 1: with less no server can be begun")
        if not percents:
            return cls(number=numbers[0])
        percent, after = int(percents[0][1]), int(percents[0][2] or 0)
        if not 1 <= percent <= 100:
            raise Refused(f"{VARIABLE}: found {percent}%, wanted 1% to 100%")
        if numbers and not after:
            raise Refused(
                f"{VARIABLE}: found {given!r}: a number and a percentage at the same time, wanted from when on the"
                f" percentage counts, such as '{numbers[0]}, {percent}% after 20'"
            )
        return cls(number=numbers[0] if numbers else 1, percent=percent, after=after)

    def allowed(self, servers: int, done: int) -> int:
        """Return how many may be down, failed or rolled back.

        Args:
            servers: how many servers the rollout has.
            done: how many of them were done without a failure.
        """
        if not self.percent or done < self.after:
            return self.number
        return max(self.number, servers * self.percent // 100)

    @property
    def texts(self) -> list[str]:
        """Return its parts for people."""
        if not self.percent:
            return [str(self.number)]
        if not self.after:
            return [f"{self.percent}%"]
        return [str(self.number), f"{self.percent}% after {self.after}"]


def _texts(given: t.Any) -> list[str]:
    if isinstance(given, bool) or given is None:
        return []
    if isinstance(given, list | tuple):
        return [str(part) for part in given]
    return str(given).split(",")
