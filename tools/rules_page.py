"""Write docs/rules.md: all rules of the audit, from the code."""

from __future__ import annotations

import itertools
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import conftest  # noqa: E402, F401  (the tests' folders come first; it makes the collection importable)
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import (  # type: ignore[import-untyped]  # noqa: E402
    RULES,
)

PAGE = ROOT / "docs" / "rules.md"
HEAD = """# The rules of the audit

`tools/rules_page.py` writes this page from the code. [docs/audit.md](audit.md) tells how an audit is made. A waiver
names a rule by its id.
"""


def text() -> str:
    """Return the page."""
    parts = [HEAD]
    for subject, rules in itertools.groupby(
        sorted(RULES.values(), key=lambda one: one.subject), lambda one: one.subject
    ):
        parts.append(f"## {subject}\n")
        for rule in rules:
            parts.append(f"### `{rule.id}`\n")
            parts.append(_wrapped(f"{rule.title}. Severity: {rule.severity}. Basis: {rule.basis}."))
            parts.append(_wrapped(rule.why))
            parts.append(_wrapped(f"- By hand: `{rule.check}`", "  "))
            parts.append(_wrapped(f"- Remedy: {rule.remedy}", "  "))
            if rule.page != "rules.md":
                parts.append(_wrapped(f"- Page: [docs/{rule.page}]({rule.page})", "  "))
    # Items of one list stand together.
    return "\n".join(parts).replace("`\n\n- Remedy", "`\n- Remedy").replace("\n\n- Page", "\n- Page")


def _wrapped(line: str, indent: str = "") -> str:
    safe = line.replace("<", "&lt;").replace("*.", "\\*.") if "`" not in line else line
    return textwrap.fill(safe, 120, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False) + "\n"


def main() -> int:
    """Write the page."""
    PAGE.write_text(text(), "utf-8")
    print(f"{len(RULES)} rules in {PAGE.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
