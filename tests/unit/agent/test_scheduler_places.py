"""Where a scheduler writes is read once in a run, as long as the writes of its settings leave it there."""

from __future__ import annotations

import base64
import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent import scheduler_traces

RUNTIME = "C:\\identitymanagerContoso\\Runtime"
USUAL = "C:\\identitymanagerContoso\\Temp\\scheduler.lock"


def settings(**own):
    return json.dumps({"ApplicationUri": "https://im.contoso.com", **own}).encode()


SAME, MOVED = settings(Licence="x"), settings(Scheduler={"LockFilePath": "../Work/scheduler.lock"})


def lock_after(*writes):
    """Return the lock after some writes of a run, and whether the file was read for it."""
    marks, content, read = [], settings(), []

    def ask(query):
        if query["kind"] == "done":
            return marks
        read.append(query)
        return {"content": base64.b64encode(content).decode()}

    for written in writes:
        marks.append(scheduler_traces.written(RUNTIME, written, ask))
        content = written
    read.clear()
    asked = scheduler_traces.questions_of_start(RUNTIME, ask)
    lock = scheduler_traces.places(RUNTIME.upper(), ask).lock
    assert bool(read) is (scheduler_traces.questions(RUNTIME)[0] in asked)
    return lock.lower(), bool(read)


@pytest.mark.parametrize(
    ("writes", "lock", "read"),
    [
        ((), USUAL, True),
        ((SAME,), USUAL, False),
        ((SAME, settings(TempFolderPath="../Temp")), USUAL, False),
        ((MOVED,), USUAL.replace("Temp", "Work"), True),
        ((SAME, MOVED), USUAL.replace("Temp", "Work"), True),
        ((MOVED, SAME), USUAL, True),
        ((SAME, MOVED, SAME), USUAL, True),
        ((b"{ damaged",), USUAL, False),
    ],
)
def test_the_lock_is_where_the_last_write_has_it(writes, lock, read):
    assert lock_after(*writes) == (lock.lower(), read)


def test_another_agent_is_another_matter():
    mark = scheduler_traces.written(RUNTIME, SAME, lambda query: [] if query["kind"] == "done" else None)
    asked = []

    def ask(query):
        if query["kind"] == "done":
            return [mark]
        asked.append(query["path"])
        return None

    assert scheduler_traces.places("D:\\Lyon\\Runtime", ask).lock == "D:\\Lyon\\Temp\\scheduler.lock"
    assert asked == ["D:\\Lyon\\Runtime\\appsettings.json"]
