"""Write the table of connections in docs/benchmarks.md from build/reach/pairs.json: what each pair of a connection and
an authentication sent, as tests/integration/test_install_over_pairs.py counted it.
"""

from __future__ import annotations

import json
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COUNTED, PAGE = ROOT / "build" / "reach" / "pairs.json", ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- pairs -->", "<!-- end of pairs -->"
COLUMNS = ("remote_executions", "connections", "messages", "bytes", "payload")
HEAD = (
    "| pair | run | executions | connections | messages | MB on the wire | MB of payload | messages an execution |",
    "|" + " --- |" * 8,
)


def row(name: str, run: str, counted: t.Mapping[str, int]) -> str:
    """Return a line of the table."""
    executions, connections, messages, sent, payload = (counted[column] for column in COLUMNS)
    each = messages / executions
    return (
        f"| {name} | {run} | {executions} | {connections} | {messages} | {sent / 1e6:.2f} | {payload / 1e6:.2f}"
        f" | {each:.1f} |"
    )


def table(pairs: t.Mapping[str, t.Mapping[str, t.Mapping[str, int]]]) -> str:
    """Return the table: for each pair a first installation and a run that finds nothing to do."""
    words = {"first": "first installation", "again": "nothing to do"}
    lines = [row(name, words[run], counted) for name, runs in pairs.items() for run, counted in runs.items()]
    return "\n".join([*HEAD, *lines])


def main() -> int:
    """Write the table into the page; 1 where nothing was counted yet."""
    if not COUNTED.exists():
        print(f"found no {COUNTED}: run IMOPS_NIGHTLY=1 pytest tests/integration/test_install_over_pairs.py first")
        return 1
    text = PAGE.read_text("utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    counted = table(json.loads(COUNTED.read_text("utf-8")))
    PAGE.write_text(f"{before}{BEGIN}\n\n{counted}\n\n{END}{after}", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
