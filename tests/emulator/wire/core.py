"""The protocol core: WS-Man requests in, answers out, for PowerShell remoting and for command shells. It has no sockets
and no clock of its own.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t
import uuid
import xml.etree.ElementTree as ET

from psrpcore import (
    CreatePipelineEvent,
    EndOfPipelineInputEvent,
    PipelineInputEvent,
    PSRPPayload,
    ServerPipeline,
    ServerRunspacePool,
    StreamType,
)
from psrpcore import types as psrp_types

from ..engine import Outcome, Pipeline
from ..windows.system import winrm
from . import faults, wsman

_ENCODED = re.compile(r"-EncodedCommand\s+([A-Za-z0-9+/=]+)", re.IGNORECASE)


@dataclasses.dataclass
class Ready:
    """A pipeline whose input is complete: the caller runs it and hands its outcome to ``finish``."""

    shell: str
    command: str
    pipeline: Pipeline


@dataclasses.dataclass
class _Command:
    script: str = ""
    lines: list[str] = dataclasses.field(default_factory=list)
    data: bytearray = dataclasses.field(default_factory=bytearray)
    pending: list[str] = dataclasses.field(default_factory=list)
    pipeline: t.Any = None
    exit_code: int | None = None
    handed_over: bool = False


@dataclasses.dataclass
class _Shell:
    psrp: bool
    user: str
    pool: t.Any = None
    envelope_size: int = 153600
    pending: list[str] = dataclasses.field(default_factory=list)
    commands: dict[str, _Command] = dataclasses.field(default_factory=dict)
    begun: int = 0
    used: float = 0.0

    @property
    def operations(self) -> int:
        """Return how many operations it counts for its user.

        A text-based command shell counts each of its commands until it is closed itself: [MS-WSMV] appendix A, 118.
        """
        # Belief [winrs-operations]: a command is one operation with all that is sent and received for it, and a shell
        # without commands is none; learn.microsoft.com "WSMAN_AUTHZ_QUOTA structure" counts top-level operations.
        return len(self.commands) if self.psrp else self.begun

    @property
    def works(self) -> bool:
        """Tell whether a command of it runs."""
        return any(command.handed_over and command.exit_code is None for command in self.commands.values())


class Waiting(Exception):
    """Nothing to receive yet: ask again when a pipeline has finished."""


class Core:
    """The WinRM service of one host.

    Args:
        quotas: those that are not Windows's defaults, by WinRM's names.
        now: the server's time in seconds.
    """

    def __init__(self, quotas: t.Mapping[str, int] | None = None, now: t.Callable[[], float] = lambda: 0.0) -> None:
        self._quotas, self._now = quotas or {}, now
        self._shells: dict[str, _Shell] = {}
        self.ready: list[Ready] = []

    def lose_shell(self, name: str) -> None:
        """Forget one shell, so that a client that asks again on a new connection is told that it is gone."""
        self._shells.pop(name.upper(), None)

    def lose_shells(self) -> None:
        """Forget all shells, as a restart does."""
        self._shells.clear()
        self.ready.clear()

    def handle(self, data: bytes, user: str = "Administrator") -> tuple[int, bytes]:
        """Answer one request with an HTTP status and an envelope; pipelines that can run appear in ``ready``.

        Raises:
            Waiting: a Receive for which nothing is there.
        """
        try:
            request = wsman.read(data)
        except (ET.ParseError, ValueError):
            return 400, b""
        try:
            return 200, self._dispatch(request, user)
        except faults.Fault as problem:
            return 500, wsman.fault(request, problem)

    def timed_out(self, data: bytes) -> tuple[int, bytes]:
        """Answer a Receive for which nothing came in time."""
        request = wsman.read(data)
        return 500, wsman.fault(request, faults.timed_out())

    def _dispatch(self, request: wsman.Request, user: str) -> bytes:
        self._end_idle()
        if request.action == "Create":
            return self._create(request, user)
        shell = self._shells.get((request.shell or "").upper())
        if shell is None:
            raise faults.no_shell(request.shell or "")
        shell.used = self._now()
        if request.action == "Delete":
            self._shells.pop((request.shell or "").upper())
            return wsman.answer(request, "")
        if request.action == "Signal":
            return self._signal(request, shell)
        handlers = {"Command": self._command, "Send": self._send, "Receive": self._receive}
        if request.action not in handlers:
            raise faults.Fault(
                2150858817, f"The WS-Management service cannot process the action {request.full_action}."
            )
        return handlers[request.action](request, shell)

    # Shells and commands

    def _end_idle(self) -> None:
        """Forget the shells for which no message came for IdleTimeout: the policy "Specify idle Timeout".

        While a command runs its client asks for output all the time, however the server's clock jumps meanwhile.
        """
        oldest = self._now() - winrm.quota("IdleTimeout", self._quotas) / 1000
        for name in [name for name, shell in self._shells.items() if shell.used < oldest and not shell.works]:
            self.lose_shell(name)

    def _of(self, user: str) -> list[_Shell]:
        return [shell for shell in self._shells.values() if shell.user == user]

    def _create(self, request: wsman.Request, user: str) -> bytes:
        allowed = winrm.quota("MaxShellsPerUser", self._quotas)
        if len(self._of(user)) >= allowed:
            raise faults.too_many_shells(allowed)
        element = request.find("rsp:Shell")
        name = (element.get("ShellId") if element is not None else None) or str(uuid.uuid4()).upper()
        shell = _Shell(request.is_psrp, user, envelope_size=request.envelope_size, used=self._now())
        self._shells[name.upper()] = shell
        if shell.psrp:
            shell.pool = ServerRunspacePool(application_private_data={})
            creation = (
                element.find("{http://schemas.microsoft.com/powershell}creationXml") if element is not None else None
            )
            if creation is None or not creation.text:
                raise faults.Fault(2150858770, "The creationXml of the runspace pool is missing.")
            self._feed(name, shell, base64.b64decode(creation.text))
        return wsman.created(request, name)

    def _command(self, request: wsman.Request, shell: _Shell) -> bytes:
        line = request.find("rsp:CommandLine")
        assert line is not None
        allowed = winrm.quota("MaxConcurrentOperationsPerUser", self._quotas)
        if sum(one.operations for one in self._of(shell.user)) >= allowed:
            raise faults.too_many_operations(allowed)
        shell.begun += 1
        name = (line.get("CommandId") or str(uuid.uuid4())).upper()
        command = shell.commands[name] = _Command()
        arguments = "".join(e.text or "" for e in line.findall("rsp:Arguments", wsman.NS))
        if shell.psrp:
            command.pipeline = ServerPipeline(shell.pool, uuid.UUID(name))
            self._feed(request.shell or "", shell, base64.b64decode(arguments))
        else:
            word = line.find("rsp:Command", wsman.NS)
            command.script = unwrap(f"{(word.text or '') if word is not None else ''} {arguments}".strip())
            if request.options.get("WINRS_CONSOLEMODE_STDIN", "TRUE").upper() == "TRUE":
                self._hand_over(request.shell or "", name, shell, command)
        return wsman.answer(
            request, f"<rsp:CommandResponse><rsp:CommandId>{name}</rsp:CommandId></rsp:CommandResponse>"
        )

    def _send(self, request: wsman.Request, shell: _Shell) -> bytes:
        for element in request.body.findall("rsp:Send/rsp:Stream", wsman.NS):
            data = base64.b64decode(element.text or "")
            if shell.psrp:
                self._feed(request.shell or "", shell, data)
                continue
            name = (element.get("CommandId") or "").upper()
            command = self._find(shell, name)
            command.data += data
            if element.get("End", "").lower() == "true":
                command.lines = command.data.decode().split("\n")
                self._hand_over(request.shell or "", name, shell, command)
        return wsman.answer(request, "<rsp:SendResponse/>")

    def _receive(self, request: wsman.Request, shell: _Shell) -> bytes:
        name = request.command_id()
        if name is None:
            if not shell.pending:
                raise Waiting
            streams, shell.pending = shell.pending, []
            return wsman.received(request, streams)
        command = self._find(shell, name.upper())
        if not command.pending and command.exit_code is None:
            raise Waiting
        streams, command.pending = command.pending, []
        return wsman.received(request, streams, name.upper(), command.exit_code)

    def _signal(self, request: wsman.Request, shell: _Shell) -> bytes:
        name = (request.command_id() or "").upper()
        command = shell.commands.pop(name, None)
        if command and command.pipeline is not None:
            shell.pool.pipeline_table.pop(uuid.UUID(name), None)
        return wsman.answer(request, "<rsp:SignalResponse/>")

    @staticmethod
    def _find(shell: _Shell, name: str) -> _Command:
        if name not in shell.commands:
            raise faults.Fault(2150858844, "The command was not found in the shell.")
        return shell.commands[name]

    # Pipelines

    def _feed(self, name: str, shell: _Shell, data: bytes) -> None:
        shell.pool.receive_data(PSRPPayload(data, StreamType.default, None))
        while (event := shell.pool.next_event()) is not None:
            if isinstance(event, CreatePipelineEvent):
                command = shell.commands[str(event.pipeline_id).upper()]
                command.script = "\n".join(_text(c) for c in event.pipeline.commands)
                if event.pipeline.no_input:
                    self._hand_over(name, str(event.pipeline_id).upper(), shell, command)
            elif isinstance(event, PipelineInputEvent):
                values = event.data if isinstance(event.data, list) else [event.data]
                shell.commands[str(event.pipeline_id).upper()].lines += [str(value) for value in values]
            elif isinstance(event, EndOfPipelineInputEvent):
                key = str(event.pipeline_id).upper()
                self._hand_over(name, key, shell, shell.commands[key])
        self._collect(shell)

    @staticmethod
    def _collect(shell: _Shell) -> None:
        limit = max(32768, (shell.envelope_size - 2500) * 3 // 4)
        while payload := shell.pool.data_to_send(limit):
            key = str(payload.pipeline_id).upper() if payload.pipeline_id else None
            target = shell.commands[key].pending if key else shell.pending
            target.append(wsman.stream("stdout", payload.data, key))

    def _hand_over(self, name: str, key: str, shell: _Shell, command: _Command) -> None:
        if not command.handed_over:
            command.handed_over = True
            connection = "psrp" if shell.psrp else "winrm"
            pipeline = Pipeline(command.script, tuple(command.lines), connection, shell.user)
            self.ready.append(Ready(name, key, pipeline))

    def finish(self, ready: Ready, outcome: Outcome) -> None:
        """Take a pipeline's outcome: it can be received now. A shell that is gone meanwhile is no error."""
        shell = self._shells.get(ready.shell.upper())
        command = shell.commands.get(ready.command) if shell else None
        if shell is None or command is None:
            return
        shell.used = self._now()
        if not shell.psrp:
            if outcome.output:
                text = "".join(f"{line}\r\n" for line in outcome.output)
                command.pending.append(wsman.stream("stdout", text.encode(), ready.command))
            if outcome.errors:
                text = "".join(f"{line}\r\n" for line in outcome.errors)
                command.pending.append(wsman.stream("stderr", text.encode(), ready.command))
            command.exit_code = outcome.exit_code
            return
        pipeline = command.pipeline
        pipeline.start()
        for line in outcome.output:
            pipeline.write_output(line)
        for line in outcome.errors:
            pipeline.host_call(psrp_types.HostMethodIdentifier.WriteErrorLine, [line])
        if outcome.exit_code:
            pipeline.host_call(psrp_types.HostMethodIdentifier.SetShouldExit, [outcome.exit_code])
        pipeline.complete()
        self._collect(shell)
        command.exit_code = 0


def _text(command: t.Any) -> str:
    """Return a command's text; of pypsrp's Invoke-Expression the text that it is given, of others the arguments too."""
    given = {str(name): str(value) for name, value in command.parameters}
    if command.command_text == "Invoke-Expression" and "Command" in given:
        return given["Command"]
    if command.command_text == "Out-String":
        return ""
    return " ".join([str(command.command_text), *(f"-{name} {value}" for name, value in given.items())])


def unwrap(command: str) -> str:
    """Return the PowerShell text of a command line, out of nested ``-EncodedCommand``s."""
    while found := _ENCODED.search(command):
        inner = base64.b64decode(found[1]).decode("utf-16-le")
        if inner == command:
            break
        command = inner
    return command
