# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The connections to managed systems that the agent's own settings name, each with its connector."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.connectors import Connector, connector_of
from .._core.probe import Ask
from .._dotnet.json_text import fold
from . import held_settings
from .wanted import Wanted

PAGES = "Netwrix Identity Manager, Integration Guide: References: Connectors, "


@dataclasses.dataclass(frozen=True)
class Connection:
    """A section of Connections.

    Attributes:
        id: its name.
        connector: what reads it; None where nothing tells.
        settings: its keys and values, secrets among them.
    """

    id: str
    connector: Connector | None
    settings: t.Mapping[str, t.Any] = dataclasses.field(repr=False)

    @property
    def page(self) -> str:
        """Return the vendor's page about its connector."""
        return f"{PAGES}{self.connector.page}" if self.connector else ""

    def value(self, key: str) -> t.Any:
        """Return a key's value without regard to case, None where it is not there or empty."""
        found = {fold(str(name)): value for name, value in self.settings.items()}.get(fold(key))
        return found if found not in ("", [], {}) else None


def of_agent(wanted: Wanted, ask: Ask) -> tuple[Connection, ...]:
    """Return the agent's connections, sorted; raises Refused or ValueError where its settings cannot be read."""
    tree = held_settings.of_agent(wanted, ask).tree
    sections = next((value for key, value in tree.items() if fold(key) == "CONNECTIONS"), None)
    named = {fold(name): connector for name, connector in wanted.connectors.items()}
    found = [
        Connection(name, connector_of(settings, named.get(fold(name))), settings)
        for name, settings in (sections.items() if isinstance(sections, t.Mapping) else ())
        if isinstance(settings, t.Mapping)
    ]
    return tuple(sorted(found, key=lambda one: one.id.lower()))
