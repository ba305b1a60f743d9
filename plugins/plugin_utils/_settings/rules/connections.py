# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on the sections of Connections. What each connector wants is in ``connectors``."""

from __future__ import annotations

import ntpath
import re
import typing as t

from ..._agent.settings_files import AGENT, OPAQUE
from ..._core.mask import is_secret_key
from ..tree import get, leaves, section
from . import connector_findings
from .rule import AA, C, Found, Rule, Settings

_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*")


def _name(s: Settings) -> Found:
    for name in section(s.agent, "Connections"):
        if not _IDENTIFIER.fullmatch(str(name)):
            yield AGENT, f"Connections.{name}", repr(name)


def _empty(s: Settings) -> Found:
    for name, connection in section(s.agent, "Connections").items():
        if not isinstance(connection, t.Mapping) or not connection:
            yield AGENT, f"Connections.{name}", "no settings"


def _secret_empty(s: Settings) -> Found:
    for path, value in leaves(section(s.agent, "Connections")):
        if is_secret_key(path.rpartition(".")[2]) and (value is None or not str(value).strip()):
            yield AGENT, f"Connections.{path}", "no secret"


def _connectors(kind: str) -> t.Callable[[Settings], Found]:
    """Return the check for one kind of the connector table's findings."""

    def check(s: Settings) -> Found:
        named = {key.lower(): str(value) for key, value in s.connectors.items()}
        for name, connection in section(s.agent, "Connections").items():
            elsewhere = str(name).lower() == "databases"  # the rule databases-place is about it
            if isinstance(connection, t.Mapping) and not elsewhere:
                for found_kind, key, found in connector_findings.findings(connection, named.get(str(name).lower())):
                    if found_kind == kind:
                        yield AGENT, f"Connections.{name}.{key}".rstrip("."), found

    return check


def _basic(s: Settings) -> Found:
    for name, connection in section(s.agent, "Connections").items():
        servers = get(connection, "Servers")
        places = {f"Connections.{name}": connection}
        if isinstance(servers, list):
            places |= {f"Connections.{name}.Servers[{number}]": server for number, server in enumerate(servers)}
        for place, data in places.items():
            if str(get(data, "AuthType") or "").lower() == "basic" and not (
                get(data, "Login") and get(data, "Password")
            ):
                yield AGENT, place, "AuthType Basic without Login and Password"


def _normal(path: str) -> str:
    """Return a path with backslashes and without detours, letters as they are: case matters to the product here, unlike
    to Windows.
    """
    return ntpath.normpath(path.replace("/", "\\"))


def _source_path(s: Settings) -> Found:
    given = get(s.agent, "SourcesRootPaths")
    roots = [_normal(str(root)).rstrip("\\") + "\\" for root in given if root] if isinstance(given, list) else []
    for name, connection in section(s.agent, "Connections").items():
        for key in ("Path", "PathIncremental"):
            path = get(connection, key)
            if isinstance(path, str) and path and path != OPAQUE and not _normal(path).startswith(tuple(roots)):
                yield AGENT, f"Connections.{name}.{key}", repr(path)


RULES = (
    Rule(
        "connection-name",
        "error",
        "wanted a letter first, then letters and digits",
        "connectors/connection",
        _name,
    ),
    Rule("connection-empty", "error", "wanted the connection's settings", AA, _empty),
    Rule("connection-secret", "error", "wanted the secret", AA, _secret_empty),
    Rule("ad-basic", "error", "wanted both with Basic", "connectors/activedirectory", _basic),
    Rule(
        "source-path",
        "warning",
        "wanted a path below SourcesRootPaths, letter case included: others are blocked",
        AA,
        _source_path,
    ),
    Rule(
        "connector-required", "error", "wanted it: the connector does not work without it", C, _connectors("required")
    ),
    Rule("connector-type", "error", "wanted a value that the connector reads", C, _connectors("type")),
    Rule("connector-together", "error", "wanted all of them or none", C, _connectors("together")),
    Rule("connector-either", "warning", "wanted one of them", C, _connectors("either")),
    Rule(
        "connector-unrecognised",
        "warning",
        "wanted keys of one connector, since nothing else of it can be checked: correct them, or name the connector in"
        " im_agent_connectors",
        C,
        _connectors("unrecognised"),
    ),
    Rule("connector-key", "warning", "wanted a key of the connector: it ignores others", C, _connectors("unknown")),
)
