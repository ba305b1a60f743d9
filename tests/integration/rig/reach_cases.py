"""The probe's questions about other servers, on a web server, and on mail servers and SQL Servers of each kind."""

from __future__ import annotations

import base64
import typing as t

from mail_server import MailServers
from probe_case import Case, Query, error, fits, value
from sql_server import SqlServers
from web_server import WebServer


def cases(web: WebServer, mail: MailServers, sql: SqlServers) -> list[Case]:
    """Return all cases."""
    return [*_ways(web), *_proxies(web), *_mail(web, mail), *_sql(web, sql), *_instances(sql), *_programs()]


def _stopped(step: str, code: str | None = None, text: str = "") -> t.Callable[[t.Any], bool]:
    def right(found: t.Any) -> bool:
        return found["step"] == step and bool(found["error"]) and found["code"] == code and text in found["error"]

    return fits(right)


def _ways(web: WebServer) -> list[Case]:
    served = base64.b64encode(web.certificate).decode()
    ask: Query = {"kind": "reach", "host": "127.0.0.1", "port": web.plain_port, "timeout": 2}

    def far(found: t.Any) -> bool:
        return (found["step"], found["error"], found["addresses"]) == ("end", None, ["127.0.0.1"])

    return [
        Case("TCP", ask, fits(lambda v: far(v) and v["certificate"] is None and v["chain"] is None)),
        Case(
            "TLS with its certificate",
            ask | {"port": web.tls_port, "tls": True},
            fits(lambda v: far(v) and v["certificate"] == served and "UntrustedRoot" in v["chain"]["status"]),
        ),
        Case("a name that nobody has", ask | {"host": "none.invalid"}, fits(lambda v: v["step"] == "name")),
        Case("nobody listens", ask | {"port": 1}, _stopped("tcp", "ConnectionRefused")),
        Case("no route in time", ask | {"host": "192.0.2.1", "timeout": 1}, fits(lambda v: v["step"] == "tcp")),
        Case("no TLS there", ask | {"tls": True}, fits(lambda v: v["step"] == "tls" and bool(v["error"]))),
        Case("reach without host", {"kind": "reach", "port": 1}, error("BadQuery", "'host'")),
    ]


def _proxies(web: WebServer) -> list[Case]:
    proxy = {"address": "127.0.0.1", "port": web.plain_port}
    ask: Query = {"kind": "reach", "host": "far.example", "port": web.tls_port, "tls": True, "proxy": proxy}
    return [
        Case("TLS by a proxy", ask, fits(lambda v: v["step"] == "end" and v["certificate"] is not None)),
        Case("TLS to an address of IPv6 by a proxy", ask | {"host": "::1"}, fits(lambda v: v["step"] == "end")),
        Case(
            "a proxy that refuses the way",
            ask | {"host": "refused.example"},
            _stopped("proxy", None, "407 Proxy Authentication Required"),
        ),
        Case("a proxy without address, on the way", ask | {"proxy": {"port": 1}}, error("BadQuery", "'address'")),
    ]


def _mail(web: WebServer, mail: MailServers) -> list[Case]:
    served = base64.b64encode(web.certificate).decode()
    smtp = {"name": "agent.example", "from": "a@x.example", "to": "b@x.example", "starttls": True}
    ask: Query = {"kind": "reach", "host": "127.0.0.1", "timeout": 2, "smtp": smtp}

    def said(*verbs: str) -> t.Callable[[t.Any], bool]:
        return lambda v: [one["said"] for one in v["replies"]] == ["", *verbs]

    def to(kind: str, **changes: t.Any) -> Query:
        return ask | {"port": mail.ports[kind], "smtp": smtp | changes}

    whole = ("MAIL", "RCPT", "RSET", "QUIT")
    encrypted = said("EHLO", "STARTTLS", "EHLO", *whole)
    return [
        Case(
            "a mail server with STARTTLS",
            to("tls"),
            fits(
                lambda v: (
                    encrypted(v)
                    and (v["step"], v["certificate"]) == ("end", served)
                    and v["replies"][0]["reply"].endswith("220 ready\r\n")
                    and "250-AUTH LOGIN" in v["replies"][3]["reply"]
                    and mail.heard[-6:-1]
                    == ["STARTTLS", "EHLO agent.example", "MAIL FROM:<a@x.example>", "RCPT TO:<b@x.example>", "RSET"]
                )
            ),
        ),
        Case("STARTTLS that is not wanted", to("tls", starttls=False), fits(said("EHLO", *whole))),
        Case("a mail server without it", to("clear"), fits(said("EHLO", *whole))),
        Case("a mail server that is busy", to("busy"), fits(lambda v: v["step"] == "end" and said()(v))),
        Case("a recipient that is put off", to("later"), fits(said("EHLO", "MAIL", "RCPT"))),
        Case("a recipient that is refused", to("no relay"), fits(said("EHLO", "MAIL", "RCPT"))),
        Case("TLS that is promised and refused", to("no tls after all"), fits(said("EHLO", "STARTTLS"))),
        Case("a mail server that hangs up", to("hangs up"), fits(said("EHLO", "MAIL"))),
        Case("a silent mail server", to("silent"), fits(lambda v: v["step"] == "smtp" and bool(v["error"]))),
        Case("a sender of two lines", to("clear", **{"from": "a\r\nDATA"}), error("BadQuery", "'smtp'")),
        Case("no sender", to("clear", **{"from": ""}), error("BadQuery", "'from'")),
    ]


def _sql(web: WebServer, sql: SqlServers) -> list[Case]:
    served = base64.b64encode(web.certificate).decode()

    def to(kind: str, tds: str = "on") -> Query:
        return {"kind": "reach", "host": sql.host, "port": sql.ports[kind], "timeout": 2, "tds": tds}

    def told(encryption: str, heard: str = "asked 1") -> t.Callable[[t.Any], bool]:
        def right(found: t.Any) -> bool:
            judged = "UntrustedRoot" in found["chain"]["status"] and found["chain"]["sent"] == [web.beside]
            met = (found["step"], found["encryption"], found["certificate"]) == ("end", encryption, served)
            return judged and met and heard in sql.heard

        return fits(right)

    strange = _stopped("tds", None, "none of SQL Server")
    closed = "has closed the connection"
    return [
        Case("SQL Server with its certificate", to("whole"), told("on")),
        Case("nothing is sent once TLS is there", to("whole"), fits(lambda v: "encrypted, then b''" in sql.heard)),
        Case("TLS over many packets", to("in small packets"), told("on")),
        Case("SQL Server that encrypts a logon only", to("whole", "off"), told("off", "asked 0")),
        Case("SQL Server that forces encryption", to("forces", "off"), told("required", "asked 0")),
        Case(
            "SQL Server without encryption",
            to("not supported"),
            fits(lambda v: (v["step"], v["encryption"], v["chain"]) == ("end", "not_supported", None)),
        ),
        Case("no word about encryption", to("no option"), strange),
        Case("no SQL Server", to("no sql server"), strange),
        Case("a SQL Server that hangs up", to("closes"), _stopped("tds", None, closed)),
        Case("half an answer", to("half a packet"), _stopped("tds", None, closed)),
        Case("a silent SQL Server", to("silent"), _stopped("tds", "TimedOut")),
        Case("it hangs up in the handshake", to("closes in the handshake"), _stopped("tls", None, closed)),
        Case("half a packet of the handshake", to("hangs in the handshake"), _stopped("tls", "TimedOut")),
        Case(
            "no word in the handshake", to("silent in the handshake"), _stopped("tls", "TimedOut", "within 2 seconds")
        ),
        Case("encryption of another kind", to("whole", "strict"), error("BadQuery", "'tds'")),
    ]


def _instances(sql: SqlServers) -> list[Case]:
    ask: Query = {"kind": "reach", "host": sql.host, "timeout": 2, "tds": "on"}
    port = sql.ports["whole"]
    return [
        Case(
            "an instance, by its port",
            ask | {"instance": "whole"},
            fits(lambda v: (v["step"], v["port"], v["encryption"]) == ("end", port, "on")),
        ),
        Case("an instance without TCP", ask | {"instance": "pipes"}, _stopped("browser", None, "no TCP port")),
        Case("an instance that is not there", ask | {"instance": "x"}, _stopped("browser", "TimedOut")),
    ]


def _programs() -> list[Case]:
    return [
        Case("no program", {"kind": "programs", "names": ["none.exe"]}, value({"none.exe": None})),
        Case(
            "a program",
            {"kind": "programs", "names": ["kernel32.dll"]},
            fits(lambda v: v["kernel32.dll"]["path"].lower().endswith("\\system32\\kernel32.dll")),
        ),
        Case("programs without names", {"kind": "programs"}, error("BadQuery", "'names'")),
    ]
