# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a rule of the product is, and the settings that it checks. The rules themselves are in
the files of this folder, put together by ``table.py``.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..._agent.settings_files import AGENT, GENERAL
from ..protection import Choice

_IN_BRACKETS = re.compile(r"<[^<>()=]+>")
Values = t.Mapping[str, t.Any]
Found = t.Iterator[tuple[str, str, str]]
"""File, key and what was found."""

# The vendor's pages.
A, AA, INS = "agent-configuration/appsettings", "agent-configuration/appsettings-agent", "production-ready/agent"
RSA, CA, AKV = "rsa-encryption", "cyberark-application-access-manager-credential-providers", "azure-key-vault"
RP, C = "reverse-proxy", "connectors/references-connectors"


@dataclasses.dataclass(frozen=True)
class Finding:
    """One rule that does not hold: in which file, at which key, what was found (no secrets)."""

    rule: Rule
    file: str
    key: str
    found: str

    def __str__(self) -> str:
        where = self.file if self.rule.names_keys else f"{self.file}, {self.key}"
        return f"{where}: found {self.found}; {self.rule.wanted} ({self.rule.id})"


@dataclasses.dataclass(frozen=True)
class Rule:
    """One rule.

    Attributes:
        id: its name in messages.
        severity: error, or warning.
        wanted: what must hold, and what goes wrong otherwise.
        page: the vendor's page.
        check: yields file, key and what was found for each place where it does not hold.
        names_keys: whether what was found names keys itself, of which the finding's key is the first.
    """

    id: str
    severity: str
    wanted: str
    page: str
    check: t.Callable[[Settings], Found]
    names_keys: bool = False


@dataclasses.dataclass(frozen=True)
class Settings:
    """The settings as the agent will see them, and what is asked of them.

    Attributes:
        general: appsettings.json and what is loaded on top of it.
        agent: appsettings.agent.json and what is loaded on top of it.
        plain_general: appsettings.json alone, as it will be; None: the same as ``general``.
        plain_agent: appsettings.agent.json alone, as it will be.
        wanted_general: what the inventory asks of appsettings.json.
        wanted_agent: what the inventory asks of appsettings.agent.json.
        choice: where secrets are to be kept.
        encrypted: the encrypted files that are there or will be.
        mapping: whether there is a file of CyberArk accounts, or will be.
        vault: whether a Key Vault may hold what the files lack.
        connectors: which connector reads a section of Connections, by its name.
        service: whether the agent is a Windows service, whose current directory is not its own.
        reverse_proxy: whether browsers reach the agent through a reverse proxy.
    """

    general: Values
    agent: Values
    plain_general: Values | None = None
    plain_agent: Values | None = None
    wanted_general: Values = dataclasses.field(default_factory=dict)
    wanted_agent: Values = dataclasses.field(default_factory=dict)
    choice: Choice = dataclasses.field(default_factory=Choice)
    encrypted: tuple[str, ...] = ()
    mapping: bool = False
    vault: bool = False
    connectors: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    service: bool = False
    reverse_proxy: bool = False

    def files(self) -> t.Iterator[tuple[str, Values]]:
        """Yield both files' names and contents."""
        yield GENERAL, self.general
        yield AGENT, self.agent

    def of(self, file: str) -> Values:
        """Return a file's content."""
        return self.general if file == GENERAL else self.agent

    def wanted(self, file: str) -> Values:
        """Return what the inventory asks of a file."""
        return self.wanted_general if file == GENERAL else self.wanted_agent

    def plain(self) -> t.Iterator[tuple[str, Values]]:
        """Yield both plain files' names and contents."""
        yield GENERAL, self.general if self.plain_general is None else self.plain_general
        yield AGENT, self.agent if self.plain_agent is None else self.plain_agent


def is_true(value: t.Any) -> bool:
    """Tell whether .NET reads a value as true."""
    return str(value).strip().lower() == "true"


def is_placeholder(value: t.Any) -> bool:
    """Tell whether a value is a word in angle brackets, as the vendor's samples have for what one has to put there."""
    return isinstance(value, str) and _IN_BRACKETS.fullmatch(value) is not None
