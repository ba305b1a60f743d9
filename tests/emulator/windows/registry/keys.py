"""The registry of an emulated server (64-bit view): keys and typed values, names without regard to case."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

HIVES = {
    "HKLM": "HKLM",
    "HKEY_LOCAL_MACHINE": "HKLM",
    "HKCU": "HKCU",
    "HKEY_CURRENT_USER": "HKCU",
    "HKU": "HKU",
    "HKEY_USERS": "HKU",
    "HKCR": "HKCR",
    "HKEY_CLASSES_ROOT": "HKCR",
    "HKCC": "HKCC",
}


@dataclasses.dataclass
class Value:
    """A value: .NET's RegistryValueKind name, and str, int, list of str or bytes."""

    type: str
    data: t.Any


@dataclasses.dataclass
class Key:
    """A key with its values and sub-keys, each under its lower-cased name with the name as written."""

    name: str
    values: dict[str, tuple[str, Value]] = dataclasses.field(default_factory=dict)
    keys: dict[str, Key] = dataclasses.field(default_factory=dict)

    def value(self, name: str) -> t.Any:
        """Return a value's data, or None."""
        found = self.values.get(name.lower())
        return found[1].data if found else None

    def value_names(self) -> list[str]:
        """Return the values' names as written."""
        return [name for name, _ in self.values.values()]

    def key_names(self) -> list[str]:
        """Return the sub-keys' names, sorted as Windows sorts them."""
        return [self.keys[key].name for key in sorted(self.keys)]


class Registry:
    """All hives."""

    def __init__(self) -> None:
        self._root = Key("")

    @staticmethod
    def parts(path: str) -> list[str]:
        """Return a path's parts, the hive's short name first; takes ``HKLM:\\x``, ``HKLM\\x`` and the long names."""
        path = path.replace("/", "\\") if path.startswith("HK") and ":" not in path and "\\" not in path else path
        first, *rest = [part for part in path.split("\\") if part]
        hive = HIVES.get(first.rstrip(":").upper())
        if hive is None:
            raise ValueError(f"no registry hive in {path!r}")
        return [hive, *rest]

    def key(self, path: str) -> Key | None:
        """Return a key, or None."""
        key: Key | None = self._root
        for part in self.parts(path):
            key = key.keys.get(part.lower()) if key else None
        return key

    def make(self, path: str) -> Key:
        """Return a key, made with its parents where absent."""
        key = self._root
        for part in self.parts(path):
            key = key.keys.setdefault(part.lower(), Key(part))
        return key

    def set(self, path: str, name: str, kind: str, data: t.Any) -> None:
        """Set a value, its key made where absent; one that is there keeps its name as it was first written."""
        values = self.make(path).values
        written = values[name.lower()][0] if name.lower() in values else name
        values[name.lower()] = (written, Value(kind, data))

    def get(self, path: str, name: str) -> t.Any:
        """Return a value's data, or None when key or value is absent."""
        key = self.key(path)
        return key.value(name) if key else None

    def delete(self, path: str) -> None:
        """Remove a key with all below it; absent is fine."""
        *above, last = self.parts(path)
        parent = self.key("\\".join(above)) if above else None
        if parent:
            parent.keys.pop(last.lower(), None)

    def delete_value(self, path: str, name: str) -> None:
        """Remove a value; absent is fine."""
        key = self.key(path)
        if key:
            key.values.pop(name.lower(), None)

    def dump(self) -> dict[str, t.Any]:
        """Return all keys that hold values, and empty leaves, as JSON-able data."""

        def shown(key: Key, path: str) -> t.Iterator[tuple[str, t.Any]]:
            if key.values or not key.keys:
                yield (
                    path,
                    {name: [v.type, _plain(v.data)] for name, v in sorted(key.values.values(), key=lambda x: x[0])},
                )
            for name in key.key_names():
                yield from shown(key.keys[name.lower()], f"{path}\\{name}")

        return dict(item for name in self._root.key_names() for item in shown(self._root.keys[name.lower()], name))


def _plain(data: t.Any) -> t.Any:
    return base64.b64encode(data).decode() if isinstance(data, bytes) else data
