"""The model of the probe's question `session`: who asks, and WinRM's configuration."""

from __future__ import annotations

import typing as t

from ..model.call import Call
from ..windows.system import winrm


def session(call: Call) -> dict[str, t.Any]:
    """Return the answer; a name with a realm came with a ticket; any other is of the server itself."""
    name, _, realm = call.user.partition("@")
    place = realm.partition(".")[0].upper() or call.machine.computer_name
    account = call.machine.accounts.find(name)
    return {
        "account": f"{place}\\{name}",
        "sid": account.sid if account else "S-1-5-21-1-2-3-500",
        "authentication": "Kerberos" if realm else "NTLM",
        "language_mode": "FullLanguage",
        "winrm": winrm.configuration(call.machine.quotas) if call.machine.caller.elevated else None,
    }
