"""PowerShell's wildcard patterns: what fits, and what is no pattern."""

from __future__ import annotations

import pytest
from emulator.windows.errors import WindowsError
from emulator.windows.text.wildcards import fits

CASES = [
    ("*", "", True),
    ("", "", True),
    ("", "a", False),
    ("*.txt", "A.TXT", True),
    ("?.txt", "ab.txt", False),
    ("[ab]*", "bc", True),
    ("[a-c]", "B", True),
    ("[!a]*", "b", False),
    ("[!a]*", "!", True),
    ("[]]", "]", True),
    ("`[b`]", "[b]", True),
    ("`*", "x", False),
    ("``", "`", True),
    ("a`", "a`", True),
    ("`", "", True),
    ("[a`-c]", "b", False),
    ("a.b", "axb", False),
]


@pytest.mark.parametrize(("pattern", "text", "expected"), CASES)
def test_what_fits(pattern, text, expected):
    assert fits(pattern, text) is expected


@pytest.mark.parametrize("pattern", ["[a", "a[", "[c-a]"])
def test_a_bracket_that_is_open_or_backwards_is_no_pattern(pattern):
    with pytest.raises(WindowsError, match="The specified wildcard character pattern is not valid"):
        fits(pattern, "a")
