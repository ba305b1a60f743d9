"""Make the documentation's site in build/docs/html, without a warning: the guides of docs/, and the reference of
modules, filters and roles. ``--lint`` checks the documentation that the reference is built from, and builds no site.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import emulated

ROOT = emulated.ROOT
FOLDER = ROOT / "build" / "docs"
SOURCE = FOLDER / "source"
COLLECTION = "imops.identity_manager"
BINARIES = Path(sys.executable).parent
# Files that pages lead to, at their places: a link that works in the repository works on the site.
LAID_OUT = ("docs", "examples", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md", "CODE_OF_CONDUCT.md")
PAGES = "tests/*/README.md"


def run(*command: str | Path) -> bool:
    """Run a program of this environment, which finds this checkout and our dependencies as collections; return whether
    it had nothing to complain of.
    """
    environment = emulated.environment() | {
        "ANSIBLE_HOME": str(FOLDER / "home"),
        "PATH": f"{BINARIES}:{os.environ['PATH']}",
    }
    return subprocess.run([BINARIES / command[0], *command[1:]], env=environment, check=False).returncode == 0


def lint() -> bool:
    """Check the documentation of modules, filters and roles: markup, and references to options and to each other."""
    return run("antsibull-docs", "lint-collection-docs", "--plugin-docs", ROOT)


def site() -> bool:
    """Lay out the pages and build the site."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    reference = SOURCE / "reference"
    reference.mkdir(parents=True)
    reference.chmod(0o755)  # antsibull-docs refuses a folder that others may write
    for name in (*LAID_OUT, *(str(page.relative_to(ROOT)) for page in ROOT.glob(PAGES))):
        (SOURCE / name).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
        copy(ROOT / name, SOURCE / name)
    settings = SOURCE / "docs" / "docsite"
    (settings / "index.rst").rename(SOURCE / "index.rst")
    built = run(
        *("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error"),
        *("--dest-dir", reference, COLLECTION),
    )
    # -W: a warning, such as a link that leads nowhere, fails.
    return built and run("sphinx-build", "-q", "-W", "--keep-going", "-c", settings, SOURCE, FOLDER / "html")


def main() -> int:
    """Return 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lint", action="store_true", help="check the modules', filters' and roles' documentation")
    if parser.parse_args().lint:
        return 0 if lint() else 1
    if not site():
        return 1
    print(f"the site is {(FOLDER / 'html' / 'index.html').relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
