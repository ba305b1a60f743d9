"""What WebRequest.psm1 of ansible.windows makes of a module's options, and how it sends the request."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ..model.call import Call, ModuleFailure
from ..windows.errors import WindowsError
from ..windows.network import web
from ..windows.network.uri import Uri

_METHOD_EXCEPTION = "System.Management.Automation.MethodInvocationException"
_SAFE = {"GET", "HEAD"}
Result = dict[str, t.Any]


def made(call: Call, url: str, warnings: list[str]) -> web.WebRequest:
    """Return the request that Get-AnsibleWindowsWebRequest makes.

    Args:
        call: whose options count.
        url: where to.
        warnings: get what it warns of.

    Raises:
        WindowsError: an option or the address is of no use.
        ModuleFailure: the address is one of ftp.
    """
    arguments, uri = call.arguments, _address(url)
    method = arguments["url_method"] or "GET"
    given = {str(name): str(value) for name, value in (arguments["headers"] or {}).items()}
    credentials = (arguments["url_username"], arguments["url_password"] or "") if arguments["url_username"] else None
    headers: dict[str, str] = web.basic(*credentials) if credentials and arguments["force_basic_auth"] else {}
    headers |= {name: value for name, value in given.items() if name.lower() not in {"user-agent", "host"}}
    headers["User-Agent"] = _agent(given, arguments["http_agent"], warnings)
    follows = arguments["follow_redirects"]
    followed = follows == "all" or (follows == "safe" and method.upper() in _SAFE)
    return web.WebRequest(
        uri,
        method=method.upper() if method.upper() in {"GET", "HEAD", "POST", "PUT", "CONNECT"} else method,
        headers=headers,
        host=_named(given, "host") or "",
        body=None,
        credentials=credentials,
        redirects=arguments["maximum_redirection"] if followed else 0,
        verify=arguments["validate_certs"],
        timeout=arguments["url_timeout"],
        **way(arguments),
    )


def way(arguments: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return the proxy of a request, which wins over that of the account; ``use_proxy: false`` wins over it."""
    if not arguments["use_proxy"] or not arguments["proxy_url"]:
        return {}
    url, user = arguments["proxy_url"], arguments["proxy_username"]
    parts = urlsplit(url if "://" in url else f"http://{url}")  # WebProxy does so too
    passes = (user, arguments["proxy_password"] or "") if user else None
    return {"proxy": f"{parts.hostname}:{parts.port or 80}", "passes": passes}


def _address(url: str) -> Uri:
    uri = Uri.parse(url)
    if uri is None or uri.scheme not in {"http", "https", "ftp", "file"}:
        why = (
            "This operation is not supported for a relative URI."
            if uri is None
            else "The URI prefix is not recognized."
        )
        raise WindowsError(_METHOD_EXCEPTION, f'Exception calling "Create" with "1" argument(s): "{why}"')
    if uri.scheme == "ftp":
        raise ModuleFailure("the emulator sends no requests over ftp")
    return uri


def _agent(given: t.Mapping[str, str], agent: str, warnings: list[str]) -> str:
    """Return what is sent as User-Agent: the option, unless only the header was set."""
    own = _named(given, "user-agent")
    if own is not None and agent == "ansible-httpget":
        return own
    if own is not None:
        warnings.append("The 'User-Agent' header and the 'http_agent' was set, using the 'http_agent' for web request")
    return agent


def _named(headers: t.Mapping[str, str], name: str) -> str | None:
    return next((value for key, value in headers.items() if key.lower() == name), None)


def sent(call: Call, request: web.WebRequest, result: Result, *, bad_too: bool = False) -> web.Response:
    """Send a request as Invoke-AnsibleWindowsWebRequest does, and note what it notes.

    Args:
        call: on whose server.
        request: what is sent.
        result: gets ``msg``, ``status_code`` and ``elapsed``.
        bad_too: whether an answer with an error's status is one as well.

    Raises:
        WebFailure: there was no answer, or a bad one.
    """
    began = call.machine.clock.now()
    try:
        response = web.send(call.machine, request)
    except web.WebFailure as failure:
        if failure.response is None or not bad_too:
            result["status_code"] = failure.response.answer.status if failure.response else None
            result["elapsed"] = (call.machine.clock.now() - began).total_seconds()
            raise
        response = failure.response
    result |= {"msg": response.answer.reason, "status_code": response.answer.status}
    result["elapsed"] = (call.machine.clock.now() - began).total_seconds()
    return response


def shown(warnings: list[str], result: Result) -> Result:
    """Return a result with its warnings, where there are any."""
    return {**result, "warnings": warnings} if warnings else result


def failure(message: str, warnings: list[str], result: Result) -> ModuleFailure:
    """Return the failure with a result's values; its message takes the place of what the answer said."""
    return ModuleFailure(message, **{key: value for key, value in shown(warnings, result).items() if key != "msg"})
