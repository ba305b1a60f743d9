# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only door to Windows: asks the probe, keeps its answers for the run, and runs a plan's operations."""

from __future__ import annotations

import contextlib
import itertools
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError

from .._certificates import opened_container
from .._core import probe, server_lock
from .._core.plan import PROBE, SEND, WRITE, Operation, Plan
from .._core.probe import Query
from . import controller_request, neighbours, snapshot

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

PROTOCOL = 1
LONGEST_WAIT = 300
"""Seconds that one execution waits for what has to hold before an operation."""
MOST_SHOWN = 2000
"""Characters of what a module wrote before it failed."""


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
        operations = self._with_lock(operations)
        if any(operation.secret for operation in operations):
            self._check_recorders()
        results: list[dict[str, t.Any]] = []
        done = 0
        for module, group in itertools.groupby(operations, key=_execution):
            batch = list(group)
            held = self._guard(batch[0])
            result = {} if held else self._carried_out(batch)
            problem = held or _problem(batch, result) or self._wait(batch[-1], last=batch[-1] is operations[-1])
            if problem:
                raise AnsibleActionFail(
                    f"{self.name}: could not {_what_failed(batch, result)}: {problem}. {done}"
                    f" of {_number(operations)} operations were done before; fix the cause and run again: the run"
                    " resumes here.",
                )
            if any(one.get("contested") for one in result.get("results", ())):
                raise server_lock.Contested
            done += _number(batch)
            results.append(result | {"module": module[0]})
        return results

    def _guard(self, operation: Operation) -> str:
        """Look whether an operation may begin, as long as its guard allows; return what is wrong, empty for nothing."""
        guard, left = operation.guard, operation.guard.seconds if operation.guard else 0
        waits = False
        if guard is None:
            return ""
        while True:
            question = guard.question(min(left, LONGEST_WAIT))
            self._probe([question])
            answer = self.snapshot.value(question)
            left -= max(answer["waited"], 1)
            if answer["reached"]:
                return ""
            if left <= 0:
                return guard.describe(answer)
            if not waits:
                self._tell(f"waits {left} seconds more at most, until it can {operation.does}")
                waits = True

    def _carried_out(self, batch: list[Operation]) -> dict[str, t.Any]:
        """Run operations that share one execution, and return the module's result."""
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
        if not all(operation.touches for operation in batch):
            self.forget()
            return
        for operation in batch:
            self.snapshot.outdate(operation.touches)
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

    def _wait(self, operation: Operation, *, last: bool) -> str:
        """Wait until an operation is over, in one execution; return what is wrong, empty for nothing.

        After the last operation that execution answers the run's other questions too, which the next task asks anyway.
        """
        if operation.until is None:
            return ""
        question = operation.until.question
        self._probe(self.snapshot.missing([question, *operation.until.along]) if last else [question])
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
        carries_secret = any(probe.carries_secret(query) for query in queries)
        if carries_secret and (self._secret_policy() == "refuse" or C.DEFAULT_KEEP_REMOTE_FILES):  # type: ignore[attr-defined]  # made at run time
            self._check_recorders()  # costs one more execution: what must not be recorded waits for the policies
        reply = self._call(PROBE, {"queries": queries}, secret=True)
        if reply.get("failed") or reply.get("protocol") != PROTOCOL:
            raise AnsibleActionFail(f"{self.name}: the probe did not answer: {_why_failed(reply)}")
        if not reply["host"]["elevated"]:
            raise AnsibleActionFail(
                f"{self.name}: found an account without administrator's rights on the server, or with a filtered token,"
                " wanted a full one: it does not see IIS's configuration, and may not write. Use a domain account"
                " that is an administrator there, or set LocalAccountTokenFilterPolicy for a local one"
            )
        self.snapshot.add(queries, reply)
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


def _why_failed(reply: dict[str, t.Any]) -> str:
    """Return what a module that failed left: its message, and what PowerShell wrote, where only that tells why."""
    said = [str(reply.get(key) or "").strip() for key in ("msg", "module_stdout", "module_stderr")]
    return "; ".join(dict.fromkeys(text[:MOST_SHOWN] for text in said if text)) or "no message"


def _number(operations: t.Iterable[Operation]) -> int:
    """Return how many operations a plan had, without the lock that was put between them."""
    return sum(not server_lock.is_lock(operation) for operation in operations)


def _execution(operation: Operation) -> tuple[str, int]:
    """Return equal keys for operations that share one remote execution."""
    return (operation.module, 0 if operation.module == WRITE and not operation.guard else id(operation))


def _problem(batch: list[Operation], result: dict[str, t.Any]) -> str:
    """Return why operations failed, empty where they did not, or had been done already."""
    if not result.get("failed") or _tolerated(batch, result):
        return ""
    problem = str(result.get("msg", "no message"))
    if batch[0].explain:
        problem = ". ".join(filter(None, (problem.rstrip("."), batch[0].explain(result))))
    return problem


def _tolerated(batch: list[Operation], result: dict[str, t.Any]) -> bool:
    message = str(result.get("msg", ""))
    return any(text in message for operation in batch for text in operation.tolerate)


def _what_failed(batch: list[Operation], result: dict[str, t.Any]) -> str:
    """Name the operation that failed: of the writer's list, the one after those with a result."""
    position = len(result.get("results", ())) if len(batch) > 1 else 0
    return batch[min(position, len(batch) - 1)].does
