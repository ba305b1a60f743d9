"""Files that a running agent holds."""

from __future__ import annotations

import dataclasses

from ..windows import errors
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class HeldByWorker(Behaviour):
    """The DLLs below an application's folder are mapped while a worker of its pool runs: not written, not removed, and
    no folder above them is renamed. learn.microsoft.com "ASP.NET Core Module", "Locked deployment files".
    """

    def go_on(self, machine: Machine) -> None:
        """Hold them from now on."""
        machine.files.others.append(_Holding(machine))


class _Holding(OtherProgram):
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def changed(self, path: str) -> None:
        if path.lower().endswith(".dll") and self._loaded(path):
            raise errors.access_denied(path)

    def folder_moved(self, path: str, below: tuple[str, ...]) -> None:
        if any(one.lower().endswith(".dll") and self._loaded(one) for one in below):
            raise errors.access_denied(path)

    def _loaded(self, path: str) -> bool:
        iis = self._machine.iis
        if iis is None:
            return False
        busy = {worker.pool.lower() for worker in iis.activation.workers()}
        folders = (
            self._machine.environment.expand(iis.site_path(site))
            for site in iis.sites()
            if iis.site_pool(site).lower() in busy
        )
        return any(path.lower().startswith(folder.lower().rstrip("\\") + "\\") for folder in folders)
