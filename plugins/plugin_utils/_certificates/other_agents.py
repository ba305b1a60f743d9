# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key pairs of other agents on the same server: what their settings name, and who may use a private key."""

from __future__ import annotations

import re
import typing as t

from .._core import probe
from .._core.probe import Ask, Query
from .._windows import iis_config, sddl, windows_path
from . import in_settings
from .in_settings import Named

PROGRAM = "Usercube-Agent"
SERVICES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
# The accounts that Windows makes for a pool (S-1-5-82) or a service (S-1-5-80), learn.microsoft.com "Security
# identifiers": nobody else has them.
VIRTUAL = ("S-1-5-82-", "S-1-5-80-")
_READ_DATA = 0x1
_EVERYBODY = frozenset({"S-1-5-18", "S-1-5-32-544", "S-1-3-0", "S-1-3-4", sddl.EVERYONE, sddl.USERS})
"""Those whose right says nothing about an agent: SYSTEM, Administrators, whoever owns the file, and all."""
_COMMAND = re.compile(rf'^\s*"?(?P<folder>[^"]*?)\\{PROGRAM}\.exe', re.IGNORECASE)


def belongs_to_another(key: t.Mapping[str, t.Any] | None, own: t.Collection[str]) -> bool:
    """Tell whether the rights on a private key show that it is another agent's.

    Args:
        key: its file and rights, as the probe has them; where they are not known, nothing shows that.
        own: the SIDs of the agent, former ones included.
    """
    if not key or not key.get("sddl"):
        return False
    aces = sddl.parse(key["sddl"], key.get("path") or "").aces
    readers = {ace.sid for ace in aces if ace.allows and ace.rights & _READ_DATA} - _EVERYBODY
    return bool(readers and not readers & set(own)) or any(sid.startswith(VIRTUAL) for sid in readers - set(own))


def questions() -> tuple[Query, ...]:
    """Return the questions that tell where agents are on the server."""
    return (probe.file(iis_config.PATH, iis_config.MAX_BYTES), _services())


def _services() -> Query:
    return probe.registry(SERVICES, "ImagePath", depth=1, match=re.escape(PROGRAM))


def named(settings_path: str, ask: Ask) -> list[Named]:
    """Return the pairs that the settings of the server's other agents name.

    Args:
        settings_path: the Runtime folder of the agent itself.
        ask: answers questions.

    Raises:
        Refused: settings of another agent that cannot be read, so that its pairs are not known.
    """
    found: list[Named] = []
    for folder in sorted(folders(ask)):
        if windows_path.same(folder, settings_path) or not ask(probe.file(f"{folder}\\{PROGRAM}.dll", 0)):
            continue
        found += in_settings.by_use(folder, ask).values()
    return found


def folders(ask: Ask) -> set[str]:
    """Return the folders that sites and services of the server run something from."""
    found = set()
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer:
        paths = iis_config.folders(iis_config.content(answer))
        found |= {windows_path.normal(windows_path.expand(path)) for path in paths}
    for key in ((ask(_services()) or {}).get("children") or {}).values():
        command = _COMMAND.match(str(key["values"].get("ImagePath", {}).get("data") or ""))
        if command:
            found.add(windows_path.normal(windows_path.expand(command["folder"])))
    return {folder for folder in found if windows_path.why_not_absolute(folder) is None}
