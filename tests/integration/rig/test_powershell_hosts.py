"""Hosts of kind powershell: unmodified ansible-core reaches real modules over psrp and winrm."""

from __future__ import annotations

import base64
import hashlib
import json
import os

import emulated
import pytest
import yaml
from emulator.scenario.hosts import load
from emulator.scenario.server import BadScenario

CONNECTIONS = {"one": "psrp"}
if os.environ.get("IMOPS_NIGHTLY"):
    CONNECTIONS["two"] = "winrm"  # another engine: a minute and a half
MODELLED = ["ansible.windows.win_feature", "ansible.windows.win_reboot"]
BIG = hashlib.shake_256(b"big").digest(700_000)
FOLDER = "C:\\laid"
TASKS = {
    "ping": {"ansible.windows.win_ping": {"data": "häl lo"}},
    "laid": {"ansible.windows.slurp": {"src": f"{FOLDER}\\ä.txt"}},
    "missing": {"ansible.windows.slurp": {"src": f"{FOLDER}\\none"}},
    "copied": {"ansible.windows.win_copy": {"content": "hällo\n", "dest": f"{FOLDER}\\copied é.txt"}},
    "copied again": {"ansible.windows.win_copy": {"content": "hällo\n", "dest": f"{FOLDER}\\copied é.txt"}},
    "put": {"ansible.windows.win_copy": {"src": "{{ folder }}/big.bin", "dest": f"{FOLDER}\\"}},
    "fetched": {"fetch": {"src": f"{FOLDER}\\big.bin", "dest": "{{ folder }}/{{ inventory_hostname }}/", "flat": True}},
    "made": {"ansible.windows.win_file": {"path": f"{FOLDER}\\made", "state": "directory"}},
    "stat": {"ansible.windows.win_stat": {"path": f"{FOLDER}\\MADE"}},
    "modelled": {"ansible.windows.win_feature": {"name": "Web-Server"}},
    "carried file": {
        "ansible.windows.win_stat": {"path": "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"}
    },
    "carried value": {
        "ansible.windows.win_reg_stat": {"path": "HKLM:\\SOFTWARE\\Microsoft\\InetStp\\Components", "name": "W3SVC"}
    },
    "command": {"ansible.windows.win_command": {"argv": ["cmd.exe", "/c", "echo hi"]}},
    "job": {"ansible.windows.win_command": {"argv": ["cmd.exe", "/c", "echo job"]}, "async": 300, "poll": 1},
    "failing job": {"ansible.windows.win_command": {"argv": ["none.exe"]}, "async": 300, "poll": 1},
    "modelled job": {"ansible.windows.win_feature": {"name": "Web-AppInit"}, "async": 300, "poll": 1},
    "raw": {"raw": "Write-Output 'raw hällo'"},
    "become": {
        "ansible.windows.win_ping": {},
        "become": True,
        "become_method": "runas",
        "become_user": "SYSTEM",
    },
    "crash": {"ansible.windows.win_powershell": {"script": "[Environment]::Exit(3)"}},
    "after": {"ansible.windows.slurp": {"src": f"{FOLDER}\\copied é.txt"}},
    "reboot": {"ansible.windows.win_reboot": {"post_reboot_delay": 1}},
    "after reboot": {"ansible.windows.win_stat": {"path": f"{FOLDER}\\made"}},
}
pytestmark = [
    pytest.mark.rig,
    pytest.mark.xdist_group("rig"),
    pytest.mark.nightly,
    pytest.mark.skipif(
        not os.environ.get("IMOPS_NIGHTLY"), reason="two Wine drives take minutes to make: run by make test-all"
    ),
]


@pytest.fixture(scope="module")
def results(engine, tmp_path_factory):
    """Run the tasks on both hosts, and return each host's results by the tasks' names."""
    folder = tmp_path_factory.mktemp("powershell")
    (folder / "big.bin").write_bytes(BIG)
    files = {f"{FOLDER}\\ä.txt": {"text": "hällo"}, f"{FOLDER}\\empty": {"folder": True}}
    host = {"kind": "powershell", "modelled": MODELLED, "files": files}
    scenario = folder / "scenario.yml"
    hosts = {name: {**host, "connection": connection} for name, connection in CONNECTIONS.items()}
    scenario.write_text(yaml.safe_dump({"hosts": hosts}), "utf-8")
    tasks = [
        {**task, "name": name, "register": f"r{number}", "ignore_errors": True}
        for number, (name, task) in enumerate(TASKS.items())
    ]
    told = "{{ {" + ", ".join(f"'{name}': r{number}" for number, name in enumerate(TASKS)) + "} | to_json }}"
    local = {
        "copy": {"content": told, "dest": "{{ folder }}/{{ inventory_hostname }}.json"},
        "delegate_to": "localhost",
    }
    local["vars"] = {"ansible_connection": "local"}
    play = {"hosts": "agents", "gather_facts": False, "vars": {"folder": str(folder)}, "tasks": [*tasks, local]}
    (folder / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False), "utf-8")
    with emulated.fleet(scenario, folder / "fleet") as fleet:
        run = emulated.playbook(fleet, folder / "play.yml")
        assert run.status == 0, run.output[-4000:]
        found = {name: json.loads((folder / f"{name}.json").read_text("utf-8")) for name in CONNECTIONS}
        for name in CONNECTIONS:
            found[name]["big"] = (folder / name / "big.bin").read_bytes()
            found[name]["counters"] = fleet.counters(name)
    return found


@pytest.mark.parametrize("host", CONNECTIONS)
def test_modules_and_files_both_ways(results, host):
    found = results[host]
    assert found["ping"]["ping"] == "häl lo"
    assert base64.b64decode(found["laid"]["content"]).decode() == "hällo"
    assert (found["missing"]["failed"], found["missing"]["msg"]) == (True, f"Path {FOLDER}\\none is not found")
    assert (found["copied"]["changed"], found["copied again"]["changed"]) == (True, False)
    assert found["put"]["checksum"] == hashlib.sha1(BIG, usedforsecurity=False).hexdigest()
    assert found["big"] == BIG
    assert found["made"]["changed"]
    assert found["stat"]["stat"]["isdir"]
    assert found["command"]["stdout"].strip() == "hi"
    assert "raw hällo" in found["raw"]["stdout"]
    assert found["counters"]["modules"]["ansible.windows.win_ping"] == 2


@pytest.mark.parametrize("host", CONNECTIONS)
def test_the_model_answers_what_the_scenario_names_and_restarts_the_host(results, host):
    found = results[host]
    assert found["modelled"]["changed"]
    assert found["modelled"]["exitcode"] == "Success"
    assert found["carried file"]["stat"]["exists"]
    assert found["carried value"]["value"] == 1
    assert found["reboot"]["rebooted"]
    assert found["after reboot"]["stat"]["exists"]


@pytest.mark.parametrize("host", CONNECTIONS)
def test_a_job_in_the_background_is_a_process_of_its_own_and_its_end_is_told(results, host):
    found = results[host]
    assert (found["job"]["finished"], found["job"]["stdout"].strip()) == (True, "job")
    assert ".ansible_async" in found["job"]["results_file"]
    assert (found["failing job"]["finished"], found["failing job"]["failed"]) == (True, True)
    assert "none.exe" in found["failing job"]["msg"]
    assert (found["modelled job"]["finished"], found["modelled job"]["changed"]) == (True, True)


@pytest.mark.parametrize("host", CONNECTIONS)
def test_become_is_refused_and_a_crash_fails_its_task_alone(results, host):
    found = results[host]
    assert found["become"]["failed"]
    assert f"host {host} is a PowerShell process with one account and cannot become SYSTEM" in json.dumps(
        found["become"]
    )
    assert found["crash"]["failed"]
    assert f"host {host}: the PowerShell engine ended with 3" in json.dumps(found["crash"])
    assert base64.b64decode(found["after"]["content"]).decode() == "hällo\n"


@pytest.mark.parametrize(
    ("scenario", "said"),
    [
        ({"kind": "pwsh"}, "kind is model or powershell, not 'pwsh'"),
        ({"modelled": MODELLED}, "modelled is for a host of kind powershell"),
        ({"kind": "powershell", "modelled": ["win_feature"]}, "full names such as ansible.windows.win_feature"),
        ({"kind": "powershell", "registry": {}}, "registry cannot be laid down on a powershell host"),
    ],
)
def test_a_scenario_that_cannot_be_is_refused(scenario, said):
    with pytest.raises(BadScenario, match=said):
        load(scenario)
