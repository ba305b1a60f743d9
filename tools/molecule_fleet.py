"""Start the emulated servers of the molecule scenarios and leave them running, or stop them."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import typing as t
from pathlib import Path

import emulated
import standin_archive
from collection_tree import link

SCENARIOS = emulated.ROOT / "extensions" / "molecule"
FOLDER = emulated.ROOT / "build" / "molecule"
STOP_SECONDS = 10


def start() -> str:
    """Start the fleet, if it is not running, with the stand-in files that its servers download, and print where it is.

    Beside the emulator's own files, ``variables.json`` has the variables that depend on the stand-ins: the example's,
    and those of the scenario upgrade.
    """
    if process_id() is not None:
        return "the fleet is running already"
    link()
    folder = emulated.ROOT / "build" / "standin"
    files = standin_archive.make(folder)
    FOLDER.mkdir(parents=True, exist_ok=True)
    variables: dict[str, t.Any] = {f"contoso_{name}": value for name, value in files.variables().items()}
    for name, number in (("upgrade_former", "6.2.1"), ("upgrade_new", "6.2.2")):
        variables[name] = {
            "source": f"https://files.contoso.com/identitymanager/usercube-agent-runtime-{number}.zip",
            "checksum": standin_archive.sha256(standin_archive.version_file(folder, number)),
        }
    (FOLDER / "variables.json").write_text(json.dumps(variables), "utf-8")
    process = emulated.start(SCENARIOS / "fleet.yml", FOLDER)
    return f"process {process.pid}, files in {FOLDER.relative_to(emulated.ROOT)}"


def stop() -> str:
    """Stop the fleet if it is running.

    Raises:
        RuntimeError: it still runs after ten seconds.
    """
    number = process_id()
    if number is None:
        return "no fleet is running"
    os.kill(number, signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    while process_id() is not None:
        if time.monotonic() > deadline:
            raise RuntimeError(f"the emulator (process {number}) does not stop: look at {FOLDER / 'emulator.log'}")
        time.sleep(0.05)
    return f"process {number} has ended"


def process_id() -> int | None:
    """Return the process of the running fleet: of its pid file, and only while that process is this emulator."""
    try:
        number = int((FOLDER / "pid").read_text("utf-8"))
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return None
    return number if str(FOLDER / "ready.json").encode() in words else None


COMMANDS: dict[str, t.Callable[[], str]] = {"start": start, "stop": stop}


def main(words: t.Sequence[str]) -> int:
    """Run one command and return its exit status."""
    if len(words) != 1 or words[0] not in COMMANDS:
        print(f"usage: python tools/molecule_fleet.py {' | '.join(COMMANDS)}", file=sys.stderr)
        return 2
    print(COMMANDS[words[0]]())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
