# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The last net below messages: known secrets inside texts that people read. Values are masked by their place, see
``_settings/shown.py``; what a task passes on to the next one holds no secret, and is never changed here.
"""

from __future__ import annotations

import json
import re
import typing as t
from xml.sax.saxutils import escape, quoteattr

from .mask import MASK
from .secret_form import without_secrets

SHORTEST = 6
"""A secret is looked for inside other texts from this length on: a shorter one is part of ordinary words."""
_NEVER = re.compile(r"(?!)")
READ_BY_PEOPLE = ("checks", "diff", "warnings", "msg")
"""Keys of a task's result that no task reads."""


def scrubbed(data: t.Any, secrets: t.Iterable[str]) -> t.Any:
    """Return texts, also those inside lists and dictionaries, with every secret of ``SHORTEST`` characters masked, and
    quoted values that look like secrets.

    Args:
        data: what people read.
        secrets: the known secrets, of any length.
    """
    long_enough = [secret for secret in secrets if len(secret) >= SHORTEST]
    found = sorted(
        {form for secret in long_enough for form in _forms(secret) if len(form) >= SHORTEST}, key=len, reverse=True
    )
    return _replaced(data, re.compile("|".join(map(re.escape, found))) if found else _NEVER)


def for_people(
    result: dict[str, t.Any], secrets: t.Iterable[str], *, but: t.Container[str] = frozenset()
) -> dict[str, t.Any]:
    """Return a task's result where what people read is scrubbed, and what tasks pass on is as it was.

    Args:
        result: what a task returns.
        secrets: the known secrets.
        but: keys of the result that are masked already.
    """
    found = list(secrets)
    keys = [key for key in READ_BY_PEOPLE if key not in but]
    return {key: scrubbed(value, found) if key in keys else value for key, value in result.items()}


def _forms(secret: str) -> tuple[str, ...]:
    """Return a secret as messages write it: as it is, and as Python, JSON and XML quote it."""
    in_json = json.dumps(secret)[1:-1]
    return (
        secret,
        secret.strip(),
        repr(secret)[1:-1],
        in_json,
        repr(in_json)[1:-1],
        escape(secret),
        quoteattr(secret)[1:-1],
    )


def _replaced(data: t.Any, secrets: re.Pattern[str]) -> t.Any:
    if isinstance(data, str):
        return without_secrets(secrets.sub(MASK, data))
    if isinstance(data, dict):
        return {key: _replaced(value, secrets) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_replaced(value, secrets) for value in data]
    return data
