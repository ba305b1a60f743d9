# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof that the agent runs: it answers over https, logs no error, and can write where it must. Docs:
win_im_agent_health.yml.

What is looked at, and what it means, is in _health_checks; here is what is wanted, and the order of deeds and looks.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import email.message
import email.utils
import typing as t

from . import _controller_request, _health_checks, _questions, _token_request, _windows_path
from ._folders import Folders
from ._health_checks import Check
from ._identity import IDENTITY_SPEC, Identity
from ._plan import Operation, Plan, Refused, write
from ._questions import Ask, Query
from ._token_request import Credentials

LOCAL = "127.0.0.1"
POOL_MODULE, SERVICE_MODULE = "microsoft.iis.web_app_pool", "ansible.windows.win_service"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "site": {"type": "str"},
        "pool": {"type": "str"},
        "service": {"type": "str"},
        "scheme": {"type": "str", "choices": ["https", "http"], "default": "https"},
        "host_name": {"type": "str", "required": True},
        "address": {"type": "str", "default": LOCAL},
        "port": {"type": "int", "default": 443},
        "url_path": {"type": "str", "default": "/"},
        "thumbprint": {"type": "str"},
        "from_controller": {"type": "bool", "default": False},
        "working_directory": {"type": "str", "required": True},
        "folders": {"type": "dict", "default": {}},
        "identity": IDENTITY_SPEC,
        "openid": _token_request.OPTION,
        "warm_up": {"type": "bool", "default": True},
        "recycle": {"type": "bool", "default": False},
        "jobs": {"type": "bool", "default": False},
        "test_mail": {
            "type": "dict",
            "options": {"to": {"type": "str", "required": True}, "from": {"type": "str", "required": True}},
        },
        "timeout": {"type": "int", "default": 120},
        "delay": {"type": "int", "default": 5},
    },
    "mutually_exclusive": [["service", "site"], ["service", "pool"]],
    "required_one_of": [["service", "site"]],
    "required_together": [["site", "pool"]],
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What has to hold, and how long to wait for it (seconds).

    Attributes:
        address: where the server sends its own request to: loopback, or the one address of the binding.
        from_controller: whether the controller asks the agent too.
        credentials: what the Identity Manager server has to accept, None where it is not asked.
        warm_up: whether a pool that this run has started must bring the agent up before anybody asks it.
        recycle: whether the agent is stopped and started first, to see it stop cleanly and come up by itself.
        jobs: whether a job must have run since the agent was started.
        mail: addresses (to, from) of a test mail, None for no mail.
    """

    site: str
    pool: str
    service: str
    scheme: str
    host_name: str
    address: str
    port: int
    url_path: str
    thumbprint: str
    from_controller: bool
    folders: Folders
    identity: Identity
    credentials: Credentials | None
    warm_up: bool
    recycle: bool
    jobs: bool
    mail: tuple[str, str] | None
    timeout: int
    delay: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        openid, mail = arguments.get("openid"), arguments.get("test_mail")
        if mail and any("\r" in text or "\n" in text or "@" not in text for text in mail.values()):
            raise Refused("test_mail: found no mail address, wanted to and from as name@contoso.com")
        return cls(
            site=arguments.get("site") or "",
            pool=arguments.get("pool") or "",
            service=arguments.get("service") or "",
            scheme=arguments["scheme"],
            host_name=arguments["host_name"].lower(),
            address=arguments["address"],
            port=arguments["port"],
            url_path=arguments["url_path"],
            thumbprint=(arguments.get("thumbprint") or "").replace(" ", "").upper(),
            from_controller=arguments["from_controller"],
            folders=Folders.of(arguments["working_directory"], arguments["folders"]),
            identity=Identity.of(arguments["identity"]),
            credentials=Credentials.of(openid) if openid else None,
            warm_up=arguments["warm_up"],
            recycle=arguments["recycle"],
            jobs=arguments["jobs"],
            mail=(mail["to"], mail["from"]) if mail else None,
            timeout=arguments["timeout"],
            delay=max(1, arguments["delay"]),
        )

    @property
    def url(self) -> str:
        """Return the agent's address."""
        return f"{self.scheme}://{self.host_name}:{self.port}{self.url_path}"

    @property
    def request(self) -> Query:
        """Return the request that the server sends to its own agent."""
        return _questions.http(
            address=self.address,
            port=self.port,
            scheme=self.scheme,
            server_name=self.host_name,
            host=self.host_name,
            path=self.url_path,
            timeout=30,
        )

    @property
    def controller_request(self) -> Query:
        """Return the controller's request."""
        return _controller_request.question(self.scheme, self.host_name, self.port, self.url_path, 30)


@dataclasses.dataclass(frozen=True)
class Stage:
    """One step of the proof.

    Attributes:
        operations: what is done first.
        look: what is looked at.
        asked: what is asked together with ``questions``.
        further: what is asked once those are answered.
    """

    operations: tuple[Operation, ...]
    look: t.Callable[[Ask], t.Iterable[Check]]
    asked: tuple[Query, ...] = ()
    further: t.Callable[[Ask], tuple[Query, ...]] = lambda ask: ()


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what is asked first, and tells what else to ask: a run has asked all of it before."""
    return _health_checks.first_questions(wanted)


def stages(wanted: Wanted, ask: Ask, *, check: bool) -> t.Iterator[Stage]:
    """Yield the steps in order; in check mode only the look.

    Where the agent is restarted, or this run has started it, it has to come up before a request can wake it.
    """
    if check and not _health_checks.is_there(wanted, ask):
        return
    if wanted.recycle and not check:
        if _health_checks.runs(wanted, ask):
            since = ask(_questions.host())["time"]
            yield Stage(
                (_turn(wanted, "stop", "stopped"),),
                lambda ask: _health_checks.stopped(wanted, ask, since),
                further=lambda ask: _health_checks.stop_questions(wanted, ask, since),
            )
        yield _quiet(wanted, _turn(wanted, "start", "started"))
    elif wanted.warm_up and wanted.pool and _started_words(wanted) in ask(_questions.done()):
        yield _quiet(wanted)
    yield Stage(
        (_mail(wanted, wanted.mail, ask),) if wanted.mail and not check else (),
        lambda ask: _health_checks.asked(wanted, ask),
        further=lambda ask: _health_checks.asked_questions(wanted, ask),
    )


def _quiet(wanted: Wanted, *operations: Operation) -> Stage:
    return Stage(
        operations, lambda ask: _health_checks.quiet(wanted, ask), asked=_health_checks.quiet_questions(wanted)
    )


def _started_words(wanted: Wanted) -> str:
    """Return the words of the operation with which win_im_apppool starts the pool."""
    return f"start application pool {wanted.pool}"


def _turn(wanted: Wanted, verb: str, state: str) -> Operation:
    what, name = ("service", wanted.service) if wanted.service else ("application pool", wanted.pool)
    module = SERVICE_MODULE if wanted.service else POOL_MODULE
    return Operation(f"{verb} {what} {name}", module, {"name": name, "state": state})


def _mail(wanted: Wanted, addresses: tuple[str, str], ask: Ask) -> Operation:
    """Return the write of a mail as the agent leaves it for a mail server, RFC 5322."""
    time = datetime.datetime.fromisoformat(str(ask(_questions.host())["time"])[:19] + "+00:00")
    mail = email.message.EmailMessage()
    mail["To"], mail["From"] = addresses
    mail["Subject"] = f"Test of the Identity Manager agent on {wanted.host_name}"
    mail["Date"] = email.utils.format_datetime(time)
    mail.set_content("The folder for mails takes mails. Nothing has to be done.")
    path = _windows_path.join(wanted.folders.path("Mails"), f"{_health_checks.MAIL}{time:%Y%m%dT%H%M%S}.eml")
    content = base64.b64encode(mail.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).decode()
    return write("leave a test mail", "file", path=path, content=content)


def proven(checks: t.Sequence[Check], *, check: bool) -> Plan:
    """Return what was found as facts.

    In check mode nothing is said against the agent: an earlier step of a real run may be what is missing, and where
    nothing was looked at nothing is proven either. ``verified`` is null then.
    """
    verified: bool | None = all(c.passed for c in checks)
    if check and not (verified and checks):
        verified = None
    return Plan(facts={"verified": verified, "checks": [dataclasses.asdict(c) for c in checks]})


def failure(result: t.Mapping[str, t.Any]) -> str:
    """Return the sentences of the checks that failed."""
    failed = [c for c in result["checks"] if not c["passed"]]
    return "the agent is not verified. " + " ".join(
        f"{c['name']}: found {c['found']}, wanted {c['wanted']}. {c['remedy']}".strip() for c in failed
    )
