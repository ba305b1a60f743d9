# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The handler in web.config that gives requests to the agent, as IIS reads the list: entries in order, each added,
removed or cleared.
"""

from __future__ import annotations

import typing as t

from .._core.plan import Refused
from .._dotnet.xml_text import Document, Element

NAME, MODULE = "aspNetCore", "AspNetCoreModuleV2"
FORMER = "aspnetcoremodule"
"""The module of ASP.NET Core 2.1 and older in lower case, which the hosting bundle does not contain any more, so IIS
answers 500.21 ("handler has a bad module"); learn.microsoft.com "ASP.NET Core Module", dotnet/aspnetcore.
"""
HANDLER = f'<add name="{NAME}" path="*" verb="*" modules="{MODULE}" resourceType="Unspecified" />'


def check_sources(servers: t.Iterable[Element], file: str) -> None:
    """Raise Refused for a section that lives in another file: IIS takes no attribute or entry beside ``configSource``.

    Args:
        servers: the sections ``system.webServer`` of the site.
        file: the path of web.config.
    """
    for server in servers:
        for section in server.children:
            source = section.attributes.get("configSource")
            if source and section.name in {"handlers", "aspNetCore", "applicationInitialization"}:
                raise Refused(
                    f"{file}, line {section.line}: found <{section.name}> in another file ({source}), wanted it in"
                    " web.config: move its content from that file, and remove configSource. Nothing was written"
                )


def add_missing(document: Document, servers: t.Sequence[Element], file: str) -> list[str]:
    """Set the handler of the agent; return the lines of a whole section where there is none.

    Args:
        document: web.config, which is changed.
        servers: its sections ``system.webServer`` of the site, in order.
        file: its path.

    Raises:
        Refused: the list removes the handler again, or has another one of the same name.
    """
    sections = [section for server in servers for section in server.all("handlers")]
    left, lost = _read(sections)
    agents = [handler for handler in left.values() if _module(handler).startswith(FORMER)]
    for handler in agents:
        if _module(handler) == FORMER:
            document.set(handler, "modules", MODULE)
    if agents:
        return []
    if lost:
        handler, by = lost
        raise Refused(
            f"{file}, line {by.line}: found <{by.name}> behind the handler of line {handler.line}, so IIS gives the"
            f" agent no requests: remove line {by.line}, or move it in front. Nothing was written"
        )
    other = left.get(NAME.lower())
    if other is not None:
        raise Refused(
            f"{file}, line {other.line}: found the handler {NAME} with the module"
            f" {other.attributes.get('modules') or '(none)'}, wanted {MODULE}; IIS takes no second one of that name:"
            " rename or remove it. Nothing was written"
        )
    if sections:
        document.add(sections[-1], [HANDLER])  # a <clear /> of an earlier section does not reach it
        return []
    return ["<handlers>", f"  {HANDLER}", "</handlers>"]


def _read(sections: t.Iterable[Element]) -> tuple[dict[str, Element], tuple[Element, Element] | None]:
    """Return the handlers that are left, by name, and the last one for the agent that was removed, with what did it."""
    left: dict[str, Element] = {}
    lost: tuple[Element, Element] | None = None
    for entry in (entry for section in sections for entry in section.children):
        name = entry.attributes.get("name", "").lower()
        if entry.name == "add":
            left[name] = entry
            continue
        gone = [left.pop(key) for key in [*left] if entry.name == "clear" or key == name]
        lost = next(((handler, entry) for handler in gone if _module(handler).startswith(FORMER)), lost)
    return left, lost


def _module(handler: Element) -> str:
    return handler.attributes.get("modules", "").split(",")[0].strip().lower()
