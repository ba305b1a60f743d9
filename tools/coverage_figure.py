"""Print how much of `plugins/` the unit tests run, branches apart, and fail below the least that is accepted.

coverage's own `fail_under` mixes statements and branches, and many statements hide a few branches.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

LEAST = 95.0
"""Of all branches, in percent."""


def figures(totals: dict[str, float]) -> tuple[str, bool]:
    """Return the sentence to print of coverage's totals, and whether enough branches ran."""
    statements = 100 * totals["covered_lines"] / totals["num_statements"]
    branches = 100 * totals["covered_branches"] / totals["num_branches"]
    return (
        f"plugins/: {totals['covered_branches']} of {totals['num_branches']} branches ran ({branches:.1f} %, wanted"
        f" {LEAST:.0f} %), {totals['covered_lines']} of {totals['num_statements']} statements ({statements:.1f} %)",
        branches >= LEAST,
    )


def main() -> int:
    """Print the figures of the last `make coverage`; return the exit status."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "--quiet", "-o", str(path)], check=True)
        text, enough = figures(json.loads(path.read_text("utf-8"))["totals"])
    print(text)
    return 0 if enough else 1


if __name__ == "__main__":
    sys.exit(main())
