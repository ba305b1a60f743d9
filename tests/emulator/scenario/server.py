"""One server as a scenario describes it."""

from __future__ import annotations

import base64
import typing as t
from pathlib import Path

from ..behaviours import catalogue
from ..windows import clock
from ..windows.iis.server import Iis
from ..windows.installed import packages
from ..windows.machine import Machine
from ..windows.network.identity_server import IdentityServer
from ..windows.network.network import Listener
from ..windows.security.group_policy import GroupPolicy
from . import peers

Data = t.Mapping[str, t.Any]
PATH_FAULTS = ("access_denied", "locked", "read_only")


class BadScenario(Exception):
    """A scenario that cannot be: the text names the key."""


def build(name: str, data: Data, folder: Path) -> Machine:
    """Build one server from its part of a scenario.

    Args:
        name: its inventory name.
        data: the scenario, as far as it is about this server.
        folder: which relative paths of files begin at.

    Raises:
        BadScenario: a value that cannot be.
    """
    start = clock.parse(str(data["clock"])) if data.get("clock") else None
    machine = Machine(name, os=str(data.get("os", "2022")), domain=data.get("domain"), start=start)
    for lay_down in _IN_ORDER:
        lay_down(machine, data, folder)
    return machine


def _drives(machine: Machine, data: Data, _folder: Path) -> None:
    for letter, settings in (data.get("drives") or {}).items():
        if letter.upper() == "C":
            for key, value in (settings or {}).items():
                setattr(machine.files.drives["C"], key, value)
        else:
            machine.files.add_drive(letter, **(settings or {}))


def _accounts(machine: Machine, data: Data, _folder: Path) -> None:
    for account in data.get("accounts") or ():
        machine.accounts.add(**account)
    for right, names in (data.get("user_rights") or {}).items():
        machine.accounts.rights.setdefault(right, set()).update(machine.accounts.sid(n) or n for n in names)
    try:
        machine.accounts.policies = tuple(GroupPolicy.of(policy) for policy in data.get("group_policies") or ())
    except ValueError as bad:
        raise BadScenario(f"host {machine.name}: a group policy {bad}") from None
    machine.accounts.apply_policies()


def _installed(machine: Machine, data: Data, _folder: Path) -> None:
    """Install what is installed; a hosting bundle before the features, where the scenario says so."""
    listed = data.get("packages") or ()
    for package in listed:
        if package.get("before_iis"):
            machine.packages.install_bundle(str(package["version"]))
    if data.get("features"):
        machine.features.install(list(data["features"]), management_tools=True)
    for package in listed:
        if not package.get("before_iis"):
            machine.packages.install_bundle(str(package["version"]))


def _files(machine: Machine, data: Data, _folder: Path) -> None:
    for path, content in (data.get("files") or {}).items():
        if content.get("folder"):
            machine.files.make_folder(path)
        else:
            machine.files.make_folder(path.rpartition("\\")[0])
            found = _content(content, Path.cwd())
            machine.files.write(path, found.read_bytes() if isinstance(found, Path) else found)
        if content.get("sddl"):
            machine.files.set_sddl(path, content["sddl"])
        machine.files.entry(path).read_only = bool(content.get("read_only"))


def _registry(machine: Machine, data: Data, _folder: Path) -> None:
    for path, values in (data.get("registry") or {}).items():
        machine.registry.make(path)
        for value, typed in (values or {}).items():
            machine.registry.set(path, value, typed["type"], typed["data"])


def _certificates(machine: Machine, data: Data, _folder: Path) -> None:
    for certificate in data.get("certificates") or ():
        machine.certificates.make(**{key: value for key, value in certificate.items() if key != "make"})


def _services(machine: Machine, data: Data, _folder: Path) -> None:
    for service in data.get("services") or ():
        state = service.get("state", "Stopped")
        machine.services.create(**{key: value for key, value in service.items() if key != "state"})
        machine.services.set_state(service["name"], state)


def _environment(machine: Machine, data: Data, _folder: Path) -> None:
    for variable, text in (data.get("environment") or {}).items():
        machine.environment.set(variable, str(text))


def _network(machine: Machine, data: Data, folder: Path) -> None:
    for target, found in (("web", machine.network.web), ("shares", machine.network.shares)):
        for url, content in (data.get(target) or {}).items():
            found[url] = _content(content, folder)
            if content.get("proxy"):
                machine.network.by_proxy[url] = str(content["proxy"])
            if content.get("seconds"):
                machine.network.slow[url] = float(content["seconds"])
    for listener in data.get("listeners") or ():
        machine.network.extra_listeners.append(Listener(**listener))
    for url, about in (data.get("identity_servers") or {}).items():
        machine.network.elsewhere.append(IdentityServer(url, **(about or {})).respond)
    machine.network.peers += map(peers.read, data.get("peers") or ())
    for proxy in data.get("proxies") or ():
        user, _at, address = str(proxy).rpartition("@")
        machine.network.proxies.add(address)
        if user:
            name, _colon, password = user.partition(":")
            machine.network.passes[address] = (name, password)


def _content(content: t.Mapping[str, t.Any], folder: Path) -> bytes | Path:
    if "file" in content:
        return (folder / str(content["file"])).resolve()
    if "hosting_bundle" in content:
        options = {key: content[key] for key in ("exit_code", "signed") if key in content}
        return packages.hosting_bundle(str(content["hosting_bundle"]), **options)
    if "base64" in content:
        return base64.b64decode(str(content["base64"]))
    return str(content["text"]).encode()


def _iis(machine: Machine, data: Data, _folder: Path) -> None:
    pools, sites = data.get("pools") or (), data.get("sites") or ()
    if (pools or sites) and machine.iis is None:
        raise BadScenario(f"host {machine.name}: pools and sites need features: [Web-Server]")
    if machine.iis is None:
        return
    for pool in pools:
        _pool(machine.iis, pool)
    for site in sites:
        machine.files.make_folder(site["path"])
        _site(machine.iis, site)
    machine.iis.recycles.clear()


def _pool(iis: Iis, pool: Data) -> None:
    if not iis.has_pool(pool["name"]):
        iis.create_pool(pool["name"])
    for attribute, value in (pool.get("attributes") or {}).items():
        iis.set_pool_attribute(pool["name"], attribute, value)
    if pool.get("state") == "Stopped":
        iis.stop_pool(pool["name"])


def _site(iis: Iis, site: Data) -> None:
    iis.create_site(site["name"], site["path"], site.get("pool"))
    for binding in site.get("bindings") or ():
        iis.add_binding(site["name"], **binding)
    if site.get("state") == "Stopped":
        iis.stop_site(site["name"])


def _pending_restart(machine: Machine, data: Data, _folder: Path) -> None:
    machine.reboot_pending = bool(data.get("reboot_pending"))
    if machine.reboot_pending:
        machine.registry.make(
            "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
        )


def _behaviours(machine: Machine, data: Data, _folder: Path) -> None:
    try:
        catalogue.switch_on(machine, catalogue.described(data.get("behaviours") or {}))
    except catalogue.BadBehaviour as bad:
        raise BadScenario(f"host {machine.name}: behaviours: {bad}") from None


def path_faults(machine: Machine, data: Data, _folder: Path) -> None:
    """Lay down the faults of paths."""
    for fault in data.get("faults") or ():
        if "path" not in fault:
            continue
        if fault.get("do") == "disk_full":
            machine.files.drives[fault["path"][0].upper()].free_bytes = 0
        elif fault.get("do") == "access_denied":
            machine.files.deny(fault["path"])
        elif fault.get("do") == "locked":
            machine.files.lock(fault["path"])
        elif fault.get("do") == "read_only":
            machine.files.drives[fault["path"][0].upper()].read_only = True
        else:
            raise BadScenario(
                f"host {machine.name}: fault of {fault['path']}: do is disk_full or one of {', '.join(PATH_FAULTS)}"
            )


_IN_ORDER: tuple[t.Callable[[Machine, Data, Path], None], ...] = (
    _drives,
    _accounts,
    _installed,
    _files,
    _registry,
    _certificates,
    _services,
    _environment,
    _network,
    _iis,
    _pending_restart,
    _behaviours,
    path_faults,
)
