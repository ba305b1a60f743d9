# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a verification: which agent, asked from where, and for how long. Docs: win_im_agent_health.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.connectors import NAMES
from .._agent.drain import OPTIONS, Drain
from .._agent.folders import Folders
from .._core import probe
from .._core.kept import is_kept
from .._core.plan import Refused
from .._core.probe import Query
from .._windows.identity import IDENTITY_SPEC, Identity
from .._windows.thumbprint import cleaned
from . import token_request
from .check import Beliefs
from .token_request import Credentials

LOCAL = "127.0.0.1"

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
        "openid": token_request.OPTION,
        "agent_identifier": {"type": "str"},
        "warm_up": {"type": "bool", "default": True},
        "recycle": {"type": "bool", "default": False},
        **OPTIONS,
        "jobs": {"type": "bool", "default": False},
        "job": {"type": "str"},
        "connections": {"type": "bool", "default": False},
        "connectors": {"type": "dict", "default": {}},
        "mail": {"type": "bool", "default": False},
        "test_mail": {
            "type": "dict",
            "options": {"to": {"type": "str", "required": True}, "from": {"type": "str", "required": True}},
        },
        "beliefs": {"type": "str", "choices": [one.value for one in Beliefs], "default": Beliefs.WARN.value},
        "timeout": {"type": "int", "default": 120},
        "delay": {"type": "int", "default": 5},
    },
    "mutually_exclusive": [["service", "site"], ["service", "pool"]],
    "required_one_of": [["service", "site"]],
    "required_together": [["site", "pool"]],
}


def _connectors(named: t.Mapping[str, t.Any]) -> dict[str, str]:
    unknown = sorted(str(name) for name in named.values() if name not in NAMES)
    if unknown:
        raise Refused(f"connectors: found {', '.join(unknown)}, wanted some of {', '.join(NAMES)}")
    return {str(name): str(connector) for name, connector in named.items()}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What has to be true of the agent, and how long to wait for it (seconds).

    Attributes:
        address: where the server sends its own request: loopback, or the one address of the binding.
        from_controller: whether the controller sends a request too.
        credentials: what the Identity Manager server has to accept, None if it is not asked.
        agent: the agent's Identifier at its server, empty where the server is not asked about it.
        warm_up: whether a pool that this run has started must start the agent without a request.
        recycle: whether the agent is stopped and started first, to check that it stops cleanly and starts by itself.
        drain: what happens to that stop while a job runs.
        jobs: whether a job must have run since the agent was started.
        job: the Identifier of a job that is launched, empty for none.
        connections: whether what the agent's connections need must be there, and their managed systems be reached.
        connectors: the connectors of connections that do not tell theirs, by name.
        asks_mail: whether the way of the agent's mails is checked.
        mail: addresses (to, from) of a test mail, None for no mail.
        beliefs: what a belief that fails, or what stays unknown, does to the run.
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
    agent: str
    warm_up: bool
    recycle: bool
    drain: Drain
    jobs: bool
    job: str
    connections: bool
    connectors: t.Mapping[str, str]
    asks_mail: bool
    mail: tuple[str, str] | None
    beliefs: Beliefs
    timeout: int
    delay: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        openid, mail = arguments.get("openid"), arguments.get("test_mail")
        folders = Folders.of(arguments["working_directory"], arguments["folders"])
        if mail and any("\r" in text or "\n" in text or "@" not in text for text in mail.values()):
            raise Refused("test_mail: found no mail address, wanted to and from in the form name@contoso.com")
        return cls(
            site=arguments.get("site") or "",
            pool=arguments.get("pool") or "",
            service=arguments.get("service") or "",
            scheme=arguments["scheme"],
            host_name=arguments["host_name"].lower(),
            address=arguments["address"],
            port=arguments["port"],
            url_path=arguments["url_path"],
            thumbprint=cleaned(arguments.get("thumbprint") or ""),
            from_controller=arguments["from_controller"],
            folders=folders,
            identity=Identity.of(arguments["identity"]),
            # The agent's secret that only its server has cannot be asked with.
            credentials=Credentials.of(openid) if openid and not is_kept(openid["secret"]) else None,
            agent=_named(arguments.get("agent_identifier") or "", "agent_identifier"),
            warm_up=arguments["warm_up"],
            recycle=arguments["recycle"],
            drain=Drain.of({**arguments, "settings_path": folders.path("Runtime")}, arguments.get("pool")),
            jobs=arguments["jobs"],
            job=_named(arguments.get("job") or "", "job"),
            connections=bool(arguments.get("connections")),
            asks_mail=bool(arguments.get("mail")),
            connectors=_connectors(arguments.get("connectors") or {}),
            mail=(mail["to"], mail["from"]) if mail else None,
            beliefs=Beliefs(arguments.get("beliefs") or Beliefs.WARN),
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
        return probe.http(
            address=self.address,
            port=self.port,
            scheme=self.scheme,
            server_name=self.host_name,
            host=self.host_name,
            path=self.url_path,
            timeout=30,
            **({"chain": True} if self.scheme == "https" else {}),
        )

    @property
    def controller_request(self) -> Query:
        """Return the controller's request."""
        return probe.controller(self.scheme, self.host_name, self.port, self.url_path, 30)


def _named(identifier: str, option: str) -> str:
    """Return an Identifier; raises Refused for one that the server's query language cannot say."""
    if '"' in identifier:
        raise Refused(f"{option}: found a quotation mark in {identifier!r}, wanted a name without one")
    return identifier
