"""Files that a running agent holds."""

from __future__ import annotations

import dataclasses
import typing as t

from ..windows import errors
from ..windows.files.other_programs import OtherProgram
from ..windows.machine import Machine
from .behaviour import Behaviour


@dataclasses.dataclass(frozen=True)
class HeldByWorker(Behaviour):
    """The programs below an application's folder are mapped while a worker of its pool, or the service, runs: not
    written, not removed, and no folder above them is renamed. learn.microsoft.com "ASP.NET Core Module", "Locked
    deployment files", and "DeleteFile function", a memory-mapped file.
    """

    def go_on(self, machine: Machine) -> None:
        """Hold them from now on."""
        machine.files.others.append(_Holding(machine))


class _Holding(OtherProgram):
    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def changed(self, path: str) -> None:
        if self._loaded(path):
            raise errors.access_denied(path)

    def folder_moved(self, path: str, below: tuple[str, ...]) -> None:
        if any(map(self._loaded, below)):
            raise errors.access_denied(path)

    def _loaded(self, path: str) -> bool:
        is_program = path.lower().endswith((".dll", ".exe"))
        return is_program and any(path.lower().startswith(f"{folder}\\") for folder in self._folders())

    def _folders(self) -> t.Iterator[str]:
        """Yield the folders from which something runs."""
        yield from (folder.lower().rstrip("\\") for folder in self._machine.service_agents.folders())
        iis = self._machine.iis
        if iis is None:
            return
        busy = {worker.pool.lower() for worker in iis.activation.workers()}
        for site in iis.sites():
            if iis.site_pool(site).lower() in busy:
                yield self._machine.environment.expand(iis.site_path(site)).lower().rstrip("\\")
