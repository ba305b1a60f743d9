"""Write the tables of docs/fidelity.md from build/fidelity/summary.json and the table of known differences."""

from __future__ import annotations

import json
import sys
import textwrap
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import conftest  # noqa: E402, F401  (it makes the collections importable)
from fidelity.known import NOT_COMPARED  # noqa: E402
from fidelity.worlds import table  # noqa: E402

SUMMARY, PAGE = ROOT / "build" / "fidelity" / "summary.json", ROOT / "docs" / "fidelity.md"
MEASURED = ("<!-- measured -->", "<!-- end of measured -->")
KNOWN = ("<!-- known -->", "<!-- end of known -->")


def main() -> int:
    """Replace the text between the marks in the page."""
    page = PAGE.read_text("utf-8")
    page = _between(page, KNOWN, _known())
    if SUMMARY.exists():
        page = _between(page, MEASURED, _measured(json.loads(SUMMARY.read_text("utf-8"))))
    PAGE.write_text(page, "utf-8")
    return 0


def _between(page: str, marks: tuple[str, str], text: str) -> str:
    head, _, rest = page.partition(marks[0])
    _, found, tail = rest.partition(marks[1])
    if not found:
        raise SystemExit(f"{PAGE}: no {marks[0]} ... {marks[1]}")
    return f"{head}{marks[0]}\n\n{text}\n\n{marks[1]}{tail}"


def _measured(summary: dict[str, t.Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in summary["versions"].items())
    rows = []
    for name, n in summary["modules"].items():
        mark = "" if n["sources"] == summary["sources"] else " \\*"
        other = n["calls"] - n["agreed"] - n["known_differences"]
        rows.append(
            f"| {name}{mark} | {n['cases']} | {n['calls']} | {n['agreed']} | {n['known_differences']} | {other} |"
        )
    earlier = any(n["sources"] != summary["sources"] for n in summary["modules"].values())
    note = "\\* measured before handlers of other modules were fixed or worlds added; not measured again since."
    measured = (
        f"Measured on {summary['date']} in {summary['seconds']:.0f} s: {summary['machine']}; {versions};"
        f" seed {summary['seed']}."
    )
    return "\n".join(
        [
            *textwrap.wrap(measured, 120, break_long_words=False, break_on_hyphens=False),
            "",
            "| module | sequences | calls | agreed | known differences | other differences |",
            "| --- | --- | --- | --- | --- | --- |",
            *rows,
            *(["", note] if earlier else []),
        ]
    )


def _known() -> str:
    rows = []
    for entry in table():
        names = ", ".join(f"`{name.split('.')[-1]}`" for name in entry.modules)
        rows.append(f"| {names} | {entry.name}: `{'.'.join(entry.field)}` | {entry.cause} | {entry.why} |")
    every = [
        f"| every module | `{field}` is not compared | our choice | {why} |" for field, why in NOT_COMPARED.items()
    ]
    return "\n".join(["| module | what | cause | why |", "| --- | --- | --- | --- |", *rows, *every])


if __name__ == "__main__":
    sys.exit(main())
