"""What other people use in IIS is not removed with the agent's, and what IIS reads elsewhere is not changed here."""

from __future__ import annotations

import chain
import pytest
from emulator.windows.iis.defaults import CONFIG_PATH

HTTP = {"protocol": "http", "port": 8443}
IIS = {"features": ["Web-Server"], "pools": [{"name": "Agent"}], "files": {"C:\\site": {"folder": True}}}
TASK = {"name": "Agent", "path": "C:\\site", "pool": "Agent", "bindings": [HTTP], "remove_defaults": True}
FURTHER = '<virtualDirectory path="/CertEnroll" physicalPath="C:\\CertEnroll" /></application>'
REDIRECT = '<system.webServer><httpRedirect enabled="true" /></system.webServer>'
LOCATION = f'<location path="{{}}">{REDIRECT}</location></configuration>'
CHANGED = {
    "a virtual directory": (("</application>", FURTHER), "it has the virtual directory /CertEnroll"),
    "a location": (("</configuration>", LOCATION.format("Default Web Site")), "for the location Default Web Site"),
    "a location below": (
        ("</configuration>", LOCATION.format("default web site/a")),
        "location default web site/a",
    ),
    "an attribute": (('id="1"', 'id="1" serverAutoStart="true"><limits/'), "site has limits"),
}


def server(**behaviours):
    return chain.server(IIS | {"behaviours": behaviours})


def edit(target, old, new):
    text = target.machine.files.read(CONFIG_PATH).decode()
    assert old in text
    target.machine.files.write(CONFIG_PATH, text.replace(old, new, 1).encode())


def refused(target, module, arguments):
    """Return the message of a refusal, the same in check mode, that has changed nothing."""
    before = target.machine.files.read(CONFIG_PATH)
    messages = set()
    for check in (True, False):
        target.new_run()
        done = target.run(module, arguments, check=check)
        assert done.get("failed"), done
        messages.add(done["msg"])
    assert target.machine.files.read(CONFIG_PATH) == before
    (message,) = messages
    return message


def test_the_untouched_default_site_and_pool_go():
    target = server()
    done = target.run("win_im_site", TASK)
    assert not done.get("failed"), done
    assert not target.machine.iis.has_site("Default Web Site")
    assert not target.machine.iis.has_pool("DefaultAppPool")


@pytest.mark.parametrize(("change", "words"), CHANGED.values(), ids=CHANGED)
def test_a_default_site_that_somebody_uses_stays(change, words):
    target = server()
    edit(target, *change)
    message = refused(target, "win_im_site", TASK)
    assert words in message
    assert "Nothing was removed" in message


def test_a_default_site_with_somebodys_pages_stays():
    target = server()
    target.machine.files.make_folder("C:\\inetpub\\wwwroot\\portal")
    target.machine.files.write("C:\\inetpub\\wwwroot\\portal\\index.html", b"x")
    assert "its folder has the files portal\\index.html" in refused(target, "win_im_site", TASK)


def test_the_default_pool_stays_where_an_application_below_another_site_runs_in_it():
    target = server(neighbour_in_default_pool={})
    assert "application pool DefaultAppPool is not as IIS created it: it serves Intranet" in refused(
        target, "win_im_site", TASK
    )


def test_the_agents_pool_stays_while_another_site_uses_it():
    target = chain.server(IIS | {"sites": [{"name": "Other", "path": "C:\\site", "pool": "Agent"}]})
    message = refused(target, "win_im_apppool", {"name": "Agent", "state": "absent"})
    assert "application pool Agent still runs applications of Other" in message


def test_the_agents_site_stays_while_applications_lie_below_it():
    target = chain.server(IIS | {"sites": [{"name": "Site", "path": "C:\\site", "pool": "Agent"}]})
    root = '<application path="/" applicationPool="Agent"'
    folder = '<virtualDirectory path="/" physicalPath="C:\\api" />'
    edit(target, root, f'<application path="/api">{folder}</application>{root}')
    message = refused(target, "win_im_site", {"name": "Site", "state": "absent"})
    assert "site Site has further applications (/api)" in message


@pytest.mark.parametrize(
    ("module", "arguments"), [("win_im_apppool", {"name": "Agent"}), ("win_im_site", TASK)], ids=["pool", "site"]
)
def test_a_shared_configuration_is_refused(module, arguments):
    assert "found a shared configuration of IIS" in refused(server(shared_configuration={}), module, arguments)


@pytest.mark.parametrize(
    ("ip", "words"),
    [
        ("10.0.0.300", "wanted '*' or an IPv4 address"),
        ("ALL", "wanted '*' or an IPv4 address"),
        ("::1", "microsoft.iis.website cannot set such a binding"),
        ("[::1]", "microsoft.iis.website cannot set such a binding"),
    ],
)
def test_an_address_that_no_binding_can_have_is_refused(ip, words):
    assert words in refused(server(), "win_im_site", TASK | {"bindings": [HTTP | {"ip": ip}]})


def test_an_ipv6_binding_that_is_not_wanted_is_refused_since_it_would_stay():
    binding = {"protocol": "http", "information": "[::1]:8090:"}
    found = {"name": "Agent", "path": "C:\\site", "pool": "Agent", "bindings": [binding]}
    target = chain.server(IIS | {"sites": [found]})
    assert "has the IPv6 binding [::1]:8090:" in refused(target, "win_im_site", TASK)


def test_a_pool_that_starts_by_hand_only_starts_by_itself_afterwards():
    target = server()
    edit(target, '<add name="Agent"', '<add name="Agent" autoStart="false"')
    assert not target.run("win_im_apppool", {"name": "Agent", "state": "started"}).get("failed")
    assert target.machine.iis.pool_attribute("Agent", "autoStart") is True


def test_a_site_that_starts_by_hand_only_is_told():
    target = chain.server(IIS | {"sites": [{"name": "Agent", "path": "C:\\site", "pool": "Agent"}]})
    edit(target, '<site name="Agent"', '<site serverAutoStart="false" name="Agent"')
    done = target.run("win_im_site", TASK | {"state": "started", "remove_defaults": False})
    assert [w for w in done["warnings"] if "serverAutoStart=false" in w]


def test_what_a_pool_inherits_from_changed_defaults_is_told():
    target = server()
    defaults = '<applicationPoolDefaults managedRuntimeVersion="v4.0"'
    schedule = '<recycling><periodicRestart><schedule><add value="03:00:00" /></schedule></periodicRestart></recycling>'
    edit(target, defaults + ">", f'{defaults} enable32BitAppOnWin64="true">{schedule}')
    for name in ("Agent", "New"):
        target.new_run()
        (told,) = target.run("win_im_apppool", {"name": name})["warnings"]
        assert f"{name} inherits enable32BitAppOnWin64, recycling.periodicRestart.schedule from" in told
    target.new_run()
    given = {"name": "Agent", "attributes": {"enable32BitAppOnWin64": False}}
    assert "enable32" not in target.run("win_im_apppool", given)["warnings"][0]


def test_copies_of_the_configuration_are_kept_for_administrators_only():
    target = chain.server({"features": ["Web-Server"]})
    done = target.run("win_im_apppool", {"name": "Agent"})
    assert not done.get("failed"), done
    rights = target.machine.files.sddl("C:\\Windows\\System32\\inetsrv\\backup\\imops")
    assert rights.partition("D:")[2] == "PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
