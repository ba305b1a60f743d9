"""The jobs that a running agent runs: those of its scheduler, and those that it is asked for, vendor page "API, Agent,
Job": `POST /api/Job/Job/RunJob/{id}`, whose answer is 200.

A job is a process of its own, `Usercube-Invoke-Job.exe`, which tells the server when it has ended (vendor page
"Usercube-Invoke-Job", `UJ_JobInstances`). How long it runs is counted in turns of the clock. That its agent's end ends
it, and nobody is told, is the unkind variant.

The page names no other answer than 200, and no page says what a job's log is called or looks like. What we let the
agent refuse, and with what, is the unkind variant too: it asks its server with the token that it was given, and passes
on what that refuses.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import re
import typing as t
from urllib.parse import parse_qs, urlsplit

from ..errors import WindowsError
from ..network.network import HttpAnswer, HttpRequest
from ..system.running import RunningProgram
from .context import Context
from .dotnet_config import Configuration

PROGRAM = "Usercube-Invoke-Job.exe"
INSTANCES = "/api/Job/JobInstance?api-version=1.0"
_RUN = re.compile(r".*/api/Job/Job/RunJob/(?P<id>[^/]*)", re.IGNORECASE)


class Jobs:
    """The jobs of one agent's process.

    Args:
        context: the process.
        settings: the agent's.
    """

    def __init__(self, context: Context, settings: Configuration) -> None:
        self._context, self._settings = context, settings
        self._children: list[RunningProgram] = []

    @property
    def run_now(self) -> bool:
        """Tell whether one runs."""
        running = self._context.surroundings.running.all()
        return any(one in running for one in self._children)

    def answer(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request for a run; None for any other one."""
        parts = urlsplit(request.path)
        found = _RUN.fullmatch(parts.path)
        if found is None:
            return None
        if request.method != "POST":
            return HttpAnswer(405, "Method Not Allowed", {"Allow": "POST"})
        if not request.headers.get("Authorization", "").startswith("Bearer "):
            return HttpAnswer(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
        if "api-version" not in parse_qs(parts.query):
            return HttpAnswer(400, "Bad Request")
        return self._run(request, found["id"])

    def _run(self, request: HttpRequest, job: str) -> HttpAnswer:
        now = self._context.surroundings.clock.now().astimezone(datetime.UTC)
        agent = self._settings.get("OpenId:AgentIdentifier")
        try:
            registered = self._tell(request, {"JobId": job, "Agent": agent, "StartDate": _time(now)})
        except WindowsError:
            return HttpAnswer(500, "Internal Server Error")
        if registered.status != 200:
            return HttpAnswer(registered.status, registered.reason)
        about = json.loads(registered.body)
        log = self.begin(about["Lasts"] or None, ["Job started."])
        if about["Lasts"]:
            child = self._children[-1]
            ended = functools.partial(self._ended, child, log, request, about)
            self._context.surroundings.clock.after(about["Lasts"], ended)
        if about["Silent"]:
            raise WindowsError(
                "System.IO.IOException",
                "Unable to read data from the transport connection: A connection attempt failed because the connected"
                " party did not properly respond after a period of time.",
            )
        return HttpAnswer(about["Answers"], "OK", {"Content-Type": "application/json"}, b"true")

    def _tell(self, request: HttpRequest, told: t.Mapping[str, t.Any]) -> HttpAnswer:
        """Tell the server of a run, with the token that the agent was given."""
        parts = urlsplit(self._settings.get("ApplicationUri") or "")
        host = parts.hostname or ""
        headers = {"Authorization": request.headers["Authorization"], "Content-Type": "application/json"}
        path = parts.path.rstrip("/") + INSTANCES
        body = json.dumps(told).encode()
        return self._context.surroundings.network.request(
            HttpRequest(host, parts.port or 443, True, host, host, "POST", path, headers, body, verify=True)
        )

    def begin(self, turns: int | None, lines: t.Sequence[str]) -> str:
        """Start a job's process for some turns, None for ever; return its log."""
        surroundings = self._context.surroundings
        self._children.append(surroundings.running.start(f"{self._context.folder}\\{PROGRAM}", turns))
        return self._log(surroundings.clock.now(), lines)

    def ran(self, started: datetime.datetime) -> None:
        """Let a job have run that has ended already, and left its log."""
        self._log(started, ["Job started."])

    def _ended(self, child: RunningProgram, log: str, request: HttpRequest, about: t.Mapping[str, t.Any]) -> None:
        """Tell the server, and write the rest of the log, unless the job was cut."""
        if child not in self._children:
            return
        self._children.remove(child)
        files, now = self._context.surroundings.files, self._context.surroundings.clock.now()
        files.write(log, "\r\n".join(["Job started.", *about["Log"], ""]).encode())
        with contextlib.suppress(WindowsError):
            self._tell(request, {"Id": about["Id"], "EndDate": _time(now)})

    def cut(self) -> None:
        """End the jobs with their agent, unless they outlive it; nobody is told."""
        running = self._context.surroundings.running
        if not running.outlives:
            for child in self._children:
                running.end(child)
        self._children.clear()

    def _log(self, now: datetime.datetime, lines: t.Sequence[str]) -> str:
        """Write a job's log and return its path, page "appsettings", TempFolderPath."""
        temp = self._context.resolve(self._settings.get("TempFolderPath") or "../Temp")
        files = self._context.surroundings.files
        files.make_folder(f"{temp}\\JobLogs")
        path = f"{temp}\\JobLogs\\{now.astimezone(datetime.UTC):%Y%m%d%H%M%S%f}.log"
        files.write(path, "\r\n".join([*lines, ""]).encode())
        return path


def _time(moment: datetime.datetime) -> str:
    return f"{moment.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
