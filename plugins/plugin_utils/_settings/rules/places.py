# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on which keys there are, in which file and section they stand, and what their values are."""

from __future__ import annotations

import difflib
import re
import typing as t

from ..._agent.settings_files import AGENT, GENERAL, OPAQUE
from ..._agent.value_type import fits, shown
from ..tree import get, leaves, section
from .known import KNOWN_AGENT, KNOWN_BELOW, KNOWN_GENERAL, RELATIVE_PATHS, TYPES
from .rule import AA, INS, A, Found, Rule, Settings, is_placeholder

_UNDER_OPEN_ID = ("OpenIdClients", "DefaultOpenIdClient", "AgentIdentifier")
_VITAL = {
    # What the agent does not work without, or what the vendor's own samples put into the wrong file.
    AGENT: ("ApplicationUri", "EncryptionCertificate", "IdentityServer", "Scheduler", "Cors"),
    GENERAL: ("OpenId", "Connections", "Databases", "SourcesRootPaths", "PasswordResetSettings"),
}
_OTHERS = {AGENT: KNOWN_GENERAL, GENERAL: KNOWN_AGENT}
_PLACED_ELSEWHERE = {key.lower() for key in (*_UNDER_OPEN_ID, *KNOWN_GENERAL, *KNOWN_AGENT, "MailSettings")}


def _clients_at_root(s: Settings) -> Found:
    for file, data in s.files():
        for key in _UNDER_OPEN_ID:
            if get(data, key) is not None:
                yield file, key, "it at the root"


def _misplaced(s: Settings) -> Found:
    for file, keys in _VITAL.items():
        for key in keys:
            if get(s.of(file), key) is not None:
                yield file, key, "it in this file"


def _other_file(s: Settings) -> Found:
    for file, keys in _OTHERS.items():
        for key in keys:
            if key not in _VITAL[file] and get(s.of(file), key) is not None:
                yield file, key, "it in this file"


def _databases_place(s: Settings) -> Found:
    if get(s.agent, "Connections", "Databases") is not None:
        yield AGENT, "Connections.Databases", "it under Connections"


def _near(key: str, known: t.Iterable[str], asked_for: bool) -> str | None:
    """Return what is wrong with a key: None for a known one, and for one that may be a note of somebody else's."""
    names = {name.lower(): name for name in known}
    if key.lower() in names:
        return None
    near = difflib.get_close_matches(key.lower(), names, 1, 0.75)
    if near:
        return f"an unknown key; the product knows {names[near[0]]}"
    return "an unknown key, and none of the product's with a name like it" if asked_for else None


def _unknown(s: Settings) -> Found:
    for file, known in ((GENERAL, KNOWN_GENERAL), (AGENT, KNOWN_AGENT)):
        for key in s.of(file):
            # To .NET "Scheduler:Enabled" is Enabled in Scheduler; a dot parts nothing.
            if key.partition(":")[0].lower() in _PLACED_ELSEWHERE:
                continue
            section, dot, below = key.partition(".")
            if dot and section.lower() in _PLACED_ELSEWHERE:
                yield file, key, f"a key with a dot in it; the product looks for {below} in the section {section}"
                continue
            found = _near(key, known, get(s.wanted(file), key) is not None)
            if found:
                yield file, key, found


def _known_below(s: Settings) -> Found:
    for file, name, known in KNOWN_BELOW:
        path = name.split(".")
        for key in section(s.of(file), *path):
            found = _near(key, known, get(s.wanted(file), *path, key) is not None)
            if found:
                yield file, f"{name}.{key}", found


def _types(s: Settings) -> Found:
    for file, name, _keys in KNOWN_BELOW:
        value = get(s.of(file), *name.split("."))
        if value is not None and value not in ("", OPAQUE) and not isinstance(value, t.Mapping):
            yield file, name, f"{shown(value)}, which is not settings"
    for file, path, kind in TYPES:
        value = get(s.of(file), *path.split("."))
        if value is None or value in ("", OPAQUE) or is_placeholder(value):
            continue
        if not fits(value, kind):
            yield file, path, f"{shown(value)}, which is not {kind}"


def _placeholder(s: Settings) -> Found:
    for file, data in s.files():
        for path, value in leaves(data):
            if is_placeholder(value):
                yield file, path, "a placeholder in angle brackets"


def _old_timeout(s: Settings) -> Found:
    if get(s.agent, "TaskAgentConfiguration", "HttpClientAdditionalTimeout") is not None:
        yield AGENT, "TaskAgentConfiguration.HttpClientAdditionalTimeout", "a key that the product does not read"


def _relative_in_service(s: Settings) -> Found:
    if not s.service:
        return
    for file, path in RELATIVE_PATHS:
        value = get(s.of(file), *path.split("."))
        if isinstance(value, str) and value and not re.match(r"([A-Za-z]:[\\/]|\\\\)", value):
            yield file, path, repr(value)


RULES = (
    Rule(
        "clients-at-root",
        "error",
        "wanted it under OpenId in appsettings.agent.json: at the root the agent ignores it",
        AA,
        _clients_at_root,
    ),
    Rule("misplaced", "error", "wanted it in the other settings file, where the product reads it", A, _misplaced),
    Rule(
        "other-file",
        "warning",
        "wanted it in the other settings file, where the vendor's page has it: the product may ignore it here",
        A,
        _other_file,
    ),
    Rule("databases-place", "error", "wanted it at the root of the file, beside Connections", AA, _databases_place),
    Rule("unknown-key", "warning", "wanted a key of the product: it ignores others", A, _unknown),
    Rule("unknown-key-below", "warning", "wanted a key of the section: the product ignores others", A, _known_below),
    Rule(
        "setting-type",
        "error",
        "wanted a value of the setting's type: the agent does not start with another",
        A,
        _types,
    ),
    Rule(
        "placeholder",
        "error",
        "wanted the value itself: the vendor's samples have placeholders there",
        INS,
        _placeholder,
    ),
    Rule("timeout-key", "warning", "wanted HttpClientTimeoutSupplement", AA, _old_timeout),
    Rule(
        "relative-in-service",
        "warning",
        "wanted an absolute path: the current directory of a service is not its program's",
        A,
        _relative_in_service,
    ),
)
