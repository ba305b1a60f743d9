"""What the behaviours about other sites have in common."""

from __future__ import annotations

from ..windows.iis.server import Iis
from ..windows.machine import Machine


def have_iis(machine: Machine) -> Iis:
    """Return the server's IIS, installed where there is none."""
    if machine.iis is None:
        machine.features.install(["Web-Server"])
    assert machine.iis is not None
    return machine.iis


def add_pool(iis: Iis, name: str, **attributes: str) -> None:
    """Add a pool with attributes, where there is none of that name."""
    if not iis.has_pool(name):
        iis.create_pool(name)
        for attribute, value in attributes.items():
            iis.set_pool_attribute(name, attribute, value)


def add_site(iis: Iis, name: str, path: str, pool: str, *bindings: tuple[str, str, int]) -> None:
    """Add a site with bindings (protocol, information, flags), where there is none of that name."""
    if not iis.has_site(name):
        iis.create_site(name, path, pool)
        for protocol, information, flags in bindings:
            iis.add_binding(name, protocol, information, flags)
