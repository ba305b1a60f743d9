"""What commands and programs use of the server that they run on."""

from __future__ import annotations

import typing as t

from ..certificates.stores import CertificateStores
from ..files.file_system import FileSystem
from ..registry.keys import Registry
from ..system.environment import Environment


class Computer(t.Protocol):
    """A server, as far as commands see it."""

    files: FileSystem
    environment: Environment
    certificates: CertificateStores
    registry: Registry

    def ran(self, command_line: str) -> None:
        """Note a process in the process list."""
