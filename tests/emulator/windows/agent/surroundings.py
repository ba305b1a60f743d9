"""What an agent's process uses of the server that it runs on."""

from __future__ import annotations

import dataclasses

from ..certificates.stores import CertificateStores
from ..clock import Clock
from ..files.file_system import FileSystem
from ..network.network import Network
from ..pace import Pace
from ..system.environment import Environment
from ..system.events import EventLog
from ..system.running import Running


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """Parts of a server, without what starts agents (services, IIS)."""

    clock: Clock
    files: FileSystem
    environment: Environment
    certificates: CertificateStores
    events: EventLog
    network: Network
    pace: Pace
    running: Running
