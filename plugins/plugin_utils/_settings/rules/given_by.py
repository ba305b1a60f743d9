# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which variable of the inventory gives a setting."""

from __future__ import annotations

import re

from ..._agent.settings_files import GENERAL
from ..protection import Path
from ..tree import get
from .rule import Finding, Settings

NONE = "not of the inventory"
_VARIABLES: tuple[tuple[Path, str], ...] = (
    (("connections",), "im_agent_connections"),
    (("openid", "openidclients"), "im_agent_openid_clients"),
    (("openid", "defaultopenidclient"), "im_agent_default_openid_client"),
    (("openid",), "im_agent_openid_clients"),
    (("databases",), "im_settings_databases"),
    (("passwordresetsettings", "mailsettings"), "im_settings_mail"),
    (("passwordresetsettings", "encryptioncertificate"), "im_agent_certificates"),
    (("encryptioncertificate",), "im_agent_certificates"),
    (("identityserver",), "im_agent_certificates"),
    (("azurekeyvault",), "im_agent_azure_key_vault"),
    (("cyberark",), "im_agent_cyberark"),
    (("scheduler", "enabled"), "im_agent_scheduler_enabled"),
    (("sourcesrootpaths",), "im_agent_sources_root_paths"),
    (("applicationuri",), "im_agent_server_url"),
    (("serilog",), "im_settings_logging"),
)
"""The variables of the roles that give what is at a path."""
_INSIDE = frozenset({"im_agent_connections", "im_agent_openid_clients"})
"""Variables whose keys are those of the settings."""


def variable(s: Settings, file: str, path: Path) -> str:
    """Return the variable that gives a value, in the words of a message."""
    return _behind(s, file, path)[0]


def path_of(s: Settings, finding: Finding) -> str:
    """Return the variable that gives what a finding is about, with the path inside it; empty for none of ours."""
    path = tuple(re.split(r"[.:]", finding.key))
    name, length = _behind(s, finding.file, path)
    if name == NONE:
        return ""
    return ".".join((name, *path[length:])) if length == 0 or name in _INSIDE else name


def _behind(s: Settings, file: str, path: Path) -> tuple[str, int]:
    """Return the variable that gives a value, and how many keys stand for the variable itself."""
    if get(s.wanted(file), path[0]) is None:
        return NONE, 0
    folded = tuple(part.lower() for part in path)
    rest = "im_agent_settings" if file == GENERAL else "im_agent_agent_settings"
    found = ((name, len(start)) for start, name in _VARIABLES if folded[: len(start)] == start)
    return next(found, (rest, 0))
