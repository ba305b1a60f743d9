# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The part of two texts that a diff needs: the lines that change, and a few around them."""

from __future__ import annotations

import difflib

CONTEXT = 2
"""Lines that are shown before and after those that change."""
GAP = "...\n"
"""Stands for lines that are left out."""


def around_changes(before: str, after: str) -> tuple[str, str]:
    """Return both texts without the lines that neither change nor stand near one that does.

    Args:
        before: the former text, secrets masked already.
        after: the new one.
    """
    old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    shown_old, shown_new = list[str](), list[str]()
    end_old = end_new = 0
    for group in difflib.SequenceMatcher(None, old, new, autojunk=False).get_grouped_opcodes(CONTEXT):
        start_old, start_new = group[0][1], group[0][3]
        if start_old > end_old or start_new > end_new:
            shown_old.append(GAP)
            shown_new.append(GAP)
        end_old, end_new = group[-1][2], group[-1][4]
        shown_old += old[start_old:end_old]
        shown_new += new[start_new:end_new]
    if shown_old != shown_new and (end_old < len(old) or end_new < len(new)):
        shown_old.append(GAP)
        shown_new.append(GAP)
    return "".join(shown_old), "".join(shown_new)
