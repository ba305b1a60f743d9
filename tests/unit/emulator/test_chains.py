"""The chain that an emulated server builds for a certificate, from its stores and from what came with it."""

from __future__ import annotations

import datetime

import authorities
import pytest
from emulator.windows.certificates import chains
from emulator.windows.machine import Machine

LONGEST = 4


@pytest.fixture
def machine():
    return Machine("srv")


def known(machine, made, *, without=()):
    """Put a path's authorities where they belong: the last one is the root."""
    for number, one in enumerate(made[1:], 1):
        if number not in without:
            machine.certificates.add("LocalMachine", "Root" if one is made[-1] else "CA", one.der)


def built(machine, made, sent=()):
    return chains.build(machine.certificates, machine.clock, made[0].der, [one.der for one in sent])


@pytest.mark.parametrize("length", range(1, LONGEST + 1))
def test_a_path_whose_authorities_are_known_is_a_chain_without_an_objection(machine, length):
    made = authorities.path(machine.clock.now(), length)
    known(machine, made)
    chain = built(machine, made)
    assert [link.der for link in chain.links] == [one.der for one in made]
    assert chain.status == (("UntrustedRoot",) if length == 1 else ())


@pytest.mark.parametrize("missing", range(1, LONGEST))
def test_the_chain_ends_below_what_is_missing(machine, missing):
    made = authorities.path(machine.clock.now(), LONGEST)
    known(machine, made, without=(missing,))
    chain = built(machine, made)
    assert (len(chain.links), chain.status) == (missing, ("PartialChain",))


@pytest.mark.parametrize("missing", range(1, LONGEST))
def test_what_came_with_the_certificate_fills_the_chain_but_is_not_trusted(machine, missing):
    made = authorities.path(machine.clock.now(), LONGEST)
    known(machine, made, without=(missing,))
    chain = built(machine, made, sent=made[1:])
    assert len(chain.links) == LONGEST
    assert chain.status == (("UntrustedRoot",) if missing == LONGEST - 1 else ())


def test_an_authority_with_the_right_name_and_another_key_is_no_issuer(machine):
    made = authorities.path(machine.clock.now(), 3)
    other = authorities.path(machine.clock.now(), 3)
    known(machine, [made[0], *other[1:]])
    assert built(machine, made).status == ("PartialChain",)


def test_each_certificate_has_its_own_time(machine):
    made = authorities.path(machine.clock.now(), 3, days=(100, 1, 100))
    known(machine, made)
    machine.clock.advance(datetime.timedelta(days=2).total_seconds())
    chain = built(machine, made)
    assert [link.status for link in chain.links] == [(), ("NotTimeValid",), ()]
    assert chain.status == ("NotTimeValid",)


def test_a_distrusted_authority_is_named(machine):
    made = authorities.path(machine.clock.now(), 3)
    known(machine, made)
    machine.certificates.add("LocalMachine", "Disallowed", made[1].der)
    assert [link.status for link in built(machine, made).links] == [(), ("ExplicitDistrust",), ()]


def test_a_server_sends_what_it_knows_between_its_certificate_and_the_root(machine):
    made = authorities.path(machine.clock.now(), LONGEST)
    known(machine, made, without=(2,))
    assert chains.sent_along(machine.certificates, made[0].der) == (made[1].der,)
    known(machine, made)
    assert chains.sent_along(machine.certificates, made[0].der) == (made[1].der, made[2].der)
