"""Run every awkward server of tests/scenarios, or servers that seeds draw, and write build/scenarios/summary.json."""

from __future__ import annotations

import argparse
import json
import sys
import time
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import awkward  # type: ignore[import-not-found]  # noqa: E402
import conftest  # noqa: E402, F401  (the tests' folders come first; it makes the collection importable)
import mixes  # type: ignore[import-not-found]  # noqa: E402

SUMMARY = ROOT / "build" / "scenarios" / "summary.json"


def main() -> int:
    """Print one line a scenario; return 0 only if each came to what it has to come to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument(
        "--mixes", type=int, default=0, help="how many seeds; 0: the servers of tests/scenarios instead"
    )
    options = parser.parse_args()
    began = time.monotonic()
    entries, wrong = _mixed(options.seed, options.mixes) if options.mixes else _written()
    SUMMARY.parent.mkdir(parents=True, exist_ok=True)
    SUMMARY.write_text(json.dumps(entries, indent=2) + "\n", "utf-8")
    took = time.monotonic() - began
    print(f"{len(entries)} scenarios, {len(wrong)} wrong, in {took:.0f} s, summary in {SUMMARY.relative_to(ROOT)}")
    return 1 if wrong else 0


def _written() -> tuple[dict[str, t.Any], list[str]]:
    """Run the awkward servers; return their summaries and the names of those that are not what their file says."""
    entries, wrong = {}, []
    for name in awkward.names():
        outcome, refused = awkward.run(name), "refused" in awkward.read(name)
        entries[name] = outcome.summary()
        good = (
            outcome.check_equals_apply and (outcome.result != "converged") == refused and not outcome.second_run_changed
        )
        wrong += [] if good else [name]
        print(f"{name:40} {outcome.result[:100]}{'' if good else '   <- not what its file says'}", flush=True)
    return entries, wrong


def _mixed(seed: int, count: int) -> tuple[dict[str, t.Any], list[str]]:
    """Run the servers of seeds; return their summaries and those in which something is not as it has to be."""
    entries: dict[str, t.Any] = {}
    wrong: list[str] = []
    for mix in map(mixes.draw, range(seed, seed + count)):
        outcome = mixes.run(mix)
        end = {"refused": outcome.refused} if outcome.refused else {"converged": True}
        entries[str(mix)] = {**end, "faults": list(outcome.faults)}
        wrong += [str(mix)] if outcome.faults else []
        print(f"{mix}: {'refused' if outcome.refused else 'converged'}", *outcome.faults, sep="\n    <- ", flush=True)
    return entries, wrong


if __name__ == "__main__":
    sys.exit(main())
