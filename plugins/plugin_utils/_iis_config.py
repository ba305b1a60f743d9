# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""applicationHost.config and HTTP.sys's registry keys, read: pools and sites with their effective values."""

from __future__ import annotations

import base64
import dataclasses
import typing as t
import xml.etree.ElementTree as ET

from . import _questions
from ._plan import Operation, Refused, write
from ._pool_attributes import ATTRIBUTES, typed
from ._questions import Ask

PATH = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
MAX_BYTES = 4 * 2**20
BACKUPS = "C:\\Windows\\System32\\inetsrv\\backup\\imops"
BACKUP_COUNT: dict[str, t.Any] = {"type": "int", "default": 5}
"""The option of each subject that changes the file."""
TLS_ADDRESSES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslBindingInfo"
TLS_NAMES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\SslSniBindingInfo"
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
        """Return ``address:port:host`` in lower case, by which bindings are told apart."""
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


@dataclasses.dataclass(frozen=True)
class Configuration:
    """What applicationHost.config says."""

    pools: tuple[Pool, ...]
    sites: tuple[Site, ...]

    def pool(self, name: str) -> Pool | None:
        """Return a pool by name, without regard to case."""
        return next((p for p in self.pools if p.name.lower() == name.lower()), None)

    def site(self, name: str) -> Site | None:
        """Return a site by name, without regard to case."""
        return next((s for s in self.sites if s.name.lower() == name.lower()), None)


def parse(content: bytes) -> Configuration:
    """Read applicationHost.config.

    Raises:
        Refused: it is no well-formed XML; the message has the line.
    """
    try:
        root = ET.fromstring(content)  # noqa: S314  (the server's own file; entities are not fetched)
    except ET.ParseError as error:
        line, column = error.position
        raise Refused(
            f"{PATH} cannot be read: line {line}, column {column + 1}: {error}. IIS cannot read it either: restore it"
            " from a backup, then run again"
        ) from None
    pools = root.find("system.applicationHost/applicationPools")
    sites = root.find("system.applicationHost/sites")
    return Configuration(
        () if pools is None else tuple(_pool(e, pools.find("applicationPoolDefaults")) for e in pools.findall("add")),
        () if sites is None else tuple(_site(e, sites) for e in sites.findall("site")),
    )


def backed_up(operations: t.Sequence[Operation], ask: Ask, count: int) -> list[Operation]:
    """Return operations with a backup of the file in front of them, where they are the first of this run to change it.

    Args:
        operations: what changes the file; none needs no backup.
        ask: gives what this run has done before.
        count: how many backups are kept; 0 makes none.
    """
    backup = write(f"back up {PATH}", "copy", path=PATH, to=BACKUPS, backups=count)
    if not operations or count < 1 or backup.does in ask(_questions.done()):
        return list(operations)
    return [backup, *operations]


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


def _site(element: ET.Element, sites: ET.Element) -> Site:
    application = next((a for a in element.findall("application") if a.get("path") == "/"), None)
    inherits = (application, element.find("applicationDefaults"), sites.find("applicationDefaults"))

    def effective(name: str, default: str) -> str:
        return next((e.get(name, "") for e in inherits if e is not None and e.get(name) is not None), default)

    folder = None
    if application is not None:
        folder = next((d for d in application.findall("virtualDirectory") if d.get("path") == "/"), None)
    own = application.get("preloadEnabled") if application is not None else None
    found = element.findall("bindings/binding")
    bindings = [binding for e in found if (binding := _binding(e)) is not None]
    return Site(
        name=element.get("name", ""),
        number=int(element.get("id", "0") or 0),
        path=folder.get("physicalPath", "") if folder is not None else "",
        pool=effective("applicationPool", "DefaultAppPool"),
        preload=effective("preloadEnabled", "false").lower() == "true",
        own_preload=None if own is None else own.lower() == "true",
        bindings=tuple(bindings),
        other_bindings=len(found) - len(bindings),
        applications=tuple(a.get("path", "") for a in element.findall("application") if a.get("path") != "/"),
    )


def _binding(element: ET.Element) -> Binding | None:
    protocol, information = element.get("protocol", "").lower(), element.get("bindingInformation", "")
    parts = information.rsplit(":", 2)
    if protocol not in {"http", "https"} or len(parts) != 3 or not parts[1].isdigit():
        return None
    return Binding(protocol, parts[0] or "*", int(parts[1]), parts[2], int(element.get("sslFlags", "0") or 0))


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
