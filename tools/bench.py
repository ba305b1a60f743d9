"""Our playbook against a hand-written one on the same emulated servers: what each sends, costs and takes.

Numbers are of this machine and of emulated servers. Wall time at 800 ms is modelled: the measured time, and 0.8 s for
each remote execution of a server, for each batch of servers that Ansible's forks make.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import hashlib
import importlib.metadata
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import emulated
import standin_archive
import yaml
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _json_text, _key_container, _key_pair  # type: ignore
from cryptography.hazmat.primitives import serialization

ROOT = emulated.ROOT
FOLDER, SOURCES = ROOT / "build" / "bench", ROOT / "tests" / "bench"
PFX_PHRASE = "bench-pfx"
FORKS, LATENCY = 10, 0.8
CASES = ("first_install", "check", "nothing_to_do", "one_change", "verify")
MEASURES = ("executions", "messages", "bytes", "cpu_s", "peak_mb", "wall_0", "wall_800")
VERIFY_FROM = "26 HTTP request on target"
CHANGED = "https://other.contoso.com"


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one run cost, for all servers together."""

    executions: int
    connections: int
    messages: int
    bytes: int
    cpu_s: float
    peak_mb: float
    wall_0: float
    wall_800: float


def words() -> argparse.Namespace:
    """Return the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts", default="1,10", help="numbers of servers, separated by commas (default 1,10)")
    parser.add_argument("--idle-hosts", default="", help="numbers of servers for nothing_to_do alone (50,200)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds at one server; one at more (default 3)")
    return parser.parse_args()


def prepare() -> dict[str, t.Any]:
    """Make the files that both playbooks bring, and return the variables that name them."""
    files = standin_archive.make(ROOT / "build" / "standin")
    FOLDER.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)
    variables: dict[str, t.Any] = {"bench_files": str(FOLDER), "pfx_password": PFX_PHRASE}
    pairs: tuple[tuple[str, str, list[str]], ...] = (("s", "server", ["agent.contoso.com"]), ("e", "encryption", []))
    for name, use, hosts in pairs:
        key, certificate = _key_pair.make(f"CN={use}", now, uses={use}, hosts=hosts)
        (FOLDER / f"{name}.pfx").write_bytes(_key_container.pfx(key, certificate, PFX_PHRASE))
        der = certificate.public_bytes(serialization.Encoding.DER)
        variables[f"thumb_{name}"] = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    for source, name in ((files.archive, "runtime.zip"), (files.bundle, "hosting.exe")):
        (FOLDER / name).write_bytes(source.read_bytes())
        kind = "archive" if name == "runtime.zip" else "hosting_bundle"
        variables[f"im_agent_{kind}_source"] = f"https://files.contoso.com/{name}"
        variables[f"im_agent_{kind}_checksum"] = hashlib.sha256(source.read_bytes()).hexdigest()
    (FOLDER / "baseline.yml").write_text((SOURCES / "baseline.yml").read_text("utf-8"), "utf-8")
    return variables


def scenario(number: int) -> Path:
    """Write the scenario of a number of servers."""
    web = {f"https://files.contoso.com/{name}": {"file": str(FOLDER / name)} for name in ("runtime.zip", "hosting.exe")}
    hosts: dict[str, t.Any] = {f"agent{i:03}.contoso.com": {} for i in range(number)}
    path = FOLDER / f"scenario-{number}.yml"
    server: dict[str, t.Any] = {"https://identitymanager.contoso.com": {}}
    data = {"domain": "contoso.com", "identity_servers": server, "web": web, "hosts": hosts}
    path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
    return path


class Side:
    """One of the two playbooks on a fleet of its own."""

    def __init__(self, name: str, fleet: emulated.Fleet, variables: dict[str, t.Any]) -> None:
        self.name, self._fleet, self._variables = name, fleet, variables

    def run(self, case: str) -> Cost:
        """Run a case and return its cost; raises RuntimeError when the playbook fails."""
        playbook, more = self._command(case)
        extra = self._variables | ({"im_agent_server_url": CHANGED} if case == "one_change" else {})
        self._fleet.command("reset")
        command = [str(emulated.ansible_playbook()), playbook, "--forks", str(FORKS), *more]
        command += [
            "--extra-vars",
            json.dumps(extra),
            "-i",
            str(self._fleet.inventory),
            "-i",
            str(SOURCES / "inventory.yml"),
        ]
        log = FOLDER / f"{self.name}-{case}.log"
        began = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=FOLDER, env=emulated.environment(self._fleet), stdout=output, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.name}, {case}: see {log}:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        counted = [self._fleet.counters(host) for host in self._fleet.ready["hosts"]]
        total = {
            name: sum(c[name] for c in counted) for name in ("remote_executions", "connections", "messages", "bytes")
        }
        most = max(c["remote_executions"] for c in counted)
        return Cost(
            total["remote_executions"],
            total["connections"],
            total["messages"],
            total["bytes"],
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / 1024,
            wall,
            wall + LATENCY * most * math.ceil(len(counted) / FORKS),
        )

    def _command(self, case: str) -> tuple[str, list[str]]:
        check = ["--check", "--diff"] if case == "check" else []
        if self.name == "ours":
            what = "verify" if case == "verify" else "install"
            return f"imops.identity_manager.{what}", check
        return str(FOLDER / "baseline.yml"), [*check, *(["--start-at-task", VERIFY_FROM] if case == "verify" else [])]


def rounds(
    number: int, cases: t.Sequence[str], count: int, variables: dict[str, t.Any]
) -> dict[str, dict[str, list[Cost]]]:
    """Run both sides in turn and return the costs by case and side."""
    found: dict[str, dict[str, list[Cost]]] = {case: {"ours": [], "baseline": []} for case in CASES}
    for turn in range(count):
        with (
            emulated.fleet(scenario(number), FOLDER / f"fleet-ours-{number}") as ours,
            emulated.fleet(scenario(number), FOLDER / f"fleet-baseline-{number}") as baseline,
        ):
            sides = (Side("ours", ours, variables), Side("baseline", baseline, variables))
            for case in CASES:
                needed = case in cases or case == "first_install"
                for side in sides if needed else ():
                    cost = side.run(case)
                    found[case][side.name].append(cost)
                    print(
                        f"{number:4} servers, round {turn + 1}, {case:14} {side.name:9}"
                        f" {cost.executions:6} executions {cost.wall_0:7.1f} s",
                        flush=True,
                    )
                if case == "one_change" and needed:
                    for side in sides:
                        side.run("nothing_to_do")  # back to the inventory's own value
    return found


def entry(costs: list[Cost]) -> dict[str, float]:
    """Return medians, and the spread of the wall time."""
    medians = {
        name: round(statistics.median(getattr(c, name) for c in costs), 3) for name in (*MEASURES, "connections")
    }
    walls = [c.wall_0 for c in costs]
    return medians | {"rounds": len(costs), "wall_0_spread": round(max(walls) - min(walls), 3)}


def compared(ours: dict[str, float], baseline: dict[str, float]) -> dict[str, float]:
    """Return how many times more the baseline costs."""
    return {name: round(baseline[name] / ours[name], 2) for name in (*MEASURES, "connections") if ours[name]}


def slopes(cases: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what one more server costs the controller in CPU seconds, between the least and the most servers."""
    found: dict[str, t.Any] = {}
    for case, data in cases.items():
        numbers = sorted(map(int, data["hosts"]))
        if len(numbers) < 2:
            continue
        few, many = data["hosts"][str(numbers[0])], data["hosts"][str(numbers[-1])]
        per = {
            side: round((many[side]["cpu_s"] - few[side]["cpu_s"]) / (numbers[-1] - numbers[0]), 3)
            for side in ("ours", "baseline")
        }
        found[case] = {**per, "ratio": round(per["baseline"] / per["ours"], 2) if per["ours"] > 0 else None}
    return found


def json_edit() -> dict[str, float]:
    """Return how long the edit of a settings file takes: 20,000 keys in about 1 MB, and twice that."""

    def seconds(keys: int) -> tuple[float, int]:
        text = json.dumps(
            {f"Section{i}": {"Key": f"value {i} {'x' * 32}", "Number": i} for i in range(keys // 2)}, indent=2
        )
        began = time.perf_counter()
        edited = _json_text.edit(_json_text.parse(text), {f"Section{keys // 4}": {"Key": "changed"}})
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
    }


def table(summary: dict[str, t.Any]) -> str:
    """Return the summary as Markdown."""
    lines = [
        "| case | servers | | executions | connections | messages | MB | CPU s | peak MB | wall s | modelled, 800 ms |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, found in summary["cases"].items():
        for number, sides in found["hosts"].items():
            for side in ("ours", "baseline"):
                c = sides[side]
                lines.append(
                    f"| {case} | {number} | {side} | {c['executions']:.0f} | {c['connections']:.0f} |"
                    f" {c['messages']:.0f} | {c['bytes'] / 1e6:.2f} | {c['cpu_s']:.1f} | {c['peak_mb']:.0f} |"
                    f" {c['wall_0']:.1f} | {c['wall_800']:.1f} |"
                )
            r = sides["ratio"]
            lines.append(
                "| | | **times** | "
                + " | ".join(str(r[name]) for name in ("executions", "connections", "messages", "bytes", "cpu_s"))
                + f" | {r['peak_mb']} | {r['wall_0']} | {r['wall_800']} |"
            )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure, and write build/bench/summary.json and build/bench/table.md."""
    asked = words()
    variables = prepare()
    cases: dict[str, t.Any] = {case: {"hosts": {}} for case in CASES}
    plan: list[tuple[int, tuple[str, ...]]] = [(int(n), CASES) for n in asked.hosts.split(",") if n]
    plan += [(int(n), ("nothing_to_do",)) for n in asked.idle_hosts.split(",") if n]
    for number, wanted in plan:
        found = rounds(number, wanted, asked.rounds if number == 1 else 1, variables)
        for case in wanted:
            ours, baseline = entry(found[case]["ours"]), entry(found[case]["baseline"])
            sides = {"ours": ours, "baseline": baseline, "ratio": compared(ours, baseline)}
            cases[case]["hosts"][str(number)] = sides
    summary = {**machine(), "forks": FORKS, "cases": cases, "slopes": slopes(cases), "json_edit": json_edit()}
    (FOLDER / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")
    (FOLDER / "table.md").write_text(table(summary), "utf-8")
    print(table(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
