"""What .NET makes of a settings file and of a web.config: ``dotnet_reader.cs``, compiled and run by the engine."""

from __future__ import annotations

import base64
import json
import typing as t
from pathlib import Path

from emulator.process.powershell import Unavailable
from powershell import Engine

SOURCE = Path(__file__).with_suffix(".cs")
ROOT = "(root)"
"""The path of a configuration's root; a file may have a key ``/``."""
AT_ONCE = 250
"""Documents a call: one line of input each."""
_LOAD = """
$ErrorActionPreference = 'Stop'
if (-not ('System.Text.Json.JsonDocument' -as [type])) { 'no System.Text.Json'; exit 0 }
if (-not ('Imops.DotnetReader' -as [type])) {
    Add-Type -TypeDefinition ([Text.Encoding]::UTF8.GetString([Convert]::FromBase64String('SOURCE')))
}
""".replace("SOURCE", base64.b64encode(SOURCE.read_bytes()).decode())


class DotnetReader:
    """The readers of .NET, many files a call.

    Args:
        engine: a PowerShell on .NET; Windows calls are not needed.

    Raises:
        Unavailable: the engine has no System.Text.Json (Windows PowerShell 5.1 has none), or cannot compile.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        ready = engine.script(_LOAD + "'ready'")
        if ready.text.strip() != "ready":
            raise Unavailable(f"the PowerShell engine reads no settings as .NET does: {ready.text} {ready.errors}")

    def settings(self, files: t.Sequence[bytes]) -> list[dict[str, t.Any]]:
        """Return for each settings file ``refused``, or ``values`` (path and text in order) and ``repeated``."""
        return self._read("Settings", files)

    def merged(self, sets: t.Sequence[t.Sequence[bytes]]) -> list[dict[str, t.Any]]:
        """Return for each set of settings files, in load order, ``refused``, or ``values`` (text by path),
        ``children`` (keys by path, in the order in which .NET binds them; the root's path is :data:`ROOT`) and ``repeated``.
        """
        return self._call("Merged", [",".join(base64.b64encode(file).decode() for file in files) for files in sets])

    def xml(self, files: t.Sequence[bytes]) -> list[dict[str, t.Any]]:
        """Return for each XML file ``refused``, or ``elements`` (depth, name, then attributes and values in turn)."""
        return self._read("Xml", files)

    def cases(self) -> list[tuple[int, int]]:
        """Return all pairs of characters that .NET holds equal when case does not count."""
        return [(one, other) for one, other in json.loads(self._run("[Imops.DotnetReader]::Cases()", ()))]

    def _read(self, method: str, files: t.Sequence[bytes]) -> list[dict[str, t.Any]]:
        return self._call(method, [base64.b64encode(file).decode() or "=" for file in files])

    def _call(self, method: str, inputs: t.Sequence[str]) -> list[dict[str, t.Any]]:
        found: list[dict[str, t.Any]] = []
        for start in range(0, len(inputs), AT_ONCE):
            lines = inputs[start : start + AT_ONCE]
            read = f"$input | ForEach-Object {{ [Imops.DotnetReader]::{method}($_.TrimStart('=')) }}"
            answers = self._run(read, lines).splitlines()
            assert len(answers) == len(lines), f"{len(lines)} files sent, {len(answers)} answers came"
            found += map(json.loads, answers)
        return found

    def _run(self, command: str, lines: t.Sequence[str]) -> str:
        done = self._engine.script(_LOAD + command, lines)
        assert (done.exit, done.errors) == (0, ""), done.errors
        return done.text
