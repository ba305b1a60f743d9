# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One part of a removal: what is done, what goes, and what stays and why."""

from __future__ import annotations

import dataclasses

from .._core.plan import Operation


@dataclasses.dataclass(frozen=True)
class Part:
    """A part.

    Attributes:
        operations: in order.
        gone: what they remove, a line for each thing.
        stays: sentences about what is left although it is, or may be, the agent's.
    """

    operations: tuple[Operation, ...] = ()
    gone: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()
