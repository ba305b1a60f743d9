"""Broken and odd files by the thousand: seeded changes of files that are good."""

from __future__ import annotations

import dataclasses
import random
import re
import typing as t

BOM = "\ufeff"


@dataclasses.dataclass(frozen=True)
class Pieces:
    """Texts that mean something in a language.

    Attributes:
        anywhere: those that are put in at any place, or in the place of a character.
        fitting: those that have a good chance to be right behind what matches a pattern.
    """

    anywhere: t.Sequence[str]
    fitting: t.Sequence[tuple[str, t.Sequence[str]]]


def mutations(sources: t.Sequence[str], pieces: Pieces, count: int, seed: int) -> t.Iterator[str]:
    """Yield changed files: one to three changes each, small enough that about half of the files stay readable.

    Args:
        sources: the files to start from.
        pieces: what to put in.
        count: how many files.
        seed: the same seed gives the same files.
    """
    chance = random.Random(seed)
    for _ in range(count):
        text = chance.choice(sources)
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            text = chance.choice(CHANGES)(text, pieces, chance)
        yield text


def _insert_fitting(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Put a piece where it may be right."""
    pattern, fitting = chance.choice(pieces.fitting)
    places = [match.end() for match in re.finditer(pattern, text)] or [0]
    at = chance.choice(places)
    return text[:at] + chance.choice(fitting) + text[at:]


def _insert(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Put a piece somewhere."""
    at = chance.randint(0, len(text))
    return text[:at] + chance.choice(pieces.anywhere) + text[at:]


def _insert_between(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Put a piece beside a sign of the language, where it has the best chance to be right."""
    places = [match.end() for match in re.finditer(r"[\[\]{}:,<>=/\"']", text)] or [0]
    at = chance.choice(places)
    return text[:at] + chance.choice(pieces.anywhere) + text[at:]


def _replace(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Put a piece in the place of a character."""
    at = chance.randrange(max(1, len(text)))
    return text[:at] + chance.choice(pieces.anywhere) + text[at + 1 :]


def _drop(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Remove a few characters."""
    del pieces
    at = chance.randrange(max(1, len(text)))
    return text[:at] + text[at + chance.choice((1, 1, 2, 7)) :]


def _drop_sign(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Remove a sign of the language."""
    places = [match.start() for match in re.finditer(r"[\[\]{}:,<>=/\"'\\-]", text)]
    if not places:
        return _drop(text, pieces, chance)
    at = chance.choice(places)
    return text[:at] + text[at + 1 :]


def _line_twice(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Repeat a line, or leave it out, or say its letters in the other case."""
    del pieces
    lines = text.splitlines(keepends=True) or [""]
    at = chance.randrange(len(lines))
    lines[at : at + 1] = chance.choice(([lines[at]] * 2, [], [lines[at].swapcase()], [lines[at], lines[at].upper()]))
    return "".join(lines)


def _move(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Put a part of the file elsewhere in it."""
    del pieces
    start = chance.randint(0, len(text))
    part = text[start : start + chance.randint(1, 60)]
    at = chance.randint(0, len(text))
    return text[:at] + part + text[at:]


def _cut(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Lose the end."""
    del pieces
    return text[: chance.randint(0, len(text))]


def _line_ends(text: str, pieces: Pieces, chance: random.Random) -> str:
    """Write the file with other line ends, or with a byte order mark, or with two."""
    del pieces
    plain = text.replace("\r\n", "\n")
    return chance.choice((plain.replace("\n", "\r\n"), plain.replace("\n", "\r"), plain.replace("\n", " "), BOM + text))


CHANGES = (
    _insert,
    _insert_between,
    *(_insert_fitting,) * 8,
    _replace,
    _drop,
    _drop_sign,
    _line_twice,
    _line_twice,
    _move,
    _cut,
    _line_ends,
)
