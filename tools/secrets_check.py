"""Look for secrets in the files of the repository, with detect-secrets. What looks like one and is none stands in
`.secrets.baseline`, each by its hash; ``--accept`` writes that file again, for review.

Made-up secrets of tests and examples say so in their text and need no entry.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BINARIES = Path(sys.executable).parent
BASELINE = ".secrets.baseline"
MADE_UP = "(?i)canary|demo-only|^emulated-1$"
# Nothing that is found is sent anywhere to be tried.
OPTIONS = ["--no-verify", "--exclude-secrets", MADE_UP]


def files() -> list[str]:
    """Return what git has or would take."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [name for name in listed if name != BASELINE and (ROOT / name).is_file()]


def accept() -> int:
    """Write the baseline, without the time and the line numbers that would change it with every commit."""
    command = [str(BINARIES / "detect-secrets"), "scan", *OPTIONS, *files()]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    del found["generated_at"]
    for entries in found["results"].values():
        for entry in entries:
            del entry["line_number"]
    (ROOT / BASELINE).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0


def main(named: list[str]) -> int:
    """Check the files that are named (all otherwise) and return the exit status."""
    command = [str(BINARIES / "detect-secrets-hook"), "--baseline", BASELINE, *OPTIONS]
    return subprocess.run([*command, *(named or files())], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(accept() if sys.argv[1:] == ["--accept"] else main(sys.argv[1:]))
