# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the element that declares an agent. Docs: agent_element.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._inventory import vendor_xml


def agent_element(identifier: t.Any, display_name: t.Any = None, uri: t.Any = None) -> str:
    """Return the element that declares an agent to the server; raises AnsibleFilterError."""
    try:
        return vendor_xml.agent(identifier, display_name, uri)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.agent_element: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"agent_element": agent_element}
