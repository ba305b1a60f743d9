"""Our playbook against a hand-written one on the same emulated servers: what each sends, costs and takes.

Numbers are of this machine and of emulated servers. Wall time at 800 ms is modelled: the measured time, and 0.8 s for
each remote execution of a server, once for each batch of servers that Ansible's forks make. No Windows is involved.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime
import importlib.metadata
import json
import os
import platform
import shutil
import statistics
import sys
import time
import typing as t

import emulated
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_editor, json_text  # type: ignore
from bench_side import FLOOR, FOLDER, FORKS, LATENCY, SIDES, Cost, Setting, Side, prepare

CASES = ("first_install", "check", "nothing_to_do", "unverified", "one_change", "verify")
IDLE = ("first_install", "nothing_to_do")
OVER_FLOOR = ("nothing_to_do", "check", "verify", "one_change")
HOSTS, QUICK_HOSTS, IDLE_HOSTS = "1:3,10:2,50:1", "1,10", "200"
MEASURES = ("executions", "messages", "bytes", "cpu_s", "peak_mb", "wall_0", "wall_800")
MORE = ("connections", "payload")
# Seconds that a turn takes on two quiet CPUs: fixed, and for each server. Only for the estimate of the time left.
TURN_SECONDS, IDLE_SECONDS = (30, 9.5), (15, 5)

Costs = dict[str, dict[str, Cost]]
"""By case and side."""


@dataclasses.dataclass(frozen=True)
class Turn:
    """Cases that are run once, in order, on fresh servers, by both sides one after the other."""

    group: str
    setting: Setting
    cases: tuple[str, ...]
    round: int = 1

    @property
    def name(self) -> str:
        """The name of its file and of its fleets."""
        s = self.setting
        return f"{self.group}-{s.servers}-{s.connections}-{s.certificates}-{self.round}"

    @property
    def estimate(self) -> float:
        """How many seconds it takes, as a guess."""
        fixed, each = TURN_SECONDS if len(self.cases) > len(IDLE) else IDLE_SECONDS
        waits = LATENCY * 160 if self.setting.latency else 0
        return fixed + each * self.setting.servers + waits


def words() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", default="", help="numbers of servers with the rounds of each (1:3,10:2)")
    parser.add_argument("--idle-hosts", default=None, help="numbers of servers for nothing_to_do alone, one round")
    parser.add_argument("--quick", action="store_true", help="leave out service, growth and the emulated latency")
    parser.add_argument("--resume", action="store_true", help="keep the turns that were measured before")
    options = parser.parse_args()
    options.hosts = options.hosts or (QUICK_HOSTS if options.quick else HOSTS)
    if options.idle_hosts is None:
        options.idle_hosts = "" if options.quick else IDLE_HOSTS
    return options


def turns(options: argparse.Namespace) -> list[Turn]:
    """Return what is measured, in order."""
    found = []
    for word in filter(None, options.hosts.split(",")):
        number, _, count = word.partition(":")
        found += [Turn("iis", Setting(int(number)), CASES, i + 1) for i in range(int(count or 1))]
    if not options.quick:
        found += [Turn("service", Setting(1, "service"), CASES, i + 1) for i in range(2)]
        found += [Turn("connections", Setting(1, connections=number), IDLE) for number in (10, 50)]
        found += [Turn("certificates", Setting(1, certificates=number), IDLE) for number in (20, 100)]
        found.append(Turn("latency", Setting(1, latency=LATENCY), IDLE))
    return found + [Turn("iis", Setting(int(number)), IDLE) for number in filter(None, options.idle_hosts.split(","))]


def measure(turn: Turn, variables: dict[str, t.Any]) -> Costs:
    """Run a turn's cases on both sides, the one after the other."""
    setting = turn.setting
    scenario, slow = setting.scenario(turn.name), ("--latency-ms", str(round(setting.latency * 1000)))
    found: Costs = {}
    with contextlib.ExitStack() as fleets:
        sides = []
        for name in SIDES:
            fleet = fleets.enter_context(emulated.fleet(scenario, FOLDER / f"fleet-{turn.name}-{name}", *slow))
            sides.append(Side(name, fleet, setting, variables))
        for case in turn.cases:
            found[case] = {side.name: side.run(case) for side in sides}
            ours, baseline = (found[case][name] for name in SIDES)
            print(
                f"  {case:14} executions {ours.executions}, {baseline.executions};"
                f" CPU {ours.cpu_s:.1f}, {baseline.cpu_s:.1f} s; {ours.wall_0:.0f}, {baseline.wall_0:.0f} s",
                flush=True,
            )
        if turn.group == "iis" and turn.cases == CASES:
            found[FLOOR] = {SIDES[0]: sides[0].run(FLOOR)}
    return found


def measured(options: argparse.Namespace) -> list[tuple[Turn, Costs]]:
    """Measure every turn, or read what was measured before; print the progress."""
    kept = FOLDER / "turns"
    if not options.resume:
        shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True, exist_ok=True)
    planned, found = turns(options), []
    variables = prepare()
    spent, guessed = 0.0, 0.0
    for number, turn in enumerate(planned, start=1):
        file = kept / f"{turn.name}.json"
        if not file.exists():
            rest = sum(later.estimate for later in planned[number - 1 :] if not (kept / f"{later.name}.json").exists())
            pace = spent / guessed if guessed else 1
            print(f"{number}/{len(planned)} {turn.name}: about {rest * pace / 60:.0f} minutes left", flush=True)
            began = time.monotonic()
            costs = measure(turn, variables)
            spent, guessed = spent + time.monotonic() - began, guessed + turn.estimate
            plain = {case: {side: dataclasses.asdict(cost) for side, cost in s.items()} for case, s in costs.items()}
            file.write_text(json.dumps(plain, indent=1), "utf-8")
        read = json.loads(file.read_text("utf-8"))
        found.append((turn, {case: {side: Cost(**cost) for side, cost in s.items()} for case, s in read.items()}))
    return found


def entry(costs: list[Cost]) -> dict[str, float]:
    """Return medians, and the spread (most less least) of what differs from round to round."""
    found: dict[str, float] = {"rounds": len(costs)}
    for name in (*MEASURES, *MORE):
        values = [getattr(cost, name) for cost in costs]
        found[name] = round(statistics.median(values), 3)
        if name in ("cpu_s", "wall_0"):
            found[f"{name}_spread"] = round(max(values) - min(values), 3)
    return found


def compared(costs: t.Sequence[dict[str, Cost]]) -> dict[str, dict[str, float]]:
    """Return both sides, and how many times more the baseline costs."""
    ours, baseline = (entry([both[name] for both in costs]) for name in SIDES)
    ratio = {name: round(baseline[name] / ours[name], 2) for name in (*MEASURES, *MORE) if ours[name]}
    return {"ours": ours, "baseline": baseline, "ratio": ratio}


def gathered(found: list[tuple[Turn, Costs]], group: str, by: str) -> dict[str, t.Any]:
    """Return a group's cases, for each value of the attribute ``by`` of their setting."""
    cases: dict[str, dict[str, list[dict[str, Cost]]]] = {}
    for turn, costs in found:
        if turn.group == group:
            for case, both in costs.items():
                if (both.keys() == set(SIDES) and turn.cases != IDLE) or case == "nothing_to_do":
                    cases.setdefault(case, {}).setdefault(str(getattr(turn.setting, by)), []).append(both)
    return {case: {by: {n: compared(costs) for n, costs in values.items()}} for case, values in cases.items()}


def slopes(cases: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what one more server costs the controller in CPU seconds: least squares over all numbers of servers."""
    found: dict[str, t.Any] = {}
    for case, data in cases.items():
        numbers = sorted(map(int, data["hosts"]))
        if len(numbers) < 2:
            continue
        per = {}
        for side in SIDES:
            costs = [data["hosts"][str(number)][side]["cpu_s"] for number in numbers]
            per[side] = round(statistics.linear_regression(numbers, costs).slope, 3)
        found[case] = {**per, "ratio": round(per["baseline"] / per["ours"], 2) if per["ours"] > 0 else None}
    return found


def floor(found: list[tuple[Turn, Costs]], slopes: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what one more server costs at the least, and how many times as much our playbooks do; empty where it was
    not measured for two numbers of servers.
    """
    costs: dict[int, list[float]] = {}
    for turn, cases in found:
        for cost in cases.get(FLOOR, {}).values():
            costs.setdefault(turn.setting.servers, []).append(cost.cpu_s)
    if len(costs) < 2:
        return {}
    slope = statistics.linear_regression(list(costs), [statistics.median(some) for some in costs.values()]).slope
    times = {case: round(slopes[case]["ours"] / slope, 2) for case in OVER_FLOOR if case in slopes and slope > 0}
    return {"win_ping_cpu_slope": round(slope, 4), "times_win_ping": times}


def json_edit() -> dict[str, float]:
    """Return how long the edit of a settings file takes: 20,000 keys in about 1 MB, and twice that."""

    def seconds(keys: int) -> tuple[float, int]:
        text = json.dumps(
            {f"Section{i}": {"Key": f"value {i} {'x' * 32}", "Number": i} for i in range(keys // 2)}, indent=2
        )
        began = time.perf_counter()
        edited = json_editor.edit(json_text.parse(text), {f"Section{keys // 4}": {"Key": "changed"}})
        assert "changed" in edited
        return time.perf_counter() - began, len(text)

    (one, size), (two, _) = (min(seconds(keys) for _ in range(3)) for keys in (20_000, 40_000))
    return {"bytes": size, "seconds": round(one, 3), "twice_as_long_takes": round(two / one, 2)}


def machine() -> dict[str, t.Any]:
    """Return what the numbers were measured on."""
    names = ("ansible-core", "pypsrp", "pywinrm", "ansible")
    versions = {name: importlib.metadata.version(name) for name in names}
    return {
        "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
        "versions": {"python": platform.python_version(), **versions},
        "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
        "load_before": round(os.getloadavg()[0], 1),
    }


def summed_up(about: dict[str, t.Any], found: list[tuple[Turn, Costs]]) -> dict[str, t.Any]:
    """Return the summary of what was measured."""
    cases = {case: {"hosts": data["servers"]} for case, data in gathered(found, "iis", "servers").items()}
    growth = {}
    for by in ("connections", "certificates"):
        # What it grows from is one server with one connection and no certificate of others.
        base = [(dataclasses.replace(turn, group=by), costs) for turn, costs in found if turn.setting == Setting(1)]
        grown = gathered([*base, *found], by, by).get("nothing_to_do", {}).get(by, {})
        growth[by] = grown if len(grown) > 1 else {}
    return {
        **about,
        "forks": FORKS,
        "cases": cases,
        "slopes": slopes(cases),
        "floor": floor(found, slopes(cases)),
        "service": gathered(found, "service", "servers"),
        "growth": growth,
        "latency": gathered(found, "latency", "servers"),
    }


def main() -> int:
    """Measure, and write build/bench/summary.json."""
    options, about = words(), machine()
    summary = summed_up(about, measured(options)) | {"json_edit": json_edit()}
    path = FOLDER / "summary.json"
    path.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    print(f"the numbers are in {path.relative_to(emulated.ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
