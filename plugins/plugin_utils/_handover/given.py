# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a sheet is made from: the inventory, the settings that it comes to, and the little that the server was asked."""

from __future__ import annotations

import dataclasses
import typing as t

from .._certificates import cert_pairs
from .._reach.connection import Connection
from .._settings import wanted as settings_wanted
from .._windows.certificate import Certificate


@dataclasses.dataclass(frozen=True)
class Held:
    """A key pair's certificate, which is public.

    Attributes:
        certificate: its properties.
        pem: the certificate itself.
    """

    certificate: Certificate
    pem: str


@dataclasses.dataclass(frozen=True)
class Given:
    """All that is known of one agent.

    Attributes:
        server: its name in the inventory.
        values: the inventory's variables, by name without ``im_agent_``.
        settings: what the settings files shall hold.
        pairs: the wanted key pairs.
        held: the certificates that are there already, by use.
        way: how Ansible reaches the server.
        host: the server's own facts; empty where it was not asked.
        unknown: what could not be found out, and why, as sentences.
    """

    server: str
    values: t.Mapping[str, t.Any] = dataclasses.field(repr=False)
    settings: settings_wanted.Wanted = dataclasses.field(repr=False)
    pairs: cert_pairs.Wanted = dataclasses.field(repr=False)
    held: t.Mapping[str, Held]
    way: Connection
    host: t.Mapping[str, t.Any]
    unknown: tuple[str, ...] = ()

    def text(self, name: str) -> str:
        """Return a variable as a text; empty where it is not set."""
        return str(self.values.get(name) or "")

    @property
    def is_service(self) -> bool:
        """Tell whether the agent is a service, not a site of IIS."""
        return self.text("hosting") == "service"
