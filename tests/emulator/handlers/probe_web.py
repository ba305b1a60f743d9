"""The questions of `win_im_probe` that are sent on: requests of the emulated server, and what it makes of a chain."""

from __future__ import annotations

import base64
import hashlib
import re
import typing as t

from ..windows.certificates import chains
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from ..windows.network import web
from ..windows.network.network import HttpRequest
from ..windows.network.peers import Wish
from ..windows.network.uri import Uri
from .probe_query import BadQuery, Query, listed, number, text


def proxy(given: t.Mapping[str, t.Any] | None) -> str:
    """Return a proxy as the network knows it."""
    given = None if given is None else dict(given)
    return "" if given is None else f"{text(given, 'address')}:{number(given, 'port', 80)}"


def http(machine: Machine, query: Query) -> t.Any:
    """Send a request."""
    host = text(query, "host")
    answer = machine.network.request(
        HttpRequest(
            address=text(query, "address"),
            port=int(query.get("port") or 443),
            tls=(query.get("scheme") or "https") == "https",
            server_name=query.get("server_name") or host,
            host=host,
            method=query.get("method") or "GET",
            path=query.get("path") or "/",
            headers=query.get("headers") or {},
            body=str(query.get("body") or "").encode(),
            proxy=proxy(query.get("proxy")),
            verify=bool(query.get("verify")),
        )
    )
    certificate = answer.certificate
    judged = {"chain": chain(machine, certificate, answer.sent)} if query.get("chain") else {}
    return judged | {
        "status": answer.status,
        "reason": answer.reason,
        "headers": {name.lower(): value for name, value in answer.headers.items()},
        "body": base64.b64encode(answer.body[: number(query, "max_bytes", 65536)]).decode(),
        "certificate": base64.b64encode(certificate).decode() if certificate else None,
        "thumbprint": thumbprint(certificate) if certificate else None,
    }


def with_token(machine: Machine, query: Query) -> t.Any:
    """Ask for a token and with it further questions, none of whose answers holds it."""
    asked = query.get("token")
    if not isinstance(asked, dict):
        raise BadQuery("the field 'token' must be a request")
    paths = listed(query, "paths")
    given = http(machine, asked)
    body = base64.b64decode(given["body"])
    token = token_of(body)
    if token is None:
        refused = {"status": given["status"], "body": base64.b64encode(body[:48]).decode()}
        return {"refused": refused, "answers": []}
    about = {
        name: asked[name] for name in ("address", "host", "port", "server_name", "proxy", "verify") if name in asked
    }
    headers = {"Authorization": f"Bearer {token.decode()}", "Accept": "application/json"}
    answers: list[dict[str, t.Any]] = []
    for path in paths:
        try:
            told = http(machine, {**about, "path": path, "headers": headers})
        except WindowsError as why:
            answers.append({"error": {"type": why.type_name, "message": why.message}})
            continue
        shown = base64.b64decode(told["body"]).replace(token, b"********")
        answers.append({"status": told["status"], "body": base64.b64encode(shown).decode()})
    return {"refused": None, "answers": answers}


def token_of(body: bytes) -> bytes | None:
    """Return the token of an answer, None where there is none."""
    found = re.search(rb'"access_token"\s*:\s*"([^"]+)"', body)
    return found[1] if found else None


def chain(machine: Machine, der: bytes | None, sent: t.Sequence[bytes]) -> t.Any:
    """Return how Windows judges what was served; the thumbprints of all that was sent along are in it."""
    if der is None:
        return None
    built = chains.build(machine.certificates, machine.clock, der, sent)
    certificates = [
        {"thumbprint": thumbprint(link.der), "subject": link.subject, "status": list(link.status)}
        for link in built.links
    ]
    return {"status": list(built.status), "certificates": certificates, "sent": [thumbprint(one) for one in sent]}


def thumbprint(der: bytes) -> str:
    """Return a certificate's thumbprint as Windows shows it."""
    return hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()


def download(machine: Machine, query: Query) -> t.Any:
    """Return what a download would meet."""
    url = text(query, "url")
    if any(machine.files.exists(path) for path in query.get("unless") or []):
        return None
    uri = Uri.parse(url)
    if uri is None:
        raise WindowsError("System.UriFormatException", "Invalid URI: The format of the URI could not be determined.")
    try:
        # The script sends GET and does not read the body, which is what HEAD does to the model's counter of downloads.
        answer = web.send(
            machine, web.WebRequest(uri, "HEAD", timeout=number(query, "timeout", 30), **_way(query))
        ).answer
    except web.WebFailure as failure:
        if failure.response is None:
            raise
        answer = failure.response.answer
    return {"status": answer.status, "reason": answer.reason}


def _way(query: Query) -> dict[str, t.Any]:
    given = query.get("proxy")
    if given is None:
        return {}
    user = given.get("user")
    return {"proxy": proxy(given), "passes": (user, given.get("password") or "") if user else None}


def reach(machine: Machine, query: Query) -> t.Any:
    """Return how far the server comes on its way to another one."""
    smtp = query.get("smtp")
    if smtp is not None:
        for name in ("name", "from", "to"):
            text(smtp, name)
    tds = query.get("tds")
    if tds not in {None, "on", "off"}:
        raise BadQuery("the field 'tds' must be on or off")
    wish = Wish(
        text(query, "host"),
        number(query, "port", 443),
        bool(query.get("tls")),
        proxy=proxy(query.get("proxy")),
        smtp=smtp,
        timeout=number(query, "timeout", 10),
        tds=tds,
        instance=str(query.get("instance") or ""),
    )
    way = machine.network.reach(wish)
    error = machine.language.said(way.error) if way.error else None
    return {
        "step": way.step,
        "error": error,
        "code": way.code,
        "addresses": list(way.addresses),
        "port": way.port,
        "encryption": way.encryption,
        "certificate": base64.b64encode(way.certificate).decode() if way.certificate else None,
        "chain": chain(machine, way.certificate, way.sent),
        "replies": [{"said": said, "reply": reply} for said, reply in way.replies],
    }


def programs(machine: Machine, query: Query) -> t.Any:
    """Return where the machine's Path finds programs."""
    folders = (machine.environment.get("Path") or "").split(";")
    found: dict[str, t.Any] = {}
    for name in listed(query, "names"):
        places = [f"{folder.strip().strip(chr(34)).rstrip(chr(92))}\\{name}" for folder in folders]
        there = [path for path in places if path[1:2] == ":" and machine.files.exists(path)]
        found[name] = {"path": there[0], "version": None} if there else None
    return found
