"""ansible.windows.win_command and win_powershell, for programs and scripts that the emulator knows."""

from __future__ import annotations

import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.commands import command_line, programs, scripts
from ..windows.errors import WindowsError

NO_FILE, NO_PATH = "The system cannot find the file specified", "The system cannot find the path specified"
FOLDER = "C:\\Users\\Administrator"
"""Where PowerShell is when a module begins."""
_TIME = "%Y-%m-%d %H:%M:%S.%f"


@handles("ansible.windows.win_command")
def win_command(call: Call) -> dict[str, t.Any]:
    """Run a program that the emulated server has."""
    arguments, machine = call.arguments, call.machine
    argv = arguments["argv"]
    if arguments["cmd"]:
        line = arguments["cmd"]
    elif arguments["_raw_params"]:
        line = arguments["_raw_params"].strip()
    else:
        if not argv:
            message = "Cannot bind argument to parameter 'FilePath' because it is null."
            raise WindowsError("System.Management.Automation.ParameterBindingException", message)
        argv = [_resolved(call, argv[0]), *argv[1:]]
        line = " ".join(map(command_line.quoted, argv))
    result: dict[str, t.Any] = {"changed": False, "cmd": line, "rc": 0}
    for option, skips in (("creates", True), ("removes", False)):
        path = arguments[option]
        if path and machine.files.exists(path) == skips:
            what = "exists" if skips else "does not exist"
            return result | {"skipped": True, "msg": f"skipped, since {path} {what}"}
    if not line:
        message = "Failed to run: '': Cannot bind argument to parameter 'CommandLine' because it is an empty string."
        raise ModuleFailure(message, **(result | {"rc": 2}))
    folder = arguments["chdir"]
    if folder and not machine.files.exists(folder):
        message = f"Failed to run: '{line}': Could not find specified -WorkingDirectory '{folder}'"
        raise ModuleFailure(message, **(result | {"rc": 2}))
    first, rest = command_line.first(line)
    program = argv[0] if argv else _resolved(call, first)
    if not machine.files.is_file(program):
        there = ntpath.dirname(program) == "" or machine.files.exists(ntpath.dirname(program))
        code, why = (2, NO_FILE) if there else (3, NO_PATH)
        raise ModuleFailure(
            f'Failed to run: \'{line}\': Exception calling "CreateProcess" with "7" argument(s): "CreateProcessW()'
            f' failed ({why}, Win32ErrorCode {code} - 0x{code:08X})"',
            **(result | {"rc": code}),
        )
    began = machine.clock.now()
    ended = _run(call, program, folder or FOLDER, rest, argv)
    done = machine.clock.now()
    result |= {"changed": True, "rc": ended.code, "stdout": ended.output, "stderr": ended.errors}
    result |= {"start": began.strftime(_TIME), "end": done.strftime(_TIME), "delta": f"{done - began}"}
    if ended.code:
        raise ModuleFailure("non-zero return code", **result)
    return result


def _resolved(call: Call, name: str) -> str:
    """Return the path of a program as Get-Command finds it; what it does not find, as it is."""
    files, name = call.machine.files, name if not name or ntpath.splitext(name)[1] else f"{name}.exe"
    if ntpath.dirname(name) == "":
        for folder in (call.machine.environment.get("Path") or "").split(";"):
            if name and files.is_file(ntpath.join(folder, name)):
                return ntpath.join(folder, name)
    folder = call.arguments["chdir"]
    if not files.is_file(name) and folder and name and files.exists(ntpath.join(folder, name)):
        return ntpath.join(folder, name)
    return name


def _run(call: Call, program: str, folder: str, rest: str, argv: list[str] | None) -> command_line.Ended:
    if ntpath.basename(program).lower() == "cmd.exe":
        ended = command_line.command_interpreter(call.machine, folder, rest)
        if ended is not None:
            call.machine.ran(f'"{program}" {rest}')
            return ended
    code, said = programs.run(call.machine, program, folder, argv[1:] if argv else rest.split())
    return command_line.Ended(code or 0, said)


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
    """Run a script that is known here, or one of literals; any other fails with its text."""
    arguments, files = call.arguments, call.machine.files
    result: dict[str, t.Any] = {"changed": False, "result": {}, "host_out": "", "host_err": "", "output": []}
    result |= {stream: [] for stream in ("error", "warning", "verbose", "debug", "information")}
    for option, skips in (("creates", True), ("removes", False)):
        path = arguments[option]
        if path and files.exists(path) == skips:
            what = "exists" if skips else "does not exist"
            return result | {"msg": f"skipped, since {path} {what}"}
    script = arguments["script"]
    if not script:
        if arguments["path"] is None:
            message = "Cannot bind argument to parameter 'LiteralPath' because it is null."
            raise WindowsError("System.Management.Automation.ParameterBindingException", message)
        if not files.exists(arguments["path"]):
            raise ModuleFailure(f"Could not find or access '{arguments['path']}' on Windows host", **result)
        script = files.text(arguments["path"])
    if call.check and not scripts.foresees(script):
        return result | {"changed": True, "msg": "skipped, running in check mode"}
    known = SCRIPTS.get(script.strip())
    if known is not None:
        return result | {"changed": True, "failed": False, "output": known(call)}
    try:
        folder = arguments["chdir"] or FOLDER
        ran = scripts.run(script, arguments["parameters"] or {}, folder, check=call.check)
    except scripts.Unreadable:
        raise ModuleFailure(f"the emulator does not run this script: {script[:2000]}") from None
    depth, ansible = arguments["depth"], ran.ansible
    diff = ansible["Diff"] if isinstance(ansible["Diff"], dict) else {}
    result |= {"changed": ansible["Changed"], "failed": ansible["Failed"], "warning": ran.warnings}
    result |= {
        "result": scripts.shown(ansible["Result"], depth),
        "output": scripts.shown(ran.output, depth),
        "host_out": "".join(f"WARNING: {warning}\r\n" for warning in ran.warnings),
    }
    if call.diff and diff:
        result["diff"] = {name: scripts.shown(value, depth) for name, value in diff.items()}
    return result
