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
import xml.etree.ElementTree as ET

from . import _json_text, _questions, _windows_path
from ._questions import Query

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
    """A log, or one that begins anew each day or start.

    Attributes:
        name: what it is, for people.
        folder: where its files are.
        pattern: how they are called.
        timed: whether its lines have times; one without belongs to one start of the agent.
    """

    name: str
    folder: str
    pattern: str
    timed: bool

    @property
    def question(self) -> Query:
        """Return what is asked: the ends of the newest files, without times only the newest."""
        return _questions.files(self.folder, self.pattern, newest=NEWEST if self.timed else 1, tail=TAIL)


def logs(runtime: str, base: str, web_config: bytes | None, settings: bytes | None) -> tuple[Log, ...]:
    """Return the logs that web.config and appsettings.json name; what cannot be read names none.

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
    try:
        root = ET.fromstring(content)  # noqa: S314  (the server's own file; entities are not fetched)
    except ET.ParseError:
        return None
    core = next(root.iter("aspNetCore"), None)
    if core is None or core.get("stdoutLogEnabled", "").lower() != "true":
        return None
    return core.get("stdoutLogFile")


def _section(content: bytes) -> t.Any:
    try:
        data = _json_text.parse(content.decode("utf-8-sig")).root.plain()
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
        return None  # a variable of the agent's process, which nobody knows here
    if path.startswith(".\\"):
        path = path[2:]
    full = _windows_path.normal(_windows_path.join(base, path))
    folder, _backslash, file = full.rpartition("\\")
    stem, dot, extension = file.rpartition(".")
    # Serilog and the module both put what tells files apart in front of the extension.
    return Log(name, folder, f"{stem}*.{extension}" if dot else f"{file}*", timed)


def errors(log: Log, files: t.Sequence[t.Mapping[str, t.Any]], since: str) -> list[str]:
    """Return the lines of errors since a time.

    A line whose time has no offset is left out, as nobody knows here which time it means.

    Args:
        log: whose files they are.
        files: the probe's answer, each with name, last_write and the decoded ``text``.
        since: UTC, ISO 8601, as the probe writes it.
    """
    found = []
    for file in files:
        if file["last_write"] < since:
            continue
        lines = str(file["text"]).splitlines()
        if log.timed:
            found += [line for line in lines if (time := _time(line)) and time >= since]
        else:
            found += [line for line in lines if _STDOUT.search(line)]
    return found


def _time(line: str) -> str | None:
    """Return the time of a line that tells an error, in UTC as the probe writes times; None for any other line."""
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
