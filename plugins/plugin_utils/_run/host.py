# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only door to Windows: asks the probe, keeps its answers for the run, and runs a plan's operations."""

from __future__ import annotations

import contextlib
import os
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError

from .._agent import scheduler_traces
from .._certificates import opened_container
from .._core import probe, server_lock
from .._core.plan import PROBE, SEND, WRITE, Guard, Operation, Plan
from .._core.probe import NotAnswered, Query
from .._hosting import service
from .._reach import unreached
from . import batching, controller_request, neighbours, snapshot

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

PROTOCOL = 1
VERIFIES = "_verifies"
"""Tells whether playbooks/install.yml ends with the verification."""
LONGEST_WAIT = 300
"""Seconds that one execution waits for what has to hold before an operation."""


class NotKnown(Exception):
    """Nothing that this run has asked answers the question."""


class Host:
    """One Windows server, as an action plugin sees it during one task.

    Args:
        action: the plugin whose connection is used.
        task_vars: the task's variables.
    """

    def __init__(self, action: ActionBase, task_vars: dict[str, t.Any]) -> None:
        self._action = action
        self._task_vars = task_vars
        self.name = str(action._task.delegate_to or task_vars.get("inventory_hostname", "the server"))
        self._path = snapshot.path_of(C.DEFAULT_LOCAL_TMP, self.name)  # type: ignore[attr-defined]  # made at run time
        if not self._path.exists():
            snapshot.sweep(self._path.parent)
        self.snapshot = snapshot.load(self._path)
        self.warnings: list[str] = []
        self._lock: dict[str, str] | None = None
        self._run_process = os.getppid()
        self.begun_at = ""
        """The server's time when this task's guard last let an operation begin."""
        self.told_on_failure: list[str] = []
        """Those of the warnings that a task tells where it fails too."""

    def ask(self, query: Query) -> t.Any:
        """Return a question's value, from the snapshot or from the server.

        Raises:
            NotAnswered: the server could not answer it.
        """
        if query["kind"] == "pending_restart":
            return list(self.snapshot.restart)
        if query["kind"] == "settled":
            return list(self.snapshot.settled)
        if query["kind"] == "done":
            return list(self.snapshot.done)
        if query["kind"] == "run":
            return self._path.parent.name
        if query["kind"] == "controller":
            return controller_request.answer(query)
        if query["kind"] == "container":
            return opened_container.answer(query, self._path.parent, self.snapshot.process)
        if query["kind"] == "host":
            if not self.snapshot.host:
                self._probe([probe.policies()])
            return self.snapshot.host
        self.prepare([query])
        return self.snapshot.value(query)

    def recall(self, query: Query) -> t.Any:
        """Return a question's value as far as this run knows it, without asking.

        Raises:
            NotKnown: nobody has asked yet, or what was answered is out of date.
            NotAnswered: the server could not answer it.
        """
        if query["kind"] in ("pending_restart", "settled", "done"):
            return self.ask(query)
        if query["kind"] == "host" and self.snapshot.host:
            return self.snapshot.host
        if self.snapshot.missing([query]):
            raise NotKnown
        return self.snapshot.value(query)

    def prepare(self, queries: t.Iterable[Query]) -> None:
        """Make sure that ``queries`` are answered, with at most one remote execution."""
        missing = self.snapshot.missing(queries)
        if missing:
            self._probe(missing)

    def variable(self, name: str) -> t.Any:
        """Return a variable of the server, its templates filled in; None where nobody set it."""
        return self._action._templar.template(self._task_vars.get(name))

    def look(self, queries: t.Sequence[Query]) -> dict[str, t.Any]:
        """Ask once, whoever asks: the whole reply, neither judged nor kept."""
        return self._call(PROBE, {"queries": list(queries)}, secret=True)

    def forget(self, queries: t.Iterable[Query] | None = None) -> None:
        """Drop the answers, to some questions or all: the next question is put to the server again."""
        self.snapshot.drop(queries)
        snapshot.save(self.snapshot, self._path)

    def note(self, plan: Plan, *, check: bool) -> None:
        """Remember what a plan changed, or in check mode would have changed."""
        if plan.changed or plan.facts.get("restarted_because") is not None:
            self.snapshot.note(plan, check=check)
            snapshot.save(self.snapshot, self._path)

    def remember(self, operations: t.Iterable[Operation]) -> None:
        """Note the marks of operations, for later tasks of the run."""
        self.snapshot.done += [one.mark for one in operations if one.mark and one.mark not in self.snapshot.done]
        snapshot.save(self.snapshot, self._path)

    def untold(self, warnings: t.Iterable[str]) -> list[str]:
        """Return the warnings that this run has not shown yet, and count them as shown."""
        fresh = [warning for warning in dict.fromkeys(warnings) if warning not in self.snapshot.told]
        if fresh:
            self.snapshot.told += fresh
            snapshot.save(self.snapshot, self._path)
        return fresh

    def run(self, operations: t.Sequence[Operation]) -> list[dict[str, t.Any]]:
        """Run operations in order and return the modules' results; neighbours for the writer share one execution.

        Raises:
            AnsibleActionFail: an operation failed; what was done stays done, and the next run completes it.
            Contested: another agent's run has changed what they share, so that the operations may be wrong.
        """
        after = {
            id(o.guard): o.guard.after(self.ask) for o in operations if o.guard
        }  # while it is known what they need
        operations = self._with_lock(operations)
        if any(operation.secret for operation in operations):
            self._check_recorders()
        results: list[dict[str, t.Any]] = []
        done = 0
        for batch in batching.batches(operations):
            held, result = self._guarded(batch)
            last, further = batch[-1] is operations[-1], after.get(id(batch[0].guard), ())
            problem = held or batching.problem(batch, result)
            if last and not problem:
                further = self._put_off(batch[-1], further)
            problem = problem or self._wait(batch[-1], further, last=last)
            if further and not held and (batch[0].module != WRITE or result.get("results")):
                self._tell_after(batch[0].guard, further)
            if problem:
                raise AnsibleActionFail(
                    f"{self.name}: could not {batching.what_failed(batch, result)}: {problem}. {done}"
                    f" of {batching.number(operations)} operations were done before; fix the cause and run again: the"
                    " run resumes here.",
                )
            if any(one.get("contested") for one in result.get("results", ())):
                raise server_lock.Contested
            done += batching.number(batch)
            results.append(result | {"module": batch[0].module})
        return results

    def _guarded(self, batch: list[Operation]) -> tuple[str, dict[str, t.Any]]:
        """Run operations that share one execution once the guard of the first lets them begin; return what holds them,
        empty for nothing, and the module's result.

        The writer looks itself, in the execution that is to begin.
        """
        guard, left, waits = batch[0].guard, batch[0].guard.seconds if batch[0].guard else 0, False
        if guard is None:
            return "", self._carried_out(batch)
        by_writer = batch[0].module == WRITE
        while True:
            question = guard.question(min(left, LONGEST_WAIT))
            result = self._carried_out([batching.looked_for(question), *batch]) if by_writer else {}
            answer = batching.of_guard(result) if by_writer else self._answered(question)
            if answer is None or answer["reached"]:
                self.begun_at = str((answer or {}).get("time") or self.snapshot.host["time"])
                return "", result if by_writer else self._carried_out(batch)
            left -= max(answer["waited"], 1)
            if left <= 0:
                return guard.describe(answer), {}
            if not waits:
                self._tell(f"waits {left} seconds more at most, until it can {batch[0].does}")
                waits = True

    def _answered(self, question: Query) -> t.Any:
        """Ask a question anew, and return its value."""
        self._probe([question])
        return self.snapshot.value(question)

    def _carried_out(self, batch: list[Operation]) -> dict[str, t.Any]:
        """Run operations that share one execution, and return the module's result; raises AnsibleActionFail."""
        # A worker outlives a run that is killed alone. Another run may be at the server by now.
        if os.getppid() != self._run_process:
            raise AnsibleActionFail(f"{self.name}: this run of ansible-playbook was killed, so nothing more is written")
        self._announce(batch)
        self._outdate(batch)
        return self._execute(batch)

    def _announce(self, batch: t.Iterable[Operation]) -> None:
        """Tell which operations begin that may take minutes."""
        for operation in batch:
            if operation.long:
                self._tell(f"this may take minutes: {operation.does}")

    def _tell(self, text: str) -> None:
        """Show a line right now; what a task returns is shown once it is over."""
        self._action._display.display(f"{self.name}: {text}")

    def _outdate(self, batch: t.Sequence[Operation]) -> None:
        """Forget what may be otherwise after operations."""
        touched = [operation.touches for operation in batch if operation.touches]
        if len(touched) < len(batch):
            self.forget()
            return
        for one in touched:
            self.snapshot.outdate(one)
        snapshot.save(self.snapshot, self._path)

    def unlock(self) -> None:
        """Release the server's lock where this task has it. Where that fails, its deadline ends it."""
        if self._lock:
            with contextlib.suppress(AnsibleError):
                self._execute([server_lock.released(**self._lock)])
            self._lock = None

    def _with_lock(self, operations: t.Sequence[Operation]) -> t.Sequence[Operation]:
        """Return operations with the lock in front of what the agents of this server share, if there are several."""
        if not any(map(server_lock.is_shared, operations)) or not neighbours.of(self.name, self._task_vars):
            return operations
        facts = self.ask(probe.host())
        path = f"{facts['system_root']}\\{server_lock.FILE}"
        self._lock = {"path": path, "owner": self.name, "run": self._path.parent.name}
        return server_lock.with_lock(operations, since=self.snapshot.since, **self._lock)

    def _put_off(self, operation: Operation, further: tuple[Query, ...]) -> tuple[Query, ...]:
        """Leave what is asked after the stop of a service to the verification, where it follows; return the rest."""
        of_service = operation.module == service.MODULE and operation.until is None
        if not (further and of_service and self.variable(VERIFIES) in (True, "True")):
            return further
        self.snapshot.owed = {"since": self.begun_at, "asked": list(further)}
        snapshot.save(self.snapshot, self._path)
        return ()

    def _tell_after(self, guard: Guard | None, asked: tuple[Query, ...]) -> None:
        """Warn of what an operation has interrupted, which its guard could not see before."""
        if guard:
            self._tell_interrupted(lambda: guard.told(self.begun_at, asked, self.ask))

    def _tell_owed(self) -> None:
        """Warn of what an operation of an earlier task has interrupted, once it was looked at."""
        owed, self.snapshot.owed = self.snapshot.owed, {}
        if owed:
            self._tell_interrupted(lambda: scheduler_traces.of_service(owed["since"], owed["asked"], self.ask))

    def _tell_interrupted(self, look: t.Callable[[], str]) -> None:
        """Warn of what a look returns. Where it fails, the run goes on: the agent may be stopped by now."""
        try:
            told = look()
        except (NotAnswered, AnsibleError) as failure:
            told = (
                f"could not look whether the stop of the agent has interrupted a job ({failure}): look at the page Job"
                " Execution of the server"
            )
        if told:
            self.told_on_failure.append(told)
            self.warnings.append(f"{self.name}: {told}")

    def _wait(self, operation: Operation, further: tuple[Query, ...] = (), *, last: bool) -> str:
        """Wait until an operation is over, in one execution; return what is wrong, empty for nothing.

        After the last operation that execution answers the run's other questions too, which the next task asks anyway.

        Args:
            operation: the last one of those that shared an execution.
            further: what is asked with it.
            last: whether it is the last one of all.
        """
        if operation.until is None:
            if further:
                self._probe(self.snapshot.missing(further) if last else list(further))
            return ""
        question = operation.until.question
        along = self.snapshot.missing([question, *operation.until.along, *further])
        self._probe(along if last else [question, *further])
        answer = self.snapshot.value(question)
        return "" if answer and answer["reached"] else operation.until.describe(answer)

    def _execute(self, batch: list[Operation]) -> dict[str, t.Any]:
        first = batch[0]
        if first.module == SEND:
            return self._send(**first.arguments)
        arguments = {"operations": [o.arguments for o in batch]} if first.module == WRITE else first.arguments
        return self._call(first.module, arguments, secret=any(o.secret for o in batch))

    def _send(self, source: str, dest: str) -> dict[str, t.Any]:
        """Let the connection send a file, and return what a module would."""
        try:
            self._action._transfer_file(source, dest)
        except AnsibleConnectionFailure:
            raise  # the server is not reached any more, as in a module's execution
        except (AnsibleError, OSError) as error:  # the file may be gone since it was looked at, or the line be cut
            return {"failed": True, "msg": str(error).strip()}
        return {"changed": True}

    def _probe(self, queries: list[Query]) -> None:
        if not self.snapshot.questions:
            policies = probe.policies()
            queries = [policies, *(query for query in queries if query != policies)]
        queries = [*queries, *(query for query in self.snapshot.owed.get("asked", ()) if query not in queries)]
        carries_secret = any(probe.carries_secret(query) for query in queries)
        if carries_secret and (self._secret_policy() == "refuse" or C.DEFAULT_KEEP_REMOTE_FILES):  # type: ignore[attr-defined]  # made at run time
            self._check_recorders()  # costs one more execution: what must not be recorded waits for the policies
        reply = self._call(PROBE, {"queries": queries}, secret=True)
        if reply.get("failed") or reply.get("protocol") != PROTOCOL:
            said = batching.why_failed(reply)
            why = unreached.why_constrained(said)
            raise AnsibleActionFail(
                f"{self.name}: the probe did not answer: {why or said}{f' ({said})' if why else ''}"
            )
        if not reply["host"]["elevated"]:
            raise AnsibleActionFail(
                f"{self.name}: found an account without administrator's rights on the server, or with a filtered token,"
                " wanted a full one: it does not see IIS's configuration, and may not write. Use a domain account"
                " that is an administrator there, or set LocalAccountTokenFilterPolicy for a local one"
            )
        self.snapshot.add(queries, reply)
        self._tell_owed()
        snapshot.save(self.snapshot, self._path)
        if carries_secret:
            self._check_recorders()

    def _call(self, module: str, arguments: dict[str, t.Any], *, secret: bool) -> dict[str, t.Any]:
        # ansible_no_target_syslog keeps the arguments out of the server's event log without censoring the result.
        task_vars = self._task_vars | {"ansible_no_target_syslog": True} if secret else self._task_vars
        return t.cast(
            "dict[str, t.Any]",
            self._action._execute_module(module_name=module, module_args=arguments, task_vars=task_vars),
        )

    def _secret_policy(self) -> str:
        return str(self.variable("im_agent_secret_policy") or "auto")

    @property
    def sends_no_secrets(self) -> bool:
        """Tell whether nothing secret is sent to a server that records what it gets."""
        return self._secret_policy() == "refuse"

    def _check_recorders(self) -> None:
        """Warn, or refuse, where the server keeps the secrets that are about to be sent."""
        if C.DEFAULT_KEEP_REMOTE_FILES:  # type: ignore[attr-defined]  # made at run time
            self._check_kept(
                f"{self.name}: ANSIBLE_KEEP_REMOTE_FILES is on, so the secrets that are sent to the server stay there,"
                " in files of its Temp folder",
                "unset it",
                "delete these files afterwards",
                refused_with=("refuse", "auto"),
            )
        policies = self.ask(probe.policies())
        found = [words for name, words in probe.RECORDERS.items() if policies[name]]
        if not found:
            return
        sentence = (
            f"{self.name}: PowerShell {' and '.join(found)} is switched on by policy, so the server itself may record "
            "the secrets that are sent to it"
        )
        self._check_kept(
            sentence, "switch the policy off for this server", "treat its logs as secret", refused_with=("refuse",)
        )

    def _check_kept(self, sentence: str, remedy: str, afterwards: str, *, refused_with: tuple[str, ...]) -> None:
        """Warn of a place that keeps secrets; raises AnsibleActionFail where none may be sent to such a server.

        Args:
            sentence: what keeps them.
            remedy: what avoids it.
            afterwards: what to do about those that were sent all the same.
            refused_with: the values of im_agent_secret_policy with which nothing is sent.
        """
        policy = self._secret_policy()
        if policy in refused_with:
            raise AnsibleActionFail(
                f"{sentence}. Nothing was sent, as im_agent_secret_policy is '{policy}': {remedy}, or set"
                " im_agent_secret_policy to 'warn'.",
            )
        warning = f"{sentence}; {afterwards}."
        if warning not in self.warnings:
            self.warnings.append(warning)
