"""Run those tests of ``ansible-test sanity`` that need neither PowerShell nor a container, on a copy of the collection
in the folder tree that ansible-test wants.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_test

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "sanity"
TESTED = ("COPYING", "README.md", "galaxy.yml", "changelogs", "meta", "playbooks", "plugins", "roles", "tests/sanity")
NOT_RUN = {
    "pslint": "PSScriptAnalyzer needs PowerShell; tests/integration/rig lints both scripts for PowerShell 5.1",
    "shellcheck": "no shell script ships",
}

BOOTSTRAP = '''"""Put pip into a virtual environment as get-pip.py would, from this Python and the package index."""

import os
import subprocess
import sys

os.environ.pop("GET_PIP", None)
subprocess.run([sys.executable, "-m", "ensurepip"], check=True, stdout=subprocess.DEVNULL)
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", *wanted], check=True)
'''


def tree() -> Path:
    """Copy what is tested and return the folder of the copy."""
    collections = FOLDER / "ansible_collections"
    shutil.rmtree(collections, ignore_errors=True)
    folder = collections / "imops" / "identity_manager"
    for name in TESTED:
        source = ROOT / name
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    # ansible-test asks git for the files, and would find those of the checkout, which ignores its build folder.
    subprocess.run(["git", "init", "--quiet", folder], check=True)
    return folder


def home() -> Path:
    """Return a home folder of ansible-test's own, where it keeps the environments that it makes.

    It would fetch get-pip.py from a server of Ansible's, which a machine with a package index alone does not reach; a
    script that does the same waits where it looks first. ansible-test hides pip's variables, but not pip's files.
    """
    made = FOLDER / "home"
    cache = made / ".ansible" / "test" / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    wants = Path(ansible_test.__path__[0], "_internal", "python_requirements.py").read_text("utf-8")
    for version in re.findall(r"\bpip='([\d.]+)'", wants):
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(BOOTSTRAP, "utf-8")
    for name in (".config/pip", ".pip"):
        theirs, ours = Path.home() / name, made / name
        if theirs.exists() and not ours.is_symlink():
            ours.parent.mkdir(parents=True, exist_ok=True)
            ours.symlink_to(theirs)
    return made


def main(arguments: list[str]) -> int:
    """Run the tests that are named (all but NOT_RUN otherwise) and return ansible-test's exit status."""
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"HOME": str(home()), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    words = [str(Path(sys.executable).parent / "ansible-test"), "sanity", "--color", "no", "--python", python]
    for name in () if arguments else NOT_RUN:
        words += ["--skip-test", name]
    for name in arguments:
        words += ["--test", name]
    return subprocess.run(words, cwd=tree(), env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
