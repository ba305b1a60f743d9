"""Who listens where: ports of other programs, HTTP.sys limited to some addresses, agents that listen on one address."""

from __future__ import annotations

import by_day
import chain
import install_playbook
import pytest
from emulator.behaviours import catalogue
from in_process import Server
from test_several_agents import agent, run, unchanged

IIS = {"features": ["Web-Server"], "pools": [{"name": "Agent"}], "files": {"C:\\site": {"folder": True}}}
PAIR = {"subject": "CN=agent", "store": "My", "key": True, "days": 365, "names": ["agent.contoso.com"]}


def site(server, *, check=False, **binding):
    server.new_run()
    bindings = [{"protocol": "http", "port": 8443, **binding}]
    return server.run(
        "win_im_site", {"name": "Agent", "path": "C:\\site", "pool": "Agent", "bindings": bindings}, check=check
    )


def held(process):
    return {"listeners": [{"address": "0.0.0.0", "port": 8443, "process": process}]}


def test_the_process_that_has_a_port_is_named():
    message = site(chain.server(IIS | held("nginx")))["msg"]
    assert "something outside IIS listens on port 8443 of the server (nginx, number 9443): stop it" in message
    server = chain.server(held("nginx"))
    (first,) = install_playbook.run(server, agent("Paris", "service", service_urls=["http://*:8443"]))
    assert "listens on port 8443 of the server already (nginx, number 9443)" in first.result["msg"]


@pytest.mark.parametrize("check", [True, False])
def test_a_port_that_another_program_has_by_way_of_http_sys_is_shared(check):
    done = site(chain.server(IIS | held("System")), check=check)
    assert done.get("operations"), done


def test_a_port_of_http_sys_that_a_service_wants_is_refused():
    server = chain.server(held("System"))
    (first,) = install_playbook.run(server, agent("Paris", "service", service_urls=["http://*:8443"]))
    assert "listens on port 8443 of the server already (System, number 4)" in first.result["msg"]


def test_a_certificate_of_another_program_at_the_same_port_is_told():
    """Without SNI, HTTP.sys has one certificate for address and port."""
    warned = {}
    for sni in (True, False):
        server = chain.server(IIS | held("System") | {"certificates": [PAIR]})
        thumbprint = next(iter(server.machine.certificates.dump()["LocalMachine\\My"]))
        catalogue.switch_on(server.machine, {"foreign_tls_binding": {}})
        done = site(server, protocol="https", certificate_thumbprint=thumbprint, host_name="agent.contoso.com", sni=sni)
        assert not done.get("failed"), done
        warned[sni] = [w for w in done.get("warnings", ()) if "which no site of IIS uses" in w]
    assert (len(warned[True]), len(warned[False])) == (0, 1)
    assert "for 0.0.0.0:8443" in warned[False][0]


@pytest.mark.parametrize(
    ("listed", "binding", "told"),
    [
        (["192.0.2.7"], {}, ["leaves out 127.0.0.1"]),
        (["192.0.2.7"], {"ip": "192.0.2.8"}, ["leaves out the binding", "leaves out 127.0.0.1"]),
        (["192.0.2.7", "127.0.0.1"], {"ip": "192.0.2.7"}, []),
        (["0.0.0.0"], {}, []),
        ([], {}, []),
    ],
)
def test_addresses_that_http_sys_does_not_listen_on_are_told(listed, binding, told):
    server = chain.server(IIS)
    server.machine.registry.set(
        "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters", "ListenOnlyList", "MultiString", listed
    )
    warnings = [w for w in site(server, check=True, **binding).get("warnings", ()) if "iplisten" in w]
    assert len(warnings) == len(told)
    assert all(words in warning for words, warning in zip(told, warnings, strict=True))


def test_an_agent_beside_others_web_servers_is_verified_at_its_address():
    server = chain.server({"behaviours": {"listen_only": {}}})
    done = install_playbook.run(server, agent("Paris", "iis"))
    assert done[-1].result["failed"], "nothing answers at 127.0.0.1"
    assert any("set im_verify_address to one of these" in w for one in done for w in one.result.get("warnings", ()))
    unchanged(server, agent("Paris", "iis") | {"im_verify_address": "192.0.2.7"})


@pytest.mark.parametrize(
    "url",
    by_day.one_in(3, ["http://[::1]:5000", "http://192.0.2.7:5000", "http://localhost:5000", "http://*:5000"]),
)
def test_a_service_is_verified_at_the_address_that_it_listens_on(url):
    server, paris = Server(chain.server().machine), agent("Paris", "service", service_urls=[url])
    run(server, paris)
    unchanged(server, paris)
