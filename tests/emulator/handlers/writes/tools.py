"""What the vendor's tools protect: whole files, and single values of one."""

from __future__ import annotations

import base64
import re

from ...windows.commands import programs
from ...windows.errors import WindowsError
from ...windows.machine import Machine
from . import access, files, patience
from .operation import Operation, Result, mark, text, unchanged


def protect(machine: Machine, operation: Operation, check: bool) -> Result:
    """Write a file that a tool makes of a content."""
    path, program = text(operation, "path"), text(operation, "program")
    unchanged(machine, operation, path)
    if check:
        return {"changed": True, "backup": None}
    private = f"{path}.{mark()}.new"
    try:
        access.private_folder(machine, private)
        machine.files.write(f"{private}\\input", base64.b64decode(operation.get("content") or ""))
        places = {"{input}": f"{private}\\input", "{output}": f"{private}\\output"}
        arguments = [places.get(argument, argument) for argument in operation.get("arguments") or []]
        said = _run(machine, operation, program, arguments)
        if not machine.files.is_file(f"{private}\\output"):
            raise WindowsError("ToolFailed", f"'{program}' wrote nothing: {said[:500]}")
        made = machine.files.read(f"{private}\\output")
    finally:
        patience.remove(machine, private, recurse=True)
    content = base64.b64encode(made).decode()
    return _write(machine, operation, content)


def compose(machine: Machine, operation: Operation, check: bool) -> Result:
    """Write a file with values that a tool puts out."""
    path = text(operation, "path")
    unchanged(machine, operation, path)
    if check:
        return {"changed": True, "backup": None}
    whole = base64.b64decode(operation.get("content") or "").decode()
    for part in operation.get("parts") or []:
        program = text(part, "program")
        said = _run(machine, operation, program, list(part.get("arguments") or [])).strip()
        if not re.fullmatch(r"[!#-\[\]-~]+", said):
            raise WindowsError("ToolFailed", f"'{program}' put out something else than one protected text")
        whole = whole.replace(text(part, "mark"), said)
    content = base64.b64encode(whole.encode()).decode()
    return _write(machine, operation, content)


def _write(machine: Machine, operation: Operation, content: str) -> Result:
    """Write what was made as the operation ``file`` does."""
    kept = {name: operation.get(name) for name in ("path", "backups", "sddl")}
    return files.write(machine, {**kept, "content": content}, check=False)


def _run(machine: Machine, operation: Operation, program: str, arguments: list[str]) -> str:
    """Run a program and return what it said; one that is not there, fails or never ends is a failure."""
    if not machine.files.is_file(program):
        raise WindowsError("NoProgram", f"there is no program '{program}'")
    code, said = programs.run(machine, program, text(operation, "folder"), arguments)
    if code is None:
        raise WindowsError("ToolFailed", f"'{program}' did not end within {operation.get('timeout') or 120} seconds")
    if code:
        raise WindowsError("ToolFailed", f"'{program}' ended with exit code {code}: {said[:500]}")
    return said
