# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every action plugin of this collection does: validate, ask, plan, report, apply."""

from __future__ import annotations

import types
import typing as t

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from .._core import server_lock
from .._core.excerpt import around_changes
from .._core.plan import Plan, Refused
from .._core.probe import NotAnswered
from .._core.scrub import for_people, scrubbed
from .._fleet.outcome import LOST
from . import compiled, controller_file, conversion, origin, retried, vaulted
from .held_files import HeldFiles
from .host import Host

AT_WORK = "im_rollout_at_work"
"""Set while a rollout is at a server (playbooks/tasks/rollout/)."""


_CLIENTS = frozenset({"pypsrp", "requests", "urllib3", "winrm"})
"""What the connection plugins speak with; some errors of theirs get through them."""


class AgentAction(ActionBase):
    """One subject of the collection: what is wanted comes from the task, what is from the probe.

    A subclass names its ``SUBJECT``, a module of ``plugin_utils`` with

    - ``ARGUMENT_SPEC``: keywords of ``validate_argument_spec``,
    - ``Wanted.of(arguments)``: what is wanted; raises Refused,
    - ``questions(wanted)``: what the plan will surely ask,
    - ``plan(wanted, ask, check=…)``: the plan; raises Refused and NotAnswered,
    - ``unneeded(wanted, ask)``, optional: those of the questions whose answers this run does not need,
    - ``completed(arguments, files)``, optional: the arguments with what only the controller has, as its
      ``ControllerFiles`` tell; raises Refused,
    - ``check_done(wanted, plan, ask)``, optional: looks at the server after the operations; raises Refused where
      they did not do what they should,
    - ``told(result)``, optional: the sentences for the user that the result of one of the writer's operations gives,
    - ``secrets(arguments)``, optional: texts that no message may show; default: all values below ``no_log``
      options. What tasks pass on holds no secret, and is not changed.
    """

    SUBJECT: types.ModuleType
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Plan, report, and unless in check mode apply."""
        super().run(tmp, task_vars)
        spec = self.SUBJECT.ARGUMENT_SPEC
        args = conversion.prepared(self._task.args, spec["argument_spec"])
        self._task.args = conversion.plain(args)
        checked, arguments = self.validate_argument_spec(**spec)  # type: ignore[no-untyped-call]  # ansible-core has no types here; a copy
        self._task.args = args  # with the tags of its values
        host = Host(self, task_vars or {})
        shows_held = getattr(self.SUBJECT, "SHOWS_WHAT_THE_SERVER_HOLDS", False)
        vault = (vaulted.of_all if shows_held else vaulted.of)(self._task.args, task_vars or {})
        secrets: t.Collection[str] = checked._no_log_values
        try:
            if hasattr(self.SUBJECT, "secrets"):
                secrets = self.SUBJECT.secrets(arguments)
            secrets = frozenset(secrets) | vault.secrets
            wanted = vaulted.known_to(self.SUBJECT.Wanted.of(self.completed(self.SUBJECT, arguments)), vault)
            host.warnings += [f"{host.name}: {warning}" for warning in vault.warnings()]
            result = self.carry_out(host, wanted)
        except Refused as refusal:
            told = origin.with_place(str(refusal), self._task.args, self._templar.available_variables)
            raise AnsibleActionFail(self._scrubbed(_with_warnings(f"{host.name}: {told}", host), secrets)) from None
        except NotAnswered as failure:
            told = _with_warnings(f"{host.name}: the server could not answer a question: {failure}", host)
            raise AnsibleActionFail(self._scrubbed(told, secrets)) from None
        except AnsibleActionFail as failure:
            raise AnsibleActionFail(self._scrubbed(_with_warnings(str(failure), host), secrets)) from None
        except Exception as failure:
            if not (_is_of_the_connection(failure) and host.variable(AT_WORK)):
                raise
            # Ansible takes a server that is not reached out of the play, and no rescue of the rollout would be told.
            told = self._scrubbed(_with_warnings(f"{host.name}: it was not reached: {failure}", host), secrets)
            return {"failed": True, "changed": False, LOST: True, "msg": told}
        return for_people(result, secrets, but={"diff"} if vaulted.shows_files(wanted) else ())

    @classmethod
    def finalize_task_arg(cls, name: str, value: t.Any, templar: t.Any, context: t.Any) -> t.Any:
        """Return an argument of the task, templated with what is compiled already."""
        return super().finalize_task_arg(name, value, compiled.reuse(templar), context)

    def place(self, variable: str) -> str:
        """Return where a variable, or what is inside it, was set; empty where nobody knows."""
        return origin.place(variable, self._templar.available_variables)

    def completed(self, subject: types.ModuleType, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a subject's arguments with what only the controller has, as the content of its files; raises
        Refused.
        """
        if not hasattr(subject, "completed"):
            return arguments
        return t.cast("dict[str, t.Any]", subject.completed(arguments, HeldFiles(self)))

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Ask, plan, report and apply; return the task's result."""
        check = bool(self._task.check_mode)
        unneeded = self.SUBJECT.unneeded(wanted, host.ask) if hasattr(self.SUBJECT, "unneeded") else ()
        host.prepare(query for query in self.SUBJECT.questions(wanted) if query not in unneeded)
        plan: Plan = self.SUBJECT.plan(wanted, host.ask, check=check)
        result, replies = self.report(plan), list[dict[str, t.Any]]()
        if not check and plan.operations:
            plan, replies = self._applied(host, wanted, plan)
            result = self.report(plan)
            result["changed"] = any(reply.get("changed") for reply in replies)
            if any(reply.get("reboot_required") and reply.get("changed") for reply in replies):
                result["reboot_required"] = True
            elif hasattr(self.SUBJECT, "check_done"):
                self.SUBJECT.check_done(wanted, plan, host.ask)
        host.note(plan, check=check)
        return result | self.warned(host, {text: text for text in (*plan.warnings, *self._told(replies))})

    def _told(self, replies: t.Iterable[dict[str, t.Any]]) -> t.Iterator[str]:
        """Yield what the subject makes of the results of the writer's operations."""
        if hasattr(self.SUBJECT, "told"):
            for reply in replies:
                for result in reply.get("results") or ():
                    yield from self.SUBJECT.told(result)

    def _applied(self, host: Host, wanted: t.Any, plan: Plan) -> tuple[Plan, list[dict[str, t.Any]]]:
        """Carry out a plan, and return it with the modules' results: another plan where a run of another agent has
        changed what they share since the first one was made.
        """
        try:
            return plan, _carried_out(host, plan)
        except server_lock.Contested:
            plan = self.SUBJECT.plan(wanted, host.ask, check=False)
            return plan, _carried_out(host, plan)
        finally:
            host.unlock()

    @staticmethod
    def warned(host: Host, warnings: t.Mapping[str, str]) -> dict[str, t.Any]:
        """Return the warnings that this run has not shown yet, each with the server's name, as a part of the result.

        Args:
            host: the server.
            warnings: how each is shown, by what the plan says.
        """
        shown = [f"{host.name}: {warnings[warning]}" for warning in host.untold(warnings)] + host.warnings
        return {"warnings": shown} if shown else {}

    def report(self, plan: Plan) -> dict[str, t.Any]:
        """Return the result that a plan promises."""
        result: dict[str, t.Any] = {**plan.facts, "changed": plan.changed}
        if plan.operations:
            result["operations"] = [operation.does for operation in plan.operations]
        if self._task.diff:
            result["diff"] = [
                {"before_header": d.title, "after_header": d.title, "before": before, "after": after}
                for d in plan.diffs
                if d.before != d.after
                for before, after in [around_changes(d.before, d.after)]
            ]
        return result

    @staticmethod
    def _scrubbed(text: str, secrets: t.Collection[str]) -> str:
        return t.cast("str", scrubbed(text, secrets))


class RetriedAction(AgentAction):
    """An action that checks again and again until all checks pass or its time is over.

    Its subject has ``stages(wanted, ask, check=…)``, each with what is done first, what is asked and what is checked,
    ``verified(wanted, checks, check=…)``, the plan with the fact ``verified``, ``fails(wanted, check)``,
    ``failure(wanted, checks)`` and ``in_short(facts)``, what a failed run shows of the facts unless with ``-v``.
    """

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Go through the stages."""
        return retried.carried_out(self, self.SUBJECT, host, wanted)


def _with_warnings(message: str, host: Host) -> str:
    """Return why a task failed, with what it has told by no warning: a task that fails shows none."""
    beside = [f"Beside that: {told}" for told in host.told_on_failure]
    return ". ".join([message.rstrip("."), *beside]) if beside else message


def _is_of_the_connection(error: Exception) -> bool:
    """Tell whether a server was not reached, or not any more."""
    return isinstance(error, AnsibleConnectionFailure) or type(error).__module__.partition(".")[0] in _CLIENTS


def _carried_out(host: Host, plan: Plan) -> list[dict[str, t.Any]]:
    """Keep a plan's files on the controller, run its operations and return the modules' results."""
    for file in plan.kept:
        controller_file.write(file)
    return host.run(plan.operations)
