# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole plan of a server, made in one task before anything is written: see docs/decisions/0004 and 0012."""

from __future__ import annotations

import dataclasses
import re
import types
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.parameters import remove_values
from ansible.module_utils.parsing.convert_bool import boolean

from .._agent import before_note, upgrade_note
from .._certificates import cert_pairs
from .._core import probe
from .._core.plan import Plan, Refused
from .._core.probe import NotAnswered, Query
from .._core.scrub import for_people, scrubbed
from .._health import agent_health
from .._hosting import application_pool, service, site
from .._inventory import prefetch
from .._server import permissions, prerequisites, working_directory
from .._settings import agent_settings, web_config
from . import compiled, conversion, inventory_check, refusal, retried, role_tasks, sentence, vaulted
from .action import AgentAction
from .host import Host
from .picture import Picture
from .refusal import Refusal
from .role_tasks import RoleTask
from .variables import SettledVariables

SUBJECTS: dict[str, types.ModuleType] = {
    f"imops.identity_manager.{name}": subject
    for name, subject in (
        ("win_im_agent_settings", agent_settings),
        ("win_im_apppool", application_pool),
        ("win_im_cert_pair", cert_pairs),
        ("win_im_permissions", permissions),
        ("win_im_prerequisites", prerequisites),
        ("win_im_service", service),
        ("win_im_site", site),
        ("win_im_web_config", web_config),
        ("win_im_working_directory", working_directory),
    )
}
"""What plans each module's tasks."""
LOOKING: dict[str, types.ModuleType] = {"imops.identity_manager.win_im_agent_health": agent_health}
"""What only looks, and has no plan to foretell."""

compiled.prepare(role_tasks.templates([*role_tasks.of_hosting("iis"), *role_tasks.of_hosting("service"), "im_verify"]))

_NAME = re.compile(r"[A-Za-z_]\w*")


class Unforeseen(Exception):
    """A task whose effect cannot be foretold: it has to run."""


class RefusedPlan(Refused):
    """A refused plan, with the facts that later tasks are planned with all the same; None where nobody knows them."""

    def __init__(self, error: Exception, promised: dict[str, t.Any] | None, secrets: frozenset[str]) -> None:
        unanswered = "the server could not answer a question: " if isinstance(error, NotAnswered) else ""
        parts = [(name, scrubbed(text, secrets)) for name, text in getattr(error, "parts", ())]
        super().__init__(scrubbed(f"{unanswered}{error}", secrets), parts)
        self.promised = promised


@dataclasses.dataclass(frozen=True)
class Checked:
    """A task's arguments as far as they are known without the server.

    Attributes:
        subject: what plans the task.
        wanted: what it wants.
        secrets: texts that no message may show.
    """

    subject: types.ModuleType
    wanted: t.Any
    secrets: frozenset[str] = dataclasses.field(repr=False)


@dataclasses.dataclass
class Forecast:
    """What the tasks of roles would do to a server, one after the other.

    Attributes:
        steps: the operations of each task that would change something, in words, by the task's name and in order.
        refusals: why the server cannot become what is wanted.
        warnings: sentences for the user, in the inventory's words, by what the plan says.
        vault: the secrets that a Key Vault has to hold.
        lacking: the results that refused tasks owe to later ones.
        seen: the operations so far, each of which is shown once.
    """

    steps: dict[str, list[str]] = dataclasses.field(default_factory=dict)
    refusals: list[Refusal] = dataclasses.field(default_factory=list)
    warnings: dict[str, str] = dataclasses.field(default_factory=dict)
    vault: list[str] = dataclasses.field(default_factory=list)
    lacking: set[str] = dataclasses.field(default_factory=set)
    seen: set[str] = dataclasses.field(default_factory=set)

    def refuse(self, task: RoleTask, found: t.Iterable[Refusal], *, promised: bool) -> None:
        """Add what no other task refused; ``promised``: later tasks are planned as if there were no refusal."""
        for one in found:
            if one.kind not in {other.kind for other in self.refusals}:
                self.refusals.append(one)
        if task.register and not promised:
            self.lacking.add(task.register)

    def depends(self, task: RoleTask, variables: SettledVariables) -> bool:
        """Tell whether a task needs what a refused one would have returned."""
        if not self.lacking:
            return False
        conditions = {name for condition in task.when for name in _NAME.findall(str(condition))}
        named = variables.names([task.arguments, *map(variables.raw, conditions)])
        return bool(self.lacking & (named | conditions))

    @property
    def result(self) -> dict[str, t.Any]:
        """Return what the first task tells of it."""
        told = {"key_vault_secrets": self.vault} if self.vault else {}
        return {
            "differs": bool(self.steps),
            "differs_at": next(iter(self.steps), ""),
            "plan": [{"task": task, "operations": done} for task, done in self.steps.items()],
            **told,
        }


class ForetellingAction(AgentAction):
    """An action that also makes the plans of roles' tasks, one after the other and to the end, before anything is
    written.

    Up to the first task that would change something each plan is the one that the task makes in its turn. From there
    on the plans are made as in check mode: on a picture of the server in which earlier plans count as carried out.
    """

    _templated: t.Mapping[str, t.Any] = types.MappingProxyType({})
    """What the inventory's templates became in its check, so that none is compiled twice."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Check the inventory, where the task has one, and carry on unless it is refused."""
        args, variables = dict(self._task.args), self._templar.available_variables
        if boolean(args.get("variables", False), strict=False):
            given = inventory_check.read(variables, self._templar)
        elif args.get("inventory") and isinstance(args["inventory"], dict):
            given, variables = inventory_check.of_inventory(args["inventory"]), {}
        else:
            return super().run(tmp, task_vars)
        self._task.args = {**args, "inventory": given.inventory}
        self._templated = given.templated
        found = inventory_check.findings(given, variables)
        if not found:
            return super().run(tmp, task_vars)
        secrets = self.SUBJECT.secrets(self._task.args) | vaulted.of(self._task.args, task_vars or {}).secrets
        told = [self._refusal(one.variable, scrubbed(one.text, secrets)) for one in found]
        return self._refused((task_vars or {}).get("inventory_hostname", "the server"), "inventory", told)

    def _refusal(self, variable: str, text: str) -> Refusal:
        return Refusal(self._task.get_name(), variable, self.place(variable), sentence.complete(text, variable))

    @staticmethod
    def _refused(name: str, what: str, refusals: list[Refusal]) -> dict[str, t.Any]:
        """Return the result that names all refusals of a server."""
        return {
            "failed": True,
            "changed": False,
            "msg": f"{name}: the {what} is refused, nothing was written. {'; '.join(map(str, refusals))}",
            "refusals": [one.fields for one in refusals],
        }

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Return the subject's own result, and with ``wanted.foretell`` the whole plan; a refusal in any of its tasks
        fails the action, with all others beside it. Where nothing differs, what ``wanted.ahead`` names is carried out.
        """
        # A play that only looks tells what is so now, whatever an earlier play of the run has read.
        if wanted.refresh or (wanted.ahead and not wanted.foretell):
            host.forget()  # the next question puts all questions of the run to the server again, in one execution
        if not wanted.foretell and not wanted.ahead:
            return super().carry_out(host, wanted)
        tasks = [task for entry in wanted.foretell for task in role_tasks.read(entry)]
        entries = (*wanted.foretell, *wanted.ahead)
        known = role_tasks.with_defaults(entries, self._templar.available_variables)
        variables = SettledVariables(self._templar, known, self._templated)
        refused, checked = self._check(tasks, variables)
        if refused:
            return self._refused(host.name, "plan", refused)
        looks = self._looks(wanted.ahead, variables)
        asked = (query for look in looks or () for query in self._questions(look))
        host.prepare([*self.SUBJECT.questions(wanted), *asked])
        result = super().carry_out(host, wanted)
        upgrades = boolean(variables.value("im_agent_upgrade") or False, strict=False)
        if upgrades and _is_cut_off(host, wanted.inventory):
            return {**result, "differs": True, "differs_at": "", "plan": [], "settled": False}
        if wanted.foretell and _has_kept(host, wanted.inventory):  # what refuses a plan now may be what goes back then
            _check_taken(wanted.inventory, variables)
            return {**result, "differs": True, "differs_at": "", "plan": [], "settled": False, "interrupted": True}
        found = self._forecast(host, tasks, variables, checked)
        if found.refusals:
            result = self._refused(host.name, "plan", found.refusals)
            return result | ({"warnings": host.warnings} if host.warnings else {})
        if found.vault:
            names = ", ".join(found.vault)
            self._display.display(f"{host.name}: im_agent_azure_key_vault: the vault must hold the secrets {names}")
        result |= self.warned(host, found.warnings) | (found.result if wanted.foretell else {})
        # An upgrade verifies the agent itself, and takes a stopped one too.
        if upgrades or found.steps or looks is None or any(look.subject.writes(look.wanted) for look in looks):
            return result | {"settled": False}
        return self._looked(host, looks, variables, result)

    def _looks(self, entries: t.Sequence[str], variables: SettledVariables) -> list[Checked] | None:
        """Return the arguments of tasks that only look; None where one is refused, which is told in its turn."""
        try:
            tasks = (task for entry in entries for task in role_tasks.read(entry))
            return [known for task in tasks if (known := self._checked(task, variables, ahead=True))]
        except (AnsibleError, Refused, Unforeseen):
            return None

    @staticmethod
    def _questions(look: Checked) -> t.Iterator[Query]:
        """Yield what a task that only looks will ask, so that it travels with the first probe."""
        yield from look.subject.questions(look.wanted)
        yield from look.subject.questions_ahead(look.wanted)

    def _looked(
        self, host: Host, looks: t.Iterable[Checked], variables: SettledVariables, result: dict[str, t.Any]
    ) -> dict[str, t.Any]:
        """Carry out the tasks that only look, on a server where nothing differs: they need no worker of their own.

        Raises:
            AnsibleActionFail: the server could not answer.
        """
        for look in looks:
            secrets = look.secrets | variables.vaulted.inline | variables.vaulted.of_files
            try:
                found = for_people(retried.carried_out(self, look.subject, host, look.wanted), secrets)
            except NotAnswered as error:
                unanswered = f"{host.name}: the server could not answer a question: {error}"
                raise AnsibleActionFail(scrubbed(unanswered, secrets)) from None
            except Refused as error:
                raise AnsibleActionFail(scrubbed(f"{host.name}: {error}", secrets)) from None
            warnings = list(dict.fromkeys([*result.get("warnings", ()), *found.get("warnings", ())]))
            result = {
                **({} if found.get("failed") else result),
                **found,
                **({"warnings": warnings} if warnings else {}),
            }
            if found.get("failed"):
                return result
        return result | {"settled": True}

    def _check(
        self, tasks: t.Sequence[RoleTask], variables: SettledVariables
    ) -> tuple[list[Refusal], dict[int, Checked | None]]:
        """Return what refuses the tasks before the server is asked, and each task's arguments, by its position.

        Tasks that need what an earlier one returns come in their turn.
        """
        found = Forecast(lacking={task.register for task in tasks if task.register})
        checked: dict[int, Checked | None] = {}
        for position, task in enumerate(tasks):
            if found.depends(task, variables):
                continue
            try:
                checked[position] = self._checked(task, variables)
            except AnsibleActionFail:
                raise
            except Unforeseen:
                continue
            except (AnsibleError, Refused) as error:
                found.refuse(task, refusal.of(task, error, variables, self.place), promised=True)
        return found.refusals, checked

    def _forecast(
        self,
        host: Host,
        tasks: t.Sequence[RoleTask],
        variables: SettledVariables,
        checked: t.Mapping[int, Checked | None],
    ) -> Forecast:
        """Return the plans of all tasks; ``checked``: what is known of their arguments, by their position."""
        found, picture = Forecast(), Picture(host)
        for position, task in enumerate(tasks):
            if found.depends(task, variables):
                continue
            try:
                known = checked[position] if position in checked else self._checked(task, variables)
                plan = self._plan(picture, host, task, known, found) if known else None
            except AnsibleActionFail:
                raise  # nothing that a task says: the server was not asked
            except Unforeseen:
                found.steps[str(task)] = [f"run {task.module}"]
                picture.add_unknown()
                continue
            except (AnsibleError, Refused) as error:
                promised = error.promised if isinstance(error, RefusedPlan) else None
                found.refuse(task, refusal.of(task, error, variables, self.place), promised=promised is not None)
                if promised and task.register:
                    variables.set(task.register, {**promised, "changed": True, "failed": False})
                picture.add_unknown()
                continue
            if plan is None:
                continue
            told = {text: refusal.in_variables(task, text, variables) for text in plan.warnings}
            found.warnings |= {
                text: refusal.placed(scrubbed(shown, known.secrets if known else ()), self.place)
                for text, shown in told.items()
            }
            if task.register:
                variables.set(task.register, {**plan.facts, "changed": plan.changed, "failed": False})
        return found

    @staticmethod
    def _subject(task: RoleTask) -> types.ModuleType | None:
        return SUBJECTS.get(task.module)

    def _checked(self, task: RoleTask, variables: SettledVariables, *, ahead: bool = False) -> Checked | None:
        """Return a task's arguments as what it wants, None for a task that would be skipped; raises Refused and, where
        a template fails, AnsibleError.
        """
        if not all(variables.holds(condition) for condition in task.when):
            return None
        subject = self._subject(task) or (LOOKING.get(task.module) if ahead else None)
        if subject is None:
            raise Unforeseen
        spec = subject.ARGUMENT_SPEC
        given = conversion.prepared(variables.arguments(task.arguments), spec["argument_spec"])
        checked = ArgumentSpecValidator(**spec).validate(conversion.plain(given))
        arguments = checked.validated_parameters
        secrets = subject.secrets(arguments) if hasattr(subject, "secrets") else checked._no_log_values
        secrets = frozenset(secrets) | vaulted.of(given, variables.vaulted).secrets
        if checked.error_messages:
            told = "; ".join(map(refusal.of_options, checked.error_messages))
            raise Refused(remove_values(told, checked._no_log_values))
        try:
            wanted = subject.Wanted.of(self.completed(subject, arguments))
        except Refused as error:
            raise RefusedPlan(error, None, secrets) from None
        return Checked(subject, wanted, secrets)

    def _plan(self, picture: Picture, host: Host, task: RoleTask, known: Checked, found: Forecast) -> Plan:
        """Return a task's plan, and add what it would do and tell."""
        subject, wanted = known.subject, known.wanted
        try:
            host.prepare(subject.questions(wanted))
            plan: Plan = subject.plan(wanted, picture.ask, check=self._is_predicted(picture, subject))
        except (Refused, NotAnswered) as error:
            promised = subject.promised(wanted) if hasattr(subject, "promised") else None
            raise RefusedPlan(error, promised, known.secrets) from None
        picture.add(plan)
        fresh = [operation.does for operation in plan.operations if operation.does not in found.seen]
        found.seen |= set(fresh)
        if plan.changed:
            found.steps[str(task)] = fresh
        found.vault += plan.facts.get("key_vault_secrets", ())
        return plan

    def _is_predicted(self, picture: Picture, subject: types.ModuleType) -> bool:
        """Tell whether a plan is made as in check mode: where the server is a picture already, and never with a key
        pair that only its own task may make.
        """
        return bool(self._task.check_mode) or picture.changed or subject is cert_pairs


def _is_cut_off(host: Host, inventory: t.Mapping[str, t.Any]) -> bool:
    """Tell whether an upgrade that was interrupted has left no Runtime, so that no plan of it is right."""
    if not inventory:
        return False
    runtime = prefetch.runtime(inventory)
    return upgrade_note.is_between(runtime, host.ask(probe.file(runtime, 0)), host.ask)


def _has_kept(host: Host, inventory: t.Mapping[str, t.Any]) -> bool:
    """Tell whether a run that was interrupted has left what it found, which this one has to verify or put back."""
    return bool(inventory) and before_note.is_there(prefetch.runtime(inventory), host.ask)


def _check_taken(inventory: t.Mapping[str, t.Any], variables: SettledVariables) -> None:
    """Refuse a play that would write and leave such a note: a later one would put back what was there before both."""
    if not boolean(variables.value("_takes_interrupted") or False, strict=False):
        note = before_note.path(prefetch.runtime(inventory))
        raise Refused(
            f"found a run that was interrupted before its verification ({note}), wanted it finished, which neither"
            " a rollout nor a run with some tags does: run install.yml with all tags on this server, then this again"
        )
