"""Secrets of awkward forms, in every kind of place, old and new: in no result; and harmless words are not wrecked."""

from __future__ import annotations

import json
import re
import zipfile
from urllib.parse import quote

import canaries
import chain
import install_playbook
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret, VaultSecretsContext
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

VAULT = [("default", VaultSecret(b"demo-only-vault"))]
WORDS = ("Contoso", "My", "Job", "LocalMachine", "e", "1")
SECRET_KEYS = re.compile(r'("(?:Job|Admin|Password|X509KeyFilePassword)": )"[^"]*"')
VARYING = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d{8}T\d+|[0-9A-F]{40}|[0-9a-f]{32}|\d{18,}|[\w+/]{27}=")
AWKWARD = (
    "canary plain",
    'canary"quote"',
    "canary\\back\\slash",
    "canary'apostrophe",
    "canary<xml>&amp;",
    "canary=Pass;word=1",
    "canary-ünïcödé-密",
    "canary{{ braces }}",
    "canary%PATH%$env:X",
    "canary:colon/slash@at",
    "  canary spaces  ",
    "canary#hash!vault|`tick`",
)
PLACES = {
    "client": ("openid_clients", "Job"),
    "other client": ("openid_clients", "Admin"),
    "password": ("connections", "AD", "Password"),
    "free key": ("connections", "PowerShell", "Options", "Any"),
    "misspelt key": ("connections", "AD", "Pasword"),
    "database": ("databases", "Main"),
    "mail": ("mail", "Password"),
    "sink": ("settings", "Serilog", "WriteTo", "0", "Args", "eventCollectorToken"),
    "connection string": ("settings", "ConnectionStrings", "Main"),
    "colon key": ("agent_settings", "OpenId:OpenIdClients:Old"),
    "unknown key": ("agent_settings", "Anything", "Deep"),
    "concatenated": ("connections", "AD", "Filter"),
}


def arguments(rotation):
    """Return arguments of win_im_agent_settings with an awkward secret in each place, and the variables."""
    found = {
        "path": chain.RUNTIME,
        "server_url": chain.SERVER_URL,
        "agent_identifier": "Paris",
        "encryption_certificate": {"thumbprint": "A" * 40},
        "identity_server_certificate": {"thumbprint": "B" * 40},
        "sources_root_paths": ["C:\\Sources"],
        "openid_clients": {},
        "default_openid_client": "Job",
        "connections": {
            "AD": {"Servers": [{"Server": "a", "BaseDN": "DC=a"}], "Login": "l"},
            "PowerShell": {"PowerShellScriptPath": "C:\\a.ps1", "Options": {}},
        },
        "databases": {},
        "mail": {"Host": "mail.contoso.com", "FromAddress": "a@contoso.com", "Username": "u"},
        "settings": {"Serilog": {"WriteTo": [{"Name": "EventCollector", "Args": {"splunkHost": "https://s"}}]}},
        "agent_settings": {},
    }
    for number, (place, path) in enumerate(PLACES.items()):
        value = AWKWARD[(number + rotation) % len(AWKWARD)]
        inside = found
        for key in path[:-1]:
            inside = inside[int(key)] if isinstance(inside, list) else inside.setdefault(key, {})
        inside[path[-1]] = f"(name={AWKWARD[rotation % 12]})" if place == "concatenated" else value
    proxy = f"http://svc:{quote(AWKWARD[rotation % 12], safe='')}@proxy.contoso.com:3128"
    variables = {"HTTPS_PROXY": proxy, "Connections__AD__Password": AWKWARD[(rotation + 5) % 12]}
    return found, variables | {"SOMETHING": AWKWARD[(rotation + 7) % 12], "NO_PROXY": ".contoso.com"}


def texts(data):
    if isinstance(data, dict):
        for key, value in data.items():
            yield str(key)
            yield from texts(value)
    elif isinstance(data, list | tuple):
        for value in data:
            yield from texts(value)
    else:
        yield str(data)


def seen(results):
    """Return the secrets that stand in results: as they are, or as JSON, XML or an address writes them."""
    whole = "\n".join(texts(results))
    return [
        secret
        for secret in AWKWARD
        for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe=""), secret.replace("&", "&amp;"), "canary")
        if form.strip() in whole
    ]


def test_twelve_rotations_of_twelve_awkward_secrets_are_not_seen():
    assert (len(AWKWARD), len(PLACES)) == (12, 12)
    target = chain.server()
    target.machine.files.make_folder(chain.RUNTIME)
    target.machine.files.write(f"{chain.RUNTIME}\\Usercube-Agent.exe", b"")
    results = []
    for rotation in range(12):
        settings, variables = arguments(rotation)
        for module, options in (
            ("win_im_agent_settings", settings),
            ("win_im_web_config", {"path": chain.RUNTIME, "environment": variables}),
            (
                "win_im_service",
                {"name": chain.SERVICE, "path": chain.RUNTIME, "https_proxy": variables["HTTPS_PROXY"]},
            ),
        ):
            for check in (True, False):
                target.new_run()  # what a run in check mode has settled would hold for the other one too
                result = target.run(module, options, check=check)
                assert not result.get("failed"), result
                assert seen(result) == []
                results.append(result)
            assert result["changed"]
    assert "******** (changed)" in json.dumps(results)
    assert not seen(target.machine.dump()["events"])
    assert seen([e["text"] for e in target.machine.dump()["files"].values() if "text" in e])  # they did get there


@pytest.mark.parametrize("rotation", [0, 9])
def test_an_error_about_the_settings_shows_no_secret(rotation):
    target = chain.server()
    settings, _variables = arguments(rotation)
    settings["agent_settings"]["Connections"] = {
        "AD": {"RequestTimeout": AWKWARD[rotation], "SizeLimit": f"x{AWKWARD[rotation]}x"}
    }
    settings["strict"] = True
    result = target.run("win_im_agent_settings", settings)
    assert "connector-type" in result["msg"]
    assert seen(result) == []


ACCOUNT = {"name": "CONTOSO\\svc-agent", "password": "canary-account-Pa55"}
SIGNED = f"{chain.ARCHIVE_URL}?sv=1&sig=canary-signature-9d"


def steady(folder):
    """Return variables with secrets that are not rotated, since the server or a file on the controller knows them."""
    pairs = [{**pair} for pair in chain.inventory()["certificates"]]
    pairs[1] |= {"place": "file", "path": f"{chain.WORKING}\\files.pfx", "file_password": "canary-file-password"}
    pairs[1]["former_file_password"] = "canary-former-file-4b"
    return {
        "im_agent_identity_username": ACCOUNT["name"],
        "im_agent_identity_password": ACCOUNT["password"],
        "im_agent_certificates": pairs,
        "im_agent_certificates_folder": str(folder / "kept"),
        "im_agent_certificates_passphrase": "canary-passphrase-b0",
        "im_agent_archive_source": SIGNED,
    }


def with_canaries(folder, turn):
    """Return the example's inventory with a secret in each place, those of the vault as ansible-vault gives them."""
    vault = VaultLib(VAULT)
    inline = ""
    for name, text in canaries.vault(turn, inline=True).items():
        lines = "".join(f"  {line}\n" for line in vault.encrypt(text).decode().splitlines())
        inline += f"{name}: !vault |\n{lines}"
    (folder / "inline.yml").write_text(inline, "utf-8")
    (folder / "file.yml").write_bytes(vault.encrypt(json.dumps(canaries.vault(turn, inline=False))))
    given = {f"im_agent_{name}": value for name, value in chain.inventory().items() if value is not None}
    text = json.dumps(given | canaries.inventory(turn, given["im_agent_connections"]) | steady(folder))
    (folder / "inventory.yml").write_text(text, "utf-8")
    if VaultSecretsContext.current(optional=True) is None:
        VaultSecretsContext.initialize(VaultSecretsContext(VAULT))
    loader = DataLoader()
    loader.set_vault_secrets(VAULT)
    found = {"inventory_hostname": "paris.contoso.com", "im_agent_verify_timeout": 0}
    for name in ("inline.yml", "file.yml", "inventory.yml"):
        found |= loader.load_from_file(str(folder / name), trusted_as_template=True)
    return found


def told(done):
    return json.dumps([step.result for step in done], ensure_ascii=False)


def test_secrets_in_every_place_are_in_no_result_of_an_installation_and_of_a_rotation(tmp_path):
    archive = chain.web()[chain.ARCHIVE_URL]
    target = chain.server({"web": {**chain.web(), SIGNED: archive}, "accounts": [ACCOUNT]})
    chain.converge(target)
    for name, text in canaries.found_files().items():
        target.machine.files.write(f"{chain.RUNTIME}\\{name}", text.encode())
    for turn in canaries.ROUNDS:
        given = with_canaries(tmp_path, turn)
        for check in (True, False):
            done = install_playbook.run(target, given, check=check)
            assert [step.result["msg"] for step in done if step.result.get("failed")] == []
            assert canaries.seen(told(done)) == []
        assert "******** (changed)" in told(done)
    (refused,) = install_playbook.run(target, given | {"im_agent_strict": True})
    assert len(refused.result["refusals"]) > 0
    assert canaries.seen(told([refused])) == []
    verified = told(install_playbook.run(target, given | {"im_verify_connections": True, "im_verify_mail": True}))
    assert verified.count('"id": "connection_reached"') > 3
    # To .NET the key with colons is the key Server of a connection: the name of a host, which the check is about.
    a_host = canaries.secret("agent_settings.Connections:Colon:Server", "new")
    assert canaries.seen(verified) == [a_host]
    dump = target.machine.dump()
    assert canaries.seen(json.dumps([dump["events"], dump["processes"]])) == []
    there = "".join(entry["text"] for entry in dump["files"].values() if "text" in entry)
    assert len(canaries.seen(there)) >= 2 * canaries.count() - 20, "they did get there, and the old ones into backups"
    assert canaries.seen(*bundled(target, given, tmp_path)) == []


def bundled(target, given, folder):
    """Return all that is in a support bundle of a server whose log quotes the secrets of every place."""
    logs = f"{chain.WORKING}\\Temp\\JobLogs\\Export"
    target.machine.files.make_folder(logs)
    there = "".join(entry.get("text", "") for entry in target.machine.dump()["files"].values())
    known = [secret for place in canaries.PLACES if (secret := canaries.secret(place, "new")) in there]
    assert len(known) >= len(canaries.PLACES) - 5
    lines = [f"the value {secret} was refused" for secret in known]
    target.machine.files.write(f"{logs}\\1.log", "\n".join(lines).encode())
    (done,) = [
        step.result
        for step in install_playbook.run_roles(
            target, ["imops.identity_manager.im_collect"], given | {"im_collect_folder": str(folder / "collected")}
        )
    ]
    assert not done.get("failed"), done
    archive = zipfile.ZipFile(done["file"])
    texts = [archive.read(name).decode() for name in archive.namelist()]
    assert "the value ******** was refused" in "\n".join(texts)
    return [*texts, *archive.namelist(), json.dumps(done)]


def converged(word):
    """Return what is on the server after an installation with every secret replaced, without the secrets."""
    key, certificate, more = pkcs12.load_key_and_certificates(
        chain.FILES.key_pair.read_bytes(), chain.CANARIES["pfx"].encode()
    )
    chosen = word or "canary-none-of-these"
    pfx = chain.FILES.key_pair.with_name(f"word-{chosen}.pfx")
    locked = serialization.BestAvailableEncryption(chosen.encode())
    pfx.write_bytes(pkcs12.serialize_key_and_certificates(None, key, certificate, more, locked))
    inventory = chain.inventory(openid_clients={"Job": chosen, "Admin": chosen})
    inventory["certificates"][1] = {
        **inventory["certificates"][1],
        "file": str(pfx),
        "password": chosen,
        "place": "file",
        "path": f"{chain.WORKING}\\files.pfx",
        "file_password": chosen,
    }
    for connection in inventory["connections"].values():
        connection["Password"] = chosen
    target = chain.server()
    results, again = chain.converge(target, inventory), chain.converge(target, inventory)
    pfx.unlink()
    assert chain.failures(results) == []
    assert chain.changed(again) == set()
    dump = target.machine.dump()
    for entry in dump["files"].values():
        for name in ("size", "sha256"):
            entry.pop(name, None)
        if "text" in entry:
            entry["text"] = SECRET_KEYS.sub(r'\1"#"', entry["text"])
    stores = [[store, *found.items()] for store, found in dump.pop("certificates").items()]
    stores = [[store, entry] for store, *entries in stores for entry in entries]
    others = {key: value for key, value in dump.items() if key not in {"events", "boot_time", "files"}}
    # Keys are others in each run, and so is the order of what is named after them.
    return sorted(VARYING.sub("#", json.dumps(entry)) for entry in (*stores, *dump["files"].items(), *others.items()))


@pytest.fixture(scope="module")
def usual():
    return converged("")


@pytest.mark.parametrize("word", WORDS)
def test_a_secret_equal_to_a_common_word_gives_the_same_server(usual, word):
    assert converged(word) == usual


def test_nine_of_ten_lines_of_the_example_s_diff_are_readable():
    results = chain.converge(chain.server(), check=True)
    lines = [
        line
        for result in results.values()
        for diff in result.get("diff", ())
        for side in ("before", "after")
        for line in diff[side].splitlines()
        if line.strip()
    ]
    masked = [line for line in lines if "********" in line]
    print(f"{len(lines) - len(masked)} of {len(lines)} lines are readable")
    assert masked
    assert len(masked) <= len(lines) / 10
