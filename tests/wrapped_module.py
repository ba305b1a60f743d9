"""What a controller sends to run a PowerShell module, made by ansible-core itself: for our scripts, and for any module
of an installed collection.
"""

from __future__ import annotations

import functools
import typing as t
from pathlib import Path

from ansible.executor.powershell import module_manifest
from ansible.plugins.loader import module_loader
from emulator.process.powershell import for_this_engine

BOOTSTRAP = module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode()
"""The script that takes the payload as its input."""


def lines(
    module: str,
    script: str,
    path: str,
    arguments: t.Mapping[str, t.Any],
    *,
    check: bool = False,
    diff: bool = False,
    no_log: bool = False,
) -> list[str]:
    """Return the payload's lines for one call.

    Args:
        module: the module's full name.
        script: its text.
        path: where the text is from; its module_utils are looked for from there.
        arguments: the module's own.
        check: check mode.
        diff: diff mode.
        no_log: whether the module must not log its arguments.
    """
    namespace, collection, name = module.split(".")
    internal: dict[str, t.Any] = {
        "_ansible_check_mode": check,
        "_ansible_diff": diff,
        "_ansible_module_name": module,
        "_ansible_no_log": no_log,
        "_ansible_remote_tmp": "%TEMP%",
        "_ansible_verbosity": 0,
    }
    wrapped = module_manifest._create_powershell_wrapper(
        name=f"ansible_collections.{namespace}.{collection}.plugins.modules.{name}",
        module_data=script.encode(),
        module_path=path,
        module_args={**internal, **arguments},
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="modern",
    )
    return for_this_engine(wrapped.decode() if isinstance(wrapped, bytes) else wrapped).split("\n")


def installed(module: str, arguments: t.Mapping[str, t.Any], *, check: bool = False, diff: bool = False) -> list[str]:
    """Return the payload's lines for a call of an installed collection's module.

    Raises:
        LookupError: there is no such module.
    """
    path, script = _source(module)
    return lines(module, script, path, arguments, check=check, diff=diff)


@functools.cache
def _source(module: str) -> tuple[str, str]:
    found = module_loader.find_plugin_with_context(module, mod_type=".ps1")
    if not found.resolved or found.plugin_resolved_path is None:
        raise LookupError(f"no such module: {module}")
    return found.plugin_resolved_path, Path(found.plugin_resolved_path).read_text("utf-8-sig")
