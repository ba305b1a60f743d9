"""Write docs/benchmarks.md and its plot from build/bench/summary.json: the numbers as they were measured."""

from __future__ import annotations

import json
import sys
import textwrap
import typing as t
from pathlib import Path

import matplotlib as mpl

mpl.use("svg")
from matplotlib import pyplot as plt

ROOT = Path(__file__).resolve().parents[1]
SUMMARY, PAGE = ROOT / "build" / "bench" / "summary.json", ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "benchmarks.svg"
MARK = "<!-- measured -->"
HEAD = (
    "| executions | connections | messages | MB | CPU s | peak MB | wall s | modelled, 800 ms |",
    "| --- | --- | --- | --- | --- | --- | --- | --- |",
)
COLUMNS = ("executions", "connections", "messages", "bytes", "cpu_s", "peak_mb", "wall_0", "wall_800")
Sides = dict[str, dict[str, float]]
AIMS: tuple[tuple[str, str, float, frozenset[str]], ...] = (
    ("nothing_to_do", "executions", 43, frozenset()),
    ("nothing_to_do", "messages", 32, frozenset()),
    ("nothing_to_do", "bytes", 45, frozenset()),
    ("nothing_to_do", "wall_800", 18, frozenset({"50", "200"})),
    ("first_install", "executions", 2, frozenset()),
    ("first_install", "wall_800", 1.5, frozenset()),
)
"""A case, what is counted, how many times less it should be than the baseline's, and of how many servers; none: any."""
SLOPE_AIM = 17
FLOOR_AIMS = {"nothing_to_do": 3.5, "check": 4.5, "verify": 4.5, "one_change": 11}
"""How many times as much CPU as win_ping a further server may cost."""


def cells(c: dict[str, float]) -> str:
    """Return a side's cells; what varies from round to round carries its spread."""
    spread = {name: f" ± {c[f'{name}_spread'] / 2:.1f}" if c["rounds"] > 1 else "" for name in ("cpu_s", "wall_0")}
    return (
        f"| {c['executions']:.0f} | {c['connections']:.0f} | {c['messages']:.0f} | {c['bytes'] / 1e6:.2f}"
        f" | {c['cpu_s']:.1f}{spread['cpu_s']} | {c['peak_mb']:.0f} | {c['wall_0']:.1f}{spread['wall_0']}"
        f" | {c['wall_800']:.1f} |"
    )


def table(rows: t.Iterable[tuple[tuple[str, ...], Sides]], names: tuple[str, ...]) -> list[str]:
    """Return a table with three lines for each row: ours, the baseline, and how many times more the baseline costs."""
    lines = [f"| {' | '.join(names)} | rounds | {HEAD[0]}", "|" + " --- |" * (len(names) + 2) + HEAD[1][1:]]
    for labels, sides in rows:
        for side in ("ours", "baseline"):
            lines.append(f"| {' | '.join(labels)} | {sides[side]['rounds']:.0f} | {side} {cells(sides[side])}")
        ratio = sides["ratio"]
        times = " | ".join(str(ratio.get(name, "")) for name in COLUMNS)
        lines.append(f"|{' |' * len(names)} | **times** | {times} |")
    return lines


def rows(cases: dict[str, t.Any], by: str) -> t.Iterator[tuple[tuple[str, ...], Sides]]:
    """Yield a label and both sides for each case and number."""
    for case, found in cases.items():
        for number, sides in found[by].items():
            yield (case, number), sides


def aims(summary: dict[str, t.Any]) -> list[str]:
    """Return the aims and what was reached."""
    lines = ["| case | servers | measure | aim | reached |", "| --- | --- | --- | --- | --- |"]
    cases = summary["cases"]
    for case, measure, aim, servers in AIMS:
        for number, sides in cases.get(case, {}).get("hosts", {}).items():
            if servers and number not in servers:
                continue
            lines.append(f"| {case} | {number} | {measure} | ≥ {aim} × less | {sides['ratio'][measure]} |")
    slope = summary["slopes"].get("nothing_to_do")
    if slope:
        lines.append(f"| nothing_to_do | slope | cpu_s | ≥ {SLOPE_AIM} × less | {slope['ratio']} |")
    idle, check = cases["nothing_to_do"]["hosts"], cases["check"]["hosts"]
    for number in check:
        for measure in ("executions", "cpu_s"):
            share = check[number]["ours"][measure] / idle[number]["ours"][measure]
            lines.append(f"| check, of nothing_to_do | {number} | {measure} | ≤ 1.1 × | {share:.2f} |")
    if {"10", "200"} <= idle.keys():
        for measure in ("executions", "messages", "bytes", "cpu_s", "wall_0"):
            share = idle["200"]["ours"][measure] / idle["10"]["ours"][measure]
            lines.append(f"| 200 servers, of 10 | | {measure} | ≤ 22 × | {share:.1f} |")
    return lines


def floor(summary: dict[str, t.Any]) -> list[str]:
    """Return how our playbooks compare with the least that Ansible costs; empty where that was not measured."""
    found = summary.get("floor")
    if not found:
        return []
    lines = [f"| {case} | {times} | ≤ {FLOOR_AIMS[case]} |" for case, times in found["times_win_ping"].items()]
    slope = found["win_ping_cpu_slope"]
    told = f"`ansible.windows.win_ping` alone costs {slope} CPU seconds for each further server."
    return ["", told, "", "| case | times win_ping | aim |", "| --- | --- | --- |", *lines]


def plot(summary: dict[str, t.Any]) -> None:
    """Draw how a run with nothing to do grows."""
    idle, growth = summary["cases"]["nothing_to_do"]["hosts"], summary["growth"]
    drawn: tuple[tuple[str, dict[str, Sides], str, str, float], ...] = (
        ("servers", idle, "cpu_s", "controller CPU, s", 1),
        ("servers", idle, "executions", "remote executions", 1),
        ("connections in the settings", growth["connections"], "bytes", "MB on the wire", 1e6),
        ("certificates in the store", growth["certificates"], "bytes", "MB on the wire", 1e6),
    )
    mpl.rcParams["svg.hashsalt"] = "benchmarks"
    figure, grid = plt.subplots(2, 2, figsize=(10, 7))
    for axis, (across, found, measure, words, unit) in zip(grid.flat, drawn, strict=True):
        numbers = sorted(map(int, found))
        if not numbers:
            axis.set_visible(False)
            continue
        for side, style in (("baseline", "s--"), ("ours", "o-")):
            axis.plot(numbers, [found[str(n)][side][measure] / unit for n in numbers], style, label=side)
        scale = "log" if across == "servers" else "linear"
        axis.set(xlabel=across, ylabel=words, xscale=scale, yscale=scale)
        axis.set_ylim(bottom=None if scale == "log" else 0)
        axis.legend()
    figure.suptitle("A run with nothing to do")
    figure.tight_layout()
    figure.savefig(PLOT, metadata={"Date": None})


def main() -> int:
    """Replace what follows the mark in the page."""
    summary = json.loads(SUMMARY.read_text("utf-8"))
    head = PAGE.read_text("utf-8").partition(MARK)[0]
    versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
    edit, slopes = summary["json_edit"], summary["slopes"]
    grown = [((by, number), sides) for by, found in summary["growth"].items() for number, sides in found.items()]
    measured = (
        f"Measured on {summary['date']}: {summary['machine']}; {versions}; {summary['forks']} forks; load before the"
        f" run {summary['load_before']}. Medians of the rounds; ± is half the difference between the highest and the"
        " lowest."
    )
    lines = [
        MARK,
        "",
        *textwrap.wrap(measured, 120, break_long_words=False, break_on_hyphens=False),
        "",
        "## Aims",
        "",
        *aims(summary),
        "",
        "## Under IIS",
        "",
        *table(rows(summary["cases"], "hosts"), ("case", "servers")),
        "",
        "CPU seconds of the controller for each further server (least squares over the numbers of servers):",
        "",
        "| case | ours | baseline | times |",
        "| --- | --- | --- | --- |",
        *(f"| {case} | {s['ours']} | {s['baseline']} | {s['ratio']} |" for case, s in slopes.items()),
        *floor(summary),
        "",
        "![How a run with nothing to do grows](benchmarks.svg)",
        "",
    ]
    if summary["service"]:
        lines += ["## As a service", "", *table(rows(summary["service"], "servers"), ("case", "servers")), ""]
    if grown:
        lines += ["## Growth, one server with nothing to do", "", *table(grown, ("of", "number")), ""]
    if summary["latency"]:
        lines += [
            "## One server that really waits 800 ms in each execution (wall s is measured, nothing is modelled)",
            "",
        ]
        lines += [*table(rows(summary["latency"], "servers"), ("case", "servers")), ""]
    lines += [
        f"Editing one key of a settings file with 20,000 keys ({edit['bytes'] / 1e6:.2f} MB) takes"
        f" {edit['seconds']} s;",
        f"twice the size takes {edit['twice_as_long_takes']} times as long.",
        "",
    ]
    PAGE.write_text(head + "\n".join(lines), "utf-8")
    plot(summary)
    return 0


if __name__ == "__main__":
    sys.exit(main())
