# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The own identity of an application pool, from the pool's name alone: no server is asked."""

from __future__ import annotations

import typing as t

from .._core.plan import Refused
from . import account_name, sddl


def name(pool: t.Any) -> str:
    """Return the name by which Windows knows a pool's own identity; raises Refused."""
    return account_name.of_pool(_checked(pool))


def sid(pool: t.Any) -> str:
    """Return the SID of a pool's own identity, the same before the pool exists; raises Refused."""
    return sddl.pool_sid(_checked(pool))


def groups(pool: t.Any) -> frozenset[str]:
    """Return the SIDs that a worker process of the pool carries; raises Refused."""
    _checked(pool)
    return sddl.pool_groups(pool)


def _checked(pool: t.Any) -> str:
    if not isinstance(pool, str) or not pool.strip() or "\\" in pool:
        raise Refused(
            f"found {pool!r}, wanted the name of an application pool as IIS shows it, without 'IIS APPPOOL\\' in front"
        )
    return pool
