"""Payloads as a controller sends them, made by ansible-core's own code."""

from __future__ import annotations

import typing as t
from pathlib import Path

from ansible.executor.powershell import module_manifest
from ansible.plugins.loader import become_loader, module_loader

INTERNAL = {"_ansible_check_mode": False, "_ansible_diff": False, "_ansible_no_log": False, "_ansible_verbosity": 0}


def runas(user: str, password: str | None = None) -> t.Any:
    """Return the become plugin, set to become somebody."""
    plugin = become_loader.get("runas")
    plugin.set_options(direct={"become_user": user, "become_pass": password})
    return plugin


def module(name: str, arguments: dict[str, t.Any], *, become: t.Any = None, timeout: int = 0) -> tuple[str, ...]:
    """Return the input lines that run a module."""
    found = module_loader.find_plugin_with_context(name, mod_type=".ps1")
    path = Path(found.plugin_resolved_path)
    return _wrapped(found.plugin_resolved_name, path.read_bytes(), str(path), arguments, "powershell", become, timeout)


def script(text: str) -> tuple[str, ...]:
    """Return the input lines that run a file of the ``script`` action."""
    name = "ansible.builtin.script.x"
    return _wrapped(name, text.encode(), "x.ps1", {}, "script", None, 0)


def _wrapped(
    name: str, data: bytes, path: str, arguments: dict[str, t.Any], style: t.Any, become: t.Any, timeout: int
) -> tuple[str, ...]:
    text = module_manifest._create_powershell_wrapper(
        name=name,
        module_data=data,
        module_path=path,
        module_args={**INTERNAL, **arguments},
        environment={"ANSIBLE_ASYNC_DIR": "C:\\async"},
        async_timeout=timeout,
        become_plugin=become,
        substyle=style,
        task_vars={},
        profile="modern",
    )
    return tuple(text.decode().split("\n"))


def connection(name: str, parameters: dict[str, t.Any], data: t.Sequence[str] = ()) -> tuple[str, ...]:
    """Return the input lines of one of the connection plugins' own scripts."""
    _, text = module_manifest._bootstrap_powershell_script(name, parameters, has_input=bool(data))
    return (*text.decode().removesuffix("\n").split("\n"), *data)
