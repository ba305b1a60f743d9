"""An emulated server, installed as `chain` does it, and audited as `playbooks/audit.yml` does it."""

from __future__ import annotations

import datetime
import json
import typing as t

import chain
import install_playbook
from in_process import Server

PROBE = "imops.identity_manager.win_im_probe"
SERVER = "agent-paris.contoso.com"
RUNTIMES = "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App"
DOTNET = "10.0"
"""The version of .NET that the inventory wants; Microsoft's support of that of the standin agent, 8.0, has ended."""


def variables(**changes: t.Any) -> dict[str, t.Any]:
    """Return the inventory of a server, with the names of its variables; its secrets are accepted in clear.

    Args:
        changes: by the variables' names without ``im_agent_``, or those of roles with their whole names.
    """
    found = {
        **chain.inventory(),
        "fingerprint_key": chain.FINGERPRINT_KEY,
        "hosting_bundle_version": DOTNET,
        "plain_accepted": ["OpenId", "Connections"],
        **changes,
    }
    del found["environment"]
    named = {name if name.startswith("im_") else f"im_agent_{name}": value for name, value in found.items()}
    return {"inventory_hostname": SERVER, **named}


def installed(data: t.Mapping[str, t.Any] | None = None, hosting: str = "iis", **changes: t.Any) -> Server:
    """Return a server on which the agent was installed and has started, and in which an audit finds nothing.

    Args:
        data: of the emulated server.
        hosting: of the agent.
        changes: of the inventory.
    """
    server = chain.server(data)
    install(server, hosting=hosting, **changes)
    server.machine.files.make_folder(f"{RUNTIMES}\\{DOTNET}.1")
    server.machine.files.write(f"{RUNTIMES}\\{DOTNET}.1\\Microsoft.AspNetCore.App.deps.json", b"{}")
    server.machine.clock.wait(10)
    return server


def install(server: Server, **changes: t.Any) -> None:
    """Install the agent on a server, or another inventory over the one that is there; its services as the playbook."""
    if changes.get("hosting") == "service":
        given = variables(hosting_bundle_version="8.0.22", **changes)
        failed = [str(one.result["msg"]) for one in install_playbook.run(server, given) if one.result.get("failed")]
    else:
        failed = chain.failures(chain.converge(server, chain.inventory(**changes)))
    if failed:
        raise ValueError(failed[0])


def catch_up(server: Server) -> Server:
    """Return a server whose clock is brought to the controller's, which has gone on since the server was installed."""
    late = datetime.datetime.now(datetime.UTC) - server.machine.clock.now()
    server.machine.clock.advance(late.total_seconds())
    return server


def state(server: Server) -> str:
    """Return all that a server is."""
    return json.dumps(server.machine.dump(), sort_keys=True)


def audit(server: Server, given: t.Mapping[str, t.Any] | None = None, **options: t.Any) -> dict[str, t.Any]:
    """Return the result of a server's audit, which is held to two executions and no write."""
    before = chain.lasting(server)
    server.new_run()
    server.variables = dict(given or variables())
    key = server.variables.get("im_agent_fingerprint_key")
    result = server.run("win_im_agent_audit", {"operator": "Jane Doe", "fingerprint_key": key, **options})
    assert chain.lasting(server) == before
    assert server.engine.counters.modules.keys() <= {PROBE}
    assert server.executions <= 2
    return result


def failed(result: t.Mapping[str, t.Any], *states: str) -> set[str]:
    """Return the rules of a result that fail, or that have one of some states."""
    return {one["rule"] for one in result["record"]["findings"] if one["state"] in (states or ("fail",))}
