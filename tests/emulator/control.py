"""The commands that a running fleet takes, on 127.0.0.1 only."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import typing as t

from aiohttp import web

from . import fleet
from .scenario import saved_state


def application(hosts: t.Mapping[str, fleet.Host], stopping: asyncio.Event) -> web.Application:
    """Return the application that answers the commands.

    Args:
        hosts: of the fleet, by name.
        stopping: is set by the command ``stop``.
    """
    control = _Control(hosts, stopping)
    found = web.Application()
    answers = (control.dump, control.save, control.counters, control.reset, control.fault, control.stop)
    found.add_routes([web.post(f"/{answer.__name__}", answer) for answer in answers])
    return found


@dataclasses.dataclass(frozen=True)
class _Control:
    hosts: t.Mapping[str, fleet.Host]
    stopping: asyncio.Event

    def _one(self, request: web.Request) -> fleet.Host:
        name = request.query.get("host", "")
        if name not in self.hosts:
            raise web.HTTPNotFound(text=f"no host {name!r}; there are: {', '.join(self.hosts)}")
        return self.hosts[name]

    async def dump(self, request: web.Request) -> web.Response:
        return web.json_response(self._one(request).engine.dump())

    async def save(self, request: web.Request) -> web.Response:
        spec = self._one(request).spec
        if spec.kind != "model":
            raise web.HTTPBadRequest(text=f"host {spec.name} is a real PowerShell: its state is on its own drive")
        return web.json_response(saved_state.save(spec.machine))

    async def counters(self, request: web.Request) -> web.Response:
        return web.json_response(self._one(request).engine.dump()["counters"])

    async def reset(self, _request: web.Request) -> web.Response:
        for host in self.hosts.values():
            host.engine.reset()
        return web.json_response({})

    async def fault(self, request: web.Request) -> web.Response:
        text = await request.text()
        self._one(request).engine.faults = [json.loads(text)] if text else []
        return web.json_response({})

    async def stop(self, _request: web.Request) -> web.Response:
        self.stopping.set()
        return web.json_response({})
