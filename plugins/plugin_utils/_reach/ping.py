# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server that was reached tells of the session, and what is missing there. Docs: win_im_ping.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.probe import NotAnswered, Query
from .._server import prerequisites
from .winrm_configuration import Winrm
from .winrm_configuration import read as read_winrm

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "timeout": {"type": "int", "default": 5},
        "most_clock_difference": {"type": "int", "default": 60},
    },
}
FRAMEWORK = "HKLM:\\SOFTWARE\\Microsoft\\NET Framework Setup\\NDP\\v4\\Full"
FRAMEWORKS = {
    394802: "4.6.2",
    460798: "4.7",
    461308: "4.7.1",
    461808: "4.7.2",
    528040: "4.8",
    533320: "4.8.1",
}
"""The first release of each version, learn.microsoft.com "Determine which .NET Framework versions are installed"."""


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a task wants.

    Attributes:
        timeout: seconds for each of the controller's own trials.
        most_clock_difference: seconds by which the clocks may differ before it is told as a problem.
    """

    timeout: int
    most_clock_difference: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants."""
        return cls(arguments["timeout"], arguments["most_clock_difference"])


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return all that is asked, in one execution."""
    del wanted
    return (
        probe.policies(),
        probe.session(),
        probe.registry(FRAMEWORK, "Release"),
        probe.features(*prerequisites.FEATURES),
        probe.registry(prerequisites.SERVICING, "none"),
        probe.registry(prerequisites.UPDATE, "none"),
    )


def report(wanted: Wanted, host: t.Mapping[str, t.Any], ask: probe.Ask, clock: float) -> dict[str, t.Any]:
    """Return what a server tells.

    Args:
        wanted: what the task wants.
        host: the probe's facts.
        ask: the probe's answers.
        clock: the server's clock less the controller's, in seconds.
    """
    session = _or_none(ask, probe.session()) or {}
    policies = _or_none(ask, probe.policies()) or {}
    framework = _framework(_or_none(ask, probe.registry(FRAMEWORK, "Release")))
    winrm = read_winrm(session.get("winrm"))
    records = [words for name, words in probe.RECORDERS.items() if policies.get(name)]
    told = {
        "user": session.get("account", ""),
        "logon": session.get("authentication", ""),
        "administrator": bool(host["elevated"]),
        "windows": host["product_name"],
        "domain": host["domain"],
        "powershell": host["powershell"],
        "language_mode": session.get("language_mode", ""),
        "dotnet_framework": framework,
        "clock_difference": round(clock, 1),
        "quotas": dict(winrm.quotas) if winrm else {},
        "records": records,
        "reboot_pending": prerequisites.reboot_pending(ask),
        "features_missing": _missing(ask),
    }
    return told | {"problems": list(_problems(wanted, host, told, winrm))}


def _or_none(ask: probe.Ask, query: Query) -> t.Any:
    try:
        return ask(query)
    except NotAnswered:
        return None


def _framework(answer: t.Any) -> str:
    """Return the version of .NET Framework; empty where it is not told, or older than all that Windows Server 2016
    may have.
    """
    release = answer["values"].get("Release", {}).get("data") if answer else None
    versions = [version for first, version in FRAMEWORKS.items() if isinstance(release, int) and release >= first]
    return versions[-1] if versions else ""


def _missing(ask: probe.Ask) -> list[str]:
    listed = _or_none(ask, probe.features(*prerequisites.FEATURES)) or {}
    return [name for name in prerequisites.FEATURES if listed.get(name) is False]


def _problems(
    wanted: Wanted,
    host: t.Mapping[str, t.Any],
    told: t.Mapping[str, t.Any],
    winrm: Winrm | None,
) -> t.Iterator[str]:
    """Yield what would be in the way of an installation, each with its remedy."""
    if not told["administrator"]:
        yield (
            f"{told['user'] or 'the account'} is no administrator on the server, or has a filtered token: use a domain"
            " account that is one, or set LocalAccountTokenFilterPolicy for a local one"
        )
    if int(str(host["os_version"]).split(".")[2]) < prerequisites.OLDEST_BUILD:
        yield f"found {host['product_name']}, wanted Windows Server 2016 or newer"
    if told["language_mode"] not in ("", "FullLanguage"):
        yield f"PowerShell is in {told['language_mode']}: a policy must allow scripts of administrators"
    if not told["dotnet_framework"]:
        yield "found no .NET Framework 4.6.2 or newer: update Windows"
    if abs(told["clock_difference"]) > wanted.most_clock_difference:
        yield (
            f"the server's clock differs by {told['clock_difference']:+.0f} seconds: Kerberos fails beyond 300, and"
            " tokens and certificates before that. Synchronise both (w32tm /resync on the server)"
        )
    if winrm:
        yield from winrm.problems()
