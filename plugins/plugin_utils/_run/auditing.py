# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The audit of one server: its plans, its settings, its state, as findings; two remote executions at most, no write."""

from __future__ import annotations

import dataclasses
import datetime
import types
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleError

from .._agent.folders import Folders
from .._audit import findings, health_findings, plan_findings, product_findings, record
from .._audit import wanted as audit_wanted
from .._audit.catalogue import INVENTORY, ITEMS
from .._audit.look import key_pairs
from .._audit.look.item import Agent
from .._audit.rule import Finding, State
from .._core.plan import Plan, Refused
from .._core.probe import NotAnswered
from .._core.scrub import scrubbed
from .._health import agent_health
from .._inventory import agent_info, prefetch
from .._settings import agent_settings
from .._windows.identity import Identity
from . import inventory_check, origin, refusal, role_tasks, vaulted
from .action import AgentAction
from .foretelling import Checked, Forecast, ForetellingAction, RefusedPlan, Unforeseen
from .host import Host
from .inventory_check import Read
from .look import Look
from .picture import Picture
from .role_tasks import RoleTask
from .variables import SettledVariables

HEALTH = "imops.identity_manager.win_im_agent_health"
HOSTINGS = ("iis", "service")


@dataclasses.dataclass
class Pass:
    """One way through all rules with what is known of the server.

    Attributes:
        look: answers questions, and collects those that it cannot answer.
        variables: of the server.
        key: of fingerprints.
        found: the findings so far.
        settings: what the inventory wants of the settings files; None where it cannot be told.
        secrets: texts that no record may show.
        plans: each task's plan, by the task's name, in order.
        certificates: those that the agent uses.
        is_owed: whether a refused task was to return something that later ones are planned with all the same.
    """

    look: Look
    variables: SettledVariables
    key: str = dataclasses.field(repr=False)
    found: list[Finding] = dataclasses.field(default_factory=list)
    settings: t.Any = None
    secrets: set[str] = dataclasses.field(default_factory=set, repr=False)
    plans: list[tuple[str, Plan]] = dataclasses.field(default_factory=list)
    certificates: list[dict[str, str]] = dataclasses.field(default_factory=list)
    is_owed: bool = False


@dataclasses.dataclass(frozen=True)
class Asked:
    """What every pass begins with.

    Attributes:
        look: the server.
        given: the inventory.
        wrong: what is wrong with it.
        tasks: the roles' tasks that have plans.
        known: what those tasks want, and the verification's, that need nothing of what others return, by their names;
            None for one that is skipped.
        key: of the fingerprints.
    """

    look: Look
    given: Read
    wrong: t.Sequence[t.Any]
    tasks: t.Sequence[RoleTask]
    known: t.Mapping[str, Checked | None]
    key: str = dataclasses.field(repr=False)


class AuditingAction(ForetellingAction):
    """An action that says of every rule whether it holds on a server, and changes nothing."""

    SUBJECT = audit_wanted

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Audit a server. An inventory that cannot be right, and a server that cannot be asked, are findings too."""
        roles = sorted(path.parents[1].name for path in role_tasks.ROLES.glob("*/defaults/main.yml"))
        variables = role_tasks.with_defaults(roles, self._templar.available_variables)
        self._templar = self._templar.copy_with_new_env(available_variables=variables)
        return AgentAction.run(self, tmp, task_vars)

    @staticmethod
    def _subject(task: RoleTask) -> types.ModuleType | None:
        return agent_health if task.module == HEALTH else ForetellingAction._subject(task)

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Return the record of a server."""
        given, wrong, secrets = self._given()
        look = Look(host)
        about = record.About(host.name, wanted.operator, datetime.datetime.now(datetime.UTC))
        about = dataclasses.replace(about, inventory=record.digest(given.inventory, wanted.fingerprint_key, secrets))
        try:
            done = self._passes(look, given, wrong, wanted.fingerprint_key)
        except AnsibleActionFail as failure:
            reason = str(scrubbed(str(failure), secrets))
            return {"changed": False, "record": record.unaudited(about, reason)}
        facts = look.snapshot.host
        made = record.made(about, facts, findings.merged(done.found), done.certificates)
        result = {"changed": False, "record": scrubbed(made, secrets | done.secrets)}
        return result | ({"warnings": host.warnings} if host.warnings else {})

    def _given(self) -> tuple[Read, list[t.Any], set[str]]:
        """Return the inventory, what is wrong with it, and its secrets."""
        given = inventory_check.read(self._templar.available_variables, self._templar)
        own = {name: value for name, value in self._templar.available_variables.items() if name.startswith("im_")}
        secrets = set(agent_info.secrets({"inventory": given.inventory}))
        secrets |= vaulted.of({"inventory": given.inventory}, self._templar.available_variables).secrets
        return given, list(inventory_check.findings(given, own)), secrets

    def _passes(self, look: Look, given: Read, wrong: t.Sequence[t.Any], key: str) -> Pass:
        """Return the pass after which nothing is missing, or the one after the second look."""
        hosting = given.values.get("im_agent_hosting")
        entries = role_tasks.of_hosting(str(hosting)) if hosting in HOSTINGS else []
        tasks = [task for entry in entries for task in role_tasks.read(entry)]
        if not wrong:
            look.prepare(agent_info.questions(agent_info.Wanted(given.inventory, False, ())))
            look.prepare(prefetch.questions(given.inventory))
        known = self._known(given, [*tasks, *role_tasks.read("im_verify")])
        asked = Asked(look, given, wrong, tasks, known, key)
        done = self._pass(asked)
        if look.take(first=True):
            done = self._pass(asked)
        if look.take(first=False):
            done = self._pass(asked)
        return done

    def _settled(self, given: Read) -> SettledVariables:
        # An upgrade that is due is a difference; nobody else tells of it here.
        known = {**self._templar.available_variables, "im_working_directory_upgrade": False}
        return SettledVariables(self._templar, known, given.templated)

    def _known(self, given: Read, tasks: t.Sequence[RoleTask]) -> dict[str, Checked | None]:
        """Return what tasks want that need nothing of what others return: it is the same in each pass, and templates
        are the dearest part of one. A task whose arguments are refused is left to the pass, which tells of it.
        """
        try:
            _refused, checked = self._check(tasks, self._settled(given))
        except AnsibleActionFail:
            return {}
        return {str(tasks[position]): known for position, known in checked.items()}

    def _wanted(self, task: RoleTask, asked: Asked, variables: SettledVariables) -> Checked | None:
        return asked.known[str(task)] if str(task) in asked.known else self._checked(task, variables)

    def _pass(self, asked: Asked) -> Pass:
        done = Pass(asked.look, self._settled(asked.given), asked.key)
        for one in asked.wrong:
            place = self.place(one.variable)
            done.found.append(
                Finding(
                    INVENTORY.id,
                    State.FAIL,
                    one.variable,
                    "a value that can be right",
                    one.text,
                    "",
                    one.variable,
                    place,
                )
            )
        if not asked.wrong:
            done.found.append(Finding(INVENTORY.id, State.PASS))
        self._plan_all(done, asked)
        self._judge_settings(done)
        self._judge_health(done, asked)
        self._judge_look(done)
        return done

    def _plan_all(self, done: Pass, asked: Asked) -> None:
        """Add what the plans of all tasks say, each made on a picture in which the earlier ones count as done."""
        forecast, picture = Forecast(), Picture(done.look)
        for task in asked.tasks:
            subject = plan_findings.subject_of(task.module)
            if not subject:  # a task that only follows, such as a restart of the server
                continue
            if forecast.depends(task, done.variables):
                done.found += plan_findings.unknown(subject, plan_findings.OWED)
                continue
            try:
                known = self._wanted(task, asked, done.variables)
                if known is None:
                    continue
                if known.subject is agent_settings:
                    done.settings = known.wanted
                done.secrets |= known.secrets
                plan = self._planned(done, picture, known)
            except Unforeseen:
                continue
            except NotAnswered as failure:
                done.found += plan_findings.unknown(subject, f"the server could not answer: {failure}")
                picture.add_unknown()
                continue
            except (AnsibleError, Refused) as error:
                self._add_refusal(done, forecast, task, error)
                picture.add_unknown()
                continue
            self._add_plan(done, picture, task, plan)
            if task.register:
                done.variables.set(task.register, {**plan.facts, "changed": plan.changed, "failed": False})

    def _add_plan(self, done: Pass, picture: Picture, task: RoleTask, plan: Plan) -> None:
        """Add what a plan says, and count it as carried out unless it rests on what nobody returned."""
        said = list(self._with_variables(task, done, plan_findings.subject_of(task.module), plan))
        certain = plan_findings.without_owed(said) if done.is_owed else said
        done.found += certain
        done.plans.append((str(task), plan))
        if certain == said:
            picture.add(plan)

    def _planned(self, done: Pass, picture: Picture, known: Checked) -> Plan:
        done.look.prepare(known.subject.questions(known.wanted))
        try:
            return t.cast("Plan", known.subject.plan(known.wanted, picture.ask, check=True))
        except Refused as error:
            promised = known.subject.promised(known.wanted) if hasattr(known.subject, "promised") else None
            raise RefusedPlan(error, promised, known.secrets) from None

    def _add_refusal(self, done: Pass, forecast: Forecast, task: RoleTask, error: Exception) -> None:
        found = refusal.of(task, error, done.variables, self.place)
        promised = error.promised if isinstance(error, RefusedPlan) else None
        subject = plan_findings.subject_of(task.module)
        for one in found:
            place = one.place if origin.is_of_user(one.place) else ""
            done.found += plan_findings.refused(subject, one.text, one.variable, place)
        forecast.refuse(task, found, promised=promised is not None)
        if promised and task.register:
            done.is_owed = True
            done.variables.set(task.register, {**promised, "changed": True, "failed": False})

    def _with_variables(self, task: RoleTask, done: Pass, subject: str, plan: Plan) -> t.Iterator[Finding]:
        """Yield a plan's findings, those of differences with the variable that wanted the value."""
        for one in plan_findings.of_plan(subject, plan, done.look.ask, done.key):
            if one.state is not State.FAIL:
                yield one
                continue
            variable = refusal.by_value(task.arguments, one.expected, done.variables)
            place = self.place(variable) if variable else ""
            yield dataclasses.replace(one, variable=variable, place=place if origin.is_of_user(place) else "")

    def _judge_settings(self, done: Pass) -> None:
        """Add what the product's rules say of the settings that the server has."""
        if done.settings is None:
            done.found += product_findings.unknown("the inventory does not tell where the settings are")
        else:
            done.found += product_findings.findings(done.settings, done.look.ask)

    def _judge_health(self, done: Pass, asked: Asked) -> None:
        """Add what the checks of the verification say that ask nobody but the server."""
        for task in role_tasks.read("im_verify"):
            try:
                known = self._wanted(task, asked, done.variables)
            except (AnsibleError, Refused) as error:
                done.found += health_findings.unknown(f"the inventory does not tell how to ask the agent: {error}")
                continue
            if known:
                done.secrets |= known.secrets
                alone = {
                    "credentials": None,
                    "from_controller": False,
                    "connections": False,
                    "recycle": False,
                    "job": "",
                    "mail": None,
                }
                done.found += health_findings.findings(dataclasses.replace(known.wanted, **alone), done.look.ask)

    def _judge_look(self, done: Pass) -> None:
        """Add what no plan covers."""
        try:
            agent = self._agent(done.variables)
        except Refused as error:
            reason = f"the inventory does not tell which agent is meant: {error}"
            done.found += [Finding(rule.id, State.UNKNOWN, reason=reason) for item in ITEMS for rule in item.rules]
            return
        for item in ITEMS:
            done.look.prepare(item.questions(agent))
            done.found += item.findings(agent, done.look.ask)
        try:
            done.certificates = key_pairs.used(agent, done.look.ask)
        except (NotAnswered, Refused):
            done.certificates = []

    @staticmethod
    def _agent(variables: SettledVariables) -> Agent:
        """Return which agent is looked at; raises Refused."""

        def text(name: str) -> str:
            return str(variables.value(f"im_agent_{name}") or "")

        if not text("working_directory"):
            raise Refused("im_agent_working_directory: found nothing, wanted the agent's folder")
        folders = variables.value("_im_agent_folders")
        identity = variables.value("_im_agent_identity")
        if not isinstance(identity, dict):
            raise Refused("found no identity, wanted im_agent_organization or im_agent_identity_username")
        return Agent(
            Folders.of(text("working_directory"), folders if isinstance(folders, dict) else {}),
            Identity.of(identity),
            text("service_name"),
            text("pool_name"),
            text("site_name"),
            text("hosting") == "service",
            text("host_name"),
            text("hosting_bundle_version"),
            datetime.datetime.now(datetime.UTC).timestamp(),
        )
