"""What IIS's configuration says of sites and their bindings."""

from __future__ import annotations

import xml.etree.ElementTree as ET

from . import configuration, defaults, schema_values
from .binding import Binding


class SiteSettings:
    """The sites of a configuration. Whether they run does not follow from here: see ``activation``.

    Args:
        file: the configuration.
    """

    def __init__(self, file: configuration.Configuration) -> None:
        self._file = file

    def names(self) -> list[str]:
        """Return the sites' names in the file's order."""
        sites = configuration.sites_of(self._file.document())
        return [e.get("name", "") for e in sites.findall("site")]

    def has(self, name: str) -> bool:
        """Tell whether a site exists."""
        return configuration.named(configuration.sites_of(self._file.document()), "site", name) is not None

    def number(self, name: str) -> int:
        """Return a site's number."""
        return int(self._site(name).get("id", "0"))

    def path(self, name: str) -> str:
        """Return the root application's folder as written."""
        found = self._site(name).find("application[@path='/']/virtualDirectory[@path='/']")
        return "" if found is None else found.get("physicalPath", "")

    def pool(self, name: str) -> str:
        """Return the root application's effective pool."""
        found = (element.get("applicationPool") for element in self._root_application(name))
        return next(filter(None, found), "DefaultAppPool")

    def preloads(self, name: str) -> bool:
        """Tell whether the root application is effectively preloaded."""
        found = (element.get("preloadEnabled") for element in self._root_application(name))
        return next((value for value in found if value is not None), "false").lower() == "true"

    def preload_default(self, name: str) -> bool:
        """Return ``applicationDefaults.preloadEnabled`` as a site has it, whatever its root application says."""
        root = self._file.document()
        for element in (configuration.site_of(root, name), configuration.sites_of(root)):
            value = schema_values.raw(element, "applicationDefaults.preloadEnabled")
            if value is not None:
                return value.lower() == "true"
        return False

    def starts(self, name: str) -> bool:
        """Tell whether a site starts by itself."""
        return self._site(name).get("serverAutoStart", "true").lower() == "true"

    def _site(self, name: str) -> ET.Element:
        return configuration.site_of(self._file.document(), name)

    def _root_application(self, name: str) -> list[ET.Element]:
        """Return where an attribute of the root application stands: its own element, then those of the defaults."""
        root = self._file.document()
        site = configuration.site_of(root, name)
        everywhere = configuration.sites_of(root).find("applicationDefaults")
        found = (site.find("application[@path='/']"), site.find("applicationDefaults"), everywhere)
        return [element for element in found if element is not None]

    def modules(self) -> list[str]:
        """Return the names of the registered native modules, globalModules."""
        return [e.get("name", "") for e in self._file.document().findall("system.webServer/globalModules/add")]

    def locked_sections(self, name: str) -> set[str]:
        """Return the sections of system.webServer that a ``location`` of the file keeps from a site's web.config."""
        return {
            section.tag
            for location in self._file.document().findall("location")
            if location.get("overrideMode") == "Deny" and location.get("path", "").lower() in {"", ".", name.lower()}
            for section in location.findall("system.webServer/*")
        }

    def create(self, name: str, path: str, pool: str | None = None, number: int | None = None) -> None:
        """Make a site without bindings.

        Raises:
            WindowsError: its name or number is another site's, or the name is none for a site.
        """
        schema_values.check_site_name(name)
        root = self._file.changeable()
        sites = configuration.sites_of(root)
        own = str(number or max([0, *(int(e.get("id", "0")) for e in sites.findall("site"))]) + 1)
        for key, value in (("name", name), ("id", own)):
            if any(e.get(key, "").lower() == value.lower() for e in sites.findall("site")):
                raise schema_values.duplicate(defaults.CONFIG_PATH, "site", f"unique key attribute '{key}'", value)
        site = ET.Element("site", {"name": name, "id": own})
        application = ET.SubElement(site, "application", {"path": "/"})
        if pool:
            application.set("applicationPool", pool)
        ET.SubElement(application, "virtualDirectory", {"path": "/", "physicalPath": path})
        ET.SubElement(site, "bindings")
        sites.insert(len(sites.findall("site")), site)
        self._file.save(root)

    def remove(self, name: str) -> None:
        """Remove a site."""
        root = self._file.changeable()
        configuration.sites_of(root).remove(configuration.site_of(root, name))
        self._file.save(root)

    def set_path(self, name: str, path: str) -> None:
        """Set the root application's folder."""
        root = self._file.changeable()
        found = configuration.site_of(root, name).find("application[@path='/']/virtualDirectory[@path='/']")
        assert found is not None
        found.set("physicalPath", path)
        self._file.save(root)

    def set_pool(self, name: str, pool: str) -> None:
        """Set the root application's pool."""
        root = self._file.changeable()
        found = configuration.site_of(root, name).find("application[@path='/']")
        assert found is not None
        found.set("applicationPool", pool)
        self._file.save(root)

    def set_preload(self, name: str, enabled: bool) -> None:
        """Set ``applicationDefaults.preloadEnabled`` of a site, as microsoft.iis.website does."""
        root = self._file.changeable()
        element = configuration.at(configuration.site_of(root, name), "applicationDefaults")
        element.set("preloadEnabled", str(enabled).lower())
        self._file.save(root)

    # Bindings

    def bindings(self, name: str) -> list[Binding]:
        """Return a site's bindings."""
        return [
            Binding(e.get("protocol", ""), e.get("bindingInformation", ""), int(e.get("sslFlags", "0")))
            for e in self._site(name).findall("bindings/binding")
        ]

    def add_binding(self, name: str, protocol: str, information: str, ssl_flags: int = 0) -> None:
        """Add a binding.

        Raises:
            WindowsError: the site has that binding.
        """
        root = self._file.changeable()
        bindings = configuration.site_of(root, name).find("bindings")
        assert bindings is not None
        if any(_is(e, protocol, information) for e in bindings.findall("binding")):
            keys = "combined key attributes 'protocol, bindingInformation' respectively"
            raise schema_values.duplicate(defaults.CONFIG_PATH, "binding", keys, f"{protocol}, {information}")
        attributes = {"protocol": protocol, "bindingInformation": information}
        if ssl_flags or protocol == "https":
            attributes["sslFlags"] = str(ssl_flags)
        ET.SubElement(bindings, "binding", attributes)
        self._file.save(root)

    def remove_binding(self, name: str, protocol: str, information: str) -> None:
        """Remove a binding; its certificate stays registered with HTTP.sys."""
        root = self._file.changeable()
        bindings = configuration.site_of(root, name).find("bindings")
        assert bindings is not None
        for e in bindings.findall("binding"):
            if _is(e, protocol, information):
                bindings.remove(e)
        self._file.save(root)

    def set_binding(self, name: str, number: int, attribute: str, value: str) -> None:
        """Set an attribute of the binding at that place among all of a site."""
        root = self._file.changeable()
        configuration.site_of(root, name).findall("bindings/binding")[number].set(attribute, value)
        self._file.save(root)


def _is(element: ET.Element, protocol: str, information: str) -> bool:
    own = element.get("protocol"), element.get("bindingInformation", "").lower()
    return own == (protocol, information.lower())
