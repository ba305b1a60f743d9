"""The demo: install the agent on three emulated Windows servers over WinRM, then show that a second run changes
nothing.
"""

from __future__ import annotations

import json
import sys
import time
import typing as t

import emulated
import standin_archive

ROOT = emulated.ROOT
CONTOSO = ROOT / "examples" / "contoso"
FOLDER = ROOT / "build" / "demo"
SHOWN = "paris.contoso.com"


def prepare() -> list[str]:
    """Make the stand-in files of the example and return the words that name them to ansible-playbook."""
    files = standin_archive.make(ROOT / "build" / "standin")
    return ["--extra-vars", json.dumps({f"contoso_{name}": str(value) for name, value in files.variables().items()})]


def title(text: str) -> None:
    """Print a heading between two runs."""
    print(f"\n=== {text}", flush=True)


def record(fleet: emulated.Fleet, run: emulated.Run, host: str) -> dict[str, int]:
    """Return what a run came to on a host: Ansible's recap and the wire's counters."""
    stats = run.hosts.get(host, {}).get("stats", {})
    counters = fleet.counters(host)
    return {
        "ok": stats.get("ok", 0),
        "changed": stats.get("changed", 0),
        "failed": stats.get("failures", 0) + stats.get("unreachable", 0) if stats else 1,
        "remote_executions": counters["remote_executions"],
        "messages": counters["messages"],
        "bytes": counters["bytes"],
    }


def main() -> int:
    """Run the demo; return 0 only if everything held."""
    began = time.monotonic()
    words = prepare()
    problems: list[str] = []
    hosts: dict[str, dict[str, t.Any]] = {}
    with emulated.fleet(CONTOSO / "emulated-servers.yml", FOLDER) as fleet:

        def install(*more: str, show: bool = True) -> emulated.Run:
            inventories = [CONTOSO / "inventory.yml"]
            return emulated.playbook(
                fleet, "imops.identity_manager.install", *words, *more, inventories=inventories, show=show
            )

        title(f"The plan for {SHOWN}: ansible-playbook install.yml --check --diff")
        plan = install("--check", "--diff", "--limit", SHOWN)
        if plan.status:
            problems.append(f"the plan for {SHOWN} failed")

        fleet.command("reset")
        title("First run")
        first = install()
        for name, facts in fleet.ready["hosts"].items():
            hosts[name] = {"connection": facts["connection"], "first": record(fleet, first, name)}

        fleet.command("reset")
        title("Second run: nothing changes")
        second = install()
        for name, host in hosts.items():
            host["second"] = record(fleet, second, name)
            host["verified"] = bool(second.hosts.get(name, {}).get("verified"))

    for name, host in hosts.items():
        for run in ("first", "second"):
            if host[run]["failed"]:
                problems.append(f"{name}: the {run} run failed")
        if not host["first"]["changed"]:
            problems.append(f"{name}: the first run changed nothing")
        if host["second"]["changed"]:
            problems.append(f"{name}: the second run changed something")
        if not host["verified"]:
            problems.append(f"{name}: the agent was not verified")
    seconds = round(time.monotonic() - began, 1)
    summary = {"hosts": hosts, "seconds": seconds}
    (FOLDER / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")

    title("What it came to (emulated servers; no Windows was involved)")
    for name, host in hosts.items():
        runs = "; ".join(
            f"{run}: {host[run]['changed']} changed, {host[run]['remote_executions']} remote executions"
            for run in ("first", "second")
        )
        print(f"{name:22} {host['connection']:6} {runs}; agent {'verified' if host['verified'] else 'NOT verified'}")
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{seconds} s; the numbers are in {(FOLDER / 'summary.json').relative_to(ROOT)}")
    return 1 if problems or first.status or second.status else 0


if __name__ == "__main__":
    sys.exit(main())
