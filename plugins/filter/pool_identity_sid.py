# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compute the SID of an application pool's own identity. Docs: pool_identity_sid.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._windows import pool_identity


def pool_identity_sid(pool: t.Any) -> str:
    """Return the SID of the identity of a pool; raises AnsibleFilterError."""
    try:
        return pool_identity.sid(pool)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.pool_identity_sid: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"pool_identity_sid": pool_identity_sid}
