# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The tasks of roles, carried out one after the other in one worker: see docs/decisions/0018."""

from __future__ import annotations

import dataclasses
import types
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader

from .._core.plan import Refused
from . import compiled, role_tasks
from .role_tasks import RoleTask
from .variables import SettledVariables

_ADDED_UP = frozenset({"changed", "diff", "exception", "failed", "msg", "operations", "unreachable", "warnings"})
"""What the result of the whole adds up of the tasks' results, or has of the last one."""
_ENDINGS = ("failed", "unreachable")


@dataclasses.dataclass
class Done:
    """What the tasks so far have done.

    Attributes:
        tasks: each task that ran, with what it did in words.
        facts: what the tasks returned beside that; a later one wins.
        diffs: what changed in files and the like.
        warnings: sentences for the user.
    """

    tasks: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    diffs: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def add(self, task: RoleTask, result: t.Mapping[str, t.Any]) -> None:
        """Add what a task returned."""
        told = {name: result[name] for name in (*_ENDINGS, "operations") if result.get(name)}
        self.tasks.append({"task": str(task), "changed": bool(result.get("changed")), **told})
        self.facts |= {name: value for name, value in result.items() if name not in _ADDED_UP}
        self.warnings += [warning for warning in result.get("warnings") or () if warning not in self.warnings]
        diff = result.get("diff") or []
        self.diffs += diff if isinstance(diff, list) else [diff]

    @property
    def result(self) -> dict[str, t.Any]:
        """Return the result of the whole."""
        return {
            **self.facts,
            "changed": any(one["changed"] for one in self.tasks),
            "tasks": self.tasks,
            **({"diff": self.diffs} if self.diffs else {}),
            **({"warnings": self.warnings} if self.warnings else {}),
        }


class CarryingOutAction(ActionBase):
    """Carries out the tasks of entry points of this collection's roles: their conditions, arguments and actions, and
    what they register for the next ones. The first that fails, or does not reach the server, is the last.
    """

    ARGUMENT_SPEC: t.Mapping[str, t.Any] = types.MappingProxyType(
        {"argument_spec": {"entry_points": {"type": "list", "elements": "str", "required": True}}}
    )
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Carry out the tasks, and return what all of them did."""
        super().run(tmp, task_vars)
        _checked, arguments = self.validate_argument_spec(**self.ARGUMENT_SPEC)  # type: ignore[no-untyped-call]  # ansible-core has no types here
        done = Done()
        try:
            tasks = [task for entry in arguments["entry_points"] for task in role_tasks.read(entry)]
            known = role_tasks.with_defaults(arguments["entry_points"], task_vars or {})
        except Refused as refusal:
            raise AnsibleActionFail(str(refusal)) from None
        self._templar = compiled.reuse(self._templar.copy_with_new_env(available_variables=known))
        variables = SettledVariables(self._templar, known)
        for task in tasks:
            result = self._carried_out(task, variables, known, done)
            if result is None:
                continue
            done.add(task, result)
            ended = {name: bool(result.get(name)) for name in _ENDINGS}
            if any(ended.values()):
                return {**done.result, **ended, "msg": str(result.get("msg", ""))}
            if task.register:
                known[task.register] = {"changed": False, "failed": False, **result}
                variables.set(task.register, known[task.register])
            if result.get("changed"):
                self._display.display(f"{known.get('inventory_hostname', 'the server')}: {task}: {self._changed}")
        return done.result

    @property
    def _changed(self) -> str:
        return "would change" if self._task.check_mode else "changed"

    def _carried_out(
        self, task: RoleTask, variables: SettledVariables, known: dict[str, t.Any], done: Done
    ) -> dict[str, t.Any] | None:
        """Return the result of a task, None for one that is skipped.

        Raises:
            AnsibleActionFail: it failed; the error has what was done before, too.
        """
        try:
            if not all(variables.holds(condition) for condition in task.when):
                return None
            return self._action(task, variables.arguments(task.arguments)).run(None, known)
        except AnsibleConnectionFailure as failure:  # as Ansible makes a result of it, with what was done before
            return {"unreachable": True, "msg": str(failure)}
        except AnsibleError as failure:
            done.add(task, {"failed": True})
            raise AnsibleActionFail(str(failure), result=done.result) from None

    def _action(self, task: RoleTask, arguments: dict[str, t.Any]) -> ActionBase:
        """Return the action of a task, which has this action's connection."""
        own = self._task.copy()
        own.name, own.action, own.args = task.name, task.module, arguments
        own._resolved_action = task.module
        return t.cast(
            "ActionBase",
            action_loader.get(
                task.module,
                task=own,
                connection=self._connection,
                play_context=self._play_context,
                loader=self._loader,
                templar=self._templar,
                shared_loader_obj=self._shared_loader_obj,
            ),
        )
