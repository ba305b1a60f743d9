"""Configurations from public reports, each as its file has it: what others use stays, and the cause is named."""

from __future__ import annotations

from pathlib import Path

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import sddl, sddl_text
from emulator.windows.iis.defaults import CONFIG_PATH

FILES = Path(__file__).parent / "reported"
HTTP = {"protocol": "http", "port": 8443}
IIS = {"features": ["Web-Server"], "pools": [{"name": "Agent"}], "files": {"C:\\site": {"folder": True}}}
TASK = {"name": "Agent", "path": "C:\\site", "pool": "Agent", "bindings": [HTTP], "remove_defaults": True}
POOL = '<add name="ShopPool" />'


def content(name):
    return (FILES / name).read_text("utf-8").strip()


def server(*edits):
    """Return a server with IIS and an empty site, whose configuration has texts put before others."""
    found = chain.server(IIS)
    text = found.machine.files.read(CONFIG_PATH).decode()
    for before, new in edits:
        assert before in text
        text = text.replace(before, new + before, 1)
    found.machine.files.write(CONFIG_PATH, text.encode())
    return found


def refusal(target, module, arguments):
    """Return the message of a refusal that has changed nothing."""
    before = target.machine.files.read(CONFIG_PATH)
    done = target.run(module, arguments)
    assert done.get("failed"), done
    assert target.machine.files.read(CONFIG_PATH) == before
    return done["msg"]


IN_THE_WAY = {
    "01_default_site_location.xml": ("</configuration>", "for the location Default Web Site"),
    "01_default_site_virtual_directory.xml": ("</application>", "it has the virtual directory /CertEnroll"),
    "02_sub_application_in_default_pool.xml": ("</sites>", "it serves Shop"),
}


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_iis_defaults_that_somebody_uses_stay(name):
    place, words = IN_THE_WAY[name]
    target = server((place, content(name)), ("<applicationPoolDefaults", POOL))
    assert words in refusal(target, "win_im_site", TASK)


def test_the_pool_of_the_agent_stays_while_another_site_runs_in_it():
    pool = f'<add name="{chain.POOL}" />'
    target = server(("</sites>", content("02_other_site_in_our_pool.xml")), ("<applicationPoolDefaults", pool))
    assert "Other" in refusal(target, "win_im_apppool", {"name": chain.POOL, "state": "absent"})


def test_a_shared_configuration_is_refused_with_its_path():
    target = server()
    path = "C:\\Windows\\System32\\inetsrv\\config\\redirection.config"
    target.machine.files.write(path, content("05_redirection.config").encode())
    assert "its path is C:\\shared" in refusal(target, "win_im_site", TASK)


def https(target, **more):
    own = target.machine.certificates.make(subject="CN=agent", names=["agent.contoso.com"])
    binding = {"host_name": "agent.contoso.com", "certificate_thumbprint": own.thumbprint, **more}
    return {**TASK, "bindings": [binding], "remove_defaults": False}, own.thumbprint


def test_a_certificate_that_another_site_shares_without_sni_is_told_of_a_new_site_too():
    bindings = f"<bindings>{content('06_binding_without_sni.xml')}</bindings>"
    shop = f'<site name="Shop" id="7"><application path="/" applicationPool="ShopPool" />{bindings}</site>'
    target = server(("</sites>", shop))
    other = target.machine.certificates.make(subject="CN=shop", names=["shop.contoso.com"])
    target.machine.iis.httpsys.set("0.0.0.0:443", other.thumbprint, "My", sni=False)
    task, _own = https(target, sni=False)
    done = target.run("win_im_site", task)
    assert not done.get("failed"), done
    assert "is replaced for Shop too" in " ".join(done["warnings"])


ADDRESSES = {
    "10.0.0.7:443": True,
    "[fd00::7]:443": True,
    "0.0.0.0:443": False,
    "[::]:443": False,
    "10.0.0.7:8443": False,
}


@pytest.mark.parametrize("endpoint", ADDRESSES)
def test_a_certificate_for_one_address_of_the_server_is_told_since_it_comes_first(endpoint):
    target = server()
    other = target.machine.certificates.make(subject="CN=other", names=["other.contoso.com"])
    target.machine.iis.httpsys.set(endpoint, other.thumbprint, "My", sni=False)
    task, own = https(target)
    done = target.run("win_im_site", task)
    assert not done.get("failed"), done
    told = [text for text in done.get("warnings", []) if f"for {endpoint}, which comes before" in text]
    assert bool(told) is ADDRESSES[endpoint]
    assert all(other.thumbprint in text and own in text for text in told)
    if endpoint == "10.0.0.7:443":
        served = target.machine.iis.httpsys.served("10.0.0.7", 443, "agent.contoso.com")
        assert served.thumbprint == other.thumbprint


def lists():
    return [line.partition("   #")[0] for line in content("07_sddl.txt").splitlines()]


def test_a_denial_behind_a_conditional_entry_counts():
    read = sddl.parse(lists()[0])
    assert [ace.allows for ace in read.of(sddl.USERS)] == [False]
    assert read.conditional


def test_what_stands_behind_a_conditional_entry_is_read():
    assert sddl.parse(lists()[1].replace("{SID(BA)}", "SID(BA)")).of("S-1-5-18")


def test_a_text_that_is_cut_off_is_an_error():
    with pytest.raises(sddl_text.BadSddl, match="breaks off, wanted a whole entry"):
        sddl.parse(lists()[2])


def test_without_an_access_list_everybody_may_do_everything():
    assert sddl.parse(lists()[3]).granted({sddl.EVERYONE}) == sddl.NAMES["FullControl"]


def test_a_text_inside_the_audit_list_is_not_taken_for_the_access_list():
    with pytest.raises(sddl_text.BadSddl, match="no access list in"):
        sddl.parse(lists()[4])


@pytest.mark.parametrize("sid", ["S-1-5-21-1-2-3-500", "S-1-5-21-1-2-3-512", "S-1-15-2-1"])
def test_aliases_are_resolved(sid):
    assert [ace.allows for ace in sddl.parse(lists()[5]).of(sid)] == [True]
