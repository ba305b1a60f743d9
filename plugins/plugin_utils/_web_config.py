# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""web.config: IIS runs the agent in process and warms it up. Docs: win_im_web_config.yml. Vendor page "Install the
Agents".
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t
from xml.sax.saxutils import quoteattr

from . import _mask, _proxy, _questions, _windows_path, _xml_text
from ._plan import Diff, Plan, Refused, write
from ._questions import Ask, Query
from ._xml_text import Document, Element

NAME = "web.config"
HANDLER = '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />'
TEMPLATE = """<?xml version="1.0" encoding="utf-8"?>\r
<configuration>\r
  <system.webServer>\r
    <handlers>\r
      {handler}\r
    </handlers>\r
  </system.webServer>\r
</configuration>\r
"""

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "process_path": {"type": "str", "default": "dotnet"},
        "arguments": {"type": "str", "default": ".\\Usercube-Agent.dll"},
        "stdout_log_enabled": {"type": "bool", "default": False},
        "stdout_log_file": {"type": "str", "default": "..\\Temp\\stdout-agent.log"},
        "hosting_model": {"type": "str", "choices": ["inprocess", "outofprocess"], "default": "inprocess"},
        "environment": {"type": "dict", "default": {}},
        "https_proxy": {"type": "str"},
        "no_proxy": {"type": "list", "elements": "str", "default": []},
        "warm_up": {"type": "bool", "default": True},
        "backup_count": {"type": "int", "default": 5},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What web.config shall say."""

    path: str
    attributes: tuple[tuple[str, str], ...]
    environment: tuple[tuple[str, str], ...] = dataclasses.field(repr=False)
    unset: frozenset[str]
    warm_up: bool
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        reason = _windows_path.why_not_absolute(arguments["path"])
        if reason:
            raise Refused(
                f"path: found {arguments['path']!r}, wanted the Runtime folder as an absolute Windows path ({reason})"
            )
        attributes = (
            ("processPath", arguments["process_path"]),
            ("arguments", arguments["arguments"]),
            ("stdoutLogEnabled", str(arguments["stdout_log_enabled"]).lower()),
            ("stdoutLogFile", arguments["stdout_log_file"]),
            ("hostingModel", arguments["hosting_model"]),
        )
        environment = _environment(arguments)
        for name, value in environment:
            problem = _proxy.why_not_read(name, value)
            if problem:
                raise Refused(f"{name}: found {problem}")
        for name, value in (*attributes, *environment):
            if not (name and _xml_text.is_text(name + value)):
                raise Refused(f"{name!r}: found no name, or a control character, wanted text that {NAME} can hold")
        return cls(
            _windows_path.normal(arguments["path"]),
            attributes,
            environment,
            frozenset(str(name).lower() for name, value in arguments["environment"].items() if value is None),
            arguments["warm_up"],
            arguments["backup_count"],
        )

    @property
    def file(self) -> str:
        """Return the file's path."""
        return _windows_path.join(self.path, NAME)


def _environment(arguments: dict[str, t.Any]) -> tuple[tuple[str, str], ...]:
    """Return the variables: those named, and the way out; those without a value are to be taken away."""
    given = {str(name): value for name, value in arguments["environment"].items() if value is not None}
    found = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    if arguments.get("https_proxy"):
        found[_proxy.HTTPS_PROXY] = arguments["https_proxy"]
    if arguments.get("no_proxy"):
        found[_proxy.NO_PROXY] = ",".join(arguments["no_proxy"])
    return tuple(found.items())


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that must appear nowhere: secrets among the variables, and a proxy with a password."""
    return frozenset(value for name, value in _environment(arguments) if value and _is_secret(name, value))


def _secrets(wanted: Wanted) -> frozenset[str]:
    return secrets({"environment": dict(wanted.environment)})


def _is_secret(name: str, value: str) -> bool:
    return (
        _mask.is_secret_key(name.rpartition("__")[2])
        or "openidclients" in name.lower()
        or ("@" in value and "://" in value)
    )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (_questions.file(wanted.file),)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the change of the file; raises Refused for a file that IIS would refuse."""
    del check  # a missing file is predicted as new, and made as new
    answer = ask(_questions.file(wanted.file))
    new = answer is None
    before = TEMPLATE.format(handler=HANDLER).encode() if new else base64.b64decode(answer["content"] or "")
    try:
        document = Document(before)
    except _xml_text.BadXml as error:
        raise Refused(
            f"{wanted.file}, {error}. Nothing was written: mend the file, or restore a .bak beside it"
        ) from None
    _change(document, wanted)
    after = document.content()
    diff = Diff(wanted.file, "" if new else _shown(before, wanted), _shown(after, wanted))
    if after == before and not new:
        return Plan(diffs=(diff,), facts={"path": wanted.file})
    operation = write(
        f"write {wanted.file}",
        "file",
        secret=bool(_secrets(wanted)),
        path=wanted.file,
        content=base64.b64encode(after).decode(),
        expect="absent" if new else answer["sha256"],
        backups=wanted.backup_count,
    )
    return Plan((operation,), (diff,), restart=(f"{wanted.file} changed",), facts={"path": wanted.file})


def _shown(content: bytes, wanted: Wanted) -> str:
    text = content.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    for value in sorted(_secrets(wanted), key=len, reverse=True):
        text = text.replace(quoteattr(value)[1:-1], _mask.MASK)
    return text


def _change(document: Document, wanted: Wanted) -> None:
    root = document.root
    if root.name != "configuration":
        raise Refused(f"{wanted.file}, {document.place(root)}: found <{root.name}>, wanted <configuration>")
    # A location with another path is of a part of the site, which the agent as a whole is not.
    whole = [place for place in root.all("location") if place.attributes.get("path", ".") in {".", ""}]
    servers = [server for place in (root, *whole) for server in place.all("system.webServer")]
    for server in servers:
        for name in ("aspNetCore", "applicationInitialization", "handlers"):
            found = server.all(name)
            if len(found) > 1:
                raise Refused(
                    f"{wanted.file}: <{name}> stands in line {found[0].line} and again in line {found[1].line}, which"
                    " IIS refuses: remove one, then run again"
                )
    with_core = [server for server in servers if server.all("aspNetCore")]
    if len(with_core) > 1:
        places = " and ".join(str(server.all("aspNetCore")[0].line) for server in with_core)
        raise Refused(f"{wanted.file}: <aspNetCore> stands in lines {places}: remove one, then run again")
    home = next(iter(with_core or servers), None)
    if home is None:
        lines = ["<system.webServer>", "  <handlers>", f"    {HANDLER}", "  </handlers>"]
        lines += [f"  {line}" for line in (*_core(wanted), *_warm_up(wanted))]
        document.add(root, [*lines, "</system.webServer>"])
        return
    added = _missing_handler(document, servers)
    core = next(iter(home.all("aspNetCore")), None)
    if core is None:
        added += _core(wanted)
    else:
        for name, value in wanted.attributes:
            if not _same(name, core.attributes.get(name), value):
                document.set(core, name, value)
        _set_environment(document, core, wanted)
    warm = next((e for s in servers for e in s.all("applicationInitialization")), None)
    if wanted.warm_up and warm is None:
        added += _warm_up(wanted)
    elif wanted.warm_up and warm is not None:
        _set_warm_up(document, warm)
    if added:
        document.add(home, added)


def _missing_handler(document: Document, servers: t.Iterable[Element]) -> list[str]:
    """Add the handler that gives requests to the agent where there is none; return the lines of a whole section."""
    sections = [section for server in servers for section in server.all("handlers")]
    modules = [handler.attributes.get("modules", "") for section in sections for handler in section.all("add")]
    if any("aspnetcoremodule" in names.lower() for names in modules):
        return []
    if sections:
        document.add(sections[0], [HANDLER])
        return []
    return ["<handlers>", f"  {HANDLER}", "</handlers>"]


def _same(name: str, found: str | None, wanted: str) -> bool:
    """Compare as the module of IIS does: paths with either slash, words without regard to case."""
    if found is None:
        return False
    if name in {"arguments", "stdoutLogFile"}:
        return found.replace("/", "\\").lower() == wanted.replace("/", "\\").lower()
    return found.lower() == wanted.lower()


def _core(wanted: Wanted) -> list[str]:
    tag = "<aspNetCore " + " ".join(f"{name}={quoteattr(value)}" for name, value in wanted.attributes)
    if not wanted.environment:
        return [f"{tag} />"]
    return [f"{tag}>", *(f"  {line}" for line in _variables(wanted.environment)), "</aspNetCore>"]


def _variables(environment: t.Iterable[tuple[str, str]]) -> list[str]:
    return ["<environmentVariables>", *(f"  {_variable(n, v)}" for n, v in environment), "</environmentVariables>"]


def _variable(name: str, value: str) -> str:
    return f"<environmentVariable name={quoteattr(name)} value={quoteattr(value)} />"


def _set_environment(document: Document, core: Element, wanted: Wanted) -> None:
    home = next(iter(core.all("environmentVariables")), None)
    if home is None:
        if wanted.environment:
            document.add(core, _variables(wanted.environment))
        return
    for variable in home.all("environmentVariable"):
        if variable.attributes.get("name", "").lower() in wanted.unset:
            document.remove(variable)
    present = {e.attributes.get("name", "").lower(): e for e in home.all("environmentVariable")}
    missing = []
    for name, value in wanted.environment:
        element = present.get(name.lower())
        if element is None:
            missing.append(_variable(name, value))
        else:
            document.set(element, "value", value)
    if missing:
        document.add(home, missing)


def _warm_up(wanted: Wanted) -> list[str]:
    if not wanted.warm_up:
        return []
    # The vendor's sample does not close <add>, which is no XML.
    return [
        '<applicationInitialization doAppInitAfterRestart="true">',
        '  <add initializationPage="/" />',
        "</applicationInitialization>",
    ]


def _set_warm_up(document: Document, warm: Element) -> None:
    if (warm.attributes.get("doAppInitAfterRestart") or "").lower() != "true":
        document.set(warm, "doAppInitAfterRestart", "true")
    if not any(e.attributes.get("initializationPage") == "/" for e in warm.all("add")):
        document.add(warm, ['<add initializationPage="/" />'])
