# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of the audit of a server. Docs: win_im_agent_audit.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import fingerprint

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "operator": {"type": "str", "default": ""},
        "fingerprint_key": {"type": "str", "no_log": True},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a task wants.

    Attributes:
        operator: who asks for the audit, for the record.
        fingerprint_key: of the values' fingerprints; empty for none.
    """

    operator: str
    fingerprint_key: str = dataclasses.field(repr=False)

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        return cls(arguments["operator"], fingerprint.checked_key(arguments.get("fingerprint_key")))
