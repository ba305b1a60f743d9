"""The trial of the audit's rules: sound servers, servers with planted faults, and what an audit makes of them."""

from __future__ import annotations

import functools
import typing as t

import audited
from in_process import Server
from planted import Planted

Verdict = tuple[set[str], set[str]]
"""The rules that fail, and those of which nobody knows."""


@functools.cache
def installed(hosting: str) -> Server:
    """Return the installed server that all are copies of."""
    return audited.installed(hosting=hosting)


def sound(hosting: str = "iis") -> Server:
    """Return an installed server of one's own."""
    return audited.catch_up(Server(installed(hosting).machine.copy()))


def result_of(fault: Planted) -> dict[str, t.Any]:
    """Return the audit of a server with a planted fault."""
    server = sound(fault.hosting)
    fault.deed(server)
    return audited.audit(server, audited.variables(hosting=fault.hosting, **fault.variables))


def verdict(result: t.Mapping[str, t.Any]) -> Verdict:
    """Return what an audit says."""
    return audited.failed(result), audited.failed(result, "unknown")


def expected(fault: Planted) -> Verdict:
    """Return what an audit has to say of a server with a planted fault."""
    return {fault.rule, *fault.also}, set(fault.unknown)


def of_sound(hosting: str = "iis") -> Verdict:
    """Return what an audit says of a sound server."""
    return verdict(audited.audit(sound(hosting), audited.variables(hosting=hosting)))


def is_as_written(fault: Planted) -> bool:
    """Tell whether an audit finds a planted fault, and nothing but what is written to follow from it."""
    return verdict(result_of(fault)) == expected(fault)
