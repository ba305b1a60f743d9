"""ansible.windows.win_wait_for. Waiting moves the server's clock and takes no time."""

from __future__ import annotations

import ipaddress
import re
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.network.network import is_address

_OUT_OF_RANGE = "Specified argument was out of the range of valid values. (Parameter 'port')"


@handles("ansible.windows.win_wait_for")
def win_wait_for(call: Call) -> dict[str, t.Any]:
    """Wait for a port, a file, a text in it, or some time."""
    arguments, clock = call.arguments, call.machine.clock
    path, port, state = arguments["path"], arguments["port"], str(arguments["state"]).lower()
    _mind(arguments, state)
    began = clock.now()
    clock.advance(_span(arguments["delay"] or 0))
    attempts, failure = 0, ""
    if path is None and port is None:
        if state != "drained":
            clock.advance(_span(arguments["timeout"]))
    else:
        check, what = _file(call, state) if path is not None else _port(call, state)
        waited = clock.now()
        failure = f"timeout while waiting for {what}"
        while (clock.now() - waited).total_seconds() < arguments["timeout"]:
            attempts += 1
            if check():
                failure = ""
                break
            clock.advance(_span(arguments["sleep"]))
    result = {
        "changed": False,
        "elapsed": (clock.now() - began).total_seconds(),
        "wait_attempts": attempts,
    }
    if failure:
        raise ModuleFailure(failure, **result)
    return result


def _mind(arguments: t.Mapping[str, t.Any], state: str) -> None:
    path, port, excluded = arguments["path"], arguments["port"], arguments["exclude_hosts"]
    message = ""
    if port is not None and path is not None:
        message = "port and path parameter can not both be passed to win_wait_for"
    elif excluded is not None and state != "drained":
        message = "exclude_hosts should only be with state=drained"
    elif path is not None and state in {"stopped", "drained"}:
        given = arguments["state"]
        message = f"state={given} should only be used for checking a port in the win_wait_for module"
    elif port is not None and arguments["regex"] is not None:
        message = "regex should by used when checking a string in a file in the win_wait_for module"
    if message:
        raise ModuleFailure(message, elapsed=0)


def _span(seconds: int) -> int:
    if seconds < 0:
        raise WindowsError(
            "System.ArgumentOutOfRangeException",
            f"timeout ('{seconds * 1000}') must be greater than or equal to '-1'. (Parameter 'timeout')\r\n"
            f"Actual value was {seconds * 1000}.",
        )
    return seconds


def _file(call: Call, state: str) -> tuple[t.Callable[[], bool], str]:
    files, path, regex = call.machine.files, call.arguments["path"], call.arguments["regex"]
    there = state in {"present", "started"}

    def matches() -> bool:
        if not files.exists(path):
            return False
        if regex is None:
            return True
        content = files.read(path).decode("utf-8-sig", "replace")
        return _found(regex, content)

    if regex is None:
        return lambda: matches() == there, f"file {path} to be {'present' if there else 'absent'}"
    what = f"string regex {regex} in file {path} to {'match' if there else 'not match'}"
    return lambda: matches() == there, what


def _found(regex: str, content: str) -> bool:
    """Tell whether ``-match`` does, as far as .NET's patterns are Python's."""
    try:
        return re.search(regex, content, re.IGNORECASE) is not None
    except re.error:
        # Belief [pattern-words]: .NET Framework's text for a bracket that is not closed, System.txt (NotEnoughParens).
        raise WindowsError("System.ArgumentException", f'parsing "{regex}" - Not enough )\'s.') from None


def _port(call: Call, state: str) -> tuple[t.Callable[[], bool], str]:
    host, port = call.arguments["host"] or "", call.arguments["port"]
    where = f"{host}:{port}"
    if state == "drained":
        return lambda: True, f"{where} to drain"

    def listens() -> bool:
        if not 0 <= port <= 65535:
            raise WindowsError(
                "System.ArgumentOutOfRangeException",
                f'Exception calling "BeginConnect" with "4" argument(s): "{_OUT_OF_RANGE}"',
            )
        if call.arguments["connect_timeout"] == 0 or not _own(call, host):
            return False
        return any(
            one.port == port and one.address in {"0.0.0.0", "*", host if is_address(host) else "127.0.0.1"}
            for one in call.machine.network.listeners()
        )

    if state in {"started", "present"}:
        return listens, f"{where} to start listening"
    return lambda: not listens(), f"{where} to stop listening"


def _own(call: Call, host: str) -> bool:
    """Tell whether a host is the server itself; nothing listens elsewhere."""
    name, domain = host.lower(), call.machine.domain
    if is_address(name):
        return ipaddress.ip_address(name).is_loopback
    return name in {"localhost", call.machine.name.lower(), call.machine.computer_name.lower()} or bool(
        domain and name.endswith(f".{domain.lower()}")
    )
