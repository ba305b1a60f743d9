# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings as a tree: read and changed by path, keys compared as .NET compares them."""

from __future__ import annotations

import typing as t

from .._dotnet.json_text import fold


def get(data: t.Any, *path: str) -> t.Any:
    """Return a setting by its path, without regard to case, or None."""
    for key in path:
        if not isinstance(data, t.Mapping):
            return None
        data = {fold(str(k)): v for k, v in data.items()}.get(fold(key))
    return data


def section(data: t.Any, *path: str) -> t.Mapping[str, t.Any]:
    """Return a section by its path; an empty one where there is none, or something else."""
    found = get(data, *path)
    return found if isinstance(found, t.Mapping) else {}


def leaves(data: t.Any, path: str = "") -> t.Iterator[tuple[str, t.Any]]:
    """Yield the paths and values of everything that holds nothing else."""
    if isinstance(data, t.Mapping):
        for key, value in data.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield from leaves(value, f"{path}[{number}]")
    else:
        yield path, data


def with_changes(changes: dict[str, t.Any], more: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return changes and more of them, removals kept as removals."""
    merged, names = dict(changes), {fold(key): key for key in changes}
    for key, value in more.items():
        name = names.get(fold(key), key)
        both = isinstance(value, dict) and isinstance(merged.get(name), dict)
        merged[name] = with_changes(merged[name], value) if both else value
    return merged
