"""How a .NET program reads its configuration: JSON with comments and trailing commas, keys without regard to case,
files in order.

After Microsoft.Extensions.Configuration.Json (comments skipped, trailing commas allowed) and the vendor's page
"Network configuration".
"""

from __future__ import annotations

import json
import re
import typing as t

_TOKEN = re.compile(
    r"""(?P<string>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<comment>//[^\r\n]*|/\*.*?\*/)|(?P<other>.)""", re.DOTALL
)


class BadConfiguration(Exception):
    """A settings file that .NET refuses; the text is what the agent would log."""


_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe\x00\x00": "utf-32-le",
    b"\x00\x00\xfe\xff": "utf-32-be",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
}


def decoded(content: bytes) -> str:
    """Return a file's text as StreamReader has it: by the mark at its start, else UTF-8, wrong bytes replaced (dotnet/
    runtime, JsonConfigurationFileParser and StreamReader.DetectEncoding).
    """
    for mark, encoding in _MARKS.items():
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def loads(text: str, name: str) -> dict[str, t.Any]:
    """Read a settings file.

    Raises:
        BadConfiguration: it is no JSON, no object, or has a value twice (without regard to case). A section that
            stands twice is put together.
    """
    kept: list[str] = []
    for match in _TOKEN.finditer(text.removeprefix("\ufeff")):
        kept.append(" " if match["comment"] else match[0])
    plain = re.sub(r'("(?:[^"\\]|\\.)*")|,(\s*[}\]])', lambda m: m[1] or m[2], "".join(kept))

    def pairs(items: t.Iterable[tuple[str, t.Any]]) -> dict[str, t.Any]:
        seen: dict[str, t.Any] = {}
        for key, value in items:
            before = next((k for k in seen if k.lower() == key.lower()), key)
            if before not in seen:
                seen[key] = value
            elif isinstance(value, dict) and isinstance(seen[before], dict):
                seen[before] = pairs([*seen[before].items(), *value.items()])
            else:
                raise BadConfiguration(f"Could not parse the JSON file '{name}': a duplicate key '{key}' was found.")
        return seen

    try:
        data = json.loads(plain, object_pairs_hook=pairs)
    except json.JSONDecodeError as error:
        raise BadConfiguration(
            f"Could not parse the JSON file '{name}'. LineNumber: {error.lineno - 1} | BytePositionInLine:"
            f" {error.colno - 1}."
        ) from None
    if not isinstance(data, dict):
        raise BadConfiguration(f"Could not parse the JSON file '{name}': top-level JSON element must be an object.")
    return data


def flatten(data: t.Any, prefix: str = "") -> dict[str, str]:
    """Return a settings tree as .NET keeps it: lower-cased paths joined with colons, values as text."""
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = {str(i): value for i, value in enumerate(data)}.items()
    else:
        text = "" if data is None else str(data) if not isinstance(data, bool) else str(data).capitalize()
        return {prefix.lower(): text}
    flat: dict[str, str] = {}
    for key, value in items:
        flat |= flatten(value, f"{prefix}:{key}" if prefix else key)
    return flat


class Configuration:
    """Merged settings; the last source wins."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}

    def add(self, data: dict[str, t.Any]) -> None:
        """Merge a settings tree."""
        self._values |= flatten(data)

    def add_environment(self, variables: t.Mapping[str, str]) -> None:
        """Merge environment variables: ``Section__Key``."""
        self._values |= {name.replace("__", ":").lower(): value for name, value in variables.items() if "__" in name}

    def set(self, path: str, value: str) -> None:
        """Set one value."""
        self._values[path.lower()] = value

    def get(self, path: str) -> str | None:
        """Return a value by its path (``OpenId:AgentIdentifier``), or None."""
        return self._values.get(path.lower())

    def below(self, path: str) -> dict[str, str]:
        """Return the values below a path, by the rest of theirs."""
        start = path.lower() + ":" if path else ""
        return {key[len(start) :]: value for key, value in self._values.items() if key.startswith(start)}
