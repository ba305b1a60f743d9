"""The changes that users of a former version are told of: `expected_changes.yml`, and where each is announced."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

import yaml

FILE = Path(__file__).resolve().with_suffix(".yml")
CHANGELOGS = FILE.parents[2] / "changelogs"


@dataclasses.dataclass(frozen=True)
class Change:
    """A change that is expected.

    Attributes:
        server: as ``Installed`` shows itself, ``1.0.0/iis``.
        task: as ansible-playbook shows it, ``role : name``.
        fragment: the file in ``changelogs/fragments`` that announces it.
    """

    server: str
    task: str
    fragment: str


def read(path: Path = FILE) -> list[Change]:
    """Return all expected changes; raises TypeError for a key that is missing or unknown."""
    return [Change(**entry) for entry in yaml.safe_load(path.read_text("utf-8"))["changes"]]


def tasks(server: str) -> set[str]:
    """Return the tasks that are expected to change a server."""
    return {change.task for change in read() if change.server == server}


def announced(fragment: str, changelogs: Path = CHANGELOGS) -> bool:
    """Tell whether a fragment has breaking changes: its file, or, after a release, that release in changelog.yaml."""
    path, released = changelogs / "fragments" / fragment, changelogs / "changelog.yaml"
    if path.is_file():
        return bool(_yaml(path).get("breaking_changes"))
    releases = _yaml(released)["releases"].values() if released.is_file() else ()
    return any(
        fragment in release.get("fragments", ()) and release.get("changes", {}).get("breaking_changes")
        for release in releases
    )


def _yaml(path: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", yaml.safe_load(path.read_text("utf-8")))
