"""What a play's first task foretells is what its roles' tasks then do: the same arguments, the same plans."""

from __future__ import annotations

import json

import chain
import pytest
import yaml
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import action_loader
from ansible.template import Templar, trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import foretelling, role_tasks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run.variables import SettledVariables
from emulator.windows.system.edition import CURRENT_VERSION

PLAYBOOKS = chain.ROOT / "playbooks"
INSTALL = yaml.safe_load((PLAYBOOKS / "install.yml").read_text("utf-8"))[0]
ENTRIES = INSTALL["vars"]["_entries"]
ROLES = {
    "win_im_prerequisites": "im_prerequisites",
    "win_im_working_directory": "im_working_directory",
    "win_im_cert_pair": "im_certificates",
    "win_im_apppool": "im_pool",
    "win_im_service": "im_service",
    "win_im_permissions": "im_permissions",
    "win_im_agent_settings": "im_settings",
    "win_im_web_config": "im_settings",
    "win_im_site": "im_site",
}


def variables(inventory):
    """Return what Ansible hands to the task: the vocabulary's defaults, and the inventory over them."""
    given = {f"im_agent_{name}": value for name, value in inventory.items() if value is not None}
    return role_tasks.defaults("im_agent") | given | {"inventory_hostname": "paris.contoso.com"}


def foretell(server, inventory=None, *, check=False, entries=None, ahead=(), **more):
    inventory = inventory or chain.inventory()
    server.new_run()
    server.variables = variables(inventory) | more
    entries = ENTRIES[inventory["hosting"]] if entries is None else entries
    given = {"inventory": dict(inventory), "foretell": entries, "ahead": list(ahead)}
    return server.run("win_im_agent_info", given, check=check)


def first_role(results):
    """Return the role of the first task that changed something; empty for none."""
    return next((ROLES[chain.MODULES.get(task, task)] for task in results if results[task]["changed"]), "")


@pytest.fixture
def installed():
    return chain.installed()


def test_nothing_differs_on_a_server_that_is_as_wanted_and_that_costs_one_execution(installed):
    found = foretell(installed)
    assert (found["differs"], found["differs_at"], found["changed"]) == (False, "", False)
    assert installed.executions == 1


@pytest.mark.parametrize("spelled", ["C:\\WINDOWS", "C:\\windows"])
def test_a_windows_that_spells_its_folder_otherwise_costs_no_execution_more(installed, spelled):
    installed.machine.registry.set(CURRENT_VERSION, "SystemRoot", "String", spelled)
    assert foretell(installed)["differs"] is False
    assert installed.executions == 1


CHANGES = {
    "nothing": {},
    "server": {"server_url": "https://other.contoso.com"},
    "secret of a client": {"openid_clients": {"Job": "canary-rotated-1", "Admin": chain.CANARIES["admin"]}},
    "connection": {"connections": {}},
    "port": {"https_port": "8443"},
    "host name": {"host_name": "other.contoso.com"},
    "folder": {"folders": {"Work": "C:\\Elsewhere"}},
    "account": {"identity_username": "CONTOSO\\gmsa$"},
    "hosting": {"hosting": "service"},
    "scheduler": {"scheduler_enabled": False},
    "archive": {"archive_checksum": "0" * 64},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_changed_inventory_differs_where_the_first_task_would_change_something(installed, name):
    inventory = chain.inventory(**CHANGES[name])
    found = foretell(installed, inventory, check=True)
    results = chain.converge(installed, inventory, check=True)
    failed = [task for task in results if results[task].get("failed")]
    if failed:
        assert ROLES[chain.MODULES.get(failed[0], failed[0])] in {
            one["task"].split(" : ")[0] for one in found["refusals"]
        }
        return
    role = first_role(results)
    assert found["differs_at"].partition(" : ")[0] == role
    assert found["differs"] is bool(role)


@pytest.mark.parametrize(
    ("module", "arguments"),
    [
        ("win_im_apppool", {"name": chain.POOL, "state": "stopped"}),
        ("win_im_site", {"name": chain.SITE, "state": "absent"}),
        (
            "win_im_permissions",
            {
                "working_directory": chain.WORKING,
                "identity": {"pool": "Other"},
                "former_identities": [{"pool": chain.POOL}],
            },
        ),
    ],
)
def test_what_somebody_changed_on_the_server_differs(installed, module, arguments):
    installed.new_run()
    assert installed.run(module, arguments)["changed"]
    found = foretell(installed)
    assert found["differs_at"].partition(" : ")[0] == first_role(chain.converge(installed, check=True)) != ""


def test_a_bare_server_differs_at_the_first_task():
    found = foretell(chain.server())
    assert found["differs_at"].startswith("im_prerequisites : ")


def test_a_role_s_own_variable_counts_too(installed):
    found = foretell(installed, im_settings_logging={"LogLevel": {"Default": "Debug"}})
    assert found["differs_at"] == "im_settings : Write the agent's settings"


def test_a_task_of_another_collection_that_would_run_differs(installed):
    result = {"changed": True, "reboot_required": True}
    quiet = foretell(installed, entries=["im_prerequisites"], im_prerequisites_reboot="auto")
    assert quiet["differs"] is False
    condition = trust_as_template("found.reboot_required")
    task = role_tasks.RoleTask("im_x", "Restart", "ansible.windows.win_reboot", {}, (condition,))
    action = foretelling.ForetellingAction
    with pytest.raises(foretelling.Unforeseen):
        action._checked(action, task, SettledVariables(Templar(DataLoader()), {"found": result}))


def test_a_template_that_fails_is_a_refusal_that_names_the_variable(installed):
    found = foretell(installed, im_pool_attributes=trust_as_template("{{ undefined_by_mistake }}"))
    assert found["failed"]
    (refused,) = found["refusals"]
    assert (refused["task"], refused["variable"]) == (
        "im_pool : Configure the application pool",
        "undefined_by_mistake",
    )


def test_the_first_task_gives_the_warnings_of_all_and_each_once(installed):
    for inventory in (chain.inventory(), chain.inventory(server_url="https://other.contoso.com")):
        told = foretell(installed, inventory)["warnings"]
        assert any("plain" in text or ".NET" in text for text in told)
        assert len(told) == len(set(told))
        assert all(text.startswith("paris.contoso.com: ") for text in told)
        arguments = chain.arguments("win_im_prerequisites", inventory, {})
        assert "warnings" not in installed.run("win_im_prerequisites", arguments)


def test_no_secret_is_in_the_result(installed):
    for inventory in (chain.inventory(), chain.inventory(openid_clients={"Job": "canary-rotated-2"})):
        found = json.dumps(foretell(installed, inventory), default=str)
        assert not [text for text in (*chain.CANARIES.values(), "canary-rotated-2") if text in found]


@pytest.mark.parametrize("check", [False, True])
def test_the_first_task_verifies_a_server_where_nothing_differs(installed, check):
    found = foretell(installed, ahead=["im_verify"], check=check)
    assert (found["differs"], found["settled"], found["verified"], found["changed"]) == (False, True, True, False)
    assert installed.executions == 1
    alone = installed.run("win_im_agent_health", chain.arguments("win_im_agent_health", chain.inventory(), {}))
    assert {one["id"]: one["state"] for one in found["checks"]} == {one["id"]: one["state"] for one in alone["checks"]}


@pytest.mark.parametrize("hosting", ENTRIES)
def test_without_a_plan_to_make_the_first_task_verifies_at_once(hosting):
    found = foretell(chain.installed(hosting), chain.inventory(hosting=hosting), entries=[], ahead=["im_verify"])
    assert (found["settled"], found["verified"], "differs" in found) == (True, True, False)


def test_a_server_that_differs_is_verified_by_its_own_task(installed):
    found = foretell(installed, chain.inventory(scheduler_enabled=False), ahead=["im_verify"])
    assert (found["differs"], found["settled"], "verified" in found) == (True, False, False)


@pytest.mark.parametrize(
    "more",
    [{"im_verify_recycle": True}, {"im_verify_test_mail": {"to": "a@contoso.com", "from": "b@contoso.com"}}],
)
def test_a_verification_that_does_more_than_look_is_left_to_its_own_task(installed, more):
    found = foretell(installed, ahead=["im_verify"], **more)
    assert (found["differs"], found["settled"], "verified" in found) == (False, False, False)


def test_a_verification_with_a_refused_argument_is_left_to_its_own_task(installed):
    found = foretell(installed, ahead=["im_verify"], im_verify_port="eighty")
    assert (found["differs"], found["settled"], "verified" in found) == (False, False, False)


def test_an_agent_that_is_not_verified_fails_the_first_task_and_no_secret_is_in_the_result(installed):
    found = foretell(installed, ahead=["im_verify"], im_verify_thumbprint="0" * 40, im_agent_verify_timeout=0)
    assert found["failed"] and "the agent is not verified" in found["msg"] and found["verified"] is False
    assert "settled" not in found and "agent" not in found
    assert not [text for text in chain.CANARIES.values() if text in json.dumps(found, default=str)]


def test_a_second_verification_in_a_run_looks_at_the_server_again(installed):
    assert foretell(installed, entries=[], ahead=["im_verify"], im_agent_verify_timeout=0)["verified"]
    assert installed.executions == 1
    installed.machine.iis.stop_pool(chain.POOL)
    given = {"inventory": chain.inventory(), "foretell": [], "ahead": ["im_verify"]}
    found = installed.run("win_im_agent_info", given)
    assert "the agent is not verified" in found["msg"]


@pytest.mark.parametrize("hosting", ENTRIES)
def test_a_task_of_a_hosting_is_known_by_its_name(hosting):
    """An audit keeps by it what a task wants."""
    names = [str(task) for entry in [*ENTRIES[hosting], "im_verify"] for task in role_tasks.read(entry)]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_what_is_foretold_is_what_the_playbook_carries_out(hosting):
    (made,) = [task for task in INSTALL["tasks"] if task["name"] == "Make what differs"]
    assert made["imops.identity_manager.win_im_agent_roles"]["entry_points"] == "{{ _entries[im_agent_hosting] }}"
    assert role_tasks.of_hosting(hosting) == ENTRIES[hosting]
    assert INSTALL["vars"]["im_agent_foretell"].startswith("{{ _entries[im_agent_hosting]")
    assert "'im_certificates/clean'" in INSTALL["vars"]["im_agent_foretell"]


def test_each_module_is_foretold_by_what_plans_it():
    for module, subject in foretelling.SUBJECTS.items():
        assert action_loader.get(module, class_only=True).SUBJECT is subject


@pytest.mark.parametrize("entry", ["im_nothing", "im_pool/nothing", "../im_pool", "im_pool/../../im_site/tasks/main"])
def test_an_entry_point_that_is_not_there_is_refused(entry):
    assert "no entry point" in foretell(chain.server(), entries=[entry])["msg"]


def test_a_task_with_a_keyword_that_is_not_foreseen_is_refused(monkeypatch):
    task = {"name": "Loop", "imops.identity_manager.win_im_site": {"name": "x"}, "loop": [1]}
    monkeypatch.setitem(role_tasks._FILES, role_tasks.ROLES / "im_site" / "tasks" / "main.yml", [task])
    with pytest.raises(Refused, match="loop"):
        role_tasks.read("im_site")


INVENTORIES = {
    "iis": {},
    "service": {"hosting": "service", "service_urls": ["https://*:5001"]},
    "account": {"identity_username": "CONTOSO\\svc", "identity_password": "canary-account-9"},
    "folders": {"folders": {"Runtime": "D:\\Runtime", "Temp": "D:\\Temp"}},
}


@pytest.mark.parametrize("name", INVENTORIES)
def test_arguments_are_what_jinja_alone_makes_of_them(name):
    given = variables(chain.inventory(**INVENTORIES[name]))
    given["secret"] = "canary-pfx"
    given["im_agent_certificates"][1]["password"] = trust_as_template("{{ secret }}")
    entries = [*ENTRIES["iis"], *ENTRIES["service"], "im_certificates/clean"]
    for entry in entries:
        given = role_tasks.defaults(entry) | given
    pair = {"thumbprint": "AB" * 20, "store_name": "My", "store_location": "LocalMachine"}
    result = {"certificates": dict.fromkeys(("encryption", "identity_server", "server"), pair)}
    settled = SettledVariables(Templar(DataLoader()), given)
    for number, entry in enumerate(entries):
        if number == 3:
            settled.set("im_certificates_result", result)
            given["im_certificates_result"] = result
        for task in role_tasks.read(entry):
            plain = Templar(DataLoader(), variables=given)
            if task.module.startswith("imops.") and (number >= 3 or "certificates" not in json.dumps(task.arguments)):
                assert settled.arguments(task.arguments) == plain.template(task.arguments), str(task)


TEMPLATES = {
    "a name": ("{{ text }}", "x"),
    "a name or nothing": ("{{ text or omit }}", "x"),
    "an alias of an alias": ("{{ twice }}", "x"),
    "in a list": (["{{ text }}", {"a": "{{ number }}"}], ["x", {"a": 7}]),
    "an expression": ("{{ number + 1 }}", 8),
    "what holds braces": ("{{ braces }}", "{{ text }}"),
    "a branch that is not taken": ("{{ broken if number == 8 else text }}", "x"),
    "a default for what fails": ("{{ broken | default('y') }}", "y"),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_is_what_jinja_makes_of_it(name):
    def trusted(value):
        if isinstance(value, dict):
            return {key: trusted(item) for key, item in value.items()}
        if isinstance(value, list):
            return [trusted(item) for item in value]
        return trust_as_template(value) if isinstance(value, str) else value

    template, wanted = TEMPLATES[name]
    values = trusted(
        {"text": "x", "alias": "{{ text }}", "twice": "{{ alias }}", "number": 7, "broken": "{{ missing }}"}
    )
    values["braces"] = "{{ text }}"  # not trusted: what a server said, say
    settled = SettledVariables(Templar(DataLoader()), values)
    assert settled.arguments({"a": trusted(template)}) == {"a": wanted}


def test_what_is_omitted_is_left_out_and_what_is_undefined_fails():
    settled = SettledVariables(Templar(DataLoader()), {"empty": "", "none": None})
    both = {"a": trust_as_template("{{ empty or omit }}"), "b": trust_as_template("{{ omit }}"), "c": 1}
    assert settled.arguments(both) == {"c": 1}
    for template in ("{{ missing }}", "{{ missing or omit }}"):
        with pytest.raises(AnsibleError):
            settled.arguments({"a": trust_as_template(template)})


def test_a_variable_that_was_met_before_it_was_set_is_settled_anew():
    values = {"result": "old", "alias": trust_as_template("{{ result }}-{{ other | default('none') }}")}
    settled = SettledVariables(Templar(DataLoader()), values)
    arguments = {"a": trust_as_template("{{ alias }}")}
    assert settled.arguments(arguments) == {"a": "old-none"}
    settled.set("other", "1")
    settled.set("result", "new")
    assert settled.arguments(arguments) == {"a": "new-1"}
