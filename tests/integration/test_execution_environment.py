"""`meta/execution-environment.yml`: ansible-builder makes a context of it in which every version is the tested one."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shutil
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
CLIENTS = ("pypsrp", "pywinrm")
# What the stage that builds wheels installs beside them.
OF_THE_BUILDER = ("bindep", "distro", "parsley", "pbr", "setuptools")


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


def needed_by(roots, installed, interpreter):
    """Return the packages that requirements lead to, extras included, and which of them are not installed here."""
    todo, seen, missing = list(roots), set(), set()
    while todo:
        requirement = todo.pop()
        package = name(requirement.name)
        for extra in ("", *requirement.extras):
            if (package, extra) in seen:
                continue
            seen.add((package, extra))
            try:
                below = map(Requirement, installed(package) or ())
            except importlib.metadata.PackageNotFoundError:
                missing.add(package)
                continue
            environment = interpreter | {"extra": extra}
            todo += [r for r in below if r.marker is None or r.marker.evaluate(environment)]
    return {package for package, _ in seen}, missing


@pytest.mark.skipif(not ansible_version.startswith("2.21."), reason="the execution environment has ansible-core 2.21")
def test_every_package_and_all_that_it_needs_is_pinned_to_the_tested_release(context):
    pinned = requirements(context / "_build" / "configs" / "ee-constraints.txt")
    assert all(re.fullmatch(r"==[0-9][0-9a-z.]*", str(r.specifier)) for r in pinned.values())
    asked = requirements(context / "_build" / "requirements.txt")
    assert asked == requirements(ROOT / "meta" / "ee-requirements.txt")
    roots = [Requirement("ansible-core"), Requirement("ansible-runner"), *asked.values()]
    interpreter = {"python_version": "3.12", "python_full_version": "3.12.0"}
    needed, missing = needed_by(roots, importlib.metadata.requires, interpreter)
    compiled = requirements(ROOT / "requirements" / "kerberos.txt")
    # Not every machine can compile these. What they need themselves is asked of the real installation, at night.
    assert missing <= set(compiled)
    assert needed | set(compiled) | set(OF_THE_BUILDER) == set(pinned)
    files = (ROOT / "requirements").glob("*.txt")
    tested = {package for path in files for package, r in requirements(path).items() if r.specifier}
    for package, requirement in pinned.items():
        pin = str(requirement.specifier).removeprefix("==")
        assert package not in asked or asked[package].specifier.contains(pin)
        assert package not in compiled or compiled[package].specifier.contains(pin)
        if package not in {*missing, *compiled, *OF_THE_BUILDER}:
            version = importlib.metadata.version(package)
            # What we pin ourselves is the same; what only comes along may have had a release since.
            same = version == pin or (package not in tested and version.split(".")[0] == pin.split(".")[0])
            assert same, package


def test_the_walk_of_requirements_follows_extras_and_leaves_out_other_pythons():
    needs = {
        "a": ["b", "c[x]; extra == 'k'", "old; python_version < '3'"],
        "b": [],
        "c": ["d; extra == 'x'", "e; extra == 'y'"],
    }

    def installed(package):
        if package not in needs:
            raise importlib.metadata.PackageNotFoundError
        return needs[package]

    interpreter = {"python_version": "3.12"}
    assert needed_by([Requirement("a")], installed, interpreter) == ({"a", "b"}, set())
    assert needed_by([Requirement("a[k]")], installed, interpreter) == ({"a", "b", "c", "d"}, {"d"})


def test_without_a_compiler_the_same_packages_are_needed_but_for_their_extras():
    plain, full = (requirements(ROOT / name) for name in ("requirements.txt", "meta/ee-requirements.txt"))
    assert {p: (r.specifier, r.extras) for p, r in plain.items()} == {p: (r.specifier, set()) for p, r in full.items()}
    assert {p: r.extras for p, r in full.items() if r.extras} == {p: {"kerberos", "credssp"} for p in CLIENTS}


def rules(path):
    """Return the lines of a bindep file: package and what must hold for it."""
    lines = (line.partition("#")[0].split(maxsplit=1) for line in path.read_text("utf-8").splitlines())
    return {words[0]: set(words[1].strip("[]").split()) for words in lines if words}


def test_what_compiles_is_in_the_stage_that_builds_wheels_only(context):
    asked = rules(context / "_build" / "bindep.txt")
    # gcc has a line for each kind of system: the last one is the one that a dict keeps.
    staged = {package for package, conditions in asked.items() if "compile" in conditions}
    assert staged == {package for package in asked if package == "gcc" or package.endswith(("-dev", "-devel"))}
    # kinit of ansible's own winrm plugin, and the libraries of what was compiled.
    assert {"krb5-libs", "krb5-workstation", "libgssapi-krb5-2", "krb5-user"} == set(asked) - staged
    lines = (context / "Containerfile").read_text("utf-8").splitlines()
    last = max(number for number, line in enumerate(lines) if line.startswith("FROM "))
    assert lines[last] == "FROM base AS final"
    assert any("install-from-bindep" in line for line in lines[last:])
    assert not any("assemble" in line and line.startswith("RUN") for line in lines[last:])


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
    system = [line.partition("#") for line in yaml.safe_load(found.stdout)["system"]]
    ours = [line.split()[0] for line, _, source in system if "imops.identity_manager" in source]
    assert set(ours) == set(rules(ROOT / "meta" / "ee-bindep.txt"))


@pytest.mark.nightly
@pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="compiles Kerberos for minutes: make test-all")
@pytest.mark.skipif(not shutil.which("krb5-config") or not shutil.which("gcc"), reason="needs gcc and libkrb5-dev")
def test_the_python_part_installs_and_is_what_is_pinned(context, tmp_path):
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    build = context / "_build"
    pip = [python, "-m", "pip", "--disable-pip-version-check"]
    held = os.environ | {"PIP_CONSTRAINT": str(build / "configs" / "ee-constraints.txt"), "CFLAGS": "-O0"}
    install = [*pip, "install", "-q", "-r", build / "requirements.txt", "ansible-core", "ansible-runner", "bindep"]
    done = subprocess.run(install, env=held, capture_output=True, text=True, check=False, timeout=1500)
    assert done.returncode == 0, done.stderr
    listed = subprocess.run([*pip, "list", "--format", "json"], capture_output=True, text=True, check=True).stdout
    there = {name(entry["name"]): entry["version"] for entry in json.loads(listed)}
    pinned = requirements(build / "configs" / "ee-constraints.txt")
    assert set(there) - {"pip"} == set(pinned)
    assert all(pinned[package].specifier.contains(version) for package, version in there.items() if package != "pip")
    code = "import gssapi, krb5, kerberos, requests_credssp, pypsrp.client, winrm, requests_ntlm, spnego.gss"
    subprocess.run([python, "-c", code], check=True)
    for profile, expected in (([], set()), (["compile"], {"gcc", "libkrb5-dev", "python3-dev"})):
        command = [python.with_name("bindep"), "-l", "newline", "-f", build / "bindep.txt", *profile]
        found = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split()
        assert set(found) >= expected
        assert profile or not {p for p in found if p == "gcc" or p.endswith(("-dev", "-devel"))}


def collections():
    """Return the folder of the collection as it ships, which the checkout's tree of links is not."""
    tree = ROOT / "build" / "introspected"
    folder = tree / "ansible_collections" / "imops" / "identity_manager"
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.unlink(missing_ok=True)
    folder.symlink_to(ROOT)
    return tree
