# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names that IIS refuses for application pools and sites: SiteCollection.InvalidSiteNameCharacters and
ApplicationPoolCollection.InvalidApplicationPoolNameCharacters of Microsoft.Web.Administration.
"""

from __future__ import annotations

from .._core.plan import Refused

# Belief [iis-names]: IIS refuses these characters and longer names; Microsoft.Web.Administration, see above, and the
# limit of 64 characters of IIS Manager for a pool.
_NOT_IN_POOLS = frozenset('|<>&"/[]+=;:,?*@\\')
_NOT_IN_SITES = frozenset('/\\?;:@&=+$,|"<>*')
_LONGEST_POOL = 64
"""IIS_schema.xml: validationType="applicationPoolName"."""


def check_pool(name: str) -> None:
    """Raise Refused for a name that IIS refuses for an application pool."""
    if not 0 < len(name) <= _LONGEST_POOL:
        raise Refused(f"name: found {name!r} with {len(name)} characters, wanted 1 to {_LONGEST_POOL} for a pool")
    _check(name, _NOT_IN_POOLS, "an application pool")


def check_site(name: str) -> None:
    """Raise Refused for a name that IIS refuses for a site."""
    if not name:
        raise Refused("name: found nothing, wanted the site's name")
    _check(name, _NOT_IN_SITES, "a site")


def _check(name: str, forbidden: frozenset[str], what: str) -> None:
    found = "".join(sorted(set(name) & forbidden))
    if found:
        raise Refused(
            f"name: found {name!r} with {found}, wanted a name of {what} that IIS takes, without any of"
            f" {''.join(sorted(forbidden))}: choose another name"
        )
