# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Mask the secrets in settings. Docs: masked_settings.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.value_kind import kind
from ..plugin_utils._settings.shown import Shown


def masked_settings(settings: t.Any, before: t.Any = None) -> t.Any:
    """Return settings with everything masked that is not known as harmless; raises AnsibleFilterError."""
    for name, value in (("the settings", settings), ("before", before)):
        if not isinstance(value, dict) and (value is not None or name != "before"):
            raise AnsibleFilterError(
                f"imops.identity_manager.masked_settings: {name}: found {kind(value)}, wanted a dictionary:"
                " which values may be shown follows from their places"
            )
    return Shown().knowing(settings, before or {}).masked(settings, before)


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"masked_settings": masked_settings}
