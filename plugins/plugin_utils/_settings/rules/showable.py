# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How secret a setting is, by its place: the vendor's tables of keys (``known.py``, ``connectors.py``) turned into one
answer, which masking, protection, warnings and filters share. What no table knows is not shown.
"""

from __future__ import annotations

import enum
import functools
import typing as t

from ..._agent.connectors import CONNECTORS, TYPES
from ..._agent.value_type import LIST, MAP
from ..._core import mask
from ..._core.secret_form import looks_secret
from ..._dotnet.configuration import SEPARATOR
from ..._dotnet.json_text import fold
from .known import KNOWN_BELOW

Path = tuple[str, ...]
ANY = "*"
"""Stands in a place for one key, or the number of a list's item."""


class Level(enum.IntEnum):
    """How secret a value is; each level includes those below it."""

    SHOWN = 0
    """The vendor's tables know its key as no secret."""
    MASKED = 1
    """No table knows it."""
    GUARDED = 2
    """It stands where secrets stand: it is protected, and warned of in clear."""
    SECRET = 3
    """Its key says so: it is looked for in other texts too."""


_SECRET_ENDINGS = (
    *("password", "passwd", "pwd", "passphrase", "secret", "token", "credential", "credentials"),
    *("apikey", "accesskey", "accountkey", "privatekey", "sharedkey", "connectionstring"),
)
_SECRET_SECTIONS = frozenset({"openidclients", "databases", "connectionstrings"})
_FREE_SECTIONS = frozenset({"options", "args", "environment"})
"""Sections with keys that a script or a sink defines, not the vendor."""
_OF_SINKS = frozenset(
    {
        *("path", "rollinginterval", "rollonfilesizelimit", "filesizelimitbytes", "retainedfilecountlimit", "shared"),
        *("buffered", "flushtodiskinterval", "restrictedtominimumlevel", "outputtemplate", "encoding", "formatter"),
        *("theme", "source", "logname", "machinename", "manageeventsource", "splunkhost", "index", "sourcetype"),
    }
)
"""Usual arguments of Serilog's sinks, which stay where they are; github.com/serilog, sinks File, EventLog, Splunk."""
_OURS = frozenset({"openid", "connections", "databases", "azurekeyvault", "cyberark"})
"""Sections that hold secrets beside settings, so an unknown key there may be a misspelt secret's."""
_SECTIONS = frozenset(
    tuple(map(fold, place))
    for place in (
        *(tuple(name.split(".")) for _file, name, _keys in KNOWN_BELOW),
        ("OpenId", "OpenIdClients"),
        ("PasswordResetSettings", "NotificationSettings"),
        ("PasswordResetSettings", "TokenBuildingSettings"),
    )
)
"""Places where a section stands: a value there is none that the vendor knows."""


def _places() -> t.Iterator[Path]:
    """Yield the places of values that may be shown."""
    yield from (
        (key,)
        for key in (
            *("ApplicationUri", "TaskTimeoutSupplement", "JobLaunchTimeout", "InstallationDirectoryPath", "LogsPath"),
            *("InvokeSqlCommands", "TempFolderPath", "WorkFolderPath"),
        )
    )
    for _file, name, keys in KNOWN_BELOW:
        yield from ((*name.split("."), key) for key in keys)
    for connector in CONNECTORS:
        yield from (("Connections", ANY, key) for key in connector.known if TYPES.get(key) not in {LIST, MAP})
        yield from (
            ("Connections", ANY, key, ANY)
            for key in connector.known
            if TYPES.get(key) == LIST and key not in connector.items and key != "Servers"
        )
        for key, (required, optional) in connector.items.items():
            yield from (("Connections", ANY, key, ANY, item) for item in (*required, *optional))
    yield ("SourcesRootPaths", ANY)
    yield ("PasswordResetSettings", "NotificationSettings", "Cultures", ANY)
    yield ("PasswordResetSettings", "TokenBuildingSettings", "ValidFor")
    yield ("PasswordResetSettings", "MailSettings", "AllowedDomains", ANY)
    # Serilog and Kestrel: github.com/serilog/serilog-settings-configuration, and learn.microsoft.com "Configure
    # endpoints for the ASP.NET Core Kestrel web server".
    yield from (("Serilog", *path) for path in (("MinimumLevel",), ("MinimumLevel", "Default"), ("Using", ANY)))
    yield from (("Serilog", *path) for path in (("MinimumLevel", "Override", ANY), ("WriteTo", ANY, "Name")))
    yield from (("Serilog", *path) for path in (("WriteTo", ANY), ("Enrich", ANY), ("Enrich", ANY, "Name")))
    certificate = ("Subject", "Store", "Location", "AllowInvalid", "Path", "KeyPath")
    yield from (("Kestrel", "Certificates", ANY, key) for key in certificate)
    yield from (("Kestrel", "Endpoints", ANY, key) for key in ("Url", "Protocols"))
    yield from (("Kestrel", "Endpoints", ANY, "Certificate", key) for key in certificate)


def _is_secret_key(key: str) -> bool:
    plain = key.lower().replace("_", "").replace("-", "")
    return mask.is_secret_key(key) or plain.endswith(_SECRET_ENDINGS)


def _harmless() -> frozenset[Path]:
    found = {tuple(map(fold, place)) for place in _places() if not mask.is_secret_key(place[-1])}
    return frozenset(found - _SECTIONS)


HARMLESS = _harmless()


def level_of(path: Path, value: t.Any = None) -> Level:
    """Return how secret a value is, by its place and its form.

    Args:
        path: the keys that lead to it, numbers for the items of lists.
        value: the value, no section; its form can only make it more secret.
    """
    if value is None or value == "" or (isinstance(value, bool) and not _is_secret_key(path[-1] if path else "")):
        return Level.SHOWN
    parts = tuple(part for key in path for part in key.split(SEPARATOR))
    level = _by_place(parts)
    if len(parts) > len(path):  # a key with a colon: .NET reads it as a path, people easily overlook it
        level = max(level, Level.MASKED)
    if isinstance(value, str) and looks_secret(value):
        level = max(level, Level.GUARDED)
    return level


@functools.lru_cache(maxsize=4096)
def _by_place(parts: Path) -> Level:
    folded = tuple(part.lower().replace("_", "") for part in parts)
    if _is_harmless(tuple(map(fold, parts))):
        return Level.SHOWN
    if any(map(_is_secret_key, parts)) or _SECRET_SECTIONS & set(folded):
        return Level.SECRET
    if _FREE_SECTIONS & set(folded[:-1]):
        of_sink = "args" in folded[:-1] and folded[-1] in _OF_SINKS
        return Level.MASKED if of_sink else Level.GUARDED
    return Level.GUARDED if folded and folded[0] in _OURS else Level.MASKED


def _is_harmless(folded: Path) -> bool:
    def fits(rest: Path, done: Path) -> bool:
        if not rest:
            return done in HARMLESS
        return fits(rest[1:], (*done, rest[0])) or fits(rest[1:], (*done, ANY))

    return len(folded) <= 5 and fits(folded, ())
