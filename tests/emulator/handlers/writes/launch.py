"""The launch of a job: a token of the Identity Manager server, and with it one request to the agent."""

from __future__ import annotations

import typing as t

from ...windows.errors import WindowsError
from ...windows.machine import Machine
from ...windows.network.network import HttpAnswer, HttpRequest
from .. import probe_web
from . import patience
from .operation import Operation, Result, text


def launch(machine: Machine, operation: Operation, check: bool) -> Result:
    """Launch it, unless this run has done so before."""
    path, run = text(operation, "path"), text(operation, "run")
    known = str(operation.get("known") or "")
    answer: Result = {"changed": True, "sent": False, "repeated": False, "status": None, "refused": None}
    answer |= {"error": None, "known": known}
    if check:
        return answer
    try:
        _launched(machine, operation, path, f"{run}\n{known}\n", answer)
    except WindowsError as error:
        answer["error"] = {"type": error.type_name, "message": machine.language.said(error.message)}
    return answer | {"changed": answer["sent"]}


def _launched(machine: Machine, operation: Operation, path: str, claim: str, answer: Result) -> None:
    given = _post(machine, operation["token"])
    token = probe_web.token_of(given.body)
    if token is None:
        answer["refused"] = given.status
        return
    try:
        former = machine.files.text(path).split("\n") if machine.files.is_file(path) else [""]
        if former[0] == claim.split("\n", maxsplit=1)[0]:
            answer |= {"repeated": True, "known": former[1]}
            return
        patience.write(machine, path, claim.encode())
    except WindowsError:
        answer["repeated"] = True  # another execution still holds the file
        return
    more = {"Authorization": f"Bearer {token.decode()}", "Accept": "application/json"}
    try:
        answer["sent"] = True
        answer["status"] = _post(machine, operation["launch"] | {"headers": more}).status
    except WindowsError as error:
        # A request that took no way at all has not been sent: nobody listens, or has another certificate.
        answer["sent"] = error.type_name not in NOT_SENT
        if not answer["sent"]:
            machine.files.write(path, b"")
        raise


NOT_SENT = {
    "System.Net.Sockets.SocketException",
    "System.Security.Authentication.AuthenticationException",
}
"""Failures of a connection or of TLS, which come before the request."""


def _post(machine: Machine, asked: t.Mapping[str, t.Any]) -> HttpAnswer:
    """Send a request with a body; the certificate is judged unless its thumbprint is named."""
    host, pinned = text(dict(asked), "host"), asked.get("thumbprint")
    tls = (asked.get("scheme") or "https") == "https"
    request = HttpRequest(
        address=text(dict(asked), "address"),
        port=int(asked.get("port") or 443),
        tls=tls,
        server_name=asked.get("server_name") or host,
        host=host,
        method="POST",
        path=text(dict(asked), "path"),
        headers=asked.get("headers") or {},
        body=str(asked.get("body") or "").encode(),
        proxy=probe_web.proxy(asked.get("proxy")),
        verify=tls and not pinned,
        pinned=str(pinned or "").upper(),
    )
    return machine.network.request(request)
