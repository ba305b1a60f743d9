"""Modules of ansible.windows that ask a server who it is: win_ping, setup."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles


@handles("ansible.windows.win_ping")
def win_ping(call: Call) -> dict[str, t.Any]:
    """Answer."""
    data = call.arguments.get("data") or "pong"
    if data == "crash":
        raise ModuleFailure("Unhandled exception while executing module: boom")
    return {"changed": False, "ping": data}


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
