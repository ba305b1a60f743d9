"""Each belief about Windows is marked in the code, listed in the checklist, and asked by the checklist's script."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("plugins", "roles", "playbooks", "tools", "extensions", "tests/emulator")
TABLE = (ROOT / "docs" / "windows-checklist.md").read_text("utf-8")
SCRIPT = (ROOT / "tools" / "windows_checklist.ps1").read_text("utf-8")
ROWS = {
    match[1]: [cell.strip() for cell in re.split(r"(?<!\\)\|", match[2])]
    for match in re.finditer(r"^\| `([a-z0-9-]+)` \|(.*)\|$", TABLE, re.MULTILINE)
}


def marked() -> dict[str, set[str]]:
    """Return the files that each belief is marked in."""
    found: dict[str, set[str]] = {}
    for path in (path for folder in CODE for path in (ROOT / folder).rglob("*")):
        if path.is_file() and path.suffix in {".py", ".ps1", ".yml", ".j2"}:
            for name in re.findall(r"Belief \[([^\]]*)\]:", path.read_text("utf-8")):
                found.setdefault(name, set()).add(path.relative_to(ROOT).as_posix())
    return found


def test_a_belief_has_its_id():
    nameless = [
        f"{path.relative_to(ROOT)}:{number}"
        for folder in CODE
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in {".py", ".ps1", ".yml"}
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if "Belief:" in line
    ]
    assert nameless == [], "write 'Belief [id]: ..., source' and give the id a row in docs/windows-checklist.md"


def test_the_marks_are_the_checklist():
    listed = {name: set(re.findall(r"`([^`]+)`", cells[1])) for name, cells in ROWS.items()}
    assert len(ROWS) == len(re.findall(r"^\| `", TABLE, re.MULTILINE)), (
        "an id is there twice, or a row has another form"
    )
    assert marked() == listed


def test_each_belief_is_settled_by_something():
    for name, (belief, where, settled) in ROWS.items():
        assert belief, name
        assert re.search(r"`[^`]+`|step \d", settled), f"{name}: 'settled by' names neither a command nor a step"
        assert all((ROOT / path).is_file() for path in re.findall(r"`([^`]+)`", where)), name


def test_the_script_asks_each_belief_and_no_other():
    body = SCRIPT.partition("$beliefs = [ordered] @{\n")[2].partition("\n}\n")[0]
    assert re.findall(r"^    '([a-z0-9-]+)' = \{", body, re.MULTILINE) == sorted(
        ROWS, key=lambda name: body.index(f"'{name}' = ")
    )
