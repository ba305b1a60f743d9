"""The collection's archive, as `make build` makes it: what is in it, and that it works where nothing else is."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from pathlib import Path

import demo
import emulated
import pytest
import yaml

ROOT = emulated.ROOT
GALAXY = Path(sys.executable).parent / "ansible-galaxy"
PACKAGES = next(Path(sys.prefix).glob("lib/python*/site-packages"))
HOST = "paris.contoso.com"

SHIPPED = {"changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles"}
SHIPPED |= {"COPYING", "CONTRIBUTING.md", "README.md", "ee-requirements.txt"}
MADE = {"MANIFEST.json", "FILES.json"}
NOT_SHIPPED = {"galaxy.yml"}  # ansible-galaxy writes MANIFEST.json of it


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    """The archive of this checkout."""
    folder = tmp_path_factory.mktemp("archive")
    command = [GALAXY, "collection", "build", "--output-path", folder, ROOT]
    done = subprocess.run(command, env=emulated.environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="module")
def collections(archive, tmp_path_factory):
    """A collections path with the declared dependencies, and the archive installed beside them without a server."""
    folder = tmp_path_factory.mktemp("collections")
    for name in yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["dependencies"]:
        path = Path("ansible_collections", *name.split("."))
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).symlink_to(PACKAGES / path)
    command = [GALAXY, "collection", "install", "--offline", "--collections-path", folder, archive]
    environment = emulated.environment() | {"ANSIBLE_COLLECTIONS_PATH": str(folder)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def under(name, entries):
    return any(name == entry or name.startswith(f"{entry}/") for entry in entries)


def test_the_archive_holds_all_that_ships_and_nothing_else(archive):
    with tarfile.open(archive) as opened:
        held = {member.name for member in opened.getmembers() if not member.isdir()}
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    ours = {name for name in listed if under(name, SHIPPED) and (ROOT / name).exists()}
    assert held - MADE == ours - NOT_SHIPPED
    assert not [name for name in held if "standin" in name.lower()]


def test_the_archive_installed_beside_its_dependencies_alone_installs_an_agent(collections, tmp_path):
    variables = {"ANSIBLE_COLLECTIONS_PATH": str(collections), "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false"}
    words = [*demo.prepare(), "--limit", HOST]
    installed = collections / "ansible_collections" / "imops" / "identity_manager"
    inventories = [installed / "examples" / "contoso" / "inventory.yml"]
    with emulated.fleet(demo.CONTOSO / "emulated-servers.yml", tmp_path) as fleet:

        def run(name):
            done = emulated.playbook(
                fleet, f"imops.identity_manager.{name}", *words, inventories=inventories, variables=variables
            )
            assert done.status == 0, done.output[-4000:]
            return done.hosts[HOST]

        first = run("install")
        assert first["stats"]["changed"] > 0
        assert first["verified"]
        assert run("install")["stats"]["changed"] == 0
        assert run("verify")["stats"]["changed"] == 0
