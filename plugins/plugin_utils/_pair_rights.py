# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The right to use a private key: read from its file, given to the agent's identity, taken from former ones."""

from __future__ import annotations

import typing as t

from . import _sddl
from ._certificate import SERVER
from ._held_pairs import Held
from ._identity import Identity
from ._plan import Operation, Refused
from ._questions import Ask
from ._wanted_pair import Pair

FILE_RIGHTS = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;{sid})"
OWNERS = {"S-1-5-18", "S-1-5-32-544"}
_READ_DATA, _READ_CONTROL = 0x1, 0x20000


def needed(pair: Pair, grant_server: bool) -> bool:
    """Tell whether the identity opens the private key itself. A site's is opened by HTTP.sys as SYSTEM; an agent that
    is a service opens its own.
    """
    return pair.location == "LocalMachine" and (set(pair.uses) != {SERVER} or grant_server)


def is_granted(found: Held, identity: Identity, sid: str) -> bool:
    """Tell whether an identity may read a key's file; raises Refused where its rights cannot be read."""
    if not found.key or not found.key.get("sddl"):
        reason = (found.key or {}).get("error") or "it has no key file"
        raise Refused(
            f"the rights on the private key of {found.certificate.thumbprint} (use {found.pair.use}) cannot be read:"
            f" {reason}. Import the pair anew from its PFX into the machine's store"
        )
    granted = _sddl.parse(found.key["sddl"]).granted(identity.token(sid))
    return bool(granted & _READ_DATA and granted & _READ_CONTROL)


def grant(pair: Pair, thumbprint: str, identity: Identity, sid: str) -> Operation:
    """Return the operation that gives the right."""
    arguments = _right(pair, thumbprint, sid, "Read", "present")
    return Operation(
        f"allow {identity.name} to use the private key for {pair.use}", "ansible.windows.win_acl", arguments
    )


def take(found: Held, now: str, former: t.Iterable[Identity], ask: Ask) -> list[Operation]:
    """Return what takes the right from those who had it before and are not ``now``, a SID."""
    if not found.key or not found.key.get("sddl"):
        return []
    security = _sddl.parse(found.key["sddl"])
    operations = []
    for identity in former:
        for sid in identity.known_sid(ask):
            if sid == now or not any(ace.allows for ace in security.of(sid, inherited=False)):
                continue
            arguments = _right(found.pair, found.certificate.thumbprint, sid, "FullControl", "absent")
            does = f"take the private key for {found.pair.use} from {identity.name}"
            operations.append(Operation(does, "ansible.windows.win_acl", arguments))
    return operations


def _right(pair: Pair, thumbprint: str, sid: str, rights: str, state: str) -> dict[str, t.Any]:
    path = pair.path or f"Cert:\\{pair.location}\\{pair.store}\\{thumbprint}"
    return {"path": path, "user": sid, "rights": rights, "type": "allow", "state": state}


def other_readers(found: Held, sid: str) -> str:
    """Return who else may read a pair's file, in words; empty for nobody."""
    if not found.pair.path or not found.key:
        return ""
    aces = _sddl.parse(found.key["sddl"]).aces
    others = {ace.sid for ace in aces if ace.allows and ace.sid not in {sid, *OWNERS}}
    return ", ".join(map(_sddl.name, sorted(others)))
