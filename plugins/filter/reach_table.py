# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Show how servers were reached as one table. Docs: reach_table.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.value_kind import kind
from ..plugin_utils._reach import table


def reach_table(results: t.Any) -> list[str]:
    """Return the lines of a table; raises AnsibleFilterError."""
    wrong = [results] if not isinstance(results, dict) else [v for v in results.values() if not isinstance(v, dict)]
    if wrong:
        where = "" if not isinstance(results, dict) else f"{next(n for n, v in results.items() if v is wrong[0])}: "
        raise AnsibleFilterError(
            f"imops.identity_manager.reach_table: {where}found {kind(wrong[0])}, wanted results of win_im_ping by the"
            " server's name"
        )
    return table.lines(results)


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"reach_table": reach_table}
