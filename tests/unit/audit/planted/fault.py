"""What a planted fault is, and the deeds that plant one on an emulated server or in its inventory."""

from __future__ import annotations

import dataclasses
import datetime
import json
import typing as t

import audited
import chain
from in_process import Server

RUNTIME, WORKING = chain.RUNTIME, chain.WORKING
AGENT_FILE, GENERAL_FILE = f"{RUNTIME}\\appsettings.agent.json", f"{RUNTIME}\\appsettings.json"
EDITED = ("look.restart-pending", "pool.as-wanted")
"""What follows from a settings file that is newer than the agent's start: the plan of the pool wants another start."""
Deed = t.Callable[[Server], t.Any]


@dataclasses.dataclass(frozen=True)
class Planted:
    """A fault.

    Attributes:
        rule: what has to find it.
        how: what is broken, in a few words.
        deed: breaks the server.
        also: other rules that have to find what follows from it.
        unknown: rules that cannot tell any more.
        variables: of the inventory that the server is audited with, where they are not those of its installation.
        hosting: of the server.
        alone: whether no other fault can be planted before it, since it installs the agent anew.
    """

    rule: str
    how: str
    deed: Deed = lambda server: None
    also: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    variables: t.Mapping[str, t.Any] = dataclasses.field(default_factory=dict)
    hosting: str = "iis"
    alone: bool = False

    @property
    def id(self) -> str:
        """Return its name in the tests."""
        return f"{self.rule}: {self.how}"


def planted(
    rule: str,
    how: str,
    deed: Deed = lambda server: None,
    *also: str,
    unknown: t.Iterable[str] = (),
    hosting: str = "iis",
    alone: bool = False,
    **variables: t.Any,
) -> Planted:
    """Return a fault, with variables of the inventory by their names without ``im_agent_``."""
    return Planted(rule, how, deed, frozenset(also), frozenset(unknown), variables, hosting, alone)


def write(path: str, text: str) -> Deed:
    """Return the write of a file."""
    return lambda server: server.machine.files.write(path, text.encode())


def remove(path: str) -> Deed:
    """Return the removal of a file or folder, with all that is in it."""
    return lambda server: server.machine.files.remove(path, recurse=True)


def folders(*paths: str) -> Deed:
    """Return the making of folders."""

    def deed(server: Server) -> None:
        for path in paths:
            server.machine.files.make_folder(path)

    return deed


def put(file: str, key: str, value: t.Any) -> Deed:
    """Return the change of a settings file at one key, such as ``OpenId.OpenIdClients``; None removes it."""

    def deed(server: Server) -> None:
        lines = server.machine.files.read(file).decode().splitlines()
        data = json.loads("\n".join(line for line in lines if not line.strip().startswith("//")))
        *above, last = key.split(".")
        place = data
        for step in above:
            place = place.setdefault(step, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
        server.machine.files.write(file, json.dumps(data).encode())

    return deed


def agent(key: str, value: t.Any) -> Deed:
    """Return a change of appsettings.agent.json."""
    return put(AGENT_FILE, key, value)


def general(key: str, value: t.Any) -> Deed:
    """Return a change of appsettings.json."""
    return put(GENERAL_FILE, key, value)


def call(module: str, **arguments: t.Any) -> Deed:
    """Return the call of a module, as somebody does it by hand."""

    def deed(server: Server) -> None:
        result = server.engine.call(module, arguments, check=False, diff=False)
        if result.get("failed"):
            raise ValueError(f"{module}: {result['msg']}")

    return deed


def replace(path: str, old: str, new: str) -> Deed:
    """Return a change of a text file; raises ValueError where it has no such text."""

    def deed(server: Server) -> None:
        text = server.machine.files.read(path).decode()
        if old not in text:
            raise ValueError(f"{path} has no {old!r}")
        server.machine.files.write(path, text.replace(old, new, 1).encode())

    return deed


def installed(**changes: t.Any) -> Deed:
    """Return the installation of an inventory over the one that is there."""

    def deed(server: Server) -> None:
        audited.install(server, **changes)
        server.machine.clock.wait(10)

    return deed


class Sized(bytes):
    """The content of a file of which only the size matters."""

    size = 0

    def __len__(self) -> int:
        """Return the size that the file claims."""
        return self.size


def large(path: str, size: int) -> Deed:
    """Return the write of a file of a size, in bytes."""

    def deed(server: Server) -> None:
        content = Sized(b"x")
        content.size = size
        server.machine.files.write(path, b"")
        server.machine.files.entry(path).content = content

    return deed


def aged(path: str, hours: int) -> Deed:
    """Return the write of a file some hours ago."""

    def deed(server: Server) -> None:
        server.machine.files.write(path, b"{}")
        entry = server.machine.files.entry(path)
        entry.last_write -= datetime.timedelta(hours=hours)

    return deed


def registry(key: str, name: str, data: t.Any, kind: str = "DWord") -> Deed:
    """Return the setting of a value of the registry."""
    return lambda server: server.machine.registry.set(key, name, kind, data)


def both(*deeds: Deed) -> Deed:
    """Return several deeds as one."""

    def deed(server: Server) -> None:
        for one in deeds:
            one(server)

    return deed
