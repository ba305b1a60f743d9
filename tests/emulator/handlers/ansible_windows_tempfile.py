"""ansible.windows.win_tempfile: files and folders with random names."""

from __future__ import annotations

import ntpath
import secrets
import string
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows import errors
from ..windows.errors import WindowsError
from .ansible_windows_files import full

ATTEMPTS = 5
FOLDER = "C:\\Users\\Administrator\\AppData\\Local\\Temp\\"
"""The user's, which .NET names with a separator at the end."""
_SIGNS = string.ascii_lowercase + string.digits[:6]


@handles("ansible.windows.win_tempfile")
def win_tempfile(call: Call) -> dict[str, t.Any]:
    """Make a file or folder, or in check mode tell a name; one that cannot be made is tried with other names."""
    arguments, expand = call.arguments, call.machine.environment.expand
    prefix, suffix = (expand(arguments[name] or "") for name in ("prefix", "suffix"))
    result = {"changed": True, "state": arguments["state"]}
    why = ""
    for _ in range(ATTEMPTS):
        path = full(ntpath.join(arguments["path"] or FOLDER, f"{prefix}{_random_name()}{suffix}").replace("/", "\\"))
        try:
            if not call.check:
                _make(call, path)
            return {**result, "path": path}
        except WindowsError as error:
            why = error.message
    raise ModuleFailure(f"No random temporary file worked in {ATTEMPTS} attempts. Error: {why}", **result)


def _make(call: Call, path: str) -> None:
    if path[1:2] == ":" and path[0].upper() not in call.machine.files.drives:
        raise errors.drive_not_found(path[0])
    if call.arguments["state"].lower() == "directory":
        call.machine.files.make_folder(path)
    else:
        call.machine.files.write(path, b"")


def _random_name() -> str:
    """Return a name as .NET's GetRandomFileName makes them."""
    signs = "".join(secrets.choice(_SIGNS) for _ in range(11))
    return f"{signs[:8]}.{signs[8:]}"
