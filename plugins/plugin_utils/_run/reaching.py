# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reach a server, or tell why not: one remote execution, and the controller's own look at the listener."""

from __future__ import annotations

import datetime
import time
import typing as t

from ansible.errors import AnsibleActionFail

from .._core import probe
from .._core.probe import NotAnswered, Query
from .._core.scrub import scrubbed
from .._reach import ping, unreached
from .._reach.connection import Connection
from .._reach.trial import Trial
from . import connection_options, controller_trial
from .action import AgentAction
from .host import Host

SECRET_OPTIONS = ("remote_password", "password", "certificate_key_password", "become_pass")


class PingAction(AgentAction):
    """Reaches the server and reports it; a server that is not reached is a result, so that all of them make a table."""

    SUBJECT = ping

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Return how the server was reached, or why not."""
        address = str(host.variable("ansible_host") or host.name)
        start = time.time()
        try:
            reply = host.look(ping.questions(wanted))
        except AnsibleActionFail:
            raise
        except Exception as error:  # the clients of both plugins raise what they like, ValueError too
            return self._not_reached(wanted, address, str(error))
        clock = _seconds(reply["host"]["time"]) - (start + time.time()) / 2 if "host" in reply else 0.0
        if reply.get("failed") or "answers" not in reply:
            said = " ".join(str(reply.get(key) or "") for key in ("msg", "module_stdout", "module_stderr"))
            return self._not_reached(wanted, address, said)
        way = connection_options.way(self._connection, address)
        trial = controller_trial.look(way, wanted.timeout) if way.known else Trial()
        # The listener's own answer is quick; what a module says of the time is as old as its execution took.
        clock = clock if trial.clock is None else trial.clock
        told = ping.report(wanted, reply["host"], _asking(ping.questions(wanted), reply["answers"]), clock)
        return {"changed": False, "reached": True, "reached_by": _described(way, trial), **told}

    def _not_reached(self, wanted: t.Any, address: str, error: str) -> dict[str, t.Any]:
        way = connection_options.way(self._connection, address)
        trial = controller_trial.look(way, wanted.timeout) if way.known else Trial()
        secrets = {str(connection_options.value(self._connection, name) or "") for name in SECRET_OPTIONS}
        cause = unreached.cause(way, scrubbed(error, secrets - {""}), trial)
        told = {"clock_difference": round(trial.clock, 1)} if trial.clock is not None else {}
        by = _described(way, trial)
        return {
            "changed": False,
            "reached": False,
            "reached_by": by,
            **unreached.summary(cause),
            **told,
            "problems": [],
        }


def _asking(questions: t.Sequence[Query], answers: t.Sequence[t.Mapping[str, t.Any]]) -> probe.Ask:
    known = {probe.key(query): answer for query, answer in zip(questions, answers, strict=True)}

    def ask(query: Query) -> t.Any:
        answer = known[probe.key(query)]
        if "error" in answer:
            raise NotAnswered(query, answer["error"]["type"], answer["error"]["message"])
        return answer["value"]

    return ask


def _seconds(stamp: str) -> float:
    """Return a probe's time as seconds since 1970; .NET's seventh digit is dropped."""
    return datetime.datetime.fromisoformat(stamp[:26] + "+00:00").timestamp()


def _described(way: Connection, trial: Trial) -> dict[str, t.Any]:
    described: dict[str, t.Any] = {
        "connection": way.plugin,
        "address": way.address,
        "port": way.port,
        "scheme": way.scheme,
        "authentication": way.way,
        "encryption": way.encryption,
        "tls": trial.tls,
        "offered": list(trial.offered),
    }
    if trial.served:
        served = trial.served
        described["certificate"] = {
            "subject": served.subject,
            "issuer": served.issuer,
            "names": list(served.names),
            "until": served.until,
            "thumbprint": served.thumbprint,
            "trusted": not trial.distrust,
        }
    return described
