# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The client as the agent itself holds it: what its settings on the server say, and the proxy of its own process.

The inventory says what is asked at first, so that one execution is enough where the server agrees; it is not what is
judged.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import variables
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._dotnet import proxy
from .._dotnet.json_text import fold
from . import held_settings, server_api
from .token_request import Credentials
from .wanted import Wanted


@dataclasses.dataclass(frozen=True)
class Held:
    """The client as it is asked with.

    Attributes:
        credentials: what the agent holds, as far as it can be read here.
        remarks: what differs from the inventory, and what could not be read.
        agent: how the agent calls itself; empty where that cannot be read.
    """

    credentials: Credentials
    remarks: tuple[str, ...] = ()
    agent: str = ""

    def question(self, wanted: Wanted, *, bare: bool = False) -> Query:
        """Return the question to its server: for a token, and on request about the agent as it calls itself."""
        return server_api.question(self.credentials, wanted.agent and (self.agent or wanted.agent), bare=bare)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return the questions about the agent's own settings and its process's variables."""
    if not (wanted.credentials or wanted.connections or wanted.asks_mail):
        return ()
    return held_settings.questions(wanted)


def of_agent(wanted: Wanted, credentials: Credentials, ask: Ask) -> Held:
    """Return the client that the agent of a server holds; the inventory's ``credentials`` where it cannot be read."""
    try:
        # Both may be in a file that cannot be read: IIS's configuration has the pool's variables.
        found = held_settings.variables_of(wanted, ask)
        settings = held_settings.of_agent(wanted, ask).values
    except (Refused, ValueError):
        return Held(credentials, ("asked with the inventory's client, as the agent's settings cannot be read",))
    held, remarks = credentials, []
    address, client = settings.get("APPLICATIONURI"), settings.get("OPENID:DEFAULTOPENIDCLIENT")
    secret = settings.get(f"OPENID:OPENIDCLIENTS:{fold(client or credentials.client)}")
    if not secret:
        where = held_settings.hidden(wanted, ask)
        words = f"is in {' or '.join(where)}" if where else "is not in its settings files"
        # Who may write the server's files must not learn the inventory's secret by naming an address of their own.
        remarks.append(f"asked with the inventory's secret at the inventory's address, as the agent's secret {words}")
        address = ""
    try:
        held = held.like(address or "", client or "", secret or "")
    except Refused:
        remarks.append("asked at the inventory's address, as the agent's ApplicationUri is no https address")
    remarks += held.differences(credentials)
    agent = settings.get("OPENID:AGENTIDENTIFIER", "")
    return Held(*_by_proxy(held, found, remarks), "" if '"' in agent else agent)


def _by_proxy(
    held: Credentials, found: t.Iterable[variables.Variable], remarks: list[str]
) -> tuple[Credentials, tuple[str, ...]]:
    """Return the client as it is asked with by the proxy that .NET takes in the agent's process."""
    values = {variable.name.upper(): variable.value for variable in found}
    way, without = values.get(proxy.HTTPS_PROXY, ""), values.get(proxy.NO_PROXY, "")
    ignored = proxy.why_not_read(proxy.HTTPS_PROXY, way) if way else None
    if ignored:
        remarks.append(f"asked without a proxy, as the agent's HTTPS_PROXY is {ignored}")
        way = ""
    names = [name.strip() for name in without.split(",") if name.strip()]
    asked = held.by(way, names)
    if asked.proxy != held.proxy:
        whose = "by the proxy of the agent's own process" if asked.proxy else "without a proxy, as the agent has none"
        remarks.append(f"asked {whose}, unlike im_agent_https_proxy")
    return asked, tuple(remarks)
