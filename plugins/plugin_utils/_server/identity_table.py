# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was seen of an agent's identity and its folders, as lines that people read."""

from __future__ import annotations

import typing as t

from .._windows import security_tab

Facts = t.Mapping[str, t.Any]


def lines(facts: Facts) -> list[str]:
    """Return the lines: the account, its groups, each folder with its entries, and what is wrong."""
    runs_as = facts["runs_as"] or "nobody: there is no such pool or service"
    found = [
        f"account: {facts['account']} ({facts['sid']}); the agent is set to run as {runs_as}",
        f"groups of its process, at least: {', '.join(group['name'] for group in facts['groups'])}",
    ]
    for folder in facts["folders"]:
        found += ["", *_folder(folder)]
    if facts["problems"]:
        found += ["", *facts["problems"]]
    return found


def _folder(folder: Facts) -> t.Iterator[str]:
    if not folder["exists"]:
        yield f"{folder['path']}: no such folder"
        return
    through = f" through {', '.join(folder['through'])}" if folder["through"] else ""
    verdict = "" if folder["enough"] else ": not enough"
    yield f"{folder['path']}: the agent has {folder['agent']}{through}, and needs {folder['needs']}{verdict}"
    yield f"  owner {folder['owner']}; {'inherits' if folder['inherits'] else 'inherits nothing'}"
    rows = [
        (
            entry["type"] + (" on a condition" if entry["conditional"] else ""),
            entry["name"],
            security_tab.widest(entry["permissions"]),
            entry["applies_to"] + ("; inherited" if entry["inherited"] else ""),
        )
        for entry in folder["entries"]
    ]
    widths = [max((len(row[column]) for row in rows), default=0) for column in range(4)]
    for row in rows:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
