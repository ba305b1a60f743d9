# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the tasks of roles would change a server, found out in one task: see docs/decisions/0004."""

from __future__ import annotations

import types
import typing as t

from ansible.errors import AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values

from . import (
    _agent_settings,
    _application_pool,
    _cert_pairs,
    _permissions,
    _prerequisites,
    _role_tasks,
    _service,
    _site,
    _web_config,
    _working_directory,
)
from ._action import AgentAction
from ._host import Host
from ._plan import Plan, Refused
from ._questions import NotAnswered
from ._role_tasks import RoleTask
from ._settled_variables import SettledVariables

SUBJECTS: dict[str, types.ModuleType] = {
    f"imops.identity_manager.{name}": subject
    for name, subject in (
        ("win_im_agent_settings", _agent_settings),
        ("win_im_apppool", _application_pool),
        ("win_im_cert_pair", _cert_pairs),
        ("win_im_permissions", _permissions),
        ("win_im_prerequisites", _prerequisites),
        ("win_im_service", _service),
        ("win_im_site", _site),
        ("win_im_web_config", _web_config),
        ("win_im_working_directory", _working_directory),
    )
}
"""What plans each module's tasks."""


class Unforeseen(Exception):
    """A task whose effect cannot be foretold: it has to run."""


class ForetellingAction(AgentAction):
    """An action that also tells whether the tasks of roles would change anything.

    It plans task after task, up to the first that would change something. Until there nothing changes between one task
    and the next, so each sees the server as it would in its own turn, and makes the same plan of the same arguments.
    """

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Return the subject's own result, and with ``wanted.foretell`` whether anything differs, and where."""
        result = super().carry_out(host, wanted)
        if not wanted.foretell:
            return result
        variables = SettledVariables(self._templar, self._variables(wanted.foretell))
        warnings: list[str] = []
        differs_at = ""
        for task in (task for entry in wanted.foretell for task in _role_tasks.read(entry, self._load)):
            try:
                plan = self._plan(host, task, variables, warnings)
            except (Unforeseen, AnsibleError, Refused, NotAnswered):
                differs_at = str(task)  # the task itself says what is wrong
                break
            if plan and plan.changed:
                differs_at = str(task)
                break
            if plan and task.register:
                variables.set(task.register, {**plan.facts, "changed": False, "failed": False})
        result |= {"differs": bool(differs_at), "differs_at": differs_at}
        shown = [*result.get("warnings", ()), *([] if differs_at else warnings)]
        shown += [warning for warning in host.warnings if warning not in shown]
        return result | ({"warnings": shown} if shown else {})

    def _variables(self, entries: t.Iterable[str]) -> dict[str, t.Any]:
        """Return the task's variables, and the defaults of the entry points' roles, which give way to all others."""
        defaults: dict[str, t.Any] = {}
        for entry in entries:
            defaults |= _role_tasks.defaults(entry, self._load)
        return {**defaults, **self._templar.available_variables}

    def _plan(self, host: Host, task: RoleTask, variables: SettledVariables, warnings: list[str]) -> Plan | None:
        """Return a task's plan, None for a task that would be skipped, and add its warnings."""
        if not all(variables.holds(condition) for condition in task.when):
            return None
        subject = SUBJECTS.get(task.module)
        if subject is None:
            raise Unforeseen
        checked = ArgumentSpecValidator(**subject.ARGUMENT_SPEC).validate(variables.arguments(task.arguments))
        if checked.error_messages:
            raise Unforeseen
        arguments = checked.validated_parameters
        wanted = subject.Wanted.of(self.completed(subject, arguments))
        host.prepare(subject.questions(wanted))
        plan: Plan = subject.plan(wanted, host.ask, check=bool(self._task.check_mode))
        secrets = subject.secrets(arguments) if hasattr(subject, "secrets") else checked._no_log_values
        warnings += remove_values(list(plan.warnings), secrets)
        return plan

    def _load(self, path: str) -> t.Any:
        return self._loader.load_from_file(path, unsafe=True, trusted_as_template=True)
