"""Our own chain on a real PowerShell: `playbooks/install.yml` in check mode, for real and once more against an emulated
server of kind powershell, and beside it against one of kind model, which must come to the same.

The servers have IIS and nothing else. What the PowerShell cannot carry is answered by the model on the same host; it is
counted and listed.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import http.server
import json
import sys
import threading
import time
import typing as t
from pathlib import Path

import demo
import drive_look
import emulated
import standin_archive
import yaml

ROOT = emulated.ROOT
FOLDER = ROOT / "build" / "chain"
ENGINE, MODEL = "engine.contoso.com", "model.contoso.com"
MODELLED = tuple(f"ansible.windows.{name}" for name in ("win_feature", "win_package", "win_reboot", "win_service"))
INSTALL = "imops.identity_manager.install"
WORKING, HOST = "C:\\identitymanagerContoso", "agent.contoso.com"
SERVER = "https://identitymanager.contoso.com"
PROOF = "imops.identity_manager.im_verify : Verify that the agent runs"
IDLE_PROOF = "imops.identity_manager.im_check : Check the inventory, read the server once, verify where nothing differs"
FILE_PASSWORD = "canary-file-password-1d4c"  # noqa: S105  (of key pairs that are made for this run)
LISTED = ("C:\\Windows\\System32\\inetsrv\\backup", "C:\\Program Files\\IIS", "C:\\Program Files\\dotnet")
KEYS = (
    "SOFTWARE\\Microsoft\\InetStp\\Components",
    f"SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslSniBindingInfo\\{HOST}:443",
)
RUNS = {"check": ("--check", "--diff"), "first": ("--diff",), "second": ("--diff",)}


@dataclasses.dataclass(frozen=True)
class Chain:
    """What the runs came to.

    Attributes:
        runs: each run by its name.
        seconds: how long each took, and ``start``, the start of the servers.
        counters: those of each server after each run, by run and server.
        left: what each run left on the PowerShell's drive, by run; ``before`` is what was there first.
        model: the state of the server of kind model after the second run.
    """

    runs: t.Mapping[str, emulated.Run]
    seconds: t.Mapping[str, float]
    counters: t.Mapping[str, t.Mapping[str, dict[str, t.Any]]]
    left: t.Mapping[str, dict[str, t.Any]]
    model: dict[str, t.Any]

    def modelled(self, run: str = "first") -> dict[str, int]:
        """Return which modules only the model answered on the PowerShell's host, and how often."""
        ran = self.counters[run][ENGINE]["modules"]
        return {name: ran[name] for name in MODELLED if name in ran}

    def real(self, run: str = "first") -> dict[str, int]:
        """Return what the PowerShell itself ran, and how often."""
        return {name: count for name, count in self.counters[run][ENGINE]["modules"].items() if name not in MODELLED}


@contextlib.contextmanager
def downloads(folder: Path) -> t.Iterator[str]:
    """Serve a folder on 127.0.0.1 and yield its address."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: t.Any) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def scenario(address: str, files: standin_archive.StandIns, connection: str) -> dict[str, t.Any]:
    """Return the two servers: the same state, one on a real PowerShell. Only the model's reaches an Identity Manager
    server, which its proof asks for a token.
    """
    bundle = {f"{address}/{files.bundle.name}": {"file": str(files.bundle)}}
    archive = {f"{address}/{files.archive.name}": {"file": str(files.archive)}}
    same = {"connection": connection, "features": ["Web-Server"]}
    return {
        "hosts": {
            ENGINE: {"kind": "powershell", "modelled": list(MODELLED), "web": bundle, **same},
            MODEL: {"web": {**archive, **bundle}, "identity_servers": {SERVER: {}}, **same},
        }
    }


def variables(address: str, files: standin_archive.StandIns) -> dict[str, t.Any]:
    """Return what differs from the example's variables.

    The agent's pairs live in PFX files: the rig hands out no private key of a store, so neither the writer nor the
    probe can see its rights there. The https certificate needs none and stays in the store.
    """
    key_pair = {"source": "pfx", "file": str(files.key_pair), "password": standin_archive.PFX_PASSWORD}
    in_file = {"place": "file", "file_password": FILE_PASSWORD}
    return {
        **{f"contoso_{name}": str(value) for name, value in files.variables().items()},
        "im_agent_identifier": "Twin",
        "im_agent_host_name": HOST,
        "im_agent_archive_source": f"{address}/{files.archive.name}",
        "im_agent_hosting_bundle_source": f"{address}/{files.bundle.name}",
        "im_agent_verify_timeout": 1,
        "im_agent_certificates": [
            {"use": "encryption", **in_file, "path": f"{WORKING}\\encryption.pfx"},
            {"use": "identity_server", **key_pair, **in_file, "path": f"{WORKING}\\identity-server.pfx"},
            {"use": "server", "alternative_names": [HOST]},
        ],
    }


def run(folder: Path, *, connection: str = "psrp", show: bool = False) -> Chain:
    """Run the chain: check mode, first run, second run.

    Args:
        folder: where the stand-ins, the fleet's files and the results are.
        connection: psrp or winrm.
        show: whether the runs' output is shown.

    Raises:
        RuntimeError: the servers did not start (without an engine the message says so), or could not be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = standin_archive.make(folder / "standin")
    with downloads(files.archive.parent) as address:
        (folder / "servers.yml").write_text(yaml.safe_dump(scenario(address, files, connection)), "utf-8")
        (folder / "variables.json").write_text(json.dumps(variables(address, files)), "utf-8")
        group = demo.CONTOSO / "group_vars" / "agents"
        given = [group / "agent.yml", group / "vault.yml", folder / "variables.json"]
        words = [word for path in given for word in ("--extra-vars", f"@{path}")]
        runs, seconds, counters, left = {}, {}, {}, {}
        began = time.monotonic()
        with emulated.fleet(folder / "servers.yml", folder / "fleet") as fleet:
            seconds["start"] = round(time.monotonic() - began, 1)
            left["before"] = drive_look.look(fleet, ENGINE, WORKING, listed=LISTED, keys=KEYS)
            for name, more in RUNS.items():
                fleet.command("reset")
                began = time.monotonic()
                runs[name] = emulated.playbook(fleet, INSTALL, *words, *more, show=show)
                seconds[name] = round(time.monotonic() - began, 1)
                counters[name] = {host: fleet.counters(host) for host in (ENGINE, MODEL)}
                left[name] = drive_look.look(fleet, ENGINE, WORKING, listed=LISTED, keys=KEYS)
            model = fleet.command("dump", "--host", MODEL)["state"]
    return Chain(runs, seconds, counters, left, model)


def summary(chain: Chain) -> dict[str, t.Any]:
    """Return the figures of a chain as JSON-able data."""
    runs = {
        name: {
            "seconds": chain.seconds[name],
            "changed_tasks": run.hosts[ENGINE]["changed_tasks"],
            "failed_tasks": [failed["task"] for failed in run.hosts[ENGINE]["failed_tasks"]],
            "answered_by_the_model_alone": chain.modelled(name),
            "run_by_the_powershell": chain.real(name),
        }
        for name, run in chain.runs.items()
    }
    return {
        "runs": runs,
        "seconds": round(sum(chain.seconds[name] for name in RUNS), 1),
        "start": chain.seconds["start"],
    }


def described(chain: Chain) -> t.Iterator[str]:
    """Yield what a chain came to, as lines for people."""
    for name in RUNS:
        host = chain.runs[name].hosts[ENGINE]
        failed = "; ".join(f"{f['task']}: {f['msg']}" for f in host["failed_tasks"]) or "nothing failed"
        yield f"{name}: {len(host['changed_tasks'])} tasks changed, {chain.seconds[name]} s; {failed}"
    for title, counted in (("only the model answered", chain.modelled()), ("the PowerShell ran", chain.real())):
        yield f"first run, {title}: " + ", ".join(f"{name} ({count})" for name, count in sorted(counted.items()))


def problems(chain: Chain) -> t.Iterator[str]:
    """Yield what did not hold on the PowerShell's host. The proof cannot succeed there, and has to say so."""
    check, first, second = (chain.runs[name].hosts[ENGINE] for name in RUNS)
    if check["failed_tasks"] or not check["changed_tasks"]:
        yield f"check mode failed, or foresaw nothing: {check['failed_tasks']}"
    if check["changed_tasks"] != first["changed_tasks"]:
        yield f"check mode foresaw {check['changed_tasks']}, the first run changed {first['changed_tasks']}"
    if second["changed_tasks"]:
        yield f"the second run changed {second['changed_tasks']}"
    for name, host, task in (("first", first, PROOF), ("second", second, IDLE_PROOF)):
        told = [failed["msg"] for failed in host["failed_tasks"] if failed["task"] == task]
        if len(host["failed_tasks"]) != 1 or not told or "could not answer a question: events" not in told[0]:
            yield f"the {name} run shall fail in its proof alone, for want of an event log: {host['failed_tasks']}"
    if chain.left["check"] != chain.left["before"]:
        yield "check mode changed the drive"
    if chain.left["second"] != chain.left["first"]:
        yield "the second run changed the drive"


def main() -> int:
    """Run the chain, show it and write its figures; return 0 only if everything held."""
    try:
        chain = run(FOLDER, show=True)
    except RuntimeError as why:
        print(why, file=sys.stderr)
        return 1
    (FOLDER / "summary.json").write_text(json.dumps(summary(chain), indent=2) + "\n", "utf-8")
    demo.title("What it came to (a real PowerShell under Wine; no Windows was involved)")
    found = list(problems(chain))
    for line in [*described(chain), *(f"FAILED: {problem}" for problem in found)]:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
