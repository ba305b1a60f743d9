"""The pages of a small web: what it answers to a request, the same to the real modules and to the model."""

from __future__ import annotations

import base64
import json
import re

from emulator.windows.network.network import HttpAnswer, HttpRequest

from . import tls

USER, PASSWORD = "anna", "demo-only-word"
HELLO = b"hello\n"
OLD, NEW = "Thu, 02 Jan 2020 03:04:05 GMT", "Mon, 02 Jan 2040 03:04:05 GMT"
SLOW_SECONDS = 4.0
_REASONS = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    307: "Temporary Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    410: "Gone",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_SUMS = f"{'0' * 40}  hello\n{'0' * 40} *./other.txt\r\n{'0' * 40} b c.txt.old\n"
"""No page's name is in it: the rig's Select-String gives no text for a line that it found."""
_FIXED = {
    "/": ("text/html", b"<p>home</p>"),
    "/hello.txt": ("text/plain", HELLO),
    "/other.txt": ("text/plain", b"other\r\n"),
    "/b%20c.txt": ("text/plain", b"blank\n"),
    "/h%C3%A4llo.txt": ("text/plain; charset=utf-8", "h\u00e4llo\n".encode()),
    "/data.json": ("application/json", b'{"a": [1, "two", null], "b": {"c": true}}'),
    "/list.json": ("application/json", b'[1, {"a": null}, "x"]'),
    "/zero.json": ("application/json; charset=UTF-8", b"0"),
    "/broken.json": ("application/json", b"{oops"),
    "/script.js": ("application/javascript", b'{"a": 1.5}'),
    "/page.html": ("text/html; charset=utf-8", "<p>h\u00e4llo</p>".encode()),
    "/raw.bin": ("application/octet-stream", b"\xff\xfe\0\x01"),
    "/typeless": (None, b"some text"),
    "/empty": ("text/plain", b""),
    "/sums.txt": ("text/plain", _SUMS.encode()),
}
_ECHOED = ("accept", "authorization", "content-type", "referer", "user-agent")
_DATED = {"/old.txt": OLD, "/new.txt": NEW}


def answer(request: HttpRequest) -> HttpAnswer:
    """Answer a request; nothing is remembered."""
    found = _answer(request)
    certificate = tls.der(1) if request.tls else None
    headers = {"Server": "fid", "Date": OLD, **found.headers}
    if found.status != 204:
        headers["Content-Length"] = str(len(found.body))
    body = b"" if request.method == "HEAD" else found.body
    return HttpAnswer(found.status, found.reason, headers, body, certificate, found.seconds)


def _answer(request: HttpRequest) -> HttpAnswer:
    path = request.path.partition("?")[0]
    if path in _FIXED:
        return _page(*_FIXED[path])
    if path in _DATED:
        return HttpAnswer(200, "OK", {"Content-Type": "text/plain", "Last-Modified": _DATED[path]}, HELLO)
    if path == "/echo":
        return _page("application/json", _echo(request))
    if path == "/tagged":
        headers = {"ETag": '"abc"', "X-Thing-Two": "z", "x-lower-1": "1", "Content-Type": "text/plain"}
        return HttpAnswer(200, "OK", headers, HELLO)
    if path == "/slow":
        return HttpAnswer(200, "OK", {"Content-Type": "text/plain"}, HELLO, None, SLOW_SECONDS)
    if path == "/private":
        return _private(request)
    return _numbered(path)


def _private(request: HttpRequest) -> HttpAnswer:
    """Answer the one user with the password."""
    expected = f"Basic {base64.b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"
    if _header(request, "authorization") == expected:
        return _page("text/plain", HELLO)
    return _with_status(401, {"WWW-Authenticate": 'Basic realm="fid"'})


def _numbered(path: str) -> HttpAnswer:
    """Answer a path that names a status, a redirect or a turn of an endless loop; 404 for any other."""
    if status := re.fullmatch(r"/status/(\d{3})", path):
        return _with_status(int(status[1]), {})
    if redirect := re.fullmatch(r"/redirect/(\d{3})(/\w+)?", path):
        return _with_status(int(redirect[1]), {"Location": redirect[2] or "../hello.txt"})
    if loop := re.fullmatch(r"/loop/(\d+)", path):
        return _with_status(302, {"Location": f"/loop/{int(loop[1]) + 1}"})
    return _with_status(404, {})


def _page(kind: str | None, body: bytes) -> HttpAnswer:
    return HttpAnswer(200, "OK", {"Content-Type": kind} if kind else {}, body)


def _with_status(status: int, headers: dict[str, str]) -> HttpAnswer:
    body = b"" if status == 204 else f"status {status}".encode()
    return HttpAnswer(status, _REASONS.get(status, "Odd"), {**headers, "Content-Type": "text/plain"}, body)


def _header(request: HttpRequest, name: str) -> str | None:
    return next((value for key, value in request.headers.items() if key.lower() == name), None)


def _echo(request: HttpRequest) -> bytes:
    """Return what came, but for headers that .NET itself adds on one of its kinds only."""
    headers = {name: value for name in _ECHOED if (value := _header(request, name)) is not None}
    headers |= {key.lower(): value for key, value in request.headers.items() if key.lower().startswith("x-")}
    came = {
        "method": request.method,
        "target": request.path,
        "host": request.host.partition(":")[0],
        "headers": dict(sorted(headers.items())),
        "body": base64.b64encode(request.body).decode(),
    }
    return json.dumps(came).encode()
