# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How servers were reached, as lines of one table, and below it what is in the way of each."""

from __future__ import annotations

import typing as t

COLUMNS = ("server", "reached by", "encryption", "as", "PowerShell", "clock", "records", "result")


def lines(results: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """Return the lines, for the results of win_im_ping by server."""
    rows = [COLUMNS, *(_row(name, result) for name, result in results.items())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    table = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    below = [
        f"{name}: {problem}"
        for name, result in results.items()
        for problem in [result.get("problem"), *(result.get("problems") or ())]
        if problem
    ]
    return [*table, *(["", *below] if below else [])]


def _row(name: str, result: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    by = result.get("reached_by") or {}
    way = f"{by.get('connection', '?')} {by.get('authentication', '')} {by.get('port') or ''}".strip()
    encryption = by.get("tls") or by.get("encryption") or ""
    if not result.get("reached"):
        return (name, way, encryption, "", "", "", "", f"not reached: {result.get('cause', 'unknown')}")
    user = str(result.get("user") or "?") + ("" if result.get("administrator") else " (no administrator)")
    shell = " ".join(filter(None, (str(result.get("powershell", "")), _restricted(result))))
    clock = f"{result.get('clock_difference', 0):+.0f} s"
    count = len(result.get("problems") or ())
    missing = ", ".join(result.get("features_missing") or ())
    good = f"ok, under IIS install adds {missing}" if missing else "ok"
    verdict = f"{count} {'problem' if count == 1 else 'problems'}" if count else good
    return (name, way, encryption, user, shell, clock, ", ".join(result.get("records") or ()) or "nothing", verdict)


def _restricted(result: t.Mapping[str, t.Any]) -> str:
    mode = str(result.get("language_mode") or "")
    return "" if mode == "FullLanguage" else mode
