# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the Identity Manager server is asked with the agent's client, and what its answers about the agent say.

Request for a token and questions are one question to the probe: the token stays on the agent's server.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import json
import typing as t
from urllib.parse import quote, urlencode

from .._agent.start_signs import FAR_PAST
from .._core.probe import Query
from .token_request import ENDPOINT, Credentials

PAGE = "Netwrix Identity Manager, Integration Guide: API, Server, Connectors; API query grammar"
VERSION = "1.0"
AGENTS, INSTANCES = "/api/Connectors/Agent", "/api/Job/JobInstance"
ONLINE, OFFLINE = 1, 2
"""Values of an agent's State, page "Agent"; 0 is unknown."""


@dataclasses.dataclass(frozen=True)
class Told:
    """An answer of the server.

    Attributes:
        items: what it returned; None where it returned nothing that can be read.
        found: the answer in words, for one without items.
        forbidden: whether it does not let the client read.
    """

    items: tuple[t.Mapping[str, t.Any], ...] | None
    found: str = ""
    forbidden: bool = False


@dataclasses.dataclass(frozen=True)
class Instance:
    """A job of the agent that runs.

    Attributes:
        job: the job's identifier.
        started: when it was started, in UTC; None where nobody tells.
    """

    job: str
    started: datetime.datetime | None

    def is_older(self, time: str) -> bool:
        """Tell whether it was started before a time (ISO 8601); not before one that nobody knows."""
        if time == FAR_PAST or self.started is None:
            return False
        return self.started < _time(time)

    @property
    def words(self) -> str:
        """Return it in words."""
        return f"{self.job} since {self.started:%Y-%m-%dT%H:%M:%SZ}" if self.started else self.job


def question(credentials: Credentials, agent: str = "", *, bare: bool = False) -> Query:
    """Return the question for a token, and with it about an agent.

    Args:
        credentials: of the client that asks.
        agent: the agent's Identifier, without a quotation mark; empty where nothing is asked about it.
        bare: whether the client is named by its id alone, which no page documents.
    """
    ask = credentials.undocumented if bare else credentials.question
    return ask(*_paths(credentials.path.removesuffix(ENDPOINT), agent)) if agent else ask()


def _paths(base: str, agent: str) -> tuple[str, str]:
    # Belief [server-api]: a list is {"Result": […]} with the properties that were selected, as the page "API query
    # grammar" shows one; a job's instance has JobId, StartDate and EndDate, which is null while it runs.
    entry = f'select Id, Identifier, State, URI where Identifier = "{agent}"'
    running = (
        "join Job j join j.Agent a select Id, StartDate, EndDate, State, j.Identifier"
        f' where (a.Identifier = "{agent}" and EndDate = null) order by StartDate asc'
    )
    return path(base + AGENTS, entry), path(base + INSTANCES, running)


def path(route: str, squery: str) -> str:
    """Return the path of a question in the API's query language."""
    return f"{route}?{urlencode({'api-version': VERSION, 'squery': squery}, quote_via=quote)}"


def read(answer: t.Mapping[str, t.Any]) -> Told:
    """Return what one of the server's answers says."""
    if "error" in answer:
        return Told(None, f"no answer ({str(answer['error']['message']).strip()})")
    status = answer["status"]
    if status != 200:
        return Told(None, f"status {status}", status in {401, 403})
    try:
        items = json.loads(base64.b64decode(answer["body"]))["Result"]
    except (ValueError, KeyError, TypeError, RecursionError):
        items = None
    # An empty object or text is no list either: it must not be taken for one without the agent.
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        return Told(None, "status 200, but no list")
    return Told(tuple(items))


def state(entry: t.Mapping[str, t.Any]) -> int:
    """Return an agent's State; 0, unknown, for one that is none."""
    try:
        return int(entry.get("State") or 0)
    except (TypeError, ValueError, OverflowError):
        return 0


def instance(item: t.Mapping[str, t.Any]) -> Instance:
    """Return a job's instance as the server returned it."""
    job = item.get("Job")
    name = job.get("Identifier") if isinstance(job, dict) else None
    try:
        return Instance(str(name or f"job {item.get('Id')}"), _time(str(item.get("StartDate"))))
    except (ValueError, OverflowError):
        return Instance(str(name or f"job {item.get('Id')}"), None)


def _time(text: str) -> datetime.datetime:
    """Return a time in UTC; the probe and .NET write more digits than Python reads. Raises ValueError,
    and OverflowError for one that is beyond the years 1 to 9999 in UTC.
    """
    found = datetime.datetime.fromisoformat(text[:19])
    rest = text[19:].lstrip(".0123456789")
    if rest in {"", "Z"}:
        return found.replace(tzinfo=datetime.UTC)
    return datetime.datetime.fromisoformat(text[:19] + rest).astimezone(datetime.UTC)
