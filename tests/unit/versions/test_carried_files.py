"""What becomes of each file: by three sides where the archive of before is known, by two where it is not."""

from __future__ import annotations

import pytest
import runtime_archives as archives
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import product_version
from ansible_collections.imops.identity_manager.plugins.plugin_utils._versions import carried, manifest
from hypothesis import given
from hypothesis import strategies as st

A, B, C = "a" * 64, "b" * 64, "c" * 64
# former, present, new: what becomes of the file with the former archive known, and without. None: no such file.
TABLE = [
    ("the vendor's, as it was", A, A, A, "", ""),
    ("the vendor's, which the vendor changed", A, A, B, "", "replaced"),
    ("the vendor's, which the vendor dropped", A, A, None, "", "own"),
    ("changed by somebody, not by the vendor", A, B, A, "own", "replaced"),
    ("changed by somebody, dropped by the vendor", A, B, None, "own", "own"),
    ("changed by both alike", A, B, B, "", ""),
    ("changed by both", A, B, C, "both", "replaced"),
    ("added by somebody", None, A, None, "own", "own"),
    ("added by both alike", None, A, A, "", ""),
    ("added by both", None, A, B, "both", "replaced"),
    ("removed by somebody, kept by the vendor", A, None, A, "returning", ""),
    ("removed by somebody, changed by the vendor", A, None, B, "returning", ""),
    ("removed by both", A, None, None, "", ""),
    ("added by the vendor", None, None, A, "", ""),
]


def listed(name, sha256):
    return {name.lower(): manifest.Listed(name, 1, sha256)} if sha256 else {}


def kinds(found, name):
    return [kind for kind, names in found.fields.items() if name in names]


@pytest.mark.parametrize("known", [True, False], ids=["three sides", "two sides"])
@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_a_file(row, known):
    _what, former, present, new, with_former, without = row
    name = "wwwroot\\Logo.svg"
    found = carried.decide(listed(name, former) if known else None, listed(name, present), listed(name, new))
    expected = with_former if known else without
    assert kinds(found, name) == ([expected] if expected else [])


@pytest.mark.parametrize("name", ["Connector.dll", "tools\\x.EXE", "Usercube-X.deps.json", "x.pdb"])
def test_a_program_that_nobody_knows_stays_with_the_former_version(name):
    assert kinds(carried.decide(None, listed(name, A), {}), name) == ["unknown"]
    assert kinds(carried.decide({}, listed(name, A), {}), name) == ["own"]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("web.config.TIME.bak", True),
        ("AppSettings.agent.json.TIME.bak", True),
        ("notes.bak", False),
        ("tools\\web.config.TIME.bak", False),
        ("appsettings.bak", False),
    ],
)
def test_our_backups_of_settings_are_nobody_s_files_and_stay_with_the_former_version(name, kept, known):
    name = name.replace("TIME", "20261129T120000123")
    assert kinds(carried.decide({} if known else None, listed(name, A), {}), name) == ([] if kept else ["own"])


SETTINGS = ["appsettings.json", "AppSettings.agent.json", "appsettings.encrypted.agent.json", "Web.config"]


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("name", SETTINGS)
def test_settings_are_carried_whatever_changed(name, known):
    for former, present, new in ((A, A, A), (A, A, B), (A, B, C), (None, A, None)):
        found = carried.decide(listed(name, former) if known else None, listed(name, present), listed(name, new))
        assert kinds(found, name) == ["settings"]


@pytest.mark.parametrize(
    "name", ["Agent\\appsettings.json", "Agent\\web.config", "appsettings.json.bak", "xweb.config"]
)
def test_other_files_are_no_settings(name):
    assert "settings" not in kinds(carried.decide({}, listed(name, A), {}), name)


names = st.sampled_from(["a.dll", "B.json", "b.JSON", "sub\\c.ps1", "web.config", "Usercube-X.dll"])
trees = st.dictionaries(names, st.sampled_from([A, B, C])).map(
    lambda files: {name.lower(): manifest.Listed(name, 1, sha) for name, sha in files.items()}
)


@given(st.none() | trees, trees, trees)
def test_every_file_that_would_be_lost_or_change_is_named_once(former, present, new):
    found = carried.decide(former, present, new)
    named = [name.lower() for names in found.fields.values() for name in names]
    assert len(named) == len(set(named))
    for key, file in present.items():
        same_after = key in new and new[key].sha256 == file.sha256
        of_the_vendor = former is not None and key in former and former[key].sha256 == file.sha256
        assert key in named or same_after or of_the_vendor
    assert {key for key in named if key not in present} <= set(former or {}) & set(new)


@given(trees)
def test_the_same_version_again_changes_nothing_but_carries_settings(tree):
    assert {kind for kind, found in carried.decide(tree, tree, tree).fields.items() if found} <= {"settings"}


def test_a_manifest_is_read_as_it_is_written():
    server = archives.server()
    content = server.machine.files.read("C:\\identitymanagerContoso\\Runtime\\.im-manifest")
    found = manifest.parse(content)
    for file in found.values():
        there = server.machine.files.read(f"C:\\identitymanagerContoso\\Runtime\\{file.name}")
        assert (file.size, file.sha256) == (len(there), archives.sha256(there))
    assert {"agent\\web.config", "web.config", "usercube-agent.dll"} <= set(found)


DAMAGED = [
    "",
    "\n",
    "x\n",
    f"{A} 1\n",
    f"{A} -1 x\n",
    f"{A} 1 \n",
    f"{A[1:]} 1 x\n",
    f"{A} 1 a\n\n{A} 1 b\n",
    f"{A} {'9' * 5000} a\n",
    f"\ufeff{A} 1 a\n",
    f"{A} 1 x.dll\n{B} 1 X.DLL\n",
    f"{A} 1 ..\\x\n",
    f"{A} 1 a\\..\\..\\x\n",
    f"{A} 1 ..\n",
    f"{A} 1 C:\\Windows\\x\n",
    f"{A} 1 x:stream\n",
    f"{A} 1 \\x\n",
    f"{A} 1 \\\\share\\x\n",
    f"{A} 1 a/../../x\n",
    f"{A} 1 a\0b\n",
]


@pytest.mark.parametrize("content", [*(text.encode() for text in DAMAGED), b"\xff"])
def test_a_damaged_manifest_is_an_error(content):
    with pytest.raises(ValueError, match=r"^found .*, wanted "):
        manifest.parse(content)


@pytest.mark.parametrize("end", ["\n", "\r\n", ""])
@pytest.mark.parametrize("name", ["a", "Agent\\web.config", "a b.dll", "..a", "a..b", "é\u2028.txt", "a\x85b"])
def test_a_name_is_read_whole_whatever_ends_its_line(name, end):
    found = manifest.parse(f"{A} 1 first\n{B} 2 {name}{end}".encode())
    assert found[name.lower()] == manifest.Listed(name, 2, B)


@pytest.mark.parametrize(
    ("version", "other", "older"),
    [
        ("6.2.1", "6.2.2", True),
        ("6.2.9", "6.2.10", True),
        ("6.2", "6.2.0.0", False),
        ("6.2.0", "6.2", False),
        ("7.0", "6.9", False),
        ("6.2.1+abc", "6.2.1", False),
        ("6.0", "6.0.5-beta", True),
    ],
)
def test_versions_are_compared_as_numbers(version, other, older):
    assert product_version.is_older(version, other) is older


@pytest.mark.parametrize(
    ("version", "limit", "beyond"),
    [
        ("6.2.9", "6.2", False),
        ("6.3", "6.2", True),
        ("6.0.5", "6.0", False),
        ("7", "6.2", True),
        ("6", "6.2", False),
        ("6.2.1", "6.2.0", True),
    ],
)
def test_a_version_is_held_against_a_limit_as_far_as_that_goes(version, limit, beyond):
    assert product_version.is_beyond(version, limit) is beyond
