# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The default site and pool of a fresh IIS: whether they are untouched, and their removal."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.plan import Diff, Operation, Refused
from .._core.probe import Ask, Query
from .._windows import windows_path
from .._windows.iis_config import Configuration, Site

SITE_MODULE, POOL_MODULE = "microsoft.iis.website", "microsoft.iis.web_app_pool"
DEFAULT_SITE, DEFAULT_POOL = "Default Web Site", "DefaultAppPool"
DEFAULT_PATH = "C:\\inetpub\\wwwroot"
OF_SETUP = frozenset({"iisstart.htm", "iisstart.png", "welcome.png"})
"""The files that Windows' setup lays into the default site's folder."""
REMOVAL = (
    Operation(f"remove site {DEFAULT_SITE}", SITE_MODULE, {"name": DEFAULT_SITE, "state": "absent"}),
    Operation(f"remove application pool {DEFAULT_POOL}", POOL_MODULE, {"name": DEFAULT_POOL, "state": "absent"}),
)
"""What is done on a server that has both, untouched: the site first, which frees its port and the pool."""


def question() -> Query:
    """Ask for the files of the default site."""
    return probe.files(DEFAULT_PATH, recurse=True)


def removed(iis: Configuration, ask: Ask, kept_site: str, kept_pool: str, *, force: bool) -> list[Operation]:
    """Return the removal of what is there of both.

    Args:
        iis: what applicationHost.config says.
        ask: gives the files in the default site's folder.
        kept_site: the agent's site, in case it has that name.
        kept_pool: the agent's pool, the same.
        force: remove them also where somebody uses them.

    Raises:
        Refused: somebody has changed one; the message names the change.
    """
    operations = []
    site, pool = iis.site(DEFAULT_SITE), iis.pool(DEFAULT_POOL)
    if site and site.name.lower() != kept_site.lower():
        touched = "" if force else _touched(site, iis, ask)
        if touched:
            raise Refused(
                f"site {DEFAULT_SITE} is not as IIS created it: {touched}. Nothing was removed: move what it serves, or"
                " set remove_defaults to false, or force_remove_defaults to true"
            )
        operations.append(REMOVAL[0])
    if pool and pool.name.lower() != kept_pool.lower():
        users = [name for name in iis.users(pool.name) if name.lower() != DEFAULT_SITE.lower()]
        why = f"it serves {', '.join(users)}" if users else f"it sets {', '.join(sorted(pool.own))}" if pool.own else ""
        if why and not force:
            raise Refused(
                f"application pool {DEFAULT_POOL} is not as IIS created it: {why}. Nothing was removed: set"
                " remove_defaults to false, or force_remove_defaults to true"
            )
        operations.append(REMOVAL[1])
    return operations


def _touched(site: Site, iis: Configuration, ask: Ask) -> str:
    """Return what a site has beside what Windows' setup writes, empty for nothing."""
    if windows_path.expand(site.path).lower() != DEFAULT_PATH.lower():
        return f"its folder is {site.path}"
    if [b.key for b in site.bindings] != ["*:80:"] or site.other_bindings:
        return f"its bindings are {', '.join(b.key for b in site.bindings) or 'none'}"
    if site.applications:
        return f"it has the applications {', '.join(site.applications)}"
    if site.pool.lower() != DEFAULT_POOL.lower():
        return f"its pool is {site.pool}"
    if site.further:
        return "; ".join(site.further)
    if iis.located(site.name):
        return f"applicationHost.config has settings for the location {', '.join(iis.located(site.name))}"
    files = [f["name"] for f in ask(question()) or [] if f["name"].lower() not in OF_SETUP]
    return f"its folder has the files {', '.join(files[:3])}{' and more' if len(files) > 3 else ''}" if files else ""


def diff(operations: t.Sequence[Operation]) -> Diff:
    """Return the diff of a removal."""
    lines = [f"{'site' if o.module == SITE_MODULE else 'application pool'}: {o.arguments['name']}" for o in operations]
    return Diff("IIS defaults", "".join(f"{line}\n" for line in lines), "")
