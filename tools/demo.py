"""The demo: install the agent on three emulated Windows servers over WinRM, show that a second run changes nothing, and
show an upgrade, and another one that fails its verification and is rolled back. One server is as most companies' are.
"""

from __future__ import annotations

import json
import sys
import time
import typing as t
from pathlib import Path

import emulated
import standin_archive
import yaml

ROOT = emulated.ROOT
CONTOSO = ROOT / "examples" / "contoso"
FOLDER = ROOT / "build" / "demo"
STANDIN = ROOT / "build" / "standin"
SHOWN = "paris.contoso.com"
INSTALLED = "6.2.1"
UPGRADES = {"paris.contoso.com": ("6.2.2", "upgraded"), "berlin.contoso.com": ("6.2.3", "rolled_back")}
"""The version that a server is upgraded to, and what has to become of it."""
LIVED_IN = "berlin.contoso.com"
"""The server with the emulator's behaviours ``lived_in``; the others are bare."""
LIVED_IN_WORDS = "a German Windows with neighbours in IIS, a scanner, and pools and workers that take their time"
NO_WAIT = {"im_agent_verify_timeout": 0}
"""An emulated agent answers at once or never."""


def prepare() -> list[str]:
    """Make the stand-in files of the example and return the words that name them to ansible-playbook."""
    files = standin_archive.make(STANDIN)
    return ["--extra-vars", json.dumps({f"contoso_{name}": str(value) for name, value in files.variables().items()})]


def scenario() -> Path:
    """Write the example's servers, one of them as servers stand in most companies, and return the file."""
    servers = yaml.safe_load((CONTOSO / "emulated-servers.yml").read_text("utf-8"))
    servers["hosts"][LIVED_IN]["behaviours"] = "lived_in"
    for served in servers["web"].values():
        served["file"] = str((CONTOSO / served["file"]).resolve())
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / "servers.yml"
    path.write_text(yaml.safe_dump(servers, sort_keys=False), "utf-8")
    return path


def version(number: str) -> dict[str, str]:
    """Return the variables that name the archive of a version, of those that ``prepare`` has made."""
    return {
        "im_agent_archive_source": f"https://files.contoso.com/identitymanager/usercube-agent-runtime-{number}.zip",
        "im_agent_archive_checksum": standin_archive.sha256(standin_archive.version_file(STANDIN, number)),
    }


def title(text: str) -> None:
    """Print a heading between two runs."""
    print(f"\n=== {text}", flush=True)


def record(fleet: emulated.Fleet, run: emulated.Run, host: str) -> dict[str, int]:
    """Return what a run came to on a host: the tasks that changed it, and the counters of recap and wire."""
    seen = run.hosts.get(host, {})
    stats = seen.get("stats", {})
    counters = fleet.counters(host)
    return {
        "ok": stats.get("ok", 0),
        "changed": len(seen.get("changed_tasks", ())),
        "failed": stats.get("failures", 0) + stats.get("unreachable", 0) if stats else 1,
        "remote_executions": counters["remote_executions"],
        "messages": counters["messages"],
        "bytes": counters["bytes"],
    }


def play(fleet: emulated.Fleet, playbook: str, *words: str, inventories: t.Sequence[Path] = ()) -> emulated.Run:
    """Run a playbook of the collection on the example's inventory and further ones, with its output shown."""
    names = [CONTOSO / "inventory.yml", *inventories]
    return emulated.playbook(fleet, f"imops.identity_manager.{playbook}", *words, inventories=names, show=True)


def installs(fleet: emulated.Fleet, words: list[str]) -> tuple[list[str], dict[str, dict[str, t.Any]]]:
    """Show the plan for one server, then install twice on all; return what failed, and each host's records."""
    failed: list[str] = []
    words = [*words, "--extra-vars", json.dumps(version(INSTALLED))]
    title(f"The plan for {SHOWN}: ansible-playbook install.yml --check --diff")
    if play(fleet, "install", *words, "--check", "--diff", "--limit", SHOWN).status:
        failed.append(f"the plan for {SHOWN} failed")
    hosts: dict[str, dict[str, t.Any]] = {
        name: {"connection": facts["connection"], "lived_in": name == LIVED_IN}
        for name, facts in fleet.ready["hosts"].items()
    }
    for which, heading in (("first", "First run"), ("second", "Second run: nothing changes")):
        fleet.command("reset")
        title(heading)
        run = play(fleet, "install", *words)
        if run.status:
            failed.append(f"the {which} run failed")
        for name, host in hosts.items():
            host[which] = record(fleet, run, name)
            host["verified"] = bool(run.hosts.get(name, {}).get("verified"))
    return failed, hosts


def upgrades(fleet: emulated.Fleet, words: list[str]) -> tuple[list[str], dict[str, dict[str, t.Any]]]:
    """Upgrade servers in one run; return what went otherwise than it has to, and what became of each."""
    named = {name: version(number) | NO_WAIT for name, (number, _wanted) in UPGRADES.items()}
    inventory = fleet.folder / "upgrades.json"
    inventory.write_text(json.dumps({"agents": {"hosts": named}}, indent=2) + "\n", "utf-8")
    to = ", ".join(f"{name} to {number}" for name, (number, _wanted) in UPGRADES.items())
    title(f"From {INSTALLED}: {to}, which cannot start: ansible-playbook upgrade.yml")
    fleet.command("reset")
    run = play(fleet, "upgrade", *words, "--limit", ",".join(UPGRADES), inventories=[inventory])
    problems: list[str] = []
    became: dict[str, dict[str, t.Any]] = {}
    for name, (_number, wanted) in UPGRADES.items():
        host = run.hosts.get(name, {})
        became[name] = {
            **host.get("upgrade", {"outcome": "none", "outage_s": None}),
            "executions": fleet.counters(name)["remote_executions"],
        }
        problems += upgrade_problems(name, wanted, host)
    return problems, became


def upgrade_problems(name: str, wanted: str, host: t.Mapping[str, t.Any]) -> list[str]:
    """Return what is not as it has to be after an upgrade: a server whose version was taken back counts as failed.

    Args:
        name: the server.
        wanted: what has to become of the upgrade.
        host: the callback's record of the server.
    """
    problems = []
    found = host.get("upgrade") or {"outcome": "none", "outage_s": None}
    if found["outcome"] != wanted:
        problems.append(f"{name}: the upgrade's outcome is {found['outcome']}, wanted {wanted}")
    elif found["outage_s"] is None:
        problems.append(f"{name}: the upgrade's outage was not measured")
    failures = host.get("stats", {}).get("failures", 0)
    if bool(failures) != (wanted == "rolled_back"):
        problems.append(f"{name}: {failures} tasks of the upgrade failed, wanted {int(wanted == 'rolled_back')}")
    if host.get("verified") is not True:
        problems.append(f"{name}: the agent was not verified after the upgrade")
    return problems


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


def _became(host: dict[str, t.Any]) -> str:
    return f"{host['outcome'].replace('_', ' ')}, down for {host['outage_s']} s, {host['executions']} remote executions"


def main() -> int:
    """Run the demo; return 0 only if every run and every check passed."""
    began = time.monotonic()
    words = prepare()
    with emulated.fleet(scenario(), FOLDER, "--running-clock") as fleet:
        problems, hosts = installs(fleet, words)
        problems += [problem for name, host in hosts.items() for problem in problems_of(name, host)]
        installed = time.monotonic()
        more, became = upgrades(fleet, words)
    problems += more
    seconds, upgrading = (round(time.monotonic() - since, 1) for since in (began, installed))
    summary = {"hosts": hosts, "upgrade": became, "seconds": seconds, "upgrade_seconds": upgrading}
    (FOLDER / "summary.json").write_text(json.dumps(summary, indent=2) + "\n", "utf-8")

    title("The result (emulated servers; no Windows was involved)")
    for name, host in hosts.items():
        shown = "; ".join(f"{run}: {_words(host[run])}" for run in ("first", "second"))
        print(f"{name:22} {host['connection']:6} {shown}; agent {'verified' if host['verified'] else 'NOT verified'}")
    print(f"{LIVED_IN:22} is lived in: {LIVED_IN_WORDS}")
    for name, (number, _wanted) in UPGRADES.items():
        print(f"{name:22} from {INSTALLED} to {number}: {_became(became[name])}")
    for problem in problems:
        print(f"FAILED: {problem}")
    print(f"{seconds} s; the numbers are in {(FOLDER / 'summary.json').relative_to(ROOT)}")
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
