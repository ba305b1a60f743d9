"""ansible.windows.win_command and win_powershell, for programs and scripts that the emulator knows, and win_uri."""

from __future__ import annotations

import typing as t
from urllib.parse import urlsplit

from ..model.call import Call, ModuleFailure, handles
from ..windows import programs
from ..windows.errors import WindowsError
from ..windows.network import HttpRequest


@handles("ansible.windows.win_command")
def win_command(call: Call) -> dict[str, t.Any]:
    """Run a program that the emulated server has."""
    arguments = call.arguments
    words = arguments.get("argv") or str(arguments.get("cmd") or arguments.get("_raw_params") or "").split()
    for option, skips in (("creates", True), ("removes", False)):
        path = arguments.get(option)
        if path and call.machine.files.exists(path) == skips:
            what = "exists" if skips else "does not exist"
            return {"changed": False, "skipped": True, "msg": f"skipped, since {path} {what}", "rc": 0}
    program, line = words[0], " ".join(words)
    if not call.machine.files.is_file(program):
        message = f"Failed to run: '{line}': The system cannot find the file specified"
        raise ModuleFailure(message, rc=2, cmd=line)
    code, said = programs.run(call.machine, program, arguments.get("chdir") or "C:\\Windows\\System32", words[1:])
    result: dict[str, t.Any] = {"changed": True, "cmd": line, "rc": code, "stdout": said, "stderr": ""}
    if code:
        raise ModuleFailure("non-zero return code", **result)
    return result


def _backup_configuration(call: Call) -> list[t.Any]:
    if call.machine.iis is None:
        raise ModuleFailure("The term 'Backup-WebConfiguration' is not recognized as the name of a cmdlet")
    stamp = call.machine.clock.now().strftime("%Y%m%dT%H%M%S%f")
    folder = f"C:\\Windows\\System32\\inetsrv\\backup\\{stamp}"
    call.machine.files.make_folder(folder)
    name = "applicationHost.config"
    call.machine.files.copy(f"C:\\Windows\\System32\\inetsrv\\config\\{name}", f"{folder}\\{name}")
    return []


SCRIPTS: dict[str, t.Callable[[Call], list[t.Any]]] = {
    # The scripts of tests/bench/baseline.yml.
    "Backup-WebConfiguration": _backup_configuration,
    "(Get-Acl C:\\)": lambda call: [{"Path": "C:\\", "Sddl": call.machine.files.sddl("C:\\")}],
    "Get-WinEvent -LogName Application": lambda call: [
        {"Id": event.id, "ProviderName": event.provider, "Message": event.message}
        for event in call.machine.events.entries
        if event.log == "Application"
    ],
}


@handles("ansible.windows.win_powershell")
def win_powershell(call: Call) -> dict[str, t.Any]:
    """Run a script that is known here; any other fails with its text. In check mode none runs."""
    script = str(call.arguments.get("script") or "").strip()
    empty: dict[str, t.Any] = {"result": {}, "host_out": "", "host_err": "", "output": [], "error": []}
    empty |= {"warning": [], "verbose": [], "debug": [], "information": []}
    if call.check:
        return empty | {"changed": True, "msg": "skipped, running in check mode"}
    known = SCRIPTS.get(script)
    if known is None:
        raise ModuleFailure(f"the emulator does not run this script: {script[:2000]}")
    return empty | {"changed": True, "output": known(call)}


@handles("ansible.windows.win_uri")
def win_uri(call: Call) -> dict[str, t.Any]:
    """Send a request from the server itself: names that end in its domain, and localhost, are the server."""
    url, wanted = call.arguments["url"], call.arguments.get("status_code") or [200]
    parts = urlsplit(url)
    tls = parts.scheme == "https"
    request = HttpRequest(
        address="127.0.0.1",
        port=parts.port or (443 if tls else 80),
        tls=tls,
        server_name=parts.hostname or "",
        host=parts.hostname or "",
        method=call.arguments.get("method") or "GET",
        path=parts.path or "/",
    )
    try:
        answer = call.machine.network.request(request)
    except WindowsError as error:
        message = f"Unhandled exception occurred when sending web request. Exception: {error.message}"
        raise ModuleFailure(message, url=url) from None
    result: dict[str, t.Any] = {"changed": False, "url": url, "status_code": answer.status, "method": request.method}
    result |= {"status_description": answer.reason, "content_length": len(answer.body), "elapsed": 0.1}
    if call.arguments.get("return_content"):
        result["content"] = answer.body.decode("utf-8", "replace")
    if answer.status not in wanted:
        listed = " ".join(map(str, wanted))
        raise ModuleFailure(
            f"Status code of request '{answer.status}' is not in list of valid status codes {listed} :"
            f" {answer.status}'.",
            **result,
        )
    return result
