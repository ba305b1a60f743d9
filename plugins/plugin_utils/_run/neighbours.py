# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The inventory hosts that are agents of one and the same server."""

from __future__ import annotations

import typing as t


def of(name: str, task_vars: t.Mapping[str, t.Any]) -> list[str]:
    """Return the other inventory hosts that are reached at the same address as one.

    The whole inventory counts, not the play's hosts alone, since the other agent may be in a run of its own.

    Args:
        name: the inventory host.
        task_vars: its variables, with ``hostvars`` of all hosts.
    """
    hosts: t.Mapping[str, t.Any] = task_vars.get("hostvars") or {}
    address = _address(name, hosts.get(name, task_vars))  # a task's own variables may be templates
    return [other for other in hosts if other != name and _address(other, hosts[other]) == address]


def _address(name: str, variables: t.Mapping[str, t.Any]) -> str:
    """Return where a host is reached, in the form that equal names of DNS have in common."""
    return str(variables.get("ansible_host") or name).rstrip(".").lower()
