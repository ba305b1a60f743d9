"""A PowerShell engine that runs our scripts as a target would: by ansible-core's wrapper, many calls in one process."""

from __future__ import annotations

import functools
import os
import typing as t
from pathlib import Path

from ansible.executor.powershell import module_manifest
from emulator.process.powershell import Output, PowerShell, for_this_engine

ROOT = Path(__file__).resolve().parents[3]
BOOTSTRAP = module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode()
MODULES = ROOT / "plugins" / "modules"
PROBE, WRITE = "win_im_probe", "win_im_write"


@functools.cache
def source(name: str) -> str:
    """Return one of our scripts."""
    return (MODULES / f"{name}.ps1").read_text("utf-8")


def payload(name: str, script: str, arguments: t.Mapping[str, t.Any], *, check: bool = False) -> list[str]:
    """Return the lines that a controller sends to run ``script`` as the module ``name`` of this collection."""
    full = f"ansible_collections.imops.identity_manager.plugins.modules.{name}"
    internal: dict[str, t.Any] = {
        "_ansible_check_mode": check,
        "_ansible_diff": False,
        "_ansible_module_name": f"imops.identity_manager.{name}",
        "_ansible_no_log": True,
        "_ansible_verbosity": 0,
    }
    wrapped = module_manifest._create_powershell_wrapper(
        name=full,
        module_data=script.encode(),
        module_path=str(MODULES / f"{name}.ps1"),
        module_args={**internal, **arguments},
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="modern",
    )
    return for_this_engine(wrapped.decode() if isinstance(wrapped, bytes) else wrapped).split("\n")


class Engine(PowerShell):
    """One engine, with a fresh C: drive for each session: Wine keeps certificates that were removed from a store of
    LocalMachine.

    Args:
        windows: with Windows calls; else the rig's native one, which is enough for .NET's own classes.

    Raises:
        Unavailable: there is none here.
    """

    def __init__(self, *, windows: bool = True) -> None:
        super().__init__(f"imops-rig-{os.getpid()}", windows=windows)

    def module(
        self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool = False, script: str | None = None
    ) -> Output:
        """Run one of our modules (or a changed text of it) through ansible-core's wrapper."""
        return self.script(BOOTSTRAP, payload(name, script or source(name), arguments, check=check))

    def probe(self, *queries: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return the probe's answers."""
        return t.cast("list[dict[str, t.Any]]", self.module(PROBE, {"queries": list(queries)}).document["answers"])

    def write(self, *operations: t.Mapping[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        """Return the writer's result."""
        return self.module(WRITE, {"operations": list(operations)}, check=check).document
