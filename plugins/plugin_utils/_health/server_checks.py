# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the agent as its Identity Manager server sees it: its entry and state, and its jobs that run."""

from __future__ import annotations

import typing as t

from .._core.probe import Ask, NotAnswered
from . import held_client, running, server_api, token_request
from .check import Basis, Check, State
from .held_client import Held
from .server_api import Told
from .token_request import Credentials
from .wanted import Wanted

ENTRY, JOBS = "server_knows_agent", "server_jobs"
_WANTED = {ENTRY: "an agent that is online", JOBS: "no job that has run since before the agent's start"}
_OFFLINE = (
    "The agent does not reach the server: its client is refused, or a proxy or firewall is between them.",
    "The agent has just been started, and has not reported yet.",
)


def checks(wanted: Wanted, credentials: Credentials, ask: Ask) -> t.Iterator[Check]:
    """Yield how the server of an agent sees it; it is asked by the client that the agent holds."""
    held = held_client.of_agent(wanted, credentials, ask)
    agent = held.agent or wanted.agent
    names = {ENTRY: f"agent {agent} at {held.credentials.host}", JOBS: f"jobs of {agent} at {held.credentials.host}"}
    told = "" if agent == wanted.agent else f"; the agent calls itself {agent}, unlike im_agent_identifier"
    try:
        entry, jobs = _answers(wanted, held, ask)
    except NotAnswered as failed:
        found = f"no answer ({failed.message.strip() or failed.kind})"
        cause, remedy, _distrusted = token_request.no_answer(failed.message)
        reason = "the Identity Manager server did not answer"
        yield from (_unknown(id_, names[id_], found + told, cause, remedy, reason) for id_ in (ENTRY, JOBS))
        return
    yield _without_items(ENTRY, names[ENTRY], entry, told) or _entry(names[ENTRY], entry, told)
    yield _without_items(JOBS, names[JOBS], jobs, told) or _jobs(names[JOBS], jobs, told, running.started(wanted, ask))


def _answers(wanted: Wanted, held: Held, ask: Ask) -> tuple[Told, Told]:
    """Return what the server says of the agent and of its jobs; raises NotAnswered."""
    answer = ask(held.question(wanted))
    token = token_request.read(answer)
    if token.error == token_request.INVALID_CLIENT:
        answer = ask(held.question(wanted, bare=True))
        token = token_request.read(answer)
    if answer["refused"]:
        told = Told(None, f"no token ({token.found})")
        return told, told
    entry, jobs = answer["answers"]
    return server_api.read(entry), server_api.read(jobs)


def _without_items(id_: str, name: str, told: Told, more: str) -> Check | None:
    """Return the check of an answer that says nothing of the agent; None for one that does."""
    if told.items is not None:
        return None
    if told.forbidden:
        cause = "The profile of the agent's client may not read agents or jobs."
        remedy = "Ask the integration team to let the client's profile read them, or set im_verify_server to false."
        return _unknown(id_, name, told.found + more, cause, remedy, "the server does not let the client read it")
    cause = "The server gives the client no token, has no such API, or is down."
    remedy = "See the check client_credentials, and im_agent_server_url."
    return _unknown(id_, name, told.found + more, cause, remedy, "the server told nothing of the agent")


def _unknown(id_: str, name: str, found: str, cause: str, remedy: str, reason: str) -> Check:
    return Check(id_, name, State.UNKNOWN, found, _WANTED[id_], remedy, (cause,), Basis.BELIEF, reason, server_api.PAGE)


def _entry(name: str, told: Told, more: str) -> Check:
    """Return whether the server has the agent and calls it online.

    Belief [agent-state]: the server sets State by itself from what it hears of the agent, vendor page "Agent", which
    lists the values and not what sets them.
    """
    page = server_api.PAGE
    if not told.items:
        causes = (
            "The server's configuration has no Agent with this Identifier.",
            "The profile of the agent's client may not see it.",
        )
        remedy = "Give the integration team the element Agent (filter agent_element), or correct im_agent_identifier."
        return Check(
            ENTRY, name, State.FAILED, f"no such agent{more}", _WANTED[ENTRY], remedy, causes, Basis.BELIEF, page=page
        )
    state = server_api.state(told.items[0])
    if state == server_api.ONLINE:
        return Check(ENTRY, name, State.PASSED, f"online{more}", _WANTED[ENTRY], basis=Basis.BELIEF, page=page)
    remedy = "See the check client_credentials and the agent's own log, and look at the agent in the server's pages."
    if state == server_api.OFFLINE:
        found = f"offline{more}"
        return Check(ENTRY, name, State.FAILED, found, _WANTED[ENTRY], remedy, _OFFLINE, Basis.BELIEF, page=page)
    cause, found = "The agent has not reported to the server yet.", "an agent whose state the server does not know"
    return _unknown(ENTRY, name, found + more, cause, remedy, "the server's state of the agent is unknown")


def _jobs(name: str, told: Told, more: str, started: str) -> Check:
    """Return whether the server counts a job as running which nobody can run any more.

    Belief [orphaned-job]: the agent's end ends the jobs that it has started, and the server is not told.
    """
    instances = [server_api.instance(item) for item in told.items or ()]
    orphaned = [one for one in instances if one.is_older(started)]
    shown = orphaned or instances
    found = (", ".join(one.words for one in shown) if shown else "no job that runs") + more
    if not orphaned:
        return Check(JOBS, name, State.PASSED, found, _WANTED[JOBS], basis=Basis.BELIEF, page=server_api.PAGE)
    return Check(
        JOBS,
        name,
        State.FAILED,
        found,
        _WANTED[JOBS],
        "Look at the page Job Execution of the server, and launch the job again where it has not ended.",
        ("The agent was stopped or restarted while the job ran.",),
        Basis.BELIEF,
        page=server_api.PAGE,
    )
