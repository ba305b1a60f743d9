# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Put fragments of the agent's settings together. Docs: merged_settings.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._settings import merged


def merged_settings(fragments: t.Any, environment: str = "Production") -> dict[str, t.Any]:
    """Return the settings that the agent sees, of fragments by file name; raises AnsibleFilterError."""
    try:
        return merged.merged(fragments, environment)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.merged_settings: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"merged_settings": merged_settings}
