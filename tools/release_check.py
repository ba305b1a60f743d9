"""Check before a release that the given version is the one that galaxy.yml and the changelog name, and that every
fragment is in the changelog.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent


def problems(version: str, root: Path = ROOT) -> list[str]:
    """Return what keeps a version from being released, each with what to do."""
    found = []
    named = yaml.safe_load((root / "galaxy.yml").read_text("utf-8"))["version"]
    if named != version:
        found.append(f"galaxy.yml: found version {named}, expected {version}: set it, or correct the tag")
    changelog = yaml.safe_load((root / "changelogs" / "changelog.yaml").read_text("utf-8"))
    if version not in changelog["releases"]:
        found.append(f"changelogs/changelog.yaml: no release {version}: run antsibull-changelog release")
    left = sorted(path.name for path in (root / "changelogs" / "fragments").glob("*.yml"))
    if left:
        found.append(
            f"changelogs/fragments: not in the changelog yet: {', '.join(left)}: run antsibull-changelog release"
        )
    return found


def main() -> int:
    """Return 0 when the version may be released."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("version", help="the version to release, such as 1.1.0")
    found = problems(parser.parse_args().version)
    print("\n".join(found), file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
