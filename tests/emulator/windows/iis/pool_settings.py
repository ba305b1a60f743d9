"""What IIS's configuration says of application pools."""

from __future__ import annotations

import typing as t
import xml.etree.ElementTree as ET

from .. import errors
from . import configuration, defaults, schema_values
from .schema import POOL, TIME_OF_DAY, Attribute

PASSWORD = "processModel.password"
SCHEDULE = "recycling.periodicRestart.schedule"
_BUILT_IN = {"LocalSystem": "SYSTEM", "LocalService": "LOCAL SERVICE", "NetworkService": "NETWORK SERVICE"}


def no_property(attribute: str, path: str) -> errors.WindowsError:
    """Return what setting a property that an item does not have gives."""
    return errors.WindowsError(
        "System.Management.Automation.PSArgumentException", f"Property {attribute} does not exist at path {path}."
    )


def known_attribute(attribute: str) -> str | None:
    """Return a pool's attribute as the schema spells it, None where there is none of that name."""
    return next((name for name in POOL if name.lower() == attribute.lower()), None)


def _spec(attribute: str) -> tuple[str, Attribute]:
    """Return an attribute's name as the schema spells it, and what it is."""
    found = known_attribute(attribute)
    if found is None:
        raise no_property(attribute, "IIS:\\AppPools")
    return found, POOL[found]


class PoolSettings:
    """The pools of a configuration. What runs does not follow from here: see ``activation``.

    Args:
        file: the configuration.
    """

    def __init__(self, file: configuration.Configuration) -> None:
        self._file = file

    def names(self) -> list[str]:
        """Return the pools' names in the file's order."""
        pools = configuration.pools_of(self._file.document())
        return [e.get("name", "") for e in pools.findall("add")]

    def has(self, name: str) -> bool:
        """Tell whether a pool exists."""
        return configuration.named(configuration.pools_of(self._file.document()), "add", name) is not None

    def check(self, name: str) -> None:
        """Refuse the name of a pool that does not exist, with a WindowsError."""
        configuration.pool_of(self._file.document(), name)

    def attribute(self, name: str, attribute: str) -> t.Any:
        """Return a pool's effective attribute: its own, the defaults' of the file, the schema's. Passwords come in
        clear.
        """
        root = self._file.document()
        pool = configuration.pool_of(root, name)
        attribute, spec = _spec(attribute)
        for element in (pool, configuration.pools_of(root).find("applicationPoolDefaults")):
            value = schema_values.raw(element, attribute)
            if value is not None:
                return schema_values.read(spec, schema_values.clear(value) if attribute == PASSWORD else value)
        return schema_values.read(spec, spec.default)

    def create(self, name: str) -> None:
        """Add a pool.

        Raises:
            WindowsError: there is one already, or the name is none for a pool.
        """
        schema_values.check_pool_name(name)
        root = self._file.changeable()
        pools = configuration.pools_of(root)
        if configuration.named(pools, "add", name) is not None:
            raise schema_values.duplicate(defaults.CONFIG_PATH, "add", "unique key attribute 'name'", name)
        pools.insert(len(pools.findall("add")), ET.Element("add", {"name": name}))
        self._file.save(root)

    def remove(self, name: str) -> None:
        """Remove a pool."""
        root = self._file.changeable()
        configuration.pools_of(root).remove(configuration.pool_of(root, name))
        self._file.save(root)

    def set_attribute(self, name: str, attribute: str, value: t.Any) -> str:
        """Set one attribute; return its name as the schema spells it.

        Raises:
            WindowsError: unknown pool or attribute, or a value that the schema refuses.
        """
        root = self._file.changeable()
        pool = configuration.pool_of(root, name)
        attribute, spec = _spec(attribute)
        text = schema_values.write(spec, value)
        path, _, last = attribute.rpartition(".")
        stored = schema_values.secret(text, schema_values.POOL_PROVIDER) if attribute == PASSWORD else text
        configuration.at(pool, path).set(last, stored)
        self._file.save(root)
        return attribute

    def schedule(self, name: str) -> list[str]:
        """Return the times of day at which a pool is recycled."""
        pool = configuration.named(configuration.pools_of(self._file.document()), "add", name)
        entries = pool.findall(f"{SCHEDULE.replace('.', '/')}/add") if pool is not None else []
        return [schema_values.read(TIME_OF_DAY, e.get("value", "")) for e in entries]

    def set_schedule(self, name: str, times: t.Sequence[t.Any]) -> None:
        """Set them.

        Raises:
            WindowsError: one is no time of day.
        """
        root = self._file.changeable()
        element = configuration.at(configuration.pool_of(root, name), SCHEDULE)
        for entry in list(element):
            element.remove(entry)
        for value in times:
            ET.SubElement(element, "add", {"value": schema_values.write(TIME_OF_DAY, value)})
        self._file.save(root)

    def variables(self, name: str) -> dict[str, str]:
        """Return a pool's environmentVariables: the defaults', then its own."""
        root = self._file.document()
        found: dict[str, str] = {}
        for element in (
            configuration.pools_of(root).find("applicationPoolDefaults"),
            configuration.named(configuration.pools_of(root), "add", name),
        ):
            for entry in element.findall("environmentVariables/*") if element is not None else ():
                if entry.tag == "clear":
                    found = {}
                elif entry.tag == "remove":
                    found.pop(entry.get("name", ""), None)
                elif entry.tag == "add":
                    found[entry.get("name", "")] = entry.get("value", "")
        return found

    def password(self, name: str) -> str:
        """Return a pool's password in clear, as administrators can read it."""
        return str(self.attribute(name, PASSWORD))

    def account(self, name: str) -> str:
        """Return the account that a pool runs as."""
        kind = self.attribute(name, "processModel.identityType")
        if kind == "SpecificUser":
            return str(self.attribute(name, "processModel.userName"))
        if kind == "ApplicationPoolIdentity":
            return f"IIS APPPOOL\\{name}"
        return f"NT AUTHORITY\\{_BUILT_IN[kind]}"
