"""IIS of an emulated server: its configuration file, and what runs after it in memory."""

from __future__ import annotations

import typing as t

from ..agent.surroundings import Surroundings
from ..registry.keys import Registry
from ..security.accounts import Accounts
from ..system.services import Services
from .activation import Activation
from .binding import WEB, Binding
from .configuration import Configuration
from .front import Front
from .httpsys import HttpSys
from .pool_settings import PoolSettings
from .schema import POOL
from .site_settings import SiteSettings
from .states import UNKNOWN, not_started
from .worker import Worker


class Iis:
    """Pools, sites, bindings and worker processes, as the modules see them: a change of the configuration has its
    effect on what runs.

    Args:
        surroundings: what IIS and its applications use of the server.
        registry: where HTTP.sys keeps its bindings.
        accounts: whom workers log on as.
        services: those of Windows.

    Attributes:
        file: the configuration file.
        httpsys: the certificates of endpoints.
        activation: what runs.
    """

    def __init__(self, surroundings: Surroundings, registry: Registry, accounts: Accounts, services: Services) -> None:
        self._accounts = accounts
        self.file = Configuration(surroundings.files)
        self.httpsys = HttpSys(registry)
        self._pools, self._sites = PoolSettings(self.file), SiteSettings(self.file)
        self.activation = Activation(self._pools, self._sites, accounts, services, surroundings)
        front = Front(self._sites, self.activation, self.httpsys, surroundings.certificates)
        surroundings.network.responders.append(front.answer)
        surroundings.network.listening.append(front.listening)

    @property
    def recycles(self) -> dict[str, int]:
        """Return how often each pool was recycled."""
        return self.activation.recycles

    # Application pools

    def pools(self) -> list[str]:
        """Return the pools' names in the file's order."""
        return self._pools.names()

    def has_pool(self, name: str) -> bool:
        """Tell whether a pool exists."""
        return self._pools.has(name)

    def pool_attribute(self, name: str, attribute: str) -> t.Any:
        """Return a pool's effective attribute; passwords come in clear."""
        return self._pools.attribute(name, attribute)

    def pool_attributes(self, name: str) -> dict[str, t.Any]:
        """Return all effective attributes of a pool."""
        return {attribute: self._pools.attribute(name, attribute) for attribute in POOL}

    def create_pool(self, name: str) -> None:
        """Make a pool; it starts, as a new one does.

        Raises:
            WindowsError: there is one already, or the name is none for a pool.
        """
        self._pools.create(name)
        self._accounts.add_pool(name)
        self.activation.pool_created(name)

    def remove_pool(self, name: str) -> None:
        """Remove a pool with its worker."""
        self._pools.remove(name)
        self.activation.pool_removed(name)
        self._accounts.remove_pool(name)

    def set_pool_attribute(self, name: str, attribute: str, value: t.Any) -> None:
        """Set one attribute and commit: a running pool is recycled.

        Raises:
            WindowsError: unknown pool or attribute, or a value that the schema refuses.
        """
        before = self.activation.pool_state(name)
        self.activation.pool_changed(name, self._pools.set_attribute(name, attribute, value), before)

    def pool_schedule(self, name: str) -> list[str]:
        """Return the times of day at which a pool is recycled."""
        return self._pools.schedule(name)

    def set_pool_schedule(self, name: str, times: t.Sequence[t.Any]) -> None:
        """Set them.

        Raises:
            WindowsError: one is no time of day.
        """
        self._pools.set_schedule(name, times)
        self.activation.pool_rescheduled(name)

    def pool_password(self, name: str) -> str:
        """Return a pool's password in clear, as administrators can read it."""
        return self._pools.password(name)

    def pool_account(self, name: str) -> str:
        """Return the account that a pool runs as."""
        return self._pools.account(name)

    def pool_token(self, name: str) -> frozenset[str]:
        """Return the SIDs that a pool's worker carries."""
        return self.activation.pool_token(name)

    def pool_state(self, name: str) -> str:
        """Return Started, Stopped, what lies between, or Unknown."""
        return self.activation.pool_state(name)

    def start_pool(self, name: str) -> None:
        """Start a pool; one that is always running gets its worker at once."""
        self.activation.start_pool(name)

    def stop_pool(self, name: str) -> None:
        """Stop a pool and its worker."""
        self.activation.stop_pool(name)

    def recycle(self, name: str) -> None:
        """Replace a pool's worker by a new one."""
        self.activation.recycle(name)

    # Sites

    def sites(self) -> list[str]:
        """Return the sites' names in the file's order."""
        return self._sites.names()

    def has_site(self, name: str) -> bool:
        """Tell whether a site exists."""
        return self._sites.has(name)

    def site_id(self, name: str) -> int:
        """Return a site's number."""
        return self._sites.number(name)

    def site_path(self, name: str) -> str:
        """Return the root application's folder as written."""
        return self._sites.path(name)

    def site_pool(self, name: str) -> str:
        """Return the root application's effective pool."""
        return self._sites.pool(name)

    def site_preloads(self, name: str) -> bool:
        """Return ``applicationDefaults.preloadEnabled`` as a site has it, whatever its root application says."""
        return self._sites.preload_default(name)

    def create_site(self, name: str, path: str, pool: str | None = None, site_id: int | None = None) -> None:
        """Make a site without bindings.

        Raises:
            WindowsError: its name or number is another site's, or the name is none for a site.
        """
        self._sites.create(name, path, pool, site_id)
        self.activation.forget_site(name)

    def remove_site(self, name: str) -> None:
        """Remove a site; its certificates stay registered with HTTP.sys."""
        self._sites.remove(name)
        self.activation.forget_site(name)

    def set_site_path(self, name: str, path: str) -> None:
        """Set the root application's folder."""
        self._sites.set_path(name, path)

    def set_site_pool(self, name: str, pool: str) -> None:
        """Set the root application's pool; the application ends where the site was."""
        self._sites.set_pool(name, pool)
        self.activation.end_application(name)
        self.activation.wake(pool)

    def set_preload(self, name: str, enabled: bool) -> None:
        """Set ``applicationDefaults.preloadEnabled`` of a site, as microsoft.iis.website does."""
        self._sites.set_preload(name, enabled)
        self.activation.wake(self._sites.pool(name))

    def bindings(self, name: str) -> list[Binding]:
        """Return a site's bindings."""
        return self._sites.bindings(name)

    def add_binding(self, name: str, protocol: str, information: str, ssl_flags: int = 0) -> None:
        """Add a binding; the first http or https one starts a site that may start.

        Raises:
            WindowsError: the site has that binding.
        """
        known = self.activation.site_state(name) != UNKNOWN
        self._sites.add_binding(name, protocol, information, ssl_flags)
        if not known and protocol in WEB:
            self.activation.site_bound(name)

    def remove_binding(self, name: str, protocol: str, information: str) -> None:
        """Remove a binding; its certificate stays registered with HTTP.sys."""
        self._sites.remove_binding(name, protocol, information)

    def set_binding(self, name: str, number: int, attribute: str, value: str) -> None:
        """Set an attribute of the binding at that place among all of a site."""
        self._sites.set_binding(name, number, attribute, value)

    def site_state(self, name: str) -> str:
        """Return Started, Stopped, or Unknown for a site that the web server does not know."""
        return self.activation.site_state(name)

    def start_site(self, name: str) -> None:
        """Start a site; raises WindowsError as the web server does."""
        self.activation.start_site(name)

    def stop_site(self, name: str) -> None:
        """Stop a site; raises WindowsError as the web server does."""
        self.activation.stop_site(name)

    # Worker processes

    def workers(self) -> list[Worker]:
        """Return the running worker processes, as Microsoft.Web.Administration does.

        Raises:
            WindowsError: WAS does not run, so that nobody can tell; so ``appcmd list wp``.
        """
        if not self.activation.was_runs():
            raise not_started()
        return self.activation.workers()

    def services_changed(self, what: str) -> None:
        """Follow WAS and W3SVC, which ``start`` or ``stop``."""
        (self.activation.services_started if what == "start" else self.activation.services_stopped)()

    def dump(self) -> dict[str, t.Any]:
        """Return the run states as JSON-able data; the rest is in the file."""
        return self.activation.dump()
