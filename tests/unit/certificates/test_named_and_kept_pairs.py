"""Pairs that the server's settings name already, pairs in files, and pairs that are kept on the controller."""

from __future__ import annotations

import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container
from emulator.engine import ConnectionDropped
from emulator.windows.security.descriptors import pool_sid
from one_task import (
    ENCRYPTION,
    PASSPHRASE,
    PASSWORD,
    RUNTIME,
    copied,
    held,
    keep,
    refused,
    run,
    server,
    thumbprint,
    usable,
)

# What the server's settings name


def section(**values):
    return {"EncryptionCertificate": values}


NAMED = {
    "thumbprint": lambda t: {"Thumbprint": t},
    "thumbprint as the dialogue copies it": lambda t: {"Thumbprint": "\u200e" + t.lower()},
    "distinguished name": lambda t: {"DistinguishedName": "CN=mine"},
    "bare name, as the vendor's sample": lambda t: {"DistinguishedName": "mine"},
    "keys in another case": lambda t: {"thumbPrint": t},
}


@pytest.mark.parametrize("name", NAMED)
@pytest.mark.parametrize("store", ["My", "AuthRoot"])
def test_a_pair_that_the_settings_name_in_any_way_is_kept(name, store):
    target = server(certificates=[{"subject": "CN=mine", "store": store}])
    (mine,) = held(target, store)
    values = {**NAMED[name](mine), "StoreLocation": "LocalMachine", "StoreName": store}
    target.machine.files.make_folder(RUNTIME)
    target.machine.files.write(f"{RUNTIME}\\appsettings.json", json.dumps(section(**values)).encode())
    done = run(target, ENCRYPTION)
    found = done["certificates"]["encryption"]
    assert (found["thumbprint"], found["store_name"]) == (mine, store)
    assert usable(target, found, store)
    assert any("store of authorities" in w for w in done.get("warnings", [])) == (store == "AuthRoot")
    assert run(target, ENCRYPTION)["changed"] is False
    assert set(held(target)) == ({mine} if store == "My" else set())
    renewed = run(target, {**ENCRYPTION, "renew": "always"})["certificates"]["encryption"]
    assert renewed["thumbprint"] != mine
    assert renewed["store_name"] == "My"
    assert mine in held(target, store), "it stays until its removal is asked for"


@pytest.mark.parametrize("section", ["identity_server", "password_reset"])
def test_other_uses_are_named_by_their_own_sections(section):
    target = server(certificates=[{"subject": "CN=mine"}])
    (mine,) = held(target)
    values = {"Thumbprint": mine, "StoreLocation": "LocalMachine", "StoreName": "My"}
    identity = {"IdentityServer": {f"X509{key}": value for key, value in values.items()}}
    content = {
        "identity_server": ("appsettings.json", identity),
        "password_reset": ("appsettings.agent.json", {"PasswordResetSettings": {"EncryptionCertificate": values}}),
    }[section]
    target.machine.files.make_folder(RUNTIME)
    target.machine.files.write(f"{RUNTIME}\\{content[0]}", json.dumps(content[1]).encode())
    assert run(target, {"use": section})["certificates"][section]["thumbprint"] == mine


@pytest.mark.parametrize(
    "values",
    [{"Thumbprint": "AB" * 20}, {"DistinguishedName": "CN="}, {"File": ".\\none.pfx"}, {"Thumbprint": 5}, "text"],
)
def test_settings_that_name_nothing_that_is_there_make_a_new_pair(values):
    target = server(settings={"EncryptionCertificate": values})
    assert run(target, ENCRYPTION)["changed"] is True
    assert len(held(target)) == 1


def test_a_pair_that_the_settings_name_at_another_place_is_not_replaced():
    target = server(settings=section(File="..\\Pairs\\old.pfx"))
    target.machine.files.make_folder("C:\\im\\Pairs")
    target.machine.files.write("C:\\im\\Pairs\\old.pfx", b"x")
    message = refused(target, ENCRYPTION)
    assert "the settings name the file C:\\im\\Pairs\\old.pfx for use encryption, wanted LocalMachine\\My" in message
    assert "Set place: file with this path" in message
    assert not run(copied(target), {**ENCRYPTION, "renew": "always"}).get("failed")
    stored = server(certificates=[{"subject": "CN=mine"}])
    (mine,) = held(stored)
    stored.machine.files.make_folder(RUNTIME)
    stored.machine.files.write(f"{RUNTIME}\\appsettings.json", json.dumps(section(Thumbprint=mine)).encode())
    in_file = {**ENCRYPTION, "place": "file", "path": "C:\\im\\Pairs\\new.pfx", "file_password": PASSWORD}
    message = refused(stored, in_file)
    assert f"the settings name {mine} (CN=mine) in LocalMachine\\My for use encryption, wanted the file" in message
    done = run(stored, {**in_file, "renew": "always"})
    assert done["certificates"]["encryption"]["file"] == "C:\\im\\Pairs\\new.pfx"


NOT_USABLE = {
    "expired": ({"days": -1}, "it expired on"),
    "weak": ({"key_size": 1024}, "its RSA key has 1024 bits"),
    "its key is gone": ({"key": False}, "its private key is not"),
}


@pytest.mark.parametrize("name", NOT_USABLE)
def test_a_pair_that_the_settings_name_and_that_cannot_be_used_is_replaced_only_when_asked(name):
    certificate, reason = NOT_USABLE[name]
    target = server(certificates=[{"subject": "CN=mine", **certificate}], settings=section(DistinguishedName="CN=mine"))
    (mine,) = held(target)
    message = refused(target, ENCRYPTION)
    assert f"the settings name the pair {mine} (CN=mine) for use encryption, which cannot be used: {reason}" in message
    assert "set renew: always for one run" in message
    renewed = run(target, {**ENCRYPTION, "renew": "always"})
    assert renewed["certificates"]["encryption"]["thumbprint"] != mine


TOO_LARGE = b"{" + b" " * 8 * 2**20 + b"}"


@pytest.mark.parametrize("content", [b'{"EncryptionCertificate": {', b'{"a": "\xe9"}', TOO_LARGE], ids=range(3))
def test_settings_that_cannot_be_read_do_not_count_as_naming_no_pair(content):
    target = server()
    target.machine.files.make_folder(RUNTIME)
    target.machine.files.write(f"{RUNTIME}\\appsettings.json", content)
    assert "which key pairs it names is not known, so none is replaced" in refused(target, ENCRYPTION)


@pytest.mark.parametrize("name", ["appsettings.encrypted.json", "appsettings.encrypted.agent.json"])
@pytest.mark.parametrize("values", [None, {"Thumbprint": "AB" * 20}, {"DistinguishedName": "CN=gone"}])
def test_a_file_that_somebody_encrypted_keeps_a_new_pair_from_taking_the_place_of_its_own(name, values):
    target = server(settings={"EncryptionCertificate": values} if values else None)
    target.machine.files.make_folder(RUNTIME)
    target.machine.files.write(f"{RUNTIME}\\{name}", b'{"Connections": {"A": {"Password": "kcX1"}}}')
    message = refused(target, ENCRYPTION)
    assert f"found {RUNTIME}\\{name}, which somebody else encrypted, and no pair on the server" in message
    assert run(copied(target), {"use": "identity_server"})["changed"] is True
    assert run(copied(target), {**ENCRYPTION, "renew": "always"})["changed"] is True
    target.machine.files.write(f"{RUNTIME}\\.im-fingerprints.json", json.dumps({f"{name} pair": "AB" * 20}).encode())
    assert run(target, ENCRYPTION)["changed"] is True, "what we encrypted is encrypted again"


def test_a_pair_that_is_given_may_be_the_one_that_a_file_was_encrypted_with(tmp_path):
    target = server()
    first = run(target, ENCRYPTION, **keep(tmp_path))["certificates"]["encryption"]["thumbprint"]
    rebuilt = server()
    rebuilt.machine.files.make_folder(RUNTIME)
    rebuilt.machine.files.write(f"{RUNTIME}\\appsettings.encrypted.agent.json", b"{}")
    assert run(rebuilt, ENCRYPTION, **keep(tmp_path))["certificates"]["encryption"]["thumbprint"] == first


def test_a_former_identity_loses_its_right_on_a_file_once():
    wanted = {**ENCRYPTION, "place": "file", "path": "C:\\im\\Pairs\\files.pfx", "file_password": PASSWORD}
    target = server(pools=[{"name": "Agent"}, {"name": "Old"}])
    run(target, wanted, identity={"pool": "Old"})
    changes = {"identity": {"pool": "Agent"}, "former_identities": [{"pool": "Old"}]}
    assert run(target, wanted, check=True, **changes)["changed"] is True
    assert run(target, wanted, **changes)["changed"] is True
    readers = {a.sid for a in target.machine.files.entry(wanted["path"]).explicit}
    assert pool_sid("Agent") in readers
    assert pool_sid("Old") not in readers
    assert run(target, wanted, **changes)["changed"] is False


# Pairs in files, and kept ones


def test_a_pair_in_a_file_takes_turns_in_two_and_the_former_goes_when_asked():
    wanted = {**ENCRYPTION, "place": "file", "path": "C:\\im\\Pairs\\files.pfx", "file_password": PASSWORD}
    target = server()
    first = run(target, wanted)["certificates"]["encryption"]
    assert first["file"] == "C:\\im\\Pairs\\files.pfx"
    second = run(target, {**wanted, "renew": "always"})["certificates"]["encryption"]
    assert second["file"] == "C:\\im\\Pairs\\files-2.pfx"
    target.machine.files.make_folder(RUNTIME)
    settings = json.dumps(section(File=second["file"], Password="x"))
    target.machine.files.write(f"{RUNTIME}\\appsettings.json", settings.encode())
    again = run(target, wanted)
    assert (again["changed"], again["certificates"]["encryption"]) == (False, second)
    predicted = run(target, wanted, state="cleaned", check=True)
    assert run(target, wanted, state="cleaned")["operations"] == predicted["operations"]
    assert target.machine.files.is_file(second["file"])
    assert not target.machine.files.is_file(first["file"])
    assert run(target, wanted, state="cleaned")["changed"] is False
    third = run(target, {**wanted, "renew": "always"})["certificates"]["encryption"]
    assert third["file"] == first["file"]


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_sent(tmp_path):
    (tmp_path / "file").write_text("x")
    target = server()
    before = json.dumps(target.machine.dump(), sort_keys=True)
    message = run(target, ENCRYPTION, **keep(tmp_path / "file" / "pairs"))["msg"]
    assert f"{tmp_path}/file/pairs/paris-encryption.pem on the controller: Not a directory" in message
    assert json.dumps(target.machine.dump(), sort_keys=True) == before


@pytest.mark.parametrize("length", [0, 10, 900, -60])
def test_a_kept_file_that_is_cut_is_told_and_stays(tmp_path, length):
    run(server(), ENCRYPTION, **keep(tmp_path))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:length])
    message = refused(server(), ENCRYPTION, **keep(tmp_path))
    assert f"the kept pair {file}" in message
    assert any(word in message for word in ("truncated", "empty", "neither a PKCS#12 container nor PEM"))
    assert "restore the file, or move it elsewhere to get a new pair" in message
    assert list(tmp_path.iterdir()) == [file]


def test_a_kept_pair_that_does_not_fit_is_replaced_only_where_renewal_is_asked_for(tmp_path):
    run(server(), {**ENCRYPTION, "valid_days": 5}, **keep(tmp_path))
    (file,) = tmp_path.iterdir()
    first = file.read_bytes()
    later = {"clock": "2026-12-24T08:00:00Z"}
    message = refused(server(**later), ENCRYPTION, **keep(tmp_path))
    assert f"the kept pair {file} for use encryption cannot be used: it expired on 2026-11-29" in message
    assert "set renew: always for one run" in message
    message = refused(server(), {**ENCRYPTION, "subject": "CN=another"}, **keep(tmp_path))
    assert "its subject is CN=Identity Manager Agent encryption, wanted CN=another" in message
    assert file.read_bytes() == first
    assert not run(server(**later), {**ENCRYPTION, "renew": "when_expiring"}, **keep(tmp_path)).get("failed")
    assert file.read_bytes() != first
    assert sorted(f.read_bytes() == first for f in tmp_path.iterdir()) == [False, True], "the former stays beside it"


def test_the_folder_is_the_playbook_s_or_below_the_home(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    run(server(), ENCRYPTION, **keep("pairs"))
    run(server(), ENCRYPTION, **keep("~/pairs"))
    assert [len(list((tmp_path / folder).iterdir())) for folder in ("pairs", "home/pairs")] == [1, 1]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kept_pair_whose_import_was_cut_is_the_one_that_the_next_run_brings(tmp_path, when):
    target = server()
    short = {**ENCRYPTION, "valid_days": 20}
    first = run(target, short, **keep(tmp_path))["certificates"]["encryption"]["thumbprint"]
    target.engine.faults = [{"write": 1, "when": when, "do": "drop"}]
    with pytest.raises(ConnectionDropped):
        run(target, {**ENCRYPTION, "renew": "when_expiring"}, **keep(tmp_path))
    target.engine.faults = []
    kept = key_container.read((tmp_path / "paris-encryption.pem").read_bytes(), PASSPHRASE, "x")[1]
    assert thumbprint(kept) != first
    done = run(target, ENCRYPTION, **keep(tmp_path))["certificates"]["encryption"]
    assert done["thumbprint"] == (first if when == "before" else thumbprint(kept))
    assert usable(target, done)
