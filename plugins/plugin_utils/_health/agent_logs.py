# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's own logs: where its settings put them, and the errors in them since a time.

The stdout log is the ASP.NET Core module's, one file for each start of the process; the others are Serilog's file sinks
(vendor page "Monitoring"), in its usual template or as JSON.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import re
import typing as t

from .._agent import asp_net_core
from .._core import probe
from .._core.probe import Query
from .._dotnet import json_text
from .._windows import windows_path

TAIL = 64 * 1024
NEWEST = 2
_FILE_SINKS = {"file", "rollingfile"}
_ERROR_LEVELS = {"ERR", "ERROR", "FTL", "FATAL"}
_SERILOG = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(\.\d+)? ?(Z|[+-]\d\d:\d\d) \[?(ERR|Error|FTL|Fatal)\b", re.IGNORECASE
)
_STDOUT = re.compile(r"^(?:fail|crit): |^Unhandled exception|^\[\d\d:\d\d:\d\d (?:ERR|FTL)\]|\[(?:ERR|FTL)\]")


@dataclasses.dataclass(frozen=True)
class Log:
    """A log, which may begin a new file each day or start.

    Attributes:
        name: what it is, for messages.
        folder: where its files are.
        pattern: of their names.
        timed: whether its lines have times; a file of a log without them belongs to one start of the agent.
    """

    name: str
    folder: str
    pattern: str
    timed: bool

    @property
    def question(self) -> Query:
        """Ask for the ends of the newest files; for a log without times, of the newest one only."""
        return probe.files(self.folder, self.pattern, newest=NEWEST if self.timed else 1, tail=TAIL)


def logs(runtime: str, base: str, web_config: bytes | None, settings: bytes | None) -> tuple[Log, ...]:
    """Return the logs that web.config and appsettings.json name; a file that cannot be parsed names none.

    Args:
        runtime: the agent's folder.
        base: the folder that relative paths of the settings begin at: the current directory of the process.
        web_config: web.config, None where the module of IIS hosts nothing.
        settings: appsettings.json.
    """
    found = []
    path = _stdout(web_config or b"")
    if path and (log := _log("the stdout log", runtime, path, timed=False)):
        found.append(log)
    for path in _sinks(_section(settings or b"")):
        if log := _log("the log of Serilog", base, path, timed=True):
            found.append(log)
    return tuple(dict.fromkeys(found))


def _stdout(content: bytes) -> str | None:
    core = next(iter(asp_net_core.elements(content)), None)
    if core is None or core.get("stdoutLogEnabled", "").lower() != "true":
        return None
    return core.get("stdoutLogFile")


def _section(content: bytes) -> t.Any:
    try:
        data = json_text.parse(content.decode("utf-8-sig")).root.plain()
    except (ValueError, UnicodeDecodeError):
        return None
    return next((value for key, value in data.items() if key.lower() == "serilog"), None) if data else None


def _sinks(section: t.Any) -> t.Iterator[str]:
    """Yield the paths of file sinks, also of those that another sink wraps."""
    if isinstance(section, list):
        for item in section:
            yield from _sinks(item)
    elif isinstance(section, dict):
        lowered = {key.lower(): value for key, value in section.items()}
        arguments = lowered.get("args")
        if str(lowered.get("name", "")).lower() in _FILE_SINKS and isinstance(arguments, dict):
            path = {key.lower(): value for key, value in arguments.items()}.get("path")
            if isinstance(path, str) and path:
                yield path
        for value in section.values():
            yield from _sinks(value)


def _log(name: str, base: str, path: str, *, timed: bool) -> Log | None:
    path = path.replace("/", "\\")
    if "%" in path:
        return None  # an environment variable of the agent's process, which is not known here
    if path.startswith(".\\"):
        path = path[2:]
    full = windows_path.normal(windows_path.join(base, path))
    folder, _backslash, file = full.rpartition("\\")
    stem, dot, extension = file.rpartition(".")
    # Serilog and the module both insert the date or start time before the extension.
    return Log(name, folder, f"{stem}*.{extension}" if dot else f"{file}*", timed)


def errors(log: Log, files: t.Sequence[t.Mapping[str, t.Any]], since: str) -> list[str]:
    """Return the lines of errors since a time.

    In a log with times they alone count. A line whose time has no offset from UTC is left out, since the time zone of
    the agent is not known here.

    Belief [open-log-time]: the last write time of a file is not fully updated until all handles used for writing are
    closed; learn.microsoft.com "WriteFile function".

    Args:
        log: whose files they are.
        files: the probe's answer, each with name, last_write and the decoded ``text``.
        since: UTC, ISO 8601, as the probe writes it; for a log without times, when its process started.
    """
    found = []
    for file in files:
        if not log.timed and file["last_write"] < since:
            continue
        lines = str(file["text"]).splitlines()
        if log.timed:
            found += [line for line in lines if (time := _time(line)) and time >= since]
        else:
            found += [line for line in lines if _STDOUT.search(line)]
    return found


def _time(line: str) -> str | None:
    """Return the time of a line that reports an error, in UTC as the probe writes times; None for any other line."""
    match = _SERILOG.search(line[:80])
    if match:
        return _utc(f"{match[1]}T{match[2]}{(match[3] or '')[:7]}{match[4]}")
    if not line.startswith("{"):
        return None
    try:
        event = json.loads(line)
    except ValueError:
        return None
    level = event.get("@l") or event.get("Level") or ""
    return _utc(str(event.get("@t") or event.get("Timestamp"))) if str(level).upper() in _ERROR_LEVELS else None


def _utc(text: str) -> str | None:
    text = re.sub(r"(\.\d{6})\d+", r"\1", text)
    try:
        time = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    if time.tzinfo is None:
        return None
    return time.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
