# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write what a playbook run came to, for each host, as JSON: the demo and the tests read it instead of the screen."""

from __future__ import annotations

import json
import os
import typing as t
from pathlib import Path

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = """
name: imops_results
type: aggregate
short_description: Write the results of a run as JSON
description:
  - Writes the file that the environment variable C(IMOPS_RESULTS) names, with the statistics of each host, the names
    of its changed and failed tasks, whether the agent was verified, and what became of an upgrade.
"""


COLLECTION = "imops.identity_manager."


class CallbackModule(CallbackBase):
    """Collects changed and failed tasks for each host."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "imops_results"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._hosts: dict[str, dict[str, t.Any]] = {}

    def _of(self, result: t.Any) -> dict[str, t.Any]:
        return self._hosts.setdefault(
            result._host.get_name(), {"changed_tasks": [], "failed_tasks": [], "verified": None}
        )

    def v2_runner_on_ok(self, result: t.Any) -> None:
        """Note a task that changed something, what the verification found, and what became of an upgrade."""
        host = self._of(result)
        host["changed_tasks"] += [name for name, one in _tasks(result) if one.get("changed")]
        if "verified" in result._result:
            host["verified"] = result._result["verified"]
        if "outage_s" in result._result:
            host["upgrade"] = {name: result._result[name] for name in ("outcome", "outage_s")}

    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        """Note a task that failed, with its message."""
        host = self._of(result)
        *done, (failed, _one) = _tasks(result)
        host["changed_tasks"] += [name for name, one in done if one.get("changed")]
        host["failed_tasks"].append({"task": failed, "msg": str(result._result.get("msg", ""))})
        if "verified" in result._result:
            host["verified"] = result._result["verified"]

    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        """Note a task that did not reach its host."""
        self._of(result)["failed_tasks"].append({"task": result._task.get_name(), "msg": "unreachable"})

    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        """Write the file."""
        path = os.environ.get("IMOPS_RESULTS")
        if path:
            for name in stats.processed:
                self._hosts.setdefault(name, {"changed_tasks": [], "failed_tasks": [], "verified": None})
                self._hosts[name]["stats"] = stats.summarize(name)
            Path(path).write_text(json.dumps(self._hosts, indent=1, sort_keys=True), "utf-8")


def _tasks(result: t.Any) -> list[tuple[str, dict[str, t.Any]]]:
    """Return the names and results of the roles' tasks that one task carried out, or those of the task itself."""
    made = [(f"{COLLECTION}{one['task']}", one) for one in result._result.get("tasks") or ()]
    return made or [(result._task.get_name(), result._result)]
