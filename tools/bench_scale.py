"""How our playbooks grow to a thousand servers: emulated ones, cloned from one installed state, on this machine.

Controller and emulator share the processors, and no Windows is involved. What one more server costs the controller is
counted in CPU seconds of ansible-playbook and its workers.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import shutil
import sys
import time
import typing as t
from pathlib import Path

import bench
import emulated
import yaml
from bench_side import FOLDER, FORKS, Setting, Side, prepare

SCALE = FOLDER / "scale"
ORIGINAL = "agent000"
CASES = ("nothing_to_do", "verify")
SIZES, TABLE_SIZE, TABLE = (200, 1000), 200, (10, 25, 50, 100, 150)
START_SECONDS = 900


def words() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--sizes", default=",".join(map(str, SIZES)), help="numbers of servers, the first is compared with"
    )
    parser.add_argument("--table-size", type=int, default=TABLE_SIZE, help="servers of the table of forks")
    parser.add_argument("--forks", default=",".join(map(str, TABLE)), help="the forks of the table")
    parser.add_argument("--resume", action="store_true", help="keep what was measured before")
    return parser.parse_args()


def installed(variables: dict[str, t.Any]) -> str:
    """Return the whole state of a server that our playbook has installed, as JSON."""
    scenario = Setting(1).scenario("scale-original")
    with emulated.fleet(scenario, SCALE / "original") as fleet:
        Side("ours", fleet, Setting(1), variables).run("first_install")
        return json.dumps(fleet.command("save", "--host", f"{ORIGINAL}.contoso.com"))


def cloned(state: str, number: int) -> Path:
    """Write the scenario of so many servers with that state, each with a name of its own."""
    folder = SCALE / f"clones-{number}"
    folder.mkdir(parents=True, exist_ok=True)
    hosts = {}
    for position in range(number):
        name = f"agent{position:03}"
        text = state.replace(ORIGINAL, name).replace(ORIGINAL.upper(), name.upper())
        (folder / f"{name}.json").write_text(text, "utf-8")
        hosts[f"{name}.contoso.com"] = {"saved_state": f"{name}.json"}
    path = folder / "scenario.yml"
    path.write_text(yaml.safe_dump({"hosts": hosts}, sort_keys=False), "utf-8")
    return path


def planned(options: argparse.Namespace) -> dict[int, list[tuple[str, int]]]:
    """Return the cases and forks for each number of servers."""
    found: dict[int, list[tuple[str, int]]] = {}
    for size in map(int, options.sizes.split(",")):
        found[size] = [(case, FORKS) for case in CASES]
    for forks in map(int, filter(None, options.forks.split(","))):
        runs = found.setdefault(options.table_size, [])
        if ("nothing_to_do", forks) not in runs:
            runs.append(("nothing_to_do", forks))
    return found


def name_of(size: int, case: str, forks: int) -> str:
    """Return the name of a measurement."""
    return f"{size}-{case}-{forks}"


def measured(options: argparse.Namespace) -> dict[str, dict[str, t.Any]]:
    """Measure what is planned, or read what was measured before; a run that fails has its message instead of a cost."""
    kept = SCALE / "runs"
    if not options.resume:
        shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir(parents=True, exist_ok=True)
    variables, state, found = prepare(), "", dict[str, dict[str, t.Any]]()
    for size, runs in planned(options).items():
        rest = [(case, forks) for case, forks in runs if not (kept / f"{name_of(size, case, forks)}.json").exists()]
        if rest:
            state = state or installed(variables)
            with emulated.fleet(cloned(state, size), SCALE / f"fleet-{size}", wait=START_SECONDS) as fleet:
                for case, forks in rest:
                    cost = one(Side("ours", fleet, Setting(size), variables, forks=forks), case)
                    print(f"{size} servers, {case}, {forks} forks: {cost}", flush=True)
                    (kept / f"{name_of(size, case, forks)}.json").write_text(json.dumps(cost), "utf-8")
        for case, forks in runs:
            name = name_of(size, case, forks)
            found[name] = json.loads((kept / f"{name}.json").read_text("utf-8"))
    return found


def one(side: Side, case: str) -> dict[str, t.Any]:
    """Run a case; return its cost, or why it failed."""
    try:
        return dataclasses.asdict(side.run(case))
    except RuntimeError as problem:
        return {"failed": str(problem)}


def summed_up(
    about: dict[str, t.Any], options: argparse.Namespace, found: dict[str, dict[str, t.Any]]
) -> dict[str, t.Any]:
    """Return the summary: each number of servers, how many times the first of them the last costs, and the forks."""
    sizes = [int(size) for size in options.sizes.split(",")]
    hosts = {case: {str(size): found[name_of(size, case, FORKS)] for size in sizes} for case in CASES}
    times = {}
    for case, costs in hosts.items():
        first, last = costs[str(sizes[0])], costs[str(sizes[-1])]
        if "failed" not in first and "failed" not in last:
            times[case] = {what: round(last[what] / first[what], 2) for what in ("cpu_s", "wall_0") if first[what]}
    forks = {
        str(number): found[name_of(options.table_size, "nothing_to_do", number)]
        for number in map(int, filter(None, options.forks.split(",")))
    }
    return {**about, "hosts": hosts, "times": times, "forks": {"servers": options.table_size, "nothing_to_do": forks}}


def main() -> int:
    """Measure, and write build/bench/scale.json."""
    options, about, began = words(), bench.machine(), time.monotonic()
    summary = summed_up(about, options, measured(options))
    path = FOLDER / "scale.json"
    path.write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    print(f"the numbers are in {path.relative_to(emulated.ROOT)}, after {(time.monotonic() - began) / 60:.0f} minutes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
