# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the element that places a connector on an agent. Docs: connector_element.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._inventory import vendor_xml


def connector_element(identifier: t.Any, agent: t.Any, display_name: t.Any = None) -> str:
    """Return the element that places a connector's tasks on an agent; raises AnsibleFilterError."""
    try:
        return vendor_xml.connector(identifier, agent, display_name)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.connector_element: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"connector_element": connector_element}
