# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof that the agent runs: it answers over https, logs no error, and can write where it must. Docs:
win_im_agent_health.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _iis_config, _questions, _sddl
from ._folders import Folders
from ._identity import IDENTITY_SPEC, Identity
from ._plan import Plan
from ._questions import Ask, NotAnswered, Query

PROVIDER = "IIS AspNetCore Module V2"
SERVICE_PROVIDERS = (".NET Runtime", "Application Error")
WRITTEN = ("Temp", "Work", "Mails")
LOCAL = "127.0.0.1"
FAR_PAST = "2000-01-01T00:00:00.0000000Z"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "site": {"type": "str"},
        "pool": {"type": "str"},
        "service": {"type": "str"},
        "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
        "host_name": {"type": "str", "required": True},
        "port": {"type": "int", "default": 443},
        "url_path": {"type": "str", "default": "/"},
        "thumbprint": {"type": "str"},
        "working_directory": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "identity": IDENTITY_SPEC,
        "timeout": {"type": "int", "default": 120},
        "delay": {"type": "int", "default": 5},
    },
    "mutually_exclusive": [["service", "site"], ["service", "pool"]],
    "required_one_of": [["service", "site"]],
    "required_together": [["site", "pool"]],
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What has to hold, and how long to wait for it (seconds)."""

    site: str
    pool: str
    service: str
    scheme: str
    host_name: str
    port: int
    url_path: str
    thumbprint: str
    folders: Folders
    identity: Identity
    timeout: int
    delay: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        return cls(
            arguments.get("site") or "",
            arguments.get("pool") or "",
            arguments.get("service") or "",
            arguments["scheme"],
            arguments["host_name"].lower(),
            arguments["port"],
            arguments["url_path"],
            (arguments.get("thumbprint") or "").replace(" ", "").upper(),
            Folders.of(arguments["working_directory"], arguments["folders"]),
            Identity.of(arguments["identity"]),
            arguments["timeout"],
            max(1, arguments["delay"]),
        )

    @property
    def request(self) -> Query:
        """Return the request that the server sends to its own agent."""
        return _questions.http(
            address=LOCAL,
            port=self.port,
            scheme=self.scheme,
            server_name=self.host_name,
            host=self.host_name,
            path=self.url_path,
            timeout=30,
        )

    @property
    def providers(self) -> tuple[str, ...]:
        """Return whose events tell that the agent failed."""
        return SERVICE_PROVIDERS if self.service else (PROVIDER,)

    @property
    def written(self) -> tuple[str, ...]:
        """Return the folders that the agent writes."""
        return tuple(self.folders.path(name) for name in WRITTEN)


@dataclasses.dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: what.
        passed: whether it holds.
        found: what was found.
        wanted: what should have been.
        remedy: the likely cause, and what to do.
    """

    name: str
    passed: bool
    found: str
    wanted: str
    remedy: str = ""


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return all questions: one remote execution for one look."""
    host: tuple[Query, ...] = (
        (_questions.service(wanted.service),)
        if wanted.service
        else (_questions.iis(), _questions.file(_iis_config.PATH, _iis_config.MAX_BYTES))
    )
    return (
        *host,
        wanted.request,
        _questions.events(FAR_PAST, *wanted.providers),
        _questions.acl(*wanted.written),
        *wanted.identity.questions(),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what was found as facts; nothing is ever changed.

    In check mode on a server that has no such site or service yet nothing can be proven: ``verified`` is null.
    """
    if check and not _is_there(wanted, ask):
        return unproven()
    checks = [*_run_state(wanted, ask), _answers(wanted, ask), *_log(wanted, ask), *_folders(wanted, ask)]
    verified: bool | None = all(c.passed for c in checks)
    if check and not verified:
        verified = None  # an earlier step of a real run may be what is missing
    return Plan(facts={"verified": verified, "checks": [dataclasses.asdict(c) for c in checks]})


def unproven() -> Plan:
    """Return what is known in check mode where an earlier step of a real run would change something: nothing."""
    return Plan(facts={"verified": None, "checks": []})


def failure(result: t.Mapping[str, t.Any]) -> str:
    """Return the sentences of the checks that failed."""
    failed = [c for c in result["checks"] if not c["passed"]]
    return "the agent is not verified. " + " ".join(
        f"{c['name']}: found {c['found']}, wanted {c['wanted']}. {c['remedy']}".strip() for c in failed
    )


def _is_there(wanted: Wanted, ask: Ask) -> bool:
    if wanted.service:
        return ask(_questions.service(wanted.service)) is not None
    return wanted.site.lower() in {s["name"].lower() for s in (ask(_questions.iis()) or {"sites": []})["sites"]}


def _run_state(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        state = found["state"] if found else "absent"
        remedy = (
            "Start it (win_im_service with state started); when it stops by itself, the System log (Service Control"
            " Manager, 7034, 7038, 7041) says whether it ended, its password is wrong, or its account may not log on."
        )
        yield Check(f"service {wanted.service}", state == "Running", state, "Running", remedy)
        return
    iis = ask(_questions.iis())
    for kind, name in (("pools", wanted.pool), ("sites", wanted.site)):
        states = {item["name"].lower(): item["state"] for item in (iis or {kind: []})[kind]}
        state = states.get(name.lower(), "absent")
        what = "application pool" if kind == "pools" else "site"
        remedy = f"Start it (win_im_{'apppool' if kind == 'pools' else 'site'} with state started)."
        if kind == "pools" and state == "Stopped":
            remedy += (
                " A pool that stops by itself has a wrong account or password, see the System log (WAS, 5021 and 5057)."
            )
        yield Check(f"{what} {name}", state == "Started", state, "Started", remedy)


def _answers(wanted: Wanted, ask: Ask) -> Check:
    url = f"{wanted.scheme}://{wanted.host_name}:{wanted.port}{wanted.url_path}"
    name = f"answer of {url}"
    try:
        answer = ask(wanted.request)
    except NotAnswered as failed:
        remedy = (
            "Nothing listens on this port: look at the service's urls, and at the Application log (.NET Runtime)."
            if wanted.service
            else "No binding on this port, or no certificate behind it: look at the site's bindings."
        )
        return Check(name, False, f"no answer ({failed.message.strip()})", f"an answer over {wanted.scheme}", remedy)
    if wanted.thumbprint and answer["thumbprint"] != wanted.thumbprint:
        remedy = "The https binding serves another certificate: run im_site again."
        return Check(name, False, f"certificate {answer['thumbprint']}", f"certificate {wanted.thumbprint}", remedy)
    found = f"status {answer['status']} {answer['reason']}".strip()
    if answer["status"] >= 500 or answer["status"] == 404:
        return Check(name, False, f"{found}{_hint(answer)}", "a status below 500", _cause(answer["status"]))
    return Check(name, True, found, "a status below 500")


def _hint(answer: t.Mapping[str, t.Any]) -> str:
    text = base64.b64decode(answer["body"])[:400].decode("utf-8", "replace")
    marker = text.find("HTTP Error 500.")
    return f" ({text[marker : marker + 17].strip()})" if marker >= 0 else ""


def _cause(status: int) -> str:
    if status == 503:
        return "The application pool is stopped: see its account, and the System log."
    if status == 404:
        return "No site has this host name, or web.config does not start the agent (role im_settings)."
    return (
        "The agent does not start: the Application log (provider IIS AspNetCore Module V2) says why; 500.19 is"
        " web.config, 500.30 the settings, certificates or rights, 500.31 the .NET version."
    )


def _started(wanted: Wanted, ask: Ask) -> str:
    """Return when the agent's process was started; long ago when that is not known."""
    if wanted.service:
        found = ask(_questions.service(wanted.service))
        return str((found or {}).get("started") or FAR_PAST)
    workers = (ask(_questions.iis()) or {"workers": []})["workers"]
    return min(
        (w["started"] for w in workers if w["pool"].lower() == wanted.pool.lower() and w["started"]), default=FAR_PAST
    )


def _log(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield whether IIS's module, or .NET, has logged an error since the agent was started."""
    events = ask(_questions.events(FAR_PAST, *wanted.providers)) or []
    # Belief: the module's message of a start that succeeded says so in English on every Windows; aspnetcore_msg.mc.
    succeeded = [e["time"] for e in events if e["level"] == "Information" and "started successfully" in e["message"]]
    since = max([_started(wanted, ask), *succeeded])
    errors = [e for e in events if e["level"] in {"Critical", "Error"} and e["time"] >= since]
    found = (
        f"{len(errors)} errors, the newest at {errors[0]['time'][:19]}Z: {_short(errors[0]['message'])}"
        if errors
        else "none"
    )
    yield Check(
        "errors in the Application log",
        not errors,
        found,
        "none since the agent was started",
        "Mend what the entry says.",
    )


def _short(message: str) -> str:
    text = " ".join(message.split())
    return text if len(text) <= 400 else text[:397] + "..."


def _folders(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    sid = wanted.identity.sid(ask)
    for path, answer in zip(wanted.written, ask(_questions.acl(*wanted.written)), strict=True):
        granted = _sddl.parse(answer["sddl"]).granted(wanted.identity.token(sid)) if answer else 0
        enough = granted & _sddl.MODIFY == _sddl.MODIFY
        remedy = "Run im_permissions." if answer else "Run im_working_directory."
        found = _sddl.words(granted) if answer else "no such folder"
        yield Check(f"rights of {wanted.identity.name} on {path}", enough, found, "Modify", remedy)
