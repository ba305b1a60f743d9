"""An agent that is removed: the server is as it was before, but for a written list, wherever it was interrupted."""

from __future__ import annotations

import copy
import functools
import hashlib
import itertools
import json
import re

import by_day
import chain
import install_playbook
import pytest
import yaml
from emulator.engine import ConnectionDropped
from in_process import Server

HOSTINGS = ("iis", "service")
FOLDERS = ("Runtime", "Temp", "Work", "Mails", "Sources", ".im-removal")
HOST = "paris.contoso.com"
ACCOUNT = {"name": "CONTOSO\\svc-agent", "password": "canary-remove-account"}
NAMED, ALL = {"im_remove": HOST}, {"im_remove": HOST, "im_remove_data": True}
STAYS_OF_FILES = re.compile(
    r"C:\\(Program Files\\(IIS|dotnet)|Windows\\System32\\(inetsrv|dsa\.msc)|inetpub)(\\.*)?", re.IGNORECASE
)
STAYS_OF_REGISTRY = re.compile(
    r"HKLM\\(SOFTWARE\\Microsoft\\InetStp(\\.*)?|SOFTWARE\\WOW6432Node\\(dotnet|Microsoft\\Windows\\.*\\Uninstall)\\.*"
    r"|SYSTEM\\CurrentControlSet\\Services\\(W3SVC|WAS|HTTP\\Parameters\\SslSniBindingInfo"
    r"|SharedAccess\\.*\\FirewallRules))"
)
"""What Windows features and the hosting bundle have brought: both stay, and the empty parent of HTTP.sys's entries."""
NOTE_OF_A_JOB = f"C:\\Windows\\imops-{hashlib.sha256(chain.RUNTIME.lower().encode()).hexdigest()[:12]}.job"
"""What a verification leaves that launched a job and did not see its end."""
HISTORY = {"events", "downloads", "processes"}
FEATURES = {"features", "services", "iis"}


def variables(hosting="iis", **changes):
    given = {f"im_agent_{name}": value for name, value in chain.inventory(hosting=hosting).items() if value is not None}
    return given | {"inventory_hostname": HOST, "im_agent_verify_timeout": 0} | changes


def with_account(given):
    names = {"im_agent_identity_username": ACCOUNT["name"], "im_agent_identity_password": ACCOUNT["password"]}
    return names if given else {}


@functools.cache
def machines(hosting, account=False):
    """Return a server before and after the installation of an agent."""
    server = chain.server({"accounts": [ACCOUNT]})
    before = copy.deepcopy(server.machine)
    done = install_playbook.run(server, variables(hosting, **with_account(account)))
    assert [step.result["msg"] for step in done if step.result.get("failed")] == []
    server.machine.clock.wait(10)
    return before, server.machine


def installed(hosting="iis", account=False):
    return Server(copy.deepcopy(machines(hosting, account)[1]))


def remove(server, given, *, check=False):
    """Remove an agent; return the task's result."""
    done = install_playbook.run_roles(server, ["imops.identity_manager.im_remove"], given, check=check)
    return done[-1].result


def removed(server, given):
    done = remove(server, given)
    assert not done.get("failed"), done["msg"]
    return done


def state(server):
    return json.dumps(server.machine.dump(), sort_keys=True)


def lasting(machine):
    """Return a server without its history, and without times: what a removal has to bring back."""
    dump = {key: value for key, value in machine.dump().items() if key not in HISTORY}
    for entry in dump["files"].values():
        entry.pop("last_write", None)
    return dump


@pytest.mark.parametrize(("hosting", "account"), by_day.one_in(3, itertools.product(HOSTINGS, (False, True))))
def test_a_server_is_as_it_was_before_the_agent_but_for_a_written_list(hosting, account):
    server, given = installed(hosting, account), variables(hosting, **ALL, **with_account(account))
    server.machine.files.write(NOTE_OF_A_JOB, b"a-run/SynchroAD\n\n")
    done = chain.foretold(lambda target, check=False: remove(target, given, check=check), server)
    before, after = lasting(machines(hosting, account)[0]), lasting(server.machine)
    assert {key for key in before | after if before.get(key) != after.get(key)} <= {"files", "registry", *FEATURES}
    for kind, stays in (("files", STAYS_OF_FILES), ("registry", STAYS_OF_REGISTRY)):
        old, new = before[kind], after[kind]
        assert old.keys() <= new.keys()
        differing = {name for name in new if old.get(name) != new[name]}
        assert [name for name in sorted(differing) if not stays.fullmatch(name)] == []
    assert set(after["services"]) - set(before["services"]) <= {"W3SVC", "WAS"}
    if hosting == "iis":
        assert (after["iis"]["pools"], after["iis"]["sites"], after["iis"]["workers"]) == ({}, {}, [])
    assert json.dumps(after["certificates"]) == json.dumps(before["certificates"])
    assert re.search("Windows' own history", " ".join(done["stays"]))


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_second_removal_finds_nothing_and_changes_nothing(hosting):
    server = installed(hosting)
    removed(server, variables(hosting, **ALL))
    before = state(server)
    done = removed(server, variables(hosting, **ALL))
    assert done["changed"] is False
    assert "found nothing of the agent on the server" in done["warnings"][0]
    assert state(server) == before


def test_the_note_of_a_job_goes_alone_and_that_of_another_agent_stays():
    server, others = installed(), NOTE_OF_A_JOB.replace("imops-", "imops-0")
    removed(server, variables(**ALL))
    for path in (NOTE_OF_A_JOB, others):
        server.machine.files.write(path, b"a-run/SynchroAD\n\n")
    done = removed(server, variables(**ALL))
    assert done["removed"] == [f"file: {NOTE_OF_A_JOB}"]
    assert (server.machine.files.exists(NOTE_OF_A_JOB), server.machine.files.exists(others)) == (False, True)
    assert removed(server, variables(**ALL))["changed"] is False


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_data_and_what_users_put_there_stays_without_the_agent_s_rights_unless_it_is_asked_for(hosting):
    server = installed(hosting)
    files = server.machine.files
    mine = {f"{chain.WORKING}\\Work\\mine.csv": b"1", f"{chain.WORKING}\\notes.txt": b"2"}
    for path, content in mine.items():
        files.write(path, content)
    files.make_folder(f"{chain.WORKING}\\Runtime-7.0.1-0123abcd")
    files.make_folder(f"{chain.WORKING}\\Runtime.staged-0123abcd")
    files.make_folder(f"{chain.WORKING}\\Runtime-of-before")
    done = removed(server, variables(hosting, **NAMED))
    assert {path: files.read(path) for path in mine} == mine
    assert not files.exists(chain.RUNTIME)
    assert not files.exists(f"{chain.WORKING}\\Runtime-7.0.1-0123abcd")
    assert not files.exists(f"{chain.WORKING}\\Runtime.staged-0123abcd")
    assert files.exists(f"{chain.WORKING}\\Runtime-of-before"), "no name of ours"
    assert f"{chain.WORKING}\\notes.txt: data stays unless im_remove_data is true" in done["stays"]
    assert "can no longer be read" in " ".join(done["warnings"])
    assert [name for name in files.children(chain.WORKING) if name.startswith(".im-")] == [".im-removal"]
    for folder in (chain.WORKING, f"{chain.WORKING}\\Work", f"{chain.WORKING}\\Temp"):
        assert "S-1-5-8" not in files.sddl(folder), "no right of a pool or service that is gone"
    assert removed(server, variables(hosting, **NAMED))["changed"] is False
    removed(server, variables(hosting, **ALL))
    assert not files.exists(chain.WORKING), "the note tells whose data it is"


def test_data_in_folders_elsewhere_goes_with_the_rest_and_shares_stay():
    folders = {"Sources": "D:\\Exports"}
    server = chain.server({"drives": {"D": {}}})
    given = variables(im_agent_folders=folders, im_agent_sources_root_paths=["D:\\Exports"])
    done = install_playbook.run(server, given)
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    server.machine.files.write("D:\\Exports\\a.csv", b"1")
    assert "D:\\Exports: data stays" in " ".join(removed(server, given | NAMED)["stays"])
    removed(server, given | ALL)
    assert not server.machine.files.exists("D:\\Exports")
    assert server.machine.files.exists("D:\\")


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_runtime_elsewhere_goes_with_its_versions_and_nothing_else_beside_it(hosting):
    server = chain.server({"drives": {"D": {}}})
    folders = {"Runtime": "D:\\Agents\\Program", "Temp": "D:\\Agents\\Temp", "Work": "D:\\Agents\\Work"}
    given = variables(hosting, im_agent_folders=folders)
    done = install_playbook.run(server, given)
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    beside = ("Program-7.0.1-0123abcd", "Program.staged-0123abcd", "Program-files", "Programs", "Other-7.0.1-0123abcd")
    for name in beside:
        server.machine.files.make_folder(f"D:\\Agents\\{name}")
    removed(server, given | ALL)
    assert sorted(server.machine.files.children("D:\\Agents")) == ["Other-7.0.1-0123abcd", "Program-files", "Programs"]
    assert removed(server, given | ALL)["changed"] is False


def attempted(hosting, account, fault=None, locked=""):
    """Return a server on which something hindered a removal, and what it returned; None where it was interrupted."""
    server = installed(hosting, account)
    if locked:
        server.machine.files.lock(locked)
    server.engine.faults += [fault] if fault else []
    try:
        done = remove(server, variables(hosting, **ALL, **with_account(account)))
    except ConnectionDropped:
        done = None
    server.engine.faults.clear()
    server.machine.files.locked.clear()
    return server, done


@functools.cache
def removed_whole(hosting, account):
    server = installed(hosting, account)
    removed(server, variables(hosting, **ALL, **with_account(account)))
    return json.dumps(lasting(server.machine), sort_keys=True)


def test_the_note_of_an_interrupted_run_goes_too_since_it_has_secrets():
    server, note = installed("iis", False), f"{chain.RUNTIME}.before"
    server.machine.files.write(note, b"{}")
    removed(server, variables("iis", **NAMED, **with_account(False)))
    assert not server.machine.files.exists(note)


@pytest.mark.parametrize(
    ("hosting", "when", "write"), by_day.one_in(3, itertools.product(HOSTINGS, ("before", "after"), range(1, 9)))
)
def test_a_removal_that_was_cut_is_completed_by_the_next(hosting, when, write):
    account = True
    server, done = attempted(hosting, account, {"write": write, "when": when, "do": "drop"})
    if done is not None:
        assert write > 4, "each of the first executions is interrupted"
        assert not done.get("failed"), done["msg"]
    again = removed(server, variables(hosting, **ALL, **with_account(account)))
    assert json.dumps(lasting(server.machine), sort_keys=True) == removed_whole(hosting, account)
    assert again["changed"] is (done is None and not (when == "after" and again["removed"] == []))


@pytest.mark.parametrize(("hosting", "name"), by_day.one_in(5, itertools.product(HOSTINGS, FOLDERS)))
def test_a_folder_that_cannot_be_removed_is_an_error_and_the_next_run_goes_on(hosting, name):
    path = f"{chain.WORKING}\\{name}"
    server, done = attempted(hosting, False, locked=path)
    assert done["failed"], "somebody has it open"
    assert path in done["msg"]
    removed(server, variables(hosting, **ALL))
    assert json.dumps(lasting(server.machine), sort_keys=True) == removed_whole(hosting, False)


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_private_key_that_cannot_be_removed_is_found_again_by_the_next_run(hosting):
    store = installed(hosting).machine.certificates.dump()["LocalMachine\\My"]
    for pair in store.values():
        server, done = attempted(hosting, False, locked=pair["key_path"])
        assert done["failed"]
        removed(server, variables(hosting, **ALL))
        assert json.dumps(lasting(server.machine), sort_keys=True) == removed_whole(hosting, False)


def other_site(server):
    iis = server.machine.iis
    iis.create_site("Payroll", "C:\\inetpub\\wwwroot", chain.POOL, None)


def other_folder(server):
    server.machine.iis.set_site_path(chain.SITE, "C:\\inetpub\\wwwroot")


def other_program(server):
    key = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}"
    server.machine.registry.set(key, "ImagePath", "ExpandString", "C:\\Payroll\\payroll.exe --key canary-of-others")


def no_agent(server):
    for name in (".im-runtime", "Usercube-Agent.dll"):
        server.machine.files.remove(f"{chain.RUNTIME}\\{name}")


def neighbour_inside(server):
    folder = f"{chain.WORKING}\\Work\\Payroll"
    server.machine.files.make_folder(folder)
    server.machine.iis.create_site("Payroll", folder, "Payroll", None)


UNNAMED = "confirmed (im_remove): found {}, wanted the name of this host"
REFUSED = {
    "nobody named": ("iis", {"im_remove_data": True}, None, UNNAMED.format("nothing")),
    "another named": ("iis", {"im_remove": "lyon.contoso.com"}, None, UNNAMED.format("lyon.contoso.com")),
    "a part of its name": ("iis", {"im_remove": ["paris"]}, None, UNNAMED.format("paris")),
    "all": ("iis", {"im_remove": "all"}, None, UNNAMED.format("all")),
    "a pool of others": ("iis", ALL, other_site, "still runs applications of Payroll"),
    "a site of another folder": ("iis", ALL, other_folder, "found site Identity Manager AgentContoso with the folder"),
    "a service of another program": (
        "service",
        ALL,
        other_program,
        "that runs C:\\Payroll\\payroll.exe ********, wanted",
    ),
    "no agent in Runtime": ("iis", ALL, no_agent, "nobody can tell whose it is"),
    "a site in its data": ("iis", ALL, neighbour_inside, "which another site or service runs"),
    "a drive": ("iis", ALL | {"im_remove_working_directory": "C:\\"}, None, "found C:\\ as a folder of the agent"),
    "Windows": ("iis", ALL | {"im_remove_folders": {"Temp": "C:\\Windows"}}, None, "found C:\\Windows as a folder"),
    "an empty wish": ("iis", {"im_remove": ""}, None, UNNAMED.format("nothing")),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_not_meant_or_not_the_agent_s_own_is_refused_before_anything_is_removed(case):
    hosting, changes, prepare, message = case
    server = installed(hosting)
    if prepare:
        prepare(server)
    before = state(server)
    done = remove(server, variables(hosting, **changes))
    assert done["failed"]
    assert message in done["msg"]
    assert state(server) == before


OF_WINDOWS = (
    *("C:\\Windows\\System32", "c:\\windows\\system32\\CONFIG", "C:\\WINDOWS\\Temp\\", "C:\\Program Files\\dotnet"),
    *("C:\\ProgramData\\Microsoft\\Crypto", "C:\\Users\\Administrator", "C:\\inetpub\\wwwroot", "C:\\Program Files"),
)


@pytest.mark.parametrize("folder", ["Sources", "Runtime"])
@pytest.mark.parametrize("path", OF_WINDOWS)
def test_no_folder_of_windows_goes_with_an_agent(path, folder):
    server = installed()
    before = state(server)
    done = remove(server, variables(**ALL, im_remove_folders={folder: path}))
    assert "as a folder of the agent, wanted one of its own: nothing of it was removed" in done["msg"]
    assert state(server) == before


@pytest.mark.parametrize("path", ["C:\\Windows.old\\Agent", "C:\\inetpub\\wwwroot\\Agent", "C:\\Program Files\\Agent"])
def test_a_folder_beside_those_of_windows_may_be_the_agent_s(path):
    server = installed()
    server.machine.files.make_folder(path)
    removed(server, variables(**ALL, im_remove_folders={"Sources": path}))
    assert not server.machine.files.exists(path)
    assert server.machine.files.exists(path.rpartition("\\")[0])


@pytest.mark.parametrize("named", ["paris.contoso.com,lyon.contoso.com", ["lyon.contoso.com", HOST], f'["{HOST}"]'])
def test_a_list_of_hosts_may_be_given_in_any_form(named):
    assert remove(installed(), variables(im_remove=named), check=False)["changed"]


@pytest.mark.parametrize("check", [False, True])
def test_a_name_that_no_host_has_is_refused_with_the_nearest_before_anything_is_removed(check):
    server, lyon = installed(), "lyon.contoso.com"
    given = variables(groups={"all": [HOST, lyon], "agents": [HOST]})
    before = state(server)
    done = remove(server, given | {"im_remove": f"{HOST},lyom.contoso.com"}, check=check)
    assert (
        "found lyom.contoso.com, wanted names of hosts of the inventory (the nearest: lyon.contoso.com)" in done["msg"]
    )
    assert state(server) == before
    assert remove(server, given | {"im_remove": [HOST, lyon]}, check=check)["changed"]


def test_check_mode_lists_no_note_that_is_not_there():
    server = installed()
    assert ".im-removal" not in " ".join(remove(server, variables(), check=True)["stays"])
    assert ".im-removal: a note" in " ".join(removed(server, variables(**NAMED))["stays"])
    assert ".im-removal: a note" in " ".join(remove(server, variables(), check=True)["stays"])


def test_check_mode_needs_no_name_and_says_what_a_run_needs():
    server = installed()
    before = state(server)
    done = remove(server, variables(), check=True)
    assert done["changed"]
    assert f"only with -e im_remove={HOST}" in " ".join(done["warnings"])
    assert state(server) == before


def test_an_account_that_something_else_runs_as_keeps_its_right_and_its_rights():
    server = installed("iis", account=True)
    server.machine.services.create("Payroll", path="C:\\payroll.exe", account="svc-agent@contoso.com")
    rights = copy.deepcopy(server.machine.accounts.rights)
    folder = server.machine.files.sddl(f"{chain.WORKING}\\Work")
    done = removed(server, variables(**NAMED, **with_account(True)))
    assert server.machine.accounts.rights == rights
    assert server.machine.files.sddl(f"{chain.WORKING}\\Work") == folder
    assert "service Payroll runs as it too" in " ".join(done["stays"])


def test_a_pair_of_the_server_s_own_store_stays_and_only_the_agent_s_right_on_it_goes():
    server = chain.server({"certificates": [{"subject": "CN=given", "store": "My", "key": True, "days": 365}]})
    (given,) = server.machine.certificates.dump()["LocalMachine\\My"]
    pairs = [{"use": "encryption", "source": "store", "thumbprint": given}, *chain.inventory()["certificates"][1:]]
    inventory = variables(im_agent_certificates=pairs)
    key = server.machine.certificates.dump()["LocalMachine\\My"][given]["key_path"]
    before = server.machine.files.sddl(key)
    done = install_playbook.run(server, inventory)
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    assert server.machine.files.sddl(key) != before
    removed(server, inventory | ALL)
    assert set(server.machine.certificates.dump()["LocalMachine\\My"]) == {given}
    assert server.machine.files.sddl(key) == before


def test_a_certificate_that_another_site_serves_too_stays():
    server = installed()
    iis = server.machine.iis
    (served,) = [
        thumbprint
        for thumbprint in server.machine.certificates.dump()["LocalMachine\\My"]
        if iis.httpsys.get(f"{chain.HOST}:443", sni=True).thumbprint == thumbprint
    ]
    iis.httpsys.set("other.contoso.com:443", served, "My", sni=True)
    done = removed(server, variables(**ALL))
    assert served in server.machine.certificates.dump()["LocalMachine\\My"]
    assert iis.httpsys.get("other.contoso.com:443", sni=True) is not None
    assert iis.httpsys.get(f"{chain.HOST}:443", sni=True) is None
    assert "HTTP.sys serves it to others too" in " ".join(done["stays"])


@pytest.mark.parametrize("neighbour", [False, True])
def test_features_go_where_that_is_asked_for_and_nothing_else_needs_them(neighbour):
    server = installed()
    if neighbour:
        server.machine.iis.create_site("Payroll", "C:\\inetpub\\wwwroot", "Payroll", None)
    server.machine.iis.create_site("Default Web Site", "C:\\inetpub\\wwwroot", "DefaultAppPool", None)
    names = ["Web-Server", "Web-AppInit", "RSAT-ADDS-Tools"]
    done = removed(server, variables(**ALL, im_remove_features=names))
    there = {name for name in names if server.machine.features.installed(name)}
    assert there == ({"Web-Server", "Web-AppInit"} if neighbour else set())
    assert ("Payroll" in " ".join(done["stays"])) is neighbour


def test_settings_that_cannot_be_read_do_not_hinder_a_removal_and_what_they_alone_name_is_told():
    server = installed()
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", b"{")
    done = removed(server, variables(**ALL))
    assert "cannot be read" in " ".join(done["stays"])
    assert not server.machine.files.exists(chain.WORKING)


def test_a_store_that_the_server_does_not_have_hinders_no_removal():
    pairs = [{**chain.inventory()["certificates"][0], "store_name": "Nowhere"}, *chain.inventory()["certificates"][1:]]
    removed(installed(), variables(**ALL, im_agent_certificates=pairs))


def test_the_integration_team_is_told_what_to_take_out_and_no_secret():
    done = remove(installed(), variables(), check=True)
    assert done["server_configuration"][0] == 'the Agent with Identifier="Paris"'
    assert 'OpenIdClient with Identifier="Job"' in " ".join(done["server_configuration"])
    assert "canary" not in json.dumps(done)


@pytest.mark.parametrize("hosting", HOSTINGS)
@pytest.mark.parametrize("drain", ["wait", "refuse", "ignore"])
def test_while_a_job_runs_nothing_is_removed_and_the_next_run_does_it(hosting, drain):
    server = installed(hosting)
    server.machine.running.start(f"{chain.RUNTIME}\\Usercube-Invoke-Job.exe", 2000)
    before = lasting(server.machine)
    given = variables(hosting, **ALL, im_agent_drain=drain, im_agent_drain_minutes=1)
    done = remove(server, given)
    assert "Usercube-Invoke-Job.exe, process " in done["msg"]
    assert lasting(server.machine) == before
    server.machine.clock.wait(3000)
    removed(server, given)
    assert not server.machine.files.exists(chain.WORKING)


def test_the_example_of_the_readme_is_refused_until_somebody_names_the_host():
    text = (chain.ROOT / "roles" / "im_remove" / "README.md").read_text("utf-8")
    (play,) = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    roles = [one["role"] for one in play["roles"]]
    server = installed()
    before = state(server)
    (refused,) = install_playbook.run_roles(server, roles, variables())[-1:]
    assert "wanted the name of this host" in refused.result["msg"]
    assert state(server) == before
    assert install_playbook.run_roles(server, roles, variables(**NAMED))[-1].changed
