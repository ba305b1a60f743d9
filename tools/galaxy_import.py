"""Run Galaxy's importer on the collection's archive, as Galaxy does before it accepts one. Its errors fail, and its
warnings too, except for those that are known below with their reason.

It runs without a server, and without ``ansible-test``, which tools/sanity.py runs.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build" / "galaxy-import"
SETTINGS = """[galaxy-importer]
check_changelog = true
run_ansible_doc = true
run_ansible_lint = true
offline_ansible_lint = true
run_ansible_test = false
"""
_IGNORED = "both PowerShell scripts do without module_utils on purpose, and tests/sanity/ignore-*.txt says so"
KNOWN = {
    "sanity[cannot-ignore]: Ignore file contains validate-modules:missing-module-utils-import-csharp": _IGNORED,
    "Ignore files skip ansible-test sanity tests": _IGNORED,
}


def archive() -> Path:
    """Build the archive and return its path."""
    galaxy = Path(sys.executable).parent / "ansible-galaxy"
    subprocess.run([galaxy, "collection", "build", "--force", "--output-path", FOLDER, ROOT], check=True)
    (made,) = FOLDER.glob("*.tar.gz")
    return made


def dependencies() -> Path:
    """Return a folder for PYTHONPATH with the collections of this environment and no other package: the
    importer's ansible-lint takes the modules of our dependencies from there.
    """
    folder = FOLDER / "dependencies"
    folder.mkdir(parents=True)
    (folder / "ansible_collections").symlink_to(
        next(Path(sys.prefix).glob("lib/python*/site-packages")) / "ansible_collections"
    )
    return folder


def complaints(output: str) -> list[str]:
    """Return the importer's errors and warnings, without those that are known."""
    lines = [line for line in output.splitlines() if line.startswith(("ERROR", "WARNING"))]
    return [line for line in lines if not (line.startswith("WARNING") and any(known in line for known in KNOWN))]


def main(importer: Path) -> int:
    """Import the archive with the Python of the importer's environment; return 0 if there is nothing to complain of."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    made = archive()
    settings = FOLDER / "galaxy-importer.cfg"
    settings.write_text(SETTINGS, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")} | {
        "ANSIBLE_HOME": str(FOLDER / "home"),
        "GALAXY_IMPORTER_CONFIG": str(settings),
        "GALAXY_IMPORTER_ANSIBLE_LOCAL_TMP": str(FOLDER / "tmp"),
        "PATH": f"{importer.parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(dependencies()),
    }
    command: list[str | Path] = [importer, "-m", "galaxy_importer.main", made]
    done = subprocess.run(
        command, cwd=FOLDER, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    found = complaints(done.stdout)
    if done.returncode or found:
        print(done.stdout)
        print("\n".join(["galaxy-importer complains:", *found]), file=sys.stderr)
        return 1
    print(f"galaxy-importer accepts {made.name}")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("importer", type=Path, help="the Python of the environment that has galaxy-importer")
    sys.exit(main(parser.parse_args().importer.absolute()))
