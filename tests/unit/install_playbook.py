"""`playbooks/install.yml` in process: the roles' own tasks, with the arguments that Ansible makes of an inventory.

What `chain.py` has by hand is read from the playbook and the roles here, defaults included, so that a change of any of
them is seen.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t
from pathlib import Path

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from in_process import Server

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "imops.identity_manager."
KEYWORDS = {"name", "when", "register", "tags"}


@dataclasses.dataclass(frozen=True)
class Done:
    """One task of a run.

    Attributes:
        task: as ansible-playbook shows it, ``role : name`` without the collection's name.
        module: the module's short name.
        result: what it returned.
    """

    task: str
    module: str
    result: dict[str, t.Any]

    @property
    def changed(self) -> bool:
        """Tell whether it changed something, or would."""
        return bool(self.result.get("changed"))


def run(
    server: Server, variables: t.Mapping[str, t.Any], *, check: bool = False, only_first: bool = False
) -> list[Done]:
    """Run all tasks of a server's hosting as one playbook run, up to the first that fails.

    Args:
        server: the emulated server.
        variables: the inventory's, values may be trusted templates.
        check: whether nothing may be written.
        only_first: whether to end after the first task, which plans all of the others.

    Raises:
        ValueError: the playbook or a role has a keyword that is not known here.
    """
    done = tasks(server, variables, check=check)
    return [next(done)] if only_first else list(done)


def tasks(server: Server, variables: t.Mapping[str, t.Any], *, check: bool = False) -> t.Iterator[Done]:
    """Run the same tasks one by one, each when it is asked for, so that another run's can come between them."""
    play = _load(ROOT / "playbooks" / "install.yml")[0]
    known = _defaults() | play["vars"] | {"ansible_check_mode": check} | dict(variables)
    hosting = _templar(DataLoader(), known).template(known["im_agent_hosting"])
    entries = [*play["vars"]["_entries"].get(hosting, ()), "im_verify"]
    if _templar(DataLoader(), known).evaluate_conditional(trust_as_template("im_agent_remove_former_pairs | bool")):
        entries.append("im_certificates/clean")
    following = [_entry(name) for name in entries] if hosting in play["vars"]["_entries"] else []
    server.new_run()
    return _each(server, known, [*_imported([_first(play)]), *following], check=check)


def run_roles(
    server: Server, roles: t.Iterable[str], variables: t.Mapping[str, t.Any], *, check: bool = False
) -> list[Done]:
    """Run roles as the only ones of a play, each after those that it depends on; as ``run``.

    Args:
        server: the emulated server.
        roles: their names, with the collection's.
        variables: the inventory's, values may be trusted templates.
        check: whether nothing may be written.
    """
    known = _defaults() | {"ansible_check_mode": check} | dict(variables)
    server.new_run()
    return list(_each(server, known, _imported(roles), check=check))


def _first(play: t.Mapping[str, t.Any]) -> str:
    return str(play["tasks"][0]["ansible.builtin.import_role"]["name"])


def _entry(name: str) -> dict[str, t.Any]:
    role, _slash, point = name.partition("/")
    return {"ansible.builtin.import_role": {"name": f"{COLLECTION}{role}", "tasks_from": point or "main"}}


def _imported(roles: t.Iterable[str]) -> list[dict[str, t.Any]]:
    names = dict.fromkeys(name for role in roles for name in _with_dependencies(role))
    return [{"name": "", "ansible.builtin.import_role": {"name": name}} for name in names]


def _each(
    server: Server, known: dict[str, t.Any], entries: t.Iterable[dict[str, t.Any]], *, check: bool
) -> t.Iterator[Done]:
    loader = DataLoader()
    for entry in entries:
        if not _holds(loader, entry, known):
            continue
        role, listed = _entry_point(entry)
        for task in listed:
            if not _holds(loader, task, known):
                continue
            module = _module(task)
            arguments = _templar(loader, known).template(task[module] or {})
            server.variables = known
            result = server.run(module.removeprefix(COLLECTION), arguments, check=check)
            yield Done(f"{role} : {task['name']}", module.removeprefix(COLLECTION), result)
            if result.get("failed"):
                return
            if "register" in task:
                known[task["register"]] = result


@functools.cache
def _load(path: Path) -> t.Any:
    return DataLoader().load_from_file(str(path), trusted_as_template=True)


def _defaults() -> dict[str, t.Any]:
    found: dict[str, t.Any] = {}
    for path in sorted((ROOT / "roles").glob("*/defaults/main.yml")):
        found |= _load(path)
    return found


def _with_dependencies(role: str) -> list[str]:
    """Return a role and those that it depends on, in the order in which they run, as far as they have tasks."""
    folder = ROOT / "roles" / role.removeprefix(COLLECTION)
    needed = _load(folder / "meta" / "main.yml").get("dependencies", [])
    names = [name for entry in needed for name in _with_dependencies(entry["role"])]
    return [*names, *([role] if (folder / "tasks").is_dir() else [])]


def _entry_point(entry: t.Mapping[str, t.Any]) -> tuple[str, list[dict[str, t.Any]]]:
    about = entry["ansible.builtin.import_role"]
    role = about["name"].removeprefix(COLLECTION)
    return role, _load(ROOT / "roles" / role / "tasks" / f"{about.get('tasks_from', 'main')}.yml")


def _module(task: t.Mapping[str, t.Any]) -> str:
    modules = [key for key in task if key.startswith(COLLECTION)]
    if len(modules) != 1 or task.keys() - KEYWORDS - set(modules):
        raise ValueError(f"{task.get('name')}: found {sorted(task)}, wanted one module of ours and {sorted(KEYWORDS)}")
    return modules[0]


def _holds(loader: DataLoader, task: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> bool:
    conditions = task.get("when", [])
    conditions = conditions if isinstance(conditions, list) else [conditions]
    return all(_templar(loader, variables).evaluate_conditional(condition) for condition in conditions)


def _templar(loader: DataLoader, variables: dict[str, t.Any]) -> Templar:
    return Templar(loader, variables=variables)
