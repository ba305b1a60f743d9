"""A server's whole state as plain data in Windows' own terms, and the server that is built from it again.

No name of a class or module is in the data, so that it can be read after the emulator's own files have moved. What a
bare server of the same edition has gained since then, the restored one has as well; what was removed stays away.
"""

from __future__ import annotations

import base64
import datetime
import typing as t

from ..behaviours import catalogue
from ..windows import clock
from ..windows.machine import Machine, Process
from ..windows.network.identity_server import IdentityServer
from ..windows.network.network import Listener
from ..windows.registry.keys import Key
from ..windows.security import descriptors
from ..windows.security.group_policy import GroupPolicy
from ..windows.system.events import Event
from . import peers

FORMAT = 1
HIVES = ("HKLM", "HKCU", "HKU", "HKCR", "HKCC")
Data = dict[str, t.Any]


class CannotSave(Exception):
    """A state that cannot be saved, or data that no server can be built from: the text says what."""


def save(machine: Machine) -> Data:
    """Return the whole state of a server as JSON-able data, its secrets and private keys included.

    Raises:
        CannotSave: something answers for another server that is not an Identity Manager server, or is under way.
    """
    if machine.clock.waits:
        raise CannotSave(f"{machine.name}: something has not ended yet (a pool that stops): run something, save then")
    bare = Machine(machine.name, os=machine.os.year, domain=machine.domain)
    files, registry = _files(machine), _registry(machine)
    return {
        "format": FORMAT,
        "name": machine.name,
        "domain": machine.domain,
        "os": machine.os.year,
        "clock": clock.stamp(machine.clock.now()),
        "boot_time": clock.stamp(machine.boot_time),
        "reboot_pending": machine.reboot_pending,
        "behaviours": machine.behaviours,
        "drives": {
            letter: {"free_bytes": drive.free_bytes, "read_only": drive.read_only}
            for letter, drive in sorted(machine.files.drives.items())
        },
        "files": files,
        "files_removed": sorted(_files(bare).keys() - files.keys()),
        "files_locked": sorted(machine.files.locked),
        "files_denied": sorted(machine.files.denied),
        "registry": registry,
        "registry_removed": _registry_removed(_registry(bare), registry),
        "certificates": _certificates(machine),
        "accounts": _accounts(machine),
        "user_rights": {name: sorted(sids) for name, sids in sorted(machine.accounts.rights.items())},
        "group_policies": [policy.dump() for policy in machine.accounts.policies],
        "services": _services(machine),
        "service_passwords": dict(sorted(machine.services.passwords.items())),
        "features": [name for name, there in machine.features.all().items() if there],
        "features_restart_after": machine.features.restart_after,
        "network": _network(machine),
        "iis": _iis(machine),
        "events": [event.shown() for event in machine.events.entries],
        "processes": [[clock.stamp(process.time), process.command_line] for process in machine.processes],
    }


def restore(data: t.Mapping[str, t.Any]) -> Machine:
    """Build the server that ``save`` was given; its clock goes on where that one's stood.

    Raises:
        CannotSave: data of another format, or an agent that ran and does not start from this state.
    """
    if data.get("format") != FORMAT:
        raise CannotSave(f"format: found {data.get('format')!r}, this emulator reads {FORMAT}")
    start = clock.parse(data["clock"])
    machine = Machine(data["name"], os=data["os"], domain=data["domain"], start=start)
    if data["iis"] is not None:
        machine.add_iis()
    _restore_accounts(machine, data)
    _restore_registry(machine, data)
    _restore_files(machine, data)
    known = set(_files(machine))
    _restore_certificates(machine, data)
    _restore_network(machine, data)
    machine.features._installed = set(data["features"])
    machine.features.restart_after = data["features_restart_after"]
    machine.services.passwords.update(data["service_passwords"])
    for name, service in data["services"].items():
        machine.services.set_state(name, service["state"], _moment(service["started"]))
    for node in [one for one in machine.files.walk("C:\\") if one.path.endswith("\\scheduler.lock")]:
        machine.files.remove(node.path, force=True)  # an agent that starts watches a lock that is there
    _restore_agents(machine, data)
    for path in sorted(set(_files(machine)) - known, reverse=True):  # what the agents have written at their start
        machine.files.remove(path)
    _restore_files(machine, data)
    machine.files.locked, machine.files.denied = set(data["files_locked"]), set(data["files_denied"])
    machine.events.entries[:] = [Event(**{**e, "time": clock.parse(e["time"])}) for e in data["events"]]
    machine.processes[:] = [Process(clock.parse(time), line) for time, line in data["processes"]]
    machine.boot_time, machine.reboot_pending = clock.parse(data["boot_time"]), data["reboot_pending"]
    catalogue.resume(machine, data.get("behaviours", {}))
    return machine


def _moment(text: str | None) -> datetime.datetime | None:
    return clock.parse(text) if text else None


# Files


def _files(machine: Machine) -> Data:
    files = machine.files
    found: Data = {}
    for letter in sorted(files.drives):
        for node in (files.entry(f"{letter}:\\"), *files.walk(f"{letter}:\\")):
            item: Data = {"rights": descriptors.Descriptor(node.owner, node.explicit, node.protected).sddl()}
            for name in ("created", "last_write", "last_access"):
                item[name] = clock.stamp(getattr(node, name))
            if node.read_only:
                item["read_only"] = True
            if node.content is not None:
                item |= _content(node.content)
            found[node.path] = item
    return found


def _content(content: bytes) -> Data:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(content).decode()}
    return {"text": text}


def _bytes(item: t.Mapping[str, t.Any]) -> bytes:
    return item["text"].encode() if "text" in item else base64.b64decode(item["base64"])


def _restore_files(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    """Lay down files and folders, and at the end what each write has moved: times, rights and room."""
    files = machine.files
    for letter in data["drives"]:
        if letter not in files.drives:
            files.add_drive(letter)
    for path, item in data["files"].items():
        if "text" in item or "base64" in item:
            if files.is_file(path):
                files.entry(path).read_only = False
            files.write(path, _bytes(item))
        else:
            files.make_folder(path)
    for path in sorted(data["files_removed"], reverse=True):  # what is in a folder before the folder
        if files.exists(path):
            files.remove(path, recurse=True, force=True)
    for path, item in data["files"].items():
        node, rights = files.entry(path), descriptors.parse(item["rights"])
        node.path, node.owner, node.explicit, node.protected = path, rights.owner, rights.aces, rights.protected
        node.created, node.last_access = clock.parse(item["created"]), clock.parse(item["last_access"])
        node.last_write, node.read_only = clock.parse(item["last_write"]), item.get("read_only", False)
    for letter, drive in data["drives"].items():
        files.drives[letter].free_bytes = drive["free_bytes"]
        files.drives[letter].read_only = drive["read_only"]


# Registry


def _registry(machine: Machine) -> Data:
    found: Data = {}

    def read(key: Key, path: str) -> None:
        found[path] = {name: [value.type, _plain(value.data)] for name, value in key.values.values()}
        for name in key.key_names():
            read(key.keys[name.lower()], f"{path}\\{name}")

    for hive in HIVES:
        key = machine.registry.key(hive)
        if key is not None:
            read(key, hive)
    return found


def _plain(data: t.Any) -> t.Any:
    return {"base64": base64.b64encode(data).decode()} if isinstance(data, bytes) else data


def _registry_removed(bare: Data, found: Data) -> list[list[str]]:
    """Return the keys, and the values with their key, that a bare server has and this one does not."""
    keys = [[path] for path in sorted(bare) if path not in found]
    values = [
        [path, name]
        for path in sorted(bare)
        if path in found
        for name in sorted(bare[path].keys() - found[path].keys())
    ]
    return keys + values


def _restore_registry(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    for path, values in data["registry"].items():
        machine.registry.make(path)
        for name, (kind, plain) in values.items():
            machine.registry.set(path, name, kind, _bytes(plain) if isinstance(plain, dict) else plain)
    for path, *value in data["registry_removed"]:
        if value:
            machine.registry.delete_value(path, value[0])
        else:
            machine.registry.delete(path)


# Certificates and accounts


def _certificates(machine: Machine) -> Data:
    """Return each store's certificates, with their keys in PKCS#8."""
    found: Data = {}
    for store, thumbprints in machine.certificates.dump().items():
        location, name = store.split("\\")
        found[store] = []
        for thumbprint in thumbprints:
            one = machine.certificates.find(location, name, thumbprint)
            assert one is not None
            item: Data = {"der": base64.b64encode(one.der).decode(), "exportable": one.exportable}
            if one.key:
                body = "".join(one.key.decode().split("-----")[2].split())
                item |= {"key": body, "key_path": one.key_path}
            found[store].append(item)
    return found


def _restore_certificates(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    for store, certificates in data["certificates"].items():
        location, name = store.split("\\")
        if machine.certificates.all(location, name) is None:
            machine.certificates.make_store(location, name)
        for item in certificates:
            one = machine.certificates.add(location, name, base64.b64decode(item["der"]))  # its key's file is there
            one.exportable = item["exportable"]
            if "key" in item:
                lines = "\n".join(item["key"][i : i + 64] for i in range(0, len(item["key"]), 64))
                kind = "PRIVATE KEY"
                one.key = f"-----BEGIN {kind}-----\n{lines}\n-----END {kind}-----\n".encode()
                one.key_path = item["key_path"]


def _accounts(machine: Machine) -> list[Data]:
    """Return all accounts, with the passwords of users."""
    listed = []
    for name, about in machine.accounts.dump()["accounts"].items():
        account = machine.accounts.find(name)
        assert account is not None
        listed.append({"name": name, **about, "password": account.password})
    return listed


def _restore_accounts(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    there, names = _accounts(machine), {account["name"] for account in data["accounts"]}
    for account in data["accounts"]:
        if account not in there:
            machine.accounts.add(**account)
    for gone in (account["name"] for account in there if account["name"] not in names):
        machine.accounts.remove_pool(gone.removeprefix("IIS APPPOOL\\"))  # a fresh IIS has one
    machine.accounts.rights.clear()
    machine.accounts.rights.update({name: set(sids) for name, sids in data["user_rights"].items()})
    machine.accounts.policies = tuple(GroupPolicy.of(policy) for policy in data.get("group_policies", ()))


# Services, network and IIS


def _services(machine: Machine) -> Data:
    """Return the services' states, the other things about them are in the registry; ``agent`` where one runs."""
    found: Data = {}
    for name, about in machine.services.dump().items():
        agent = name.lower() in machine.service_agents._running
        found[name] = {"state": about["state"], "started": about["started"], "agent": agent}
    return found


def _network(machine: Machine) -> Data:
    network = machine.network
    servers = [getattr(responder, "__self__", None) for responder in network.elsewhere]
    if not all(isinstance(server, IdentityServer) for server in servers):
        raise CannotSave(f"{machine.name}: a function answers for another server, which cannot be saved")
    found: Data = {"identity_servers": [dict(vars(server)) for server in servers]}
    for kind in ("web", "shares"):
        contents = getattr(network, kind)
        found[kind] = {url: _content(c if isinstance(c, bytes) else c.read_bytes()) for url, c in contents.items()}
    found |= {"key_vault": dict(network.key_vault), "cyberark": dict(network.cyberark)}
    found |= {"peers": [peers.written(peer) for peer in network.peers], "proxies": sorted(network.proxies)}
    found |= {"passes": {name: list(user) for name, user in network.passes.items()}, "by_proxy": dict(network.by_proxy)}
    found |= {"slow": dict(network.slow)}
    found["downloads"] = list(network.downloads)
    found["listeners"] = [dict(vars(listener)) for listener in network.extra_listeners]
    return found


def _restore_network(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    network, saved = machine.network, data["network"]
    network.elsewhere += [IdentityServer(**server).respond for server in saved["identity_servers"]]
    for kind in ("web", "shares"):
        getattr(network, kind).update({url: _bytes(content) for url, content in saved[kind].items()})
    network.key_vault.update(saved["key_vault"])
    network.cyberark.update(saved["cyberark"])
    network.peers += map(peers.read, saved.get("peers", ()))  # absent from states that an earlier emulator saved
    network.proxies |= set(saved.get("proxies", ()))
    network.passes.update({name: (user, word) for name, (user, word) in saved.get("passes", {}).items()})
    network.by_proxy.update(saved.get("by_proxy", {}))
    network.slow.update(saved.get("slow", {}))
    network.downloads += saved["downloads"]
    network.extra_listeners += [Listener(**listener) for listener in saved["listeners"]]


def _iis(machine: Machine) -> Data | None:
    """Return what runs; the configuration is a file."""
    if machine.iis is None:
        return None
    iis = machine.iis.activation
    workers = [
        {
            "pool": worker.pool,
            "process_id": worker.process_id,
            "started": clock.stamp(worker.started),
            "owner": worker.owner,
            "agents": {
                site: {"started": clock.stamp(agent.started), "state": agent.state}
                for site, agent in sorted(worker.agents.items())
            },
        }
        for worker in iis.workers()
    ]
    return {
        "pools": dict(sorted(iis.pool_states.items())),
        "sites": dict(sorted(iis.site_states.items())),
        "workers": workers,
        "last_process": iis.last_process,
        "recycles": dict(sorted(iis.recycles.items())),
        "app_restarts": dict(sorted(iis.app_restarts.items())),
    }


def _restore_agents(machine: Machine, data: t.Mapping[str, t.Any]) -> None:
    """Start the agents that ran, then set back what a start changes."""
    for name, service in data["services"].items():
        if service["agent"]:
            machine.service_agents.behave(name, "start")
    if data["iis"] is None:
        return
    assert machine.iis is not None
    iis, saved = machine.iis.activation, data["iis"]
    iis.pool_states.update(saved["pools"])
    iis.site_states.update(saved["sites"])
    for about in saved["workers"]:
        worker = iis.worker(about["pool"])
        worker.process_id, worker.started = about["process_id"], clock.parse(about["started"])
        worker.owner = about.get("owner", worker.owner)  # absent from states that an earlier emulator saved
        for site, saved_agent in about["agents"].items():
            agent = iis.application(site)
            agent.started = clock.parse(saved_agent["started"])
            if agent.state != saved_agent["state"]:
                found, wanted = agent.failure or agent.state, saved_agent["state"]
                raise CannotSave(f"{machine.name}: the agent of {site} was {wanted}, started again it is: {found}")
    iis.last_process = saved["last_process"]
    iis.recycles.update(saved["recycles"])
    iis.app_restarts.update(saved["app_restarts"])
