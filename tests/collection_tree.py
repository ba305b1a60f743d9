"""Make the checkout importable as `ansible_collections.imops.identity_manager`, whatever its folder is called.

The collection loader wants that folder tree, so one is kept in ``build/collections`` with a link for each entry of the
checkout that ships.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ("galaxy.yml", "meta", "playbooks", "plugins", "roles", "docs", "changelogs", "README.md")


def link(root: Path = ROOT) -> Path:
    """Create or repair the tree and return the folder to put on ANSIBLE_COLLECTIONS_PATH."""
    collections = root / "build" / "collections"
    folder = collections / "ansible_collections" / "imops" / "identity_manager"
    folder.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        entry = folder / name
        if entry.is_symlink() and entry.readlink() == root / name:
            continue
        entry.unlink(missing_ok=True)
        entry.symlink_to(root / name)
    return collections


if __name__ == "__main__":
    print(link())
