"""Dates in .NET's custom formats, as far as modules are given them: the parts with digits only."""

from __future__ import annotations

import datetime
import re

_PARTS = {"yyyy": "year", "MM": "month", "dd": "day", "HH": "hour", "mm": "minute", "ss": "second"}
_TOKENS = re.compile(r"yyyy|MM|dd|HH|mm|ss|'[^']*'|.", re.DOTALL)


def parse_exact(text: str, form: str) -> datetime.datetime:
    """Return what ``[datetime]::ParseExact`` makes of a text, on a server that keeps its clock in UTC.

    Raises:
        ValueError: the text is no date in this form, or the form has parts that are not known here.
    """
    pattern = ""
    for token in _TOKENS.findall(form):
        if token in _PARTS:
            pattern += f"(?P<{_PARTS[token]}>[0-9]{{{len(token)}}})"
        elif token.isalpha():
            raise ValueError(f"the form {form!r} is not known to the emulator")
        else:
            pattern += re.escape(token.strip("'") if len(token) > 1 else token)
    found = re.fullmatch(pattern, text)
    if found is None:
        raise ValueError(f"{text!r} is not of the form {form!r}")
    today = datetime.datetime.now(datetime.UTC)
    parts = {
        "year": today.year,
        "month": 1,
        "day": 1,
        **{name: int(value) for name, value in found.groupdict().items()},
    }
    return datetime.datetime(**parts, tzinfo=datetime.UTC)
