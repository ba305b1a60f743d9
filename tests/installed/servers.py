"""Servers that former versions installed: each is a saved state with the inventory that made it. The one place that
knows how a state becomes an emulated server.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t
from pathlib import Path

import yaml
from ansible.inventory.manager import InventoryManager
from ansible.parsing.dataloader import DataLoader
from ansible.vars.manager import VariableManager
from emulator.scenario import saved_state
from emulator.windows.machine import Machine

FOLDER = Path(__file__).resolve().parent
PLAYBOOK = "imops.identity_manager.install"
ARCHIVE, BUNDLE, KEY_PAIR = "runtime.zip", "dotnet-hosting.exe", "identity-server.pfx"
WIRE = ("connection", "auth")


@dataclasses.dataclass(frozen=True)
class Installed:
    """One server.

    Attributes:
        version: of the collection that installed it, the name of its folder.
        name: its inventory name.
    """

    version: str
    name: str

    def __str__(self) -> str:
        return f"{self.version}/{self.name.partition('.')[0]}"

    @property
    def folder(self) -> Path:
        """Return the folder of its version."""
        return FOLDER / self.version

    def state(self) -> dict[str, t.Any]:
        """Return its state as plain data."""
        return t.cast("dict[str, t.Any]", json.loads(state_file(self.folder, self.name).read_text("utf-8")))

    def machine(self) -> Machine:
        """Build it as the emulated server that it was; its clock stands where it stood, so nothing expires."""
        return saved_state.restore(self.state())

    def variables(self) -> dict[str, t.Any]:
        """Return the variables that Ansible reads from its inventory, templates and all."""
        loader = DataLoader()
        inventory = InventoryManager(loader, sources=[str(self.folder / "inventory.yml")])
        found = VariableManager(loader, inventory).get_vars(host=inventory.get_host(self.name))
        return {**found, **extra_variables(self.folder)}


def state_file(folder: Path, name: str) -> Path:
    """Return the file of a server's state."""
    return folder / f"{name.partition('.')[0]}.json"


def extra_variables(folder: Path) -> dict[str, str]:
    """Return the variables that a version's inventory is run with: where its files are, and their checksums."""
    files = folder / "files"
    return {
        "installed_files": str(files),
        "installed_archive_checksum": hashlib.sha256((files / ARCHIVE).read_bytes()).hexdigest(),
        "installed_bundle_checksum": hashlib.sha256((files / BUNDLE).read_bytes()).hexdigest(),
    }


def save(machine: Machine) -> dict[str, t.Any]:
    """Return the state of a machine in process, as ``Installed.state`` returns one that was written."""
    return saved_state.save(machine)


def every() -> list[Installed]:
    """Return all servers of all versions."""
    found = []
    for path in sorted(FOLDER.glob("*/servers.yml")):
        found += [Installed(path.parent.name, name) for name in yaml.safe_load(path.read_text("utf-8"))["hosts"]]
    return found


def scenario(version: str) -> dict[str, t.Any]:
    """Return the emulator's scenario of a version's installed servers, each reached as it was."""
    hosts = yaml.safe_load((FOLDER / version / "servers.yml").read_text("utf-8"))["hosts"]
    return {
        "hosts": {
            name: {"saved_state": str(state_file(FOLDER / version, name)), **{k: host[k] for k in WIRE if k in host}}
            for name, host in hosts.items()
        }
    }
