# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The default site and pool of a fresh IIS: whether they are untouched, and their removal."""

from __future__ import annotations

import typing as t

from . import _windows_path
from ._iis_config import Configuration, Site
from ._plan import Diff, Operation, Refused

SITE_MODULE, POOL_MODULE = "microsoft.iis.website", "microsoft.iis.web_app_pool"
DEFAULT_SITE, DEFAULT_POOL = "Default Web Site", "DefaultAppPool"
DEFAULT_PATH = "C:\\inetpub\\wwwroot"
REMOVAL = (
    Operation(f"remove site {DEFAULT_SITE}", SITE_MODULE, {"name": DEFAULT_SITE, "state": "absent"}),
    Operation(f"remove application pool {DEFAULT_POOL}", POOL_MODULE, {"name": DEFAULT_POOL, "state": "absent"}),
)
"""What is done on a server that has both, untouched: the site first, which frees its port and the pool."""


def removed(iis: Configuration, kept_site: str, kept_pool: str, *, force: bool) -> list[Operation]:
    """Return the removal of what is there of both.

    Args:
        iis: what applicationHost.config says.
        kept_site: the agent's site, in case it has that name.
        kept_pool: the agent's pool, the same.
        force: remove them also where somebody uses them.

    Raises:
        Refused: somebody has changed one; the message says what.
    """
    operations = []
    site, pool = iis.site(DEFAULT_SITE), iis.pool(DEFAULT_POOL)
    if site and site.name.lower() != kept_site.lower():
        touched = _touched(site)
        if touched and not force:
            raise Refused(
                f"site {DEFAULT_SITE} is not as IIS made it: {touched}. Nothing was removed: move what it serves, or"
                " set remove_defaults to false, or force_remove_defaults to true"
            )
        operations.append(REMOVAL[0])
    if pool and pool.name.lower() != kept_pool.lower():
        users = [
            s.name for s in iis.sites if s.pool.lower() == pool.name.lower() and s.name.lower() != DEFAULT_SITE.lower()
        ]
        why = f"it serves {', '.join(users)}" if users else f"it sets {', '.join(sorted(pool.own))}" if pool.own else ""
        if why and not force:
            raise Refused(
                f"application pool {DEFAULT_POOL} is not as IIS made it: {why}. Nothing was removed: set"
                " remove_defaults to false, or force_remove_defaults to true"
            )
        operations.append(REMOVAL[1])
    return operations


def _touched(site: Site) -> str:
    if _windows_path.expand(site.path).lower() != DEFAULT_PATH.lower():
        return f"its folder is {site.path}"
    if [b.key for b in site.bindings] != ["*:80:"] or site.other_bindings:
        return f"its bindings are {', '.join(b.key for b in site.bindings) or 'none'}"
    if site.applications:
        return f"it has the applications {', '.join(site.applications)}"
    return "" if site.pool.lower() == DEFAULT_POOL.lower() else f"its pool is {site.pool}"


def diff(operations: t.Sequence[Operation]) -> Diff:
    """Return the diff of a removal."""
    lines = [f"{'site' if o.module == SITE_MODULE else 'application pool'}: {o.arguments['name']}" for o in operations]
    return Diff("IIS defaults", "".join(f"{line}\n" for line in lines), "")
