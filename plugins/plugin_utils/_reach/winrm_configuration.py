# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WinRM's configuration, as it writes it itself (`winrm get winrm/config -format:pretty`).

Names and defaults: learn.microsoft.com "Installation and configuration for Windows Remote Management".
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

QUOTAS = (
    "MaxEnvelopeSizekb",
    "MaxTimeoutms",
    "MaxConnections",
    "MaxConcurrentOperationsPerUser",
    "IdleTimeout",
    "MaxProcessesPerShell",
    "MaxMemoryPerShellMB",
    "MaxShellsPerUser",
)
LEAST = {"MaxMemoryPerShellMB": 1024, "MaxShellsPerUser": 5, "MaxProcessesPerShell": 15}
"""Below these, modules may fail in the middle."""
_ELEMENT = re.compile(r"<(?:\w+:)?(\w+)(?:\s[^<>]*)?>([^<>]*)</")


@dataclasses.dataclass(frozen=True)
class Winrm:
    """The part of the configuration that matters here.

    Attributes:
        quotas: numbers by their name in WinRM.
        clear: whether the service takes messages that are not encrypted.
        binding: how channel binding is hardened: None, Relaxed or Strict; empty where it is not told.
    """

    quotas: t.Mapping[str, int]
    clear: bool
    binding: str

    def problems(self) -> t.Iterator[str]:
        """Yield what needs a remedy."""
        for name, least in LEAST.items():
            found = self.quotas.get(name)
            if found is not None and found < least:
                yield (
                    f"WinRM's quota {name} is {found}, wanted {least} or more: winrm set winrm/config/winrs"
                    f' @{{{name}="{least}"}}, and for psrp also at its plugin (WSMan:\\localhost\\Plugin)'
                )
        if self.clear:
            yield 'the server takes messages in clear: winrm set winrm/config/service @{AllowUnencrypted="false"}'


def read(text: str | None) -> Winrm | None:
    """Return the configuration; None where WinRM did not tell it.

    Client and service have elements of one name: those of the service come later, and count.
    """
    if not text:
        return None
    found = dict(_ELEMENT.findall(text))
    quotas = {name: int(found[name]) for name in QUOTAS if found.get(name, "").isdigit()}
    return Winrm(quotas, found.get("AllowUnencrypted") == "true", found.get("CbtHardeningLevel", ""))
