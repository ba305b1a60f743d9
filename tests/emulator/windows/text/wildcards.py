"""PowerShell's wildcard patterns, as ``-like`` takes them."""

from __future__ import annotations

import re

from ..errors import WindowsError


def fits(pattern: str, text: str) -> bool:
    """Tell what ``text -like pattern`` tells, which does not regard letters' case.

    Raises:
        WindowsError: a bracket is open at the end, or a range runs backwards.
    """
    return re.fullmatch(_translated(pattern), text, re.IGNORECASE | re.DOTALL) is not None


def _translated(pattern: str) -> str:
    """Return a pattern as a regular expression; a backtick takes the meaning of the sign behind it."""
    made, escaped = "", False
    bracket: list[tuple[str, bool]] | None = None
    for sign in pattern:
        if bracket is not None:
            if sign == "]" and bracket and not escaped:
                made, bracket = made + _one_of(bracket, pattern), None
            elif sign != "`" or escaped:
                bracket.append((sign, sign == "-" and not escaped))
        elif escaped or sign not in "*?[`":
            made += re.escape(sign)
        elif sign == "[":
            bracket = []
        else:
            made += {"*": ".*", "?": ".", "`": ""}[sign]
        escaped = sign == "`" and not escaped
    if bracket is not None:
        raise _invalid(pattern)
    return made + "`" if escaped and pattern != "`" else made


def _one_of(signs: list[tuple[str, bool]], pattern: str) -> str:
    parts, index = "", 0
    while index < len(signs):
        first = signs[index][0]
        if index + 2 < len(signs) and signs[index + 1][1]:
            last = signs[index + 2][0]
            if first > last:
                raise _invalid(pattern)
            parts += f"{re.escape(first)}-{re.escape(last)}"
            index += 3
        else:
            parts += re.escape(first)
            index += 1
    return f"[{parts}]"


def _invalid(pattern: str) -> WindowsError:
    return WindowsError(
        "System.Management.Automation.WildcardPatternException",
        f"The specified wildcard character pattern is not valid: {pattern}",
    )
