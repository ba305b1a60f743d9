"""The first task's plan is what the run then does; what cannot be done stops a server before its first write."""

from __future__ import annotations

import itertools
import json
import re

import awkward
import by_day
import chain
import install_playbook
import pytest
from emulator.windows.iis.defaults import CONFIG_PATH

FAULTS = {"disk_full", "read_only_disk"}
"""Scenarios in which a write fails, which only a write tells."""
ACCOUNT = {"identity_username": "CONTOSO\\svc", "identity_password": "canary-account-9"}
PAIR = {"source": "pfx", "file": str(chain.FILES.key_pair), "password": chain.CANARIES["pfx"]}


def variables(inventory):
    """Return an inventory as Ansible hands it over; what verifies does not wait."""
    given = {f"im_agent_{name}": value for name, value in inventory.items() if value is not None}
    return given | {"inventory_hostname": "paris.contoso.com", "im_agent_verify_timeout": 0}


def done_by(tasks):
    """Return the operations of each task that changed something, without the verification."""
    verifies = "win_im_agent_health"
    return {task.task: task.result["operations"] for task in tasks if task.changed and task.module != verifies}


@pytest.mark.parametrize(("name", "check"), by_day.one_in(7, itertools.product(awkward.names(), (False, True))))
def test_the_whole_plan_is_what_the_run_then_does_task_by_task(name, check):
    scenario = awkward.read(name)
    server = awkward._prepared(name, scenario)
    inventory = chain.inventory(**awkward._filled(scenario.get("inventory") or {}))
    before = chain.lasting(server)
    first, *rest = install_playbook.run(server, variables(inventory), check=check)
    if first.result.get("failed"):
        assert re.search(scenario["refused"].partition(": .*")[2] or scenario["refused"], first.result["msg"])
        assert (rest, chain.lasting(server), server.executions) == ([], before, asked(first.result))
        return
    planned = {step["task"]: step["operations"] for step in first.result["plan"]}
    assert first.result["differs_at"] == next(iter(planned), "")
    if name in FAULTS and not check:
        assert rest[-1].result["failed"]
        assert done_by(rest).items() <= planned.items()
    elif not check:
        assert done_by(rest) == planned
    else:
        assert list(done_by(rest)) == list(planned)
        assert chain.lasting(server) == before


def asked(result):
    """Return how many probes a refusal takes: for a port that is taken one more asks who has it."""
    return 2 if "listens on port" in result["msg"] else 1


def file_for_a_folder(server):
    server.machine.files.make_folder(chain.WORKING)
    server.machine.files.write(f"{chain.WORKING}\\Temp", b"x")


def settings(text):
    def write(server):
        server.machine.files.make_folder(chain.RUNTIME)
        server.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", text.encode())

    return write


BARE = {
    "an account that nobody knows": (ACCOUNT, {}, None, "the server knows no account", "im_agent_identity_username"),
    "a drive that is not there": (
        {"working_directory": "E:\\im"},
        {},
        None,
        "found no drive E: on the server, .*wanted",
        "im_agent_working_directory",
    ),
    "a folder on a drive that is not there": (
        {"folders": {"Work": "F:\\Work"}},
        {},
        None,
        "found no drive F: on the server, .*wanted",
        "im_agent_folders",
    ),
    "a port that something listens on": (
        {"https_port": "8443", "service_urls": ["http://*:8443"]},
        {"listeners": [{"address": "0.0.0.0", "port": 8443, "process": "nginx"}]},
        None,
        "listens on port 8443",
        "im_agent_(https_port|service_urls)",
    ),
    "a certificate that is not in the store": (
        {
            "certificates": [
                {"use": "encryption"},
                {"use": "server"},
                {"use": "identity_server", "source": "store", "thumbprint": "AB" * 20},
            ]
        },
        {},
        None,
        "AB" * 20,
        "im_agent_certificates",
    ),
    "a file in the place of a folder": (
        {},
        {},
        file_for_a_folder,
        "found a file at .*wanted a folder",
        "im_agent_working_directory",
    ),
    "a settings file that .NET refuses": ({}, {}, settings('{"a": }'), "line 1, column 7", "im_agent_runtime_path"),
    "a settings file with a key twice": (
        {},
        {},
        settings('{"a": 1, "A": 2}'),
        "keys that differ in case are equal",
        "im_agent_runtime_path",
    ),
    "a Windows that is too old": ({}, {"os": "2012R2"}, None, "wanted Windows Server 2016", ""),
    "an archive that is not there": (
        {"archive_source": "D:\\nowhere\\runtime.zip"},
        {},
        None,
        "found no file D:\\\\nowhere\\\\runtime.zip",
        "im_agent_archive_source",
    ),
    "a bundle that is not there": (
        {"hosting_bundle_source": "C:\\nowhere\\bundle.exe"},
        {},
        None,
        "found no file C:\\\\nowhere\\\\bundle.exe",
        "im_agent_hosting_bundle_source",
    ),
    "an archive that the web server does not have": (
        {"archive_source": "https://files.contoso.com/none.zip?sig=canary-of-a-link"},
        {},
        None,
        "found status 404 Not Found from https://files.contoso.com/none.zip, as the server itself asks for it, wanted",
        "im_agent_archive_source",
    ),
    "a bundle on a server that does not answer": (
        {"hosting_bundle_source": "https://user:canary-of-a-user@gone.invalid/bundle.exe"},
        {},
        None,
        "found no answer \\(The remote name could not be resolved: 'gone.invalid'\\) from https://gone.invalid/bundle.exe",
        "im_agent_hosting_bundle_source",
    ),
}


@pytest.mark.parametrize("hosting", ["iis", "service"])
@pytest.mark.parametrize("why", BARE)
def test_what_needs_the_server_is_refused_after_one_probe_and_before_the_first_write(why, hosting):
    changes, data, by_hand, message, variable = BARE[why]
    server = chain.server(data)
    if by_hand:
        by_hand(server)
    before = chain.lasting(server)
    done = install_playbook.run(server, variables(chain.inventory(hosting=hosting, **changes)))
    assert len(done) == 1, [task.task for task in done]
    result = done[0].result
    assert (server.executions, chain.lasting(server)) == (asked(result), before)
    assert re.search(f"^paris.contoso.com: the plan is refused, nothing was written. .*{message}", result["msg"]), (
        result
    )
    assert re.fullmatch(variable, result["refusals"][0]["variable"])
    canaries = [*chain.CANARIES.values(), "canary-of-a-link", "canary-of-a-user"]
    assert not [text for text in canaries if text in json.dumps(result)]


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_working_directory_on_a_share_is_refused_before_a_server_is_asked(hosting):
    server = chain.server()
    given = variables(chain.inventory(hosting=hosting, working_directory="\\\\files\\im"))
    (first,) = install_playbook.run(server, given)
    assert "a share; wanted a folder on a drive of the server" in first.result["msg"]
    assert server.executions == 0


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_all_refusals_of_a_server_come_in_one_message(hosting):
    server = chain.server({"listeners": [{"address": "0.0.0.0", "port": 8443, "process": "nginx"}]})
    settings('{"a": }')(server)
    changes = {"https_port": "8443", "service_urls": ["http://*:8443"], "archive_source": "D:\\nowhere\\runtime.zip"}
    (first,) = install_playbook.run(server, variables(chain.inventory(hosting=hosting, **changes)))
    assert len(first.result["refusals"]) == 3, "the file is in the way of key pairs and settings, and named once"
    for text in ("found no file D:", "line 1, column", "listens on port 8443"):
        assert text in first.result["msg"]


def test_what_only_follows_from_another_refusal_is_not_told():
    """Settings and site need what the task of the key pairs returns, which an unknown account keeps from running."""
    (first,) = install_playbook.run(chain.server(), variables(chain.inventory(**ACCOUNT)))
    assert [one["variable"] for one in first.result["refusals"]] == ["im_agent_identity_username"]


@pytest.mark.parametrize(("hosting", "most"), [("iis", 33), ("service", 33)])
def test_a_first_installation_needs_few_executions_and_the_second_run_one(hosting, most):
    server = chain.server()
    given = variables(chain.inventory(hosting=hosting))
    assert not [task for task in install_playbook.run(server, given) if task.result.get("failed")]
    assert server.executions <= most
    first, *rest = install_playbook.run(server, given)
    assert (first.result["differs"], first.result["plan"], done_by(rest), server.executions) == (False, [], {}, 1)


def test_the_vendor_guides_site_without_https_needs_no_server_pair():
    server = chain.server()
    pairs = [pair for pair in chain.inventory()["certificates"] if pair["use"] != "server"]
    given = variables(chain.inventory(certificates=pairs)) | {
        "im_agent_site_protocol": "http",
        "im_agent_http_port": "8080",
    }
    done = install_playbook.run(server, given)
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    assert done[-1].result["verified"]
    assert '<binding protocol="http" bindingInformation="*:8080:' in server.machine.files.read(CONFIG_PATH).decode()
    assert not install_playbook.run(server, given)[0].result["differs"]


def test_an_installed_server_does_not_ask_for_what_it_has():
    server = chain.installed()
    server.machine.network.web.clear()
    given = variables(chain.inventory())
    first, *rest = install_playbook.run(server, given)
    assert (first.result.get("differs"), done_by(rest), server.executions) == (False, {}, 1)


def test_the_plan_is_of_the_server_and_not_of_the_run():
    """What the first task counts as done is not done for the tasks that follow."""
    server = chain.server()
    given = variables(chain.inventory())
    first = install_playbook.run(server, given, check=True)[0].result
    assert [step["task"].partition(" : ")[0] for step in first["plan"]][:3] == [
        "im_prerequisites",
        "im_working_directory",
        "im_certificates",
    ]
    assert install_playbook.run(server, given)[0].result["plan"] == first["plan"]


def test_the_names_of_a_vault_s_secrets_are_shown_in_every_run(capsys):
    vault = {"protection": "azure_key_vault", "azure_key_vault": {"vault": "https://contoso.vault.azure.net/"}}
    given = variables(chain.inventory()) | {f"im_agent_{name}": value for name, value in vault.items()}
    first = install_playbook.run(chain.server(), given, check=True)[0].result
    assert not first.get("failed"), first
    assert first["key_vault_secrets"]
    assert f"the vault must hold the secrets {first['key_vault_secrets'][0]}" in capsys.readouterr().out
