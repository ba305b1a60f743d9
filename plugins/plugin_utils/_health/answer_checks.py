# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the agent's answer: that it is the agent which answers, to its server and to the controller.

The vendor documents no page of the agent and no address that tells its health. An answer that HTTP.sys or IIS gives by
itself is none, which is documented; that any other is the agent's is a belief, so two independent signs are asked for.
"""

from __future__ import annotations

import typing as t

from .._agent.start_signs import FAR_PAST
from .._core.probe import NAME_UNKNOWN, Ask, NotAnswered
from . import agent_events, questions, running, web_answer
from .check import Basis, Check, State
from .wanted import Wanted

SIGNS = 2
"""So many independent signs make an answer the agent's."""
WORDS = "an answer of the agent"


def on_server(wanted: Wanted, ask: Ask) -> Check:
    """Return whether the agent answers the server that it runs on."""
    name = f"answer of {wanted.url}"
    causes = (
        ("Nothing listens on this port: the service's addresses lead elsewhere.",)
        if wanted.service
        else (
            "The site has no binding on this port, or the binding has no certificate.",
            "HTTP.sys listens on chosen addresses only, without 127.0.0.1 (netsh http show iplisten).",
        )
    )
    remedy = (
        "Compare im_agent_service_urls, and read the Application log (.NET Runtime)."
        if wanted.service
        else "Check the site's bindings (im_agent_https_port), or set im_verify_address to an address it listens on."
    )
    try:
        answer = ask(wanted.request)
    except NotAnswered as failed:
        return _silent("agent_answers", name, wanted, failed, causes, remedy)
    return _foreign("agent_answers", name, wanted, answer) or _with_signs(name, wanted, ask, answer)


def to_controller(wanted: Wanted, ask: Ask) -> Check:
    """Return whether the agent answers the controller."""
    name = f"answer of {wanted.url} to the controller"
    causes = ("The name does not resolve to the server.", "A firewall blocks the way.")
    remedy = "Compare with the answer on the server itself, and with what im_site reports about the firewall."
    try:
        answer = ask(wanted.controller_request)
    except NotAnswered as failed:
        if failed.kind == NAME_UNKNOWN:
            return _unknown_name(name, wanted, failed)
        return _silent("answer_to_controller", name, wanted, failed, causes, remedy)
    foreign = _foreign("answer_to_controller", name, wanted, answer)
    return foreign or Check("answer_to_controller", name, State.PASSED, _words(answer), WORDS)


def _unknown_name(name: str, wanted: Wanted, failed: NotAnswered) -> Check:
    """Return the check of a name that the controller's DNS does not know, which waiting does not change."""
    return Check(
        "answer_to_controller",
        name,
        State.FAILED,
        f"no address of {wanted.host_name} ({failed.message.strip()})",
        f"an answer over {wanted.scheme}",
        "Correct im_agent_host_name, have DNS know it, or set im_verify_from_controller to false.",
        ("The name is misspelt.", "The DNS servers of the controller do not know it."),
        final=True,
    )


def _silent(id_: str, name: str, wanted: Wanted, failed: NotAnswered, causes: tuple[str, ...], remedy: str) -> Check:
    found = f"no answer ({failed.message.strip() or failed.kind})"
    return Check(id_, name, State.FAILED, found, f"an answer over {wanted.scheme}", remedy, causes)


def _foreign(id_: str, name: str, wanted: Wanted, answer: t.Mapping[str, t.Any]) -> Check | None:
    """Return the failed check for an answer that is not the agent's, None for one that may be."""
    meaning = web_answer.foreign(answer, wanted.host_name)
    if meaning is None:
        return None
    number = web_answer.number(answer)
    more = f" (HTTP Error {number})" if "." in number else ""
    found = f"{_words(answer)}{more}, {meaning.words}"
    return Check(id_, name, State.FAILED, found, WORDS, meaning.remedy, meaning.causes, page=meaning.page)


def _words(answer: t.Mapping[str, t.Any]) -> str:
    return f"status {answer['status']} {answer['reason']}".strip()


def _with_signs(name: str, wanted: Wanted, ask: Ask, answer: t.Mapping[str, t.Any]) -> Check:
    """Return the check of an answer that may be the agent's: it is with enough signs."""
    signs = [*_signs_of_service(wanted, ask, answer)] if wanted.service else [*_signs_under_iis(wanted, ask)]
    found = f"{_words(answer)}; {', '.join(signs) if signs else 'no sign of the agent'}"
    if len(signs) >= SIGNS:
        return Check("agent_answers", name, State.PASSED, found, WORDS, basis=Basis.BELIEF)
    return Check(
        "agent_answers",
        name,
        State.UNKNOWN,
        found,
        WORDS,
        "Compare the site's folder and web.config with im_agent_runtime_path, and read the agent's own log.",
        ("Another application has answered.", "The agent has not loaded, or has written nothing since its start."),
        Basis.BELIEF,
        f"fewer than {SIGNS} signs that it is the agent which answers",
    )


def _signs_under_iis(wanted: Wanted, ask: Ask) -> t.Iterator[str]:
    workers = running.workers(wanted, ask)
    started = running.worker_started(wanted, ask) or FAR_PAST
    if workers:
        yield "a worker of its pool runs"
    events = agent_events.of_agent(wanted, ask)
    if any(agent_events.reports_start(e) and e["time"] >= started for e in events):
        yield "IIS's module has logged the start of its Runtime"
    yield from _written(wanted, ask, started)


def _signs_of_service(wanted: Wanted, ask: Ask, answer: t.Mapping[str, t.Any]) -> t.Iterator[str]:
    if running.runs(wanted, ask):
        yield "its service runs"
    server = str((answer.get("headers") or {}).get("server", ""))
    if server.lower().startswith("kestrel"):
        yield "ASP.NET Core's own server answers"
    yield from _written(wanted, ask, running.started(wanted, ask))


def _written(wanted: Wanted, ask: Ask, started: str) -> t.Iterator[str]:
    # Belief [agent-writes-temp]: the agent writes files to Temp as it starts and as its jobs run, vendor page "Set Up
    # the Working Directory".
    newest = [f["last_write"] for f in ask(questions.temp_files(wanted)) or []]
    if started != FAR_PAST and any(time >= started for time in newest):
        yield "a file in Temp is newer than its start"
