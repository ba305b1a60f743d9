# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a support bundle. Docs: win_im_agent_collect.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Refused

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "folder": {"type": "str", "required": True},
        "most_mebibytes": {"type": "int", "default": 10},
    },
}
MOST = 1024


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a task wants.

    Attributes:
        folder: where the bundle is written, on the controller.
        most_mebibytes: what its files may have together, unpacked.
    """

    folder: str
    most_mebibytes: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused for a size that is none."""
        most = arguments["most_mebibytes"]
        if not 1 <= most <= MOST:
            raise Refused(f"most_mebibytes (im_collect_most_mebibytes): found {most}, wanted 1 to {MOST}")
        return cls(arguments["folder"], most)
