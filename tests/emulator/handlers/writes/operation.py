"""What all operations use."""

from __future__ import annotations

import hashlib
import typing as t
import uuid

from ...windows.errors import WindowsError
from ...windows.machine import Machine

Operation = dict[str, t.Any]
Result = dict[str, t.Any]


def text(operation: Operation, name: str) -> str:
    """Return a field that has to be a text; raises ArgumentException."""
    value = operation.get(name)
    if not isinstance(value, str) or not value:
        raise WindowsError("System.ArgumentException", f"the field '{name}' must be a text")
    return value


def mark() -> str:
    """Return the mark of a temporary name."""
    return f"im-{uuid.uuid4().hex[:12]}"


def content_of(machine: Machine, path: str) -> bytes:
    """Return what is in a file, of a share too; raises WindowsError."""
    found = machine.network.shared(path) if path.startswith("\\\\") else None
    return machine.files.read(path) if found is None else found


def sha256(machine: Machine, path: str) -> str:
    """Return a file's SHA-256."""
    return hashlib.sha256(content_of(machine, path)).hexdigest()


def unchanged(machine: Machine, operation: Operation, path: str) -> None:
    """Refuse a file that is not what the plan expected."""
    present = sha256(machine, path) if machine.files.is_file(path) else "absent"
    if operation.get("expect") is not None and present != operation["expect"]:
        raise WindowsError(
            "ChangedMeanwhile", f"'{path}' is not what it was when the plan was made: somebody changed it; run again"
        )
