"""Three agents on one server: what is done to one leaves the other two byte for byte, and both answer and decrypt."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from emulator.windows.security import descriptors
from test_several_agents import (
    PAIRS,
    PORTS,
    THREE,
    agent,
    changed,
    installed,
    named,
    own,
    root,
    run,
    unchanged,
)

OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
RENEWED = {
    "im_agent_certificates": [{**pair, "renew": "always"} for pair in PAIRS],
    "im_agent_remove_former_pairs": True,
}


def decrypts(server, name, hosting):
    """Tell whether an agent's identity has the keys of both pairs that its settings name, and they open what is closed
    with the certificates.
    """
    machine, opened = server.machine, []
    pool, service = f"Identity Manager {name}", f"IdentityManagerAgent{name}"
    sid = descriptors.pool_sid(pool) if hosting == "iis" else descriptors.service_sid(service)
    settings = machine.files.text(f"{root(name)}\\Runtime\\appsettings.json")
    for thumbprint in named(server, name):
        if thumbprint not in settings:
            continue  # the binding's pair, which HTTP.sys opens
        stored = machine.certificates.find("LocalMachine", "My", thumbprint)
        assert machine.certificates.readable(stored, {sid})
        private = serialization.load_pem_private_key(stored.key, None)
        closed = stored.certificate.public_key().encrypt(b"canary", OAEP)
        opened.append(private.decrypt(closed, OAEP) == b"canary")
    return len(opened) >= 2 and all(opened)


def others_stay(hostings, act):
    """Do something to the first agent of three, and hold the others against what they were."""
    hostings = dict(zip(PORTS, hostings, strict=True))
    server = installed(**hostings)
    first, *others = hostings
    before = {name: own(server, name) for name in others}
    changes = act(server, hostings[first])
    assert {name: own(server, name) for name in others} == before
    assert all(decrypts(server, name, hostings[name]) for name in others)
    unchanged(server, changes, *(agent(name, hostings[name]) for name in others))
    return server


def switched(server, hosting):
    changes = agent("Paris", "service" if hosting == "iis" else "iis")
    assert changed(run(server, changes))
    return changes


def renewed(server, hosting):
    had = set(named(server, "Paris"))
    server.machine.clock.advance(60)  # keys come from a stock: a pair of the same key and second would be the same pair
    assert changed(run(server, agent("Paris", hosting) | RENEWED))
    assert not had & set(server.machine.certificates.dump()["LocalMachine\\My"]), "the former pairs are gone"
    assert decrypts(server, "Paris", hosting)
    return agent("Paris", hosting)


@pytest.mark.parametrize("hostings", THREE)
def test_a_switch_of_hosting_of_one_leaves_the_other_two_as_they_were(hostings):
    others_stay(hostings, switched)


@pytest.mark.parametrize("hostings", THREE)
def test_a_renewal_of_one_leaves_the_other_two_as_they_were(hostings):
    others_stay(hostings, renewed)
