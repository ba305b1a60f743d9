"""What IIS makes of an application's web.config: which handler takes a request, or which error stands in its place.

learn.microsoft.com "The HTTP status codes in IIS 7.0 and later versions", "Handlers <handlers>", "Configuration
delegation".
"""

from __future__ import annotations

import dataclasses
import typing as t
import xml.etree.ElementTree as ET

from ..security import descriptors
from ..system import dotnet
from .context import CannotStart, Context

BASE_HANDLERS = {"StaticFile": "StaticFileModule"}
"""What applicationHost.config has for everything else, by name with its first module; it comes after web.config's."""
START_PAGES = ("default.htm", "default.asp", "index.htm", "index.html", "iisstart.htm")


@dataclasses.dataclass(frozen=True)
class Hosted:
    """An application under IIS, as its web server knows it.

    Attributes:
        folder: of the application.
        sids: of the pool's identity.
        name: in the configuration (``/LM/W3SVC/1/ROOT``).
        process_id: of the worker that it runs in.
        modules: the names of the registered native modules.
        variables: the pool's environmentVariables.
        locked: the names of sections of system.webServer that web.config may not have.
        shares: whether its worker runs another application in process.
    """

    folder: str
    sids: t.Collection[str]
    name: str
    process_id: int
    modules: t.Collection[str]
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    locked: t.Collection[str] = ()
    shares: bool = False


class NotOurs(CannotStart):
    """IIS answers by itself, without any application.

    Attributes:
        location: where a redirect leads.
    """

    def __init__(self, reason: str, status: str, location: str = "") -> None:
        super().__init__(reason, status, 0)
        self.location = location


def asp_net_core(context: Context, hosted: Hosted) -> ET.Element:
    """Return the element of web.config that says what the module of ASP.NET Core shall run.

    Raises:
        CannotStart: IIS refuses web.config, or answers by itself.
    """
    sections = _sections(context, hosted)
    redirect = sections.get("httpRedirect")
    if redirect is not None and redirect.get("enabled", "false").lower() == "true":
        raise NotOurs("IIS redirects.", "302", redirect.get("destination", ""))
    modules = _first_handler(sections.get("handlers"))
    module = modules.split(",")[0]
    if module not in hosted.modules:
        raise CannotStart(f'The handler has a bad module "{module}" in its module list.', "500.21", 0)
    if module.startswith("AspNetCore") and not context.surroundings.files.is_file(dotnet.ANCM):
        raise CannotStart("The module DLL failed to load, so no worker starts.", "503", 0)
    core = sections.get("aspNetCore")
    if not module.startswith("AspNetCoreModule") or core is None:
        raise _static(context)
    if hosted.shares:
        only = (
            "Only one in-process application is allowed per IIS application pool. Please assign the application"
            f" '{hosted.name}' to a different IIS application pool."
        )
        raise CannotStart(only, "500.35", 1008)  # dotnet/aspnetcore, aspnetcore_msg.mc and applicationmanager.cpp
    return core


def _sections(context: Context, hosted: Hosted) -> dict[str, ET.Element]:
    """Return the sections of web.config that count for the application."""
    files, path = context.surroundings.files, context.folder + "\\web.config"
    if not files.is_file(path):
        raise _static(context)
    if not context.may(path, descriptors.READ_DATA):
        raise _bad("Cannot read configuration file due to insufficient permissions (0x80070005).")
    root = _parsed(files.read(path))
    found: dict[str, ET.Element] = {}
    for server in [*root.findall("system.webServer"), *root.findall("location/system.webServer")]:
        names = [child.tag for child in server]
        twice = {name for name in names if isinstance(name, str) and names.count(name) > 1}
        if twice:
            raise _bad(f"web.config has the section {min(twice)} twice.")
        for section in server:
            if section.tag in hosted.locked:
                raise _bad(f"The section {section.tag} is locked at a parent level (0x80070021).")
            found[section.tag] = _whole(context, section)
    return found


def _whole(context: Context, section: ET.Element) -> ET.Element:
    """Return a section, from the file of its configSource where it has one."""
    source = section.get("configSource")
    if source is None:
        return section
    if len(section) or len(section.attrib) > 1:
        raise _bad(f"{section.tag} has a configSource and something else.")
    path = f"{context.folder}\\{source}"
    if not context.surroundings.files.is_file(path):
        raise _bad(f"The file of configSource, {source}, is not there.")
    return _parsed(context.surroundings.files.read(path))


def _parsed(content: bytes) -> ET.Element:
    try:
        return ET.fromstring(content)
    except ET.ParseError as error:
        raise _bad(f"web.config is not well-formed: {error}") from None


def _first_handler(section: ET.Element | None) -> str:
    """Return the modules of the first handler that takes every path, after additions, removals and clearing."""
    own: dict[str, tuple[str, str]] = {}
    below = dict(BASE_HANDLERS)
    for entry in section if section is not None else ():
        name = entry.get("name", "")
        if entry.tag == "clear":
            own, below = {}, {}
        elif entry.tag == "remove":
            own.pop(name, None)
            below.pop(name, None)
        elif entry.tag == "add":
            if name in own or name in below:
                raise _bad(f"Cannot add duplicate collection entry of type 'add' with key 'name' set to '{name}'.")
            own[name] = (entry.get("path", ""), entry.get("modules", ""))
    taking = [modules for path, modules in own.values() if path == "*"] or list(below.values())
    return taking[0] if taking else "StaticFileModule"


def _static(context: Context) -> NotOurs:
    """Return what IIS answers where no application takes the request: a start page, or that it lists no folders."""
    files = context.surroundings.files
    page = next((name for name in START_PAGES if files.is_file(f"{context.folder}\\{name}")), None)
    if page and not context.may(f"{context.folder}\\{page}", descriptors.READ_DATA):
        return NotOurs("The identity may not read the page.", "401.3")
    return NotOurs("IIS shows a start page.", "200") if page else NotOurs("IIS lists no folder.", "403.14")


def _bad(reason: str) -> CannotStart:
    return CannotStart(reason, "500.19", 0)
