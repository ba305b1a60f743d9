"""The account that scripts run as, as far as Windows lets it do less than an administrator."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass
class Caller:
    """Who runs scripts.

    Attributes:
        elevated: whether it is an administrator, with a full token.
        debugs: whether it may open others' processes (SeDebugPrivilege), without which Process.StartTime is refused.
        told_by_wmi: whether WMI tells it all the same when a process was started (Win32_Process, CreationDate).
    """

    elevated: bool = True
    debugs: bool = True
    told_by_wmi: bool = True

    @property
    def sees_starts(self) -> bool:
        """Tell whether it can learn when others' processes were started."""
        return self.debugs or self.told_by_wmi
