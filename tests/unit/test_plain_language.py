"""Words that readers stumbled over do not come back; what is quoted here says what stands in their place."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("docs", "examples", "extensions", "playbooks", "plugins", "roles", "tests", "tools")
PAGES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "SUPPORT.md", "Makefile")
KINDS = {".cs", ".j2", ".json", ".md", ".ps1", ".py", ".sh", ".yml"}
WORDS = {
    r"\bmend(s|ed|ing)?\b": "fix, or repair",
    r"without a word": "silently",
    r"\b_mind_": "check or refuse",
    r"name: Hold\b": "Assert",
    r"name: Want\b": "Set",
    r"\btake (a|it|its|the|of) [^.;:]{0,40}\baway\b|\btake it away\b|leave it away": "remove, or omit",
    r"\ba cut run\b|\b(run|removal|renewal|unpacking|restart) (that )?(was|is) cut\b": "interrupted",
    r"\bunless it is meant\b": "unless this is intended",
    r"goes on from here": "resumes here",
    r"\bSay `": "Set",
}


def files():
    """Return the project's own texts, without what is recorded of others."""
    found = [ROOT / page for page in PAGES]
    for folder in FOLDERS:
        found += [path for path in sorted((ROOT / folder).rglob("*")) if path.suffix in KINDS and path.is_file()]
    return [path for path in found if path != Path(__file__).resolve()]


@pytest.mark.parametrize("pattern", WORDS)
def test_a_word_that_readers_stumbled_over_is_in_no_file(pattern):
    word = re.compile(pattern, re.IGNORECASE)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in files()
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if word.search(line)
    ]
    assert found == [], f"write: {WORDS[pattern]}"
