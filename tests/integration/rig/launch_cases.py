"""The launch of a job on Windows calls: what is sent to whom, what is said of it, and that one run sends it once."""

from __future__ import annotations

import hashlib
import typing as t

from web_server import WebServer
from write_cases import FOLDER, HOLD, LET_GO, Case, Operation

RUN = "run-1"
CLAIM = f"{RUN}\n7,9\n"


def launches(web: WebServer) -> list[Case]:
    """Return the cases; the server that gives tokens is asked without TLS, as nobody trusts the rig's certificate."""
    token = {"address": "127.0.0.1", "host": "im.example", "port": web.plain_port, "scheme": "http"}
    token |= {"path": "/token", "body": "client_secret=canary"}
    pinned = hashlib.sha1(web.certificate, usedforsecurity=False).hexdigest()
    launch = {"address": "127.0.0.1", "host": "agent.example", "port": web.tls_port, "path": "/", "thumbprint": pinned}

    def case(name: str, *changed: bool, files: str = "", left: str | None = CLAIM, **more: t.Any) -> Case:
        first = operation(token | more.pop("token", {}), launch | more.pop("launch", {}))
        laid: dict[str, str | bytes | None] = {"c": files} if files else {}
        todo = [first for _ in changed]
        return Case(name, todo, [*changed], laid, left={} if left is None else {"c": left}, web=True, **more)

    held = HOLD.replace("a.txt", "c").replace("'Read'", "'ReadWrite'")
    proxy = {"proxy": {"address": "127.0.0.1", "port": web.tls_port}}
    by_proxy = {"address": "agent.example", "proxy": {"address": "127.0.0.1", "port": web.plain_port}}
    return [
        case("launched", True),
        case("launched once by one run", True, False),
        case("launched by the next run", True, files="run-0\n\n"),
        case("launched before", False, files="run-1\n3\n", left="run-1\n3\n"),
        case("a claim that another execution holds", False, files="x", left="x", lay=held, clear=LET_GO),
        case("a token in chunks", True, token={"path": "/token-in-chunks"}),
        case("no token", False, left=None, token={"path": "/no-token"}),
        case("nobody gives tokens", False, left=None, token={"port": 1}),
        case("a server that is not trusted", False, left=None, token={"scheme": "https", "port": web.tls_port}),
        case("another certificate", False, left="", launch={"thumbprint": "0" * 40}),
        case("refused", True, launch={"path": "/no-reason"}),
        case("no HTTP", True, launch={"path": "/nonsense"}),
        case("an answer that is cut", True, launch={"path": "/cut", "timeout": 1}),
        case("no answer in time", True, launch={"path": "/silent", "timeout": 1}),
        case("by a proxy", True, launch=by_proxy),
        case(
            "a proxy with a password",
            True,
            launch={**by_proxy, "proxy": by_proxy["proxy"] | {"authorization": "Basic x"}},
        ),
        case("a proxy that refuses", False, left="", launch={**by_proxy, "address": "refused.example"}),
        case("a proxy that hangs up", False, left="", launch={**by_proxy, "address": "gone.example"}),
        case("a proxy that is none", False, left=None, token=proxy),
        Case("no run", [operation(token, launch) | {"run": ""}], [], fails="System.ArgumentException", left={}),
    ]


def operation(token: t.Mapping[str, t.Any], launch: t.Mapping[str, t.Any]) -> Operation:
    return {
        "operation": "launch",
        "path": f"{FOLDER}\\c",
        "run": RUN,
        "known": "7,9",
        "token": dict(token),
        "launch": dict(launch),
    }
