# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show an access list as a table of rights. Docs: effective_rights.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._windows.effective_rights import table


def effective_rights(
    sddl: t.Any, names: dict[str, str] | None = None, pool: str | None = None
) -> list[dict[str, t.Any]]:
    """Return one row for each account of an access list in SDDL; raises AnsibleFilterError."""
    try:
        return [dataclasses.asdict(row) for row in table(sddl, names or {}, pool)]
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.effective_rights: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"effective_rights": effective_rights}
