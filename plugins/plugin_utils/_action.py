# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every action plugin of this collection does: validate, ask, plan, report, apply."""

from __future__ import annotations

import time
import types
import typing as t
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.common.parameters import remove_values
from ansible.plugins.action import ActionBase

from . import _controller_file, _questions
from ._host import Host
from ._plan import Plan, Refused
from ._questions import NotAnswered


class AgentAction(ActionBase):
    """One subject of the collection: what is wanted comes from the task, what is from the probe.

    A subclass names its ``SUBJECT``, a module of ``plugin_utils`` with

    - ``ARGUMENT_SPEC``: keywords of ``validate_argument_spec``,
    - ``Wanted.of(arguments)``: what is wanted; raises Refused,
    - ``questions(wanted)``: what the plan will surely ask,
    - ``plan(wanted, ask, check=…)``: the plan; raises Refused and NotAnswered,
    - ``completed(arguments, content, folder)``, optional: the arguments with what only the controller has;
      ``content(what, file)`` reads a file, ``folder(path)`` makes a path absolute; raises Refused,
    - ``secrets(arguments)``, optional: texts that must appear nowhere; default: all values below ``no_log`` options.
    """

    SUBJECT: t.ClassVar[types.ModuleType]
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Plan, report, and unless in check mode apply."""
        super().run(tmp, task_vars)
        spec = self.SUBJECT.ARGUMENT_SPEC
        checked, arguments = self.validate_argument_spec(**spec)  # type: ignore[no-untyped-call]  # ansible-core has no types here; a copy
        host = Host(self, task_vars or {})
        secrets: t.Collection[str] = checked._no_log_values
        try:
            if hasattr(self.SUBJECT, "secrets"):
                secrets = self.SUBJECT.secrets(arguments)
            wanted = self.SUBJECT.Wanted.of(self.completed(self.SUBJECT, arguments))
            result = self.carry_out(host, wanted)
        except Refused as refusal:
            raise AnsibleActionFail(self._scrubbed(f"{host.name}: {refusal}", secrets)) from None
        except NotAnswered as failure:
            raise AnsibleActionFail(
                self._scrubbed(f"{host.name}: the server could not answer a question: {failure}", secrets)
            ) from None
        except AnsibleActionFail as failure:
            raise AnsibleActionFail(self._scrubbed(str(failure), secrets)) from None
        return t.cast("dict[str, t.Any]", remove_values(result, secrets))

    def completed(self, subject: types.ModuleType, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Return a subject's arguments with what only the controller has, as the content of its files; raises
        Refused.
        """
        if not hasattr(subject, "completed"):
            return arguments
        return t.cast("dict[str, t.Any]", subject.completed(arguments, self._content, self._loader.path_dwim))

    def _content(self, what: str, file: str) -> bytes:
        """Return a file's bytes, found as Ansible finds files of a role or playbook; opened in memory where it is
        encrypted with ansible-vault, since a decrypted copy would be a key in clear on the controller's disk.
        """
        try:
            path = self._find_needle("files", str(Path(file).expanduser()))  # type: ignore[no-untyped-call]  # as above
            return self._loader._get_file_contents(path)[0]
        except AnsibleError as error:
            cause = error.__cause__ or error
            reason = getattr(cause, "strerror", None) or str(cause).partition("\n")[0]
            raise Refused(
                f"{what}: cannot read {file} on the controller: {reason.rstrip('.')}. Wanted an absolute path, or one"
                " from the folder of the playbook or role"
            ) from None

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Ask, plan, report and apply; return the task's result."""
        check = bool(self._task.check_mode)
        host.prepare(self.SUBJECT.questions(wanted))
        plan: Plan = self.SUBJECT.plan(wanted, host.ask, check=check)
        result = self.report(plan)
        if not check and plan.operations:
            for file in plan.kept:
                _controller_file.write(file)
            replies = host.run(plan.operations)
            result["changed"] = any(reply.get("changed") for reply in replies)
            if any(reply.get("reboot_required") and reply.get("changed") for reply in replies):
                result["reboot_required"] = True
        self._keep_restart(host, plan)
        if plan.operations:
            host.note_done(operation.does for operation in plan.operations)
        if check and plan.changed:
            host.note_settled([*plan.settles, *(operation.does for operation in plan.operations)])
        if plan.warnings or host.warnings:
            result["warnings"] = [*plan.warnings, *host.warnings]
        return result

    def report(self, plan: Plan) -> dict[str, t.Any]:
        """Return the result that a plan promises."""
        result: dict[str, t.Any] = {**plan.facts, "changed": plan.changed}
        if plan.operations:
            result["operations"] = [operation.does for operation in plan.operations]
        if self._task.diff:
            result["diff"] = [
                {"before_header": d.title, "after_header": d.title, "before": d.before, "after": d.after}
                for d in plan.diffs
                if d.before != d.after
            ]
        return result

    def _keep_restart(self, host: Host, plan: Plan) -> None:
        if plan.facts.get("restarted_because") is not None:
            host.restarted()
        elif plan.restart and plan.changed:
            host.note_restart(plan.restart)

    @staticmethod
    def _scrubbed(text: str, secrets: t.Collection[str]) -> str:
        return t.cast("str", remove_values(text, secrets))


class RetriedAction(AgentAction):
    """An action that looks, and looks again until all holds or its time is over.

    Its subject has ``stages(wanted, ask, check=…)``, each with what is done first, what is asked and what is looked at,
    ``proven(checks, check=…)``, the plan with the fact ``verified``, and ``failure(result)``.
    """

    def carry_out(self, host: Host, wanted: t.Any) -> dict[str, t.Any]:
        """Go through the stages, at most ``wanted.timeout`` seconds, with a look every ``wanted.delay`` seconds."""
        check = bool(self._task.check_mode)
        if check and host.ask(_questions.settled()):
            # A look is a request, which may wake an agent that the run would have stopped or moved first.
            return self.report(self.SUBJECT.proven((), check=True))
        deadline = time.monotonic() + wanted.timeout
        if check:
            host.prepare(self.SUBJECT.questions(wanted))
        checks: list[t.Any] = []
        done: list[str] = []
        for stage in self.SUBJECT.stages(wanted, host.ask, check=check):
            host.run(stage.operations)
            done += [operation.does for operation in stage.operations]
            checks += self._looked(host, wanted, stage, deadline)
        result = self.report(self.SUBJECT.proven(checks, check=check))
        if done:
            result |= {"changed": True, "operations": done}
        if host.warnings:
            result["warnings"] = host.warnings
        if result["verified"] is False:
            result |= {"failed": True, "msg": f"{host.name}: {self.SUBJECT.failure(result)}"}
        return result

    def _looked(self, host: Host, wanted: t.Any, stage: t.Any, deadline: float) -> list[t.Any]:
        """Return the checks of the last look of a stage."""
        while True:
            first = [*self.SUBJECT.questions(wanted), *stage.asked]
            host.prepare(first)
            further = stage.further(host.ask)
            host.prepare(further)
            checks = list(stage.look(host.ask))
            late = time.monotonic() + wanted.delay >= deadline
            if late or self._task.check_mode or all(check.passed for check in checks):
                return checks
            time.sleep(wanted.delay)
            host.forget([*first, *further])
