"""One emulated server that key pairs are brought to, in one task, and what is looked at afterwards."""

from __future__ import annotations

import copy
import datetime
import json

import chain
import in_process
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.certificate import describe
from cryptography.hazmat.primitives import serialization

NOW = datetime.datetime(2026, 11, 24, 8, 0, tzinfo=datetime.UTC)
PASSWORD, PASSPHRASE = "canary-input-password-2e", "canary-input-passphrase-b0"
HOST, RUNTIME = "agent.contoso.com", "C:\\im\\Runtime"
ENCRYPTION, SITE = {"use": "encryption"}, {"use": "server"}
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def server(settings=None, agent_settings=None, **data):
    made = chain.server(
        {"clock": NOW.isoformat()[:19] + "Z", "features": ["Web-Server"], "pools": [{"name": "Agent"}], **data}
    )
    for name, content in (("appsettings.json", settings), ("appsettings.agent.json", agent_settings)):
        if content:
            made.machine.files.make_folder(RUNTIME)
            made.machine.files.write(f"{RUNTIME}\\{name}", json.dumps(content).encode())
    return made


def run(target, *pairs, check=False, **more):
    target.new_run()
    arguments = {"pairs": list(pairs), "identity": {"pool": "Agent"}, "settings_path": RUNTIME, **more}
    result = target.run("win_im_cert_pair", arguments, check=check)
    seen = json.dumps(result) + json.dumps(target.machine.dump()["events"])
    assert not [canary for canary in (PASSWORD, PASSPHRASE) if canary in seen]
    return result


def refused(target, *pairs, **more):
    """Return the message of a run that has to be refused, in check mode too, before anything is written."""
    before = json.dumps(target.machine.dump(), sort_keys=True)
    messages = {run(target, *pairs, check=check, **more)["msg"] for check in (True, False)}
    assert json.dumps(target.machine.dump(), sort_keys=True) == before
    (message,) = messages
    assert message.startswith(f"{target.machine.name}: ")
    return message


def held(target, store="My"):
    return {c.thumbprint: c for c in target.machine.certificates.all("LocalMachine", store)}


def thumbprint(certificate):
    return describe(certificate.public_bytes(DER)).thumbprint


def usable(target, found, store="My"):
    token = target.machine.iis.pool_token("Agent")
    return target.machine.certificates.readable(held(target, store)[found["thumbprint"]], token)


def copied(target):
    return in_process.Server(copy.deepcopy(target.machine))


def keep(folder, **changes):
    return {"keep": {"folder": str(folder), "agent": "paris", "passphrase": PASSPHRASE, **changes}}
