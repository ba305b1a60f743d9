"""Run ansible-lint (profile production) on the collection where its loader finds it, whatever the checkout's folder is
called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINTED = (
    "galaxy.yml",
    "meta",
    "playbooks",
    "plugins",
    "roles",
    "examples",
    "extensions",
    ".ansible-lint",
    ".yamllint",
    "README.md",
    "changelogs",
)


def main() -> int:
    """Copy what is linted into a collection tree, since ansible-lint wants real files there, and return its exit
    status.
    """
    tree = ROOT / "build" / "ansible-lint"
    folder = tree / "ansible_collections" / "imops" / "identity_manager"
    shutil.rmtree(tree, ignore_errors=True)
    for name in LINTED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, folder / name)
    binaries = Path(sys.executable).parent
    packages = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    environment = os.environ | {
        "ANSIBLE_COLLECTIONS_PATH": f"{tree}:{packages}",
        "PATH": f"{binaries}:{os.environ['PATH']}",
        "ANSIBLE_HOME": str(ROOT / "build" / "ansible-home"),
    }
    return subprocess.run(
        [binaries / "ansible-lint", "--offline", "--nocolor", "-q"], cwd=folder, env=environment, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
