"""Run every awkward server of tests/scenarios and write build/scenarios/summary.json."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import awkward  # type: ignore[import-not-found]  # noqa: E402
import conftest  # noqa: E402, F401  (the tests' folders come first; it makes the collection importable)

SUMMARY = ROOT / "build" / "scenarios" / "summary.json"


def main() -> int:
    """Print one line a scenario; return 0 only if each came to what its file says."""
    began, entries, wrong = time.monotonic(), {}, []
    for name in awkward.names():
        outcome, refused = awkward.run(name), "refused" in awkward.read(name)
        entries[name] = outcome.summary()
        good = (
            outcome.check_equals_apply and (outcome.result != "converged") == refused and not outcome.second_run_changed
        )
        wrong += [] if good else [name]
        print(f"{name:40} {outcome.result[:100]}{'' if good else '   <- not what its file says'}", flush=True)
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    print(f"{len(entries)} scenarios in {time.monotonic() - began:.0f} s, summary in {SUMMARY.relative_to(ROOT)}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
