"""A PowerShell engine that runs our scripts as a target would: by ansible-core's wrapper, many calls in one process.

It is a command named in the variable ``IMOPS_PWSH`` that understands ``-NoProfile -File`` (``pwsh`` or ``powershell``
on
a Windows machine: the scripts call Windows), or the rig at ``../shared/powershell/imps`` beside the checkout, with its
Windows build over Wine.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import shlex
import shutil
import subprocess
import tempfile
import typing as t
from pathlib import Path

from ansible.executor.powershell import module_manifest

ROOT = Path(__file__).resolve().parents[3]
IMPS = ROOT.parent / "shared" / "powershell" / "imps"
CANNOT = 75
"""The rig's exit status for "this machine cannot have it"."""
PREFIX = f"imops-rig-{os.getpid()}"
"""A fresh C: drive for each session: Wine keeps certificates that were removed from a store of LocalMachine."""
CACHE = Path(os.environ.get("IMPS_CACHE") or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "imps")
NAMED = os.environ.get("IMOPS_PWSH")
BOOTSTRAP = module_manifest._get_powershell_script("bootstrap_wrapper.ps1").decode()
MODULES = ROOT / "plugins" / "modules"
PROBE, WRITE = "win_im_probe", "win_im_write"


class Unavailable(Exception):
    """There is no such engine on this machine: the reason."""


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


@functools.cache
def source(name: str) -> str:
    """Return one of our scripts."""
    return (MODULES / f"{name}.ps1").read_text("utf-8")


def payload(name: str, script: str, arguments: t.Mapping[str, t.Any], *, check: bool = False) -> list[str]:
    """Return the lines that a controller sends to run ``script`` as the module ``name`` of this collection."""
    full = f"ansible_collections.imops.identity_manager.plugins.modules.{name}"
    internal: dict[str, t.Any] = {
        "_ansible_check_mode": check,
        "_ansible_diff": False,
        "_ansible_module_name": f"imops.identity_manager.{name}",
        "_ansible_no_log": True,
        "_ansible_verbosity": 0,
    }
    wrapped = module_manifest._create_powershell_wrapper(
        name=full,
        module_data=script.encode(),
        module_path=str(MODULES / f"{name}.ps1"),
        module_args={**internal, **arguments},
        environment={},
        async_timeout=0,
        become_plugin=None,
        substyle="powershell",
        task_vars={},
        profile="modern",
    )
    text = wrapped.decode() if isinstance(wrapped, bytes) else wrapped
    # The rig's engine is a .NET Core one whose ConvertFrom-Json is 5.1's: the wrapper has to take the branch of 5.1.
    return (text if NAMED else text.replace("if ($IsCoreCLR) {", "if ($false) {")).split("\n")


class Engine:
    """One engine.

    Args:
        windows: with Windows calls; else the rig's native one, which is enough for .NET's own classes.

    Raises:
        Unavailable: there is none here.
    """

    def __init__(self, *, windows: bool = True) -> None:
        self._served: subprocess.Popen[str] | None = None
        if NAMED:
            self._command, self._serves = shlex.split(NAMED), False
        elif IMPS.exists():
            self._command, self._serves = [str(IMPS), *(["--wine"] if windows else [])], True
        else:
            raise Unavailable(f"no PowerShell engine: neither a command in IMOPS_PWSH nor {IMPS}")

    def script(self, text: str, lines: t.Sequence[str] = ()) -> Output:
        """Run a script's text with lines of input."""
        if not self._serves:
            return self._once(text, lines)
        server = self._server()
        assert server.stdin and server.stdout
        server.stdin.write(json.dumps({"command": text, "input": list(lines)}) + "\n")
        server.stdin.flush()
        answered = server.stdout.readline()
        if not answered:
            status = server.wait()
            self._served = None
            raise (
                Unavailable(f"the rig ended with {status}")
                if status == CANNOT
                else AssertionError(f"the engine ended with {status} while it ran {text[:200]!r}")
            )
        answer = json.loads(answered)
        return Output(answer["exit"], answer["output"], answer["errors"])

    def module(
        self, name: str, arguments: t.Mapping[str, t.Any], *, check: bool = False, script: str | None = None
    ) -> Output:
        """Run one of our modules (or a changed text of it) through ansible-core's wrapper."""
        return self.script(BOOTSTRAP, payload(name, script or source(name), arguments, check=check))

    def probe(self, *queries: t.Mapping[str, t.Any]) -> list[dict[str, t.Any]]:
        """Return the probe's answers."""
        return t.cast("list[dict[str, t.Any]]", self.module(PROBE, {"queries": list(queries)}).document["answers"])

    def write(self, *operations: t.Mapping[str, t.Any], check: bool = False) -> dict[str, t.Any]:
        """Return the writer's result."""
        return self.module(WRITE, {"operations": list(operations)}, check=check).document

    def close(self) -> None:
        """End the process that this engine started."""
        if self._served:
            assert self._served.stdin
            self._served.stdin.close()
            try:
                self._served.wait(20)
            except subprocess.TimeoutExpired:
                self._served.kill()
                self._served.wait()
            self._served = None
        shutil.rmtree(CACHE / "wine-10" / "prefix" / PREFIX, ignore_errors=True)

    def _server(self) -> subprocess.Popen[str]:
        if self._served is None:
            self._served = subprocess.Popen(
                [*self._command, "serve"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                encoding="utf-8",
                cwd=IMPS.parent,
                env={**os.environ, "IMPS_PREFIX": PREFIX},
            )
        return self._served

    def _once(self, text: str, lines: t.Sequence[str]) -> Output:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "script.ps1"
            path.write_text(text, "utf-8")
            done = subprocess.run(
                [*self._command, "-NoProfile", "-File", str(path)],
                input="\n".join(lines) + "\n",
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
            )
        return Output(done.returncode, done.stdout, done.stderr)
