# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The two letters that SDDL writes for well-known SIDs, after [MS-DTYP] 2.5.1.1."""

from __future__ import annotations

import typing as t

ALIASES = {
    "AA": "S-1-5-32-579",
    "AC": "S-1-15-2-1",
    "AN": "S-1-5-7",
    "AO": "S-1-5-32-548",
    "AS": "S-1-18-1",
    "AU": "S-1-5-11",
    "BA": "S-1-5-32-544",
    "BG": "S-1-5-32-546",
    "BO": "S-1-5-32-551",
    "BU": "S-1-5-32-545",
    "CD": "S-1-5-32-574",
    "CG": "S-1-3-1",
    "CO": "S-1-3-0",
    "CY": "S-1-5-32-569",
    "ED": "S-1-5-9",
    "ER": "S-1-5-32-573",
    "ES": "S-1-5-32-576",
    "HA": "S-1-5-32-578",
    "HI": "S-1-16-12288",
    "IS": "S-1-5-32-568",
    "IU": "S-1-5-4",
    "LS": "S-1-5-19",
    "LU": "S-1-5-32-559",
    "LW": "S-1-16-4096",
    "ME": "S-1-16-8192",
    "MP": "S-1-16-8448",
    "MS": "S-1-5-32-577",
    "MU": "S-1-5-32-558",
    "NO": "S-1-5-32-556",
    "NS": "S-1-5-20",
    "NU": "S-1-5-2",
    "OW": "S-1-3-4",
    "PO": "S-1-5-32-550",
    "PS": "S-1-5-10",
    "PU": "S-1-5-32-547",
    "RA": "S-1-5-32-575",
    "RC": "S-1-5-12",
    "RD": "S-1-5-32-555",
    "RE": "S-1-5-32-552",
    "RM": "S-1-5-32-580",
    "RU": "S-1-5-32-554",
    "SI": "S-1-16-16384",
    "SO": "S-1-5-32-549",
    "SS": "S-1-18-2",
    "SU": "S-1-5-6",
    "SY": "S-1-5-18",
    "UD": "S-1-5-84-0-0-0-0-0",
    "WD": "S-1-1-0",
    "WR": "S-1-5-33",
}
OF_A_DOMAIN = {
    "AP": ("525", "Protected Users"),
    "CA": ("517", "Cert Publishers"),
    "CN": ("522", "Cloneable Domain Controllers"),
    "DA": ("512", "Domain Admins"),
    "DC": ("515", "Domain Computers"),
    "DD": ("516", "Domain Controllers"),
    "DG": ("514", "Domain Guests"),
    "DU": ("513", "Domain Users"),
    "EA": ("519", "Enterprise Admins"),
    "EK": ("527", "Enterprise Key Admins"),
    "KA": ("526", "Key Admins"),
    "LA": ("500", "Administrator"),
    "LG": ("501", "Guest"),
    "PA": ("520", "Group Policy Creator Owners"),
    "RO": ("498", "Enterprise Read-only Domain Controllers"),
    "RS": ("553", "RAS Servers"),
    "SA": ("518", "Schema Admins"),
}
"""Those whose SID begins with that of a domain, or of the machine, which the text does not tell: last number, name."""


def is_same(found: str, sid: str) -> bool:
    """Tell whether an entry's SID, or alias of a domain, is about somebody. Which domain an alias means is not in the
    text, so the last number decides.
    """
    if found in OF_A_DOMAIN:
        return sid == found or (sid.startswith("S-1-5-21-") and sid.rpartition("-")[2] == OF_A_DOMAIN[found][0])
    return found == sid


def is_any(found: str, sids: t.Collection[str]) -> bool:
    """Tell whether an entry's SID is among somebody's."""
    return found in sids or (found in OF_A_DOMAIN and any(is_same(found, sid) for sid in sids))
