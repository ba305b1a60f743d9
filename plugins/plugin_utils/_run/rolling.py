# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps of a rollout as tasks: each reads and writes the ledger, and the last one the record."""

from __future__ import annotations

import dataclasses
import datetime
import getpass
import json
import os
import socket
import time
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail

from .._audit.record import NAMESPACE, version
from .._core.plan import Refused
from .._fleet import events, handed_on, job, kinds, outcome, waves
from .._fleet.budget import Budget
from .._fleet.decide import Asking, Step
from .._fleet.entry import moment
from .._fleet.events import Event
from .._fleet.job import Job
from .._fleet.ledger import RECORD, Ledger
from .._fleet.rollout import Outcome, Rollout
from .._fleet.standing import Plan
from .._fleet.window import Window
from .controller_action import ControllerAction
from .record_store import place

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "step": {"type": "str", "choices": ["begin", "wave", "claim", "settle", "verified", "end"], "required": True},
        "folder": {"type": "str", "default": ""},
        "rollout": {"type": "str", "required": True},
        "kind": {"type": "str"},
        "version": {"type": "str", "default": ""},
        "waves": {"type": "raw"},
        "budget": {"type": "raw"},
        "window": {"type": "raw"},
        "soak": {"type": "int", "default": 0},
        "groups": {"type": "list", "elements": "str", "default": []},
        "keys": {"type": "dict", "default": {}},
        "canaries": {"type": "list", "elements": "str", "default": []},
        "retry": {"type": "list", "elements": "str", "default": []},
        "operator": {"type": "str", "default": ""},
        "servers": {"type": "list", "elements": "str", "default": []},
        "reached": {"type": "list", "elements": "str", "default": []},
        "most": {"type": "int", "default": 1000},
    },
}
OWN_FOLDER = "rollouts"
POLL = 5
"""Seconds between two looks at the ledger while a job waits."""
LOOK, INFO, UPGRADE, FAILURE = "im_rollout_look", "im_agent_result", "im_agent_upgrade_result", "im_rollout_failure"
"""What the tasks at a server registered."""
_Found = t.TypeVar("_Found")


class RollingAction(ControllerAction):
    """An action that takes one step of a rollout. Docs: im_rollout.yml."""

    ARGUMENT_SPEC = ARGUMENT_SPEC

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Refuse a folder that goes with the job, and take the step."""
        arguments = self._task.args
        if not arguments.get("folder"):
            if {"awx_job_id", "tower_job_id"} & (task_vars or {}).keys():
                raise AnsibleActionFail(
                    "im_rollout_folder: found none, and a job of AWX, whose own folders go with it: wanted one that"
                    " all jobs of the rollout share, and that the next one finds again"
                )
            self._task.args = {**arguments, "folder": OWN_FOLDER}
        self._is_shared = bool(arguments.get("folder"))
        return super().run(tmp, task_vars)

    def carry_out(self, folder: Path, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Take the step."""
        if not arguments["rollout"].strip():
            raise Refused(
                "im_rollout_id: found none, wanted a name for this rollout, such as 2026-12-renewal: a later run with"
                " the same one goes on with it"
            )
        ledger = Ledger(folder, arguments["rollout"].strip())
        if self._task.check_mode:
            return self._foretold(arguments)
        if arguments["step"] == "begin":
            return self._begin(ledger, arguments)
        rollout = Rollout.of(ledger, _name(), moment)
        steps: dict[str, t.Callable[[Rollout, dict[str, t.Any]], dict[str, t.Any]]] = {
            "wave": _wave,
            "claim": _claim,
            "settle": self._settle,
            "verified": self._verified,
            "end": _end,
        }
        # A batch whose servers were all verified by their first task has ended with it: the next step notes them.
        before = [] if arguments["step"] == "settle" else self._noted(rollout, rollout.begun(), None)
        found = {"changed": False, "rollout_events": [], **steps[arguments["step"]](rollout, arguments)}
        return {**found, "rollout_events": [*before, *found["rollout_events"]]}

    def _plan(self, arguments: dict[str, t.Any]) -> Plan:
        kinds.check(arguments["kind"], arguments["version"].strip())
        known = self._templar.available_variables.get("groups", {})
        strange = [name for name in arguments["groups"] if name not in known]
        if strange:
            raise Refused(f"im_rollout_groups: found {', '.join(strange)}, wanted groups of the inventory")
        groups = [known[name] for name in arguments["groups"]]
        servers = waves.ordered(arguments["servers"], groups, arguments["keys"], arguments["canaries"])
        return Plan(arguments["kind"], servers, waves.steps(arguments["waves"]))

    def _foretold(self, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return what check mode tells: the waves. The rest of the play has nothing to do."""
        if arguments["step"] != "begin":
            return {"changed": False, "rollout_events": [], **handed_on.result([], [], [])}
        plan = self._plan(arguments)
        Budget.of(arguments["budget"])
        Window.of(arguments["window"])
        found = [{"upto": wave.upto, "servers": list(wave.servers)} for wave in waves.cut(plan.servers, plan.steps)]
        return {"changed": True, "rollout_events": [], "waves": found}

    def _begin(self, ledger: Ledger, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        plan = self._plan(arguments)
        pid = os.getppid()
        strange = [name for name in arguments["retry"] if name not in plan.servers]
        if strange:
            raise Refused(f"im_rollout_retry: found {', '.join(strange)}, wanted servers of this rollout")
        if arguments["soak"] < 0:
            raise Refused(f"im_rollout_soak: found {arguments['soak']}, wanted seconds, 0 or more")
        entered = Job(
            name=_name(),
            operator=arguments["operator"] or getpass.getuser(),
            controller=socket.gethostname(),
            place=job.here(),
            pid=pid,
            started=job.started(pid),
            budget=tuple(Budget.of(arguments["budget"]).texts),
            window=tuple(Window.of(arguments["window"]).texts),
            soak=arguments["soak"],
            retry=tuple(arguments["retry"]),
            servers=tuple(arguments["reached"]),
            most=max(1, arguments["most"]),
        )
        rollout = Rollout(ledger, Asking.of(entered), datetime.timedelta(seconds=entered.soak), moment)
        told = rollout.begin(plan, entered, is_shared=self._is_shared)
        found = [{"upto": wave.upto, "servers": list(wave.servers)} for wave in waves.cut(plan.servers, plan.steps)]
        return {"changed": True, "rollout_events": told, "waves": found}

    def _settle(self, rollout: Rollout, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Note what became of the servers that were begun together."""
        told = self._noted(rollout, arguments["servers"], arguments["reached"])
        return {"changed": bool(told), "rollout_events": told}

    def _noted(self, rollout: Rollout, servers: t.Sequence[str], reached: t.Collection[str] | None) -> list[Event]:
        """Note what became of some servers, by what their tasks registered.

        Args:
            rollout: the rollout.
            servers: the servers, all begun by this job.
            reached: those that are still in the play; None where that play is over: then those that were verified.
        """
        if not servers:
            return []
        kind, entries = rollout.kind, rollout.ledger.entries()
        found: dict[str, Outcome] = {}
        for server in servers:
            work = outcome.Work(*self._registered(server, LOOK, INFO, UPGRADE, FAILURE))
            entry = entries[server]
            is_reached = work.is_settled if reached is None else server in reached
            if not is_reached and not work.failure:  # Ansible went on without it and any rescue
                failure = {outcome.LOST: True, "msg": "Ansible has taken it out of the play"}
                work = dataclasses.replace(work, failure=failure)
            seconds = int((moment() - (entry.began or moment())).total_seconds())
            found[server] = outcome.of_work(entry, work, seconds, kind)
        return rollout.settle(found)

    def _verified(self, rollout: Rollout, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Note which servers still run well after their wave's soak time."""
        found = {server: outcome.of_verification(*self._registered(server, FAILURE)) for server in arguments["servers"]}
        told = rollout.settle(found)
        return {"changed": bool(told), "rollout_events": told}

    def _registered(self, server: str, *names: str) -> list[outcome.Result]:
        """Return what the tasks at a server registered. It is read as it is: results hold no templates, and to look for
        them in all that the first task has told would cost more than the step.
        """
        hosts = self._templar.available_variables["hostvars"]
        known = hosts.raw_get(server) if server in hosts else {}
        return [found if isinstance(found := known.get(name), t.Mapping) else {} for name in names]


def _awaited(rollout: Rollout, look: t.Callable[[], tuple[Step, _Found]]) -> tuple[Step, _Found]:
    """Look at the ledger until a step has nothing to wait for; return what was found then.

    Raises:
        AnsibleActionFail: the run was killed, and this worker outlives it: a sign of its job would be no sign of life,
            and nobody would work at a server that it begins.
    """
    while _name() == rollout.asking.job:
        step, found = look()
        if not step.wait:
            return step, found
        time.sleep(POLL)
    raise AnsibleActionFail(
        f"this run of ansible-playbook, the job {rollout.asking.job} of the rollout, was killed, so nothing more is"
        " begun: run the playbook again with the same im_rollout_id"
    )


def _wave(rollout: Rollout, _arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Wait until the next wave may begin; return what is verified before, and what is begun then."""
    step, verify = _awaited(rollout, rollout.between)
    order, serial = ([], []) if step.hold else rollout.left()
    return handed_on.result(verify, order, serial)


def _claim(rollout: Rollout, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Begin those of some servers that may be begun, as soon as any may be."""
    step, told = _awaited(rollout, lambda: rollout.step(arguments["servers"]))
    return {
        "changed": bool(step.start),
        "rollout_events": told,
        "start": list(step.start),
        "again": list(step.again),
        "left": [server for server in arguments["servers"] if server not in step.start] if step.start else [],
        "ends": bool(step.hold) or step.over,
        "hold": step.hold,
    }


def _end(rollout: Rollout, _arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Leave the rollout, and write its record; fail where servers failed."""
    told = rollout.end()
    found = rollout.record({"name": NAMESPACE, "version": version()})
    path = rollout.ledger.folder / RECORD
    place(path, json.dumps(found, indent=1).encode() + b"\n", replace=True)
    told.append(events.rollout_ended(found, str(path)))
    result: dict[str, t.Any] = {
        "changed": True,
        "rollout_events": told,
        "record": str(path),
        "totals": found["totals"],
        "servers": events.by_state(found),
    }
    bad = {name: servers for name, servers in result["servers"].items() if name in events.BAD}
    if bad:
        told_of = "; ".join(f"{name}: {', '.join(servers)}" for name, servers in bad.items())
        result |= {"failed": True, "msg": f"found servers on which it did not go well ({told_of}). Record: {path}"}
    return result


def _name() -> str:
    """Return what tells this run of ansible-playbook from all others; a worker's parent is the run."""
    pid = os.getppid()
    return ".".join(filter(None, (socket.gethostname(), str(pid), job.started(pid))))
