# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who may do what, as a table, from an access list in SDDL."""

from __future__ import annotations

import dataclasses
import typing as t

from . import _pool_identity, _sddl
from ._kind import kind
from ._plan import Refused


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


def table(sddl: t.Any, names: t.Mapping[str, str], pool: str | None) -> tuple[Row, ...]:
    """Return one row for each SID that an access list names, in its order.

    An entry's own SID is looked at alone, without the groups that an account is in: a server knows those, a text does
    not. The exception is the row of ``pool``, whose groups are known.

    Args:
        sddl: what Windows calls the security descriptor, with its access list.
        names: names for SIDs beside the well-known ones.
        pool: an application pool whose worker process gets a row, its groups included; the row comes first.

    Raises:
        Refused: no SDDL, or no pool's name.
    """
    if not isinstance(sddl, str):
        raise Refused(f"found {kind(sddl)}, wanted a text in SDDL, as (Get-Acl PATH).Sddl gives it")
    try:
        security = _sddl.parse(sddl)
    except _sddl.BadSddl as error:
        raise Refused(f"{error}; wanted a text in SDDL, as (Get-Acl PATH).Sddl gives it") from None
    rows = []
    seen = dict.fromkeys(ace.sid for ace in security.aces if ace.here)
    if pool is not None:
        own = _pool_identity.sid(pool)
        seen.pop(own, None)
        rows.append(_row(security, own, _pool_identity.name(pool), _pool_identity.groups(pool)))
    rows += [_row(security, sid, names.get(sid) or _sddl.name(sid), {sid}) for sid in seen]
    return tuple(rows)


def _row(security: _sddl.Security, sid: str, name: str, carried: t.Collection[str]) -> Row:
    granted = security.granted(carried)
    entries = [ace for ace in security.aces if ace.here and ace.sid in carried]
    inherited = bool(entries) and all(ace.inherited for ace in entries)
    return Row(name, sid, _sddl.words(granted), f"0x{granted:x}", inherited)
