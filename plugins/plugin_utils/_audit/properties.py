# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of a thing as properties: a settings file, a web.config, or lines of ``name: value`` and tables.

Plans compare texts, so that people can read the difference; an audit names each property that differs.
"""

from __future__ import annotations

import collections
import json
import re
import typing as t
from xml.etree import ElementTree as ET

PRESENT, ABSENT = "present", "absent"
_LINE = re.compile(r"([^:]+): (.*)")
_COLUMNS = re.compile(r"\s{2,}")
_NAMES = ("name", "path", "key", "value", "initializationPage")
"""Attributes that tell one XML element from another of its kind, the best first."""

Properties = dict[str, str]


def pair(before: str, after: str) -> tuple[Properties, Properties]:
    """Return the properties of a thing as it is and as it is wanted; both texts are read in the same way."""
    for read in (_json, _xml):
        found = [read(text) if text.strip() else {} for text in (before, after)]
        if None not in found and any(found):
            return t.cast("tuple[Properties, Properties]", tuple(found))
    repeated = _repeated(before) | _repeated(after)
    return _lines(before, repeated), _lines(after, repeated)


def of(text: str) -> Properties:
    """Return the properties of one text."""
    return pair(text, text)[1]


def _json(text: str) -> Properties | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return dict(_flat(json.loads(text), ""))
    except ValueError:
        return None


def _flat(data: t.Any, path: str) -> t.Iterator[tuple[str, str]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _flat(value, f"{path}:{key}" if path else str(key))
    elif isinstance(data, list) and data:
        for number, value in enumerate(data):
            yield from _flat(value, f"{path}:{number}")
    elif path:
        yield path, data if isinstance(data, str) else json.dumps(data)


def _xml(text: str) -> Properties | None:
    if not text.lstrip().startswith("<"):
        return None
    try:
        root = ET.fromstring(text.encode())  # noqa: S314  (what a plan has parsed; no entities)
    except ET.ParseError:
        return None
    return dict(_elements(root, root.tag))


def _elements(element: ET.Element, path: str) -> t.Iterator[tuple[str, str]]:
    for name, value in element.attrib.items():
        yield f"{path} {name}", value
    text = (element.text or "").strip()
    if text or not (element.attrib or len(element)):
        yield path, text or PRESENT
    seen: collections.Counter[str] = collections.Counter()
    for child in element:
        own = next((child.attrib[name] for name in _NAMES if name in child.attrib), "")
        step = f"{child.tag}[{own}]" if own else child.tag
        seen[step] += 1
        yield from _elements(child, f"{path}/{step}" + (f" ({seen[step]})" if seen[step] > 1 else ""))


def _repeated(text: str) -> set[str]:
    """Return the names that several lines of a text have."""
    found = collections.Counter(match[1] for match in map(_LINE.fullmatch, text.splitlines()) if match)
    return {name for name, times in found.items() if times > 1}


def _lines(text: str, repeated: t.Container[str]) -> Properties:
    found: Properties = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        columns = _COLUMNS.split(line)
        match = _LINE.fullmatch(line)
        if len(columns) > 2:
            name = "  ".join(columns[:-1])
            found[name] = f"{found[name]}, {columns[-1]}" if name in found else columns[-1]
        elif match and match[1] not in repeated:
            found[match[1]] = match[2]
        else:
            found[line] = PRESENT
    return found
