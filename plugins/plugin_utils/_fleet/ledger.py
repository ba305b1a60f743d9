# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The ledger of a rollout: files in a folder that all of its jobs share.

``plan.json`` never changes. Each attempt at a server is a file that only one job can create (O_EXCL), to which its
states are appended. Whoever decides holds the lock, which the kernel releases when its process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import json
import os
import re
import typing as t
import urllib.parse
from pathlib import Path

from .._core.plan import Refused
from .entry import RANKS, Entry, State, line, text
from .job import Job

VARIABLE = "im_rollout_folder"
PLAN, LOCK, RECORD = "plan.json", "lock", "record.json"
SERVERS, JOBS = "servers", "jobs"
BEGUN, ENDED = ".json", ".ended"
MODE = 0o640
_FILE = re.compile(r"(.+)\.([0-9]{3,})\.jsonl")


class Taken(Exception):
    """Another job has claimed the server."""


class Ledger:
    """The files of one rollout.

    Args:
        folder: ``im_rollout_folder``.
        rollout: ``im_rollout_id``.
    """

    def __init__(self, folder: Path, rollout: str) -> None:
        self.rollout = rollout
        self.folder = folder / urllib.parse.quote(rollout, safe="")
        self._known: dict[str, tuple[int, Entry]] = {}
        self._jobs: dict[str, Job] = {}

    @contextlib.contextmanager
    def locked(self) -> t.Iterator[None]:
        """Hold the lock; raises Refused where the folder cannot be written or has no locks."""
        try:
            for name in (SERVERS, JOBS):
                (self.folder / name).mkdir(parents=True, exist_ok=True)
            handle = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, MODE)
        except OSError as error:
            raise self._refused(error) from None
        try:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
            except OSError as error:
                raise self._refused(error) from None
            yield
        finally:
            os.close(handle)

    def plan(self) -> dict[str, t.Any] | None:
        """Return what was decided when the rollout began; None before that."""
        try:
            return t.cast("dict[str, t.Any]", json.loads((self.folder / PLAN).read_bytes()))
        except FileNotFoundError:
            return None
        except ValueError:
            # Its job was killed at its first write, before any server was begun.
            if not any((self.folder / SERVERS).iterdir()):
                (self.folder / PLAN).unlink()
                return None
            raise Refused(f"{VARIABLE}: found no JSON in {self.folder / PLAN}, wanted the rollout's plan") from None

    def make_plan(self, plan: t.Mapping[str, t.Any]) -> None:
        """Write what is decided once."""
        self._create(self.folder / PLAN, json.dumps(plan, indent=1, sort_keys=True).encode() + b"\n")

    def entries(self) -> dict[str, Entry]:
        """Return the newest attempt at each server that was begun."""
        newest: dict[str, Entry] = {}
        with os.scandir(self.folder / SERVERS) as files:
            for file in files:
                entry = self._read(file)
                if entry and (entry.server not in newest or newest[entry.server].attempt < entry.attempt):
                    newest[entry.server] = entry
        return newest

    def _read(self, file: os.DirEntry[str]) -> Entry | None:
        """Return the attempt of a file. Files only grow, so that one of the same size was read before."""
        size = file.stat().st_size
        known = self._known.get(file.name)
        if known is None or known[0] != size:
            found = _FILE.fullmatch(file.name)
            if not found:
                return None
            entry = Entry.read(urllib.parse.unquote(found[1]), int(found[2]), Path(file.path).read_bytes())
            known = self._known[file.name] = (size, entry)
        return known[1]

    def entry(self, known: Entry) -> Entry:
        """Return an attempt as it is now."""
        return Entry.read(known.server, known.attempt, self._file(known.server, known.attempt).read_bytes())

    def claim(self, server: str, attempt: int, job: str, now: datetime.datetime, *, again: bool = False) -> None:
        """Begin a server; raises Taken where another job was quicker, lock or no lock."""
        try:
            self._create(self._file(server, attempt), line(State.RUNNING, now, job=job, again=again))
        except FileExistsError:
            raise Taken(server) from None

    def move(self, entry: Entry, state: State, now: datetime.datetime, **told: t.Any) -> bool:
        """Bring an attempt to a further state; tell whether that was a step forward, since nothing else is written."""
        if RANKS[state] <= RANKS[self.entry(entry).state]:
            return False
        path = self._file(entry.server, entry.attempt)
        self._write(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC), line(state, now, **told))
        return True

    def join(self, job: Job, now: datetime.datetime) -> None:
        """Enter a job."""
        self._create(self._job(job.name), json.dumps(vars(job), sort_keys=True).encode() + b"\n")
        self.sign(job.name, now)

    def job(self, name: str) -> Job | None:
        """Return a job that was entered; None where there is none."""
        try:
            return Job.read(json.loads(self._job(name).read_bytes()))
        except (FileNotFoundError, ValueError, TypeError):
            return None

    def sign(self, job: str, now: datetime.datetime) -> None:
        """Give a sign of life."""
        os.utime(self._job(job), (now.timestamp(),) * 2)

    def leave(self, job: str, now: datetime.datetime, held: t.Mapping[str, str]) -> None:
        """Note that a job is over, and what it leaves: the reason for each server that it did not begin."""
        with contextlib.suppress(FileExistsError):
            fields = {"ended": text(now), "held": dict(held)}
            self._create(self._job(job, ENDED), json.dumps(fields, sort_keys=True).encode() + b"\n")

    def jobs(self) -> dict[str, tuple[Job, datetime.datetime]]:
        """Return all jobs, each with its last sign of life, in the order in which they came."""
        found: list[tuple[Job, datetime.datetime]] = []
        with os.scandir(self.folder / JOBS) as files:
            for file in files:
                if file.name.endswith(BEGUN):
                    with contextlib.suppress(ValueError, TypeError):  # one that was killed when it came
                        sign = datetime.datetime.fromtimestamp(file.stat().st_mtime, datetime.UTC)
                        found.append((self._known_job(file), sign))
        return {job.name: (job, sign) for job, sign in sorted(found, key=lambda one: (one[0].began, one[0].name))}

    def _known_job(self, file: os.DirEntry[str]) -> Job:
        if file.name not in self._jobs:
            self._jobs[file.name] = Job.read(json.loads(Path(file.path).read_bytes()))
        return self._jobs[file.name]

    def over(self) -> frozenset[str]:
        """Return the jobs that are over."""
        names = os.listdir(self.folder / JOBS)  # noqa: PTH208  # asked again and again while a job waits
        return frozenset(urllib.parse.unquote(name.removesuffix(ENDED)) for name in names if name.endswith(ENDED))

    def left(self) -> dict[str, dict[str, t.Any]]:
        """Return what each job that is over has left."""
        found: dict[str, dict[str, t.Any]] = {}
        for name in sorted(self.over()):
            with contextlib.suppress(ValueError):
                found[name] = json.loads(self._job(name, ENDED).read_bytes())
        return found

    def _file(self, server: str, attempt: int) -> Path:
        return self.folder / SERVERS / f"{urllib.parse.quote(server, safe='')}.{attempt:03}.jsonl"

    def _job(self, name: str, suffix: str = BEGUN) -> Path:
        return self.folder / JOBS / f"{urllib.parse.quote(name, safe='')}{suffix}"

    def _create(self, path: Path, content: bytes) -> None:
        self._write(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE), content)

    @staticmethod
    def _write(handle: int, content: bytes) -> None:
        """Write at one go, and on the disk, since what follows relies on it."""
        try:
            if os.write(handle, content) != len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)

    def _refused(self, error: OSError) -> Refused:
        return Refused(
            f"{VARIABLE}: cannot write to {self.folder}: {error.strerror or error}. Wanted a folder that every job of"
            " the rollout can write to, on a file system with locks (flock)"
        )
