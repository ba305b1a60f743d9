# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a file of the controller is: a relative one is searched beside the inventory, the playbook and the role."""

from __future__ import annotations

import typing as t
from pathlib import Path


def beside_inventory(file: str, variables: t.Mapping[str, t.Any]) -> list[Path]:
    """Return where a relative file may be beside the inventories, in their order; nothing for an absolute one.

    Args:
        file: the file.
        variables: the host's; ``inventory_dir`` and ``ansible_inventory_sources`` are Ansible's own.
    """
    if Path(file).is_absolute():
        return []
    found = [path for folder in inventories(variables) for path in (folder / file, folder / "files" / file)]
    return list(dict.fromkeys(found))


def inventories(variables: t.Mapping[str, t.Any]) -> list[Path]:
    """Return the folders of the inventories, the host's own first; as in ``beside_inventory``."""
    sources = [Path(str(source)) for source in variables.get("ansible_inventory_sources") or ()]
    folders = [source if source.is_dir() else source.parent for source in sources if source.exists()]
    if variables.get("inventory_dir"):
        folders.insert(0, Path(str(variables["inventory_dir"])))
    return list(dict.fromkeys(folders))


def folder(path: str, variables: t.Mapping[str, t.Any]) -> str | None:
    """Return a relative folder beside an inventory, the first where it is there already, or else the first of all; None
    for an absolute one, and without an inventory's folder.
    """
    places = [] if Path(path).is_absolute() else [beside / path for beside in inventories(variables)]
    return next((str(place) for place in places if place.is_dir()), str(places[0]) if places else None)
