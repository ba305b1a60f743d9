# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts of unknown origin, such as logs, without the secrets in them: known ones, and lines that may quote others."""

from __future__ import annotations

import bisect
import dataclasses
import itertools
import json
import re
import typing as t

from .._core.mask import MASK
from .._core.scrub import SHORTEST, scrubbed
from .._core.secret_form import secret_spans

LINE = f"{MASK} (a line that may quote a secret)"
LEAST = 3
"""A known secret from this length on hides the lines that have it as a word; a shorter one is part of any text."""
_OPTION = re.compile(r"((?<!\S)--?[A-Za-z][\w-]*[=: ])[^\s'\"]+")
_MASKED = re.compile(rf"""["']?{re.escape(MASK)}(?=["',;\s]|$)""")
"""What stands for a secret that was masked by its place."""
_KEY_END = re.compile(r"-----END [A-Z ]*PRIVATE KEY-----")


@dataclasses.dataclass(frozen=True)
class TextMask:
    """What is masked.

    Attributes:
        secrets: known secrets, of any length.
    """

    secrets: frozenset[str] = dataclasses.field(default=frozenset(), repr=False)

    def log(self, text: str) -> str:
        """Return a text with known secrets masked, and without each line that has a part in the form of a secret."""
        known = str(scrubbed(text, self.secrets))
        lines = known.splitlines()
        hidden = self._hidden(known, lines)
        return "\n".join(
            LINE if number in hidden else _OPTION.sub(rf"\1{MASK}", line) for number, line in enumerate(lines)
        )

    def name(self, text: str) -> str:
        """Return a short text on one line, such as a file's name, or a mask for one that may have a secret."""
        masked = self.log(text)
        return MASK if MASK in masked else masked

    def data(self, document: t.Any) -> str:
        """Return a document that is masked by its places already as JSON, known secrets masked inside its texts."""
        return json.dumps(scrubbed(document, self.secrets), indent=2, sort_keys=True, ensure_ascii=False, default=str)

    def _hidden(self, text: str, lines: t.Sequence[str]) -> set[int]:
        """Return the numbers of the lines that may quote a secret, and of those of a private key."""
        hidden = set[int]()
        begins = list(itertools.accumulate(map(len, text.splitlines(keepends=True)), initial=0))
        for start, end in secret_spans(text):
            if _MASKED.match(text, end - 1):
                continue
            first, last = (bisect.bisect_right(begins, position) - 1 for position in (start, end - 1))
            hidden.update(range(first, last + 1))
        short = [re.escape(one) for one in self.secrets if LEAST <= len(one) < SHORTEST]
        if short:
            word = re.compile(rf"(?<!\w)(?:{'|'.join(short)})(?!\w)")
            hidden |= {number for number, line in enumerate(lines) if word.search(line)}
        return hidden | _of_keys(lines)


def whole_lines(content: bytes, *, cut: bool) -> str | None:
    """Return the end of a file as text; None for one that is no text.

    Args:
        content: its last bytes.
        cut: whether it begins earlier: then the first line is left out, as nobody can tell a secret from half of it.
    """
    if b"\0" in content:
        return None
    text = content.decode("utf-8-sig", "replace")
    if len(text) > 20 and text.count("\ufffd") > len(text) / 20:
        return None
    if not cut:
        return text
    return "".join(text.splitlines(keepends=True)[1:])


def _of_keys(lines: t.Sequence[str]) -> set[int]:
    """Return the lines of private keys: from a begin, or the first line where that was cut off, to an end."""
    hidden, begin = set[int](), 0
    is_open = False
    for number, line in enumerate(lines):
        if "PRIVATE KEY-----" in line and "BEGIN" in line:
            begin, is_open = number, True
        if _KEY_END.search(line):
            hidden |= set(range(begin, number + 1))
            begin, is_open = number + 1, False
    return hidden | (set(range(begin, len(lines))) if is_open else set())
