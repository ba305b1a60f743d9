"""Key pairs as people give them: files, vaults, copied thumbprints, host names, shared uses, numbers; and where their
secrets are.
"""

from __future__ import annotations

import base64
import datetime
import textwrap

import in_process
import pytest
import ready_keys
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container, new_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import certificate, distinguished_name
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from emulator.windows.security.descriptors import pool_sid
from one_task import (
    DER,
    ENCRYPTION,
    HOST,
    NOW,
    PASSWORD,
    PEM,
    SITE,
    copied,
    held,
    keep,
    refused,
    run,
    server,
    thumbprint,
    usable,
)


@pytest.fixture(scope="module")
def pair():
    return new_pair.create("CN=given,O=Contoso", NOW, uses={"server"}, hosts=[HOST])


@pytest.fixture(scope="module")
def pfx(pair):
    return key_container.pfx(*pair, PASSWORD, rounds=50)


# Files and bytes of the controller


def pem(pair):
    key = pair[0].private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key + pair[1].public_bytes(PEM)


def as_content(how, pair, pfx):
    text = base64.b64encode(pfx).decode()
    return {
        "one line": text,
        "with a line end": text + "\n",
        "wrapped": "\n".join(textwrap.wrap(text, 76)) + "\n",
        "wrapped as Windows does": "\r\n".join(textwrap.wrap(text, 64)),
        "PEM as text": pem(pair).decode(),
        "PEM as base64": base64.b64encode(pem(pair)).decode(),
    }[how]


CONTENTS = ("one line", "with a line end", "wrapped", "wrapped as Windows does", "PEM as text", "PEM as base64")


@pytest.mark.parametrize("how", CONTENTS)
def test_content_is_understood_as_vaults_and_lookups_give_it(how, pair, pfx):
    given = {**ENCRYPTION, "source": "pfx", "content": as_content(how, pair, pfx), "password": PASSWORD}
    target = server()
    assert run(target, given)["certificates"]["encryption"]["thumbprint"] == thumbprint(pair[1])
    assert run(target, given)["changed"] is False


@pytest.mark.parametrize("file", ["pair.pfx", "files/pair.pfx", "~/pair.pfx", "absolute"])
def test_a_file_is_found_as_ansible_finds_files(file, pair, pfx, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for place in ("files", "home", "else"):
        (tmp_path / place).mkdir()
        (tmp_path / place / "pair.pfx").write_bytes(pfx)
    path = str(tmp_path / "else" / "pair.pfx") if file == "absolute" else file
    given = {**ENCRYPTION, "source": "pfx", "file": path, "password": PASSWORD}
    assert run(server(), given)["certificates"]["encryption"]["thumbprint"] == thumbprint(pair[1])


def vaulted(secret):
    def loader():
        made = DataLoader()
        made.set_vault_secrets([("default", VaultSecret(secret))] if secret else [])
        return made

    return loader


def test_a_file_in_a_vault_is_opened_in_memory(pair, tmp_path, monkeypatch):
    secret = b"canary-vault-secret"
    file = tmp_path / "pair.pem"
    file.write_bytes(VaultLib([("default", VaultSecret(secret))]).encrypt(pem(pair)))
    monkeypatch.setattr(in_process, "DataLoader", vaulted(secret))
    given = {**ENCRYPTION, "source": "pfx", "file": str(file)}
    target = server()
    monkeypatch.setattr(DataLoader, "get_real_file", None)  # what would write a copy in clear
    assert run(target, given)["certificates"]["encryption"]["thumbprint"] == thumbprint(pair[1])
    monkeypatch.setattr(in_process, "DataLoader", vaulted(None))
    message = refused(server(), given)
    assert f"pairs, entry 1 (use encryption): file: cannot read {file} on the controller" in message


def test_a_file_that_is_not_there_is_named_with_where_it_is_looked_for():
    message = refused(server(), {**ENCRYPTION, "source": "pfx", "file": "files/none.pfx"})
    assert "pairs, entry 1 (use encryption): file: cannot read files/none.pfx on the controller" in message
    assert "one from the folder of the inventory, the playbook or the role" in message


# The store of the server


@pytest.mark.parametrize("form", ["{}", "\u200e{}", " {} ", "lower", "spaced", "colons"])
def test_a_thumbprint_is_understood_as_people_copy_it(form):
    target = server(certificates=[{"subject": "CN=present"}])
    (whole,) = held(target)
    pairs = [whole[i : i + 2] for i in range(0, 40, 2)]
    text = {"lower": whole.lower(), "spaced": " ".join(pairs).lower(), "colons": ":".join(pairs)}.get(
        form, form.format(whole)
    )
    found = run(target, {**ENCRYPTION, "source": "store", "thumbprint": text})["certificates"]["encryption"]
    assert found["thumbprint"] == whole
    assert usable(target, found)


BAD_THUMBPRINTS = {"12": "wanted the 40 hexadecimal digits", "Z" * 40: "wanted the 40", "A" * 64: "64 are the SHA-256"}


@pytest.mark.parametrize("text", BAD_THUMBPRINTS)
def test_what_is_no_thumbprint_is_refused(text):
    message = refused(server(), {**ENCRYPTION, "source": "store", "thumbprint": text})
    assert f"thumbprint: found {text!r}" in message
    assert BAD_THUMBPRINTS[text] in message


def test_what_the_store_has_is_listed_where_nothing_fits():
    target = server(certificates=[{"subject": f"CN=other {n}", "days": n} for n in range(1, 9)])
    message = refused(target, {**ENCRYPTION, "source": "store", "subject": "CN=mine"})
    assert "found no certificate with subject CN=mine in LocalMachine\\My of the server" in message
    assert "(CN=other 8) until 2026-12-02" in message
    assert "and 2 more" in message


def test_a_subject_with_special_characters_is_made_found_and_found_again():
    wanted = {**ENCRYPTION, "subject": 'CN="Agent, Paris + Lyon", O=Zoë & Söhne'}
    target = server()
    done = run(target, wanted)
    assert done["certificates"]["encryption"]["subject"] == "CN=Agent\\, Paris \\+ Lyon,O=Zoë & Söhne"
    assert run(target, wanted)["changed"] is False
    found = {**ENCRYPTION, "source": "store", "subject": "cn=agent\\, paris \\+ lyon,o=zoë & söhne"}
    assert run(target, found)["changed"] is False


def test_a_certificate_that_cannot_be_understood_is_passed_over():
    target = server()
    target.machine.certificates.add("LocalMachine", "My", b"\x30\x03\x02\x01\x00")
    assert not run(target, ENCRYPTION).get("failed")


def test_odd_stores_are_told_with_the_reason():
    told = run(server(), {**ENCRYPTION, "store_name": "AuthRoot"})["warnings"]
    assert any("AuthRoot" in w and "trusted by the whole server" in w and "vendor's sample" in w for w in told)
    told = run(server(), {**ENCRYPTION, "store_location": "CurrentUser"})["warnings"]
    assert any("the account which Ansible connects as" in w and "LocalMachine" in w for w in told)


# The host name of the site


def by_source(source, target, pair, pfx):
    if source == "pfx":
        return {**SITE, "source": "pfx", "content": base64.b64encode(pfx).decode(), "password": PASSWORD}
    key = pair[0].private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    target.machine.certificates.add("LocalMachine", "My", pair[1].public_bytes(DER), key)
    return {**SITE, "source": "store", "thumbprint": thumbprint(pair[1])}


@pytest.mark.parametrize("source", ["pfx", "store"])
def test_a_site_s_certificate_covers_the_binding_s_host_name_whatever_its_source(source, pair, pfx):
    target = server()
    wanted = by_source(source, target, pair, pfx)
    assert not run(copied(target), wanted, host_name=HOST).get("failed")
    message = refused(target, wanted, host_name="other.contoso.com")
    assert f"it does not cover the host name other.contoso.com, only {HOST}" in message


def test_a_made_site_s_certificate_gets_the_binding_s_host_name():
    target = server()
    done = run(target, SITE, host_name=HOST)
    described = certificate.describe(next(iter(held(target).values())).der)
    assert described.names == (HOST,)
    assert done["certificates"]["server"]["subject"] == f"CN={HOST}"
    assert run(target, SITE, host_name=HOST)["changed"] is False
    wild = server()
    run(wild, {**SITE, "alternative_names": ["*.contoso.com", "10.0.0.1", "münchen.de"]}, host_name=HOST)
    described = certificate.describe(next(iter(held(wild).values())).der)
    assert set(described.names) == {"*.contoso.com", "10.0.0.1", "xn--mnchen-3ya.de"}, "the wildcard covers it"


def test_a_host_name_that_cannot_be_is_refused():
    assert "alternative_names: found 'https://a.b', wanted a host name" in refused(
        server(), {**SITE, "alternative_names": ["https://a.b"]}
    )
    assert "host_name: found 'a b', wanted a host name" in refused(server(), SITE, host_name="a b")


def test_a_long_host_name_is_no_common_name():
    long = ".".join(["a" * 40, "b" * 40, "contoso.com"])
    done = run(server(), SITE, host_name=long)
    assert done["certificates"]["server"]["subject"] == "CN=Identity Manager Agent server"


def signed_by_authority():
    root_key, key = ready_keys.generate(65537, 2048), ready_keys.generate(65537, 2048)
    root_name, name = distinguished_name.parse("CN=Contoso CA"), distinguished_name.parse("CN=site")
    end = NOW + datetime.timedelta(days=90)
    root = x509.CertificateBuilder(root_name, root_name, root_key.public_key(), 1, NOW, end)
    leaf = x509.CertificateBuilder(root_name, name, key.public_key(), 2, NOW, end).add_extension(
        x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False
    )
    return root.sign(root_key, hashes.SHA256()), (key, leaf.sign(root_key, hashes.SHA256()))


def test_the_chain_of_a_certificate_in_the_store_is_judged_in_the_same_probe():
    root, leaf = signed_by_authority()
    target = server()
    wanted = by_source("store", target, leaf, b"")
    message = refused(target, wanted, host_name=HOST)
    assert "signed by CN=Contoso CA, whose certificate is neither in the server's store CA nor in Root" in message
    target.machine.certificates.add("LocalMachine", "Root", root.public_bytes(DER))
    target.machine.certificates.add("LocalMachine", "Root", b"\x30\x03\x02\x01\x00")
    assert run(target, wanted, host_name=HOST)["changed"] is False
    assert target.executions == 1


# Shared pairs


def test_a_site_s_pair_that_the_agent_shares_serves_both():
    target = server()
    pairs = (SITE, {**ENCRYPTION, "same_as": "server"}, {"use": "identity_server", "same_as": "server"})
    done = run(target, *pairs, host_name=HOST)
    found = done["certificates"]
    assert found["server"] == found["encryption"] == found["identity_server"]
    assert usable(target, found["server"]), "the agent opens it itself"
    made = held(target)[found["server"]["thumbprint"]].certificate
    assert made.extensions.get_extension_for_class(x509.KeyUsage).value.data_encipherment
    assert run(target, *pairs, host_name=HOST)["changed"] is False
    alone = server()
    assert not usable(alone, run(alone, SITE, host_name=HOST)["certificates"]["server"]), "HTTP.sys opens it as SYSTEM"


def test_a_pair_that_serves_the_site_too_covers_its_name_and_is_in_a_store():
    site = {**SITE, "same_as": "encryption"}
    target = server()
    run(target, ENCRYPTION, site, host_name=HOST)
    assert certificate.describe(next(iter(held(target).values())).der).names == (HOST,)
    in_file = {**ENCRYPTION, "place": "file", "path": "C:\\im\\a.pfx", "file_password": PASSWORD}
    message = refused(server(), in_file, site, host_name=HOST)
    assert "use encryption (which is used for server too): place: found 'file', wanted 'store'" in message
    message = refused(server(), {**in_file, "same_as": "identity_server"}, {"use": "identity_server"})
    assert "found place file and same_as" in message


# Numbers, what is told beforehand, and secrets

BAD_DAYS = {
    "valid_days": ({"valid_days": 0}, "valid_days: found 0, wanted 1 to 36500"),
    "many valid_days": ({"valid_days": 400000}, "wanted 1 to 36500"),
    "fail_days of all": ({"valid_days": 10, "fail_days": 10}, "wanted more than fail_days (10)"),
    "warn_days below nothing": ({"warn_days": -1}, "warn_days: found -1, wanted 0 or more"),
}


@pytest.mark.parametrize("name", BAD_DAYS)
def test_days_that_cannot_be_are_refused(name):
    changes, words = BAD_DAYS[name]
    assert words in refused(server(), {**ENCRYPTION, **changes})


def test_numbers_as_a_survey_gives_them_are_understood_and_a_pair_that_is_always_due_is_told():
    done = run(
        server(), {**ENCRYPTION, "key_size": "3072", "valid_days": "20", "warn_days": "30", "renew": "when_expiring"}
    )
    assert any("every run creates another one" in warning for warning in done["warnings"])
    assert done["certificates"]["encryption"]["days_left"] == 20


def test_check_and_diff_tell_what_will_be_made():
    target = server()
    pairs = ({**ENCRYPTION, "key_size": 4096, "valid_days": 365}, SITE)
    told = run(target, *pairs, check=True, host_name=HOST)
    (shown,) = [d for d in told["diff"] if d["after_header"] == "certificates"]
    line = (
        "encryption: LocalMachine\\My, CN=Identity Manager Agent encryption, RSA 4096, self-signed, valid for 365 days"
    )
    assert f"{line} until 2027-11-24 (to be created)\n" in shown["after"]
    assert f"names {HOST} (to be created)" in shown["after"]
    assert told["certificates"]["encryption"]["thumbprint"] is None


def test_a_new_pair_in_a_file_restarts_the_agent_that_is_started_later_in_the_same_run():
    target, pool = server(), {"name": "Agent", "state": "started"}
    wanted = {**ENCRYPTION, "place": "file", "path": "C:\\im\\agent.pfx", "file_password": PASSWORD}
    run(target, wanted)
    done = target.run("win_im_apppool", pool)
    assert done["restarted_because"] == ["a key pair of the agent, or the right to use it, changed"]
    assert run(target, wanted)["changed"] is False
    assert target.run("win_im_apppool", pool)["changed"] is False


@pytest.mark.parametrize("stripped", ["the slot that is used again", "the other slot"])
def test_a_renewal_in_a_slot_that_was_used_before_gives_the_right_that_is_missing_there(stripped):
    target = server()
    wanted = {**ENCRYPTION, "place": "file", "path": "C:\\im\\agent.pfx", "file_password": PASSWORD, "renew": "always"}
    former, present = [run(target, wanted)["certificates"]["encryption"]["file"] for _ in range(2)]
    used_again = run(target, wanted, check=True)["certificates"]["encryption"]["file"]
    other = former if used_again == present else present
    target.machine.files.set_sddl(used_again if stripped == "the slot that is used again" else other, "O:BAD:PAI")
    done = run(target, wanted)
    assert done["certificates"]["encryption"]["file"] == used_again
    assert not [does for does in done["operations"] if does.startswith("allow ")], "the write gives the rights"
    rights = [ace.rights for ace in target.machine.files.entry(used_again).explicit if ace.sid == pool_sid("Agent")]
    assert len(rights) == 1
    assert run(target, {**wanted, "renew": "never"})["changed"] is False


def in_clear(key):
    numbers = key.private_numbers()
    parts = [numbers.d, numbers.p, numbers.q]
    return [part.to_bytes((part.bit_length() + 7) // 8, "big") for part in parts]


def test_no_key_is_in_clear_on_any_disk_and_each_container_is_sent_once(tmp_path, pair, pfx, monkeypatch):
    """Look after every call of a module: at the server's files, and at the controller's folders."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    target = server()
    secrets = [part for key in [pair[0], *ready_keys.all_keys()] for part in in_clear(key)]
    clear = [*secrets, *(base64.b64encode(part)[8:60] for part in secrets), b"BEGIN PRIVATE KEY", b"BEGIN RSA PRIVATE"]
    looks = []

    def look():
        dump = target.machine.files
        contents = [dump.read(path) for path in dump.dump() if dump.is_file(path)]
        for root in (tmp_path, target._folder.name):
            contents += [f.read_bytes() for f in in_process.Path(root).rglob("*") if f.is_file()]
        looks.append(len(contents))
        assert not [part for part in clear for content in contents if part in content]

    def watched(*arguments, _call=target.engine.call, **more):
        look()
        try:
            return _call(*arguments, **more)
        finally:
            look()

    target.engine.call = watched
    identity_server = {"use": "identity_server", "source": "pfx", "content": base64.b64encode(pfx).decode()}
    pairs = (
        {**ENCRYPTION, "place": "file", "path": "C:\\im\\Pairs\\files.pfx", "file_password": PASSWORD},
        {**identity_server, "password": PASSWORD},
        SITE,
    )
    for renew in ("never", "never", "always"):
        run(target, *({**p, "renew": renew} for p in pairs), host_name=HOST, **keep(tmp_path / "pairs"))
    assert len(looks) >= 10
    assert min(looks[2:]) > 0
    sent = [
        operation["content"]
        for _name, arguments, _more in target.engine.calls
        for operation in arguments.get("operations", [])
        if operation["operation"] in {"certificate", "file"}
    ]
    assert len(sent) == len(set(sent)) == 5, "three at first, two renewed"
    assert not [name for name, _a, _m in target.engine.calls if "certificate_store" in name]
