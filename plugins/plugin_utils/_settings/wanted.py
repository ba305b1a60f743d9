# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a task of win_im_agent_settings wants."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import fingerprint
from .._agent.connectors import NAMES as CONNECTOR_NAMES
from .._agent.settings_files import Place
from .._core.plan import Refused
from .._dotnet import json_text
from .._windows import windows_path
from .._windows.identity import Identity
from . import inventory_value, options
from .protection import Choice, path_of
from .shown import Shown
from .tree import get


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the files shall hold beside what they hold already.

    Attributes:
        place: where the files are.
        general: changes of appsettings.json; REMOVE removes a key.
        agent: changes of appsettings.agent.json.
        choice: where each secret is kept.
        accounts: CyberArk account names in the tree of Connections; None without CyberArk.
        connectors: which connector reads a section of Connections.
        certificate_password_protection: whether the passwords of PFX files are in clear, or made by the vendor's tool.
        identity: who reads the files beside administrators; None: they have the rights of their folder.
        shown: what its output may show.
        always: whether what is encrypted is written again on every run.
    """

    place: Place
    general: dict[str, t.Any] = dataclasses.field(repr=False)
    agent: dict[str, t.Any] = dataclasses.field(repr=False)
    choice: Choice
    accounts: dict[str, t.Any] | None
    connectors: dict[str, t.Any]
    certificate_password_protection: str
    fingerprint_key: str = dataclasses.field(repr=False)
    always: bool
    unmanaged: str
    backup_count: int
    strict: bool
    service: bool
    reverse_proxy: bool
    service_name: str = ""
    identity: Identity | None = None
    shown: Shown = dataclasses.field(default_factory=Shown)

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        reason = windows_path.why_not_absolute(arguments["path"])
        if reason:
            raise Refused(
                f"path: found {arguments['path']!r}, wanted the Runtime folder as an absolute Windows path ({reason})"
            )
        if arguments["backup_count"] < 0:
            raise Refused(f"backup_count: found {arguments['backup_count']}, wanted 0 or more")
        given = {name: inventory_value.settings(arguments.get(name), name) for name in options.TREES}
        arguments = {**arguments, **given}
        for name, connector in arguments["connectors"].items():
            if connector not in CONNECTOR_NAMES:
                known = ", ".join(CONNECTOR_NAMES)
                raise Refused(f"connectors: {name}: found {connector!r}, wanted one of {known}")
        runtime = windows_path.normal(arguments["path"])
        general = json_text.merge(options.given(options.general(arguments)), arguments["settings"])
        agent = json_text.merge(options.given(options.agent(arguments)), arguments["agent_settings"])
        cyberark = arguments.get("cyberark")
        return cls(
            place=Place(runtime, _work(runtime, general)),
            general=options.absent(general, arguments["absent"]),
            agent=options.absent(agent, arguments["agent_absent"]),
            choice=Choice.of(arguments["protection"], arguments["protections"], arguments["plain_accepted"]),
            accounts=dict(cyberark["accounts"]) if cyberark else None,
            connectors=arguments["connectors"],
            certificate_password_protection=arguments["certificate_password_protection"],
            fingerprint_key=fingerprint.checked_key(arguments.get("fingerprint_key")),
            always=arguments["reencrypt"] == "always",
            unmanaged=arguments["unmanaged"],
            backup_count=arguments["backup_count"],
            strict=arguments["strict"],
            service=arguments["hosting"] == "service",
            reverse_proxy=arguments["reverse_proxy"],
            service_name=(arguments.get("service") or "") if arguments["hosting"] == "service" else "",
            identity=Identity.of(arguments["identity"]) if arguments.get("identity") else None,
            shown=Shown(tuple(path_of(path) for path in arguments["show"])),
        )

    def file(self, name: str) -> str:
        """Return a settings file's path."""
        return self.place.file(name)


def _work(runtime: str, general: dict[str, t.Any]) -> str:
    """Return the folder Work, where the server's pages leave settings too."""
    given = get(general, "WorkFolderPath")
    if isinstance(given, str) and not windows_path.why_not_absolute(given):
        return windows_path.normal(given)
    return windows_path.join(runtime.rpartition("\\")[0], "Work")
