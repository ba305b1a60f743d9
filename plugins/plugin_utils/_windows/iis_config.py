# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""applicationHost.config and HTTP.sys's registry keys, read: pools and sites with their effective values."""

from __future__ import annotations

import base64
import dataclasses
import typing as t
import xml.etree.ElementTree as ET

from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, Refused, write
from .._core.probe import Ask, Query
from . import windows_path
from .pool_attributes import ATTRIBUTES, typed

PATH = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
MAX_BYTES = 32 * 2**20
"""More than any server has: 1000 sites with their applications need about a tenth of it."""
REDIRECTION = "C:\\Windows\\System32\\inetsrv\\config\\redirection.config"
BACKUPS = "C:\\Windows\\System32\\inetsrv\\backup\\imops"
BACKUP_COUNT: dict[str, t.Any] = {"type": "int", "default": 5}
"""The option of each subject that changes the file."""
TLS_ADDRESSES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslBindingInfo"
TLS_NAMES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslSniBindingInfo"
SCHEDULE = "recycling.periodicRestart.schedule"
"""Times of the day at which a pool is recycled."""
ANY_ADDRESS = "0.0.0.0"  # noqa: S104  (how HTTP.sys names all addresses)


@dataclasses.dataclass(frozen=True)
class Pool:
    """An application pool.

    Attributes:
        name: its name as written.
        attributes: effective values by dotted name: its own, else those of applicationPoolDefaults, else the schema's.
        own: the dotted names that the pool sets itself.
    """

    name: str
    attributes: t.Mapping[str, t.Any]
    own: frozenset[str] = frozenset()


@dataclasses.dataclass(frozen=True)
class Binding:
    """A binding of a site. ``address`` is ``*`` for all, ``host`` is empty for any."""

    protocol: str
    address: str
    port: int
    host: str
    ssl_flags: int = 0

    @property
    def key(self) -> str:
        """Return ``address:port:host`` in lower case, which identifies a binding."""
        return f"{self.address}:{self.port}:{self.host}".lower()

    @property
    def endpoint(self) -> str:
        """Return the name of its certificate's registry key: the host with SNI, the address without."""
        if self.ssl_flags & 1:
            return f"{self.host.lower()}:{self.port}"
        return f"{ANY_ADDRESS if self.address == '*' else self.address}:{self.port}"


@dataclasses.dataclass(frozen=True)
class Site:
    """A site with its root application.

    Attributes:
        name: its name.
        number: its id.
        path: the root folder, as written.
        pool: the root application's effective pool.
        preload: whether the root application is effectively preloaded.
        own_preload: what the root application itself says, None when nothing.
        bindings: its http and https bindings.
        other_bindings: how many bindings of other protocols it has.
        applications: paths of further applications.
        application_pools: the effective pools of all its applications, the root's first.
        starts: whether it starts by itself with the server.
        further: what it has beside what Windows' setup writes for a site: attributes and elements, in words.
    """

    name: str
    number: int
    path: str
    pool: str
    preload: bool
    own_preload: bool | None
    bindings: tuple[Binding, ...]
    other_bindings: int = 0
    applications: tuple[str, ...] = ()
    application_pools: tuple[str, ...] = ()
    starts: bool = True
    further: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What applicationHost.config says.

    Attributes:
        pools: all application pools.
        sites: all sites.
        locations: the paths of location elements, such as ``Default Web Site/app``.
        pool_defaults: what applicationPoolDefaults sets otherwise than the schema does, as dotted names.
    """

    pools: tuple[Pool, ...]
    sites: tuple[Site, ...]
    locations: tuple[str, ...] = ()
    pool_defaults: tuple[str, ...] = ()

    def pool(self, name: str) -> Pool | None:
        """Return a pool by name, without regard to case."""
        return next((p for p in self.pools if p.name.lower() == name.lower()), None)

    def site(self, name: str) -> Site | None:
        """Return a site by name, without regard to case."""
        return next((s for s in self.sites if s.name.lower() == name.lower()), None)

    def users(self, pool: str) -> tuple[str, ...]:
        """Return the sites of which an application runs in a pool, because it names it or inherits it."""
        return tuple(s.name for s in self.sites if pool.lower() in {p.lower() for p in s.application_pools})

    def located(self, site: str) -> tuple[str, ...]:
        """Return the locations that set something for a site or below it."""
        name = site.lower()
        return tuple(path for path in self.locations if f"{path.lower()}/".startswith(f"{name}/"))


def _document(content: bytes) -> ET.Element:
    """Return the file's root; raises Refused for what is no well-formed XML, with the line."""
    try:
        return ET.fromstring(content)  # noqa: S314  (the server's own file; entities are not fetched)
    except ET.ParseError as error:
        line, column = error.position
        raise Refused(
            f"{PATH} cannot be read: line {line}, column {column + 1}: {error}. IIS cannot read it either: restore it"
            " from a backup, then run again"
        ) from None


def content(answer: t.Mapping[str, t.Any]) -> bytes:
    """Return what the probe read of the file; raises Refused for one that is too large for it."""
    if answer.get("content") is None:
        raise Refused(
            f"{PATH}: found {answer.get('size')} bytes, wanted at most {MAX_BYTES}: it is not read, and nothing was"
            " written. Find what made it grow (site and location elements that nobody needs), then run again"
        )
    return base64.b64decode(answer["content"])


def parse(content: bytes) -> Configuration:
    """Read applicationHost.config; raises Refused for what is no well-formed XML."""
    root = _document(content)
    pools = root.find("system.applicationHost/applicationPools")
    sites = root.find("system.applicationHost/sites")
    return Configuration(
        () if pools is None else tuple(_pool(e, pools.find("applicationPoolDefaults")) for e in pools.findall("add")),
        () if sites is None else tuple(_site(e, sites) for e in sites.findall("site")),
        tuple(e.get("path", "") for e in root.findall("location") if e.get("path")),
        () if pools is None else tuple(_pool_defaults(pools.find("applicationPoolDefaults"))),
    )


def has_module(content: bytes, name: str) -> bool:
    """Tell whether a native module is registered in applicationHost.config, globalModules; raises Refused as parse."""
    modules = _document(content).findall("system.webServer/globalModules/add")
    return any(module.get("name", "").lower() == name.lower() for module in modules)


def folders(content: bytes) -> set[str]:
    """Return the folders of all applications and virtual directories, as written; raises Refused as parse."""
    found = _document(content).iterfind("system.applicationHost/sites/site/application/virtualDirectory")
    return {path for directory in found if (path := directory.get("physicalPath", ""))}


def pool_variables(content: bytes, folder: str) -> tuple[str, dict[str, str]]:
    """Return the application pool that runs a folder's site, and the environment variables that it sets; an empty name
    where no site has that folder. Raises Refused as parse.
    """
    root = _document(content)
    sites, pools = root.find("system.applicationHost/sites"), root.find("system.applicationHost/applicationPools")
    found = [] if sites is None else [_site(element, sites) for element in sites.findall("site")]
    site = next((s for s in found if s.path and windows_path.same(windows_path.expand(s.path), folder)), None)
    if site is None or pools is None:
        return "", {}
    elements = [e for e in pools.findall("add") if e.get("name", "").lower() == site.pool.lower()]
    added = [
        variable
        for element in (*pools.findall("applicationPoolDefaults"), *elements)
        for variable in element.iterfind("environmentVariables/add")
    ]
    return site.pool, {variable.get("name", ""): variable.get("value", "") for variable in added}


def redirection() -> Query:
    """Ask for the file that tells whether IIS reads its configuration from elsewhere."""
    return probe.file(REDIRECTION)


def check_in_force(ask: Ask) -> None:
    """Raise Refused where IIS reads another applicationHost.config than the server's own.

    learn.microsoft.com "Shared Configuration": redirection.config, element configurationRedirection.
    """
    answer = ask(redirection())
    if not answer or not answer.get("content"):
        return
    try:
        found = ET.fromstring(base64.b64decode(answer["content"])).find("configurationRedirection")  # noqa: S314  (as above)
    except ET.ParseError:
        return  # IIS cannot read it either, and tells so
    if found is not None and found.get("enabled", "").lower() == "true":
        raise Refused(
            f"found a shared configuration of IIS ({REDIRECTION} is enabled, its path is {found.get('path', '')}),"
            f" wanted the server's own: {PATH} is not in force, and this collection changes no file that other servers"
            " share. Export the configuration back to the server (IIS Manager, Shared Configuration), or host the agent"
            " as a service"
        )


def backed_up(operations: t.Sequence[Operation], ask: Ask, count: int) -> list[Operation]:
    """Return operations with a backup of the file in front of them, where they are the first of this run to change it.

    Args:
        operations: what changes the file; none needs no backup.
        ask: gives what this run has done before.
        count: how many backups are kept; 0 makes none, and those that are there go with unwanted_backups.
    """
    done = Mark(MarkKind.CONFIGURATION_BACKED_UP, PATH)
    if not operations or count < 1 or done in ask(probe.done()):
        return list(operations)
    return [
        write(f"back up {PATH}", "copy", path=PATH, to=BACKUPS, backups=count, mark=done),
        *operations,
    ]


def backups_questions(count: int) -> tuple[Query, ...]:
    """Ask whether there are backups, where none is to stay; ``count``: how many are kept."""
    return () if count else (probe.file(BACKUPS, 0),)


def unwanted_backups(ask: Ask, count: int) -> list[Operation]:
    """Return what removes the backups, where none is to stay: a pool's password of before is in them."""
    if count or ask(probe.file(BACKUPS, 0)) is None:
        return []
    return [write(f"remove the backups in {BACKUPS}", "remove", path=BACKUPS, recurse=True)]


def _number(element: ET.Element, name: str) -> int:
    """Return a whole number that an attribute has, 0 where it is missing; raises Refused for something else."""
    text = element.get(name, "") or "0"
    if not text.isascii() or not text.isdigit():
        what = element.get("bindingInformation") or element.get("name") or ""
        raise Refused(
            f"{PATH}: {element.tag} {what}: found {name}={text!r}, wanted a whole number. IIS cannot read it either:"
            " fix it, then run again"
        )
    return int(text)


def _attribute(element: ET.Element | None, name: str) -> str | None:
    *path, last = name.split(".")
    for part in path:
        element = element.find(part) if element is not None else None
    return element.get(last) if element is not None else None


def _pool(element: ET.Element, defaults: ET.Element | None) -> Pool:
    values: dict[str, t.Any] = {}
    own = set()
    for name, attribute in ATTRIBUTES.items():
        text = _attribute(element, name)
        if text is not None:
            own.add(name)
        else:
            text = _attribute(defaults, name)
        try:
            values[name] = typed(name, attribute.default if text is None else text)
        except ValueError:
            values[name] = text  # written by hand, and wrong: differs from all that can be wanted
    return Pool(element.get("name", ""), values, frozenset(own))


_SET_BY_SETUP = {"managedRuntimeVersion", "processModel.loadUserProfile", "processModel.setProfileEnvironment"}
"""What Windows' setup itself writes into the defaults of pools, otherwise than the schema."""


def _pool_defaults(defaults: ET.Element | None) -> t.Iterator[str]:
    """Yield what the defaults of pools set otherwise than the schema; the collections that every pool inherits too."""
    if defaults is None:
        return
    for name, attribute in ATTRIBUTES.items():
        text = _attribute(defaults, name)
        if text is not None and name not in _SET_BY_SETUP and text.lower() != attribute.default.lower():
            yield name
    yield from (
        name
        for name in (SCHEDULE, "environmentVariables")
        if defaults.find(name.replace(".", "/") + "/add") is not None
    )


def _site(element: ET.Element, sites: ET.Element) -> Site:
    applications = element.findall("application")
    application = next((a for a in applications if a.get("path") == "/"), None)
    defaults = (element.find("applicationDefaults"), sites.find("applicationDefaults"))

    def effective(name: str, default: str, of: ET.Element | None = application) -> str:
        return next((e.get(name, "") for e in (of, *defaults) if e is not None and e.get(name) is not None), default)

    folder = None
    if application is not None:
        folder = next((d for d in application.findall("virtualDirectory") if d.get("path") == "/"), None)
    own = application.get("preloadEnabled") if application is not None else None
    found = element.findall("bindings/binding")
    bindings = [binding for e in found if (binding := _binding(e)) is not None]
    return Site(
        name=element.get("name", ""),
        number=_number(element, "id"),
        path=folder.get("physicalPath", "") if folder is not None else "",
        pool=effective("applicationPool", "DefaultAppPool"),
        preload=effective("preloadEnabled", "false").lower() == "true",
        own_preload=None if own is None else own.lower() == "true",
        bindings=tuple(bindings),
        other_bindings=len(found) - len(bindings),
        applications=tuple(a.get("path", "") for a in applications if a.get("path") != "/"),
        application_pools=tuple(
            effective("applicationPool", "DefaultAppPool", one)
            for one in sorted(applications, key=lambda a: a.get("path") != "/")
        ),
        starts=element.get("serverAutoStart", "true").lower() != "false",
        further=tuple(_further(element)),
    )


_WRITTEN_BY_SETUP = {
    "site": {"name", "id", "serverAutoStart"},
    "application": {"path", "applicationPool"},
    "virtualDirectory": {"path", "physicalPath"},
    "bindings": set(),
}
"""The elements of a site that Windows' setup writes, with their attributes."""


def _further(element: ET.Element) -> t.Iterator[str]:
    """Yield the attributes and elements of a site that Windows' setup does not write; bindings are told elsewhere."""
    known = _WRITTEN_BY_SETUP[element.tag]
    yield from (f"{element.tag} sets {name}" for name in element.attrib if name not in known)
    for child in element if element.tag != "bindings" else ():
        path = child.get("path", "")
        if child.tag not in _WRITTEN_BY_SETUP:
            yield f"{element.tag} has {child.tag}"
        elif child.tag == "virtualDirectory" and path != "/":
            yield f"it has the virtual directory {path}"
        else:
            yield from _further(child)


def _binding(element: ET.Element) -> Binding | None:
    protocol, information = element.get("protocol", "").lower(), element.get("bindingInformation", "")
    parts = information.rsplit(":", 2)
    if protocol not in {"http", "https"} or len(parts) != 3 or not parts[1].isdigit():
        return None
    return Binding(protocol, parts[0] or "*", int(parts[1]), parts[2], _number(element, "sslFlags"))


@dataclasses.dataclass(frozen=True)
class Served:
    """The certificate that HTTP.sys serves at an endpoint."""

    thumbprint: str
    store: str


def served(addresses: t.Mapping[str, t.Any] | None, names: t.Mapping[str, t.Any] | None) -> dict[str, Served]:
    """Return the certificates of HTTP.sys by endpoint (``0.0.0.0:443``, ``name:443``).

    Args:
        addresses: the probe's answer about ``SslBindingInfo``, one level down; None when there is no such key.
        names: the same about ``SslSniBindingInfo``.
    """
    found = {}
    for answer in (addresses, names):
        for endpoint, key in ((answer or {}).get("children") or {}).items():
            values = {name.lower(): value["data"] for name, value in key["values"].items()}
            if values.get("sslcerthash"):
                thumbprint = base64.b64decode(values["sslcerthash"]).hex().upper()
                found[endpoint.lower()] = Served(thumbprint, values.get("sslcertstorename") or "MY")
    return found
