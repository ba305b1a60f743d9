# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""web.config as it is shown: attributes that IIS defines as no secrets are readable, everything else is masked, so are
comments and what others wrote.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t
from xml.sax.saxutils import unescape

from .._core.mask import CHANGED, MASK
from .shown import Shown

_VARIABLE_TAG = re.compile(r"<environmentVariable\s")
_TAG_NAME = re.compile(r"</?\s*([\w:.-]+)")
_PIECE = re.compile(
    r"""
    (?P<comment><!--.*?-->)
    | (?P<data><!\[CDATA\[.*?\]\]>)
    | (?P<declaration><\?xml\s[^?]*\?>)
    | (?P<other><\?.*?\?>|<![^>]*>)
    | (?P<tag><[^<>"']*(?:"[^"]*"|'[^']*'|[^<>"'])*>)
    | (?P<text>[^<]+)
    """,
    re.DOTALL | re.VERBOSE,
)
_ATTRIBUTE = re.compile(r"""([\w:.-]+)(\s*=\s*)("[^"]*"|'[^']*')""")
_ENTITIES = {"&quot;": '"', "&apos;": "'", "&#10;": "\n", "&#13;": "\r", "&#9;": "\t"}
# learn.microsoft.com "Web.config file" (ASP.NET Core Module), "Application Initialization", "Handlers".
_HARMLESS: dict[str, frozenset[str]] = {
    "aspNetCore": frozenset(
        {
            *("processPath", "stdoutLogEnabled", "stdoutLogFile", "hostingModel", "requestTimeout"),
            *("startupTimeLimit", "shutdownTimeLimit", "rapidFailsPerMinute", "processesPerApplication"),
            *("forwardWindowsAuthToken", "disableStartUpErrorPage"),
        }
    ),
    "environmentVariable": frozenset({"name"}),
    "applicationInitialization": frozenset({"doAppInitAfterRestart", "skipManagedModules"}),
    "applicationInitialization/add": frozenset({"initializationPage", "hostName"}),
    "handlers/add": frozenset({"name", "path", "verb", "modules", "resourceType"}),
    "handlers/remove": frozenset({"name"}),
    "modules/remove": frozenset({"name"}),
    "location": frozenset({"path", "inheritInChildApplications", "allowOverride"}),
}
_PROGRAM = re.compile(r"[\w.:\\/ -]*\.(?:dll|exe)", re.IGNORECASE)
_VARIABLES = frozenset({"ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"})
"""Variables that are no secrets, but for a password in an address."""


@dataclasses.dataclass
class _View:
    shown: Shown
    attributes: t.Mapping[str, str]
    before: t.Mapping[str, str]
    open: list[str] = dataclasses.field(default_factory=list)


def text(content: bytes, shown: Shown, attributes: t.Mapping[str, str], before: bytes = b"") -> str:
    """Return a file as it may be shown.

    Args:
        content: the file, which is known to be XML.
        shown: what may be shown.
        attributes: those of the agent's process that are wanted, which are ours.
        before: the former file: a variable with another value there is shown as changed.
    """
    found = _decoded(content)
    view = _View(shown, attributes, dict(variables(before)))
    return _PIECE.sub(lambda piece: _piece(piece, view), found)


def variables(content: bytes) -> t.Iterator[tuple[str, str]]:
    """Yield the environment variables of a file: names in upper case, and values."""
    for piece in _PIECE.finditer(_decoded(content)):
        if piece["tag"] and _VARIABLE_TAG.match(piece["tag"]):
            found = {name: _plain(value) for name, _equals, value in _ATTRIBUTE.findall(piece["tag"])}
            yield found.get("name", "").upper(), found.get("value", "")


def may_show_variable(name: str, value: str, shown: Shown) -> bool:
    """Tell whether a variable's value may be shown; ``Section__Key`` is a setting."""
    if name.upper() in _VARIABLES and _is_harmless(value, shown):
        return True
    return shown.may_show(tuple(name.split("__")), value)


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig", "replace").replace("\r\n", "\n")


def _piece(piece: re.Match[str], view: _View) -> str:
    if piece["comment"]:
        return f"<!-- {MASK} -->"
    if piece["data"] or piece["other"]:
        return MASK
    if piece["text"]:
        return piece[0] if not piece[0].strip() else MASK
    return piece[0] if piece["declaration"] else _tag(piece[0], view)


def _tag(tag: str, view: _View) -> str:
    name = _TAG_NAME.match(tag)
    if name is None:
        return MASK
    if tag.startswith("</"):
        view.open = view.open[:-1]
        return tag
    within = f"{view.open[-1]}/{name[1]}" if view.open else name[1]
    if not tag.endswith("/>"):
        view.open.append(name[1])
    values = {key: _plain(value) for key, _equals, value in _ATTRIBUTE.findall(tag)}

    def shown(found: re.Match[str]) -> str:
        key = found[1]
        if name[1] == "environmentVariable" and key == "value":
            return f'{key}{found[2]}"{_variable(values.get("name", ""), values[key], view)}"'
        known = _HARMLESS.get(name[1], frozenset()) | _HARMLESS.get(within, frozenset())
        own = name[1] == "aspNetCore" and view.attributes.get(key) == values[key]
        program = name[1] == "aspNetCore" and key == "arguments" and _PROGRAM.fullmatch(values[key])
        if (key in known or own or program) and _is_harmless(values[key], view.shown):
            return found[0]
        return f'{key}{found[2]}"{MASK}"'

    return _ATTRIBUTE.sub(shown, tag)


def _variable(name: str, value: str, view: _View) -> str:
    if may_show_variable(name, value, view.shown):
        return value.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    before = view.before.get(name.upper())
    return CHANGED if before is not None and before != value else MASK


def _is_harmless(value: str, shown: Shown) -> bool:
    # Any place of the table does: what matters here is the value, not where it stands.
    return shown.may_show(("LogsPath",), value)


def _plain(quoted: str) -> str:
    return unescape(quoted[1:-1], _ENTITIES)
