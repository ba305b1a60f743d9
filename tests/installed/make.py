"""Install servers with the present version and save what they are then, as README.md says:
`python tests/installed/make.py 1.1.0`.
"""

from __future__ import annotations

import argparse
import json
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tools")]

import emulated  # noqa: E402  (the path comes first)
import standin_archive  # noqa: E402

from installed import servers  # noqa: E402

PFX_PASSWORD = "canary-identity-server-pfx-61c8"


class NotInstalled(Exception):
    """A run that failed, or a second one that still changed something: the text has its output."""


def make_files(folder: Path) -> None:
    """Make what a version's inventory names on the controller and as downloads; what is there stays."""
    files = folder / "files"
    if files.is_dir():
        return
    files.mkdir()
    made = standin_archive.make(ROOT / "build" / "standin")
    (files / servers.ARCHIVE).write_bytes(made.archive.read_bytes())
    (files / servers.BUNDLE).write_bytes(made.bundle.read_bytes())
    (files / servers.KEY_PAIR).write_bytes(standin_archive.key_pair("Identity Server", PFX_PASSWORD))


def install(folder: Path) -> list[Path]:
    """Install a version's servers over the wire, check that a second run changes nothing, and return the files of
    their states.

    Raises:
        NotInstalled: a run failed, or the second changed something.
    """
    with emulated.fleet(folder / "servers.yml", ROOT / "build" / "installed" / folder.name) as fleet:
        for number in (1, 2):
            words = ["--extra-vars", json.dumps(servers.extra_variables(folder))]
            run = emulated.playbook(fleet, servers.PLAYBOOK, *words, inventories=[folder / "inventory.yml"], show=True)
            for name, host in run.hosts.items():
                if run.status or host["verified"] is not True or (number == 2 and host["changed_tasks"]):
                    raise NotInstalled(f"run {number}, {name}: {host}")
        return [write(fleet.command("save", "--host", name), folder) for name in fleet.ready["hosts"]]


def write(state: t.Mapping[str, t.Any], folder: Path) -> Path:
    """Write a state, from ``emulator save`` or of a machine in process (``servers.save``), and return its file."""
    path = servers.state_file(folder, state["name"])
    path.write_text(json.dumps(state, indent=1) + "\n", "utf-8")
    return path


def main() -> int:
    """Make the states of one version and return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("version", help="a folder beside this file with servers.yml and inventory.yml")
    folder = servers.FOLDER / parser.parse_args().version
    make_files(folder)
    try:
        for path in install(folder):
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")
    except NotInstalled as problem:
        print(f"nothing is saved: {problem}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
