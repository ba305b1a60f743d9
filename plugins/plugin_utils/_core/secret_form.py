# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Texts that look like secrets wherever they stand: passwords in connection strings and addresses, tokens, keys."""

from __future__ import annotations

import re
import typing as t

from .mask import MASK

_FORMS = re.compile(
    r"""
    (?:password|passwd|pwd|passphrase|secret|token|api[ _-]?key|account[ _-]?key|access[ _-]?key|\bsig)["']?\s*[=:]\s*\S
    | ://[^\s/]*:[^\s]{0,512}@      # user and password in an address; a password may hold a slash. Without an end, each
                                    # address of a long line would be read to the end of that line
    | ://[^\s/@]+@                  # a user, or a token, in an address
    | \beyJ[\w-]{8,}\.[\w-]+        # JSON Web Token, RFC 7519
    | -----BEGIN\ [A-Z\ ]*PRIVATE\ KEY
    | \b(?:bearer|basic)\ +[\w.~+/-]{8,}
    | \b(?:gh[opsur]_|github_pat_|glpat-|xox[abprs]-|AKIA)[\w-]{8,}
    """,
    re.IGNORECASE | re.VERBOSE,
)

_QUOTED = re.compile(r"""(?<!\w)(?:'(?:[^'\\\n]|\\.)+'|"(?:[^"\\\n]|\\.)+")(?!\w)""")


def looks_secret(text: str) -> bool:
    """Tell whether a text has a part in a form that secrets have."""
    return _FORMS.search(text) is not None


def secret_spans(text: str) -> t.Iterator[tuple[int, int]]:
    """Yield where the parts of a text begin and end that have a form that secrets have."""
    yield from (found.span() for found in _FORMS.finditer(text))


def without_secrets(message: str) -> str:
    """Return a message with the values that it quotes masked where they look like secrets."""
    return _QUOTED.sub(lambda quoted: MASK if looks_secret(quoted[0][1:-1]) else quoted[0], message)
