"""Access entries in the words of the Security tab, after Microsoft's tables of what each box stands for."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import sddl, security_tab
from hypothesis import given
from hypothesis import strategies as st

# support.microsoft.com "Special permissions for files and folders": the rights by their bits, and the boxes they make.
TRAVERSE, LIST, READ_ATTRIBUTES, READ_EXTENDED = 0x20, 0x1, 0x80, 0x8
CREATE_FILES, CREATE_FOLDERS, WRITE_ATTRIBUTES, WRITE_EXTENDED = 0x2, 0x4, 0x100, 0x10
DELETE_BELOW, DELETE, READ_PERMISSIONS, CHANGE, OWN, SYNCHRONIZE = 0x40, 0x10000, 0x20000, 0x40000, 0x80000, 0x100000
READS = LIST | READ_ATTRIBUTES | READ_EXTENDED | READ_PERMISSIONS | SYNCHRONIZE
WRITES = CREATE_FILES | CREATE_FOLDERS | WRITE_ATTRIBUTES | WRITE_EXTENDED | SYNCHRONIZE
TABLE = {
    "Full control": READS | TRAVERSE | WRITES | DELETE | DELETE_BELOW | CHANGE | OWN,
    "Modify": READS | TRAVERSE | WRITES | DELETE,
    "Read & execute": READS | TRAVERSE,
    "List folder contents": READS | TRAVERSE,
    "Read": READS,
    "Write": WRITES,
}


@given(st.integers(0, 0x1FFFFF))
def test_a_box_is_ticked_when_all_its_rights_are_there_and_the_rest_is_special(rights):
    found = security_tab.boxes(rights)
    expected = [name for name, mask in TABLE.items() if rights & mask == mask]
    assert [name for name in found if name != "Special permissions"] == expected
    told = READ_PERMISSIONS | SYNCHRONIZE
    for name in expected:
        told |= TABLE[name]
    assert ("Special permissions" in found) is bool(rights & ~told)


@pytest.mark.parametrize(
    ("rights", "expected"),
    [
        (0, "nothing"),
        (SYNCHRONIZE, "nothing"),
        (TABLE["Full control"], "Full control"),
        (TABLE["Modify"], "Modify"),
        (TABLE["Modify"] | DELETE_BELOW, "Modify, Special permissions"),
        (READS | TRAVERSE, "Read & execute"),
        (READS | TRAVERSE | WRITES, "Read & execute, Write"),
        (READS, "Read"),
        (READS | WRITES, "Read, Write"),
        (WRITES, "Write"),
        (CREATE_FILES, "Special permissions"),
    ],
)
def test_in_short_is_the_widest_box_and_what_it_does_not_include(rights, expected):
    assert security_tab.short(rights) == expected


@pytest.mark.parametrize(
    ("flags", "applies", "boxes"),
    [
        ("OICI", "This folder, subfolders and files", ("Read & execute", "List folder contents", "Read")),
        ("CI", "This folder and subfolders", ("List folder contents", "Read")),
        ("OI", "This folder and files", ("Read & execute", "List folder contents", "Read")),
        ("", "This folder only", ("Read & execute", "List folder contents", "Read")),
        ("OICIIO", "Subfolders and files", ("Read & execute", "List folder contents", "Read")),
        ("CIIO", "Subfolders only", ("List folder contents", "Read")),
        ("OIIO", "Files only", ("Read & execute", "List folder contents", "Read")),
        (
            "OICINP",
            "This folder, subfolders and files, one level only",
            ("Read & execute", "List folder contents", "Read"),
        ),
        ("IO", "Nothing", ("Read & execute", "List folder contents", "Read")),
    ],
)
def test_an_entry_says_what_it_applies_to(flags, applies, boxes):
    (ace,) = sddl.parse(f"O:BAD:(A;{flags};0x1200a9;;;BU)").aces
    assert (security_tab.applies_to(ace), security_tab.of(ace)) == (applies, boxes)
