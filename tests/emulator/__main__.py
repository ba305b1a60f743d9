"""The command line: start a fleet, or ask a running one. `python -m emulator --help` says how."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
import typing as t
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from aiohttp import web

from . import control, fleet
from .process.powershell import Crashed, Unavailable
from .scenario.hosts import HostSpec
from .scenario.server import BadScenario
from .wire.http import Front

COMMANDS = {
    "dump": "state and counters of a host, as JSON",
    "save": "a host's whole state as JSON, secrets and private keys included, for a scenario's saved_state",
    "counters": "counters of a host since the last reset",
    "reset": "set all counters and the faults' occurrences to zero",
    "fault": "let a host fail from now on: --fault takes JSON, as in a scenario's faults; no --fault: no more faults",
    "stop": "stop the fleet",
}
JOB_START_SECONDS = 60
"""How long a job in the background may take to start on a host of kind powershell: a new process under Wine."""
DEFAULT_READY = Path("build/emulator/ready.json")


def parser() -> argparse.ArgumentParser:
    """Return the command line's parser."""
    listed = "\n".join(f"  {name:9} {text}" for name, text in COMMANDS.items())
    made = argparse.ArgumentParser(
        prog="python -m emulator",
        description=(
            "Emulated Windows servers on the wire (WS-Man over https on 127.x.y.z:5986), for unmodified psrp and winrm"
            " connections."
        ),
        epilog=f"commands for a running fleet:\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "command", nargs="?", default="serve", choices=["serve", *COMMANDS], help="default: serve, in the foreground"
    )
    made.add_argument(
        "--hosts", type=int, default=1, metavar="N", help="how many hosts, where the scenario names none (default 1)"
    )
    made.add_argument(
        "--scenario", type=Path, metavar="FILE", help="YAML: what the servers are before anybody touches them"
    )
    made.add_argument(
        "--inventory", type=Path, metavar="OUT", help="write an Ansible inventory with the hosts in the group agents"
    )
    made.add_argument(
        "--ready-file",
        type=Path,
        default=DEFAULT_READY,
        metavar="OUT",
        help=f"written when all hosts listen (default {DEFAULT_READY})",
    )
    made.add_argument("--pid-file", type=Path, metavar="OUT", help="write the process id")
    made.add_argument(
        "--latency-ms", type=int, default=0, metavar="N", help="milliseconds that each remote execution takes longer"
    )
    made.add_argument("--host", metavar="NAME", help="the host that a command is about")
    made.add_argument("--fault", metavar="JSON", help="with the command fault")
    return made


def main(words: t.Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    options = parser().parse_args(words)
    if options.command != "serve":
        return _ask(options)
    try:
        asyncio.run(_serve(options))
    except (BadScenario, Crashed, Unavailable, OSError) as problem:
        print(f"emulator: {problem}", file=sys.stderr)
        return 1
    return 0


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(text, "utf-8")
        temporary.chmod(0o600)
        temporary.replace(path)


async def _serve(options: argparse.Namespace) -> None:
    names = [f"host{number}" for number in range(1, options.hosts + 1)]
    hosts = fleet.build(options.scenario or {}, names)
    folder = options.ready_file.resolve().parent
    front = Front(hosts, folder, options.latency_ms / 1000)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _write(options.pid_file, f"{os.getpid()}\n")
    runner = web.AppRunner(control.application(hosts, stopping))
    await front.start()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address, port = runner.addresses[0][:2]
    ready = {
        "pid": os.getpid(),
        "control": f"http://{address}:{port}",
        "ca_file": str(front.authority.file),
        "hosts": {
            name: {
                "address": h.address,
                "port": h.spec.port,
                "connection": h.spec.connection,
                "auth": h.spec.auth,
                "user": h.spec.user,
            }
            for name, h in hosts.items()
        },
    }
    _write(options.inventory, yaml.safe_dump(inventory(hosts, front.authority.file), sort_keys=False))
    _write(options.ready_file, json.dumps(ready, indent=1))
    print(f"{len(hosts)} emulated Windows servers listen; stop with SIGTERM to {os.getpid()}", flush=True)
    await stopping.wait()
    await runner.cleanup()
    await front.stop()


def inventory(hosts: t.Mapping[str, fleet.Host], authority: Path) -> dict[str, t.Any]:
    """Return an Ansible inventory that reaches the hosts."""
    found = {}
    for name, host in hosts.items():
        spec = host.spec
        variables: dict[str, t.Any] = {
            "ansible_host": host.address,
            "ansible_port": spec.port,
            "ansible_connection": spec.connection,
            "ansible_user": spec.user,
            "ansible_password": spec.password,
        }
        variables |= _of_psrp(spec, authority) if spec.connection == "psrp" else _of_winrm(spec, authority)
        if spec.kind == "powershell":
            variables["ansible_win_async_startup_timeout"] = JOB_START_SECONDS
        found[name] = variables
    return {"agents": {"hosts": found}}


def _of_psrp(spec: HostSpec, authority: Path) -> dict[str, t.Any]:
    """Return the variables of the connection psrp; a ticket is for the server's name, not for its address."""
    trust = {"ansible_psrp_cert_validation": "validate", "ansible_psrp_ca_cert": str(authority)}
    name = {"ansible_psrp_negotiate_hostname_override": spec.name} if spec.auth == "kerberos" else {}
    ways = {"ansible_psrp_protocol": spec.scheme, "ansible_psrp_auth": spec.auth}
    return ways | (trust if spec.is_https else {}) | name


def _of_winrm(spec: HostSpec, authority: Path) -> dict[str, t.Any]:
    """Return the variables of the connection winrm, likewise."""
    trust = {"ansible_winrm_server_cert_validation": "validate", "ansible_winrm_ca_trust_path": str(authority)}
    name = {"ansible_winrm_kerberos_hostname_override": spec.name} if spec.auth == "kerberos" else {}
    ways = {"ansible_winrm_scheme": spec.scheme, "ansible_winrm_transport": spec.auth}
    return ways | (trust if spec.is_https else {}) | name


def _ask(options: argparse.Namespace) -> int:
    try:
        control = json.loads(options.ready_file.read_text("utf-8"))["control"]
        query = f"?host={options.host}" if options.host else ""
        request = urllib.request.Request(
            f"{control}/{options.command}{query}", (options.fault or "").encode(), method="POST"
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            print(answer.read().decode())
    except urllib.error.HTTPError as problem:
        print(f"emulator: {problem.read().decode() or problem}", file=sys.stderr)
        return 1
    except (OSError, KeyError, ValueError) as problem:
        print(f"emulator: no running fleet behind {options.ready_file}: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
