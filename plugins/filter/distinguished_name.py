# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write a distinguished name. Docs: distinguished_name.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._windows.distinguished_name import formatted


def distinguished_name(parts: t.Any) -> str:
    """Return the text of a distinguished name, escaped; raises AnsibleFilterError."""
    try:
        return formatted(parts)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.distinguished_name: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"distinguished_name": distinguished_name}
