"""The sockets: https on port 5986 and http on 5985 of each host's own 127.x.y.z address, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import email.utils
import traceback
import typing as t
import weakref
from pathlib import Path

from aiohttp import web

from ..engine import ConnectionDropped, HostRestarts, OthersFirst, Outcome, Pipeline
from ..fleet import Host
from ..scenario.listening import Listening
from . import sealed
from .auth import OFFERED, ConnectionAuth, Users
from .core import Core, Ready, Waiting
from .tls import Authority, user_of

RECEIVE_SECONDS = 15
RESTART_SECONDS = 0.2

TURN_SECONDS, LONGEST_TURNS = 0.2, 900
"""How long a pipeline that waits for another run lets others go on, and how often."""


class Endpoint:
    """One host's listeners, which share its shells.

    Args:
        host: the host.
        authority: who signs its certificate.
        users: who may come in.
        latency: seconds that each pipeline takes longer.
        running_clock: whether the model's time passes between executions.
    """

    def __init__(self, host: Host, authority: Authority, users: Users, latency: float, *, running_clock: bool) -> None:
        self.host = host
        self._users, self._latency, self._running_clock = users, latency, running_clock
        self._context, self._hash = authority.context(host.name, host.address)
        # The model's time stands still between executions, unless its clock runs; a listener's does not.
        self._ahead = host.spec.machine.clock.now() - datetime.datetime.now(datetime.UTC)
        self._core = Core(host.spec.machine.quotas, lambda: host.spec.machine.clock.now().timestamp())
        self._listening = {listening.port: listening for listening in host.spec.listeners}
        self._finished = asyncio.Condition()
        self._turn = asyncio.Lock()
        self._auth: weakref.WeakKeyDictionary[t.Any, ConnectionAuth] = weakref.WeakKeyDictionary()
        self._transports: dict[str, t.Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.ServerRunner | None = None
        self._sites: list[web.TCPSite] = []

    async def start(self) -> None:
        """Start the engine, then listen."""
        if self.host.engine.waits:
            await asyncio.to_thread(self.host.engine.start)
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner
        for port, listening in self._listening.items():
            context = self._context if listening.is_https else None
            site = web.TCPSite(self._runner, self.host.address, port, ssl_context=context, reuse_address=True)
            await site.start()
            self._sites.append(site)

    async def stop(self) -> None:
        """Stop listening and end what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self.host.engine.close)
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        response = await self._answered(request)
        # HTTP.sys names itself and its time in each answer.
        time = datetime.datetime.now(datetime.UTC) + self._ahead
        response.headers["Date"] = email.utils.format_datetime(time, usegmt=True)
        response.headers["Server"] = "Microsoft-HTTPAPI/2.0"
        return response

    async def _answered(self, request: web.BaseRequest) -> web.Response:
        transport = request.transport
        data = await request.read()
        if transport is None or request.path != "/wsman" or request.method != "POST":
            return web.Response(status=404)
        listening = self._reached(transport)
        auth = self._auth.get(transport)
        if auth is None:
            self.host.counters.connections += 1
            bound = self._hash if listening.is_https else b""
            tls = transport.get_extra_info("ssl_object")
            mapped = user_of(tls.getpeercert(binary_form=True)) if tls else ""
            auth = self._auth[transport] = ConnectionAuth(self._users, listening.auth, bound, mapped)
        challenges = auth.step(request.headers.get("Authorization"))
        if listening.in_clear_refused and listening.auth == "basic":
            # Over http Basic is never offered to others than those who may write in clear.
            challenges = [*OFFERED["ntlm"][:1], "Kerberos"]
        if challenges:
            refusal = web.Response(status=401)
            for challenge in challenges:
                refusal.headers.add("WWW-Authenticate", challenge)
            return refusal
        response = await self._authenticated(request, auth, data, transport)
        if auth.last:
            response.headers["WWW-Authenticate"], auth.last = auth.last, ""
        return response

    async def _authenticated(
        self, request: web.BaseRequest, auth: ConnectionAuth, data: bytes, transport: t.Any
    ) -> web.Response:
        """Answer somebody who is known; a message that came encrypted is answered encrypted."""
        kind = request.headers.get("Content-Type", "")
        if not data:
            return web.Response(status=200)
        received, protocol = len(data), ""
        if sealed.is_sealed(kind):
            try:
                protocol, data = sealed.protocol_of(kind), sealed.opened(auth.context, data)
            except sealed.Unreadable:
                return web.Response(status=400)
        elif self._reached(transport).in_clear_refused:
            # Status 500 with an empty body, as pywinrm's users saw it: diyan/pywinrm issues 129 and 208.
            return web.Response(status=500)
        status, body = await self._answer(data, auth.user or "", transport)
        kind = "application/soap+xml;charset=UTF-8"
        if protocol:
            kind, body = sealed.closed(auth.context, protocol, body)
        self.host.counters.messages += 1
        self.host.counters.bytes += received + len(body)
        return web.Response(status=status, body=body, headers={"Content-Type": kind})

    async def _answer(self, data: bytes, user: str, transport: t.Any) -> tuple[int, bytes]:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + RECEIVE_SECONDS
        while True:
            try:
                status, body = self._core.handle(data, user)
            except Waiting:
                async with self._finished:
                    try:
                        async with asyncio.timeout_at(deadline):
                            await self._finished.wait()
                    except TimeoutError:
                        return self._core.timed_out(data)
                continue
            for ready in self._core.ready:
                self._transports[ready.shell] = transport
                task = loop.create_task(self._run(ready))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            self._core.ready.clear()
            return status, body

    async def _run(self, ready: Ready) -> None:
        """Run a pipeline; a shell whose connection moved meanwhile is told through the next Receive."""
        self.host.counters.payload += len(ready.pipeline.script) + sum(map(len, ready.pipeline.lines))
        if self._latency:
            await asyncio.sleep(self._latency)
        if self._running_clock:
            self._catch_up()
        try:
            self._core.finish(ready, await self._outcome(ready.pipeline))
        except ConnectionDropped:
            self._core.lose_shell(ready.shell)
            self._abort(self._transports.pop(ready.shell, None))
        except HostRestarts as restart:
            self._core.finish(ready, restart.outcome)
            task = asyncio.get_running_loop().create_task(self._restart(restart.boot))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        except Exception:  # the client would wait for ever: a fault of the emulator is a failed pipeline with its text
            self._core.finish(ready, Outcome((), (f"the emulator failed: {traceback.format_exc()}",), 1))
        async with self._finished:
            self._finished.notify_all()

    def _catch_up(self) -> None:
        """Let the model's time pass as the listener's did."""
        clock = self.host.spec.machine.clock
        behind = datetime.datetime.now(datetime.UTC) + self._ahead - clock.now()
        clock.advance(max(0.0, behind.total_seconds()))

    async def _outcome(self, pipeline: Pipeline) -> Outcome:
        if not self.host.engine.waits:
            return await self._once_others_have(pipeline)
        async with self._turn:
            return await asyncio.to_thread(self.host.engine.run, pipeline)

    async def _once_others_have(self, pipeline: Pipeline) -> Outcome:
        """Run a pipeline; while it waits for another run, that run's pipelines come first, and each turn is a second.

        Once it has waited as long as the script does, it is run as if it were alone, and tells that it has waited.
        """
        machine = self.host.spec.machine
        for _ in range(LONGEST_TURNS):
            machine.lets_others_go_on = True
            try:
                return self.host.engine.run(pipeline)
            except OthersFirst:
                self.host.engine.counters.remote_executions -= 1
                machine.clock.advance(1)
            finally:
                machine.lets_others_go_on = False
            await asyncio.sleep(TURN_SECONDS)
        return self.host.engine.run(pipeline)

    async def _restart(self, boot: t.Callable[[], None]) -> None:
        """Go away, boot and come back: listeners closed, connections aborted, shells lost."""
        await asyncio.sleep(RESTART_SECONDS)
        while self._sites:
            await self._sites.pop().stop()
        for transport in list(self._auth):
            self._abort(transport)
        self._core.lose_shells()
        await asyncio.to_thread(boot)
        await asyncio.sleep(RESTART_SECONDS)
        await self._listen()

    def _reached(self, transport: t.Any) -> Listening:
        """Return the listener that a connection came to."""
        return self._listening[transport.get_extra_info("sockname")[1]]

    @staticmethod
    def _abort(transport: t.Any) -> None:
        if transport is not None:
            with contextlib.suppress(Exception):
                transport.abort()


class Front:
    """All hosts' listeners and the files that clients need."""

    def __init__(
        self, hosts: t.Mapping[str, Host], folder: Path, latency: float = 0, *, running_clock: bool = False
    ) -> None:
        self.authority = Authority(folder)
        users = Users(folder)
        for host in hosts.values():
            users.add(host.spec.user, host.spec.password)
        self.endpoints = {
            name: Endpoint(host, self.authority, users, latency, running_clock=running_clock)
            for name, host in hosts.items()
        }

    async def start(self) -> None:
        """Let all hosts listen."""
        await asyncio.gather(*(endpoint.start() for endpoint in self.endpoints.values()))

    async def stop(self) -> None:
        """Stop all hosts."""
        for endpoint in self.endpoints.values():
            await endpoint.stop()
