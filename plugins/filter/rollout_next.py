# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Return what the next plays of a rollout do. Docs: rollout_next.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._fleet import handed_on


def rollout_next(variables: t.Mapping[str, t.Any], servers: t.Iterable[str]) -> dict[str, t.Any]:
    """Return what the step ``wave`` of the rollout handed on; raises AnsibleFilterError."""
    if not isinstance(variables, t.Mapping):
        raise AnsibleFilterError("imops.identity_manager.rollout_next: found no dictionary, wanted hostvars")
    return handed_on.found(variables, servers)


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"rollout_next": rollout_next}
