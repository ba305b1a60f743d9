"""Measure the emulator's handlers against the unmodified modules on a real PowerShell engine: make fidelity.

Writes build/fidelity/summary.json. Ends with 1 when a difference is found that the table of known differences does not
have, and with 0 where there is no engine.
"""

from __future__ import annotations

import argparse
import datetime
import hashlib
import importlib.metadata
import json
import os
import platform
import queue
import random
import sys
import threading
import time
import traceback
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import conftest  # noqa: E402, F401  (it makes the collections importable)
from emulator.process.powershell import (  # noqa: E402
    PowerShell,
    Unavailable,
)
from fidelity import judging, recording  # noqa: E402
from fidelity.measuring import Tally, fresh_name, measure  # noqa: E402
from fidelity.recording import Recorder  # noqa: E402
from fidelity.sides import Real  # noqa: E402
from fidelity.worlds import modules, table, worlds  # noqa: E402

SUMMARY = ROOT / "build" / "fidelity" / "summary.json"
ENGINES = 2
BOUND_SECONDS = 480
"""What the sequences of a run without CASES may take together; drives, starts and shrinking come on top."""


def main() -> int:
    """Measure, print, write; return the exit status."""
    options = _options()
    if options.record:
        return _record(options.record)
    chosen = _chosen(options.modules)
    before = _before(chosen, again=bool(options.modules)) if options.resume else {}
    kept: dict[str, dict[str, t.Any]] = before.get("modules", {})
    chosen = [module for module in chosen if module not in kept]
    seed = options.seed if options.seed is not None else before.get("seed", random.SystemRandom().randrange(10**6))
    print(f"fidelity: seed {seed} (FIDELITY_SEED={seed} repeats it), {len(chosen)} modules", flush=True)
    if not chosen:
        return 0
    try:
        powershells = [
            PowerShell(f"imops-fidelity-{os.getpid()}-{number}") for number in range(min(ENGINES, len(chosen)))
        ]
        if powershells[0].script("[Environment]::OSVersion.Platform").text.strip() != "Win32NT":
            raise Unavailable("the PowerShell engine runs on no Windows")
    except Unavailable as why:
        print(f"fidelity: skipped: {why}")
        return 0
    run = _Run(chosen, seed, options.cases, options.seconds or (None if options.cases else BOUND_SECONDS), before)
    threads = [threading.Thread(target=run.work, args=(shell,)) for shell in powershells]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        run.stopped = True
        raise
    return _report(run)


def _record(name: str) -> int:
    """Run a world's fixed sequences on the engine and keep its answers; print what the model answers otherwise."""
    world = next((world for world in worlds() if world.name == name), None)
    if world is None:
        raise SystemExit(f"fidelity: no world {name}; there are {', '.join(world.name for world in worlds())}")
    powershell, answers = PowerShell(f"imops-fidelity-{os.getpid()}"), []
    try:
        for sequence in world.fixed:
            recorder = Recorder(Real(powershell))
            name = recording.NAME if world.resets else fresh_name()
            for verdict in judging.run(world, recorder, sequence, name):
                for difference in verdict.unexplained:
                    print(f"{verdict.step}\n    {difference}", flush=True)
            answers.append(recorder.taken)
    finally:
        powershell.close()
    recording.save(world, answers)
    print(f"{len(answers)} sequences recorded in {recording.path(world).relative_to(ROOT)}")
    return 0


class _Run:
    """The modules to measure, taken by one thread for each engine, and the summary after each of them."""

    def __init__(
        self, chosen: list[str], seed: int, calls: int | None, seconds: float | None, before: dict[str, t.Any]
    ) -> None:
        self._before, self._began, self._lock = before, time.monotonic(), threading.Lock()
        self._sources = _sources()
        self._seed, self._calls, self.stopped = seed, calls, False
        self._share = seconds * min(ENGINES, len(chosen)) / len(chosen) if seconds else None
        self._waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for module in chosen:
            self._waiting.put(module)
        self.tallies: list[Tally] = []
        self.errors: list[str] = []

    def work(self, powershell: PowerShell) -> None:
        """Measure what is waiting, then remove the engine's drive."""
        by_module, real = modules(), Real(powershell)
        try:
            while not self.stopped:
                module = self._waiting.get_nowait()
                try:
                    self._note(
                        measure(
                            by_module[module],
                            module,
                            real,
                            self._seed,
                            calls=self._calls,
                            seconds=self._share,
                            stop=lambda: self.stopped,
                        )
                    )
                except Exception:
                    self.errors.append(module)
                    print(f"{module}: could not be measured\n{traceback.format_exc()}", flush=True)
        except queue.Empty:
            pass
        finally:
            powershell.close()

    def _note(self, tally: Tally) -> None:
        with self._lock:
            self.tallies.append(tally)
            SUMMARY.parent.mkdir(parents=True, exist_ok=True)
            SUMMARY.write_text(json.dumps(self.summary(), indent=2, ensure_ascii=False) + "\n", "utf-8")
        cost = tally.seconds / tally.calls if tally.calls else 0.0
        print(
            f"{tally.module:45} {tally.cases:4} cases {tally.calls:5} calls {tally.agreed:5} agreed"
            f" {tally.known_differences:4} known {len(tally.findings):2} findings {cost:6.2f} s a call",
            flush=True,
        )
        if tally.crashes:
            print(
                f"{tally.module}: the engine was lost {tally.crashes} times, and the sequence begun again", flush=True
            )
        for sequence in tally.lost:
            print(f"{tally.module}: the engine was lost each time in {sequence}", flush=True)
        for finding in tally.findings:
            print(finding, flush=True)

    def summary(self) -> dict[str, t.Any]:
        """Return what is published."""
        rows = {
            tally.module: tally.summary() | {"known": dict(sorted(tally.known.items())), "sources": self._sources}
            for tally in self.tallies
        }
        return {
            "modules": dict(sorted({**self._before.get("modules", {}), **rows}.items())),
            "seconds": round(self._before.get("seconds", 0) + time.monotonic() - self._began, 1),
            "seed": self._seed,
            "date": f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d}",
            "sources": self._sources,
            "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {platform.system()}",
            "versions": {
                "python": platform.python_version(),
                **{name: importlib.metadata.version(name) for name in ("ansible-core", "ansible", "hypothesis")},
            },
            "differences": [str(finding) for tally in self.tallies for finding in tally.findings],
        }


def _sources() -> str:
    """Return what tells whether the model or the worlds changed since a measurement."""
    files = sorted(path for name in ("emulator", "fidelity") for path in (ROOT / "tests" / name).rglob("*.py"))
    digest = hashlib.sha256()
    for path in files:
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _before(chosen: list[str], *, again: bool) -> dict[str, t.Any]:
    """Return the summary of an earlier run with the rows that stay.

    Args:
        chosen: the modules of this run.
        again: they were named, and are measured again whatever there is; all other rows stay. Otherwise only rows that
            agreed stay, and only those of the model and the worlds as they are.
    """
    if not SUMMARY.exists():
        return {}
    found: dict[str, t.Any] = json.loads(SUMMARY.read_text("utf-8"))
    sources = _sources()

    def stays(name: str, row: dict[str, t.Any]) -> bool:
        if again:
            return name not in chosen
        return row["calls"] == row["agreed"] + row["known_differences"] and row.get("sources") == sources

    found["modules"] = {name: row for name, row in found["modules"].items() if stays(name, row)}
    print(f"fidelity: {len(found['modules'])} modules were measured before", flush=True)
    return found


def _report(run: _Run) -> int:
    summary = run.summary()
    used = {name for row in summary["modules"].values() for name in row["known"]}
    for entry in table():
        if entry.name not in used and set(summary["modules"]).issuperset(entry.modules):
            print(f"known difference never met in this run: {entry.name} ({', '.join(entry.modules)})")
    found = sum(len(tally.findings) for tally in run.tallies)
    seconds, path = summary["seconds"], SUMMARY.relative_to(ROOT)
    print(f"{found} differences outside the table, {seconds:.0f} s, summary in {path}")
    return 1 if run.stopped or found or run.errors or any(tally.lost for tally in run.tallies) else 0


def _chosen(names: str | None) -> list[str]:
    everything = list(modules())
    if not names:
        return everything
    wanted = [name.strip() for name in names.split(",")]
    chosen = [module for module in everything if module in wanted or module.rpartition(".")[2] in wanted]
    unknown = sorted(set(wanted) - {*chosen, *(module.rpartition(".")[2] for module in chosen)})
    if unknown:
        raise SystemExit(f"fidelity: no such module: {', '.join(unknown)}; there are {', '.join(everything)}")
    return chosen


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--modules", help="names with commas between; default all")
    parser.add_argument(
        "--cases", type=int, help="calls of each module, a third of it where one takes over a second; no time limit"
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="keep what was measured before and agreed, unless model or worlds changed; with --modules all but these",
    )
    parser.add_argument("--seconds", type=float, help="what all sequences may take together")
    parser.add_argument("--record", metavar="WORLD", help="record the real answers to the fixed sequences of a world")
    parser.add_argument("--seed", type=int, help="what the sequences are drawn from")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
