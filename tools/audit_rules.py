"""Whether each rule of the audit finds a fault that was planted, and passes on a sound server: build/audit/rules.json.

A rule's mutants, one that always holds and one that never does, are killed where both are so.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [
    str(ROOT / "tests"),
    str(ROOT / "tests" / "unit"),
    str(ROOT / "tests" / "unit" / "audit"),
    str(ROOT / "tools"),
]

import audited  # type: ignore[import-not-found]  # noqa: E402
import conftest  # noqa: E402, F401  (the tests' folders come first; it makes the collection importable)
import test_audit_rules as cases  # type: ignore[import-not-found]  # noqa: E402
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import (  # type: ignore[import-untyped]  # noqa: E402
    RULES,
)

SUMMARY = ROOT / "build" / "audit" / "rules.json"


def main() -> int:
    """Write the summary, and return 0 only if every rule is as it has to be."""
    sound = audited.installed()
    clean = audited.audit(cases.copied(sound))
    failing = audited.failed(clean, "fail", "unknown")
    found: set[str] = set(failing)  # a rule that fails on the sound server was seen to fail
    for parameters in cases.FAULTS:
        fault = parameters.values[0]
        server = cases.copied(sound)
        fault.deed(server)
        found |= audited.failed(audited.audit(server, audited.variables(**dict(fault.variables))))
    rules = {
        rule: {
            "found_planted": rule in found,
            "clean_passes": rule not in failing,
            "mutants_killed": rule in found and rule not in failing,
        }
        for rule in RULES
    }
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(json.dumps({"rules": rules}, indent=2) + "\n", "utf-8")
    missing = [rule for rule, result in rules.items() if not all(result.values())]
    print(f"{len(rules) - len(missing)} of {len(rules)} rules; the others: {', '.join(missing)}")
    print(SUMMARY.relative_to(ROOT))
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
