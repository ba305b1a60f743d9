# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that makes a support bundle: what an audit reads, and the logs of the agent, as a zip."""

from __future__ import annotations

import datetime
import re
import typing as t
from pathlib import Path

from .._audit import findings, record
from .._core.excerpt import around_changes
from .._core.plan import ControllerFile, Diff, Refused
from .._operate import bundle, collect_options, collected
from .._operate.bundle import Part
from .._operate.text_mask import TextMask
from . import controller_file
from .auditing import Asked, AuditingAction, Pass
from .held_files import HeldFiles
from .host import Host
from .look import Look

SUFFIX = ".zip"


class CollectingAction(AuditingAction):
    """Reads a server in two executions at most, and writes nothing on it."""

    SUBJECT = collect_options

    def carry_out(self, host: Host, wanted: collect_options.Wanted) -> dict[str, t.Any]:
        """Look, mask, and write the bundle; return the task's result."""
        given, wrong, secrets = self._given()
        look = Look(host)
        done = self._passes(look, given, wrong, "")
        agent = self._bundled(done)
        mask = TextMask(frozenset(secrets | done.secrets | collected.secrets(agent, look.ask)))
        now = datetime.datetime.now(datetime.UTC)
        parts = [
            Part("plan.txt", mask.log(_plans(done)) if done.plans else "no plan could be made: see findings.json\n"),
            Part("findings.json", mask.data(_record(host.name, now, look, done))),
            *collected.parts(agent, look.ask, mask),
        ]
        about = (
            f"Support bundle of the Identity Manager agent in {agent.runtime} of {host.name}, {now:%Y-%m-%d %H:%M} UTC,"
            f" by {record.NAMESPACE} {record.version()}"
        )
        time = (now.year, now.month, now.day, now.hour, now.minute, now.second)
        made = bundle.zipped(parts, mask.log(about), wanted.most_mebibytes * bundle.MEBIBYTE, time)
        path = Path(HeldFiles(self).folder(wanted.folder)) / f"{_file_name(host.name)}-{now:%Y%m%dT%H%M%SZ}{SUFFIX}"
        if not self._task.check_mode:
            controller_file.replace(ControllerFile(str(path), made.content))
        result = {
            "changed": False,
            "file": str(path),
            "size": len(made.content),
            "files": list(made.names),
            "left_out": list(made.left_out),
        }
        warnings = [*host.warnings, *(f"{host.name}: the bundle is not whole: {one}" for one in made.left_out)]
        return result | ({"warnings": warnings} if warnings else {})

    def _pass(self, asked: Asked) -> Pass:
        done = super()._pass(asked)
        asked.look.prepare(collected.questions(self._bundled(done), asked.look.ask))
        return done

    def _bundled(self, done: Pass) -> collected.Agent:
        """Return the agent; raises Refused where the inventory does not tell which is meant."""
        try:
            found = self._agent(done.variables)
        except Refused as error:
            raise Refused(
                f"the inventory does not tell which agent is meant, so nothing was collected: {error}"
            ) from None
        return collected.Agent(found.folders, found.service if found.is_service else "", found.pool, found.site)


def _file_name(host: str) -> str:
    """Return a host's name as a file's: inventories may have names with other characters."""
    return re.sub(r"[^\w.-]+", "_", host).lstrip(".") or "server"


def _record(name: str, now: datetime.datetime, look: Look, done: Pass) -> dict[str, t.Any]:
    about = record.About(name, "", now)
    return record.made(about, look.snapshot.host, findings.merged(done.found), done.certificates)


def _plans(done: Pass) -> str:
    """Return what install.yml would do, as text; the diffs are masked by those who make them."""
    lines, idle = list[str](), list[str]()
    for task, plan in done.plans:
        told = [f"  {operation.does}" for operation in plan.operations]
        told += [line for diff in plan.diffs for line in _shown(diff)]
        lines += [f"{task}:", *told] if told else []
        idle += [] if told else [task]
    lines = lines or ["Nothing differs: install.yml would change nothing."]
    if idle:
        lines += ["", "As the inventory wants it already:", *(f"  {task}" for task in idle)]
    return "\n".join(lines) + "\n"


def _shown(diff: Diff) -> t.Iterator[str]:
    if diff.before == diff.after:
        return
    before, after = around_changes(diff.before, diff.after)
    yield f"  --- {diff.title}"
    yield from (f"  - {line}" for line in before.splitlines())
    yield f"  +++ {diff.title}"
    yield from (f"  + {line}" for line in after.splitlines())
