"""The words of the command line, and the question to a running fleet that one of its commands is.

Nothing of a server is imported here: who only asks need not wait for it.
"""

from __future__ import annotations

import argparse
import json
import urllib.error
import urllib.request
from pathlib import Path

COMMANDS = {
    "dump": "state and counters of a host, as JSON",
    "save": "a host's whole state as JSON, secrets and private keys included, for a scenario's saved_state",
    "counters": "counters of a host since the last reset",
    "reset": "set all counters and the faults' occurrences to zero",
    "fault": "let a host fail from now on: --fault takes JSON, as in a scenario's faults; no --fault: no more faults",
    "stop": "stop the fleet",
}
DEFAULT_READY = Path("build/emulator/ready.json")
ANSWER_SECONDS = 60


class NoAnswer(Exception):
    """No fleet is running there, or it refuses a command; the text says which."""


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
    made.add_argument(
        "--running-clock", action="store_true", help="let the servers' time pass between remote executions"
    )
    made.add_argument("--host", metavar="NAME", help="the host that a command is about")
    made.add_argument("--fault", metavar="JSON", help="with the command fault")
    return made


def ask(options: argparse.Namespace) -> str:
    """Give a running fleet the command of a parsed command line and return its answer, JSON.

    Raises:
        NoAnswer: it refuses the command, or no fleet is running.
    """
    query = f"?host={options.host}" if options.host else ""
    try:
        control = json.loads(options.ready_file.read_text("utf-8"))["control"]
        address = f"{control}/{options.command}{query}"
        request = urllib.request.Request(address, (options.fault or "").encode(), method="POST")
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as problem:
        raise NoAnswer(problem.read().decode() or str(problem)) from problem
    except (OSError, KeyError, ValueError) as problem:
        raise NoAnswer(f"no running fleet behind {options.ready_file}: {problem}") from problem
