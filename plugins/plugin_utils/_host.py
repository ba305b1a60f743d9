# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The only door to Windows: asks the probe, keeps its answers for the run, and runs a plan's operations."""

from __future__ import annotations

import itertools
import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail

from . import _controller_request, _opened_container, _questions, _snapshot
from ._plan import PROBE, WRITE, Operation
from ._questions import Query

if t.TYPE_CHECKING:
    from ansible.plugins.action import ActionBase

PROTOCOL = 1
RECORDERS = {
    "module_logging": "module logging",
    "script_block_logging": "script block logging",
    "transcription": "transcription",
}


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
        self._path = _snapshot.path_of(C.DEFAULT_LOCAL_TMP, self.name)  # type: ignore[attr-defined]  # made at run time
        if not self._path.exists():
            _snapshot.sweep(self._path.parent)
        self._snapshot = _snapshot.load(self._path)
        self.warnings: list[str] = []

    def ask(self, query: Query) -> t.Any:
        """Return a question's value, from the snapshot or from the server.

        Raises:
            NotAnswered: the server could not answer it.
        """
        if query["kind"] == "pending_restart":
            return list(self._snapshot.restart)
        if query["kind"] == "settled":
            return list(self._snapshot.settled)
        if query["kind"] == "done":
            return list(self._snapshot.done)
        if query["kind"] == "controller":
            return _controller_request.answer(query)
        if query["kind"] == "container":
            return _opened_container.answer(query, self._path.parent, self._snapshot.process)
        if query["kind"] == "host":
            if not self._snapshot.host:
                self._probe([_questions.policies()])
            return self._snapshot.host
        self.prepare([query])
        return self._snapshot.value(query)

    def prepare(self, queries: t.Iterable[Query]) -> None:
        """Make sure that ``queries`` are answered, with at most one remote execution."""
        missing = self._snapshot.missing(queries)
        if missing:
            self._probe(missing)

    def forget(self, queries: t.Iterable[Query] | None = None) -> None:
        """Drop the answers, to some questions or all: the next question is put to the server again."""
        self._snapshot.drop(queries)
        _snapshot.save(self._snapshot, self._path)

    def note_restart(self, reasons: t.Iterable[str]) -> None:
        """Remember why the agent must be restarted before this run ends."""
        self._snapshot.restart += [reason for reason in reasons if reason not in self._snapshot.restart]
        _snapshot.save(self._snapshot, self._path)

    def note_settled(self, what: t.Iterable[str]) -> None:
        """Remember what a plan of this check-mode run would have done."""
        self._snapshot.settled += [text for text in what if text not in self._snapshot.settled]
        _snapshot.save(self._snapshot, self._path)

    def note_done(self, what: t.Iterable[str]) -> None:
        """Remember the operations of this run, by their words."""
        self._snapshot.done += [text for text in what if text not in self._snapshot.done]
        _snapshot.save(self._snapshot, self._path)

    def restarted(self) -> None:
        """Forget the reasons for a restart: it was done."""
        self._snapshot.restart = []
        _snapshot.save(self._snapshot, self._path)

    def run(self, operations: t.Sequence[Operation]) -> list[dict[str, t.Any]]:
        """Run operations in order and return the modules' results; neighbours for the writer share one execution.

        Raises:
            AnsibleActionFail: an operation failed; what was done stays done, and the next run completes it.
        """
        if any(operation.secret for operation in operations):
            self._mind_recorders()
        results: list[dict[str, t.Any]] = []
        done = 0
        for module, group in itertools.groupby(operations, key=_execution):
            batch = list(group)
            self.forget()
            result = self._execute(batch)
            if result.get("failed") and not _tolerated(batch, result):
                raise AnsibleActionFail(
                    f"{self.name}: could not {_what_failed(batch, result)}: {result.get('msg', 'no message')}. {done}"
                    f" of {len(operations)} operations were done before; mend the cause and run again, which goes on"
                    " from here.",
                )
            done += len(batch)
            results.append(result | {"module": module[0]})
        return results

    def _execute(self, batch: list[Operation]) -> dict[str, t.Any]:
        first = batch[0]
        arguments = {"operations": [o.arguments for o in batch]} if first.module == WRITE else first.arguments
        return self._call(first.module, arguments, secret=any(o.secret for o in batch))

    def _probe(self, queries: list[Query]) -> None:
        if not self._snapshot.questions:
            policies = _questions.policies()
            queries = [policies, *(query for query in queries if query != policies)]
        carries_secret = any(_questions.carries_secret(query) for query in queries)
        if carries_secret and self._secret_policy() == "refuse":
            self._mind_recorders()  # costs one more execution: what must not be recorded waits for the policies
        reply = self._call(PROBE, {"queries": queries}, secret=True)
        if reply.get("failed") or reply.get("protocol") != PROTOCOL:
            raise AnsibleActionFail(
                f"{self.name}: the probe did not answer: {reply.get('msg') or reply.get('module_stdout') or reply}"
            )
        self._snapshot.add(queries, reply)
        _snapshot.save(self._snapshot, self._path)
        if carries_secret:
            self._mind_recorders()

    def _call(self, module: str, arguments: dict[str, t.Any], *, secret: bool) -> dict[str, t.Any]:
        # ansible_no_target_syslog keeps the arguments out of the server's event log without censoring the result.
        task_vars = self._task_vars | {"ansible_no_target_syslog": True} if secret else self._task_vars
        return t.cast(
            "dict[str, t.Any]",
            self._action._execute_module(module_name=module, module_args=arguments, task_vars=task_vars),
        )

    def _secret_policy(self) -> str:
        return str(self._action._templar.template(self._task_vars.get("im_agent_secret_policy", "warn")))

    def _mind_recorders(self) -> None:
        """Warn, or refuse, where the server's policies record the secrets that are about to be sent."""
        policies = self.ask(_questions.policies())
        found = [words for name, words in RECORDERS.items() if policies[name]]
        if not found:
            return
        sentence = (
            f"{self.name}: PowerShell {' and '.join(found)} is switched on by policy, so the server itself may record "
            "the secrets that are sent to it"
        )
        if self._secret_policy() == "refuse":
            raise AnsibleActionFail(
                f"{sentence}. Nothing was sent, as im_agent_secret_policy is 'refuse': switch the policy off for this "
                "server, or set im_agent_secret_policy to 'warn'.",
            )
        self.warnings.append(f"{sentence}; treat its logs as secret.")


def _execution(operation: Operation) -> tuple[str, int]:
    """Return equal keys for operations that share one remote execution."""
    return (operation.module, 0 if operation.module == WRITE else id(operation))


def _tolerated(batch: list[Operation], result: dict[str, t.Any]) -> bool:
    message = str(result.get("msg", ""))
    return any(text in message for operation in batch for text in operation.tolerate)


def _what_failed(batch: list[Operation], result: dict[str, t.Any]) -> str:
    """Name the operation that failed: of the writer's list, the one after those with a result."""
    position = len(result.get("results", ())) if len(batch) > 1 else 0
    return batch[min(position, len(batch) - 1)].does
