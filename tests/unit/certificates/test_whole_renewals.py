"""Renewals by the whole chain: interrupted after every write, verified, and only then rid of former pairs."""

from __future__ import annotations

import copy
import functools

import chain
import in_process
import pytest
from emulator.engine import ConnectionDropped
from emulator.windows.agent.context import CannotStart
from emulator.windows.agent.dotnet_config import loads
from emulator.windows.agent.process import Agent

PASSWORD = "canary-renewal-password-9d"


def held(server):
    return {c.thumbprint: c for c in server.machine.certificates.all("LocalMachine", "My")}


# The whole chain: what was running keeps a pair that it can open, wherever a renewal is interrupted.

HOSTINGS, PLACES, PROTECTIONS = ("iis", "service"), ("store", "file"), ("plain", "encrypted")
WAYS = [(h, p, s) for h in HOSTINGS for p in PLACES for s in PROTECTIONS]
BY_DAY = [("iis", "file", "encrypted")]


def inventory(hosting="iis", place="store", protection="plain", **changes):
    """Return the inventory of one way to have pairs; in a file, that of the agent's own files and the server's."""
    files = {"encryption": "agent-files.pfx", "identity_server": "server.pfx"} if place == "file" else {}
    pairs = [
        {**pair, "place": "file", "path": f"{chain.WORKING}\\Pairs\\{files[pair['use']]}", "file_password": PASSWORD}
        if pair["use"] in files
        else pair
        for pair in chain.inventory()["certificates"]
    ]
    return chain.inventory(
        hosting=hosting,
        certificates=pairs,
        fingerprint_key=chain.FINGERPRINT_KEY,
        settings_options={"protection": protection, "plain_accepted": ["IdentityServer"]},
        **changes,
    )


def renewing(wanted=None):
    """Return an inventory whose made pairs are due, until they are renewed."""
    wanted = wanted or chain.inventory()
    return {
        **wanted,
        "certificates": [
            {**pair, "renew": "when_expiring", "warn_days": 30} if pair.get("source", "made") == "made" else pair
            for pair in wanted["certificates"]
        ],
    }


def soon(wanted):
    """Return an inventory whose made pairs are for a few days."""
    return {
        **wanted,
        "certificates": [
            {**pair, "valid_days": 20} if pair.get("source", "made") == "made" else pair
            for pair in wanted["certificates"]
        ],
    }


@functools.cache
def installed(*way):
    """Return a server that was installed with pairs that end soon, and the number of writes that a renewal needs."""
    made = chain.server()
    results = chain.converge(made, soon(inventory(*way)))
    assert chain.failures(results) == []
    renewed = in_process.Server(copy.deepcopy(made.machine))
    results = chain.converge(renewed, renewing(inventory(*way)))
    assert chain.failures(results) == []
    probes = renewed.engine.counters.modules["imops.identity_manager.win_im_probe"]
    return made.machine, renewed.executions - probes


def agents(target):
    """Return the agents' failures after a start of their own, as after a crash; none where they are stopped."""
    machine = target.machine
    if machine.iis and machine.iis.pool_state(chain.POOL) == "Started":
        machine.iis.recycle(chain.POOL)
        machine.iis.recycles.clear()
        return [agent.failure for worker in machine.iis.workers() for agent in worker.agents.values()]
    service = machine.services.get(chain.SERVICE)
    if service and service.state == "Running":
        try:
            Agent.as_service(machine.surroundings, chain.RUNTIME, machine.accounts.service_token(service.account))
        except CannotStart as failure:
            return [str(failure)]
        return [""]
    return []


def named_thumbprint(target):
    """Return the pair that the settings name for the agent's files: its thumbprint, or its file."""
    text = target.machine.files.text(f"{chain.RUNTIME}\\appsettings.json")
    section = loads(text, "appsettings.json")["EncryptionCertificate"]
    return section.get("Thumbprint") or section["File"]


@pytest.mark.parametrize(
    "way",
    [pytest.param(way, marks=() if way in BY_DAY else pytest.mark.nightly, id="-".join(way)) for way in WAYS],
)
def test_a_renewal_cut_at_any_write_leaves_an_agent_that_starts_and_is_completed_by_the_next_run(way):
    machine, writes = installed(*way)
    before = named_thumbprint(in_process.Server(machine))
    assert writes >= 4
    for number, when in [(1, "before"), *((number, "after") for number in range(1, writes + 1))]:
        target = in_process.Server(copy.deepcopy(machine), [{"write": number, "when": when, "do": "drop"}])
        old = set(held(target))
        with pytest.raises(ConnectionDropped):
            chain.converge(target, renewing(inventory(*way)))
        target.engine.faults = []
        assert set(agents(target)) <= {""}, f"cut {when} write {number}: it opens the pair that its settings name"
        done = chain.converge(target, renewing(inventory(*way)))
        assert chain.failures(done) == [], f"cut {when} write {number}"
        assert done["win_im_agent_health"]["verified"] is True
        assert agents(target) == [""]
        assert named_thumbprint(target) != before
        assert old <= set(held(target)), "the old pairs stay until their removal is asked for"
    assert chain.changed(chain.converge(target, renewing(inventory(*way)))) == set()


def test_the_former_pair_goes_only_after_the_proof_and_only_when_nothing_names_it():
    target = in_process.Server(copy.deepcopy(installed("iis", "store", "plain")[0]))
    old = {t for t, c in held(target).items() if "IdentityServer" not in c.subject}
    wanted = renewing(inventory())
    done = chain.converge(target, wanted)
    assert chain.failures(done) == []
    clean = {**chain.arguments("win_im_cert_pair", wanted, {}), "state": "cleaned"}
    predicted = target.run("win_im_cert_pair", clean, check=True)
    cleaned = target.run("win_im_cert_pair", clean)
    assert predicted["changed"] is cleaned["changed"] is True
    assert len(cleaned["operations"]) == 4, "two certificates, each with the file of its private key"
    left = set(held(target))
    assert len(left & old) == 1, "the pair of the identity server was not made here"
    assert target.run("win_im_cert_pair", clean)["changed"] is False
    assert chain.changed(chain.converge(target, inventory())) == set()


def test_a_former_pair_s_private_key_goes_too_unless_another_certificate_has_the_same():
    target = chain.server()
    target.machine.certificates.keeps_keys = True
    chain.converge(target)
    files, encryption = target.machine.files, [chain.inventory()["certificates"][0]]
    arguments = {"pairs": encryption, "identity": {"pool": chain.POOL}, "settings_path": chain.RUNTIME}
    keys = []
    for _ in range(3):
        target.machine.clock.advance(3600)
        target.new_run()
        pairs = [{**encryption[0], "renew": "always"}]
        made = target.run("win_im_cert_pair", {**arguments, "pairs": pairs})["certificates"]["encryption"]
        keys.append(held(target)[made["thumbprint"]].key_path)
    target.machine.files.write(f"{chain.RUNTIME}\\appsettings.agent.json", b"{}")
    target.machine.files.write(f"{chain.RUNTIME}\\appsettings.json", b"{}")
    newest = next(c for c in held(target).values() if c.key_path == keys[2])
    files.copy(keys[1], f"{keys[1]}.kept")
    next(c for c in held(target).values() if c.key_path == keys[1]).key_path = newest.key_path
    target.new_run()
    cleaned = target.run("win_im_cert_pair", {**arguments, "state": "cleaned"})
    assert not cleaned.get("failed"), cleaned
    assert not files.exists(keys[0])
    assert files.exists(newest.key_path)
    target.new_run()
    assert target.run("win_im_cert_pair", {**arguments, "state": "cleaned"})["changed"] is False


def test_cleaning_is_predicted_in_a_check_of_the_whole_run():
    target = in_process.Server(copy.deepcopy(installed("iis", "store", "plain")[0]))
    wanted = renewing(inventory())
    clean = {**chain.arguments("win_im_cert_pair", wanted, {}), "state": "cleaned"}
    chain.converge(target, wanted, check=True)
    predicted = target.run("win_im_cert_pair", clean, check=True)
    chain.converge(target, wanted)
    done = target.run("win_im_cert_pair", clean)
    assert predicted["changed"] is done["changed"] is True
    assert len(predicted["operations"]) == len(done["operations"])


def test_a_pair_that_a_binding_serves_is_not_removed():
    target = chain.installed()
    pairs = chain.inventory()["certificates"]
    identity = {"pool": chain.POOL}
    target.machine.clock.advance(3600)  # two pairs of one second are told apart by nothing
    target.new_run()
    target.run("win_im_cert_pair", {"pairs": [{**pairs[2], "renew": "always"}], "identity": identity})
    clean = {"pairs": pairs, "identity": identity, "settings_path": chain.RUNTIME, "state": "cleaned"}
    target.new_run()
    serving = target.machine.iis.httpsys.get(f"{chain.HOST}:443", sni=True).thumbprint
    target.run("win_im_cert_pair", clean)
    assert serving in held(target)
    assert chain.changed(chain.converge(target)) == {"win_im_site"}, "the binding goes over to the new pair"
    assert chain.changed(chain.converge(target)) == set()
