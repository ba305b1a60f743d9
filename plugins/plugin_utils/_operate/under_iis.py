# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stops and starts an agent under IIS: its application pool, and for a start its site too."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import start_signs
from .._core import probe
from .._core.mark import Mark, MarkKind
from .._core.plan import Operation, Refused
from .._core.probe import Ask, Query
from .._windows import iis_config, iis_states
from .turn import STARTED, Turn, patient

POOL_MODULE, SITE_MODULE = "microsoft.iis.web_app_pool", "microsoft.iis.website"
_REMEDY = "see the System log (WAS): a worker that ends again and again lets IIS stop the pool"


def questions() -> tuple[Query, ...]:
    """Return what has to be known."""
    return (
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        iis_config.redirection(),
        probe.iis(),
        iis_states.web_service(),
    )


def turn(pool: str, site: str, state: str, ask: Ask, seconds: int) -> Turn:
    """Return the agent's state and what changes it.

    Args:
        pool: its application pool.
        site: its site.
        state: what is wanted.
        ask: answers questions.
        seconds: how long a stop may take.

    Raises:
        Refused: there is no such pool or site, or another site's agent would stop too.
    """
    _check_there(pool, site, state, ask)
    found, asleep = ask(probe.iis()) or {"pools": [], "sites": [], "workers": []}, iis_states.asleep(ask)
    pool_state, site_state = _state(found["pools"], pool), _state(found["sites"], site)
    works = any(worker["pool"].lower() == pool.lower() for worker in found["workers"])
    stop = (_stopped(pool, seconds),)
    start = tuple(_start(pool, site, pool_state, site_state, asleep=asleep, seconds=seconds))
    return Turn(
        found=_words(pool, pool_state, site, site_state),
        stopped=_words(pool, "Stopped", site, site_state),
        started=_words(pool, "Started", site, "Started"),
        restarted=_words(pool, "Started again", site, "Started"),
        runs=not asleep and pool_state in iis_states.STARTS and site_state in iis_states.STARTS,
        is_stopped=asleep or (pool_state not in iis_states.RUNNING and not works),
        stop=stop,
        start=start,
        restart=(
            *stop,
            *(one for one in start if one not in stop),
            *(() if _starts_pool(start) else (_started(pool),)),
        ),
        remedy=_REMEDY,
        warnings=tuple(iis_states.warnings(ask)),
    )


def _check_there(pool: str, site: str, state: str, ask: Ask) -> None:
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer is None:
        raise Refused(f"found no IIS on the server, wanted it {state} with the pool {pool}: run install.yml first")
    iis_config.check_in_force(ask)
    iis = iis_config.parse(iis_config.content(answer))
    if iis.pool(pool) is None or iis.site(site) is None:
        what = f"application pool {pool}" if iis.pool(pool) is None else f"site {site}"
        raise Refused(
            f"found no {what} on the server, wanted the agent's: check im_agent_pool_name and im_agent_site_name, or"
            " run install.yml first"
        )
    others = [name for name in iis.users(pool) if name.lower() != site.lower()]
    if others and state != STARTED:
        raise Refused(
            f"found the application pool {pool} that serves {', '.join(others)} too, wanted one of the agent's own:"
            " they would stop with it. Nothing was stopped: give them another pool"
        )


def _state(items: t.Sequence[t.Mapping[str, t.Any]], name: str) -> str:
    return next((str(one["state"]) for one in items if one["name"].lower() == name.lower()), iis_states.UNKNOWN)


def _words(pool: str, pool_state: str, site: str, site_state: str) -> str:
    return f"application pool {pool}: {pool_state}, site {site}: {site_state}"


def _stopped(pool: str, seconds: int) -> Operation:
    """Return the stop of a pool and its workers; one that stops already takes no order, and is waited for."""
    until = patient(iis_states.pool_stopped(pool, max(0, seconds - iis_states.SPARE_SECONDS)))
    does, arguments = f"stop application pool {pool}", {"name": pool, "state": "stopped"}
    return iis_states.ordered(Operation(does, POOL_MODULE, arguments, until=until))


def _started(pool: str) -> Operation:
    return Operation(
        f"start application pool {pool}",
        POOL_MODULE,
        {"name": pool, "state": "started"},
        mark=Mark(MarkKind.POOL_STARTED, pool),
        until=dataclasses.replace(iis_states.pool_started(pool), along=(start_signs.under_iis(),)),
    )


def _starts_pool(operations: t.Iterable[Operation]) -> bool:
    return any(one.module == POOL_MODULE and one.arguments["state"] == "started" for one in operations)


def _start(
    pool: str, site: str, pool_state: str, site_state: str, *, asleep: bool, seconds: int
) -> t.Iterator[Operation]:
    """Yield what starts an agent; a pool on its way to its stop takes no order before it has stopped."""
    if asleep:
        yield iis_states.START_WEB_SERVICE
    if pool_state == iis_states.STOPPING:
        yield _stopped(pool, seconds)
    if pool_state not in iis_states.STARTS:
        yield _started(pool)
    if site_state not in iis_states.STARTS:
        arguments = {"name": site, "state": "started"}
        yield Operation(f"start site {site}", SITE_MODULE, arguments, until=iis_states.site_started(site))
