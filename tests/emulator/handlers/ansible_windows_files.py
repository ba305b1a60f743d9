"""Modules of ansible.windows about files: win_ping, win_file, win_stat, slurp, setup."""

from __future__ import annotations

import base64
import hashlib
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError


@handles("ansible.windows.win_ping")
def win_ping(call: Call) -> dict[str, t.Any]:
    """Answer."""
    data = call.arguments.get("data") or "pong"
    if data == "crash":
        raise ModuleFailure("Unhandled exception while executing module: boom")
    return {"changed": False, "ping": data}


@handles("ansible.windows.win_file")
def win_file(call: Call) -> dict[str, t.Any]:
    """Make or remove a file or folder."""
    files, path, state = call.machine.files, call.arguments["path"], call.arguments.get("state")
    node = files.find(path)
    if state is None:
        state = "directory" if node is None or node.folder else "file"
    try:
        if state == "absent":
            if node and not call.check:
                files.remove(path, recurse=True)
            return {"changed": node is not None}
        if state == "directory":
            if node and not node.folder:
                raise ModuleFailure(f"path {path} is not a directory")
            if node is None and not call.check:
                files.make_folder(path)
            return {"changed": node is None}
        if state == "touch":
            if not call.check:
                files.write(path, files.read(path) if node else b"")
            return {"changed": True}
    except WindowsError as error:
        raise ModuleFailure(f"Unhandled exception while executing module: {error.message}") from None
    if node is None:
        raise ModuleFailure(f"path {path} will not be created")
    if node.folder:
        raise ModuleFailure(f"path {path} is not a file")
    return {"changed": False}


@handles("ansible.windows.win_stat")
def win_stat(call: Call) -> dict[str, t.Any]:
    """Say what is at a path."""
    node = call.machine.files.find(call.arguments["path"])
    if node is None:
        return {"changed": False, "stat": {"exists": False}}
    stat: dict[str, t.Any] = {
        "exists": True,
        "path": node.path,
        "filename": node.name,
        "isdir": node.folder,
        "isreg": not node.folder,
        "islnk": False,
        "isreadonly": node.read_only,
        "size": len(node.content or b""),
        "lastwritetime": node.last_write.timestamp(),
        "owner": call.machine.accounts.name(node.owner) or node.owner,
    }
    if not node.folder:
        stat["checksum"] = hashlib.new(
            call.arguments.get("checksum_algorithm") or "sha1", node.content or b""
        ).hexdigest()
        stat["extension"] = "." + node.name.rpartition(".")[2] if "." in node.name else ""
    return {"changed": False, "stat": stat}


@handles("ansible.windows.slurp")
def slurp(call: Call) -> dict[str, t.Any]:
    """Return a file's content."""
    path = call.arguments.get("src") or call.arguments.get(
        "path"
    )  # a module of the old kind: it knows its alias itself
    if not path:
        raise ModuleFailure("Get-AnsibleParam: Missing required argument: src")
    node = call.machine.files.find(path)
    if node is None:
        raise ModuleFailure(f"Path {path} is not found")
    if node.folder:
        raise ModuleFailure(f"Path {path} is a directory")
    return {"changed": False, "content": base64.b64encode(call.machine.files.read(path)).decode(), "encoding": "base64"}


@handles("ansible.windows.setup")
def setup(call: Call) -> dict[str, t.Any]:
    """Give the facts that playbooks use most."""
    machine = call.machine
    facts = {
        "os_family": "Windows",
        "os_name": f"Microsoft {machine.os.product_name}",
        "distribution": f"Microsoft {machine.os.product_name}",
        "distribution_version": machine.os.version,
        "distribution_major_version": "10",
        "kernel": machine.os.version,
        "hostname": machine.computer_name,
        "fqdn": machine.name,
        "nodename": machine.name,
        "domain": machine.domain or "",
        "windows_domain_member": machine.domain is not None,
        "system": "Win32NT",
        "architecture": "64-bit",
        "powershell_version": 5,
        "reboot_pending": machine.reboot_pending,
        "user_id": "Administrator",
        "env": machine.environment_variables(),
    }
    return {"changed": False, "ansible_facts": {f"ansible_{name}": value for name, value in facts.items()}}
