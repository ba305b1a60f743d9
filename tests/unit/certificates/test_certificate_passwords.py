"""Passwords of PFX files through the vendor's tool: asked for by name, run once, opened by the agent, and seen nowhere
but where the tool itself shows them.
"""

from __future__ import annotations

import json

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import certificate_password
from emulator.windows.agent import protect_tools
from emulator.windows.agent.dotnet_config import loads

GENERAL = f"{chain.RUNTIME}\\appsettings.json"
PFX = f"{chain.RUNTIME}\\identity-server.pfx"
TOOL = f"{chain.RUNTIME}\\Usercube-Protect-CertificatePassword.exe"
PASSWORD = chain.CANARIES["pfx"]


def inventory(password=PASSWORD, key=chain.FINGERPRINT_KEY, **options):
    given = {
        "identity_server_certificate": {"file": PFX, "password": password},
        "certificate_password_protection": "tool",
        "plain_accepted": ["OpenId", "Connections"],
        **options,
    }
    return chain.inventory(fingerprint_key=key, settings_options=given)


def server():
    target = chain.server()
    chain.converge(target, inventory(), until="win_im_working_directory")
    target.machine.files.write(PFX, chain.FILES.key_pair.read_bytes())
    return target


def state(target):
    return json.dumps(target.machine.dump(), sort_keys=True)


def without_the_exposure(target):
    """Return the state without the command lines of the tool, which show the password: that is documented."""
    dump = target.machine.dump()
    shown = [line for line in dump["processes"] if certificate_password.TOOL in json.dumps(line)]
    assert shown, "the exposure that is documented is the one that there is"
    dump["processes"] = [line for line in dump["processes"] if line not in shown]
    return json.dumps(dump)


def written(target):
    return loads(target.machine.files.read(GENERAL).decode(), "general")["IdentityServer"]["X509KeyFilePassword"]


def test_the_tool_is_run_once_and_the_agent_opens_what_it_made():
    target = server()
    before = state(target)
    predicted = chain.converge(target, inventory(), check=True)
    assert chain.failures(predicted) == []
    assert state(target) == before
    done = chain.converge(target, inventory())
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert done["win_im_agent_health"]["verified"] is True
    text = written(target)
    assert PASSWORD not in text
    assert protect_tools.opened_password(text) == PASSWORD
    warnings = done["win_im_agent_settings"]["warnings"]
    assert len(warnings) == 1
    assert "on its command line" in warnings[0]
    again = chain.converge(target, inventory())
    assert chain.changed(again) == set()
    assert target.executions <= 2
    assert written(target) == text
    assert "warnings" not in again["win_im_agent_settings"]
    assert PASSWORD not in without_the_exposure(target) + json.dumps([predicted, done, again])


def test_a_changed_password_runs_it_again_and_shows_as_changed():
    target = server()
    chain.converge(target, inventory(password="canary-wrong-4d"), until="win_im_agent_settings")
    done = chain.converge(target, inventory())
    assert chain.failures(done) == []
    assert "******** (changed)" in json.dumps(done["win_im_agent_settings"]["diff"])
    assert protect_tools.opened_password(written(target)) == PASSWORD
    assert "canary-wrong-4d" not in without_the_exposure(target) + json.dumps(done)


def test_without_a_key_it_is_run_when_asked():
    target = server()
    chain.converge(target, inventory(key=None))
    text = written(target)
    assert chain.changed(chain.converge(target, inventory(key=None))) == set()
    done = chain.converge(target, inventory(key=None, reencrypt="always"))
    assert "win_im_agent_settings" in chain.changed(done)
    assert written(target) != text


def test_back_to_plain_the_clear_password_is_written_and_nothing_is_kept_of_it():
    target = server()
    chain.converge(target, inventory())
    done = chain.converge(target, inventory(certificate_password_protection="plain"))
    assert chain.failures(done) == []
    assert written(target) == PASSWORD
    assert json.loads(target.machine.files.read(f"{chain.RUNTIME}\\.im-fingerprints.json")) == {}
    assert chain.changed(chain.converge(target, inventory(certificate_password_protection="plain"))) == set()


def test_a_password_that_the_inventory_does_not_give_is_in_clear_and_told_to_be():
    target = server()
    chain.converge(target, inventory(certificate_password_protection="plain"))
    found = target.run(
        "win_im_agent_settings",
        {"path": chain.RUNTIME, "certificate_password_protection": "tool", "plain_accepted": ["OpenId", "Connections"]},
        check=True,
    )
    assert "IdentityServer:X509KeyFilePassword" in found["warnings"][0]
    assert "in clear" in found["warnings"][0]


def test_without_the_tool_nothing_is_written():
    target = server()
    target.machine.files.remove(TOOL)
    (message,) = chain.failures(chain.converge(target, inventory()))
    assert "found no Usercube-Protect-CertificatePassword.exe" in message
    assert PASSWORD not in message
    assert "ApplicationUri" not in json.dumps(target.machine.files.read(GENERAL).decode()) or PASSWORD not in state(
        target
    )


@pytest.mark.parametrize("password", ["a b", 'q"u\\"o\\', "-x", "tab\\", "@x@", "%PATH%", "é"])
def test_any_password_is_one_argument(password):
    arguments = certificate_password.arguments(password)
    code, said = protect_tools.certificate_password(arguments)
    assert code == 0
    assert protect_tools.opened_password(said) == password


def test_a_password_that_no_command_line_can_hold_is_refused_without_showing_it():
    target = server()
    (message,) = chain.failures(chain.converge(target, inventory(password="canary\nline")))
    assert "control character" in message
    assert "canary" not in message


def test_protected_otherwise_it_is_not_for_the_tool():
    target = server()
    done = chain.converge(target, inventory(protection="encrypted"))
    assert chain.failures(done) == []
    assert PASSWORD not in state(target)
    assert "X509KeyFilePassword" not in target.machine.files.read(GENERAL).decode()
