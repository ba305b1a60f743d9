"""What runs in an emulated IIS, as its process activation service (WAS) has it: the states of pools and sites, and
worker processes with the applications in them.
"""

from __future__ import annotations

import datetime
import functools
import typing as t

from .. import errors
from ..agent.process import Agent
from ..agent.surroundings import Surroundings
from ..agent.web_config import Hosted
from ..security.accounts import Accounts
from ..security.descriptors import pool_sid
from ..system.services import Services
from . import states, was_events
from .binding import WEB
from .pool_settings import PoolSettings
from .site_settings import SiteSettings
from .states import STARTED, STARTING, STOPPED, STOPPING, UNKNOWN
from .worker import Worker

IIS_USERS = "S-1-5-32-568"


class Activation:
    """Pool states, site states and workers.

    Args:
        pools: what the configuration says of pools.
        sites: what it says of sites.
        accounts: whom workers log on as.
        services: whether W3SVC runs.
        surroundings: what agents in workers use of the server.

    Attributes:
        pool_states: of pools that were asked for one, by their names in small letters.
        site_states: the same of sites.
        last_process: the number of the process that started last.
        recycles: how often each pool was recycled.
        app_restarts: how often each site's application was started again after a change of web.config.
    """

    def __init__(
        self,
        pools: PoolSettings,
        sites: SiteSettings,
        accounts: Accounts,
        services: Services,
        surroundings: Surroundings,
    ) -> None:
        self._pools, self._sites = pools, sites
        self._accounts, self._services, self._surroundings = accounts, services, surroundings
        self.pool_states: dict[str, str] = {}
        self.site_states: dict[str, str] = {}
        self._workers: dict[str, Worker] = {}
        self._outliving: list[Worker] = []
        self._rapid_fail = states.RapidFail(pools)
        self._clock, self._pace = surroundings.clock, surroundings.pace
        self.last_process = 4100
        self.recycles: dict[str, int] = {}
        self.app_restarts: dict[str, int] = {}
        self._web_config_seen: dict[str, datetime.datetime | None] = {}

    # Application pools

    def pool_token(self, name: str) -> frozenset[str]:
        """Return the SIDs that a pool's worker carries: its account's, IIS_IUSRS and the pool's own."""
        return self._accounts.token(self._pools.account(name)) | {IIS_USERS, pool_sid(name)}

    def pool_state(self, name: str) -> str:
        """Return what was last asked for, and before that what the pool's autoStart says; without WAS nobody knows."""
        if not self.was_runs():
            return UNKNOWN
        starts = self._pools.attribute(name, "autoStart") if self._pools.has(name) else True
        return self.pool_states.get(name.lower(), STARTED if starts else STOPPED)

    def pool_created(self, name: str) -> None:
        """Note a new pool, which starts."""
        self.pool_states[name.lower()] = STARTED

    def pool_removed(self, name: str) -> None:
        """Forget a pool and its worker."""
        self._end(self._workers.pop(name.lower(), None))
        self.pool_states.pop(name.lower(), None)

    def pool_changed(self, name: str, attribute: str, before: str) -> None:
        """Note a changed attribute of a pool: a running one is recycled, unless it disallowRotationOnConfigChange.

        Args:
            name: the pool's.
            attribute: which one changed.
            before: the pool's state before: whether it starts by itself is asked when WAS starts, so that a running
                pool goes on and a stopped one stays so.
        """
        self.pool_states.setdefault(name.lower(), before)
        if before in states.BETWEEN:
            return
        stays = self._pools.attribute(name, "recycling.disallowRotationOnConfigChange")
        if name.lower() in self._workers and not stays:
            self.recycle(name)
        elif attribute == "startMode":
            self.wake(name)

    def pool_rescheduled(self, name: str) -> None:
        """Note other times at which a pool is recycled: a running one is recycled now."""
        if name.lower() in self._workers and self.pool_state(name) == STARTED:
            self.recycle(name)

    def start_pool(self, name: str) -> None:
        """Start a pool; one that is always running gets its worker at once.

        Raises:
            WindowsError: WAS does not run, or the pool is on its way to another state.
        """
        self._check_can_change(name, runs=self.runs())
        if self.pool_state(name) == STARTED:
            self.wake(name)
            return
        self.pool_states[name.lower()] = STARTING
        self._clock.after(self._pace.pool_start, functools.partial(self._pool_started, name))

    def _pool_started(self, name: str) -> None:
        if self.pool_states.get(name.lower()) == STARTING:
            self.pool_states[name.lower()] = STARTED
            self.wake(name)

    def stop_pool(self, name: str) -> None:
        """Stop a pool and its worker; raises WindowsError as ``start_pool``, and for a stopped one."""
        self._check_can_change(name, runs=self.was_runs())
        if self.pool_state(name) == STOPPED:
            raise states.already_stopped()
        self.pool_states[name.lower()] = STOPPING
        if name.lower() in self._workers:
            self._workers[name.lower()].order_to_stop()
        self._clock.after(self._pace.pool_stop, functools.partial(self._pool_stopped, name))

    def _pool_stopped(self, name: str) -> None:
        if self.pool_states.get(name.lower()) == STOPPING:
            self.pool_states[name.lower()] = STOPPED
            self._end(self._workers.pop(name.lower(), None))

    def _check_can_change(self, name: str, *, runs: bool) -> None:
        self._pools.check(name)
        if not runs:
            raise states.not_started()
        if self.pool_state(name) in states.BETWEEN:
            raise states.cannot_accept()

    def recycle(self, name: str) -> None:
        """Replace a pool's worker by a new one, which starts before the old one has ended."""
        if self.pool_state(name) in states.BETWEEN:
            raise states.cannot_accept()
        self.recycles[name.lower()] = self.recycles.get(name.lower(), 0) + 1
        self._end(self._workers.pop(name.lower(), None))
        self.wake(name)

    def crash(self, name: str) -> None:
        """Let a pool's worker end by itself; after too many of them WAS disables the pool.

        learn.microsoft.com "IIS Application Pool Availability", events 5009 and 5002 of WAS.
        """
        worker = self._workers.pop(name.lower(), None)
        if worker is None:
            return
        worker.stop_agents()
        was_events.crashed(self._surroundings.events, name, worker.process_id)
        if not self._rapid_fail.too_many(name, self._clock.now()):
            self.wake(name)
            return
        self.pool_states[name.lower()] = STOPPED
        was_events.disabled_after_crashes(self._surroundings.events, name)

    def _end(self, worker: Worker | None) -> None:
        """End a worker: its applications stop, its process may go on for a while."""
        if worker is None:
            return
        worker.stop_agents()
        if self._pace.worker_end:
            self._outliving.append(worker)
            self._clock.after(self._pace.worker_end, functools.partial(self._ended, worker))

    def _ended(self, worker: Worker) -> None:
        self._outliving = [other for other in self._outliving if other is not worker]

    def may_log_on(self, name: str) -> bool:
        """Tell whether a worker can be had; WAS stops a pool whose account it cannot log on."""
        specific = self._pools.attribute(name, "processModel.identityType") == "SpecificUser"
        if name.lower() in self._workers or not specific:
            return True
        account = self._accounts.find(str(self._pools.attribute(name, "processModel.userName")))
        # Belief [pool-group]: WAS puts the account into IIS_IUSRS for the logon, so the group's right is enough;
        # learn.microsoft.com "Understanding Built-In User and Group Accounts in IIS 7".
        right = self._accounts.rights.get("SeBatchLogonRight", set())
        allowed = account is not None and bool(right & {account.sid, IIS_USERS, *account.groups})
        token = {IIS_USERS, *self._accounts.token(str(self._pools.attribute(name, "processModel.userName")))}
        allowed = allowed and not self._accounts.denied("SeDenyBatchLogonRight", token)
        known = account is not None and (account.kind == "gmsa" or account.password == self._pools.password(name))
        if allowed and known:
            return True
        was_events.refused_logon(self._surroundings.events, name)
        self.pool_states[name.lower()] = STOPPED
        return False

    # Sites

    def site_state(self, name: str) -> str:
        """Return a site's state; Unknown without an http or https binding, and without WAS: the web server does not
        know it.
        """
        if not self.was_runs() or not any(b.protocol in WEB for b in self._sites.bindings(name)):
            return UNKNOWN
        return self.site_states.get(name.lower(), STARTED if self._sites.starts(name) else STOPPED)

    def forget_site(self, name: str) -> None:
        """Forget what a site was asked for: a new one has its name, or none."""
        self.site_states.pop(name.lower(), None)

    def site_bound(self, name: str) -> None:
        """Note a site's first http or https binding: it starts, where it may."""
        free = self._sites.starts(name) and not self._taken(name)
        self.site_states[name.lower()] = STARTED if free else STOPPED
        self.wake(self._sites.pool(name))

    def start_site(self, name: str) -> None:
        """Start a site.

        Raises:
            WindowsError: it has no http binding, or another started site has one of its bindings.
        """
        self._check_known(name)
        if self._taken(name):
            message = "Cannot create a file when that file already exists. (Exception from HRESULT: 0x800700B7)"
            raise errors.WindowsError(states.COM, message, -2147024713)
        if self.site_state(name) in states.BETWEEN:
            raise states.cannot_accept()
        self.site_states[name.lower()] = STARTING
        self._clock.after(self._pace.site_start, functools.partial(self._site_started, name))

    def _site_started(self, name: str) -> None:
        if self.site_states.get(name.lower()) == STARTING and self._sites.has(name):
            self.site_states[name.lower()] = STARTED
            self.wake(self._sites.pool(name))

    def stop_site(self, name: str) -> None:
        """Stop a site.

        Raises:
            WindowsError: it has no http binding.
        """
        self._check_known(name)
        if self.site_state(name) in states.BETWEEN:
            raise states.cannot_accept()
        self.site_states[name.lower()] = STOPPING
        self._clock.after(self._pace.site_stop, functools.partial(self._site_stopped, name))

    def _site_stopped(self, name: str) -> None:
        if self.site_states.get(name.lower()) == STOPPING:
            self.site_states[name.lower()] = STOPPED

    def _check_known(self, name: str) -> None:
        if self.site_state(name) == UNKNOWN:
            message = "The object identifier does not represent a valid object. (Exception from HRESULT: 0x800710D8)"
            raise errors.WindowsError(states.COM, message, -2147020584)

    def _taken(self, name: str) -> bool:
        """Tell whether another started site has one of a site's bindings."""
        mine = {b.information.lower() for b in self._sites.bindings(name) if b.protocol in WEB}
        return any(
            mine & {b.information.lower() for b in self._sites.bindings(other) if b.protocol in WEB}
            for other in self._sites.names()
            if other.lower() != name.lower() and self.site_state(other) in {STARTED, STARTING}
        )

    # Worker processes

    def workers(self) -> list[Worker]:
        """Return the running worker processes, those that are about to end too."""
        return [*(self._workers[key] for key in sorted(self._workers)), *self._outliving]

    def runs(self) -> bool:
        """Tell whether the web server runs."""
        return self._runs("W3SVC")

    def was_runs(self) -> bool:
        """Tell whether the process activation service runs, which knows states and workers."""
        return self._runs("WAS")

    def _runs(self, name: str) -> bool:
        service = self._services.get(name)
        return service is not None and service.state == "Running"

    def wake(self, pool: str) -> None:
        """Start a pool's worker if it is always running, and the applications that it preloads."""
        if not self.runs() or not self._pools.has(pool) or self.pool_state(pool) != STARTED:
            return
        if self._pools.attribute(pool, "startMode") != "AlwaysRunning" or not self.may_log_on(pool):
            return
        for site in self._sites.names():
            if self._sites.pool(site).lower() == pool.lower() and self.site_state(site) == STARTED:
                self.worker(pool)
                if self._sites.preloads(site):
                    self.application(site)

    def worker(self, pool: str) -> Worker:
        """Return a pool's worker, made where there is none."""
        worker = self._workers.get(pool.lower())
        if worker is None:
            self.last_process += 4
            account = self._accounts.find(self._pools.account(pool))
            worker = Worker(pool, self.last_process, self._clock.now(), account.sid if account else "")
            self._workers[pool.lower()] = worker
        return worker

    def application(self, site: str) -> Agent:
        """Return the application that a site runs, started where it is not, and again after a change of web.config."""
        worker = self.worker(self._sites.pool(site))
        folder = self._surroundings.environment.expand(self._sites.path(site))
        node = self._surroundings.files.find(folder + "\\web.config")
        seen = node.last_write if node else None
        agent = worker.agents.get(site.lower())
        if agent is not None and self._web_config_seen.get(site.lower()) != seen:
            self.app_restarts[site.lower()] = self.app_restarts.get(site.lower(), 0) + 1
            agent.stop()
            agent = None
        if agent is None:
            self._web_config_seen[site.lower()] = seen
            agent = Agent.under_iis(self._surroundings, self._hosted(site, folder, worker))
            worker.agents[site.lower()] = agent
        return agent

    def _hosted(self, site: str, folder: str, worker: Worker) -> Hosted:
        return Hosted(
            folder=folder,
            sids=self.pool_token(worker.pool),
            name=f"/LM/W3SVC/{self._sites.number(site)}/ROOT",
            process_id=worker.process_id,
            modules=self._sites.modules(),
            variables=self._pools.variables(worker.pool),
            locked=self._sites.locked_sections(site),
            shares=any(a.state == "running" for other, a in worker.agents.items() if other != site.lower()),
        )

    def end_application(self, site: str) -> None:
        """End a site's application where it runs."""
        for worker in self._workers.values():
            agent = worker.agents.pop(site.lower(), None)
            if agent:
                agent.stop()

    def services_started(self) -> None:
        """Bring up what starts by itself, after WAS and W3SVC have started; what was asked for before is forgotten.

        learn.microsoft.com "Adding Application Pools", autoStart; "Site", serverAutoStart.
        """
        self.pool_states.clear()
        self.site_states.clear()
        for site in self._sites.names():
            if any(b.protocol in WEB for b in self._sites.bindings(site)):
                free = self._sites.starts(site) and not self._taken(site)
                self.site_states[site.lower()] = STARTED if free else STOPPED
        for pool in self._pools.names():
            self.pool_states[pool.lower()] = STARTED if self._pools.attribute(pool, "autoStart") else STOPPED
            self.wake(pool)

    def services_stopped(self) -> None:
        """End all worker processes."""
        for name in list(self._workers):
            self._workers.pop(name).stop_agents()
        self._outliving.clear()

    def dump(self) -> dict[str, t.Any]:
        """Return the run states as JSON-able data; the rest is in the file."""
        return {
            "pools": {name: self.pool_state(name) for name in self._pools.names()},
            "sites": {name: self.site_state(name) for name in self._sites.names()},
            "workers": [
                {
                    "pool": w.pool,
                    "process_id": w.process_id,
                    "agents": {s: a.state for s, a in sorted(w.agents.items())},
                }
                for w in self.workers()
            ],
            "recycles": dict(sorted(self.recycles.items())),
            "app_restarts": dict(sorted(self.app_restarts.items())),
        }
