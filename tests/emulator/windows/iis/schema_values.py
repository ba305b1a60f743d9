"""Values of IIS's configuration: between the text in the file and what scripts see, as the schema has it."""

from __future__ import annotations

import base64
import typing as t
import xml.etree.ElementTree as ET

from .. import errors
from ..text.powershell_values import TICKS, TimeSpan
from ..text.powershell_values import text as shown
from .schema import Attribute

POOL_PROVIDER, DIRECTORY_PROVIDER = "IISWASOnlyAesProvider", "AesProvider"
_COM = "System.Runtime.InteropServices.COMException"
_FORBIDDEN_IN_POOLS = set('|<>&"/[]+=;:,?*@\\')
_FORBIDDEN_IN_SITES = set('/\\?;:@&=+$,|"<>*')
_FORBIDDEN_IN_PATHS = set('\\?*:<>|"')
CAST = "Specified cast is not valid."


def secret(clear: str, provider: str) -> str:
    """Return a password as the file has it: in IIS's shape, without its cipher."""
    return f"[enc:{provider}:{base64.b64encode(clear.encode()[::-1]).decode()}:enc]" if clear else clear


def clear(stored: str) -> str:
    """Return a password that the file has; one that somebody wrote in clear is taken too."""
    parts = stored.split(":")
    if len(parts) != 4 or parts[0] != "[enc" or parts[3] != "enc]":
        return stored
    return base64.b64decode(parts[2])[::-1].decode()


def raw(element: ET.Element | None, attribute: str) -> str | None:
    """Return the text of an attribute by its dotted name, None where it is not set."""
    *path, last = attribute.split(".")
    for part in path:
        element = element.find(part) if element is not None else None
    return element.get(last) if element is not None else None


def seconds(text: str) -> int:
    """Return the seconds of ``[d.]hh:mm:ss`` (hours may be over 23, as in the schema)."""
    return _span(text).ticks // TICKS


def _span(text: str) -> TimeSpan:
    hours, _, rest = text.partition(":")
    if hours.isdigit() and int(hours) >= 24 and rest.count(":") == 1:
        below = TimeSpan.parse(f"00:{rest}")
        if below is not None:
            return TimeSpan(below.ticks + int(hours) * 3600 * TICKS)
    found = TimeSpan.parse(text)
    if found is None:
        raise errors.WindowsError("System.InvalidCastException", CAST)
    return found


def read(spec: Attribute, text: str) -> t.Any:
    """Return the value of a text: enums and flags by name, the latter joined by commas without spaces."""
    if spec.type == "bool":
        return text.lower() == "true"
    if spec.type in {"uint", "int"}:
        return int(text)
    if spec.type == "timeSpan":
        return str(_span(text))
    if spec.type == "flags":
        return _flags(spec, _flags_number(spec, text), ",")
    return text


def write(spec: Attribute, value: t.Any) -> str:
    """Return a value as the file has it.

    Raises:
        WindowsError: the schema refuses it.
    """
    if spec.type == "bool":
        return str(value if isinstance(value, bool) else str(value).lower() == "true").lower()
    if spec.type == "enum":
        for name, number in spec.values:
            if shown(value).lower() in {name.lower(), str(number)}:
                return name
        raise refused(f"Enum must be one of {', '.join(name for name, _ in spec.values)}")
    if spec.type == "flags":
        return _flags(spec, _flags_number(spec, value), ", ")
    if spec.type == "timeSpan":
        return _checked_span(spec, value if isinstance(value, TimeSpan) else _span(shown(value)))
    if spec.type in {"uint", "int"}:
        return _checked_number(spec, value)
    return shown(value)


def _checked_span(spec: Attribute, value: TimeSpan) -> str:
    if spec.range:
        low, high, step = spec.range
        if not low * TICKS <= value.ticks <= high * TICKS or value.ticks % (step * TICKS):
            between = f"{TimeSpan(low * TICKS)} and {TimeSpan(high * TICKS)} seconds inclusive"
            raise refused(f"Timespan value must be between {between}, with a granularity of {step} seconds")
    return str(value)


def _checked_number(spec: Attribute, value: t.Any) -> str:
    try:
        number = int(value)
    except (TypeError, ValueError):
        raise errors.WindowsError("System.InvalidCastException", CAST) from None
    if spec.range and not spec.range[0] <= number <= spec.range[1]:
        raise refused(f"Integer value must be between {spec.range[0]} and {spec.range[1]} inclusive")
    return str(number)


def _flags_number(spec: Attribute, value: t.Any) -> int:
    text = shown(value)
    if text.lstrip("-").isdigit():
        return int(text)
    total = 0
    known = {name.lower(): number for name, number in spec.values}
    for name in (part.strip() for part in text.split(",")):
        if name and name.lower() not in known:
            raise _no_flag(spec)
        total |= known.get(name.lower(), 0)
    return total


def _flags(spec: Attribute, number: int, separator: str) -> str:
    if number & ~sum(value for _, value in spec.values):
        raise _no_flag(spec)
    if not number:
        return next((name for name, value in spec.values if not value), "")
    return separator.join(name for name, value in spec.values if value and number & value == value)


def _no_flag(spec: Attribute) -> errors.WindowsError:
    return refused(f"Flags must be one or more of {', '.join(name for name, _ in spec.values)}")


def refused(why: str) -> errors.WindowsError:
    """Return what IIS answers when a validator of the schema refuses a value."""
    return errors.WindowsError(_COM, f"{why}\r\n", -2147024809)


def check_pool_name(name: str) -> None:
    """Refuse what is no name of a pool."""
    if not 0 < len(name) <= 64 or set(name) & _FORBIDDEN_IN_POOLS:
        raise refused("Invalid application pool name")


def check_site_name(name: str) -> None:
    """Refuse what is no name of a site."""
    if not name or set(name) & _FORBIDDEN_IN_SITES:
        raise refused("Invalid site name")


def check_path(path: str, kind: str) -> None:
    """Refuse what is no path of an application or a virtual directory."""
    parts = path[1:].split("/")
    if path != "/" and (not path.startswith("/") or set(parts) & {"", ".", ".."} or set(path) & _FORBIDDEN_IN_PATHS):
        raise refused(f"Invalid {kind} path")


def duplicate(config: str, tag: str, keys: str, values: str) -> errors.WindowsError:
    """Return what IIS answers when a collection has that key already; ``keys`` are those of the schema in words."""
    return errors.WindowsError(
        _COM,
        f"Filename: \\\\?\\{config}\r\nError: Cannot add duplicate collection entry of type '{tag}' with {keys} set to"
        f" '{values}'\r\n",
        -2147024713,
    )
