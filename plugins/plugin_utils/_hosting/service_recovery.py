# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the service controller does when a service has failed: as wanted, and as the registry has it."""

from __future__ import annotations

import base64
import struct
import typing as t

from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, Query

KEY = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
_ACTIONS = {"none": 0, "restart": 1, "reboot": 2, "run_command": 3}


def step(given: t.Mapping[str, t.Any]) -> tuple[str, int]:
    """Return one step of the option, as action and milliseconds; raises Refused for a delay out of range."""
    if not 0 <= given["delay_seconds"] <= 4_294_967:
        raise Refused(f"recovery: found delay_seconds {given['delay_seconds']}, wanted 0 to 4294967")
    return str(given["action"]), 1000 * given["delay_seconds"]


def question(service: str) -> Query:
    """Ask for a service's recovery actions."""
    return probe.registry(f"{KEY}\\{service}", "FailureActions")


def words(steps: t.Iterable[tuple[str, int]], reset: int) -> str:
    """Return steps (action, milliseconds) and the seconds after which failures are forgotten, in words."""
    listed = ", ".join(f"{action} after {delay} ms" for action, delay in steps)
    return f"{listed or 'none'}; count reset after {reset} s"


def found(service: str, ask: Ask) -> str:
    """Return the recovery actions of a service, read from the registry, in words."""
    try:
        steps, reset = read(service, ask)
    except struct.error:
        return "unreadable"
    return words(steps, reset)


def read(service: str, ask: Ask) -> tuple[list[tuple[str, int]], int]:
    """Return the recovery actions of a service (action, milliseconds), and the seconds after which failures are
    forgotten; raises struct.error where the registry holds none that can be read.

    The value FailureActions is the structure SERVICE_FAILURE_ACTIONS with 32-bit fields: reset period, two unused,
    number of actions, one unused, then type and delay of each, as published exports of the registry have it.
    """
    key = ask(question(service))
    value = (key or {"values": {}})["values"].get("FailureActions")
    if not value or value["type"] != "Binary":
        return [], 0
    data = base64.b64decode(value["data"])
    names = {number: name for name, number in _ACTIONS.items()}
    reset, _message, _command, count, _actions = struct.unpack_from("<5I", data)
    steps = [struct.unpack_from("<2I", data, 20 + 8 * i) for i in range(count)]
    return [(names.get(kind, str(kind)), delay) for kind, delay in steps], reset
