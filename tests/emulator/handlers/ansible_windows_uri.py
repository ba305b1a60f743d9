"""ansible.windows.win_uri."""

from __future__ import annotations

import json
import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.clock import stamp
from ..windows.errors import WindowsError
from ..windows.network import web
from ..windows.network.status_codes import STATUS
from . import web_request

_JSON = re.compile("text|json|javascript", re.IGNORECASE)
_WORD = re.compile("[A-Z]+")
_NO_BODY = 'Cannot send a content-body with this verb-type."'
_OF_A_FILE = ("headers", "is_from_cache", "is_mutually_authenticated", "response_uri", "supports_headers")
"""Properties that a FileWebResponse has as well; its status is none."""
_UNHANDLED = "Unhandled exception occurred when sending web request. Exception: "


@handles("ansible.windows.win_uri")
def win_uri(call: Call) -> dict[str, t.Any]:
    """Send a request from the server itself: names that end in its domain, and localhost, are the server."""
    arguments, files = call.arguments, call.machine.files
    result: dict[str, t.Any] = {"changed": False, "elapsed": 0, "url": arguments["url"]}
    if not _WORD.fullmatch(arguments["url_method"].upper()):
        raise ModuleFailure("Parameter 'method' needs to be a single word in uppercase, like GET or POST.", **result)
    for option, skips, what in (("creates", True, "already exists"), ("removes", False, "does not exist")):
        path = arguments[option]
        if path and files.exists(path) == skips:
            return result | {"skipped": True, "msg": f"The '{option}' file or directory ({path}) {what}."}
    warnings: list[str] = []
    request = web_request.made(call, arguments["url"], warnings)
    request = web.with_content(request, arguments["content_type"], _body(arguments["body"]))
    if request.body is not None and request.method in {"GET", "HEAD"}:
        said = 'Exception calling "GetRequestStream" with "0" argument(s): "' + _NO_BODY
        raise web_request.failure(_UNHANDLED + said, warnings, result)
    try:
        response = web_request.sent(call, request, result, bad_too=True)
    except web.WebFailure as failure:
        raise web_request.failure(_UNHANDLED + failure.message, warnings, result) from None
    result |= _described(call, response)
    if arguments["return_content"]:
        result |= _content(response)
    if arguments["dest"]:
        _save(call, response.answer.body, warnings, result)
    status = 0 if response.uri.is_file else response.answer.status
    if status not in arguments["status_code"]:
        listed, name = " ".join(map(str, arguments["status_code"])), STATUS.get(status, status or "")
        result["elapsed"] = 0
        message = f"Status code of request '{status}' is not in list of valid status codes {listed} : {name}'."
        raise web_request.failure(message, warnings, result)
    return web_request.shown(warnings, result)


def _body(body: t.Any) -> bytes | None:
    if body is None:
        return None
    if isinstance(body, dict | list):
        text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
        return re.sub("[<>&']", lambda found: f"\\u{ord(found[0]):04x}", text).encode()
    return str(body).encode()


def _described(call: Call, response: web.Response) -> dict[str, t.Any]:
    """Return the response's properties as the module names them, and then its headers, which take their place."""
    kind = response.header("Content-Type")
    length = response.header("Content-Length")
    described: dict[str, t.Any] = {
        "is_mutually_authenticated": False,
        "content_length": -1 if length is None else int(length),
        "content_type": kind or "",
        "content_encoding": response.header("Content-Encoding") or "",
        "cookies": [],
        "last_modified": stamp(call.machine.clock.now()).replace("Z", "+00:00"),
        "server": response.header("Server") or "",
        "protocol_version": "1.1",
        "headers": list(response.answer.headers),
        "method": response.method,
        "response_uri": str(response.uri),
        "status_description": response.answer.reason,
        "character_set": _character_set(kind),
        "supports_headers": True,
        "is_from_cache": False,
    }
    if response.uri.is_file:
        described = {key: described[key] for key in _OF_A_FILE}
    return described | {_snake_case(name.replace("-", "")): value for name, value in response.answer.headers.items()}


def _character_set(kind: str | None) -> str | None:
    if not kind:
        return None
    named = re.search(r";\s*charset\s*=\s*\"?([^\s;\"]+)", kind, re.IGNORECASE)
    if named:
        return named[1]
    return "ISO-8859-1" if kind.strip().lower().startswith("text/") else ""


def _snake_case(name: str) -> str:
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z0-9])([A-Z])", r"\1_\2", name).lower()


def _content(response: web.Response) -> dict[str, t.Any]:
    content = response.answer.body.decode("utf-8", "replace")
    found: dict[str, t.Any] = {"content": content}
    if _JSON.search(response.header("Content-Type") or ""):
        try:
            document = json.loads(content)
        except ValueError:
            document = None
        if document or document == {}:
            found["json"] = document
    return found


def _save(call: Call, content: bytes, warnings: list[str], result: dict[str, t.Any]) -> None:
    files, dest = call.machine.files, call.arguments["dest"]
    changed = not (files.is_file(dest) and files.read(dest) == content)
    result["changed"] = changed
    if not changed or call.check:
        return
    try:
        files.write(dest, content)
    except WindowsError as error:
        said = f'Exception calling "Create" with "1" argument(s): "{error.message}"'
        raise web_request.failure(_UNHANDLED + said, warnings, result) from None
