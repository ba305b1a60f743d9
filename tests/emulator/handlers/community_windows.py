"""community.windows.win_firewall_rule: the part of it that opens a TCP port."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.registry.keys import Registry
from ..windows.system import firewall


@handles("community.windows.win_firewall_rule")
def win_firewall_rule(call: Call) -> dict[str, t.Any]:
    """Make an incoming rule for a TCP port, by its name."""
    registry, arguments = call.machine.registry, call.arguments
    name = arguments["name"]
    if (
        arguments.get("state") == "absent"
        or arguments.get("direction") != "in"
        or arguments.get("action") != "allow"
        or arguments.get("protocol") != "tcp"
    ):
        raise ModuleFailure("the emulator makes rules with direction in, action allow and protocol tcp only")
    fields = {
        "LPort": arguments["localport"],
        "Name": name,
        "Active": str(arguments.get("enabled") is not False).upper(),
    }
    if arguments.get("program"):
        fields["App"] = arguments["program"]
    for profile in arguments.get("profiles") or ():
        fields["Profile"] = profile.capitalize()  # one profile: enough for the documented examples
    key = f"{{{name}}}"
    wanted = Registry()
    firewall.add_rule(wanted, key, **fields)
    changed = registry.get(firewall.RULES, key) != wanted.get(firewall.RULES, key)
    if changed and not call.check:
        firewall.add_rule(registry, key, **fields)
    return {"changed": changed, "msg": ""}
