"""The wire, judged by the real clients: pypsrp and pywinrm over sockets, Basic and NTLM, and what must be refused."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys

import emulated
import pytest
import winrm
import yaml
from emulator.fleet import build
from emulator.wire import tls
from pypsrp.client import Client
from pypsrp.exceptions import AuthenticationError
from requests.exceptions import SSLError
from served import listening

USER, PASSWORD = "Administrator", "Emulated-1"
SCENARIO = {
    "hosts": {
        "one": {"connection": "psrp", "auth": "basic"},
        "two": {"connection": "winrm", "auth": "basic"},
        "three": {"connection": "psrp", "auth": "ntlm"},
    }
}
ECHO = "Write-Output 'hällo'"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wire")
    scenario = folder / "scenario.yml"
    scenario.write_text(yaml.safe_dump(SCENARIO, sort_keys=False), "utf-8")
    with emulated.fleet(scenario, folder / "fleet") as running:
        yield running


def psrp(fleet, host, auth, password=PASSWORD, ca=None):
    address = fleet.ready["hosts"][host]["address"]
    return Client(
        address, username=USER, password=password, auth=auth, cert_validation=ca or fleet.ready["ca_file"], port=5986
    )


@pytest.mark.parametrize(("host", "auth"), [("one", "basic"), ("three", "ntlm"), ("three", "negotiate")])
def test_pypsrp_runs_a_pipeline(fleet, host, auth):
    with psrp(fleet, host, auth) as client:
        output, streams, failed = client.execute_ps(ECHO)
    assert output.strip() == "hällo"
    assert not failed
    assert not streams.error


@pytest.mark.parametrize(("host", "transport"), [("two", "basic"), ("three", "ntlm")])
def test_pywinrm_runs_a_pipeline(fleet, host, transport):
    address, ca = fleet.ready["hosts"][host]["address"], fleet.ready["ca_file"]
    session = winrm.Session(
        f"https://{address}:5986/wsman",
        auth=(USER, PASSWORD),
        transport=transport,
        ca_trust_path=ca,
        server_cert_validation="validate",
    )
    answer = session.run_ps(ECHO)
    assert (answer.std_out.decode().strip(), answer.status_code) == ("hällo", 0)


def test_a_script_that_is_not_known_fails_loudly_with_its_text(fleet):
    with psrp(fleet, "one", "basic") as client:
        _, streams, _ = client.execute_ps("Format-Volume C")
    assert fleet.counters("one")["modules"]["raw"] >= 1
    del streams
    address, ca = fleet.ready["hosts"]["two"]["address"], fleet.ready["ca_file"]
    session = winrm.Session(f"https://{address}:5986/wsman", auth=(USER, PASSWORD), transport="basic", ca_trust_path=ca)
    answer = session.run_ps("Format-Volume C")
    assert answer.status_code == 1
    assert b"Format-Volume C" in answer.std_err


@pytest.mark.parametrize(("host", "auth"), [("one", "basic"), ("three", "ntlm")])
def test_a_wrong_password_is_refused(fleet, host, auth):
    with pytest.raises(AuthenticationError), psrp(fleet, host, auth, password="wrong") as client:
        client.execute_ps(ECHO)


def test_an_authority_that_did_not_sign_is_refused_by_the_client(fleet, tmp_path):
    other = tls.Authority(tmp_path / "other")
    with pytest.raises(SSLError), psrp(fleet, "one", "basic", ca=str(other.file)) as client:
        client.execute_ps(ECHO)


def test_counters_count_and_reset(fleet):
    fleet.command("reset")
    with psrp(fleet, "one", "basic") as client:
        client.execute_ps(ECHO)
        client.execute_ps(ECHO)
    counted = fleet.counters("one")
    assert counted["remote_executions"] == 2
    assert 0 < counted["payload"] < counted["bytes"]
    assert counted["connections"] >= 1
    assert counted["messages"] >= 8
    assert counted["bytes"] > 1000
    assert fleet.counters("two")["remote_executions"] == 0
    fleet.command("reset")
    assert fleet.counters("one")["remote_executions"] == 0


def test_the_dump_is_the_servers_state(fleet):
    state = fleet.command("dump", "--host", "one")["state"]
    assert "C:\\Windows\\System32" in state["files"]
    assert json.dumps(state, sort_keys=True)
    with pytest.raises(RuntimeError, match="no host 'nobody'; there are: one, two, three"):
        fleet.command("dump", "--host", "nobody")


@pytest.mark.parametrize(("host", "status"), [("one", 0), ("nobody", 1)])
def test_the_command_line_asks_a_running_fleet(fleet, host, status):
    words = [sys.executable, "-m", "emulator", "counters", "--host", host]
    words += ["--ready-file", str(fleet.folder / "ready.json")]
    done = subprocess.run(words, env=emulated.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == status
    if status:
        assert (done.stdout, done.stderr) == ("", "emulator: no host 'nobody'; there are: one, two, three\n")
    else:
        assert json.loads(done.stdout) == fleet.counters("one")


def test_a_command_to_no_fleet_says_where_it_looked(tmp_path):
    with pytest.raises(RuntimeError, match=r"emulator reset: no running fleet behind .*ready\.json"):
        emulated.Fleet(tmp_path).command("reset")


def test_what_only_asks_imports_nothing_of_a_server():
    code = "import sys, emulator.__main__; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run(
        [sys.executable, "-c", code], env=emulated.environment(), capture_output=True, text=True, check=True
    )
    assert {"aiohttp", "cryptography", "psrpcore", "yaml"} & set(done.stdout.split()) == set()


def test_a_fault_of_the_emulator_is_a_failed_pipeline_with_its_text(tmp_path, monkeypatch):
    hosts = build({"hosts": {"one": {}}})
    monkeypatch.setattr(hosts["one"].engine, "run", lambda pipeline: 1 // 0)
    with listening(hosts, tmp_path) as (_front, session):
        answer = session.run_ps(ECHO)
    assert answer.status_code == 1
    assert b"the emulator failed" in answer.std_err
    assert b"ZeroDivisionError" in answer.std_err


@pytest.mark.parametrize("running", [True, False])
def test_the_time_between_executions_passes_only_if_the_clocks_run(tmp_path, running):
    hosts = build({"hosts": {"one": {}}})
    clock, hour = hosts["one"].spec.machine.clock, datetime.timedelta(hours=1)
    with listening(hosts, tmp_path, running_clock=running) as (front, session):
        before = clock.now()
        front.endpoints["one"]._ahead += hour
        assert session.run_ps(ECHO).status_code == 0
    assert (clock.now() - before >= hour) is running
