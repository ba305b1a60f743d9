"""The table of rights of an access list, against a judgement bit by bit."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import effective_rights, pool_identity
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.sddl import pool_groups
from hypothesis import given
from hypothesis import strategies as st

POOL = "Identity Manager Contoso"
SIDS = [pool_identity.sid(POOL), "S-1-5-32-545", "S-1-5-11", "S-1-5-32-544", "S-1-5-21-1-2-3-1001"]
ENTRIES = st.lists(
    st.tuples(
        st.sampled_from("AD"), st.sampled_from(["", "OICI", "OICIIO", "ID", "OICIID"]), st.integers(1, 0x1F01FF),
        st.sampled_from(SIDS),
    ),
    max_size=8,
)  # fmt: skip


def sddl(entries):
    return "O:BAD:" + "".join(f"({kind};{flags};0x{mask:x};;;{sid})" for kind, flags, mask, sid in entries)


def judged(entries, sids):
    """Return the access mask of somebody with these SIDs: for each right the first entry that names it decides."""
    mask = 0
    for bit in (1 << number for number in range(21)):
        first = next((e for e in entries if e[3] in sids and e[2] & bit and "IO" not in e[1]), None)
        mask |= bit if first and first[0] == "A" else 0
    return mask


@given(ENTRIES)
def test_each_row_says_what_a_judgement_bit_by_bit_says(entries):
    rows = effective_rights.table(sddl(entries), {}, POOL)
    assert rows[0].name == f"IIS APPPOOL\\{POOL}"
    assert int(rows[0].mask, 16) == judged(entries, pool_groups(POOL))
    assert {row.sid: int(row.mask, 16) for row in rows[1:]} == {
        sid: judged(entries, {sid}) for sid in SIDS[1:] if any(e[3] == sid and "IO" not in e[1] for e in entries)
    }
    for row in rows[1:]:
        counted = [e for e in entries if e[3] == row.sid and "IO" not in e[1]]
        assert row.inherited is all("ID" in e[1] for e in counted)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("D:", {}, []),
        ("D:PAI(A;OICI;FA;;;SY)", {}, [("SYSTEM", "FullControl", False)]),
        ("D:(A;OICIIO;FA;;;CO)(A;ID;FR;;;BU)", {}, [("Users", "Read", True)]),
        ("D:(D;;FA;;;BU)(A;;FR;;;BU)", {}, [("Users", "none", False)]),
        ("D:(A;;FR;;;S-1-5-21-1-2)", {"names": {"S-1-5-21-1-2": "CONTOSO\\svc"}}, [("CONTOSO\\svc", "Read", False)]),
        ("D:(A;;FR;;;S-1-5-21-1-2-3-4)", {}, [("S-1-5-21-1-2-3-4", "Read", False)]),
        ("D:(A;;0x1301bf;;;BU)", {"pool": "x"}, [("IIS APPPOOL\\x", "Modify", False), ("Users", "Modify", False)]),
        ("D:(A;;FR;;;BA)", {"pool": "x"}, [("IIS APPPOOL\\x", "none", False), ("Administrators", "Read", False)]),
    ],
)
def test_known_lists(text, options, expected):
    rows = effective_rights.table(text, options.get("names", {}), options.get("pool"))
    assert [(row.name, row.rights, row.inherited) for row in rows] == expected


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (None, "found nothing"),
        ([], "found a list"),
        ("", "no access list in ''"),
        ("O:BA", "no access list in 'O:BA'"),
        ("D:(A;;FA;;)", "cannot read the access entry (A;;FA;;)"),
        ("D:(AU;;FA;;;BA)", "cannot read the access entry (AU;;FA;;;BA)"),
        ("D:(A;;QQ;;;BA)", "cannot read the rights 'QQ'"),
    ],
)
def test_what_is_no_access_list_is_refused(text, told):
    with pytest.raises(Refused) as error:
        effective_rights.table(text, {}, None)
    assert told in str(error.value)
    assert "(Get-Acl PATH).Sddl" in str(error.value)
