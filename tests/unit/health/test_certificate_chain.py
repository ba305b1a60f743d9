"""The chain behind the certificate that the agent's port serves, on emulated servers."""

from __future__ import annotations

import authorities
import chain
import pytest
from in_process import Server

LEAF, ISSUING, ROOT = 0, 1, 2


@pytest.fixture(scope="module")
def installed():
    return chain.installed()


@pytest.fixture
def server(installed):
    return Server(installed.machine.copy())


def serve(server, *, root="Root", issuing="CA", days=()):
    """Let the agent's port serve a certificate of an authority; None leaves an authority's certificate out."""
    machine = server.machine
    made = authorities.path(machine.clock.now(), 3, names=[chain.HOST], days=days)
    leaf = machine.certificates.add("LocalMachine", "My", made[LEAF].der, made[LEAF].pem)
    for one, store in ((made[ISSUING], issuing), (made[ROOT], root)):
        if store:
            machine.certificates.add("LocalMachine", store, one.der)
    machine.iis.httpsys.set(f"{chain.HOST}:443", leaf.thumbprint, "My", sni=True)
    return made


def judged(server):
    server.new_run()
    given = chain.arguments("win_im_agent_health", chain.inventory(), {}) | {"thumbprint": None}
    result = server.run("win_im_agent_health", {name: value for name, value in given.items() if value is not None})
    assert server.executions == 1
    (found,) = [check for check in result["checks"] if check["id"] == "certificate_chain"]
    return result, found


def test_a_certificate_that_signs_itself_has_no_chain_and_that_is_said(server):
    result, found = judged(server)
    assert (result["verified"], found["state"]) == (True, "passed")
    assert "signs itself" in found["found"]


def test_a_certificate_of_a_known_authority_passes_with_its_chain(server):
    serve(server)
    result, found = judged(server)
    assert (result["verified"], found["state"]) == (True, "passed")
    assert found["found"] == "CN=server < CN=Authority 1 < CN=Authority 2"


FAULTS = {
    "no issuer": ({"issuing": None}, "CN=server: its issuer is not known to the server", "LocalMachine\\CA"),
    "no root": ({"root": None}, "CN=Authority 1: its issuer is not known to the server", "LocalMachine\\CA"),
    "a root among the others": (
        {"root": "CA"},
        "CN=Authority 2: it is no root that the server trusts",
        "Import the root into LocalMachine\\Root",
    ),
    "an authority that has expired": (
        {"days": (100, -0.5, 100)},
        "CN=Authority 1: its time is over or has not come",
        "present certificate",
    ),
    "a distrusted authority": ({"distrusted": True}, "CN=Authority 1: the server distrusts it", "another authority"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_chain_that_windows_does_not_trust_fails_with_its_cause(server, name):
    about, found_words, remedy = FAULTS[name]
    about = dict(about)
    distrusted = about.pop("distrusted", False)
    made = serve(server, **about)
    if distrusted:
        server.machine.certificates.add("LocalMachine", "Disallowed", made[ISSUING].der)
    result, found = judged(server)
    assert (result["verified"], found["state"], found["basis"]) == (False, "failed", "documented")
    assert found["found"] == found_words
    assert remedy in found["remedy"]
    assert [c["id"] for c in result["checks"] if c["state"] == "failed"] == ["certificate_chain"]
