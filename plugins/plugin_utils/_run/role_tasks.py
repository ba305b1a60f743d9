# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tasks of this collection's roles, read from their files, so that somebody can foretell what they would do."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader

from .._core.plan import Refused
from .compiled import ALIAS, NAME, templates_in

ROLES = Path(__file__).resolve().parents[3] / "roles"
_ENTRY = re.compile(r"[a-z_]+(/[a-z_]+)?")
_KEYWORDS = frozenset({"name", "when", "register"})

_LOADER = DataLoader()
_FILES: dict[Path, t.Any] = {
    path: _LOADER.load_from_file(str(path), unsafe=True, trusted_as_template=True)
    for pattern in ("*/tasks/*.yml", "*/defaults/main.yml")
    for path in sorted(ROLES.glob(pattern))
}
_INSTALL: dict[str, t.Any] = _LOADER.load_from_file(
    str(ROLES.parent / "playbooks" / "install.yml"), unsafe=True, trusted_as_template=True
)[0]
# Read when the action is found, once in a run: a worker, which is a process for each server, starts with what is read.


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


def read(entry: str) -> list[RoleTask]:
    """Return the tasks of an entry point.

    Args:
        entry: ``im_pool``, or ``im_pool/start`` for an entry point that is not ``main``.

    Raises:
        Refused: there is no such entry point, or a task has a keyword whose effect is not foreseen here.
    """
    folder, point = _folder(entry)
    return [_task(folder.name, found) for found in _FILES[folder / "tasks" / f"{point}.yml"]]


def of_hosting(hosting: str) -> list[str]:
    """Return the entry points that the playbook ``install`` runs for a hosting, but those that only look or clean."""
    return list(_INSTALL["vars"]["_entries"][hosting])


def defaults(entry: str) -> dict[str, t.Any]:
    """Return the defaults of an entry point's role, templates and all.

    Raises:
        Refused: there is no such entry point.
    """
    file = ROLES / entry.partition("/")[0] / "defaults" / "main.yml"
    if not _ENTRY.fullmatch(entry) or file not in _FILES:
        raise _no_entry_point(entry)
    return dict(_FILES[file])


def with_defaults(entries: t.Iterable[str], variables: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return variables, and the defaults of the entry points' roles, which give way to all others.

    Raises:
        Refused: there is no such entry point.
    """
    found: dict[str, t.Any] = {}
    for entry in entries:
        found |= defaults(entry)
    return {**found, **variables}


def templates(entries: t.Iterable[str]) -> t.Iterator[str]:
    """Yield the templates that the arguments of entry points' tasks are made with: their own, and those of defaults."""
    known: dict[str, t.Any] = {
        name: value for entry in ("im_agent", *entries) for name, value in defaults(entry).items()
    }
    met: set[str] = set()
    known |= _INSTALL["vars"]
    rest: list[t.Any] = [task.arguments for entry in ("im_check", *entries) for task in read(entry)]
    while rest:
        for item in templates_in(rest.pop()):
            if not ALIAS.fullmatch(item):
                yield item
            fresh = set(NAME.findall(item)) - met
            met |= fresh
            rest += [known[name] for name in fresh if name in known]


def _folder(entry: str) -> tuple[Path, str]:
    """Return the folder of an entry point's role, and the entry point's own name."""
    role, _slash, point = entry.partition("/")
    folder, point = ROLES / role, point or "main"
    if not _ENTRY.fullmatch(entry) or folder / "tasks" / f"{point}.yml" not in _FILES:
        raise _no_entry_point(entry)
    return folder, point


def _no_entry_point(entry: str) -> Refused:
    return Refused(
        f"foretell: found {entry!r}, no entry point of a role of this collection; wanted one such as im_pool/start"
    )


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
