# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which of many texts stand in a long one, in time that grows with the sizes of both and not with their product."""

from __future__ import annotations

import typing as t

FEW = 100
"""So many texts are found faster one by one."""
BEGINNING = 6
"""Texts are told apart by so many of their first characters, then by their length."""


def contained(texts: t.Collection[str], whole: str) -> set[str]:
    """Return those of ``texts`` that stand somewhere in ``whole``.

    Args:
        texts: what is looked for.
        whole: where it is looked for.
    """
    if len(texts) <= FEW:
        return {text for text in texts if text in whole}
    found = {text for text in texts if len(text) < BEGINNING and text in whole}
    known: dict[str, dict[int, set[str]]] = {}
    for text in texts:
        if len(text) >= BEGINNING:
            known.setdefault(text[:BEGINNING], {}).setdefault(len(text), set()).add(text)
    for start in range(len(whole) - BEGINNING + 1):
        for length, those in known.get(whole[start : start + BEGINNING], {}).items():
            part = whole[start : start + length]
            if part in those:
                found.add(part)
    return found
