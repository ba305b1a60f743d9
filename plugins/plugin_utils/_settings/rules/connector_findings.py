# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a section of Connections, by the table of ``connectors``."""

from __future__ import annotations

import difflib
import typing as t

from ..._agent.connectors import CHOICES, CONNECTORS, RANGES, TYPES, Connector, Values, connector_of
from ..._agent.settings_files import OPAQUE
from ..._agent.value_type import fits, shown
from ..._dotnet.json_text import fold

Found = t.Iterator[tuple[str, str, str]]
"""Kind of finding (required, type, together, either, unknown, unrecognised), key, what was found and what is wanted."""
CLOSE = 0.75
"""How alike a key has to be to one that a connector has to count as misspelt, as difflib measures it."""


def findings(connection: Values, named: str | None = None) -> Found:
    """Yield what is wrong with a section of Connections."""
    connector = connector_of(connection, named)
    yield from _values(connection, connector.name if connector else "")
    if connector is None:
        yield from _unrecognised(connection)
        return
    given = {fold(str(key)): value for key, value in connection.items()}
    what = f"the connector {connector.name} (page {connector.page})"
    yield from _presence(connector, given, what)
    if connector.name == "scim" and str(given.get("SERVER", "")).rstrip("/").endswith("/v2"):
        yield "required", "Server", f"an address that ends in /v2; {what} adds that itself"
    yield from _unknown(connection, connector.known, what, certain=bool(named))
    for key in connector.items:
        yield from _items(connector, key, given.get(fold(key)), what)


def _unrecognised(connection: Values) -> Found:
    """Yield that no connector is known by the keys of a section, with what the nearest one would need.

    A section that has all that some connector needs and nothing else is fine whichever reads it.
    """
    given = {fold(str(key)): value for key, value in connection.items()}
    if not given or any(_is_complete(connector, given) for connector in CONNECTORS):
        return
    keys = [str(key) for key in connection]
    ranked = [(*_likeness(connector, keys), -number) for number, connector in enumerate(CONNECTORS)]
    alike, _missing, number = max(ranked)
    if not alike:
        yield "unrecognised", "", f"keys that no connector has ({', '.join(keys)})"
        return
    nearest = CONNECTORS[-number]
    names = {key.lower(): key for key in nearest.known}
    misspelt = {key: near for key in keys if (near := _close(key, names)) and key.lower() not in names}
    free = [key for key in keys if key.lower() not in names and key not in misspelt]
    lacking = [" or ".join(needed) for needed in _needs(nearest) if not any(_has(given, key) for key in needed)]
    told = [
        f"the nearest is {nearest.name} (page {nearest.page})",
        *([f"which lacks {', '.join(lacking)}"] if lacking else []),
        *(f"{key} is near to its {names[near]}" for key, near in misspelt.items()),
        *([f"{', '.join(free)} is none of its keys"] if free else []),
    ]
    yield "unrecognised", "", f"keys that no connector is known by ({', '.join(keys)}); {'; '.join(told)}"


def _needs(connector: Connector) -> t.Iterator[tuple[str, ...]]:
    """Yield the keys that a connector needs; of several in one tuple one is enough."""
    for needed in connector.required:
        yield (needed,) if isinstance(needed, str) else needed


def _is_complete(connector: Connector, given: Values) -> bool:
    known = {fold(key) for key in connector.known}
    return known >= given.keys() and all(any(_has(given, key) for key in keys) for keys in _needs(connector))


def _likeness(connector: Connector, keys: t.Sequence[str]) -> tuple[int, int]:
    """Return how many of a section's keys a connector has or nearly has, and, negative, how many it lacks."""
    names = {key.lower(): key for key in connector.known}
    alike = {near for key in keys if (near := _close(key, names))}
    missing = [needed for needed in _needs(connector) if not alike & {key.lower() for key in needed}]
    return len(alike), -len(missing)


def _close(key: str, names: t.Mapping[str, str]) -> str:
    """Return the known key, in lower case, that a key is or is near to; empty for none."""
    near = [key.lower()] if key.lower() in names else difflib.get_close_matches(key.lower(), names, 1, CLOSE)
    return near[0] if near else ""


def _presence(connector: Connector, given: Values, what: str) -> Found:
    """Yield keys that are missing, and keys that exclude each other."""
    for keys in _needs(connector):
        if not any(_has(given, key) for key in keys):
            yield "required", keys[0], f"nothing; {what} wants {' or '.join(keys)}"
    for group in connector.together:
        there = [key for key in group if _has(given, key)]
        missing = [key for key in group if not _has(given, key)]
        if there and missing:
            yield "together", missing[0], f"nothing, but {', '.join(there)}; {what} wants all of {', '.join(group)}"
    missing = [key for key in connector.with_login if not _has(given, key)]
    if missing and _has(given, connector.with_login[0]):
        wanted = ", ".join(connector.with_login)
        yield "together", missing[0], f"nothing, but {connector.with_login[0]}; {what} wants all of {wanted}"
    for first, second in connector.either:
        if _has(given, first) and _has(given, second):
            yield "either", second, f"it beside {first}; {what} ignores {second} then"


def _unknown(data: Values, known: t.Iterable[str], what: str, place: str = "", *, certain: bool) -> Found:
    """Yield keys that the connector does not have; where its name was only guessed, those near to one that it has."""
    names = {key.lower(): key for key in known}
    for key in data:
        near = [] if key.lower() in names else difflib.get_close_matches(key.lower(), names, 1, CLOSE)
        if near:
            yield "unknown", place + key, f"an unknown key; {what} knows {names[near[0]]}"
        elif certain and key.lower() not in names:
            yield "unknown", place + key, f"an unknown key; {what} knows {', '.join(names.values())}"


def _has(given: Values, key: str) -> bool:
    value = given.get(fold(key))
    return value is not None and value != ""


def _items(connector: Connector, key: str, items: t.Any, what: str) -> Found:
    """Yield what is wrong with the items of a list."""
    if not isinstance(items, list):
        return
    if not items:
        yield "required", key, f"an empty list; {what} wants at least one"
    for number, item in enumerate(items):
        if isinstance(item, t.Mapping):
            yield from _item(connector, key, item, what, f"{key}[{number}].")
        else:
            yield "type", f"{key}[{number}]", f"{shown(item)}, wanted settings"
    if connector.name == "ldap" and key == "Tables":
        names = [str(table.get("Table", "")).lower() for table in items if isinstance(table, t.Mapping)]
        if "entries" not in names:
            yield "required", "Tables", f"no table named entries; {what} wants one"


def _item(connector: Connector, key: str, item: Values, what: str, place: str) -> Found:
    """Yield what is wrong with one item of a list."""
    required, optional = connector.items[key]
    given = {fold(str(k)): v for k, v in item.items()}
    for needed in required:
        if not _has(given, needed):
            yield "required", place + needed, f"nothing; {what} wants it"
    yield from _unknown(item, (*required, *optional), what, place, certain=False)
    for kind, inside, found in _values(item, f"{connector.name}.{key}"):
        yield kind, place + inside, found
    controls = str(given.get("CONTROLS") or "").lower()
    if "domainscope" in controls and "pagedresult" not in controls:
        yield "together", f"{place}Controls", f"DomainScope without PagedResult; {what} wants both then"


def _of(table: t.Mapping[str, t.Any], connector: str, key: str) -> t.Any:
    """Return what a table has of a key: of the connector, else of all."""
    lowered = {name.lower(): value for name, value in table.items()}
    return lowered.get(f"{connector}.{key}".lower(), lowered.get(key.lower()))


def _values(connection: Values, connector: str) -> Found:
    """Yield values of a wrong type. Texts that .NET reads as the type are fine, as in the vendor's samples."""
    for key, value in connection.items():
        if value is None or value in ("", OPAQUE):
            continue
        kind, allowed, bounds = (_of(table, connector, key) for table in (TYPES, CHOICES, RANGES))
        if kind and not fits(value, kind):
            yield "type", key, f"{shown(value)}, wanted {kind}"
        elif bounds and not bounds[0] <= int(value) <= bounds[1]:
            yield "type", key, f"{value}, wanted {bounds[0]} to {bounds[1]}"
        elif allowed and str(value).lower() not in {name.lower() for name in allowed}:
            yield "type", key, f"{shown(value)}, wanted one of {', '.join(allowed)}"
