# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a support bundle tells of one agent: which questions it needs, and the files that their answers make."""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from .._agent import settings_files, start_signs, variables
from .._agent.folders import Folders
from .._agent.restart import question as watched
from .._agent.settings_files import CHAIN, CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, KEY_VAULT, Place
from .._core import file_content, probe
from .._core.mask import MASK, is_secret_key
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from .._core.scrub import SHORTEST
from .._health import agent_logs
from .._health import questions as health_questions
from .._settings import merged, shown, web_config_shown
from .._settings.shown import Shown
from .._windows import iis_config, windows_path
from .bundle import Part
from .text_mask import TextMask, whole_lines

PROGRAM = "Usercube-Agent"
JOB_LOGS = 5
_SEALED = frozenset({ENCRYPTED_GENERAL, ENCRYPTED_AGENT, CYBERARK})
_LOG = "Application"
_PLAIN = re.compile(
    r"""
    [A-Za-z]{1,16}                              # a word, such as Information
    | (?:https?://)?[\w-]+(?:\.[\w-]+)+(?::\d+)?/?  # a host
    | [A-Za-z]:\\[^;=]*                          # a path
    | (?:\w+=[^,;=]+)(?:,\w+=[^,;=]+)+           # a distinguished name
    | [\w.-]+\\[\w.$-]+                          # an account
    | [0-9A-Fa-f]{40}                           # a thumbprint
    | \(objectclass=[\w*]+\)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Values of settings that are no secrets by their form, whatever key they have."""


@dataclasses.dataclass(frozen=True)
class Agent:
    """Which agent a bundle is about.

    Attributes:
        folders: where it is.
        service: its service; empty under IIS.
        pool: its application pool under IIS.
        site: its site under IIS.
    """

    folders: Folders
    service: str
    pool: str
    site: str

    @property
    def runtime(self) -> str:
        """Return its Runtime folder."""
        return self.folders.path("Runtime")

    @property
    def place(self) -> Place:
        """Return where its settings files are."""
        return Place(self.runtime, self.folders.path("Work"))

    def file(self, name: str) -> str:
        """Return the path of a file in Runtime."""
        return windows_path.join(self.runtime, name)


def questions(agent: Agent, ask: Ask) -> tuple[Query, ...]:
    """Return what the files are made of; what an answer decides, such as where a log is, once it is known."""
    known = [
        _programs(agent),
        _runtime_config(agent),
        probe.file(agent.file(".im-runtime")),
        _job_logs(agent),
        probe.acl(*agent.folders.all()),
        *(agent.place.question(name) for name in CHAIN if name != KEY_VAULT),
        *settings_files.questions(agent.place),
        *variables.questions(agent.runtime, agent.service),
        watched(agent.file(settings_files.GENERAL)),
        *_host(agent),
        *(question for _log, question in _events(agent)),
    ]
    try:
        known += [log.question for log in _logs(agent, ask)]
        environment = variables.environment(variables.of_agent(agent.runtime, agent.service, ask))
        known += [agent.place.question(name) for name in settings_files.chain(environment) if name != KEY_VAULT]
    except (NotAnswered, Refused):
        pass  # asked by then, and known when these questions are made again
    return tuple(known)


def _programs(agent: Agent) -> Query:
    return probe.files(agent.runtime, f"{PROGRAM}.*")


def _runtime_config(agent: Agent) -> Query:
    return probe.file(agent.file(f"{PROGRAM}.runtimeconfig.json"))


def _job_logs(agent: Agent) -> Query:
    folder = windows_path.join(agent.folders.path("Temp"), "JobLogs")
    return probe.files(folder, recurse=True, newest=JOB_LOGS, tail=agent_logs.TAIL)


def _host(agent: Agent) -> tuple[Query, ...]:
    if agent.service:
        return (probe.service(agent.service),)
    return (probe.iis(), probe.file(iis_config.PATH, iis_config.MAX_BYTES))


def _events(agent: Agent) -> tuple[tuple[str, Query], ...]:
    if agent.service:
        services = probe.events(start_signs.FAR_PAST, *health_questions.SERVICE_PROVIDERS)
        return ((_LOG.lower(), services),)
    return ((_LOG.lower(), start_signs.under_iis()), ("system", health_questions.system_events(start_signs.FAR_PAST)))


def _logs(agent: Agent, ask: Ask) -> tuple[agent_logs.Log, ...]:
    settings = _content(ask(watched(agent.file(settings_files.GENERAL))))
    if agent.service:
        return agent_logs.logs(agent.runtime, health_questions.SERVICE_BASE, web_config=None, settings=settings)
    web_config = _content(ask(probe.file(agent.file("web.config"))))
    return agent_logs.logs(agent.runtime, agent.runtime, web_config=web_config, settings=settings)


def _content(answer: t.Mapping[str, t.Any] | None) -> bytes | None:
    return base64.b64decode(answer["content"]) if answer and answer["content"] else None


def secrets(agent: Agent, ask: Ask) -> frozenset[str]:
    """Return what is, or may be, a secret in the settings and variables that the server has, as far as it is known.

    What only may be one is left out where it is short, or plainly something else: it would mask ordinary words in logs.
    """
    sure, perhaps = frozenset[str](), set[str]()
    for name in _names(agent, ask):
        tree = _tree(agent, name, ask)
        if isinstance(tree, dict):
            sure |= shown.secrets(tree)
            perhaps |= {str(value) for path, value in shown.leaves(tree) if not Shown().may_show(path, value)}
    try:
        for one in variables.of_agent(agent.runtime, agent.service, ask):
            own = one.source != variables.OF_MACHINE or "__" in one.name
            if own and not web_config_shown.may_show_variable(one.name, one.value, Shown()):
                perhaps.add(one.value)
    except (NotAnswered, Refused):
        pass  # then no variable is in the bundle either
    return sure | {text for text in perhaps if len(text) >= SHORTEST and not _PLAIN.fullmatch(text)}


def _names(agent: Agent, ask: Ask) -> list[str]:
    """Return the settings files that the agent may read, in load order."""
    try:
        environment = variables.environment(variables.of_agent(agent.runtime, agent.service, ask))
    except (NotAnswered, Refused):
        environment = variables.USUAL_ENVIRONMENT
    return [name for name in settings_files.chain(environment) if name != KEY_VAULT]


def _tree(agent: Agent, name: str, ask: Ask) -> dict[str, t.Any] | str | None:
    """Return a settings file's content, None where it is absent, or why it is not known."""
    try:
        return settings_files.foreign(agent.place, name, ask)
    except file_content.TooLarge as failure:
        return f"not known: {failure}"
    except Refused:
        return "found a file that .NET refuses: its text is not shown, as secrets cannot be told from the rest"
    except NotAnswered as failure:
        return f"not known: {failure.message.strip()}"


def parts(agent: Agent, ask: Ask, mask: TextMask) -> list[Part]:
    """Return the files of a bundle, what matters most first."""
    return [
        *_versions(agent, ask, mask),
        *_hosting(agent, ask, mask),
        *_settings(agent, ask, mask),
        *_web_config(agent, ask, mask),
        *_rights(ask, mask, agent),
        *_event_logs(agent, ask, mask),
        *_log_files(agent, ask, mask),
    ]


def _known(ask: Ask, query: Query) -> t.Any:
    """Return an answer, or why there is none, as text."""
    try:
        return ask(query)
    except NotAnswered as failure:
        return f"not known: {failure.message.strip()}"


def _versions(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    programs, marker = _known(ask, _programs(agent)), _known(ask, probe.file(agent.file(".im-runtime")))
    config = _known(ask, _runtime_config(agent))
    document = {
        "host": _known(ask, probe.host()),
        "programs": [{"name": one["name"], "version": one["version"], "size": one["size"]} for one in programs]
        if isinstance(programs, list)
        else programs,
        "archive_sha256": _text(marker),
        "runtimeconfig": _text(config),
    }
    yield Part("versions.json", mask.data(document))


def _text(answer: t.Any) -> str | None:
    if not isinstance(answer, dict):
        return answer if isinstance(answer, str) else None
    content = _content(answer)
    return None if content is None else content.decode("utf-8-sig", "replace").strip()


def _hosting(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    if agent.service:
        yield Part("hosting.json", mask.data({"service": _known(ask, probe.service(agent.service))}))
        return
    states = _known(ask, probe.iis())
    answer = _known(ask, probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    document: dict[str, t.Any] = {"states": _own_states(agent, states)}
    if isinstance(answer, dict):
        try:
            iis = iis_config.parse(iis_config.content(answer))
            site, pool = iis.site(agent.site), iis.pool(agent.pool)
            document |= {
                "site": dataclasses.asdict(site) if site else None,
                "pool": _without_secrets(pool.attributes) if pool else None,
                "other_sites": len(iis.sites) - bool(site),
            }
        except Refused as refusal:
            document["configuration"] = f"cannot be read: {refusal}"
    yield Part("hosting.json", mask.data(document))


def _own_states(agent: Agent, states: t.Any) -> t.Any:
    """Return the states of the agent's own site and pool, and its workers."""
    if not isinstance(states, dict):
        return states
    own = {"sites": ("name", agent.site), "pools": ("name", agent.pool), "workers": ("pool", agent.pool)}
    return {
        kind: [one for one in states[kind] if one[key].lower() == name.lower()] for kind, (key, name) in own.items()
    }


def _without_secrets(attributes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {
        name: MASK if is_secret_key(name.rpartition(".")[2]) and value else value for name, value in attributes.items()
    }


def _settings(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    """Yield the settings that the agent sees, and each file, masked by their places."""
    view = Shown(secrets=mask.secrets)
    found = {name: _tree(agent, name, ask) for name in _names(agent, ask)}
    readable: dict[str, t.Any] = {}
    for name, tree in found.items():
        if isinstance(tree, dict):
            readable[name] = settings_files.opaque(tree) if name in _SEALED else tree
    try:
        environment = variables.environment(variables.of_agent(agent.runtime, agent.service, ask))
        effective: t.Any = view.masked(merged.merged(readable, environment))
    except (Refused, NotAnswered) as failure:
        effective = f"cannot be told: {failure}"
    yield Part("settings/effective.json", mask.data(effective))
    for name, tree in found.items():
        if tree is not None:
            shown_tree = view.masked(readable[name]) if isinstance(tree, dict) else tree
            yield Part(f"settings/{mask.name(name)}", mask.data(shown_tree))


def _web_config(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    content = None if agent.service else _content(_dictionary(_known(ask, probe.file(agent.file("web.config")))))
    if content:
        yield Part("settings/web.config", web_config_shown.text(content, Shown(secrets=mask.secrets), {}))


def _dictionary(answer: t.Any) -> dict[str, t.Any] | None:
    return answer if isinstance(answer, dict) else None


def _rights(ask: Ask, mask: TextMask, agent: Agent) -> t.Iterator[Part]:
    """Yield owner and access list of each of the agent's folders."""
    yield Part("rights.json", mask.data(_known(ask, probe.acl(*agent.folders.all()))))


def _event_logs(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    """Yield the entries of Windows' logs that name the agent."""
    for log, question in _events(agent):
        found = _known(ask, question)
        if not isinstance(found, list):
            yield Part(f"events/{log}.txt", f"{found or 'the server has no such log'}\n")
            continue
        named = [agent.pool.lower()] if log != _LOG.lower() else [agent.runtime.lower(), PROGRAM.lower()]
        own = [one for one in found if any(name in one["message"].lower() for name in named)]
        yield Part(f"events/{log}.txt", "".join(_entry(one, mask) for one in own) or "none\n", shortens=True)


def _entry(event: t.Mapping[str, t.Any], mask: TextMask) -> str:
    return f"{event['time']} {event['provider']} {event['id']} {event['level']}\n{mask.log(event['message'])}\n\n"


def _log_files(agent: Agent, ask: Ask, mask: TextMask) -> t.Iterator[Part]:
    """Yield the ends of the agent's own logs, and of those of its jobs."""
    try:
        asked = [(log.folder, log.question) for log in _logs(agent, ask)]
    except NotAnswered:
        asked = []
    for folder, question in [*asked, ("JobLogs", _job_logs(agent))]:
        found = _known(ask, question)
        if isinstance(found, str):
            yield Part("logs/not-read.txt", mask.log(f"{folder}: {found}"))
        for file in found if isinstance(found, list) else ():
            yield _log_file(file, mask)


def _log_file(file: t.Mapping[str, t.Any], mask: TextMask) -> Part:
    content = base64.b64decode(file["tail"] or "")
    text = whole_lines(content, cut=file["size"] > len(content))
    told = mask.log(text) if text is not None else "this file is no text, as encrypted logs of jobs are: left out"
    name = mask.name(file["name"].replace("\\", "-").replace("/", "-"))
    return Part(f"logs/{'masked-name.log' if MASK in name else name}", f"{told}\n", shortens=True)
