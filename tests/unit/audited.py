"""An emulated server, installed as `chain` does it, and audited as `playbooks/audit.yml` does it."""

from __future__ import annotations

import json
import typing as t

import chain
from in_process import Server

SERVER = "agent-paris.contoso.com"
SOUND = {"look.dotnet-support"}
"""What fails on a sound server: Microsoft's support of the agent's .NET 8 has ended."""


def variables(**changes: t.Any) -> dict[str, t.Any]:
    """Return the inventory of a server, with the names of its variables; its secrets are accepted in clear."""
    found = {
        **chain.inventory(),
        "fingerprint_key": chain.FINGERPRINT_KEY,
        "plain_accepted": ["OpenId", "Connections"],
        **changes,
    }
    del found["environment"]
    return {"inventory_hostname": SERVER, **{f"im_agent_{name}": value for name, value in found.items()}}


def installed(data: t.Mapping[str, t.Any] | None = None, **changes: t.Any) -> Server:
    """Return a server on which the agent was installed and has started."""
    server = chain.server(data)
    done = chain.converge(server, chain.inventory(**changes))
    assert chain.failures(done) == []
    server.machine.clock.wait(10)
    return server


def state(server: Server) -> str:
    """Return all that a server is."""
    return json.dumps(server.machine.dump(), sort_keys=True)


def audit(server: Server, given: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
    """Return the result of a server's audit, which is held to two executions and no write."""
    before = state(server)
    server.new_run()
    server.variables = dict(given or variables())
    key = server.variables.get("im_agent_fingerprint_key")
    result = server.run("win_im_agent_audit", {"operator": "Jane Doe", "fingerprint_key": key, **options})
    assert state(server) == before
    assert server.executions <= 2
    return result


def failed(result: t.Mapping[str, t.Any], *states: str) -> set[str]:
    """Return the rules of a result that fail, or that have one of some states."""
    return {one["rule"] for one in result["record"]["findings"] if one["state"] in (states or ("fail",))}
