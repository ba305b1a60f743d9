"""A PowerShell on this machine, kept running between scripts.

It is a command named in the variable ``IMOPS_PWSH`` that understands ``-NoProfile -File`` (``pwsh`` or ``powershell``
on a Windows machine), or the rig at ``../shared/powershell/imps`` beside the checkout, its Windows build over Wine.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import fcntl
import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
import typing as t
from pathlib import Path

from ..model.payload import SEPARATOR

IMPS = Path(__file__).resolve().parents[4] / "shared" / "powershell" / "imps"
CANNOT = 75
"""The rig's exit status for "this machine cannot have it"."""
NAMED = os.environ.get("IMOPS_PWSH")
CALLS_A_PROCESS = 300
"""Each call that compiles leaves about 1 MB in the rig's process, so a new one is started after so many."""
WINESERVER_SECONDS = 30
_ASYNC = "async_wrapper.ps1"
_CACHE = Path(os.environ.get("IMPS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imps")


class Unavailable(Exception):
    """There is no such engine on this machine: the reason."""


LOST = "The term 'ConvertTo-Json' is not recognized"
"""What an engine says that has lost its cmdlets in the middle, which it does now and then beside other engines; a new
process has them.
"""
DAMAGED = re.compile(r"0x00(?:'|\\u0027) is invalid within a JSON string")
"""What an engine says that has lost a part of a module's payload, which never has such a sign: seen once in each of two
runs of 300 calls of win_get_url, so that Wine's way of receiving may write where it should not. Of other input it is no
sign of damage: .NET says the same of a settings file that has such a character.
"""


class Crashed(Exception):
    """The PowerShell ended while it ran a script: the text has its exit status. The next script starts another."""


@dataclasses.dataclass(frozen=True)
class Output:
    """What a script gave: exit status, standard output and errors."""

    exit: int
    text: str
    errors: str

    @property
    def document(self) -> dict[str, t.Any]:
        """Return the output, which is one JSON document and nothing else."""
        return t.cast("dict[str, t.Any]", json.loads(self.text))


class PowerShell:
    """One PowerShell.

    Args:
        drive: what the name of its Windows drive begins with; with the rig a drive of its own is made for it, whatever
            other processes and checkouts do, and removed by ``close``.
        windows: with Windows calls; else the rig's native engine, which is enough for .NET's own classes and has no
            drive.

    Raises:
        Unavailable: there is none here.
    """

    def __init__(self, drive: str, *, windows: bool = True) -> None:
        self._name = drive
        self._drive = self._new_drive() if windows else ""
        self._kept: Path | None = None
        self._calls = 0
        self._busy = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 - it is the process's, and closed with it
        if NAMED:
            self._command = shlex.split(NAMED)
        elif IMPS.exists():
            self._command = [str(IMPS), *(["--wine"] if windows else [])]
        else:
            raise Unavailable(f"no PowerShell engine: neither a command in IMOPS_PWSH nor {IMPS}")

    def _new_drive(self) -> str:
        return f"{self._name}-{secrets.token_hex(4)}"

    @property
    def _folder(self) -> Path:
        return _CACHE / "wine-10" / "prefix" / self._drive

    def script(self, text: str, lines: t.Sequence[str] = ()) -> Output:
        """Run a script's text with lines of input.

        Raises:
            Crashed: it ended before it answered.
            Unavailable: this machine cannot have it.
        """
        with self._busy:
            return self._once(text, lines) if NAMED else self._serve(text, lines)

    def _serve(self, text: str, lines: t.Sequence[str]) -> Output:
        if self._calls >= CALLS_A_PROCESS:
            self.end()
        self._calls += 1
        process = self._served()
        assert process.stdin and process.stdout
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps({"command": text, "input": list(lines)}) + "\n")
            process.stdin.flush()
        answered = process.stdout.readline()
        if not answered:
            status = process.wait()
            self._forget()
            if status == CANNOT:
                raise Unavailable(f"the rig at {IMPS} ended with {status}, this machine cannot have it: {self._last()}")
            raise Crashed(f"the PowerShell engine ended with {status}")
        try:
            answer = json.loads(answered)
        except ValueError:
            self.end()
            raise Crashed("the PowerShell engine answered in part only") from None
        said = answer["errors"] + answer["output"]
        payload = any(SEPARATOR in line for line in lines)
        for is_so, why in (
            (LOST in said, "no longer finds its own cmdlets"),
            (payload and DAMAGED.search(said), "lost a part of what it was given"),
        ):
            if is_so:
                self.end()
                raise Crashed(f"the PowerShell engine {why}")
        return Output(answer["exit"], answer["output"], answer["errors"])

    def end(self) -> None:
        """End the process; its drive stays, and the next script starts another."""
        process = self._process
        if process is not None:
            assert process.stdin
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._forget()

    def close(self) -> None:
        """End the process, in the middle of a script if need be, and remove the drive, with what was kept of it."""
        while not self._busy.acquire(timeout=0.1):
            if self._process is not None:
                self._process.kill()
        try:
            self.end()
            if not NAMED and self._drive:
                _remove(self._folder)
            if self._kept:
                shutil.rmtree(self._kept, ignore_errors=True)
        finally:
            self._busy.release()

    def keep(self) -> None:
        """Keep a copy of the drive for ``begin_anew``. The process may go on meanwhile: what it has changed in the
        registry is not in the copy, since Wine writes that when it ends.
        """
        if not NAMED and self._drive:
            self._kept = self._folder.with_name(f"{self._drive}-kept")
            _copy(self._folder, self._kept)

    def begin_anew(self) -> None:
        """Go on with a drive as it was when ``keep`` was called, whatever scripts have made of this one. A PowerShell
        without such a copy goes on as it is, in a new process.
        """
        with self._busy:
            self.end()
            if self._kept:
                _remove(self._folder)
                self._drive = self._new_drive()
                _copy(self._kept, self._folder)

    def _forget(self) -> None:
        if self._process is not None:
            for stream in (self._process.stdin, self._process.stdout):
                assert stream
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        self._process, self._calls = None, 0

    def _last(self) -> str:
        """Return the last line that the process said on its standard error."""
        self._said.seek(0)
        lines = self._said.read().decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it said no reason")

    def _served(self) -> subprocess.Popen[str]:
        if self._process is None:
            self._said.seek(0)
            self._said.truncate()
            if not NAMED:
                _CACHE.mkdir(parents=True, exist_ok=True)  # the rig locks a file in it before it makes it
            self._process = subprocess.Popen(
                [*self._command, "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                text=True,
                encoding="utf-8",
                cwd=IMPS.parent,
                env={**os.environ, **({"IMPS_PREFIX": self._drive} if self._drive else {})},
            )
        return self._process

    def _once(self, text: str, lines: t.Sequence[str]) -> Output:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "script.ps1"
            path.write_text(text, "utf-8-sig")  # Windows PowerShell reads a file without the mark as ANSI
            done = subprocess.run(
                [*self._command, "-NoProfile", "-File", str(path)],
                input="\n".join(lines) + "\n",
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )
        return Output(done.returncode, done.stdout, done.stderr)


def _copy(drive: Path, to: Path) -> None:
    """Copy a drive, but for the name of the folder of its wineserver: the copy has one of its own."""
    shutil.copytree(drive, to, symlinks=True, ignore=shutil.ignore_patterns("wineserver"))


def _remove(drive: Path) -> None:
    """Remove a drive once its wineserver, which writes the registry when it ends, has let go of its lock.

    A wineserver is known by the drive's inode. One that goes on would serve the next drive that gets the same inode,
    whosever that is, with the files and keys of this one: then this drive stays.
    """
    if not drive.exists():
        return
    found = drive.stat()
    deadline = time.monotonic() + WINESERVER_SECONDS
    for lock in Path("/tmp").glob(f"wine-*/server-{found.st_dev:x}-{found.st_ino:x}/lock"):
        with lock.open("r+b") as file:
            while True:
                try:
                    fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > deadline:
                        return
                    time.sleep(0.05)
    shutil.rmtree(drive, ignore_errors=True)


def for_this_engine(text: str) -> str:
    """Return a payload for the engine at hand; of Ansible's wrapper, three things are settled for the rig.

    The rig is a .NET Core PowerShell whose ``ConvertFrom-Json`` is 5.1's: the wrapper has to take 5.1's branch. It is
    the only PowerShell on its drive, under a name of Unix, so the wrapper must not look for another one. And it lies in
    its folder as ``powershell.exe``, not as ``pwsh.exe``, which is what a job in the background is started with. The
    module and its arguments are not touched.
    """
    if NAMED:
        return text
    wrapper, *rest = text.split(SEPARATOR)
    wrapper = _settled(wrapper)
    if rest and f'"{_ASYNC}"' in rest[0]:
        manifest = json.loads(rest[0])
        for name in {_ASYNC, "exec_wrapper.ps1"} & set(manifest["scripts"]):
            script = manifest["scripts"][name]
            script["script"] = base64.b64encode(_settled(base64.b64decode(script["script"]).decode()).encode()).decode()
        rest[0] = rest[0].replace(rest[0].strip(), json.dumps(manifest))
    return SEPARATOR.join([wrapper, *rest])


def _settled(script: str) -> str:
    for condition in ("$IsCoreCLR", "$PwshPath"):
        script = script.replace(f"if ({condition}) {{", "if ($false) {")
    return script.replace("'pwsh.exe'", "'powershell.exe'")
