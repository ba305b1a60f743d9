"""The collection's archive, as `make build` makes it: what is in it, and that it works where nothing else is."""

from __future__ import annotations

import os
import posixpath
import re
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
SHIPPED |= {
    "CHANGELOG.rst",
    "CODE_OF_CONDUCT.md",
    "CONTRIBUTING.md",
    "COPYING",
    "README.md",
    "SECURITY.md",
    "SUPPORT.md",
}
SHIPPED |= {"requirements.txt", "ee-requirements.txt", "ee-bindep.txt"}
# Of the tests what ansible-test reads, and what the pages lead to.
SHIPPED |= {f"tests/{name}/README.md" for name in ("emulator", "fidelity", "installed")} | {"tests/sanity"}
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


def listed(archive):
    """Return the names of the files in an archive."""
    with tarfile.open(archive) as opened:
        return {member.name for member in opened.getmembers() if not member.isdir()}


def test_the_archive_holds_all_that_ships_and_nothing_else(archive):
    held = listed(archive)
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    extensions = {name for name in tracked if under(name, {"extensions"}) and not under(name, {"extensions/molecule"})}
    ours = {name for name in tracked if under(name, SHIPPED) and (ROOT / name).exists()} | extensions
    assert held - MADE == ours - NOT_SHIPPED
    assert not [name for name in held if re.search(r"standin(?!g)", name.lower())]


def test_what_the_pages_in_the_archive_lead_to_is_in_the_archive(archive):
    held = listed(archive)
    missing = []
    for page in sorted(name for name in held if name.endswith(".md")):
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", (ROOT / page).read_text("utf-8")):
            path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
            if "://" not in target and not any(under(name, {path}) for name in held):
                missing.append(f"{page}: {target}")
    assert missing == []


def test_what_the_folder_meta_names_is_in_the_archive(archive):
    held = listed(archive)
    environment = yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text("utf-8"))
    files = [environment["dependencies"]["python"], *(file["src"] for file in environment["additional_build_files"])]
    # ansible-builder looks for them beside the file, and in the root of a collection that is already installed.
    assert {f"meta/{name}" for name in files} | {environment["dependencies"]["python"]} <= held
    runtime = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text("utf-8"))
    assert {f"plugins/action/{name}.py" for name in runtime["action_groups"]["identity_manager"]} <= held


@pytest.mark.nightly
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
        again = ("install", "verify") if os.environ.get("IMOPS_NIGHTLY") else ("verify",)
        assert [run(name)["stats"]["changed"] for name in again] == [0] * len(again)
