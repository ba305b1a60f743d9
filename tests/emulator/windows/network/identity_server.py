"""The Identity Manager server that agents report to, as far as needed here: it gives tokens to clients, and tells those
who have one of its agents and of the instances of their jobs.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t
from urllib.parse import parse_qs, urlsplit

from .. import errors
from . import squery
from .network import HttpAnswer, HttpRequest

ENDPOINT, SCOPE = "/connect/token", "usercube_api"
DISCOVERY, AGENTS = "/.well-known/openid-configuration", "/api/Connectors/Agent"
JOBS, INSTANCES = "/api/Job/Job", "/api/Job/JobInstance"
ROUTES = {AGENTS, JOBS, INSTANCES}
_ONLINE: t.Mapping[str, t.Any] = {"State": 1}
TOKEN = "canary-access-token-" + "9d07" * 16


@dataclasses.dataclass(frozen=True)
class IdentityServer:
    """A server.

    Attributes:
        url: its address.
        clients: the secrets that it accepts, by client; None: all.
        trusted: whether the emulated server trusts its certificate.
        proxy: the only way to it as host:port; empty: the direct one.
        bare: whether it knows its clients by their ids alone, which no page documents.
        expired: the client whose ExpirationDate is over; empty for none.
        down: whether the proxy in front of it answers in its place.
        agents: its agents, by Identifier, with State and URI, page "Agent"; None: every agent is there and online.
        instances: instances of jobs, each with Id, StartDate, EndDate, State and Job; None: none.
        forbidden: whether the profile of its clients may not read them.
        jobs: its jobs, by Identifier: Id, Agent, UserStartDenied; of a run State (at its end), Lasts (how many turns
            of the agent's clock it runs; 0: it never ends), Log (its lines), Busy (whether the agent has no
            room for it), Gone (whether it is not found any more), Silent (whether the agent runs it and answers
            nothing), Answers (the agent's status).
        may_launch: whether the profile of its clients may launch jobs.
        launched: the instances of runs that agents have registered.
    """

    url: str
    clients: t.Mapping[str, str] | None = None
    trusted: bool = True
    proxy: str = ""
    bare: bool = False
    expired: str = ""
    down: bool = False
    agents: t.Mapping[str, t.Mapping[str, t.Any]] | None = None
    instances: t.Sequence[t.Mapping[str, t.Any]] | None = None
    forbidden: bool = False
    jobs: t.Mapping[str, t.Mapping[str, t.Any]] = dataclasses.field(default_factory=dict)
    may_launch: bool = True
    launched: list[dict[str, t.Any]] = dataclasses.field(default_factory=list)

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request to it; None when it is not its own, or comes another way."""
        parts = urlsplit(self.url)
        if (request.address.lower(), request.port) != (
            parts.hostname,
            parts.port or 443,
        ) or request.proxy != self.proxy:
            return None
        if request.verify and not self.trusted:
            raise errors.WindowsError(
                "System.Security.Authentication.AuthenticationException",
                "The remote certificate is invalid according to the validation procedure.",
            )
        if self.down:
            return HttpAnswer(503, "Service Unavailable", {}, b"<html><body>No server is available.</body></html>")
        path = urlsplit(request.path)
        base = parts.path.rstrip("/")
        route = path.path.removeprefix(base) if path.path.startswith(base + "/") else ""
        if request.method == "GET" and route == DISCOVERY:
            return _json(200, "OK", {"issuer": self.url, "token_endpoint": self.url.rstrip("/") + ENDPOINT})
        if route in ROUTES:
            return self._told(request, route, {n: v[0] for n, v in parse_qs(path.query).items()})
        if request.method != "POST" or route != ENDPOINT:
            return HttpAnswer(404, "Not Found")
        form = {name: values[0] for name, values in parse_qs(request.body.decode()).items()}
        # The vendor's pages "Request with Postman" and "Authentication": client_id=<id>@<host>, scope=usercube_api.
        name, secret = form.get("client_id", ""), form.get("client_secret", "")
        client, at, host = name.partition("@")
        known = not at if self.bare else host.lower() == parts.hostname
        if not known or (client and client == self.expired) or not self._accepts(client, secret):
            return _json(400, "Bad Request", {"error": "invalid_client"})
        if form.get("grant_type") != "client_credentials":
            return _json(400, "Bad Request", {"error": "unsupported_grant_type"})
        if form.get("scope") != SCOPE:
            return _json(400, "Bad Request", {"error": "invalid_scope"})
        return _json(200, "OK", {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"})

    def _told(self, request: HttpRequest, route: str, asked: t.Mapping[str, str]) -> HttpAnswer:
        """Answer a question of the API, pages "Connectors", "Job" and "API query grammar"."""
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return HttpAnswer(401, "Unauthorized", {"WWW-Authenticate": "Bearer"})
        if request.method == "POST" and route == INSTANCES:
            return self._registered(request)
        if request.method != "GET":
            return HttpAnswer(404, "Not Found")
        if self.forbidden:
            return HttpAnswer(403, "Forbidden")
        if "api-version" not in asked:
            return _json(400, "Bad Request", {"error": {"code": "ApiVersionUnspecified"}})
        items: t.Iterable[squery.Item] = self._jobs() if route == JOBS else self._agents(asked.get("squery", ""))
        if route == INSTANCES:
            items = [*(self.instances or ()), *self._runs()]
        try:
            return _json(200, "OK", {"Result": squery.answer(asked.get("squery", ""), items)})
        except squery.BadQuery as why:
            return _json(400, "Bad Request", {"error": str(why)})

    def _agents(self, asked: str) -> list[dict[str, t.Any]]:
        """Return its agents; where it has each that is asked for, the names are those of the question."""
        known = dict.fromkeys(re.findall(r'"([^"]*)"', asked), _ONLINE) if self.agents is None else self.agents
        return [{"Id": str(number), "Identifier": name, **about} for number, (name, about) in enumerate(known.items())]

    def _jobs(self) -> list[dict[str, t.Any]]:
        return [{"UserStartDenied": False, **about, "Identifier": name} for name, about in self.jobs.items()]

    def _runs(self) -> list[dict[str, t.Any]]:
        return [{name: value for name, value in one.items() if name[0].isupper()} for one in self.launched]

    def _registered(self, request: HttpRequest) -> HttpAnswer:
        """Let an agent register a run or its end, page "API, Server, Job": `POST /api/Job/JobInstance`."""
        asked = json.loads(request.body)
        if "EndDate" in asked:
            ended = [one for one in self.launched if one["Id"] == str(asked["Id"])]
            for one in ended:
                one |= {"EndDate": asked["EndDate"], "State": one["ends"]}
            return HttpAnswer(200, "OK") if ended else HttpAnswer(404, "Not Found")
        found = [one for one in self._jobs() if str(one["Id"]) == asked["JobId"]]
        if not self.may_launch:
            return HttpAnswer(403, "Forbidden")
        if not found or found[0].get("Gone"):
            return HttpAnswer(404, "Not Found")
        if found[0]["UserStartDenied"]:
            return _json(400, "Bad Request", {"error": "UserStartDenied"})
        if found[0].get("Busy"):
            return HttpAnswer(409, "Conflict")
        about = {"State": 2, "Lasts": 1, "Log": ["Job ended."], "Silent": False, "Answers": 200, **found[0]}
        number = 1 + max((int(one["Id"]) for one in (*(self.instances or ()), *self.launched)), default=0)
        job = {"Id": about["Id"], "Identifier": about["Identifier"], "Agent": {"Identifier": asked["Agent"]}}
        run = {"Id": str(number), "StartDate": asked["StartDate"], "State": 1, "Job": job, "ends": about["State"]}
        self.launched.append(run)
        return _json(200, "OK", {"Id": number, **{name: about[name] for name in ("Lasts", "Log", "Silent", "Answers")}})

    def _accepts(self, client: str, secret: str) -> bool:
        return bool(secret) and (self.clients is None or self.clients.get(client) == secret)


def _json(status: int, reason: str, data: t.Mapping[str, t.Any]) -> HttpAnswer:
    return HttpAnswer(status, reason, {"Content-Type": "application/json"}, json.dumps(data).encode())
