# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of one server during one run: the probe's answers, kept until somebody writes to the server.

The file holds what the server's settings files hold, secrets included. It has mode 0600 and lives in the folder that
ansible-core makes for one run, shares with its workers and deletes at the end; it is never a fact, since fact caches
write to disk.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import tempfile
import typing as t
from pathlib import Path

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Plan
from .._core.probe import Query
from .._core.touched import Touched

FORGOTTEN_KINDS = frozenset({"http", "reach", "with_token", "events", "secret_matches"})
"""Questions that are not asked again by themselves: they cost time, or carry a secret. So do those that wait, read the
ends of files, or hash them.
"""
SWEPT = "imops-swept"
"""The file in a run's private folder that says that one of its workers has swept."""
_BEGUN = re.compile(r"imops-\w+\.json\.(\d+)\.\w+")
"""The name of a file that is being written, with the process of its run."""


@dataclasses.dataclass
class Snapshot:
    """The answers about one server.

    Attributes:
        answers: the probe's answer (``{"value": …}`` or ``{"error": …}``) for each question's key.
        host: the host facts of the last probe.
        questions: the questions of this run that are asked again after a write, by key.
        restart: why the agent has to be restarted before this run ends.
        changed: whether this run changed something, or in check mode would have.
        settled: what holds after the plans of this check-mode run.
        done: the marks of this run's operations so far, in check mode of those that it would have done.
        told: the warnings that this run has shown.
        owed: what is asked with the next questions: what a stop may have interrupted (``asked``), and the server's time
            of the look before that stop (``since``).
        since: the server's time when the oldest of the answers was read.
        process: the process of the run, whose end makes the file a leftover.
    """

    answers: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    host: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    questions: dict[str, Query] = dataclasses.field(default_factory=dict)
    restart: list[str] = dataclasses.field(default_factory=list)
    changed: bool = False
    settled: list[Mark] = dataclasses.field(default_factory=list)
    done: list[Mark] = dataclasses.field(default_factory=list)
    told: list[str] = dataclasses.field(default_factory=list)
    owed: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    since: str = ""
    process: int = dataclasses.field(default_factory=os.getppid)  # an action runs in a worker of the run's process

    def missing(self, queries: t.Iterable[Query]) -> list[Query]:
        """Return what has to be asked for ``queries``: nothing, or they and all that a write made stale."""
        wanted = {probe.key(query): query for query in queries}
        if all(key in self.answers for key in wanted):
            return []
        stale = {key: query for key, query in self.questions.items() if key not in self.answers}
        return list(({key: query for key, query in wanted.items() if key not in self.answers} | stale).values())

    def add(self, queries: list[Query], reply: dict[str, t.Any]) -> None:
        """Keep the probe's reply to ``queries``."""
        if not self.answers:
            self.since = reply["host"]["time"]
        self.host = reply["host"]
        for query, answer in zip(queries, reply["answers"], strict=True):
            key = probe.key(query)
            self.answers[key] = answer
            if query["kind"] not in FORGOTTEN_KINDS and not any(query.get(name) for name in ("tail", "wait", "hashes")):
                self.questions[key] = query

    def value(self, query: Query) -> t.Any:
        """Return a question's value.

        Raises:
            NotAnswered: the probe answered with an error.
        """
        answer = self.answers[probe.key(query)]
        if "error" in answer:
            raise probe.NotAnswered(query, answer["error"]["type"], answer["error"]["message"])
        return answer["value"]

    def note(self, plan: Plan, *, check: bool) -> None:
        """Remember what a plan changed, or with ``check`` would have changed, and why the agent has to be restarted."""
        if plan.facts.get("restarted_because") is not None:
            self.restart = []
        if not plan.changed:
            return
        if any(o.mark and o.mark.kind is MarkKind.WEB_SERVICE_STARTED for o in plan.operations):
            self.restart = []
        elif plan.facts.get("restarted_because") is None:
            self.restart += [reason for reason in plan.restart if reason not in self.restart]
        self.changed = True
        self.done += [o.mark for o in plan.operations if o.mark and o.mark not in self.done]
        if check:
            self.settled += [mark for mark in plan.settles if mark not in self.settled]

    def outdate(self, touched: Touched) -> None:
        """Forget the answers that may be others after an operation."""
        for key in list(self.answers):
            query = self.questions.get(key)  # one that is not asked again by itself is not known here
            if query is None or touched.may_change(query):
                del self.answers[key]

    def drop(self, queries: t.Iterable[Query] | None = None) -> None:
        """Forget the answers to some questions; to all, as something is about to be written."""
        if queries is None:
            self.answers.clear()
            return
        for query in queries:
            self.answers.pop(probe.key(query), None)


def path_of(folder: str, host: str) -> Path:
    """Return the file of a host's snapshot in the run's private folder."""
    return Path(folder) / f"imops-{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"


def sweep(folder: Path) -> None:
    """Remove what killed runs left: files like ours in the folders beside this run's, whose process is gone. One that
    was not written to its end has its process in its name. One worker does it for its whole run, since it reads what
    the other runs on this controller know of all their servers.
    """
    try:
        (folder / SWEPT).touch(exist_ok=False)
    except FileExistsError:
        return
    for leftover in folder.parent.glob("*/imops-*.json*"):
        if leftover.parent == folder:
            continue
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError):
            begun = _BEGUN.fullmatch(leftover.name)
            process = int(begun[1]) if begun else json.loads(leftover.read_text("utf-8"))["process"]
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                leftover.unlink()
                (leftover.parent / SWEPT).unlink(missing_ok=True)


def load(path: Path) -> Snapshot:
    """Read a snapshot; none yet is an empty one."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return Snapshot()
    marks = {name: [Mark(MarkKind(one["kind"]), one["subject"]) for one in data[name]] for name in ("settled", "done")}
    return Snapshot(**{**data, **marks})


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot."""
    data = {field.name: getattr(snapshot, field.name) for field in dataclasses.fields(snapshot)}  # no copy of answers
    marks = {name: [dataclasses.asdict(mark) for mark in data[name]] for name in ("settled", "done")}
    write(path, {**data, **marks})


def write(path: Path, data: dict[str, t.Any]) -> None:
    """Write JSON with the ``process`` of its run so that a reader sees the old or the new one, and nobody else sees
    either.
    """
    prefix = f"{path.name}.{data['process']}."  # see _BEGUN
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=prefix)  # mode 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(json.dumps(data))  # json.dump writes in Python, several times slower
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(temporary).unlink()
        raise
