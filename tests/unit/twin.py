"""A server's twin: the same server, advanced by as much time, without our writes; and where the two differ."""

from __future__ import annotations

import dataclasses
import re
import typing as t
import xml.etree.ElementTree as ET

import chain
from emulator.windows.machine import Machine

CONFIGURATION = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
TLS = "\\SslBindingInfo\\", "\\SslSniBindingInfo\\"
OURS = (chain.POOL, chain.SITE, chain.SERVICE)
"""The agent's own pool, site and service."""
OUR_FOLDERS = ("runtime", "temp", "work", "mails", ".im-backup")
STATES = ("application pool's state", "site's state")

Fact = tuple[str, str]
"""The kind of a thing, and its name."""


@dataclasses.dataclass(frozen=True)
class Twin:
    """A server as it was, beside one that something is run on.

    Attributes:
        machine: the twin.
    """

    machine: Machine

    @classmethod
    def of(cls, machine: Machine) -> Twin:
        """Return the twin of a server."""
        return cls(machine.copy())

    def differences(self, machine: Machine, planned: t.Iterable[str] = ()) -> list[str]:
        """Let as much time pass for the twin; name what of its things the other server has no more, or otherwise.

        What only the other server has is new, and none of a neighbour's. Of the agent's own things nothing is named.

        Args:
            machine: the other server.
            planned: the operations that were foretold: what one of them names may differ.
        """
        while self.machine.clock.turns < machine.clock.turns:
            self.machine.clock.wait()
        foretold = "\n".join(planned).lower()
        ours, twins = facts(machine), facts(self.machine)
        return [
            f"{kind} {name}: {ours.get((kind, name), 'gone')}, the twin has {fact}"
            for (kind, name), fact in twins.items()
            if ours.get((kind, name)) != fact and not _may_differ(kind, name, foretold)
        ]

    def changed(self, machine: Machine) -> list[str]:
        """Let as much time pass for the twin; name everything in which the two servers differ, what is ours too."""
        while self.machine.clock.turns < machine.clock.turns:
            self.machine.clock.wait()
        ours, twins = facts(machine), facts(self.machine)
        return [
            f"{kind} {name}" for kind, name in ours.keys() | twins if ours.get((kind, name)) != twins.get((kind, name))
        ]


def facts(machine: Machine) -> dict[Fact, t.Any]:
    """Return what somebody would miss: files with their rights, sites, pools, HTTP.sys entries, certificates, services
    and accounts' rights.
    """
    dump = machine.dump()
    found: dict[Fact, t.Any] = {("file", path): _file(about) for path, about in dump["files"].items()}
    for store, certificates in dump["certificates"].items():
        found |= {("certificate", f"{store}\\{thumbprint}"): about for thumbprint, about in certificates.items()}
    found |= {
        ("HTTP.sys entry", path): about for path, about in dump["registry"].items() if any(k in path for k in TLS)
    }
    found |= {("service", name): about for name, about in dump["services"].items()}
    found |= {("right", name): sorted(sids) for name, sids in machine.accounts.rights.items()}
    found |= {("feature", name): True for name in dump["features"]}
    return found | _configured(machine)


def _file(about: dict[str, t.Any]) -> dict[str, t.Any]:
    """Leave out the time of a folder, which a new neighbour in it changes."""
    return about if "size" in about else {name: value for name, value in about.items() if name != "last_write"}


def _configured(machine: Machine) -> dict[Fact, t.Any]:
    iis = machine.iis
    if iis is None:
        return {}
    found: dict[Fact, t.Any] = {}
    root = iis.file.document()
    for kind, path in (("site", ".//sites/site"), ("application pool", ".//applicationPools/add")):
        for node in root.iterfind(path):
            found[kind, node.get("name", "")] = ET.canonicalize(ET.tostring(node, "unicode"), strip_text=True)
    for tag in ("applicationPoolDefaults", "siteDefaults", "applicationDefaults", "virtualDirectoryDefaults"):
        for node in root.iter(tag):
            found["default", tag] = ET.canonicalize(ET.tostring(node, "unicode"), strip_text=True)
    found |= {("application pool's state", name): iis.pool_state(name) for name in iis.pools()}
    found |= {("site's state", name): iis.site_state(name) for name in iis.sites()}
    return found | {("application pool's restarts", name): iis.recycles.get(name.lower(), 0) for name in iis.pools()}


def _may_differ(kind: str, name: str, foretold: str) -> bool:
    if kind == "file":
        return _is_our_file(name, foretold)
    if (kind, name) == ("service", "HTTP") and "windows features" in foretold:
        return True  # IIS starts it
    if kind in STATES and "w3svc" in foretold:
        return True  # what starts by itself starts with the web server
    return name in OURS or re.search(rf"(?<![\w.-]){re.escape(name.lower())}(?![\w.-])", foretold) is not None


def _is_our_file(path: str, foretold: str) -> bool:
    """Tell whether a file is the agent's, Windows' own record of what is planned, or planned."""
    below = path.lower().removeprefix(chain.WORKING.lower())
    if below != path.lower():
        return not below or below.split("\\")[1] in OUR_FOLDERS
    return path == CONFIGURATION or path.lower() in foretold
