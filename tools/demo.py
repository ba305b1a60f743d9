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


def install(fleet: emulated.Fleet, words: list[str], *more: str) -> emulated.Run:
    """Run the collection's playbook on the example's inventory, with its output shown."""
    return emulated.playbook(
        fleet, "imops.identity_manager.install", *words, *more, inventories=[CONTOSO / "inventory.yml"], show=True
    )


def runs(words: list[str]) -> tuple[list[str], dict[str, dict[str, t.Any]]]:
    """Show the plan for one server, then install twice on all; return what failed, and each host's records."""
    failed: list[str] = []
    with emulated.fleet(CONTOSO / "emulated-servers.yml", FOLDER) as fleet:
        title(f"The plan for {SHOWN}: ansible-playbook install.yml --check --diff")
        if install(fleet, words, "--check", "--diff", "--limit", SHOWN).status:
            failed.append(f"the plan for {SHOWN} failed")
        hosts: dict[str, dict[str, t.Any]] = {
            name: {"connection": facts["connection"]} for name, facts in fleet.ready["hosts"].items()
        }
        for which, heading in (("first", "First run"), ("second", "Second run: nothing changes")):
            fleet.command("reset")
            title(heading)
            run = install(fleet, words)
            if run.status:
                failed.append(f"the {which} run failed")
            for name, host in hosts.items():
                host[which] = record(fleet, run, name)
                host["verified"] = bool(run.hosts.get(name, {}).get("verified"))
    return failed, hosts


def problems_of(name: str, host: dict[str, t.Any]) -> list[str]:
    """Return what is not as it should be on a host after both runs."""
    problems = [f"{name}: the {run} run failed" for run in ("first", "second") if host[run]["failed"]]
    if not host["first"]["changed"]:
        problems.append(f"{name}: the first run changed nothing")
    if host["second"]["changed"]:
        problems.append(f"{name}: the second run changed something")
    if not host["verified"]:
        problems.append(f"{name}: the agent was not verified")
    return problems


def _words(run: dict[str, t.Any]) -> str:
    executions = run["remote_executions"]
    return f"{run['changed']} changed, {executions} remote execution{'' if executions == 1 else 's'}"


def main() -> int:
    """Run the demo; return 0 only if every run and every check passed."""
    began = time.monotonic()
    problems, hosts = runs(prepare())
    problems += [problem for name, host in hosts.items() for problem in problems_of(name, host)]
    seconds = round(time.monotonic() - began, 1)
    summary = {"hosts": hosts, "seconds": seconds}
    (FOLDER / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")

    title("The result (emulated servers; no Windows was involved)")
    for name, host in hosts.items():
        shown = "; ".join(f"{run}: {_words(host[run])}" for run in ("first", "second"))
        print(f"{name:22} {host['connection']:6} {shown}; agent {'verified' if host['verified'] else 'NOT verified'}")
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{seconds} s; the numbers are in {(FOLDER / 'summary.json').relative_to(ROOT)}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
