"""IIS of an emulated server: its configuration is the XML file that Windows keeps, its pools, sites and workers run in
memory.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import io
import typing as t
import xml.etree.ElementTree as ET

from . import errors, iis_defaults
from .httpsys import HttpSys
from .iis_attributes import POOL, Attribute
from .network import HttpAnswer, HttpRequest, Listener

if t.TYPE_CHECKING:
    from .agent import Agent
    from .machine import Machine

CLOSE_TO_WAS = -2147023834
_SECRET = "[enc:IISWASOnlyAesProvider:"


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
        spec = _spec(attribute)
        for element in (pool, self._pools(root).find("applicationPoolDefaults")):
            value = _read(element, attribute)
            if value is not None:
                return _typed(spec, value)
        return _typed(spec, spec.default)

    def pool_attributes(self, name: str) -> dict[str, t.Any]:
        """Return all effective attributes of a pool."""
        return {attribute: self.pool_attribute(name, attribute) for attribute in POOL}

    def create_pool(self, name: str) -> None:
        """Make a pool; it starts, as a new one does."""
        root = self._root()
        pools = self._pools(root)
        if self._named(pools, "add", name) is not None:
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "Filename: \r\nError: Cannot add duplicate collection entry of type 'add' with unique key attribute"
                f" 'name' set to '{name}'\r\n",
                -2147024713,
            )
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
        text = _text(_spec(attribute), attribute, value)
        *path, last = attribute.split(".")
        element = pool
        for part in path:
            found = element.find(part)
            element = ET.SubElement(element, part) if found is None else found
        if attribute == "processModel.password" and text:
            text = _SECRET + base64.b64encode(text[::-1].encode()).decode() + ":enc]"
        element.set(last, text)
        self._save(root)
        if name.lower() in self._workers:
            self.recycle(name)
        elif attribute == "startMode":
            self._wake(name)

    def pool_password(self, name: str) -> str:
        """Return a pool's password in clear, as administrators can read it."""
        return str(self.pool_attribute(name, "processModel.password"))

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
        """Return Started or Stopped."""
        return self._pool_states.get(name.lower(), "Started")

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

    def create_site(self, name: str, path: str, pool: str | None = None, site_id: int | None = None) -> None:
        """Make a site without bindings."""
        root = self._root()
        sites = self._sites(root)
        if self._named(sites, "site", name) is not None:
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "Filename: \r\nError: Cannot add duplicate collection entry of type 'site' with unique key attribute"
                f" 'name' set to '{name}'\r\n",
                -2147024713,
            )
        number = site_id or max([0, *(int(e.get("id", "0")) for e in sites.findall("site"))]) + 1
        site = ET.Element("site", {"name": name, "id": str(number), "serverAutoStart": "true"})
        application = ET.SubElement(site, "application", {"path": "/"})
        if pool:
            application.set("applicationPool", pool)
        ET.SubElement(application, "virtualDirectory", {"path": "/", "physicalPath": path})
        ET.SubElement(site, "bindings")
        sites.insert(len(sites.findall("site")), site)
        self._save(root)
        self._site_states[name.lower()] = "Unknown"

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
        """Add a binding; the first http or https one starts a site that may start."""
        root = self._root()
        bindings = self._site(root, name).find("bindings")
        assert bindings is not None
        for e in bindings.findall("binding"):
            if (e.get("protocol"), e.get("bindingInformation", "").lower()) == (protocol, information.lower()):
                raise errors.WindowsError(
                    "System.Runtime.InteropServices.COMException",
                    "Filename: \r\nError: Cannot add duplicate collection entry of type 'binding' with combined key"
                    f" attributes 'protocol, bindingInformation' respectively set to '{protocol}, {information}'\r\n",
                    -2147024713,
                )
        attributes = {"protocol": protocol, "bindingInformation": information}
        if ssl_flags:
            attributes["sslFlags"] = str(ssl_flags)
        ET.SubElement(bindings, "binding", attributes)
        self._save(root)
        if self._site_states.get(name.lower()) == "Unknown":
            self._site_states[name.lower()] = "Started"
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

    def set_binding_flags(self, name: str, protocol: str, information: str, ssl_flags: int) -> None:
        """Set a binding's sslFlags."""
        root = self._root()
        for e in self._site(root, name).findall("bindings/binding"):
            if (e.get("protocol"), e.get("bindingInformation", "").lower()) == (protocol, information.lower()):
                e.set("sslFlags", str(ssl_flags))
        self._save(root)

    def site_state(self, name: str) -> str:
        """Return Started, Stopped, or Unknown for a site that has never had a binding."""
        return self._site_states.get(name.lower(), "Started")

    def start_site(self, name: str) -> None:
        """Start a site.

        Raises:
            WindowsError: it has no http binding, or another started site has one of its bindings.
        """
        mine = [b for b in self.bindings(name) if b.protocol in {"http", "https"}]
        if not mine:
            raise errors.WindowsError(
                "System.Runtime.InteropServices.COMException",
                "The object identifier does not represent a valid object. (Exception from HRESULT: 0x800710D8)",
                -2147020584,
            )
        for other in self.sites():
            if other.lower() != name.lower() and self.site_state(other) == "Started":
                taken = {b.information.lower() for b in self.bindings(other)} & {b.information.lower() for b in mine}
                if taken:
                    raise errors.WindowsError(
                        "System.Runtime.InteropServices.COMException",
                        "Cannot create a file when that file already exists. (Exception from HRESULT: 0x800700B7)",
                        -2147024713,
                    )
        self._site_states[name.lower()] = "Started"
        self._wake(self.site_pool(name))

    def stop_site(self, name: str) -> None:
        """Stop a site."""
        self._site(self._root(), name)
        self._site_states[name.lower()] = "Stopped"

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


def _spec(attribute: str) -> Attribute:
    found = {name.lower(): spec for name, spec in POOL.items()}.get(attribute.lower())
    if found is None:
        raise errors.WindowsError(
            "System.Management.Automation.PSArgumentException",
            f"Property {attribute} does not exist at path IIS:\\AppPools.",
        )
    return found


def _read(element: ET.Element | None, attribute: str) -> str | None:
    *path, last = attribute.split(".")
    for part in path:
        element = element.find(part) if element is not None else None
    value = element.get(last) if element is not None else None
    if value is not None and value.startswith(_SECRET):
        return base64.b64decode(value[len(_SECRET) : -len(":enc]")]).decode()[::-1]
    return value


def seconds(text: str) -> int:
    """Return the seconds of ``[d.]hh:mm:ss`` (hours may be over 23, as in the schema)."""
    days, _, clock = text.rpartition(".")
    hours, minutes, rest = (int(part) for part in clock.split(":"))
    return (int(days or 0) * 24 + hours) * 3600 + minutes * 60 + rest


def timespan(total: int) -> str:
    """Return seconds as .NET's constant format."""
    days, rest = divmod(total, 86400)
    return f"{f'{days}.' if days else ''}{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"


def _typed(spec: Attribute, text: str) -> t.Any:
    if spec.type == "bool":
        return text.lower() == "true"
    if spec.type in {"uint", "int"}:
        return int(text)
    if spec.type == "timeSpan":
        return timespan(seconds(text))
    return text


def _text(spec: Attribute, attribute: str, value: t.Any) -> str:
    """Return a value as the file holds it, or refuse it as the schema does."""
    last = attribute.rsplit(".", 1)[-1]
    if spec.type == "bool":
        return str(value if isinstance(value, bool) else str(value).lower() == "true").lower()
    if spec.type == "enum":
        for name, number in spec.values:
            if str(value).lower() in {name.lower(), str(number)}:
                return name
        raise _invalid(last, f"Enum must be one of {', '.join(name for name, _ in spec.values)}")
    if spec.type == "timeSpan":
        total = seconds(str(value))
        if spec.range and not (spec.range[0] <= total <= spec.range[1] and total % spec.range[2] == 0):
            low, high, step = spec.range
            raise _invalid(
                last,
                f"Timespan value must be between {timespan(low)} and {timespan(high)} seconds inclusive, with a"
                f" granularity of {step} seconds",
            )
        return timespan(total)
    if spec.type in {"uint", "int"}:
        number = int(value)
        if spec.range and not spec.range[0] <= number <= spec.range[1]:
            raise _invalid(last, f"Integer value must be between {spec.range[0]} and {spec.range[1]} inclusive")
        return str(number)
    return str(value)


def _invalid(name: str, why: str) -> errors.WindowsError:
    return errors.WindowsError(
        "System.Runtime.InteropServices.COMException",
        f"Filename: \r\nError: The '{name}' attribute is invalid.  {why}\r\n\r\n",
        -2147024883,
    )
