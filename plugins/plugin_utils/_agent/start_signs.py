# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What shows that the agent has started: whoever starts it asks, so that the verification need not ask again."""

from __future__ import annotations

from .._core import probe
from .._core.probe import Query

FAR_PAST = "2000-01-01T00:00:00.0000000Z"
MODULE_PROVIDERS = ("IIS AspNetCore Module V2",)
"""Who writes them under IIS: its module for ASP.NET Core."""


def under_iis(since: str = FAR_PAST) -> Query:
    """Ask for the entries of agents that run under IIS."""
    return probe.events(since, *MODULE_PROVIDERS)


def newest_file(temp: str) -> Query:
    """Ask for the newest file in the agent's folder Temp, which an agent that starts writes to."""
    return probe.files(temp, newest=1)
