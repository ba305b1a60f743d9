# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tasks of this collection's roles, read from their files, so that somebody can foretell what they would do."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

from ._plan import Refused

ROLES = Path(__file__).resolve().parents[2] / "roles"
_ENTRY = re.compile(r"[a-z_]+(/[a-z_]+)?")
_KEYWORDS = frozenset({"name", "when", "register"})

Load = t.Callable[[str], t.Any]
"""Reads a YAML file whose templates are trusted."""


@dataclasses.dataclass(frozen=True)
class RoleTask:
    """One task as its file has it, templates and all.

    Attributes:
        role: the role it belongs to.
        name: what it does.
        module: the module's full name.
        arguments: the module's arguments.
        when: the conditions, all of which must hold.
        register: the variable that takes its result; empty for none.
    """

    role: str
    name: str
    module: str
    arguments: dict[str, t.Any]
    when: tuple[t.Any, ...] = ()
    register: str = ""

    def __str__(self) -> str:
        return f"{self.role} : {self.name}"


def read(entry: str, load: Load) -> list[RoleTask]:
    """Return the tasks of an entry point.

    Args:
        entry: ``im_pool``, or ``im_pool/start`` for an entry point that is not ``main``.
        load: reads a file.

    Raises:
        Refused: there is no such entry point, or a task has a keyword whose effect is not foreseen here.
    """
    folder, point = _folder(entry)
    return [_task(folder.name, found) for found in load(str(folder / "tasks" / f"{point}.yml"))]


def defaults(entry: str, load: Load) -> dict[str, t.Any]:
    """Return the defaults of an entry point's role, templates and all.

    Raises:
        Refused: there is no such entry point.
    """
    return dict(load(str(_folder(entry)[0] / "defaults" / "main.yml")))


def _folder(entry: str) -> tuple[Path, str]:
    """Return the folder of an entry point's role, and the entry point's own name."""
    role, _slash, point = entry.partition("/")
    folder, point = ROLES / role, point or "main"
    if not _ENTRY.fullmatch(entry) or not (folder / "tasks" / f"{point}.yml").is_file():
        raise Refused(
            f"foretell: found {entry!r}, no entry point of a role of this collection; wanted as im_pool/start"
        )
    return folder, point


def _task(role: str, found: dict[str, t.Any]) -> RoleTask:
    modules = [key for key in found if "." in key]
    others = found.keys() - _KEYWORDS - set(modules)
    if len(modules) != 1 or others:
        raise Refused(f"{role} : {found.get('name')}: cannot be foretold with {', '.join(sorted(others)) or modules}")
    when = found.get("when", [])
    return RoleTask(
        role,
        found.get("name", ""),
        modules[0],
        found[modules[0]] or {},
        tuple(when if isinstance(when, list) else [when]),
        found.get("register", ""),
    )
