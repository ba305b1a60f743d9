"""How long Windows takes for a change of state."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Pace:
    """For each kind of change, how many turns of the clock it takes; 0: it is done when the call returns.

    Attributes:
        pool_stop: a pool is Stopping, learn.microsoft.com "Process Model Settings for an Application Pool",
            shutdownTimeLimit: a worker has 90 seconds to finish.
        pool_start: a pool is Starting.
        site_stop: a site is Stopping.
        site_start: a site is Starting.
        worker_end: a worker goes on after its pool has stopped, or was recycled.
        service_stop: a service is StopPending, learn.microsoft.com "SERVICE_STATUS structure".
        service_start: a service is StartPending.
        boot: services that start by themselves are StartPending after a reboot.
    """

    pool_stop: int = 0
    pool_start: int = 0
    site_stop: int = 0
    site_start: int = 0
    worker_end: int = 0
    service_stop: int = 0
    service_start: int = 0
    boot: int = 0
