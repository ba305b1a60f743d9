"""Whether each rule of the audit finds its planted faults, passes on a sound server, and is missed where it is broken:
build/audit/rules.json.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / name) for name in ("tests", "tests/unit", "tests/unit/audit", "tools")]

import conftest  # noqa: E402, F401  (it makes the collection importable)
import mutants  # type: ignore[import-not-found]  # noqa: E402
import trial  # type: ignore[import-not-found]  # noqa: E402
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import (  # type: ignore[import-untyped]  # noqa: E402
    RULES,
)
from planted import FAULTS, Planted  # type: ignore[import-not-found]  # noqa: E402

SUMMARY = ROOT / "build" / "audit" / "rules.json"
NOTHING: trial.Verdict = (set(), set())


def main() -> int:
    """Write the summary, and return 0 only if every rule is as it has to be."""
    noisy = set().union(*(part for hosting in ("iis", "service") for part in trial.of_sound(hosting)))
    rules = {}
    for rule in RULES:
        faults = [fault for fault in FAULTS if fault.rule == rule]
        rules[rule] = {
            "found_planted": bool(faults) and all(trial.is_as_written(fault) for fault in faults),
            "clean_passes": rule not in noisy,
            "mutants_killed": bool(faults) and _is_missed(rule, faults[0]),
        }
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(json.dumps({"rules": rules}, indent=2) + "\n", "utf-8")
    failing = [rule for rule, result in rules.items() if not all(result.values())]
    others = f"; the others: {', '.join(failing)}" if failing else ""
    print(f"{len(rules) - len(failing)} of {len(rules)} rules, {len(FAULTS)} planted faults{others}")
    print(SUMMARY.relative_to(ROOT))
    return int(bool(failing))


def _is_missed(rule: str, fault: Planted) -> bool:
    """Tell whether both mutants of a rule are noticed: on a server with its fault, and on a sound one."""
    with mutants.broken(rule, mutants.PASSES):
        found = not trial.is_as_written(fault)
    with mutants.broken(rule, mutants.FAILS):
        return found and trial.of_sound(fault.hosting) != NOTHING


if __name__ == "__main__":
    sys.exit(main())
