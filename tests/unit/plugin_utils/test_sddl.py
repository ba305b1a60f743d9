"""Security descriptors: what is read, what a token is granted, and SIDs that are computed."""

from __future__ import annotations

import hypothesis.strategies as st
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _sddl
from hypothesis import given

ME, GROUP, OTHER = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-513", "S-1-5-21-1-2-3-1002"
TOKEN = frozenset({ME, GROUP})
READ, WRITE = 0x120089, 0x116


def granted(*entries):
    return _sddl.parse(f"O:BAG:SYD:PAI{''.join(f'({entry})' for entry in entries)}").granted(TOKEN)


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
    assert _sddl.pool_sid("DefaultAppPool") == "S-1-5-82-3006700770-424185619-1745488364-794895919-4004696415"
    assert _sddl.pool_sid("defaultAPPpool") == _sddl.pool_sid("DefaultAppPool")
    assert _sddl.service_sid("TrustedInstaller") == "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464"
    assert _sddl.service_sid("trustedinstaller") == _sddl.service_sid("TrustedInstaller")


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


@pytest.mark.parametrize("sddl", ["", "O:BA", "D:(A;;XX;;;BA)", "D:(A;;0xZ;;;BA)", "D:(X;;FA;;;BA)", "D:(A;;FA;;;)"])
def test_what_is_no_list_is_an_error(sddl):
    with pytest.raises(_sddl.BadSddl):
        _sddl.parse(sddl)


@pytest.mark.parametrize(
    ("control", "protected"), [("", False), ("AI", False), ("P", True), ("PAI", True), ("PAR", True), ("AR", False)]
)
def test_protection_and_owner(control, protected):
    read = _sddl.parse(f"O:{ME}G:SYD:{control}(A;OICINP;FA;;;{ME})")
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
    read = _sddl.parse("D:" + "".join(f"(A;{flags};FR;;;{sid})" for sid in (GROUP, ME, OTHER)))
    assert [entry.whole for entry in read.aces] == [whole] * 3
    for sid in (GROUP, ME, OTHER):
        assert [entry.sid for entry in read.of(sid)] == [sid]
        assert bool(read.of(sid, inherited=True)) is ("ID" in flags)
        assert bool(read.of(sid, inherited=False)) is ("ID" not in flags)
