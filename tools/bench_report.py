"""Write docs/benchmarks.md and its plot from build/bench/summary.json: the numbers as they were measured."""

from __future__ import annotations

import datetime
import json
import sys
import typing as t
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
SUMMARY, PAGE = ROOT / "build" / "bench" / "summary.json", ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
MARK = "<!-- measured -->"
DRAWN = (("cpu_s", "controller CPU, s"), ("executions", "remote executions"))


def plot(summary: dict[str, t.Any]) -> None:
    """Draw how a run with nothing to do grows with the number of servers."""
    hosts = summary["cases"]["nothing_to_do"]["hosts"]
    numbers = sorted(map(int, hosts))
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure, axes = plt.subplots(1, 2, figsize=(10, 4))
    for axis, (measure, words) in zip(axes, DRAWN, strict=True):
        for side, style in (("baseline", "s--"), ("ours", "o-")):
            axis.plot(numbers, [hosts[str(n)][side][measure] for n in numbers], style, label=side)
        axis.set(xlabel="servers", ylabel=words, xscale="log", yscale="log", title=f"nothing to do: {words}")
        axis.legend()
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> int:
    """Replace what stands behind the mark in the page."""
    summary = json.loads(SUMMARY.read_text("utf-8"))
    head = PAGE.read_text("utf-8").partition(MARK)[0]
    versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
    edit, today = summary["json_edit"], f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}"
    lines = [
        MARK,
        "",
        f"Measured on {today}: {summary['machine']}; {versions}; {summary['forks']} forks.",
        "",
        (SUMMARY.parent / "table.md").read_text("utf-8"),
        "What one more server costs the controller, CPU seconds between the least and the most servers of a case:",
        "",
        "| case | ours | baseline | times |",
        "| --- | --- | --- | --- |",
        *(f"| {case} | {s['ours']} | {s['baseline']} | {s['ratio']} |" for case, s in summary["slopes"].items()),
        "",
        "![How a run with nothing to do grows with the number of servers](benchmarks.svg)",
        "",
        f"Editing one key of a settings file with 20,000 keys ({edit['bytes'] / 1e6:.2f} MB): {edit['seconds']} s;",
        f"twice the size takes {edit['twice_as_long_takes']} times as long.",
        "",
    ]
    PAGE.write_text(head + "\n".join(lines), "utf-8")
    plot(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
