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

from . import _questions
from ._questions import Query

FORGOTTEN_KINDS = frozenset({"http", "events", "secret_matches"})
"""Questions that are not asked again by themselves: they cost time, or carry a secret."""
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
        settled: what plans of this check-mode run would have done.
        done: the words of the operations of this run so far, in check mode of those that it would have done.
        process: the process of the run, whose end makes the file a leftover.
    """

    answers: dict[str, dict[str, t.Any]] = dataclasses.field(default_factory=dict)
    host: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    questions: dict[str, Query] = dataclasses.field(default_factory=dict)
    restart: list[str] = dataclasses.field(default_factory=list)
    settled: list[str] = dataclasses.field(default_factory=list)
    done: list[str] = dataclasses.field(default_factory=list)
    process: int = dataclasses.field(default_factory=os.getppid)  # an action runs in a worker of the run's process

    def missing(self, queries: t.Iterable[Query]) -> list[Query]:
        """Return what has to be asked for ``queries``: nothing, or they and all that a write made stale."""
        wanted = {_questions.key(query): query for query in queries}
        if all(key in self.answers for key in wanted):
            return []
        stale = {key: query for key, query in self.questions.items() if key not in self.answers}
        return list(({key: query for key, query in wanted.items() if key not in self.answers} | stale).values())

    def add(self, queries: list[Query], reply: dict[str, t.Any]) -> None:
        """Keep the probe's reply to ``queries``."""
        self.host = reply["host"]
        for query, answer in zip(queries, reply["answers"], strict=True):
            key = _questions.key(query)
            self.answers[key] = answer
            if query["kind"] not in FORGOTTEN_KINDS and not query.get("tail"):
                self.questions[key] = query

    def value(self, query: Query) -> t.Any:
        """Return a question's value.

        Raises:
            NotAnswered: the probe answered with an error.
        """
        answer = self.answers[_questions.key(query)]
        if "error" in answer:
            raise _questions.NotAnswered(query, answer["error"]["type"], answer["error"]["message"])
        return answer["value"]

    def drop(self, queries: t.Iterable[Query] | None = None) -> None:
        """Forget the answers to some questions; to all, as something is about to be written."""
        if queries is None:
            self.answers.clear()
            return
        for query in queries:
            self.answers.pop(_questions.key(query), None)


def path_of(folder: str, host: str) -> Path:
    """Return the file of a host's snapshot in the run's private folder."""
    return Path(folder) / f"imops-{hashlib.sha256(host.encode()).hexdigest()[:16]}.json"


def sweep(folder: Path) -> None:
    """Remove what killed runs left: files like ours in the folders beside this run's, whose process is gone. One that
    was not written to its end has its process in its name.
    """
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


def load(path: Path) -> Snapshot:
    """Read a snapshot; none yet is an empty one."""
    try:
        return Snapshot(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return Snapshot()


def save(snapshot: Snapshot, path: Path) -> None:
    """Write a snapshot."""
    write(path, dataclasses.asdict(snapshot))


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
