# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The records of a play, written and made into pages, on the controller."""

from __future__ import annotations

import dataclasses
import datetime
import gc
import json
import tempfile
import typing as t
from pathlib import Path

from .._audit import chain, drift, waivers
from .._audit.catalogue import RULES
from .._audit.record import About, Record, unaudited
from .._audit.report import page, summary, tables
from .._audit.rule import Severity
from .._core.plan import Refused
from . import rollout_records
from .controller_action import ControllerAction
from .held_files import HeldFiles
from .record_store import Store, place

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "folder": {"type": "str", "required": True},
        "results": {"type": "dict", "default": {}},
        "servers": {"type": "list", "elements": "str", "default": []},
        "operator": {"type": "str", "default": ""},
        "signing_key": {"type": "str", "no_log": True},
        "waivers": {"type": "list", "elements": "raw", "default": []},
        "title": {"type": "str", "default": "Identity Manager agents"},
        "rollouts": {"type": "str"},
        "fail_on": {"type": "str", "choices": [*map(str, Severity), "never"], "default": "never"},
    },
}
PAGES = ("report.html", "report.json", "findings.csv", "junit.xml")
SEVERITIES = {name: rule.severity for name, rule in RULES.items()}


@dataclasses.dataclass(frozen=True)
class Made:
    """What a run has made.

    Attributes:
        fleet: what the pages tell.
        heads: the newest record of each server.
        warnings: sentences for the user.
    """

    fleet: dict[str, t.Any]
    heads: dict[str, dict[str, t.Any]]
    warnings: list[str]


class ReportingAction(ControllerAction):
    """An action that writes records and pages. Docs: im_report.yml."""

    ARGUMENT_SPEC = ARGUMENT_SPEC

    def carry_out(self, folder: Path, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write the records, then the pages; fail only after all of them are written."""
        now = datetime.datetime.now(datetime.UTC)
        if arguments.get("rollouts"):
            arguments = {**arguments, "rollouts": HeldFiles(self).folder(arguments["rollouts"])}
        if self._task.check_mode:
            prepared(folder, arguments, now)
            return {"changed": True, "msg": f"would write records and pages to {folder}"}
        made = written(folder, arguments, now)
        result: dict[str, t.Any] = {
            "changed": True,
            "report": str(folder / PAGES[0]),
            "totals": made.fleet["totals"],
            "heads": made.heads,
        }
        if made.warnings:
            result["warnings"] = made.warnings
        reason = summary.fails(made.fleet, arguments["fail_on"])
        if reason:
            result |= {"failed": True, "msg": f"{reason}. Everything was written: {result['report']}"}
        return result


def prepared(
    folder: Path, arguments: dict[str, t.Any], now: datetime.datetime
) -> tuple[list[Record], tuple[waivers.Waiver, ...]]:
    """Return the records of the results as they are, and the waivers; raises Refused before anything is written."""
    if arguments.get("signing_key"):
        chain.private_key(arguments["signing_key"])
    known = {*arguments["servers"], *arguments["results"], *Store(folder).servers()}
    accepted = waivers.of(arguments["waivers"], RULES, known)
    records = []
    for server, result in sorted(arguments["results"].items()):
        found = (result or {}).get("record")
        if not isinstance(found, dict):
            found = unaudited(About(server, arguments["operator"], now), _reason(result or {}))
        records.append({**found, "server": server})
    return records, accepted


def _reason(result: dict[str, t.Any]) -> str:
    told = str(result.get("msg") or "the audit returned nothing")
    return f"it could not be reached: {told}" if result.get("unreachable") else told


def written(folder: Path, arguments: dict[str, t.Any], now: datetime.datetime) -> Made:
    """Write the records of the results, then the pages of all servers; raises Refused."""
    records, accepted = prepared(folder, arguments, now)
    key = chain.private_key(arguments["signing_key"]) if arguments.get("signing_key") else None
    store = Store(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"folder: cannot make {folder}: {error.strerror or error}") from None
    for record in records:
        whole = waivers.applied(record, accepted, now)
        store.add(drift.compared(whole, store.former(str(record["server"])), SEVERITIES), key)
    told = list(waivers.warnings(accepted, now))
    rollouts, left_out = rollout_records.read(Path(arguments["rollouts"])) if arguments.get("rollouts") else ([], [])
    told += left_out
    wanted = set(arguments["servers"])
    servers = [server for server in store.servers() if not wanted or server in wanted]
    # What is kept of each server has no cycles; looking for them again and again costs more with each server.
    gc.freeze()
    gc.disable()
    try:
        fleet, heads = _pages(store, servers, {"title": arguments["title"], "rollouts": rollouts}, now, told)
    finally:
        gc.enable()
        gc.unfreeze()
    return Made(fleet, heads, told)


def _pages(
    store: Store, servers: list[str], more: dict[str, t.Any], now: datetime.datetime, warnings: list[str]
) -> tuple[dict[str, t.Any], dict[str, dict[str, t.Any]]]:
    """Write all pages from the newest record of each server, one record in memory at a time."""
    told: list[dict[str, t.Any]] = []
    heads: dict[str, dict[str, t.Any]] = {}
    with tempfile.TemporaryDirectory(dir=store.folder, prefix=".pages-") as name:
        beside = Path(name)
        with (
            (beside / "findings.csv").open("w", encoding="utf-8", errors="replace", newline="") as csv_file,
            (beside / "junit.xml").open("w", encoding="utf-8", errors="replace") as junit_file,
        ):
            lines, suites = tables.Csv(csv_file), tables.JUnit(junit_file)
            for server in servers:
                number, content = store.head(server)
                record = chain.read(content or b"")
                if record is None:
                    raise Refused(
                        f"folder: found no record in {chain.folder(server)}/{chain.file(number)}: see im_evidence"
                    )
                digest = chain.digest(content or b"")
                heads[server] = {"sequence": number, "digest": digest}
                lines.add(record)
                suites.add(record)
                told.append(summary.of_record(record, digest))
            suites.close()
        fleet = summary.of_fleet(told, f"{now:%Y-%m-%dT%H:%M:%SZ}", warnings) | more
        (beside / "report.json").write_text(json.dumps(fleet), "utf-8")
        (beside / "report.html").write_text(page.made(fleet), "utf-8", "replace")
        for page_name in PAGES:
            place(store.folder / page_name, beside / page_name, replace=True)
    return fleet, heads
