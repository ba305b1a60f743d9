"""A server's whole state as data, and the server that is built from it: the same in everything that can be asked."""

from __future__ import annotations

import functools
import json

import chain
import pytest
import yaml
from emulator.scenario import hosts, saved_state
from emulator.scenario.server import BadScenario
from emulator.windows.machine import Machine
from emulator.windows.network.network import HttpAnswer
from in_process import machine

AWKWARD = {
    "os": "2019",
    "clock": "2020-02-29T23:59:59.5Z",
    "drives": {"C": {"free_bytes": 12345678}, "D": {"read_only": True}},
    "features": ["Web-Server"],
    "packages": [{"version": "8.0.22"}],
    "web": {"https://files.contoso.com/a": {"base64": "/wAB", "proxy": "proxy:3128"}},
    "proxies": ["svc:canary-2@proxy:3128"],
    "shares": {"\\\\server\\share\\a.exe": {"text": "a"}},
    "files": {
        "C:\\X\\Read.Only": {"text": "\ufeffhello\r\n\x00", "read_only": True},
        "C:\\X\\Locked": {"base64": "/wAB"},
        "C:\\Y": {"folder": True, "sddl": "O:SYD:P(D;OICI;0x2;;;BU)(A;OICIIO;GA;;;CO)(A;NP;0x1200a9;;;S-1-5-21-1-2-3)"},
    },
    "registry": {
        "HKLM:\\SOFTWARE\\X": {"Many": {"type": "MultiString", "data": ["a", "b"]}},
        "HKCU:\\Empty": {},
    },
    "certificates": [
        {"subject": "CN=a", "names": ["a.contoso.com"]},
        {"subject": "CN=b", "location": "CurrentUser", "key": False},
    ],
    "accounts": [
        {"name": "CONTOSO\\svc", "password": "canary-1"},
        {"name": "CONTOSO\\g$", "kind": "gmsa", "groups": ["S-1-5-32-544"]},
        {"name": "local"},
    ],
    "user_rights": {"SeServiceLogonRight": ["CONTOSO\\svc"]},
    "group_policies": [{"name": "Baseline", "user_rights": {"SeDenyServiceLogonRight": ["*S-1-5-32-546"]}}],
    "services": [
        {"name": "X", "path": "C:\\x.exe", "start_mode": "delayed", "state": "Running", "dependencies": ["HTTP"]}
    ],
    "environment": {"HTTPS_PROXY": "http://proxy:3128"},
    "pools": [{"name": "P", "attributes": {"queueLength": 70}, "state": "Stopped"}, {"name": "Q"}],
    "sites": [
        {"name": "S", "pool": "Q", "path": "C:\\s", "bindings": [{"protocol": "http", "information": "*:8080:"}]}
    ],
    "listeners": [{"address": "0.0.0.0", "port": 443, "process": "nginx"}],
    "identity_servers": {"https://im.contoso.com": {"clients": {"Job": "canary-2"}, "proxy": "proxy:3128"}},
    "reboot_pending": True,
    "faults": [{"path": "C:\\Y", "do": "access_denied"}],
}


def touched():
    """Return a server that has lost parts of a bare one, and on which things have happened."""
    made = machine(AWKWARD)
    made.files.remove("C:\\Users\\Public")
    made.registry.delete_value("HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion", "EditionID")
    made.services.delete("W32Time")
    made.iis.remove_pool("DefaultAppPool")
    made.services.passwords["x"] = "canary-3"
    made.services.set_recovery("X", 60, [("restart", 1000)])
    made.certificates.make_store("LocalMachine", "Own")
    made.certificates.make(store="Own")
    made.network.key_vault["A--B"] = "canary-4"
    made.network.cyberark["Account"] = "canary-5"
    made.network.download("https://files.contoso.com/a")
    made.iis.set_pool_attribute("Q", "startMode", "AlwaysRunning")
    made.iis.set_preload("S", True)
    made.iis.recycle("Q")
    made.features.restart_after = True
    made.ran("whoami.exe")
    made.files.lock("C:\\X\\Locked")
    return made


@functools.cache
def _installed(hosting):
    server = chain.server()
    assert chain.failures(chain.converge(server, chain.inventory(hosting=hosting))) == []
    return server.machine


def installed(hosting="iis"):
    return _installed(hosting).copy()


MACHINES = {
    "bare": lambda: machine({}),
    "workgroup": lambda: Machine("host1"),
    "awkward": lambda: machine(AWKWARD),
    "touched": touched,
    "agent under IIS": installed,
    "agent as a service": lambda: installed("service"),
}


@pytest.mark.parametrize("name", MACHINES)
def test_a_restored_server_is_the_one_that_was_saved(name):
    saved = MACHINES[name]()
    data = saved_state.save(saved)
    restored = saved_state.restore(json.loads(json.dumps(data)))
    assert restored.dump() == saved.dump()
    again = saved_state.save(restored)
    assert {key: again[key] for key in data if key != "clock"} == {key: data[key] for key in data if key != "clock"}
    assert 0 <= (restored.clock.now() - saved.clock.now()).total_seconds() < 10
    assert restored.network.listeners() == saved.network.listeners()


def test_a_failed_agent_is_restored_as_failed():
    saved = installed()
    saved.files.write(f"{chain.RUNTIME}\\web.config", "<configuration>")
    assert saved.iis.activation.application(chain.SITE).state == "failed"
    restored = saved_state.restore(saved_state.save(saved))
    (worker,) = restored.iis.workers()
    assert worker.agents[chain.SITE.lower()].state == "failed"
    assert restored.dump() == saved.dump()


def test_what_a_bare_server_has_gained_since_is_there_and_what_was_removed_stays_away():
    data = saved_state.save(touched())
    data["registry"].pop("HKLM\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")
    data["files"].pop("C:\\Windows\\Temp")
    restored = saved_state.restore(data)
    assert restored.files.is_folder("C:\\Windows\\Temp")
    key = restored.registry.key("HKLM:\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion")
    assert key.value("ProductName") == "Windows Server 2019 Datacenter"
    assert key.value("EditionID") is None
    assert not restored.files.exists("C:\\Users\\Public")
    assert restored.services.get("W32Time") is None


def test_no_name_of_the_emulators_code_is_in_the_data():
    text = json.dumps(saved_state.save(touched()))
    assert [word for word in ("emulator", "__", "object at", "Machine(", "Node(") if word in text] == []


def without_an_identity_server():
    made = machine({})
    made.network.elsewhere.append(lambda request: HttpAnswer(200, "OK"))
    return made


def test_what_no_data_can_hold_is_refused():
    with pytest.raises(saved_state.CannotSave, match="a function answers for another server"):
        saved_state.save(without_an_identity_server())
    with pytest.raises(saved_state.CannotSave, match="format: found 0, this emulator reads 1"):
        saved_state.restore({"format": 0})


def test_an_agent_that_ran_and_does_not_start_from_the_state_is_refused():
    data = saved_state.save(installed())
    data["files"][f"{chain.RUNTIME}\\appsettings.json"]["text"] = "{"
    with pytest.raises(saved_state.CannotSave, match="was running, started again it is"):
        saved_state.restore(data)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(saved_state.save(machine({}, "a.contoso.com"))), "utf-8")
    return path


def load(folder, **about):
    source = folder / "scenario.yml"
    source.write_text(yaml.safe_dump({"hosts": {"a.contoso.com": about}}), "utf-8")
    return hosts.load(source)["a.contoso.com"]


def test_a_scenario_names_a_saved_state_beside_how_it_is_reached_and_its_faults(file):
    fault = {"path": "C:\\Windows", "do": "access_denied"}
    spec = load(file.parent, saved_state="a.json", connection="winrm", faults=[fault])
    assert (spec.connection, spec.machine.domain) == ("winrm", "contoso.com")
    assert spec.machine.files.denied == {"c:\\windows"}


REFUSED = {
    "other state": ({"os": "2019"}, "saved_state is the whole state; found os beside it"),
    "a real PowerShell": ({"kind": "powershell"}, "saved_state cannot be laid down on a powershell host"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_scenario_with_a_saved_state_and_what_does_not_go_with_it_is_refused(what, file):
    more, message = REFUSED[what]
    with pytest.raises(BadScenario, match=message):
        load(file.parent, saved_state="a.json", **more)


def test_a_saved_state_of_another_host_is_refused(file):
    file.write_text(json.dumps(saved_state.save(machine({}, "b.contoso.com"))), "utf-8")
    with pytest.raises(BadScenario, match="saved_state is of the host b"):
        load(file.parent, saved_state="a.json")
