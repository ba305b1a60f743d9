"""The configuration of IIS: the XML file that Windows keeps."""

from __future__ import annotations

import copy
import io
import xml.etree.ElementTree as ET

from .. import errors
from ..files.file_system import FileSystem
from . import defaults

REDIRECTION = "C:\\Windows\\System32\\inetsrv\\config\\redirection.config"


def unknown(kind: str, name: str) -> errors.WindowsError:
    """Return what asking for a missing pool or site gives."""
    return errors.WindowsError("System.ArgumentException", f"Cannot find {kind} '{name}' because it does not exist.")


class Configuration:
    """applicationHost.config; it is read anew each time, since scripts write it too.

    Args:
        files: where it is kept.
    """

    def __init__(self, files: FileSystem) -> None:
        self._files = files
        self._parsed: tuple[bytes, ET.Element] = (b"", ET.Element("none"))

    def path(self) -> str:
        """Return the file in force: the server's own, or that of a shared configuration.

        learn.microsoft.com "Shared Configuration", redirection.config.
        """
        if not self._files.is_file(REDIRECTION):
            return defaults.CONFIG_PATH
        found = ET.fromstring(self._files.read(REDIRECTION)).find("configurationRedirection")
        if found is None or found.get("enabled", "false").lower() != "true":
            return defaults.CONFIG_PATH
        return found.get("path", "").rstrip("\\") + "\\applicationHost.config"

    def document(self) -> ET.Element:
        """Return the parsed configuration, which nobody may change."""
        content = self._files.read(self.path())
        if self._parsed[0] != content:
            parser = ET.XMLParser(target=ET.TreeBuilder(insert_comments=True))
            self._parsed = (content, ET.fromstring(content, parser))
        return self._parsed[1]

    def changeable(self) -> ET.Element:
        """Return a copy of the parsed configuration, to be changed and saved."""
        return copy.deepcopy(self.document())

    def save(self, document: ET.Element) -> None:
        """Write the configuration."""
        ET.indent(document, "    ")
        out = io.BytesIO()
        ET.ElementTree(document).write(out, encoding="UTF-8", xml_declaration=True)
        self._files.write(self.path(), out.getvalue().replace(b"\n", b"\r\n"))


def pools_of(document: ET.Element) -> ET.Element:
    """Return the element of all application pools."""
    found = document.find("system.applicationHost/applicationPools")
    assert found is not None
    return found


def sites_of(document: ET.Element) -> ET.Element:
    """Return the element of all sites."""
    found = document.find("system.applicationHost/sites")
    assert found is not None
    return found


def named(parent: ET.Element, tag: str, name: str) -> ET.Element | None:
    """Return an element's child with a name, or None; case does not count."""
    return next((e for e in parent.findall(tag) if e.get("name", "").lower() == name.lower()), None)


def pool_of(document: ET.Element, name: str) -> ET.Element:
    """Return the element of an application pool.

    Raises:
        WindowsError: there is none of that name.
    """
    found = named(pools_of(document), "add", name)
    if found is None:
        raise unknown("application pool", name)
    return found


def site_of(document: ET.Element, name: str) -> ET.Element:
    """Return the element of a site.

    Raises:
        WindowsError: there is none of that name.
    """
    found = named(sites_of(document), "site", name)
    if found is None:
        raise unknown("web site", name)
    return found


def at(element: ET.Element, path: str) -> ET.Element:
    """Return the element at a dotted path below one; what is missing is made."""
    for part in path.split(".") if path else ():
        found = element.find(part)
        element = ET.SubElement(element, part) if found is None else found
    return element
