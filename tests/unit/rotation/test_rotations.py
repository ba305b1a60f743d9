"""Six rotations, each cut at every write: the next run completes it, and the old secret is nowhere any more."""

from __future__ import annotations

import functools
import re
import typing as t

import by_day
import chain
import install_playbook
import pytest
import rotations
import whole_search
from cryptography.hazmat.primitives.asymmetric import rsa
from emulator.engine import ConnectionDropped
from emulator.windows.agent import protect_tools
from emulator.windows.machine import Machine
from in_process import Server
from rotations import NEW, OF_AD, OLD, ROTATIONS, Rotation

CUTS = [
    (name, number, write, when)
    for name, rotation in ROTATIONS.items()
    for number, step in enumerate(rotation.steps)
    for write in range(1, step.writes + 1)
    for when in ("before", "after")
]
PROBE = "imops.identity_manager.win_im_probe"


@pytest.fixture(autouse=True)
def _other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no new pair have the key of one that goes: those made beforehand are few."""
    monkeypatch.setattr(rsa, "generate_private_key", rotations.keys(rotations.FIRST_KEYS, None))


@functools.cache
def before(name: str, number: int) -> tuple[Machine, t.Any]:
    """Return a server right before a step of a rotation, and the secrets that go."""
    rotation = ROTATIONS[name]
    if number == 0:
        machine = rotations.fresh(rotation).machine
        return machine, going(machine, rotation)
    machine, old = before(name, number - 1)
    server = Server(machine.copy())
    prepare(server, rotation, number - 1)
    run(server, rotation, number - 1)
    return server.machine, old


def going(machine: Machine, rotation: Rotation) -> tuple[set[bytes], bytes | None]:
    """Return what goes: texts, as they may be kept, and the private key of a pair."""
    forms = {form for name in rotation.old for form in whole_search.text_forms(OLD[name])}
    if "vault_fingerprint_key" in rotation.old:
        kept = re.findall(r"\b[0-9a-f]{64}\b", machine.files.text(f"{chain.RUNTIME}\\.im-fingerprints.json"))
        assert kept
        forms |= {one.encode() for one in kept}
    if not rotation.pair:
        return forms, None
    if rotation.pair == "encryption":
        settings = rotations.started(machine, rotation.hosting)[1]
        found = protect_tools.pair(machine.files, machine.certificates, settings)
    else:
        held = machine.certificates.all("LocalMachine", "My") or ()
        (found,) = [one for one in held if f"CN={chain.HOST}" in one.subject]
    assert found is not None
    return forms, found.key


def prepare(server: Server, rotation: Rotation, number: int) -> None:
    """Do what people do elsewhere before a step."""
    rotation.steps[number].does(server.machine)
    server.machine.clock.advance(3600)


def run(server: Server, rotation: Rotation, number: int) -> list[str]:
    """Run a step; return the tasks that changed something."""
    done = install_playbook.run(server, rotations.variables(rotation, number))
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    return [task.task for task in done if task.changed]


def check_works(machine: Machine, rotation: Rotation, *, done: bool) -> None:
    """Fail unless the agent starts, gets a token, and opens what is encrypted: all as its own settings say."""
    failure, settings = rotations.started(machine, rotation.hosting)
    assert failure == ""
    assert rotations.token(machine, settings), "a secret that the server takes"
    old, new = OLD["vault_ad_password"], NEW["vault_ad_password_new"]
    rotates = rotation.heading == rotations.CONNECTIONS
    assert settings.get(OF_AD) in ({new} if done and rotates else {old, new} if rotates else {old})
    if rotation.base.get("im_agent_protection") == "encrypted":
        name = f"{chain.RUNTIME}\\appsettings.encrypted.agent.json"
        assert protect_tools.MARK in machine.files.text(name)


def places(machine: Machine, old: tuple[set[bytes], bytes | None]) -> list[str]:
    """Return where on a server something old is, but for Windows' own history."""
    forms, key = old
    found = whole_search.found(machine, forms) if forms else []
    found += whole_search.holds_key(machine, key, {*OLD.values(), *NEW.values()}) if key else []
    return [place for place in found if place not in whole_search.HISTORY]


def check_over(machine: Machine, rotation: Rotation, old: tuple[set[bytes], bytes | None]) -> None:
    """Fail unless the rotation is over: what is old is nowhere but in Windows' own history, and taken by nobody."""
    rotation.by_hand(machine)
    check_works(machine, rotation, done=True)
    assert places(machine, old) == []
    settings = rotations.started(machine, rotation.hosting)[1]
    if rotation.heading == rotations.OPENID:
        assert not rotations.token(machine, settings, "Job", OLD["vault_openid_secret_job"])
        assert settings.get("OpenId:OpenIdClients:Job") is None


def check_settled(server: Server, rotation: Rotation) -> None:
    """Fail where one more run would change something, once what asks for a new pair is taken out again."""
    number = len(rotation.steps) - 1
    given = rotations.variables(rotation, number)
    for_once = {"renew", "former_file_password"}
    pairs = [{name: v for name, v in pair.items() if name not in for_once} for pair in given["im_agent_certificates"]]
    done = install_playbook.run(server, {**given, "im_agent_certificates": pairs})
    assert not done[-1].result.get("failed"), done[-1].result["msg"]
    assert [task.task for task in done if task.changed] == []


def test_the_table_runs_each_inventory_of_the_guide() -> None:
    run_here = {(one.heading, step.block) for one in ROTATIONS.values() for step in one.steps}
    headings = re.findall(r"^## (.+)$", rotations.PAGE.read_text("utf-8"), re.MULTILINE)
    assert {(heading, i) for heading in headings for i in range(len(rotations.inventories(heading)))} == run_here


@pytest.mark.parametrize("name", by_day.these({"encryption"}, ROTATIONS))
def test_a_rotation_needs_the_writes_that_are_cut_below_and_ends_where_nothing_differs(name: str) -> None:
    rotation = ROTATIONS[name]
    for number, step in enumerate(rotation.steps):
        machine, old = before(name, number)
        server = Server(machine.copy())
        assert places(machine, old), "the search finds what is to go"
        prepare(server, rotation, number)
        run(server, rotation, number)
        assert server.executions - server.engine.counters.modules[PROBE] == step.writes, number
        check_works(server.machine, rotation, done=number == len(rotation.steps) - 1)
    check_over(server.machine, rotation, old)
    check_settled(server, rotation)


@pytest.mark.parametrize(("name", "number", "write", "when"), by_day.one_in(199, CUTS))
def test_a_rotation_that_is_cut_is_completed_by_the_next_run(name: str, number: int, write: int, when: str) -> None:
    rotation = ROTATIONS[name]
    machine, old = before(name, number)
    server = Server(machine.copy(), [{"write": write, "when": when, "do": "drop"}])
    prepare(server, rotation, number)
    with pytest.raises(ConnectionDropped):
        install_playbook.run(server, rotations.variables(rotation, number))
    server.engine.faults = []
    if not rotation.outage:
        check_works(server.machine, rotation, done=False)
    server.machine.clock.advance(600)
    run(server, rotation, number)
    check_works(server.machine, rotation, done=number == len(rotation.steps) - 1)
    for later in range(number + 1, len(rotation.steps)):
        prepare(server, rotation, later)
        run(server, rotation, later)
    check_over(server.machine, rotation, old)
