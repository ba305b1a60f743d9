"""The sockets: https on port 5986 of each host's own 127.x.y.z address, in one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import traceback
import typing as t
import weakref
from pathlib import Path

from aiohttp import web

from ..engine import ConnectionDropped, HostRestarts, Outcome, Pipeline
from ..fleet import PORT, Host
from .auth import ConnectionAuth, Users
from .core import Core, Ready, Waiting
from .tls import Authority

RECEIVE_SECONDS = 15
RESTART_SECONDS = 0.2


class Endpoint:
    """One host's listener.

    Args:
        host: the host.
        authority: who signs its certificate.
        users: who may come in.
        latency: seconds that each pipeline takes longer.
    """

    def __init__(self, host: Host, authority: Authority, users: Users, latency: float) -> None:
        self.host = host
        self._users, self._latency = users, latency
        self._context = authority.context(host.name, host.address)
        self._core = Core()
        self._finished = asyncio.Condition()
        self._turn = asyncio.Lock()
        self._auth: weakref.WeakKeyDictionary[t.Any, ConnectionAuth] = weakref.WeakKeyDictionary()
        self._transports: dict[str, t.Any] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._runner: web.ServerRunner | None = None
        self._site: web.TCPSite | None = None

    async def start(self) -> None:
        """Start the engine, then listen."""
        if self.host.engine.waits:
            await asyncio.to_thread(self.host.engine.start)
        self._runner = web.ServerRunner(web.Server(self._handle))
        await self._runner.setup()
        await self._listen()

    async def _listen(self) -> None:
        assert self._runner
        self._site = web.TCPSite(self._runner, self.host.address, PORT, ssl_context=self._context, reuse_address=True)
        await self._site.start()

    async def stop(self) -> None:
        """Stop listening and end what runs."""
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self.host.engine.close)
        if self._runner:
            await self._runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        transport = request.transport
        data = await request.read()
        if transport is None or request.path != "/wsman" or request.method != "POST":
            return web.Response(status=404)
        auth = self._auth.get(transport)
        if auth is None:
            self.host.counters.connections += 1
            auth = self._auth[transport] = ConnectionAuth(self._users, self.host.spec.auth)
        challenges = auth.step(request.headers.get("Authorization"))
        if challenges:
            refusal = web.Response(status=401)
            for challenge in challenges:
                refusal.headers.add("WWW-Authenticate", challenge)
            return refusal
        if not data:
            return web.Response(status=200)
        status, body = await self._answer(data, auth.user or "", transport)
        self.host.counters.messages += 1
        self.host.counters.bytes += len(data) + len(body)
        return web.Response(status=status, body=body, content_type="application/soap+xml", charset="utf-8")

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
        try:
            self._core.finish(ready, await self._outcome(ready.pipeline))
        except ConnectionDropped:
            self._core.lose_shell(ready.shell)
            self._abort(self._transports.pop(ready.shell, None))
        except HostRestarts as restart:
            self._core.finish(ready, restart.outcome)
            task = asyncio.get_running_loop().create_task(self._restart())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        except Exception:  # the client would wait for ever: a fault of the emulator is a failed pipeline with its text
            self._core.finish(ready, Outcome((), (f"the emulator failed: {traceback.format_exc()}",), 1))
        async with self._finished:
            self._finished.notify_all()

    async def _outcome(self, pipeline: Pipeline) -> Outcome:
        if not self.host.engine.waits:
            return self.host.engine.run(pipeline)
        async with self._turn:
            return await asyncio.to_thread(self.host.engine.run, pipeline)

    async def _restart(self) -> None:
        """Go away and come back: listener closed, connections aborted, shells lost."""
        await asyncio.sleep(RESTART_SECONDS)
        assert self._site
        await self._site.stop()
        for transport in list(self._auth):
            self._abort(transport)
        self._core.lose_shells()
        await asyncio.sleep(RESTART_SECONDS)
        await self._listen()

    @staticmethod
    def _abort(transport: t.Any) -> None:
        if transport is not None:
            with contextlib.suppress(Exception):
                transport.abort()


class Front:
    """All hosts' listeners and the files that clients need."""

    def __init__(self, hosts: t.Mapping[str, Host], folder: Path, latency: float = 0) -> None:
        self.authority = Authority(folder)
        users = Users(folder)
        for host in hosts.values():
            users.add(host.spec.user, host.spec.password)
        self.endpoints = {name: Endpoint(host, self.authority, users, latency) for name, host in hosts.items()}

    async def start(self) -> None:
        """Let all hosts listen."""
        await asyncio.gather(*(endpoint.start() for endpoint in self.endpoints.values()))

    async def stop(self) -> None:
        """Stop all hosts."""
        for endpoint in self.endpoints.values():
            await endpoint.stop()
