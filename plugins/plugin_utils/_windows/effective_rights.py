# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what, as a table, from an access list in SDDL."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core.plan import Refused
from .._core.value_kind import kind
from . import pool_identity, sddl, sddl_text


@dataclasses.dataclass(frozen=True)
class Row:
    """What somebody may do with a file or folder.

    Attributes:
        name: of the account or group; the SID where no name is known.
        sid: whom it is about.
        rights: in words, after every denial.
        mask: the same as an access mask.
        inherited: all of its entries come from a folder above.
    """

    name: str
    sid: str
    rights: str
    mask: str
    inherited: bool


def table(text: t.Any, names: t.Mapping[str, str], pool: str | None) -> tuple[Row, ...]:
    """Return one row for each SID that an access list names, in its order.

    Each entry's SID is considered alone, without the groups that an account is in: a server knows those, a text does
    not. The exception is the row of ``pool``, whose groups are known.

    Args:
        text: what Windows calls the security descriptor, with its access list.
        names: names for SIDs beside the well-known ones.
        pool: an application pool whose worker process gets a row, its groups included; the row comes first.

    Raises:
        Refused: no SDDL, or no pool's name.
    """
    if not isinstance(text, str):
        raise Refused(f"found {kind(text)}, wanted a text in SDDL, such as (Get-Acl PATH).Sddl returns")
    try:
        security = sddl.parse(text)
    except sddl_text.BadSddl as error:
        raise Refused(f"{error}; wanted a text in SDDL, such as (Get-Acl PATH).Sddl returns") from None
    rows = []
    seen = dict.fromkeys(ace.sid for ace in security.aces if ace.here)
    if pool is not None:
        own = pool_identity.sid(pool)
        seen.pop(own, None)
        rows.append(_row(security, own, pool_identity.name(pool), pool_identity.groups(pool)))
    rows += [_row(security, sid, names.get(sid) or sddl.name(sid), {sid}) for sid in seen]
    return tuple(rows)


def _row(security: sddl.Security, sid: str, name: str, carried: t.Collection[str]) -> Row:
    granted = security.granted(carried)
    entries = [ace for ace in security.aces if ace.here and ace.sid in carried]
    rights = [sddl.words(granted)]
    rights += [
        f"{'allow' if a.allows else 'deny'} {sddl.words(a.rights)} on a condition" for a in entries if a.conditional
    ]
    inherited = bool(entries) and all(ace.inherited for ace in entries)
    return Row(name, sid, ", ".join(rights), f"0x{granted:x}", inherited)
