"""Write docs/variables.md, the page with all variables of all roles, from their argument specs and defaults.

``--check`` writes nothing and fails where the page is not current.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import typing as t
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "variables.md"
FIRST = "im_agent"
HEAD = """# All variables

Written by `tools/variables_page.py` from the roles' argument specs; change those, not this page.

Set the variables of `im_agent`: those of the other roles take their values from them, and are for what `im_agent` does
not cover. A default in braces is made of other variables. The first task of a play refuses values of another type, out
of range or none of the choices, and misspelt names. Text is converted: `"443"`, `"yes"`, the JSON of a dictionary or
list. `im_agent_hosts` is a variable of the playbooks, not of a role: the hosts or groups that they run on, `agents`
without it.
"""
_MARKUP = (
    (re.compile(r"O\((\w+)=([^)]*)\)"), r"`\1: \2`"),
    (re.compile(r"M\(([^)]*)\)"), r"`\1`"),
    (re.compile(r"P\(([^)#]*)#\w+\)"), r"`\1`"),
    (re.compile(r"[CVO]\(([^)]*)\)"), r"`\1`"),
)


def variables() -> t.Iterator[tuple[str, dict[str, t.Any], dict[str, t.Any]]]:
    """Yield each role that has variables, its options and its defaults, the shared variables first."""
    folders = sorted((ROOT / "roles").iterdir(), key=lambda folder: (folder.name != FIRST, folder.name))
    for folder in folders:
        specs = folder / "meta" / "argument_specs.yml"
        if specs.exists():
            options = yaml.safe_load(specs.read_text("utf-8"))["argument_specs"]["main"].get("options", {})
            yield folder.name, options, yaml.safe_load((folder / "defaults" / "main.yml").read_text("utf-8"))


def words(description: str | list[str]) -> str:
    """Return a description in Markdown, in one line of a table."""
    text = " ".join([description] if isinstance(description, str) else description)
    for pattern, replacement in _MARKUP:
        text = pattern.sub(replacement, text)
    return " ".join(text.split()).replace("|", "\\|")


def kind(option: dict[str, t.Any]) -> str:
    """Return an option's type."""
    entries = f" of {option['elements']}" if "elements" in option else ""
    return f"{option['type']}{entries}"


def shown(name: str, option: dict[str, t.Any], defaults: dict[str, t.Any]) -> str:
    """Return a default, or that there is none; what is made of private variables only says so."""
    if option.get("required"):
        return "**required**"
    if name not in defaults:
        return ""
    value = defaults[name]
    text = value if isinstance(value, str) and value else json.dumps(value)
    if re.search(r"\b_im_", text):
        return "from other variables"
    return f"`` {text} ``" if "`" in text else f"`{text}`".replace("|", "\\|")


def page() -> str:
    """Return the page."""
    parts = [HEAD]
    for role, options, defaults in variables():
        rows = [
            f"| `{name}` | {kind(option)} | {shown(name, option, defaults)} |"
            f" {', '.join(f'`{choice}`' if choice else 'empty' for choice in option.get('choices', ()))} |"
            f" {words(option.get('description', ''))} |"
            for name, option in sorted(options.items())
        ]
        head = ["| variable | type | default | choices | what it is |", "| --- | --- | --- | --- | --- |"]
        parts.append("\n".join([f"## {role}", "", *head, *rows, ""]))
    return "\n".join(parts)


def main() -> int:
    """Return 0 when all is well."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, fail where the page is not current")
    if not parser.parse_args().check:
        PAGE.write_text(page(), "utf-8")
    elif PAGE.read_text("utf-8") != page():
        print("docs/variables.md is not current: run tools/variables_page.py")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
