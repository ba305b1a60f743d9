"""The states that pools and sites go through, and the errors of asking for one at the wrong time."""

from __future__ import annotations

import datetime

from .. import errors
from .pool_settings import PoolSettings

STARTED, STARTING, STOPPED, STOPPING, UNKNOWN = "Started", "Starting", "Stopped", "Stopping", "Unknown"
BETWEEN = frozenset({STARTING, STOPPING})
COM = "System.Runtime.InteropServices.COMException"


def not_started() -> errors.WindowsError:
    """Return what WAS being stopped gives, ERROR_SERVICE_NOT_ACTIVE."""
    message = "The service has not been started. (Exception from HRESULT: 0x80070426)"
    return errors.WindowsError(COM, message, -2147023834)


def cannot_accept() -> errors.WindowsError:
    """Return what a pool or site gives that is on its way, ERROR_SERVICE_CANNOT_ACCEPT_CTRL."""
    message = "The service cannot accept control messages at this time. (Exception from HRESULT: 0x80070425)"
    return errors.WindowsError(COM, message, -2147023835)


def already_stopped() -> errors.WindowsError:
    """Return what stopping a stopped pool gives."""
    return errors.WindowsError("System.InvalidOperationException", "The object on the target path is already stopped.")


class RapidFail:
    """Counts the workers that ended by themselves, learn.microsoft.com "Failure Settings for an Application Pool".

    Args:
        pools: how many failures in which time are too many.
    """

    def __init__(self, pools: PoolSettings) -> None:
        self._pools = pools
        self._failures: dict[str, list[datetime.datetime]] = {}

    def too_many(self, pool: str, now: datetime.datetime) -> bool:
        """Count one more failure of a pool; tell whether the pool is to be disabled."""
        interval = str(self._pools.attribute(pool, "failure.rapidFailProtectionInterval"))
        hours, minutes, seconds = (int(part) for part in interval.rpartition(".")[2].split(":"))
        since = now - datetime.timedelta(hours=hours, minutes=minutes, seconds=seconds)
        recent = [*(time for time in self._failures.get(pool.lower(), ()) if time >= since), now]
        self._failures[pool.lower()] = recent
        if not self._pools.attribute(pool, "failure.rapidFailProtection"):
            return False
        return len(recent) >= int(self._pools.attribute(pool, "failure.rapidFailProtectionMaxCrashes"))
