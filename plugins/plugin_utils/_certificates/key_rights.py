# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The right to use a private key: read from its file, granted to the agent's identity, revoked from former ones. A PFX
file is for SYSTEM, Administrators and the identity, and for nobody else.
"""

from __future__ import annotations

import typing as t

from .._agent import secret_files
from .._core.plan import Operation, Refused
from .._core.probe import Ask
from .._core.touched import STORES
from .._windows import sddl
from .._windows.certificate import SERVER
from .._windows.identity import Identity
from .on_server import Installed
from .wanted_pair import Pair

_READ_DATA, _READ_CONTROL = 0x1, 0x20000


def needed(pair: Pair, grant_server: bool) -> bool:
    """Tell whether the identity opens the private key itself. A site's is opened by HTTP.sys as SYSTEM; an agent that
    is a service opens its own.
    """
    return pair.location == "LocalMachine" and (set(pair.uses) != {SERVER} or grant_server)


def is_granted(found: Installed, identity: Identity, sid: str) -> bool:
    """Tell whether an identity may read a key's file; raises Refused where its rights cannot be read."""
    if not found.key or not found.key.get("sddl"):
        reason = (found.key or {}).get("error") or "it has no key file"
        raise Refused(
            f"the rights on the private key of {found.certificate.thumbprint} (use {found.pair.use}) cannot be read:"
            f" {reason}. Import the pair again from its PFX into the machine's store"
        )
    granted = sddl.parse(found.key["sddl"], found.key.get("path") or "").granted(identity.token(sid))
    return bool(granted & _READ_DATA and granted & _READ_CONTROL)


def grant(pair: Pair, thumbprint: str, identity: Identity, sid: str) -> Operation:
    """Return the operation that grants the right."""
    arguments = _right(pair, thumbprint, sid=sid, rights="Read", state="present")
    does = f"allow {identity.name} to use the private key for {pair.use}"
    return Operation(does, "ansible.windows.win_acl", arguments, touches=STORES)


def revoke(found: Installed, current: str, former: t.Iterable[Identity], ask: Ask) -> list[Operation]:
    """Return the operations that revoke the right of former identities, except ``current``, a SID.

    win_acl compares no rights of a key in a store.
    """
    if not found.key or not found.key.get("sddl"):
        return []
    security = sddl.parse(found.key["sddl"], found.key.get("path") or "")
    operations = []
    for identity in former:
        for sid in identity.known_sid(ask):
            if sid == current or not any(ace.allows for ace in security.of(sid, inherited=False)):
                continue
            does = f"remove the right of {identity.name} to use the private key for {found.pair.use}"
            arguments = _right(found.pair, found.certificate.thumbprint, sid=sid, rights="FullControl", state="absent")
            operations.append(Operation(does, "ansible.windows.win_acl", arguments, touches=STORES))
    return operations


def _right(pair: Pair, thumbprint: str, *, sid: str, rights: str, state: str) -> dict[str, t.Any]:
    path = f"Cert:\\{pair.location}\\{pair.store}\\{thumbprint}"
    return {"path": path, "user": sid, "rights": rights, "type": "allow", "state": state}


def only(found: Installed, sid: str) -> list[Operation]:
    """Return what makes a PFX file readable for SYSTEM, Administrators and an identity alone; raises BadSddl."""
    path, text = found.pair.path, (found.key or {}).get("sddl") or ""
    return [] if secret_files.is_exact(text, sid, path) else [secret_files.give(path, sid)]
