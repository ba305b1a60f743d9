# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Windows features that were installed for the agent, if somebody asks for their removal and nothing else uses them."""

from __future__ import annotations

from .._core import probe
from .._core.plan import Operation
from .._core.probe import Ask, Query
from .._hosting import default_site
from . import folders, hosting
from .part import Part
from .wanted import Wanted

OF_IIS = "web-"


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    return (probe.features(*wanted.features),) if wanted.features else ()


def part(wanted: Wanted, ask: Ask) -> Part:
    """Return what removes the features; those of IIS stay where it serves anything else."""
    if not wanted.features:
        return Part()
    answer = ask(probe.features(*wanted.features)) or []
    there = [name for name in wanted.features if name.lower() in _installed(answer)]
    users = _users(wanted, ask)
    kept = [name for name in there if name.lower().startswith(OF_IIS) and users]
    going = [name for name in there if name not in kept]
    stays: tuple[str, ...] = (f"the Windows features {', '.join(kept)}: IIS serves {', '.join(users)}",) if kept else ()
    unknown = [name for name in wanted.features if name not in there]
    if unknown:
        stays += (f"the Windows features {', '.join(unknown)}: not installed, or none that this collection installs",)
    others = folders.agents(wanted, ask)
    if others and going:
        return Part(stays=(*stays, f"the Windows features {', '.join(going)}: the agent in {others[0]} may need them"))
    if not going:
        return Part(stays=stays)
    does = f"remove the Windows features {', '.join(going)}"
    operation = Operation(does, "ansible.windows.win_feature", {"name": going, "state": "absent"})
    return Part((operation,), tuple(f"Windows feature: {name}" for name in going), stays)


def _installed(answer: object) -> set[str]:
    """Return the names, in lower case, of those that are installed."""
    if isinstance(answer, dict):
        return {name.lower() for name, state in answer.items() if state}
    return set()


def _users(wanted: Wanted, ask: Ask) -> list[str]:
    """Return the sites of IIS beside the agent's and the one of Windows' setup."""
    own = {wanted.site.lower(), default_site.DEFAULT_SITE.lower()}
    return [site.name for site in hosting.configuration(ask).sites if site.name.lower() not in own]
