"""What else is on a server: other sites, other programs, other people's files."""

from __future__ import annotations

import time

import pytest
from emulator.windows.iis.defaults import CONFIG_PATH
from emulator.windows.network.network import HttpRequest
from emulator.windows.security import descriptors
from in_process import Server, machine

ANCM = "IIS AspNetCore Module V2"


def server(**behaviours):
    return machine({"behaviours": behaviours}, "srv")


def get(target, port, host="localhost", **fields):
    return target.network.request(HttpRequest("127.0.0.1", port, tls=False, server_name=host, host=host, **fields))


def test_a_neighbours_application_answers_and_its_events_name_its_own_path():
    target = server(neighbour_site={"executions": 2})
    assert b"Shop" in get(target, 8090).body
    target.clock.wait(4)
    events = [event for event in target.events.entries if event.provider == ANCM]
    assert all("C:\\inetpub\\shop\\" in event.message for event in events)
    assert [event.id for event in events][-2:] == [1007, 1032]


def test_an_application_of_a_neighbour_inherits_the_default_pool():
    target = server(neighbour_in_default_pool={})
    text = target.files.read(CONFIG_PATH).decode()
    assert '<application path="/api" applicationPool="DefaultAppPool">' in text
    assert '<application path="/old">' in text


def test_a_neighbour_without_sni_holds_the_address_and_port():
    target = server(neighbour_without_sni={})
    assert target.iis.httpsys.get("0.0.0.0:443", sni=False)
    assert [binding.ssl_flags for binding in target.iis.bindings("Portal")] == [0]


def test_a_foreign_entry_of_http_sys_has_another_application_id():
    target = server(foreign_tls_binding={})
    key = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslBindingInfo\\0.0.0.0:8443"
    assert target.registry.get(key, "AppId") == "{1d40ebc7-1983-4ac5-82aa-1e17a7ae9a0e}"


def test_other_programs_crash_before_and_afterwards():
    target = server(crashing_neighbour={"executions": 3})
    target.clock.wait(3)
    providers = [event.provider for event in target.events.entries if event.level == "Error"]
    assert providers == ["Application Error", ".NET Runtime"] * 2


def test_foreign_files_keep_their_conditional_and_object_entries():
    target = server(foreign_files={})
    shown = {
        name: target.files.sddl(f"C:\\identitymanagerContoso\\Reports\\{name}.txt")
        for name in ("conditional", "object")
    }
    assert '(XA;;FR;;;WD;(@User.Title=="PM"))' in shown["conditional"]
    assert "(OA;;FR;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)" in shown["object"]
    assert target.files.entry("C:\\identitymanagerContoso\\Reports").protected


@pytest.mark.parametrize(
    "sddl",
    [
        'O:BAD:PAI(XD;;FX;;;WD;(@User.Title=="PM"))(A;;FA;;;BA)',
        "O:BAD:PAI(XA;OICI;FX;;;WD;(Member_of {SID(BA)}))(A;;FA;;;SY)",
        "O:BAD:AI(OA;;FR;bf967aba-0de6-11d0-a285-00aa003049e2;;WD)",
    ],
)
def test_sddl_is_read_to_its_end(sddl):
    assert descriptors.parse(sddl).sddl() == sddl


def test_a_shared_configuration_is_the_one_in_force():
    target = server(shared_configuration={})
    local = target.files.read(CONFIG_PATH)
    target.iis.create_pool("New")
    assert target.files.read(CONFIG_PATH) == local
    assert b'"New"' in target.files.read("C:\\shared\\applicationHost.config")
    assert target.iis.pools() == ["DefaultAppPool", "New"]


def test_300_sites_are_told_quickly():
    target = server(neighbour_site={})
    text = target.files.read(CONFIG_PATH).decode()
    sites = "".join(
        f'<site name="s{n}" id="{n}"><application path="/" applicationPool="p{n}"><virtualDirectory path="/"'
        f' physicalPath="C:\\s" /></application><bindings><binding protocol="http" bindingInformation="*:80:h{n}" />'
        f"</bindings><!--{'x' * 6000}--></site>"
        for n in range(1000, 1300)
    )
    pools = "".join(f'<add name="p{n}" />' for n in range(1000, 1300))
    text = text.replace("<siteDefaults>", sites + "<siteDefaults>", 1)
    text = text.replace('<add name="DefaultAppPool" />', pools + '<add name="DefaultAppPool" />', 1)
    target.files.write(CONFIG_PATH, text)
    assert len(text) > 1_500_000
    query = {"queries": [{"kind": "iis"}, {"kind": "listeners"}]}
    asked = Server(target)
    asked.engine.call("imops.identity_manager.win_im_probe", query)
    begin = time.process_time()
    answers = asked.engine.call("imops.identity_manager.win_im_probe", query)["answers"]
    assert len(answers[0]["value"]["sites"]) == 302
    assert time.process_time() - begin < 1


def test_300_certificates_are_told_quickly():
    target = server()
    for number in range(300):
        target.certificates.make(subject=f"CN=c{number}")
    asked = Server(target)
    query = {"queries": [{"kind": "certificates", "location": "LocalMachine", "store": "My"}]}
    asked.engine.call("imops.identity_manager.win_im_probe", query)
    begin = time.process_time()
    answers = asked.engine.call("imops.identity_manager.win_im_probe", query)["answers"]
    assert len(answers[0]["value"]) == 300
    assert time.process_time() - begin < 1
