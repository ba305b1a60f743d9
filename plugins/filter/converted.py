# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Convert a value as Ansible converts a module's option. Docs: converted.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._run import conversion

TYPES = ("dict", "list")


def converted(value: t.Any, kind: t.Any = "dict") -> t.Any:
    """Return a dictionary or list that may be given as text; raises AnsibleFilterError."""
    if kind not in TYPES:
        raise AnsibleFilterError(
            f"imops.identity_manager.converted: found the type {kind!r}, wanted one of {', '.join(TYPES)}"
        )
    if value is None:
        return {} if kind == "dict" else []
    found, fits = conversion.converted(value, kind)
    if not fits:
        raise AnsibleFilterError(f"imops.identity_manager.converted: found no {kind}, wanted one, or its JSON as text")
    return found


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"converted": converted}
