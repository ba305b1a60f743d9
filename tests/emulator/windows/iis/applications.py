"""Applications and virtual directories below the sites of an emulated IIS."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

from .. import errors
from ..text import powershell_values
from . import schema_values
from .configuration import Configuration


@dataclasses.dataclass(frozen=True)
class Place:
    """A virtual directory; the one of path ``/`` is its application's own.

    Attributes:
        site: its site's name.
        application: its application's path.
        path: its own below that.
    """

    site: str
    application: str
    path: str


def not_there(path: str) -> errors.WindowsError:
    """Return what asking for a missing item of the drive IIS: gives."""
    return errors.WindowsError(
        "System.Management.Automation.PSArgumentException",
        f"Cannot find path 'IIS:\\Sites\\{path}' because it does not exist.",
    )


def trimmed(name: str) -> str:
    """Return a name without slashes around it, and with slashes in it."""
    return name.strip("/\\").replace("\\", "/")


class Applications:
    """What is below the sites.

    Args:
        file: the configuration that they are in.
    """

    def __init__(self, file: Configuration) -> None:
        self._file = file

    def applications(self, site: str, name: str) -> list[Place]:
        """Return the applications that fit two patterns, without the sites' root ones."""
        return [
            Place(found.get("name", ""), path, "/")
            for found in self._sites(site)
            for path in (element.get("path", "") for element in found.findall("application"))
            if path != "/" and powershell_values.like(trimmed(name), path[1:])
        ]

    def directories(self, site: str, name: str, application: str | None) -> list[Place]:
        """Return the virtual directories that fit two patterns: of all applications where none is named."""
        wanted = "/" + application.strip("/\\") if application else None
        return [
            Place(found.get("name", ""), element.get("path", ""), path)
            for found in self._sites(site)
            for element in found.findall("application")
            if wanted is None or element.get("path", "").lower() == wanted.lower()
            for path in (below.get("path", "") for below in element.findall("virtualDirectory"))
            if path != "/" and powershell_values.like(trimmed(name), path[1:])
        ]

    def at(self, site: str, path: str) -> Place | None:
        """Return what lies at a path below a site on the drive IIS:, None where only folders do."""
        found = self._site(self._file.document(), site)
        if found is None:
            return None
        whole = "/" + trimmed(path)
        for application in sorted(found.findall("application"), key=lambda e: -len(e.get("path", ""))):
            root = application.get("path", "")
            if not _holds(root, whole):
                continue
            inside = "/" + whole[len(root.rstrip("/")) :].strip("/")
            paths = [below.get("path", "") for below in application.findall("virtualDirectory")]
            exact = next((p for p in paths if p.lower() == inside.lower()), None)
            return None if exact is None else Place(found.get("name", ""), root, exact)
        return None

    def _sites(self, pattern: str) -> list[ET.Element]:
        sites = self._file.document().findall("system.applicationHost/sites/site")
        return [site for site in sites if powershell_values.like(pattern, site.get("name", ""))]

    @staticmethod
    def _site(document: ET.Element, name: str) -> ET.Element | None:
        sites = document.findall("system.applicationHost/sites/site")
        return next((site for site in sites if site.get("name", "").lower() == name.lower()), None)

    def add_application(self, site: str, name: str, folder: str, pool: str) -> None:
        """Make an application in place of one that is there.

        Raises:
            WindowsError: there is no such site, or the name is none for an application.
        """
        document = self._file.changeable()
        parent, path = self._site(document, site), "/" + trimmed(name)
        if parent is None:
            raise not_there(site)
        old = _child(parent, "application", path)
        if old is not None:
            parent.remove(old)
        schema_values.check_path(path, "application")
        made = ET.Element("application", {"path": path, **({"applicationPool": pool} if pool else {})})
        ET.SubElement(made, "virtualDirectory", {"path": "/", "physicalPath": folder})
        parent.insert(len(parent.findall("application")), made)
        self._file.save(document)

    def add_directory(self, site: str, application: str, name: str, folder: str) -> None:
        """Make a virtual directory in place of one that is there.

        Raises:
            WindowsError: there is no such site or application, or the name is none for a directory.
        """
        document = self._file.changeable()
        found = self._site(document, site)
        if found is None:
            raise not_there(site)
        parent, path = _child(found, "application", "/" + application.strip("/\\")), "/" + trimmed(name)
        if parent is None:
            raise not_there(f"{site}\\{application}")
        old = _child(parent, "virtualDirectory", path)
        if old is not None:
            parent.remove(old)
        schema_values.check_path(path, "virtual directory")
        ET.SubElement(parent, "virtualDirectory", {"path": path, "physicalPath": folder})
        self._file.save(document)

    def remove(self, place: Place) -> None:
        """Remove an application, with what is below it, or a virtual directory."""
        document = self._file.changeable()
        site = self._site(document, place.site)
        application = _child(site, "application", place.application)
        assert site is not None and application is not None
        if place.path == "/":
            site.remove(application)
        else:
            application.remove(self._directory(document, place))
        self._file.save(document)

    def _directory(self, document: ET.Element, place: Place) -> ET.Element:
        application = _child(self._site(document, place.site), "application", place.application)
        found = _child(application, "virtualDirectory", place.path)
        if found is None:
            raise not_there(f"{place.site}{place.application}")
        return found

    def pool(self, place: Place) -> str:
        """Return the effective pool of a place's application."""
        document = self._file.document()
        site = self._site(document, place.site)
        for element in (
            _child(site, "application", place.application),
            site.find("applicationDefaults") if site is not None else None,
            document.find("system.applicationHost/sites/applicationDefaults"),
        ):
            if element is not None and element.get("applicationPool"):
                return element.get("applicationPool", "")
        return ""

    def set_pool(self, place: Place, pool: str) -> None:
        """Set the pool of a place's application."""
        document = self._file.changeable()
        application = _child(self._site(document, place.site), "application", place.application)
        assert application is not None
        application.set("applicationPool", pool)
        self._file.save(document)

    def get(self, place: Place, attribute: str) -> str:
        """Return an attribute of a directory; passwords come in clear."""
        text = self._directory(self._file.document(), place).get(attribute, "")
        return schema_values.clear(text) if attribute == "password" else text

    def set(self, place: Place, attribute: str, value: str) -> None:
        """Set it."""
        document = self._file.changeable()
        shown = schema_values.secret(value, schema_values.DIRECTORY_PROVIDER) if attribute == "password" else value
        self._directory(document, place).set(attribute, shown)
        self._file.save(document)

    def clear(self, place: Place, attribute: str) -> None:
        """Remove it."""
        document = self._file.changeable()
        self._directory(document, place).attrib.pop(attribute, None)
        self._file.save(document)


def _holds(path: str, whole: str) -> bool:
    return path == "/" or whole.lower() == path.lower() or whole.lower().startswith(path.lower() + "/")


def _child(parent: ET.Element | None, tag: str, path: str) -> ET.Element | None:
    found = parent.findall(tag) if parent is not None else []
    return next((e for e in found if e.get("path", "").lower() == path.lower()), None)
