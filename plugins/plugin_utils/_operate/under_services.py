# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops and starts an agent that is a Windows service."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.plan import Operation, Refused, Until
from .._core.probe import Ask, Query
from .._windows import command_line
from .turn import STOP_REMEDY, STOPPED, Turn

MODULE = "ansible.windows.win_service"
AGENT, DISABLED = "usercube-agent", "disabled"
START_SECONDS = 120
_REMEDY = (
    "see the System log (Service Control Manager): 7034 is a process that ended, 7038 a wrong password, 7041 an account"
    " that may not log on"
)


def questions(service: str) -> tuple[Query, ...]:
    """Return what has to be known."""
    return (probe.service(service),)


def turn(service: str, state: str, ask: Ask, seconds: int) -> Turn:
    """Return the agent's state and what changes it.

    Args:
        service: its service.
        state: what is wanted.
        ask: answers questions.
        seconds: how long a stop may take, and how long a service that is on its way is waited for.

    Raises:
        Refused: there is no such service, it is not the agent's, or it cannot start.
    """
    found = _at_rest(service, ask, seconds)
    _check_there(service, found, state)
    runs = found["state"] == "Running"
    return Turn(
        found=f"service {service}: {found['state']}",
        stopped=f"service {service}: Stopped",
        started=f"service {service}: Running",
        restarted=f"service {service}: Running again",
        runs=runs,
        is_stopped=found["state"] == "Stopped",
        stop=(_call("stop", service, "stopped", seconds, STOP_REMEDY),),
        start=(_call("start", service, "started", START_SECONDS, _REMEDY),),
        restart=(_call("restart", service, "restarted", seconds, STOP_REMEDY),),
        remedy=_REMEDY,
    )


def _at_rest(service: str, ask: Ask, seconds: int) -> t.Mapping[str, t.Any]:
    """Return the service once it neither starts nor stops, since it takes no order meanwhile (belief service-rest)."""
    found = ask(probe.service(service))
    if found is None:
        raise Refused(
            f"found no service {service} on the server, wanted the agent's: check im_agent_service_name, or run"
            " install.yml first"
        )
    if found["state"].endswith("Pending"):
        found = ask(probe.service_wait(service, seconds))
        if found is None or not found["reached"]:
            raise Refused(_on_its_way(service, found))
    return t.cast("t.Mapping[str, t.Any]", found)


def _on_its_way(service: str, found: t.Mapping[str, t.Any] | None) -> str:
    state, waited = (found["state"], found["waited"]) if found else ("absent", 0)
    return (
        f"found service {service} in state {state} for {waited} seconds, wanted it started or stopped, as it takes no"
        f" order meanwhile: a job that runs delays a stop; wait for it, {STOP_REMEDY}"
    )


def _check_there(service: str, found: t.Mapping[str, t.Any], state: str) -> None:
    if AGENT not in found["path"].lower():
        raise Refused(
            f"found a service {service} that runs {command_line.shown(found['path'])}, wanted the agent: check"
            " im_agent_service_name"
        )
    if found["start_mode"] == DISABLED and state != STOPPED:
        raise Refused(
            f"found service {service} disabled, wanted a start mode with which it can be {state}. Nothing was stopped:"
            " run install.yml, which sets im_agent_service_start_mode"
        )


def _call(verb: str, service: str, state: str, seconds: int, remedy: str) -> Operation:
    def describe(found: t.Any) -> str:
        after = f"found {found['state']} after {found['waited']} seconds" if found else "found no such service"
        return f"{after}, wanted it {state}: {remedy}"

    arguments = {"name": service, "state": state}
    until = Until(probe.service_wait(service, seconds), describe)
    return Operation(f"{verb} service {service}", MODULE, arguments, until=until)
