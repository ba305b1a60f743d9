# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of the way from the agent's server to its managed systems: name, TCP, proxy, TLS with its certificate. No
credential is sent.
"""

from __future__ import annotations

import typing as t

from .._agent import connector_targets
from .._agent.target import Target, Unclear
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from . import agent_proxy, connections, held_settings, peer_certificate, sql_server_check
from .check import Basis, Check, State
from .connections import Connection
from .wanted import Wanted

ID = "connection_reached"
SECONDS = 10
NAME, BROWSER, TCP, PROXY, TDS, TLS, SMTP, END = "name", "browser", "tcp", "proxy", "tds", "tls", "smtp", "end"
"""The steps on the way, as the probe tells them."""
IN_TDS = "tls in tds"
CAUSES = {
    NAME: ("The name is misspelt.", "The DNS servers of the agent's server do not know it."),
    "refused": ("Nothing listens on this port.", "A firewall refuses the connection."),
    TCP: ("A firewall between them drops what is sent.", "The other server is down, or the address is wrong."),
    PROXY: ("The agent's proxy does not let the connection through, or does not reach the other server.",),
    TLS: (
        "The port speaks no TLS.",
        "The two have no version of TLS or no cipher in common; the probe offers TLS 1.2.",
    ),
    IN_TDS: ("The two have no version of TLS or no cipher in common; the probe offers TLS 1.2.",),
    BROWSER: (
        "SQL Server Browser does not run there, or a firewall drops UDP 1434.",
        "The instance has another name, or does not listen on TCP.",
    ),
    TDS: (
        "It is no SQL Server that listens on this port.",
        "It takes encrypted connections only (Force Strict Encryption), for which the client needs Encrypt=Strict.",
    ),
}


def questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return the question for each managed system; none where the agent's settings cannot be read."""
    return tuple(question(target, wanted, ask) for _connection, target in _targets(wanted, ask) if target)


def question(target: Target, wanted: Wanted, ask: Ask) -> Query:
    """Return the question for one managed system, by the proxy that the agent takes to it."""
    by = agent_proxy.to(target.host, wanted, ask) if target.web else {}
    return probe.reach(
        target.host, target.port, tls=target.tls, timeout=SECONDS, **by, **sql_server_check.fields(target)
    )


def is_unknown_name(answer: t.Mapping[str, t.Any]) -> bool:
    """Tell whether the way ended because DNS knows no address of the name, which asking again does not change.

    TryAgain is that DNS did not answer, learn.microsoft.com "SocketError Enum".
    """
    return answer["step"] == NAME and answer["code"] in {"HostNotFound", "NoData"}


def _targets(wanted: Wanted, ask: Ask) -> t.Iterator[tuple[Connection, Target | None]]:
    """Yield each managed system with its connection; None where the connection does not tell it."""
    try:
        found = connections.of_agent(wanted, ask)
    except (Refused, ValueError):
        return
    for connection in found:
        if connection.connector:
            try:
                yield from ((connection, target) for target in _of(connection))
            except Unclear:
                yield connection, None


def _of(connection: Connection) -> tuple[Target, ...]:
    name = connection.connector.name if connection.connector else ""
    return tuple(dict.fromkeys(connector_targets.targets(name, connection.settings)))


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield for each managed system how far the agent's server comes."""
    try:
        connections.of_agent(wanted, ask)
    except (Refused, ValueError) as failure:
        name, words = "ways to managed systems", "settings that name them"
        yield Check(ID, name, State.UNKNOWN, "no settings", words, reason=str(failure))
        return
    for connection, target in _targets(wanted, ask):
        yield _reached(connection, target, wanted, ask) if target else _unclear(connection, wanted, ask)


def _unclear(connection: Connection, wanted: Wanted, ask: Ask) -> Check:
    try:
        _of(connection)
        reason = ""
    except Unclear as unclear:
        reason = str(unclear)
    hidden = held_settings.hidden(wanted, ask)
    if hidden:
        reason += f"; it may be in {' or '.join(hidden)}, which only the agent reads"
    name = f"way to the managed system of connection {connection.id}"
    remedy = "Ask from the server by hand, such as with Test-NetConnection."
    return Check(ID, name, State.UNKNOWN, "no address", "an address", remedy, reason=reason, page=connection.page)


def _reached(connection: Connection, target: Target, wanted: Wanted, ask: Ask) -> Check:
    name = f"way to {_place(target)} of connection {connection.id}"
    words = "a certificate that the agent's server trusts" if _is_judged(target) else "a TCP connection"
    try:
        answer = ask(question(target, wanted, ask))
    except NotAnswered as failed:
        reason = failed.message.strip() or failed.kind
        return Check(ID, name, State.UNKNOWN, "no answer", words, reason=reason, page=connection.page)
    if answer["step"] != END:
        return _stopped_on_the_way(connection, target, answer, name, words)
    by = " by the agent's proxy" if "proxy" in question(target, wanted, ask) else ""
    at = f", port {answer['port']}" if answer["port"] else ""
    found = f"reached at {', '.join(answer['addresses'])}{at}{by}"
    if target.encryption:
        said = sql_server_check.verdict(target, target.encryption, answer, ask)
        if said.wrong:
            bad, page = State.FAILED, sql_server_check.PAGE
            return Check(ID, name, bad, said.found, words, said.remedy, said.causes, said.basis, page=page)
        return Check(ID, name, State.PASSED, f"{found}, {said.found}", words, page=connection.page)
    if target.tls:
        wrong = peer_certificate.objections(answer, target.host, ask, own_roots=bool(target.own_roots))
        if wrong:
            return distrusted(ID, name, wrong, words)
        told = f"whose authority {target.own_roots} decides on" if target.own_roots else ""
        found += f", with a certificate {told}" if told else ", with a trusted certificate"
    found += f"; {target.unseen}" if target.unseen else ""
    return Check(ID, name, State.PASSED, found, words, page=connection.page)


def _is_judged(target: Target) -> bool:
    return target.tls or sql_server_check.is_judged(target.encryption)


def _place(target: Target) -> str:
    return f"{target.host}\\{target.instance}" if target.instance else f"{target.host}:{target.port}"


def _stopped_on_the_way(
    connection: Connection, target: Target, answer: t.Mapping[str, t.Any], name: str, words: str
) -> Check:
    step = "refused" if (answer["step"], answer["code"]) == (TCP, "ConnectionRefused") else answer["step"]
    found, causes = stopped(answer), CAUSES[IN_TDS if step == TLS and answer["encryption"] else step]
    remedy = f"Correct {target.key} in im_agent_connections, DNS or the firewalls between them."
    if step == BROWSER:
        remedy = f"Have SQL Server Browser run and UDP 1434 let through, or name the port: {target.host},1433."
    if step == BROWSER or (target.local and answer["step"] == TCP):
        reason = (
            "a client reaches a SQL Server without TCP as well: by named pipes, on its own computer by shared memory"
        )
        return Check(ID, name, State.UNKNOWN, found, words, remedy, causes, reason=reason, page=connection.page)
    if step == PROXY:
        remedy = "Let the proxy pass it on, or name the host in im_agent_no_proxy."
    final = is_unknown_name(answer)
    if final:
        remedy = f"Correct {target.key} of {connection.id} in im_agent_connections, or have DNS know {target.host}."
    # Belief [tds-8]: SQL Server serves its certificate in TLS 1.2 also to a client that names no protocol (ALPN), such
    # as the probe, learn.microsoft.com "TDS 8.0".
    # An old SQL Server may have another TLS, which the client takes from Windows as well; the probe offers 1.2 alone.
    rests = Basis.BELIEF if target.encryption and step == TLS else Basis.DOCUMENTED
    return Check(ID, name, State.FAILED, found, words, remedy, causes, rests, page=connection.page, final=final)


def stopped(answer: t.Mapping[str, t.Any]) -> str:
    """Return at which step the way ended, with what Windows says."""
    steps = {
        NAME: "its name is not known",
        BROWSER: "SQL Server Browser does not tell its port",
        TCP: "no TCP connection",
        PROXY: "the proxy does not let it through",
        TDS: "no answer of SQL Server",
        TLS: "no TLS",
        SMTP: "no answer in SMTP",
    }
    told = str(answer["error"] or "").strip()
    return steps[answer["step"]] + (f" ({told})" if told else "")


def distrusted(id_: str, name: str, wrong: t.Sequence[str], words: str) -> Check:
    """Return the check of a server whose certificate the agent's server does not trust."""
    return Check(
        id_,
        name,
        State.FAILED,
        f"a certificate that is not trusted: {'; '.join(wrong)}",
        words,
        "Import the authority into LocalMachine\\Root, name the host as its certificate does, or have the certificate"
        " renewed.",
        (
            "The server serves a certificate of an authority that is not known here, for another name, or one that has"
            " expired.",
        ),
        page=peer_certificate.PAGE,
    )
