"""`meta/execution-environment.yml`: ansible-builder makes a context of it in which every version is the tested one."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.release import __version__ as ansible_version
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
DEFINITION = ROOT / "meta" / "execution-environment.yml"
PACKAGES = next(Path(sys.prefix).glob("lib/python*/site-packages"))


def name(text):
    return re.sub(r"[-_.]+", "-", text).lower()


def requirements(path):
    lines = (line.partition("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return {name(r.name): r for r in map(Requirement, filter(None, lines))}


@pytest.fixture(scope="module")
def context(tmp_path_factory):
    folder = tmp_path_factory.mktemp("context")
    command = [
        Path(sys.executable).parent / "ansible-builder",
        "create",
        "-f",
        DEFINITION,
        "-c",
        folder,
        "--output-filename",
        "Containerfile",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_collection_is_pinned_to_the_tested_release(context):
    asked = yaml.safe_load((context / "_build" / "requirements.yml").read_text("utf-8"))["collections"]
    wanted = yaml.safe_load((ROOT / "galaxy.yml").read_text("utf-8"))["dependencies"]
    assert {entry["name"] for entry in asked} == set(wanted)
    for entry in asked:
        manifest = PACKAGES / "ansible_collections" / entry["name"].replace(".", "/") / "MANIFEST.json"
        assert entry["version"] == json.loads(manifest.read_text("utf-8"))["collection_info"]["version"]


@pytest.mark.skipif(not ansible_version.startswith("2.21."), reason="the execution environment has ansible-core 2.21")
def test_every_package_and_all_that_it_needs_is_pinned_to_the_tested_release(context):
    pinned = requirements(context / "_build" / "configs" / "ee-constraints.txt")
    assert all(re.fullmatch(r"==[0-9][0-9a-z.]*", str(r.specifier)) for r in pinned.values())
    asked = requirements(context / "_build" / "requirements.txt")
    assert asked == requirements(ROOT / "meta" / "ee-requirements.txt")
    interpreter = {"python_version": "3.12", "python_full_version": "3.12.0", "extra": ""}
    todo = ["ansible-core", "ansible-runner", *asked]
    needed = set()
    while todo:
        package = name(todo.pop())
        if package in needed:
            continue
        needed.add(package)
        below = map(Requirement, importlib.metadata.requires(package) or ())
        todo += [r.name for r in below if r.marker is None or r.marker.evaluate(interpreter)]
    assert needed == set(pinned)
    files = (ROOT / "requirements").glob("*.txt")
    tested = {package for path in files for package, r in requirements(path).items() if r.specifier}
    for package, requirement in pinned.items():
        version, pin = importlib.metadata.version(package), str(requirement.specifier).removeprefix("==")
        # What we pin ourselves is the same; what only comes along may have had a release since.
        assert version == pin or (package not in tested and version.split(".")[0] == pin.split(".")[0]), package
        assert package not in asked or asked[package].specifier.contains(str(requirement.specifier).removeprefix("=="))


def test_the_image_is_named_and_its_packages_are_held_to_the_pins_before_the_first_is_installed(context):
    lines = (context / "Containerfile").read_text("utf-8").splitlines()
    (image,) = (re.fullmatch(r'ARG EE_BASE_IMAGE="(.+)"', line) for line in lines if "EE_BASE_IMAGE=" in line)
    assert re.search(r":[0-9][0-9.-]*$|@sha256:[0-9a-f]{64}$", image[1])
    held = lines.index("ENV PIP_CONSTRAINT=/etc/pip-constraints.txt")
    assert lines.index("COPY _build/configs/ee-constraints.txt /etc/pip-constraints.txt") < held
    assert held < min(number for number, line in enumerate(lines) if "pip install" in line or "pip_install" in line)
    references = next(line for line in lines if "ANSIBLE_INSTALL_REFS=" in line)
    assert set(re.search(r'"(.+)"', references)[1].split()) == {
        f"{package}=={importlib.metadata.version(package)}" for package in ("ansible-core", "ansible-runner")
    }


def test_a_builder_of_another_image_reads_what_this_collection_needs(context):
    found = subprocess.run(
        [sys.executable, context / "_build" / "scripts" / "introspect.py", "introspect", collections()],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line.partition("#") for line in yaml.safe_load(found.stdout)["python"]]
    ours = [line for line, _, source in lines if "imops.identity_manager" in source]
    assert {name(Requirement(line).name) for line in ours} == set(requirements(ROOT / "meta" / "ee-requirements.txt"))


def collections():
    """Return the folder of the collection as it ships, which the checkout's tree of links is not."""
    tree = ROOT / "build" / "introspected"
    folder = tree / "ansible_collections" / "imops" / "identity_manager"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.unlink(missing_ok=True)
    folder.symlink_to(ROOT)
    return tree
