# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of the agent's client at the Identity Manager server, as the agent holds it: its settings, its proxy."""

from __future__ import annotations

from .._core.probe import Ask, NotAnswered
from . import held_client, token_request
from .check import Basis, Check, State
from .token_request import Answer, Credentials
from .wanted import Wanted


def client(wanted: Wanted, credentials: Credentials, ask: Ask) -> Check:
    """Return whether the Identity Manager server gives the agent's client a token."""
    held = held_client.of_agent(wanted, credentials, ask)
    name = f"client {held.credentials.client} at {held.credentials.url}"
    told = "".join(f"; {word}" for word in held.remarks)
    try:
        answer = token_request.read(ask(held.question(wanted)))
        if answer.error == token_request.INVALID_CLIENT:
            bare = token_request.read(ask(held.question(wanted, bare=True)))
            if bare.accepted:
                return _passed(name, f"{bare.found}, by the undocumented form: the client's id alone{told}")
    except NotAnswered as failed:
        return _silent(name, failed, told)
    if answer.accepted:
        return _passed(name, f"{answer.found}{told}", documented=not answer.error)
    return _refused(name, answer, told)


def _passed(name: str, found: str, *, documented: bool = False) -> Check:
    basis = Basis.DOCUMENTED if documented else Basis.BELIEF
    return Check("client_credentials", name, State.PASSED, found, "a token", basis=basis, page=token_request.PAGE)


def _refused(name: str, answer: Answer, told: str) -> Check:
    state = State.UNKNOWN if answer.is_servers_trouble else State.FAILED
    reason = "the Identity Manager server did not process the request" if state is State.UNKNOWN else ""
    return Check(
        "client_credentials",
        name,
        state,
        f"{answer.found}{told}",
        "a token",
        answer.remedy,
        answer.causes,
        reason=reason,
        page=token_request.PAGE,
    )


def _silent(name: str, failed: NotAnswered, told: str) -> Check:
    """Return the check of a request without an answer: the agent is not to blame, unless it trusts too little."""
    message = failed.message.strip() or failed.kind
    cause, remedy, distrusted = token_request.no_answer(message)
    state = State.FAILED if distrusted else State.UNKNOWN
    reason = "" if distrusted else "the Identity Manager server did not answer"
    found = f"no answer ({message}){told}"
    return Check("client_credentials", name, state, found, "a token", remedy, (cause,), reason=reason)
