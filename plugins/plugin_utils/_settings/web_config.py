# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""web.config: IIS runs the agent in process and warms it up. Docs: win_im_web_config.yml. Vendor page "Install the
Agents".
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t
from xml.sax.saxutils import quoteattr

from .._agent import backups, secret_files
from .._core import file_content, probe
from .._core.plan import Diff, Operation, Plan, Refused, write
from .._core.probe import Ask, Query
from .._dotnet import proxy, xml_text
from .._dotnet.xml_text import Document, Element
from .._windows import windows_path
from .._windows.identity import OPTIONAL_IDENTITY_SPEC, Identity
from . import own_rights, web_config_handlers, web_config_shown
from .protection import path_of
from .shown import Shown
from .web_config_handlers import HANDLER

NAME = "web.config"
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
        "identity": OPTIONAL_IDENTITY_SPEC,
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
        "show": {"type": "list", "elements": "str", "default": []},
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
    identity: Identity | None = None
    shown: Shown = dataclasses.field(default_factory=Shown)

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        reason = windows_path.why_not_absolute(arguments["path"])
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
            problem = proxy.why_not_read(name, value)
            if problem:
                raise Refused(f"{name}: found {problem}")
        for name, value in (*attributes, *environment):
            if not (name and xml_text.is_text(name + value)):
                raise Refused(f"{name!r}: found no name, or a control character, wanted text that {NAME} can hold")
        return cls(
            windows_path.normal(arguments["path"]),
            attributes,
            environment,
            frozenset(str(name).lower() for name, value in arguments["environment"].items() if value is None),
            arguments["warm_up"],
            arguments["backup_count"],
            Identity.of(arguments["identity"]) if arguments.get("identity") else None,
            Shown(tuple(path_of(path) for path in arguments["show"])),
        )

    @property
    def file(self) -> str:
        """Return the file's path."""
        return windows_path.join(self.path, NAME)


def _environment(arguments: dict[str, t.Any]) -> tuple[tuple[str, str], ...]:
    """Return the variables: those named, and the proxy; those without a value are to be removed."""
    given = {str(name): value for name, value in arguments["environment"].items() if value is not None}
    found = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in given.items()}
    if arguments.get("https_proxy"):
        found[proxy.HTTPS_PROXY] = arguments["https_proxy"]
    if arguments.get("no_proxy"):
        found[proxy.NO_PROXY] = ",".join(arguments["no_proxy"])
    return tuple(found.items())


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show: variables that are not known to be harmless."""
    return _secrets(_environment(arguments))


def _secrets(variables: t.Iterable[tuple[str, str]]) -> frozenset[str]:
    shown = Shown()
    return frozenset(
        value for name, value in variables if value and not web_config_shown.may_show_variable(name, value, shown)
    )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        probe.file(wanted.file),
        *backups.questions(wanted.path, wanted.backup_count),
        *own_rights.questions(wanted.identity, wanted.path, secret_files.WEB_CONFIG),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the change of the file; raises Refused for a file that IIS would refuse."""
    del check  # a missing file is predicted as new, and made as new
    answer = ask(probe.file(wanted.file))
    new = answer is None
    found = file_content.of(answer, wanted.file, probe.USUAL_BYTES) or b""
    before = TEMPLATE.format(handler=HANDLER).encode() if new else found
    try:
        document = Document(before)
    except xml_text.BadXml as error:
        raise Refused(
            f"{wanted.file}, {error}. Nothing was written: fix the file, or restore a .bak beside it"
        ) from None
    _change(document, wanted)
    after = document.content()
    diff = _diff(wanted, b"" if new else before, after)
    if after == before and not new:
        return Plan(_with_rights(wanted, (), ask), (diff,), facts={"path": wanted.file})
    operation = write(
        f"write {wanted.file}",
        "file",
        secret=bool(_secrets(web_config_shown.variables(after))),
        path=wanted.file,
        content=base64.b64encode(after).decode(),
        expect="absent" if new else answer["sha256"],
        backups=wanted.backup_count,
    )
    operations = _with_rights(wanted, (operation,), ask)
    return Plan(operations, (diff,), restart=(f"{wanted.file} changed",), facts={"path": wanted.file})


def _with_rights(wanted: Wanted, operations: tuple[Operation, ...], ask: Ask) -> tuple[Operation, ...]:
    gone = backups.removals(wanted.path, wanted.backup_count, ask, backups.WEB_CONFIG)
    done = (*operations, *gone)
    return own_rights.with_rights(done, wanted.identity, wanted.path, secret_files.WEB_CONFIG, ask=ask)


def _diff(wanted: Wanted, before: bytes, after: bytes) -> Diff:
    """Return the file before (empty: there is none) and after, what may not be shown masked."""
    old, new = (dict(web_config_shown.variables(content)) for content in (before, after))
    secrets = _secrets(old.items()) | _secrets(wanted.environment)
    shown = dataclasses.replace(wanted.shown, secrets=secrets).replacing(old, new)
    ours = dict(wanted.attributes)
    return Diff(
        wanted.file,
        web_config_shown.text(before, shown, ours),
        web_config_shown.text(after, shown, ours, before),
    )


def _change(document: Document, wanted: Wanted) -> None:
    root = document.root
    if root.name != "configuration":
        raise Refused(f"{wanted.file}, {document.place(root)}: found <{root.name}>, wanted <configuration>")
    # A location with another path is of a part of the site, which the agent as a whole is not.
    whole = [place for place in root.all("location") if place.attributes.get("path", ".") in {".", ""}]
    servers = [server for place in (root, *whole) for server in place.all("system.webServer")]
    web_config_handlers.check_sources(servers, wanted.file)
    home = _home(servers, wanted)
    if home is None:
        lines = ["<system.webServer>", "  <handlers>", f"    {HANDLER}", "  </handlers>"]
        lines += [f"  {line}" for line in (*_core(wanted), *_warm_up(wanted))]
        document.add(root, [*lines, "</system.webServer>"])
        return
    added = web_config_handlers.add_missing(document, servers, wanted.file)
    added += _missing_core(document, home, wanted)
    warm = next((e for s in servers for e in s.all("applicationInitialization")), None)
    if wanted.warm_up and warm is None:
        added += _warm_up(wanted)
    elif wanted.warm_up and warm is not None:
        _set_warm_up(document, warm)
    if added:
        document.add(home, added)


def _home(servers: t.Sequence[Element], wanted: Wanted) -> Element | None:
    """Return the section that has the agent's settings, or gets them, None where there is none; raises Refused for
    sections that IIS refuses.
    """
    for server in servers:
        for name in ("aspNetCore", "applicationInitialization", "handlers"):
            found = server.all(name)
            if len(found) > 1:
                raise Refused(
                    f"{wanted.file}: found <{name}> in line {found[0].line} and again in line {found[1].line}, which"
                    " IIS refuses: remove one, then run again"
                )
    with_core = [server for server in servers if server.all("aspNetCore")]
    if len(with_core) > 1:
        places = " and ".join(str(server.all("aspNetCore")[0].line) for server in with_core)
        raise Refused(f"{wanted.file}: found <aspNetCore> in lines {places}: remove one, then run again")
    return next(iter(with_core or servers), None)


def _missing_core(document: Document, home: Element, wanted: Wanted) -> list[str]:
    """Set the section of the agent's process as wanted; return the lines of a whole section where there is none."""
    core = next(iter(home.all("aspNetCore")), None)
    if core is None:
        return _core(wanted)
    for name, value in wanted.attributes:
        if not _same(name, core.attributes.get(name), value):
            document.set(core, name, value)
    _set_environment(document, core, wanted)
    return []


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
