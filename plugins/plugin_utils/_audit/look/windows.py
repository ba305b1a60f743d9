# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Windows below the agent: its support, its clock, a restart that waits, and what its PowerShell records."""

from __future__ import annotations

import datetime
import re

from ..._core import probe
from ..._core.probe import Ask, Query
from ..._server import prerequisites
from ..rule import Finding, Severity, State
from .item import Agent, Findings, Item, rule

PAGE = "audit.md"
RECORDED = rule(
    "powershell-recording",
    "windows",
    Severity.MEDIUM,
    "Microsoft: about_Logging_Windows, about_Group_Policy_Settings",
    "Windows does not record what is sent to its PowerShell",
    "Script block logging, module logging and transcription keep the secrets that a run sends to the server.",
    r"Get-ItemProperty HKLM:\SOFTWARE\Policies\Microsoft\Windows\PowerShell\*",
    "Take the policy from this server, or set im_agent_secret_policy: refuse, and treat its logs as secret",
    "secrets.md",
)
WINDOWS_ENDS = rule(
    "windows-support",
    "windows",
    Severity.HIGH,
    "Microsoft Lifecycle: Windows Server",
    "Microsoft supports this Windows for at least 180 days more",
    "Without updates the holes that are found from then on stay open.",
    "winver",
    "Plan a new server: install the agent there with the same inventory",
    PAGE,
)
DOTNET_ENDS = rule(
    "dotnet-support",
    "windows",
    Severity.MEDIUM,
    "Microsoft: .NET support policy",
    "Microsoft supports the version of .NET that the agent runs on",
    "Without updates the holes that are found from then on stay open. The agent's version decides which .NET it needs.",
    "dotnet --list-runtimes",
    "Ask the vendor for an agent on a newer .NET, then set im_agent_hosting_bundle_version",
    PAGE,
)
REBOOT = rule(
    "reboot-pending",
    "windows",
    Severity.MEDIUM,
    "Microsoft: registry keys of Windows Update and of component based servicing",
    "No restart of the server is pending",
    "Installations fail or stay half done until the server was restarted.",
    r"Test-Path 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\WindowsUpdate\Auto Update\RebootRequired'",
    "Restart the server when its jobs allow it",
    PAGE,
)
SKEW = rule(
    "time-skew",
    "windows",
    Severity.MEDIUM,
    "RFC 4120 and Microsoft: Maximum tolerance for computer clock synchronization",
    "The server's clock is at most five minutes from the controller's",
    "Kerberos refuses tickets, and tokens count as expired or not yet valid.",
    "w32tm /query /status",
    "w32tm /resync; compare the time sources of server and controller",
    PAGE,
)
# Microsoft Lifecycle, "Windows Server 2016", "2019", "2022" and "2025": the end of extended support, by build.
WINDOWS = {14393: "2027-01-12", 17763: "2029-01-09", 20348: "2031-10-14", 26100: "2034-10-10"}
MOST_SKEW = 300
AHEAD = 180
SHARED = "dotnet\\shared\\Microsoft.AspNetCore.App"


def _runtimes(program_files: str) -> Query:
    return probe.folders(f"{program_files}\\{SHARED}", "*")


def _questions(agent: Agent) -> tuple[Query, ...]:
    del agent
    registry = (probe.registry(key, "none") for key in (prerequisites.SERVICING, prerequisites.UPDATE))
    return (probe.policies(), *registry, _runtimes("C:\\Program Files"))


def _judge(agent: Agent, ask: Ask) -> Findings:
    host, policies = ask(probe.host()), ask(probe.policies())
    recorded = [words for name, words in probe.RECORDERS.items() if policies[name]]
    if recorded:
        yield Finding(RECORDED.id, State.FAIL, "", "no recording by policy", " and ".join(recorded))
    yield from _support(agent, host, ask)
    waits = prerequisites.reboot_pending(ask)
    if waits:
        yield Finding(REBOOT.id, State.FAIL, "", "no restart pending", f"a restart for {' and '.join(waits)}")
    seconds = round(_time(host["time"]).timestamp() - agent.now)
    if abs(seconds) > MOST_SKEW:
        way = "ahead of" if seconds > 0 else "behind"
        wanted = f"at most {MOST_SKEW} seconds"
        yield Finding(SKEW.id, State.FAIL, "", wanted, f"{abs(seconds)} seconds {way} the controller")


def _support(agent: Agent, host: dict[str, str], ask: Ask) -> Findings:
    today = _time(host["time"]).date()
    build = int([*re.findall(r"\d+", host["os_version"]), "0", "0", "0"][2])
    ends = WINDOWS.get(build)
    name = host["product_name"]
    if ends is None:
        reason = f"it is not known until when Microsoft supports build {build}"
        yield Finding(WINDOWS_ENDS.id, State.UNKNOWN, actual=name, reason=reason)
    elif (datetime.date.fromisoformat(ends) - today).days < AHEAD:
        wanted = f"supported for {AHEAD} days or more"
        yield Finding(WINDOWS_ENDS.id, State.FAIL, "", wanted, f"{name}, supported until {ends}")
    yield from _dotnet(agent, host, today, ask)


def _dotnet(agent: Agent, host: dict[str, str], today: datetime.date, ask: Ask) -> Findings:
    # .NET does not roll forward to another major version: a newer runtime beside the agent's own does not help it.
    major = int(found[0]) if (found := re.match(r"\d+", agent.dotnet)) else 0
    versions = [one["name"] for one in ask(_runtimes(host["program_files"])) or ()]
    if not any(version.startswith(f"{major}.") for version in versions):
        reason = f"the server has no ASP.NET Core runtime {major}"
        yield Finding(DOTNET_ENDS.id, State.NOT_APPLICABLE, reason=reason)
        return
    until = prerequisites.SUPPORT_ENDS.get(major)
    if until is None:
        reason = f"it is not known until when Microsoft supports .NET {major}"
        yield Finding(DOTNET_ENDS.id, State.UNKNOWN, reason=reason)
    elif datetime.date.fromisoformat(until) < today:
        yield Finding(DOTNET_ENDS.id, State.FAIL, "", "a supported version", f".NET {major}, supported until {until}")


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(f"{text[:19]}+00:00")


ITEM = Item((RECORDED, WINDOWS_ENDS, DOTNET_ENDS, REBOOT, SKEW), _questions, _judge)
