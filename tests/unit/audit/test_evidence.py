"""A folder of records proves what it can: the first record changed, removed, reordered or added is named."""

from __future__ import annotations

import json

import pytest
import records
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import chain
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import evidence
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run.record_store import Store
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

NUMBER = 4


def made(folder, key=records.KEY):
    store = Store(folder)
    for day in range(1, NUMBER + 1):
        store.add(records.record(records.finding(actual=str(day)), day=day), key)
    return store, evidence.checked(folder, "", {})["heads"]


def path(folder, number):
    return folder / "paris" / chain.file(number)


def changed(folder, number=2):
    whole = json.loads(path(folder, number).read_bytes())
    whole["findings"][0]["state"] = "pass"
    path(folder, number).write_bytes((json.dumps(whole, sort_keys=True, separators=(",", ":")) + "\n").encode())


def removed(folder, number=2):
    path(folder, number).unlink()


def reordered(folder):
    second, third = path(folder, 2).read_bytes(), path(folder, 3).read_bytes()
    path(folder, 2).write_bytes(third)
    path(folder, 3).write_bytes(second)


def added(folder):
    """Put a record between the second and the third, numbers adapted."""
    for number in range(NUMBER, 2, -1):
        whole = json.loads(path(folder, number).read_bytes())
        whole["sequence"] = number + 1
        path(folder, number + 1).write_bytes((json.dumps(whole, sort_keys=True, separators=(",", ":")) + "\n").encode())
    content = chain.linked(records.record(day=9), 3, path(folder, 2).read_bytes(), None)
    path(folder, 3).write_bytes(content)


def test_a_whole_chain_is_consistent_and_authentic_with_key_and_heads(tmp_path):
    _store, heads = made(tmp_path)
    assert evidence.checked(tmp_path, "", {})["evidence"] == "consistent"
    assert evidence.checked(tmp_path, records.PUBLIC, {})["evidence"] == "consistent"
    assert evidence.checked(tmp_path, "", heads)["evidence"] == "consistent"
    assert evidence.checked(tmp_path, records.PUBLIC, heads)["evidence"] == "authentic"
    assert heads["paris"]["sequence"] == NUMBER


@pytest.mark.parametrize("signed", [True, False], ids=["with key", "without"])
@pytest.mark.parametrize(
    ("deed", "what", "number"),
    [(changed, "changed", 2), (removed, "removed", 2), (reordered, "reordered", 2)],
    ids=["changed", "removed", "reordered"],
)
def test_the_first_bad_record_is_named(deed, what, number, signed, tmp_path):
    made(tmp_path)
    deed(tmp_path)
    result = evidence.checked(tmp_path, records.PUBLIC if signed else "", {})
    assert result["evidence"] == "broken"
    assert result["problems"][0].startswith(f"paris: {chain.file(number)} was {what}: ")
    assert "paris" not in result["heads"]


def test_an_added_record_is_named(tmp_path):
    made(tmp_path)
    added(tmp_path)
    result = evidence.checked(tmp_path, records.PUBLIC, {})
    assert result["problems"][0].startswith(f"paris: {chain.file(3)} was added: ")
    assert evidence.checked(tmp_path, "", {})["evidence"] == "broken"


@pytest.mark.parametrize("last", range(1, NUMBER))
def test_records_that_were_cut_off_are_missed_by_who_knows_the_head(last, tmp_path):
    _store, heads = made(tmp_path)
    for number in range(last + 1, NUMBER + 1):
        removed(tmp_path, number)
    assert evidence.checked(tmp_path, records.PUBLIC, {})["evidence"] == "consistent"
    problems = evidence.checked(tmp_path, records.PUBLIC, heads)["problems"]
    assert problems == [f"paris: {chain.file(NUMBER)} was removed: its digest is known, and it is not there"]


def test_the_last_record_changed_is_found_by_its_signature_and_by_its_head(tmp_path):
    _store, heads = made(tmp_path)
    changed(tmp_path, NUMBER)
    assert evidence.checked(tmp_path, "", {})["evidence"] == "consistent"
    assert "was changed" in evidence.checked(tmp_path, records.PUBLIC, {})["problems"][0]
    assert "was changed" in evidence.checked(tmp_path, "", heads)["problems"][0]


def test_a_chain_written_anew_with_another_key_is_not_authentic(tmp_path):
    _store, heads = made(tmp_path, Ed25519PrivateKey.generate())
    assert evidence.checked(tmp_path, records.PUBLIC, heads)["evidence"] == "broken"
    assert evidence.checked(tmp_path, "", {})["evidence"] == "consistent"


def test_a_record_of_another_server_a_strange_file_and_a_folder_that_is_gone_are_told(tmp_path):
    store, heads = made(tmp_path)
    store.add(records.record(server="berlin"), None)
    (tmp_path / "berlin" / "notes.txt").write_text("x")
    (tmp_path / "rome").mkdir()
    (tmp_path / "rome" / chain.file(1)).write_bytes(chain.linked(records.record(server="paris"), 1, None, None))
    known = {**heads, "../evil": {"sequence": 1, "digest": "0"}}
    problems = " | ".join(evidence.checked(tmp_path, "", known)["problems"])
    assert "berlin: notes.txt was added" in problems
    assert "rome: 000001.json was added: it is a record of another server" in problems
    assert "../evil: all its records were removed" in problems


@pytest.mark.parametrize("server", ["..", ".", "../../etc/x", "a/b", "c\\d", "<script>", "Zürich"])
def test_a_server_of_any_name_has_a_folder_of_its_own_in_the_folder(server, tmp_path):
    (tmp_path / ".pages-killed").mkdir()  # left by a run that was killed while it made the pages
    Store(tmp_path).add(records.record(server=server), None)
    assert Store(tmp_path).servers() == [server]
    assert evidence.checked(tmp_path, "", {})["evidence"] == "consistent"
    assert [one.parent for one in tmp_path.rglob("*.json")] == [tmp_path / chain.folder(server)]


def test_a_record_is_written_whole_or_not_at_all_and_never_over_another(tmp_path, monkeypatch):
    store, _heads = made(tmp_path)
    before = store.contents("paris")
    heads = iter([store.head("paris"), (1, before[chain.file(1)]), store.head("paris")])
    next(heads)
    monkeypatch.setattr(Store, "head", lambda self, server: next(heads))
    store.add(records.record(day=20), None)  # another run has written two to four meanwhile
    monkeypatch.undo()
    after = store.contents("paris")
    assert {name: after[name] for name in before} == before
    assert len(after) == NUMBER + 1
    assert not list(tmp_path.rglob("*.tmp"))


@pytest.mark.parametrize("text", ["", "no key", records.PUBLIC, "-----BEGIN PRIVATE KEY-----\nAAAA\n"])
def test_what_is_no_private_key_is_refused_without_being_shown(text):
    with pytest.raises(Refused) as refused:
        chain.private_key(text)
    assert "signing_key: found" in str(refused.value)
    assert not text or text not in str(refused.value)


@pytest.mark.parametrize(
    "heads", [{"paris": 3}, {"paris": {"sequence": "x", "digest": "a"}}, {"paris": {"sequence": 1}}]
)
def test_heads_that_are_none_are_refused(heads, tmp_path):
    with pytest.raises(Refused, match="heads: paris: found"):
        evidence.checked(tmp_path, "", heads)
