# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The check of PowerShell's execution policy, which decides whether the scripts of connections run.

learn.microsoft.com "about_Execution_Policies": a group policy comes before what was set for the machine, and servers
run signed scripts of others and all of their own (RemoteSigned) where nobody has set anything.
"""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask, Query
from .check import Check, verdict

_GROUP = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"
_MACHINE = "HKLM:\\SOFTWARE\\Microsoft\\PowerShell\\1\\ShellIds\\Microsoft.PowerShell"
_USUAL = "RemoteSigned"
_RUNS = {"remotesigned", "unrestricted", "bypass"}


def questions() -> tuple[Query, ...]:
    """Return the questions for both policies."""
    return (probe.registry(_GROUP, "EnableScripts", "ExecutionPolicy"), probe.registry(_MACHINE, "ExecutionPolicy"))


def check(id_: str, name: str, page: str, ask: Ask) -> Check:
    """Return whether scripts of the server run that nobody has signed."""
    group, machine = (_values(ask(query)) for query in questions())
    if group.get("EnableScripts") == 0:
        policy, whose = "Restricted", "by a group policy"
    elif group.get("ExecutionPolicy"):
        policy, whose = str(group["ExecutionPolicy"]), "by a group policy"
    else:
        policy = str(machine.get("ExecutionPolicy") or _USUAL)
        whose = "for the machine" if machine.get("ExecutionPolicy") else "as nobody has set one"
    runs = policy.lower() in _RUNS
    causes = ("A group policy wins over Set-ExecutionPolicy.",) if "group" in whose else ("Somebody has set it.",)
    remedy = "Set RemoteSigned, or sign the script: Set-ExecutionPolicy, or the group policy."
    words = "RemoteSigned, Unrestricted or Bypass"
    told: tuple[str, tuple[str, ...]] = ("", ()) if runs else (remedy, causes)
    return Check(id_, name, verdict(runs), f"{policy}, {whose}", words, told[0], told[1], page=page)


def _values(answer: t.Mapping[str, t.Any] | None) -> dict[str, t.Any]:
    return {name: value["data"] for name, value in ((answer or {}).get("values") or {}).items()}
