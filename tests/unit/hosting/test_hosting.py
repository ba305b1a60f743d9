"""Pool, site and rights on servers that somebody has touched: what is changed, in which order, and what is refused."""

from __future__ import annotations

import json

import chain
import pytest
from emulator.windows.security.descriptors import pool_sid

ACCOUNT, PASSWORD = "CONTOSO\\svc-agent", "Canary-Pa55word"
IIS = {
    "features": ["Web-Server", "Web-AppInit"],
    "packages": [{"version": "8.0.22"}],
    "accounts": [{"name": ACCOUNT, "password": PASSWORD}, {"name": "CONTOSO\\agent$", "kind": "gmsa"}],
    "certificates": [{"subject": "CN=agent.contoso.com", "names": ["agent.contoso.com"]}],
    "files": {"C:\\site": {"folder": True}},
    "pools": [{"name": "Agent"}],
}


@pytest.fixture
def server():
    return chain.server(IIS)


def twice(server, module, arguments):
    """Run a module in check mode, for real, and again; return the real result after holding all three together."""
    before = json.dumps(server.machine.dump(), sort_keys=True)
    server.new_run()
    predicted = server.run(module, arguments, check=True)
    assert json.dumps(server.machine.dump(), sort_keys=True) == before
    server.new_run()
    done = server.run(module, arguments)
    assert not done.get("failed"), done
    assert predicted["changed"] == done["changed"]
    server.new_run()
    again = server.run(module, arguments)
    assert again["changed"] is False, again
    return done


def identity(user=ACCOUNT, password=PASSWORD):
    return {"name": "Agent", "identity": "specific_user", "username": user, "password": password}


def test_a_rotated_password_is_applied_also_when_only_its_case_changed_and_never_told(server):
    assert twice(server, "win_im_apppool", identity())["changed"]
    assert server.machine.iis.pool_password("Agent") == PASSWORD
    server.machine.accounts.find(ACCOUNT).password = PASSWORD.upper()
    rotated = twice(server, "win_im_apppool", identity(password=PASSWORD.upper()))
    assert server.machine.iis.pool_password("Agent") == PASSWORD.upper()
    seen = json.dumps([rotated, server.machine.dump()["events"], server.machine.dump()["processes"]])
    assert PASSWORD not in seen
    assert PASSWORD.upper() not in seen
    assert "******** (changed)" in seen


def test_going_back_to_the_pools_own_identity_clears_the_account(server):
    twice(server, "win_im_apppool", identity())
    twice(server, "win_im_apppool", {"name": "Agent"})
    iis = server.machine.iis
    assert iis.pool_attribute("Agent", "processModel.identityType") == "ApplicationPoolIdentity"
    assert iis.pool_attribute("Agent", "processModel.userName") == ""
    assert iis.pool_password("Agent") == ""


def test_a_gmsa_needs_no_password(server):
    twice(
        server,
        "win_im_apppool",
        {"name": "Agent", "identity": "specific_user", "username": "CONTOSO\\agent$", "password": None},
    )
    assert server.machine.iis.pool_account("Agent") == "CONTOSO\\agent$"


def test_a_running_pool_is_stopped_and_started_once_however_much_changes(server):
    arguments = {"name": "Agent", "state": "started", "idle_timeout_minutes": 5, "attributes": {"queueLength": 2000}}
    twice(server, "win_im_apppool", arguments)
    calls = [a for n, a, _ in server.engine.calls if n == "microsoft.iis.web_app_pool" or n.endswith("win_im_write")]
    ordered = [one for a in calls for one in a.get("operations", [a]) if one.get("operation", "pool") == "pool"]
    assert [(one["name"], one["state"]) for one in ordered] == [
        ("Agent", "Stopped"),
        ("Agent", "present"),
        ("Agent", "started"),
    ]
    assert server.machine.iis.recycles == {}


POOL_REFUSED = {
    "label for no managed code": ({"managed_runtime_version": "No Managed Code"}, "empty string"),
    "unknown attribute": ({"attributes": {"processModel.idleTime": 1}}, "no attribute 'processModel.idleTime'"),
    "bad time": ({"attributes": {"processModel.pingInterval": "90"}}, "hh:mm:ss"),
    "bad step": ({"attributes": {"processModel.idleTimeout": "00:00:30"}}, "whole minutes"),
    "bad enum": ({"attributes": {"managedPipelineMode": "Fancy"}}, "Integrated, Classic"),
    "unknown flag": ({"attributes": {"recycling.logEventOnRecycle": "Time, Never"}}, "some of Time, Requests"),
    "out of range": ({"attributes": {"queueLength": 5}}, "10 to 65535"),
    "local system": ({"identity": "local_system"}, "force_identity"),
    "account without name": ({"identity": "specific_user", "password": "x"}, "username"),
    "account without password": ({"identity": "specific_user", "username": "CONTOSO\\x"}, "password"),
    "name without account": ({"username": "CONTOSO\\x"}, "wanted with specific_user"),
    "password among attributes": ({"attributes": {"processModel.password": "x"}}, "options identity"),
}


@pytest.mark.parametrize("name", POOL_REFUSED)
def test_a_pool_that_cannot_be_is_refused_before_anything_is_sent(server, name):
    options, reason = POOL_REFUSED[name]
    result = server.run("win_im_apppool", {"name": "Agent", **options})
    assert result["failed"]
    assert reason in result["msg"]
    assert server.executions == 0


def site(server, **changes):
    thumbprint = server.machine.certificates.all("LocalMachine", "My")[0].thumbprint
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": thumbprint}
    return {"name": "Agent", "path": "C:\\site", "pool": "Agent", "bindings": [binding], "state": "started", **changes}


def test_a_renewed_certificate_is_served_and_announced_as_a_difference(server):
    twice(server, "win_im_site", site(server))
    other = server.machine.certificates.make(subject="CN=new", names=["agent.contoso.com"])
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": other.thumbprint}
    done = twice(server, "win_im_site", site(server, bindings=[binding]))
    assert other.thumbprint in json.dumps(done["diff"])
    assert server.machine.iis.httpsys.get("agent.contoso.com:443", sni=True).thumbprint == other.thumbprint


def test_surplus_bindings_go_and_the_wanted_ones_stay_though_iis_takes_them_along(server):
    thumbprint = server.machine.certificates.all("LocalMachine", "My")[0].thumbprint
    more = [
        {"host_name": "agent.contoso.com", "certificate_thumbprint": thumbprint},
        {"host_name": "old.contoso.com", "certificate_thumbprint": thumbprint},
        {"protocol": "http", "port": 8080},
    ]
    twice(server, "win_im_site", site(server, bindings=more))
    twice(server, "win_im_site", site(server))
    assert [b.information for b in server.machine.iis.bindings("Agent")] == ["*:443:agent.contoso.com"]


def test_check_mode_does_not_change_a_certificate_as_the_module_underneath_would(server):
    twice(server, "win_im_site", site(server))
    other = server.machine.certificates.make(subject="CN=new", names=["agent.contoso.com"])
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": other.thumbprint}
    server.new_run()
    assert server.run("win_im_site", site(server, bindings=[binding]), check=True)["changed"]
    assert server.machine.iis.httpsys.get("agent.contoso.com:443", sni=True).thumbprint != other.thumbprint


def test_a_binding_is_not_edited_beside_bindings_of_other_protocols(server):
    twice(server, "win_im_site", site(server))
    server.machine.iis.add_binding("Agent", "net.tcp", "808:*")
    server.new_run()
    assert server.run("win_im_site", site(server))["changed"] is False
    other = server.machine.certificates.make(subject="CN=new", names=["agent.contoso.com"])
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": other.thumbprint}
    server.new_run()
    before = json.dumps(server.machine.dump(), sort_keys=True)
    assert "has 1 bindings that are neither http" in server.run("win_im_site", site(server, bindings=[binding]))["msg"]
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


def test_further_flags_of_a_binding_are_left_alone_until_it_has_to_be_edited(server):
    twice(server, "win_im_site", site(server))
    server.machine.iis.set_binding("Agent", 0, "sslFlags", str(1 | 4))  # 4: no HTTP/2
    server.new_run()
    assert server.run("win_im_site", site(server))["changed"] is False
    other = server.machine.certificates.make(subject="CN=new", names=["agent.contoso.com"])
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": other.thumbprint}
    server.new_run()
    assert "has sslFlags 5" in server.run("win_im_site", site(server, bindings=[binding]))["msg"]


SITE_REFUSED = {
    "no such folder": ({"path": "C:\\nowhere"}, "win_im_working_directory"),
    "no such pool": ({"pool": "Nobody"}, "win_im_apppool"),
    "no such certificate": ({"bindings": [{"host_name": "a", "certificate_thumbprint": "A" * 40}]}, "win_im_cert_pair"),
    "no certificate": ({"bindings": [{"host_name": "a"}]}, "certificate_thumbprint"),
    "no bindings": ({"bindings": []}, "at least one"),
    "the same binding twice": ({"bindings": [{"protocol": "http"}, {"protocol": "http"}]}, "twice"),
    "sni without a name": ({"bindings": [{"sni": True, "certificate_thumbprint": "A" * 40}]}, "host_name"),
    "port out of range": ({"bindings": [{"protocol": "http", "port": 70000}]}, "65535"),
    "relative path": ({"path": "site"}, "absolute Windows path"),
}


@pytest.mark.parametrize("name", SITE_REFUSED)
def test_a_site_that_cannot_be_is_refused_before_anything_is_written(server, name):
    options, reason = SITE_REFUSED[name]
    before = json.dumps(server.machine.dump(), sort_keys=True)
    result = server.run("win_im_site", site(server, **options))
    assert result["failed"]
    assert reason in result["msg"]
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


SID = pool_sid("Agent")
RIGHTS = {
    "too wide": f"O:BAD:AI(A;OICI;FA;;;{SID})",
    "too narrow": f"O:BAD:AI(A;OICI;0x120089;;;{SID})",
    "in two entries": f"O:BAD:AI(A;OICI;0x120089;;;{SID})(A;CI;0x100116;;;{SID})",
    "denied": f"O:BAD:AI(D;OICI;0x2;;;{SID})",
    "denied by icacls": f"O:BAD:AI(D;OICI;0x100116;;;{SID})",
    "without Synchronize": f"O:BAD:AI(A;OICI;0x201ff;;;{SID})",
    "generic below": f"O:BAD:AI(A;OICIIO;GA;;;{SID})",
    "only below": f"O:BAD:AI(A;OICIIO;0x1301bf;;;{SID})",
    "inheritance off": "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;SY)",
    "nothing": "O:BAD:AI",
}


@pytest.mark.parametrize("name", RIGHTS)
def test_rights_become_exactly_what_is_wanted_whatever_they_were(name):
    folders = {f"C:\\im\\{folder}": {"folder": True} for folder in ("Runtime", "Temp", "Work", "Mails", "Sources")}
    folders["C:\\im\\Temp"]["sddl"] = RIGHTS[name]
    server = chain.server({**IIS, "files": folders})
    twice(server, "win_im_permissions", {"working_directory": "C:\\im", "identity": {"pool": "Agent"}})
    own = [ace for ace in server.machine.files.entry("C:\\im\\Temp").explicit if ace.sid == SID]
    assert [(a.kind, a.flags, a.rights) for a in own] == [("A", frozenset({"OI", "CI"}), 0x1301BF)]
    assert server.machine.files.entry("C:\\im\\Runtime").explicit == ()


def test_a_foreign_denial_and_foreign_grants_stay():
    sddl = "O:BAD:AI(D;OICI;0x2;;;BG)(A;OICI;FA;;;AU)"
    folders = {f"C:\\im\\{folder}": {"folder": True} for folder in ("Runtime", "Work", "Mails", "Sources")}
    server = chain.server({**IIS, "files": {**folders, "C:\\im\\Temp": {"folder": True, "sddl": sddl}}})
    twice(server, "win_im_permissions", {"working_directory": "C:\\im", "identity": {"pool": "Agent"}})
    kept = {ace.sid for ace in server.machine.files.entry("C:\\im\\Temp").explicit}
    assert {"S-1-5-32-546", "S-1-5-11", SID} == kept


def test_an_unknown_account_is_refused_with_the_forms_that_are_understood(server):
    result = server.run(
        "win_im_permissions", {"working_directory": "C:\\site", "identity": {"account": "CONTOSO\\nobody"}}
    )
    assert "knows no account 'CONTOSO\\\\nobody'" in result["msg"]
    assert "user@domain" in result["msg"]


def test_a_change_of_the_pool_s_account_is_predicted_exactly():
    server = chain.server({"accounts": IIS["accounts"]})
    chain.converge(server)
    wanted = chain.inventory(identity_username=ACCOUNT, identity_password=PASSWORD)
    predicted = chain.converge(server, wanted, check=True)
    done = chain.converge(server, wanted)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    assert server.machine.iis.recycles == {}
    assert chain.changed(chain.converge(server, wanted)) == set()


COPIES = "C:\\Windows\\System32\\inetsrv\\backup\\imops"


def copies(server):
    files = server.machine.files
    return sorted(files.children(COPIES)) if files.is_folder(COPIES) else []


def configuration(server):
    return server.machine.files.read("C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config")


@pytest.mark.parametrize("server_", [{}, {"features": ["Web-Server"]}], ids=["bare", "IIS present"])
def test_the_configuration_of_iis_is_copied_before_the_first_change_of_a_run_and_only_then(server_):
    server = chain.server(server_)
    before = configuration(server) if server_ else None
    done = chain.converge(server)
    backups = [task for task, result in done.items() for o in result.get("operations", ()) if o.startswith("back up")]
    assert backups == ["win_im_prerequisites" if server_ else "win_im_apppool"]
    (copy,) = copies(server)
    assert before is None or server.machine.files.read(f"{COPIES}\\{copy}") == before
    chain.converge(server)
    assert copies(server) == [copy], "nothing was changed"
    again = chain.converge(server, chain.inventory(https_port="8443"))
    assert chain.failures(again) == []
    assert len(copies(server)) == 2


def test_as_many_copies_are_kept_as_asked_for(server):
    for minutes in range(1, 6):
        twice(server, "win_im_apppool", {"name": "Agent", "idle_timeout_minutes": minutes, "backup_count": 2})
    assert len(copies(server)) == 2
    twice(server, "win_im_apppool", {"name": "Agent", "idle_timeout_minutes": 9, "backup_count": 0})
    assert len(copies(server)) == 2


def test_the_newest_copy_put_back_is_the_configuration_before_the_run():
    """The guide's way back (docs/hosting.md, "Back to the former configuration of IIS"), step by step."""
    server = chain.installed()
    before, sites = configuration(server), server.machine.iis.dump()
    chain.converge(server, chain.inventory(https_port="8443"))
    assert configuration(server) != before
    path = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
    newest = f"{COPIES}\\{copies(server)[-1]}"
    service = {"name": "W3SVC", "state": "stopped"}
    for module, arguments in (
        ("ansible.windows.win_service", service),
        ("ansible.windows.win_service", {"name": "WAS", "state": "stopped", "force_dependent_services": True}),
        ("ansible.windows.win_copy", {"src": newest, "dest": path, "remote_src": True}),
        ("ansible.windows.win_service", {"name": "W3SVC", "state": "started"}),
    ):
        result = server.engine.call(module, arguments)
        assert not result.get("failed"), result
    assert configuration(server) == before
    assert server.machine.iis.dump()["sites"] == sites["sites"]
    health = server.run("win_im_agent_health", chain.arguments("win_im_agent_health", chain.inventory(), {}))
    assert health["verified"] is True, health


def test_the_report_says_what_the_identity_may_do_through_its_groups_alone(server):
    folders = {f"C:\\im\\{folder}": {"folder": True} for folder in ("Runtime", "Temp", "Work", "Mails", "Sources")}
    folders["C:\\im\\Temp"]["sddl"] = "O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;OICI;0x1301bf;;;IS)"
    folders["C:\\im\\Work"]["sddl"] = f"O:BAD:PAI(A;OICI;FA;;;BA)(A;OICI;FA;;;{SID})"
    server = chain.server({**IIS, "files": folders})
    done = server.run("win_im_permissions", {"working_directory": "C:\\im", "identity": {"pool": "Agent"}}, check=True)
    assert done["rights_by_groups"]["C:\\im\\Temp"] == "Modify through IIS_IUSRS, Users"
    assert done["rights_by_groups"]["C:\\im\\Work"] == "none"


FORMS = {"CONTOSO\\svc-agent": ACCOUNT, "svc-agent@contoso.com": ACCOUNT, ".\\local-agent": ".\\local-agent"}


@pytest.mark.parametrize("form", FORMS)
def test_an_account_may_be_written_in_each_form_of_windows(form):
    server = chain.server({**IIS, "accounts": [*IIS["accounts"], {"name": ".\\local-agent", "password": PASSWORD}]})
    assert twice(server, "win_im_apppool", identity(user=form))["changed"]
    assert server.machine.iis.pool_account("Agent").lower() == form.lower()
    held = server.machine.accounts.rights["SeBatchLogonRight"]
    assert server.machine.accounts.sid(FORMS[form]) in held
    folders = {"working_directory": "C:\\site", "identity": {"account": form}}
    server.machine.files.make_folder("C:\\site\\Runtime")
    for folder in ("Temp", "Work", "Mails", "Sources"):
        server.machine.files.make_folder(f"C:\\site\\{folder}")
    done = twice(server, "win_im_permissions", folders)
    assert done["identity_sid"] == server.machine.accounts.sid(FORMS[form])
