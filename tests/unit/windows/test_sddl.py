"""Security descriptors: what is read, what a token is granted, and SIDs that are computed."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import sddl
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.sddl_text import BadSddl
from hypothesis import given

ME, GROUP, OTHER = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1002"
TOKEN = frozenset({ME, GROUP})
READ, WRITE = 0x120089, 0x116


def granted(*entries):
    return sddl.parse(f"O:BAG:SYD:PAI{''.join(f'({entry})' for entry in entries)}").granted(TOKEN)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], 0),
        ([f"A;;0x{READ:x};;;{ME}"], READ),
        ([f"A;OICIID;0x{READ:x};;;{GROUP}"], READ),
        ([f"A;;0x{READ:x};;;{OTHER}"], 0),
        ([f"A;;0x{READ:x};;;{ME}", f"A;;0x{WRITE:x};;;{GROUP}"], READ | WRITE),
        ([f"D;;0x{WRITE:x};;;{GROUP}", f"A;;0x{READ | WRITE:x};;;{ME}"], (READ | WRITE) & ~WRITE),
        ([f"D;;0x{WRITE:x};;;{OTHER}", f"A;;0x{WRITE:x};;;{ME}"], WRITE),
        ([f"A;OICIIO;0x{READ:x};;;{ME}"], 0),
        ([f"A;;FR;;;{ME}"], READ),
    ],
)
def test_what_a_token_is_granted(entries, expected):
    assert granted(*entries) == expected


@given(st.lists(st.tuples(st.sampled_from("AD"), st.integers(1, 0x1F01FF), st.sampled_from([ME, GROUP, OTHER]))))
def test_entries_are_read_in_order_as_windows_does(entries):
    """Windows decides each bit by the first entry of the token that names it (learn.microsoft.com "DACLs and ACEs")."""
    expected = 0
    for bit in (1 << n for n in range(21)):
        first = next((kind for kind, mask, sid in entries if sid in TOKEN and mask & bit), "D")
        expected |= bit if first == "A" else 0
    assert granted(*(f"{kind};;0x{mask:x};;;{sid}" for kind, mask, sid in entries)) == expected


def test_the_sids_that_windows_computes_from_names():
    # Published values: those that icacls shows of a default installation.
    assert sddl.pool_sid("DefaultAppPool") == "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
    assert sddl.pool_sid("defaultAPPpool") == sddl.pool_sid("DefaultAppPool")
    assert sddl.service_sid("TrustedInstaller") == "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert sddl.service_sid("trustedinstaller") == sddl.service_sid("TrustedInstaller")


WORDS = {
    "GA": 0x1F01FF,
    "GR": READ,
    "GW": 0x120116,
    "GX": 0x1200A0,
    "FA": 0x1F01FF,
    "FR": READ,
    "FW": 0x120116,
    "FX": 0x1200A0,
    "CC": 0x1,
    "DC": 0x2,
    "LC": 0x4,
    "SW": 0x8,
    "RP": 0x10,
    "WP": 0x20,
    "DT": 0x40,
    "LO": 0x80,
    "CR": 0x100,
    "SD": 0x10000,
    "RC": 0x20000,
    "WD": 0x40000,
    "WO": 0x80000,
    "RPWP": 0x30,
    "GRGX": READ | 0x1200A0,
    "0x80000000": READ,
    "0X10000000": 0x1F01FF,
    "0x1301bf": 0x1301BF,
}


@pytest.mark.parametrize("word", WORDS)
def test_rights_are_read_as_those_of_a_file(word):
    """[MS-DTYP] 2.5.1.1; a generic right stands for those of files."""
    assert granted(f"A;;{word};;;{ME}") == WORDS[word]


NO_LISTS = {
    "nothing": "",
    "an owner only": "O:BA",
    "unknown rights": "D:(A;;XX;;;BA)",
    "no number": "D:(A;;0xZ;;;BA)",
    "half a word of rights": "D:(A;;FAX;;;BA)",
    "unknown kind": "D:(X;;FA;;;BA)",
    "unknown flag": "D:(A;QQ;FA;;;BA)",
    "nobody": "D:(A;;FA;;;)",
    "unknown alias": "D:(A;;FA;;;QQ)",
    "breaks off in an entry": "D:(A;;FA;;;SY)(A;;CCDC",
    "breaks off in a text": 'D:(XA;;FA;;;SY;(@User.Title=="x)',
    "something behind the entries": "D:(A;;FA;;;SY)x",
    "unknown flags of the list": "D:PXY(A;;FA;;;SY)",
    "two lists": "D:(A;;FA;;;SY)D:(A;;FA;;;BU)",
    "a list in a text of the audit list": 'O:BAG:SYS:AI(RA;;;;;WD;("x",TS,0,"D:(A;;FA;;;WD)"))',
}


@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_whole_list_is_an_error(name):
    with pytest.raises(BadSddl, match=r"the rights of C:\\im cannot be read: "):
        sddl.parse(NO_LISTS[name], "C:\\im")


def test_entries_behind_a_conditional_one_count_and_the_conditional_one_is_told_apart():
    read = sddl.parse('O:BAD:(A;;FA;;;SY)(XD;;FX;;;WD;(@User.Title=="a) (b"))(D;;FA;;;BU)(A;;FA;;;WD)')
    assert [(a.sid, a.allows, a.conditional) for a in read.aces] == [
        ("S-1-5-18", True, False),
        (sddl.EVERYONE, False, True),
        (sddl.USERS, False, False),
        (sddl.EVERYONE, True, False),
    ]
    assert read.granted({sddl.USERS, sddl.EVERYONE}) == 0
    assert read.granted({sddl.EVERYONE}) == 0x1F01FF
    assert sddl.parse("O:BAD:(XA;;FX;;;WD;(Member_of {SID(BA)}))(A;;FA;;;SY)").granted({sddl.EVERYONE}) == 0
    assert sddl.parse("O:BAD:(XA;;FX;;;WD;(Member_of {SID(BA)}))(A;;FA;;;SY)").granted({"S-1-5-18"}) == 0x1F01FF


def test_an_entry_for_one_kind_of_object_is_told_apart():
    guid = "bf967aba-0de6-11d0-a285-00aa003049e2"
    read = sddl.parse(f"D:(OA;;FA;{guid};;{ME})(OA;;FR;;;{ME})")
    assert [entry.conditional for entry in read.aces] == [True, False]
    assert read.granted({ME}) == READ


@pytest.mark.parametrize("flags", ["", "P", "PAI"])
def test_without_a_list_everybody_may_do_everything(flags):
    read = sddl.parse(f"O:BAD:{flags}NO_ACCESS_CONTROL")
    assert read.granted({sddl.EVERYONE, ME}) == 0x1F01FF
    assert sddl.parse("O:BAD:").granted({sddl.EVERYONE}) == 0


def test_aliases_are_resolved_and_those_of_a_domain_by_their_last_number():
    read = sddl.parse("O:BAD:(A;;FA;;;LA)(A;;FR;;;DA)(A;;FX;;;AC)(A;;FW;;;BO)")
    assert read.granted({"S-1-5-21-1-2-3-500"}) == 0x1F01FF
    assert read.granted({"S-1-5-21-7-8-9-512"}) == READ
    assert read.granted({"S-1-15-2-1"}) == 0x1200A0
    assert read.granted({"S-1-5-32-551"}) == 0x120116
    assert read.granted({"S-1-5-32-500", "S-1-5-21-1-2-3-5001"}) == 0
    assert len(read.of("S-1-5-21-1-2-3-500")) == 1
    assert [sddl.name(entry.sid) for entry in read.aces[:2]] == ["Administrator", "Domain Admins"]


def test_the_audit_list_may_stand_before_or_behind():
    audit = "S:AI(AU;SAFA;FA;;;WD)"
    for text in (f"O:BA{audit}D:(A;;FR;;;{ME})", f"O:BAD:(A;;FR;;;{ME}){audit}"):
        assert sddl.parse(text).granted({ME}) == READ


def test_one_character_of_a_name_stays_one():
    """Published: RtlUpcaseUnicodeString has no capital for the sharp s."""
    assert sddl.service_sid("IdentityManagerAgentGro\u00dfhandel") == (
        "S-1-5-80-1693286275-" + sddl.service_sid("IdentityManagerAgentGRO\u00dfHANDEL").split("-", 5)[5]
    )
    assert sddl.service_sid("Gro\u00dfhandel") != sddl.service_sid("Grosshandel")
    assert sddl.service_sid("b\u00e4r") == sddl.service_sid("B\u00c4R")
    assert sddl.pool_sid("\u0130x") != sddl.pool_sid("i\u0307x")


@pytest.mark.parametrize(
    ("control", "protected"), [("", False), ("AI", False), ("P", True), ("PAI", True), ("PAR", True), ("AR", False)]
)
def test_protection_and_owner(control, protected):
    read = sddl.parse(f"O:{ME}G:SYD:{control}(A;OICINP;FA;;;{ME})")
    assert (read.protected, read.owner) == (protected, ME)
    (entry,) = read.of(ME)
    assert (entry.here, entry.folders, entry.files, entry.once, entry.inherited, entry.whole) == (
        (True,) * 4 + (False, False)
    )
    assert read.of(ME, inherited=True) == read.of(OTHER) == ()


@pytest.mark.parametrize(
    ("flags", "whole"),
    [("OICI", True), ("OICIID", True), ("OI", False), ("CI", False), ("", False), ("OICIIO", False), ("OICINP", False)],
)
def test_an_entry_that_counts_for_everything_below(flags, whole):
    read = sddl.parse("D:" + "".join(f"(A;{flags};FR;;;{sid})" for sid in (GROUP, ME, OTHER)))
    assert [entry.whole for entry in read.aces] == [whole] * 3
    for sid in (GROUP, ME, OTHER):
        assert [entry.sid for entry in read.of(sid)] == [sid]
        assert bool(read.of(sid, inherited=True)) is ("ID" in flags)
        assert bool(read.of(sid, inherited=False)) is ("ID" not in flags)


@pytest.mark.parametrize("owner", ["S-1-5-18", "S-1-5-21-1-2-3-1001", "BA"])
@pytest.mark.parametrize("group", ["", "G:S-1-5-18"])
def test_an_owner_ends_where_the_next_part_begins(owner, group):
    """The D of a list is also a hexadecimal digit, of which SIDs may consist."""
    assert sddl.parse(f"O:{owner}{group}D:(A;;FA;;;BA)").owner == {"BA": "S-1-5-32-544"}.get(owner, owner)
