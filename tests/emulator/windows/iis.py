"""IIS of an emulated server: its configuration is the XML file that Windows keeps, its pools, sites and workers run in
memory.
"""

from __future__ import annotations

import dataclasses
import datetime
import io
import typing as t
import xml.etree.ElementTree as ET

from . import errors, iis_defaults, iis_values
from .httpsys import HttpSys
from .iis_attributes import POOL, TIME_OF_DAY, Attribute
from .network import HttpAnswer, HttpRequest, Listener

if t.TYPE_CHECKING:
    from .agent import Agent
    from .machine import Machine

CLOSE_TO_WAS = -2147023834
PASSWORD = "processModel.password"
UNKNOWN = "Unknown"
SCHEDULE = "recycling.periodicRestart.schedule"
WEB = ("http", "https")
"""Protocols that the web server answers itself: it knows only sites that have a binding of one of them."""


@dataclasses.dataclass
class Worker:
    """A worker process of a pool, with the application that it runs in process."""

    pool: str
    process_id: int
    started: datetime.datetime
    agents: dict[str, Agent] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Binding:
    """One binding of a site."""

    protocol: str
    information: str
    ssl_flags: int = 0

    @property
    def parts(self) -> tuple[str, str, str]:
        """Return address, port and host name as texts; empty ones where the information has another form."""
        found = self.information.rsplit(":", 2)
        return (found[0], found[1], found[2]) if len(found) == 3 else (self.information, "", "")

    @property
    def address(self) -> str:
        """Return the address, ``*`` for all."""
        return self.information.rsplit(":", 2)[0]

    @property
    def port(self) -> int:
        """Return the port."""
        return int(self.information.rsplit(":", 2)[1])

    @property
    def host(self) -> str:
        """Return the host name, empty for any."""
        return self.information.rsplit(":", 2)[2]

    @property
    def sni(self) -> bool:
        """Tell whether the certificate is chosen by host name."""
        return bool(self.ssl_flags & 1)

    @property
    def endpoint(self) -> str:
        """Return the key of its certificate in HTTP.sys."""
        return f"{self.host.lower()}:{self.port}" if self.sni else f"{self.address.replace('*', '0.0.0.0')}:{self.port}"


def unknown(kind: str, name: str) -> errors.WindowsError:
    """Return what asking for a missing pool or site gives."""
    return errors.WindowsError("System.ArgumentException", f"Cannot find {kind} '{name}' because it does not exist.")


class Iis:
    """Pools, sites, bindings and worker processes."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self.httpsys = HttpSys(machine.registry)
        self._pool_states: dict[str, str] = {}
        self._site_states: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._next_process = 4100
        self.recycles: dict[str, int] = {}
        self.app_restarts: dict[str, int] = {}
        self._web_config_seen: dict[str, t.Any] = {}
        machine.network.responders.append(self._answer)
        machine.network.listening.append(self._listening)

    # The configuration file

    def document(self) -> ET.Element:
        """Return the parsed configuration."""
        return self._root()

    def save(self, document: ET.Element) -> None:
        """Write the configuration."""
        self._save(document)

    def _root(self) -> ET.Element:
        parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
        return ET.fromstring(self._machine.files.read(iis_defaults.CONFIG_PATH), parser)

    def _save(self, root: ET.Element) -> None:
        ET.indent(root, "    ")
        out = io.BytesIO()
        ET.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=True)
        self._machine.files.write(iis_defaults.CONFIG_PATH, out.getvalue().replace(b"\n", b"\r\n"))

    @staticmethod
    def _pools(root: ET.Element) -> ET.Element:
        found = root.find("system.applicationHost/applicationPools")
        assert found is not None
        return found

    @staticmethod
    def _sites(root: ET.Element) -> ET.Element:
        found = root.find("system.applicationHost/sites")
        assert found is not None
        return found

    @staticmethod
    def _named(parent: ET.Element, tag: str, name: str) -> ET.Element | None:
        return next((e for e in parent.findall(tag) if e.get("name", "").lower() == name.lower()), None)

    # Application pools

    def pools(self) -> list[str]:
        """Return the pools' names in the file's order."""
        return [e.get("name", "") for e in self._pools(self._root()).findall("add")]

    def has_pool(self, name: str) -> bool:
        """Tell whether a pool exists."""
        return self._named(self._pools(self._root()), "add", name) is not None

    def pool_attribute(self, name: str, attribute: str) -> t.Any:
        """Return a pool's effective attribute: its own, the defaults' of the file, the schema's. Passwords come in
        clear.
        """
        root = self._root()
        pool = self._named(self._pools(root), "add", name)
        if pool is None:
            raise unknown("application pool", name)
        attribute, spec = _spec(attribute)
        for element in (pool, self._pools(root).find("applicationPoolDefaults")):
            value = iis_values.raw(element, attribute)
            if value is not None:
                return iis_values.read(spec, iis_values.clear(value) if attribute == PASSWORD else value)
        return iis_values.read(spec, spec.default)

    def pool_attributes(self, name: str) -> dict[str, t.Any]:
        """Return all effective attributes of a pool."""
        return {attribute: self.pool_attribute(name, attribute) for attribute in POOL}

    def create_pool(self, name: str) -> None:
        """Make a pool; it starts, as a new one does.

        Raises:
            WindowsError: there is one already, or the name is none for a pool.
        """
        iis_values.check_pool_name(name)
        root = self._root()
        pools = self._pools(root)
        if self._named(pools, "add", name) is not None:
            raise iis_values.duplicate(iis_defaults.CONFIG_PATH, "add", "unique key attribute 'name'", name)
        element = ET.Element("add", {"name": name})
        position = len(pools.findall("add"))
        pools.insert(position, element)
        self._save(root)
        self._machine.accounts.add_pool(name)
        self._pool_states[name.lower()] = "Started"

    def remove_pool(self, name: str) -> None:
        """Remove a pool with its worker."""
        root = self._root()
        pools = self._pools(root)
        pool = self._named(pools, "add", name)
        if pool is None:
            raise unknown("application pool", name)
        pools.remove(pool)
        self._save(root)
        self._workers.pop(name.lower(), None)
        self._pool_states.pop(name.lower(), None)
        self._machine.accounts.remove_pool(name)

    def set_pool_attribute(self, name: str, attribute: str, value: t.Any) -> None:
        """Set one attribute and commit: a running pool is recycled.

        Raises:
            WindowsError: unknown pool or attribute, or a value that the schema refuses.
        """
        root = self._root()
        pool = self._named(self._pools(root), "add", name)
        if pool is None:
            raise unknown("application pool", name)
        attribute, spec = _spec(attribute)
        text = iis_values.write(spec, value)
        # Whether it starts by itself is asked when WAS starts: a running pool goes on, a stopped one stays so.
        self._pool_states.setdefault(name.lower(), self.pool_state(name))
        *path, last = attribute.split(".")
        element = pool
        for part in path:
            found = element.find(part)
            element = ET.SubElement(element, part) if found is None else found
        element.set(last, iis_values.secret(text, iis_values.POOL_PROVIDER) if attribute == PASSWORD else text)
        self._save(root)
        self._changed(name, attribute)

    def _changed(self, name: str, attribute: str) -> None:
        if name.lower() in self._workers:
            self.recycle(name)
        elif attribute == "startMode":
            self._wake(name)

    def pool_schedule(self, name: str) -> list[str]:
        """Return the times of day at which a pool is recycled."""
        pool = self._named(self._pools(self._root()), "add", name)
        entries = pool.findall(f"{SCHEDULE.replace('.', '/')}/add") if pool is not None else []
        return [iis_values.read(TIME_OF_DAY, e.get("value", "")) for e in entries]

    def set_pool_schedule(self, name: str, times: t.Sequence[t.Any]) -> None:
        """Set them.

        Raises:
            WindowsError: one is no time of day.
        """
        root = self._root()
        element = self._named(self._pools(root), "add", name)
        if element is None:
            raise unknown("application pool", name)
        for part in SCHEDULE.split("."):
            found = element.find(part)
            element = ET.SubElement(element, part) if found is None else found
        for entry in list(element):
            element.remove(entry)
        for value in times:
            ET.SubElement(element, "add", {"value": iis_values.write(TIME_OF_DAY, value)})
        self._save(root)
        self._changed(name, SCHEDULE)

    def pool_password(self, name: str) -> str:
        """Return a pool's password in clear, as administrators can read it."""
        return str(self.pool_attribute(name, PASSWORD))

    def pool_account(self, name: str) -> str:
        """Return the account that a pool runs as."""
        kind = self.pool_attribute(name, "processModel.identityType")
        if kind == "SpecificUser":
            return str(self.pool_attribute(name, "processModel.userName"))
        if kind == "ApplicationPoolIdentity":
            return f"IIS APPPOOL\\{name}"
        words = {"LocalSystem": "SYSTEM", "LocalService": "LOCAL SERVICE", "NetworkService": "NETWORK SERVICE"}
        return f"NT AUTHORITY\\{words[kind]}"

    def pool_token(self, name: str) -> frozenset[str]:
        """Return the SIDs that a pool's worker carries: its account's, IIS_IUSRS and the pool's own."""
        from .security import pool_sid

        return self._machine.accounts.token(self.pool_account(name)) | {"S-1-5-32-568", pool_sid(name)}

    def pool_state(self, name: str) -> str:
        """Return Started or Stopped: what was last asked for, and before that what the pool's autoStart says."""
        starts = self.pool_attribute(name, "autoStart") if self.has_pool(name) else True
        return self._pool_states.get(name.lower(), "Started" if starts else "Stopped")

    def start_pool(self, name: str) -> None:
        """Start a pool; one that is always running gets its worker at once."""
        if not self.has_pool(name):
            raise unknown("application pool", name)
        if not self._was_runs():
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "The service has not been started. (Exception from HRESULT: 0x80070426)",
                -2147023834,
            )
        self._pool_states[name.lower()] = "Started"
        self._wake(name)

    def stop_pool(self, name: str) -> None:
        """Stop a pool and its worker."""
        if not self.has_pool(name):
            raise unknown("application pool", name)
        if self.pool_state(name) == "Stopped":
            raise errors.WindowsError(
                "System.InvalidOperationException",
                "The object on the target path is already stopped.",
            )
        self._pool_states[name.lower()] = "Stopped"
        worker = self._workers.pop(name.lower(), None)
        for agent in worker.agents.values() if worker else ():
            agent.stop()

    def recycle(self, name: str) -> None:
        """Replace a pool's worker by a new one."""
        self.recycles[name.lower()] = self.recycles.get(name.lower(), 0) + 1
        self._workers.pop(name.lower(), None)
        self._wake(name)

    def _may_log_on(self, name: str) -> bool:
        """Tell whether a worker can be had; WAS stops a pool whose account it cannot log on."""
        specific = self.pool_attribute(name, "processModel.identityType") == "SpecificUser"
        if name.lower() in self._workers or not specific:
            return True
        account = self._machine.accounts.find(str(self.pool_attribute(name, "processModel.userName")))
        # Belief [pool-group]: WAS puts the account into IIS_IUSRS for the logon, so the group's right is enough;
        # learn.microsoft.com "Understanding Built-In User and Group Accounts in IIS 7".
        right = self._machine.accounts.rights.get("SeBatchLogonRight", set())
        allowed = account is not None and bool(right & {account.sid, "S-1-5-32-568", *account.groups})
        known = account is not None and (account.kind == "gmsa" or account.password == self.pool_password(name))
        if allowed and known:
            return True
        self._machine.events.add(
            "System",
            "Microsoft-Windows-WAS",
            5021,
            "Warning",
            f"The identity of application pool {name} is invalid. The user name or password that is specified for the"
            " identity may be incorrect, or the user may not have batch logon rights.",
        )
        self._machine.events.add(
            "System",
            "Microsoft-Windows-WAS",
            5057,
            "Error",
            f"Application pool {name} has been disabled. Windows Process Activation Service (WAS) did not create a"
            " worker process to serve the application pool because the application pool identity is invalid.",
        )
        self._pool_states[name.lower()] = "Stopped"
        return False

    # Sites

    def sites(self) -> list[str]:
        """Return the sites' names in the file's order."""
        return [e.get("name", "") for e in self._sites(self._root()).findall("site")]

    def has_site(self, name: str) -> bool:
        """Tell whether a site exists."""
        return self._named(self._sites(self._root()), "site", name) is not None

    def _site(self, root: ET.Element, name: str) -> ET.Element:
        found = self._named(self._sites(root), "site", name)
        if found is None:
            raise unknown("web site", name)
        return found

    def site_id(self, name: str) -> int:
        """Return a site's number."""
        return int(self._site(self._root(), name).get("id", "0"))

    def site_path(self, name: str) -> str:
        """Return the root application's folder as written."""
        found = self._site(self._root(), name).find("application[@path='/']/virtualDirectory[@path='/']")
        return "" if found is None else found.get("physicalPath", "")

    def site_pool(self, name: str) -> str:
        """Return the root application's effective pool."""
        root = self._root()
        site = self._site(root, name)
        for element in (
            site.find("application[@path='/']"),
            site.find("applicationDefaults"),
            self._sites(root).find("applicationDefaults"),
        ):
            if element is not None and element.get("applicationPool"):
                return element.get("applicationPool", "")
        return "DefaultAppPool"

    def preloads(self, name: str) -> bool:
        """Tell whether the root application is effectively preloaded."""
        root = self._root()
        site = self._site(root, name)
        for element in (
            site.find("application[@path='/']"),
            site.find("applicationDefaults"),
            self._sites(root).find("applicationDefaults"),
        ):
            if element is not None and element.get("preloadEnabled") is not None:
                return element.get("preloadEnabled", "").lower() == "true"
        return False

    def site_preloads(self, name: str) -> bool:
        """Return ``applicationDefaults.preloadEnabled`` as a site has it, whatever its root application says."""
        root = self._root()
        for element in (self._site(root, name), self._sites(root)):
            value = iis_values.raw(element, "applicationDefaults.preloadEnabled")
            if value is not None:
                return value.lower() == "true"
        return False

    def create_site(self, name: str, path: str, pool: str | None = None, site_id: int | None = None) -> None:
        """Make a site without bindings.

        Raises:
            WindowsError: its name or number is another site's, or the name is none for a site.
        """
        iis_values.check_site_name(name)
        root = self._root()
        sites = self._sites(root)
        number = str(site_id or max([0, *(int(e.get("id", "0")) for e in sites.findall("site"))]) + 1)
        for key, value in (("name", name), ("id", number)):
            if any(e.get(key, "").lower() == value.lower() for e in sites.findall("site")):
                raise iis_values.duplicate(iis_defaults.CONFIG_PATH, "site", f"unique key attribute '{key}'", value)
        site = ET.Element("site", {"name": name, "id": number})
        application = ET.SubElement(site, "application", {"path": "/"})
        if pool:
            application.set("applicationPool", pool)
        ET.SubElement(application, "virtualDirectory", {"path": "/", "physicalPath": path})
        ET.SubElement(site, "bindings")
        sites.insert(len(sites.findall("site")), site)
        self._save(root)
        self._site_states.pop(name.lower(), None)

    def remove_site(self, name: str) -> None:
        """Remove a site; its certificates stay registered with HTTP.sys."""
        root = self._root()
        sites = self._sites(root)
        sites.remove(self._site(root, name))
        self._save(root)
        self._site_states.pop(name.lower(), None)

    def set_site_path(self, name: str, path: str) -> None:
        """Set the root application's folder."""
        root = self._root()
        found = self._site(root, name).find("application[@path='/']/virtualDirectory[@path='/']")
        assert found is not None
        found.set("physicalPath", path)
        self._save(root)

    def set_site_pool(self, name: str, pool: str) -> None:
        """Set the root application's pool."""
        root = self._root()
        found = self._site(root, name).find("application[@path='/']")
        assert found is not None
        for worker in self._workers.values():
            agent = worker.agents.pop(name.lower(), None)  # its application ends where the site was
            if agent:
                agent.stop()
        found.set("applicationPool", pool)
        self._save(root)
        self._wake(pool)

    def set_preload(self, name: str, enabled: bool) -> None:
        """Set ``applicationDefaults.preloadEnabled`` of a site, as microsoft.iis.website does."""
        root = self._root()
        site = self._site(root, name)
        found = site.find("applicationDefaults")
        element = ET.SubElement(site, "applicationDefaults") if found is None else found
        element.set("preloadEnabled", str(enabled).lower())
        self._save(root)
        self._wake(self.site_pool(name))

    def bindings(self, name: str) -> list[Binding]:
        """Return a site's bindings."""
        return [
            Binding(e.get("protocol", ""), e.get("bindingInformation", ""), int(e.get("sslFlags", "0")))
            for e in self._site(self._root(), name).findall("bindings/binding")
        ]

    def add_binding(self, name: str, protocol: str, information: str, ssl_flags: int = 0) -> None:
        """Add a binding; the first http or https one starts a site that may start.

        Raises:
            WindowsError: the site has that binding.
        """
        root = self._root()
        bindings = self._site(root, name).find("bindings")
        assert bindings is not None
        for e in bindings.findall("binding"):
            if (e.get("protocol"), e.get("bindingInformation", "").lower()) == (protocol, information.lower()):
                keys = "combined key attributes 'protocol, bindingInformation' respectively"
                values = f"{protocol}, {information}"
                raise iis_values.duplicate(iis_defaults.CONFIG_PATH, "binding", keys, values)
        attributes = {"protocol": protocol, "bindingInformation": information}
        if ssl_flags or protocol == "https":
            attributes["sslFlags"] = str(ssl_flags)
        known = self.site_state(name) != UNKNOWN
        ET.SubElement(bindings, "binding", attributes)
        self._save(root)
        if not known and protocol in WEB:
            free = self._starts(root, name) and not self._taken(name)
            self._site_states[name.lower()] = "Started" if free else "Stopped"
            self._wake(self.site_pool(name))

    def remove_binding(self, name: str, protocol: str, information: str) -> None:
        """Remove a binding; its certificate stays registered with HTTP.sys."""
        root = self._root()
        bindings = self._site(root, name).find("bindings")
        assert bindings is not None
        for e in bindings.findall("binding"):
            if (e.get("protocol"), e.get("bindingInformation", "").lower()) == (protocol, information.lower()):
                bindings.remove(e)
        self._save(root)

    def set_binding(self, name: str, number: int, attribute: str, value: str) -> None:
        """Set an attribute of the binding at that place among all of a site."""
        root = self._root()
        self._site(root, name).findall("bindings/binding")[number].set(attribute, value)
        self._save(root)

    def _starts(self, root: ET.Element, name: str) -> bool:
        return self._site(root, name).get("serverAutoStart", "true").lower() == "true"

    def _taken(self, name: str) -> bool:
        """Tell whether another started site has one of a site's bindings."""
        mine = {b.information.lower() for b in self.bindings(name) if b.protocol in WEB}
        return any(
            mine & {b.information.lower() for b in self.bindings(other) if b.protocol in WEB}
            for other in self.sites()
            if other.lower() != name.lower() and self.site_state(other) == "Started"
        )

    def site_state(self, name: str) -> str:
        """Return Started, Stopped, or Unknown for a site without an http or https binding: the web server does not
        know it.
        """
        if not any(b.protocol in WEB for b in self.bindings(name)):
            return UNKNOWN
        starts = self._starts(self._root(), name)
        return self._site_states.get(name.lower(), "Started" if starts else "Stopped")

    def start_site(self, name: str) -> None:
        """Start a site.

        Raises:
            WindowsError: it has no http binding, or another started site has one of its bindings.
        """
        self._mind_known(name)
        if self._taken(name):
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "Cannot create a file when that file already exists. (Exception from HRESULT: 0x800700B7)",
                -2147024713,
            )
        self._site_states[name.lower()] = "Started"
        self._wake(self.site_pool(name))

    def stop_site(self, name: str) -> None:
        """Stop a site.

        Raises:
            WindowsError: it has no http binding.
        """
        self._mind_known(name)
        self._site_states[name.lower()] = "Stopped"

    def _mind_known(self, name: str) -> None:
        if self.site_state(name) == UNKNOWN:
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "The object identifier does not represent a valid object. (Exception from HRESULT: 0x800710D8)",
                -2147020584,
            )

    # Worker processes and requests

    def workers(self) -> list[Worker]:
        """Return the running worker processes."""
        return [self._workers[key] for key in sorted(self._workers)]

    def _was_runs(self) -> bool:
        service = self._machine.services.get("W3SVC")
        return service is not None and service.state == "Running"

    def _wake(self, pool: str) -> None:
        """Start a pool's worker if it is always running, and the applications that it preloads."""
        if not self._was_runs() or not self.has_pool(pool) or self.pool_state(pool) != "Started":
            return
        if self.pool_attribute(pool, "startMode") != "AlwaysRunning" or not self._may_log_on(pool):
            return
        for site in self.sites():
            if self.site_pool(site).lower() == pool.lower() and self.site_state(site) == "Started":
                self._worker(pool)
                if self.preloads(site):
                    self.application(site)

    def _worker(self, pool: str) -> Worker:
        worker = self._workers.get(pool.lower())
        if worker is None:
            self._next_process += 4
            worker = Worker(pool, self._next_process, self._machine.clock.now())
            self._workers[pool.lower()] = worker
        return worker

    def application(self, site: str) -> Agent:
        """Return the application that a site runs, started where it is not, and again after a change of web.config."""
        from .agent import Agent

        worker = self._worker(self.site_pool(site))
        folder = self._machine.environment.expand(self.site_path(site))
        node = self._machine.files.find(folder + "\\web.config")
        seen = node.last_write if node else None
        agent = worker.agents.get(site.lower())
        if agent is not None and self._web_config_seen.get(site.lower()) != seen:
            self.app_restarts[site.lower()] = self.app_restarts.get(site.lower(), 0) + 1
            agent.stop()
            agent = None
        if agent is None:
            self._web_config_seen[site.lower()] = seen
            agent = Agent.under_iis(self._machine, site, worker.pool, folder, worker.process_id)
            worker.agents[site.lower()] = agent
        return agent

    def services_started(self) -> None:
        """Bring up what is always running, after WAS and W3SVC have started."""
        for pool in self.pools():
            if self.pool_attribute(pool, "autoStart"):
                self._pool_states[pool.lower()] = "Started"
            self._wake(pool)

    def services_stopped(self) -> None:
        """End all worker processes."""
        self._workers.clear()

    def _listening(self) -> list[Listener]:
        if not self._was_runs():
            return []
        return [
            Listener("0.0.0.0" if b.address == "*" else b.address, b.port, "System")
            for site in self.sites()
            if self.site_state(site) == "Started"
            for b in self.bindings(site)
            if b.protocol in {"http", "https"}
        ]

    def _answer(self, request: HttpRequest) -> HttpAnswer | None:
        if not any(listener.port == request.port for listener in self._listening()):
            return None
        certificate = None
        if request.tls:
            served = self.httpsys.served(request.address, request.port, request.server_name)
            stored = (
                self._machine.certificates.find("LocalMachine", served.store, served.thumbprint) if served else None
            )
            if stored is None or stored.key is None:
                raise errors.WindowsError(
                    "System.IO.IOException",
                    "Authentication failed because the remote party has closed the transport stream.",
                )
            certificate = stored.der
        site = self._site_of(request)
        if site is None:
            return HttpAnswer(404, "Not Found", {"Server": "Microsoft-HTTPAPI/2.0"}, b"Not Found", certificate)
        if self.pool_state(self.site_pool(site)) != "Started" or not self._may_log_on(self.site_pool(site)):
            return HttpAnswer(
                503, "Service Unavailable", {"Server": "Microsoft-HTTPAPI/2.0"}, b"Service Unavailable", certificate
            )
        answer = self.application(site).answer(request)
        return dataclasses.replace(answer, certificate=certificate)

    def _site_of(self, request: HttpRequest) -> str | None:
        """Return the started site with the closest binding: host name before any, address before all."""
        best: tuple[int, str] | None = None
        scheme = "https" if request.tls else "http"
        host = request.host.split(":")[0].lower()
        for site in self.sites():
            if self.site_state(site) != "Started":
                continue
            for b in self.bindings(site):
                fits = b.protocol == scheme and b.port == request.port and b.address in {"*", request.address}
                if fits and b.host.lower() in {"", host}:
                    rank = 2 * bool(b.host) + (b.address != "*")
                    if best is None or rank > best[0]:
                        best = (rank, site)
        return best[1] if best else None

    def dump(self) -> dict[str, t.Any]:
        """Return the run states as JSON-able data; the rest is in the file."""
        return {
            "pools": {name: self.pool_state(name) for name in self.pools()},
            "sites": {name: self.site_state(name) for name in self.sites()},
            "workers": [
                {
                    "pool": w.pool,
                    "process_id": w.process_id,
                    "agents": {s: a.state for s, a in sorted(w.agents.items())},
                }
                for w in self.workers()
            ],
            "recycles": dict(sorted(self.recycles.items())),
            "app_restarts": dict(sorted(self.app_restarts.items())),
        }


def no_property(attribute: str, path: str) -> errors.WindowsError:
    """Return what setting a property that an item does not have gives."""
    return errors.WindowsError(
        "System.Management.Automation.PSArgumentException", f"Property {attribute} does not exist at path {path}."
    )


def _spec(attribute: str) -> tuple[str, Attribute]:
    """Return an attribute's name as the schema spells it, and what it is."""
    found = known_attribute(attribute)
    if found is None:
        raise no_property(attribute, "IIS:\\AppPools")
    return found, POOL[found]


def known_attribute(attribute: str) -> str | None:
    """Return a pool's attribute as the schema spells it, None where there is none of that name."""
    return next((name for name in POOL if name.lower() == attribute.lower()), None)
