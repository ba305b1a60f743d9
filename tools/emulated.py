"""Start emulated Windows servers, run playbooks against them, and read what both came to: shared by the demo and the
tests.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))

from collection_tree import link  # noqa: E402  (the path comes first)
from emulator import command_line  # noqa: E402

START_SECONDS = 180
STOP_SECONDS = 90
"""A host of kind powershell waits for its last processes and removes its drive, which is left behind otherwise."""


@dataclasses.dataclass(frozen=True)
class Fleet:
    """A running emulator.

    Attributes:
        folder: where its files are (inventory, ready file, certificate authority).
    """

    folder: Path

    @property
    def inventory(self) -> Path:
        """The inventory with the connection of each host."""
        return self.folder / "hosts.yml"

    @property
    def ready(self) -> dict[str, t.Any]:
        """What the emulator reported when it was ready: hosts, control address, certificate authority."""
        return t.cast("dict[str, t.Any]", json.loads((self.folder / "ready.json").read_text("utf-8")))

    def command(self, *arguments: str) -> dict[str, t.Any]:
        """Run one of the emulator's commands (``dump``, ``counters``, ``reset``, ``fault`` …) and return its JSON
        answer. They are asked without a process of their own, whose start takes half a second.

        Raises:
            RuntimeError: the command is refused, or the fleet is not running.
        """
        options = command_line.parser().parse_args([*arguments, "--ready-file", str(self.folder / "ready.json")])
        try:
            return t.cast("dict[str, t.Any]", json.loads(command_line.ask(options) or "{}"))
        except command_line.NoAnswer as problem:
            raise RuntimeError(f"emulator {' '.join(arguments)}: {problem}") from problem

    def counters(self, host: str) -> dict[str, t.Any]:
        """Return a host's counters since the last reset."""
        return self.command("counters", "--host", host)


def start(scenario: Path, folder: Path, *arguments: str, wait: float = START_SECONDS) -> subprocess.Popen[bytes]:
    """Start the emulator on a scenario and return its process once all hosts listen. It outlives the caller.

    Raises:
        RuntimeError: it was not ready in time; its output is in the message.
    """
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / "ready.json"
    ready.unlink(missing_ok=True)
    log = folder / "emulator.log"
    words = [sys.executable, "-m", "emulator", "--scenario", str(scenario), "--inventory", str(folder / "hosts.yml")]
    words += ["--ready-file", str(ready), "--pid-file", str(folder / "pid"), *arguments]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # nobody's terminal, and no group that somebody else ends
        )
    deadline = time.monotonic() + wait
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            stop(process)
            raise RuntimeError(f"the emulator did not start:\n{log.read_text('utf-8', 'replace')}")
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.05)
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Stop an emulator by its own process, and wait until it has ended."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def fleet(scenario: Path, folder: Path, *arguments: str, wait: float = START_SECONDS) -> t.Iterator[Fleet]:
    """Start the emulator on a scenario, and stop it by its own process at the end.

    Raises:
        RuntimeError: it was not ready in time; its output is in the message.
    """
    process = start(scenario, folder, *arguments, wait=wait)
    try:
        yield Fleet(folder)
    finally:
        stop(process)


def ansible_playbook() -> Path:
    """Return the program of the virtual environment that runs this."""
    return Path(sys.executable).parent / "ansible-playbook"


@dataclasses.dataclass(frozen=True)
class Run:
    """What one playbook run came to.

    Attributes:
        status: ansible-playbook's exit status.
        output: what it printed.
        hosts: the callback's record of each host: stats, changed_tasks, failed_tasks, verified, and upgrade after one.
    """

    status: int
    output: str
    hosts: dict[str, dict[str, t.Any]]


def playbook(
    fleet: Fleet,
    name: str | Path,
    *arguments: str,
    inventories: t.Sequence[Path] = (),
    show: bool = False,
    variables: t.Mapping[str, str] | None = None,
) -> Run:
    """Run a playbook against the fleet.

    Args:
        fleet: the running emulator; its inventory comes first.
        name: a playbook's path, or the full name of one in a collection.
        *arguments: further words for ansible-playbook.
        inventories: further inventories.
        show: whether its output is shown while it runs.
        variables: further environment variables.
    """
    results = fleet.folder / "results.json"
    results.unlink(missing_ok=True)
    words: list[str | Path] = [ansible_playbook(), str(name)]
    for inventory in (fleet.inventory, *inventories):
        words += ["-i", inventory]
    process = subprocess.Popen(
        [*words, *arguments],
        cwd=fleet.folder,
        env=environment(fleet) | {"IMOPS_RESULTS": str(results)} | dict(variables or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    lines = []
    assert process.stdout is not None
    for line in process.stdout:
        lines.append(line)
        if show:
            print(line, end="", flush=True)
    status = process.wait()
    hosts = json.loads(results.read_text("utf-8")) if results.exists() else {}
    return Run(status, "".join(lines), hosts)


def environment(fleet: Fleet | None = None) -> dict[str, str]:
    """Return the environment of our child processes: the checkout as the collection, and nothing of the user's Ansible
    settings.
    """
    packages = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    made = kept | {
        "PYTHONPATH": str(ROOT / "tests"),
        "ANSIBLE_COLLECTIONS_PATH": f"{link()}:{packages}",
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tools" / "callbacks"),
        "ANSIBLE_CALLBACKS_ENABLED": "imops_results",
        "ANSIBLE_HOST_KEY_CHECKING": "false",
        "ANSIBLE_FORKS": "4",
        "ANSIBLE_NOCOLOR": "1" if not sys.stdout.isatty() else "0",
        "ANSIBLE_TASK_TIMEOUT": "120",
    }
    if fleet:
        made["ANSIBLE_HOME"] = str(fleet.folder / "ansible-home")
        made["ANSIBLE_LOCAL_TEMP"] = str(fleet.folder / "ansible-home" / "tmp")
        # Loading the system's certificate bundle costs 25 ms a connection, and the fleet's own authority is
        # all that counts.
        made["SSL_CERT_FILE"] = fleet.ready["ca_file"]
        made["SSL_CERT_DIR"] = str(fleet.folder)
    return made
