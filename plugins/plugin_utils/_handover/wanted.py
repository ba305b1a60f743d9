# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a server's sheet for other people. Docs: win_im_agent_handover.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Refused

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "ask": {"type": "bool", "default": True},
        "hashes": {"type": "bool", "default": False},
        "profile": {"type": "str", "default": ""},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a sheet holds.

    Attributes:
        ask: whether the server may be asked, once, for what the inventory does not say.
        hashes: whether the hashes of the clients' secrets are written.
        profile: the clients' profile on the Identity Manager server; empty where the integration team fills it in.
    """

    ask: bool
    hashes: bool
    profile: str

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        profile = arguments["profile"]
        if profile != profile.strip():
            raise Refused(f"profile: found {profile!r}, wanted the identifier of a profile without spaces around it")
        return cls(arguments["ask"], arguments["hashes"], profile)
