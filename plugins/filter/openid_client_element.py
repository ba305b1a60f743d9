# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write the element that declares an OpenID client. Docs: openid_client_element.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._inventory import vendor_xml


def openid_client_element(
    identifier: t.Any, secret: t.Any, profile: t.Any, display_name: t.Any = None, expiration_date: t.Any = None
) -> str:
    """Return the element that declares an OpenID client to the server, its secret hashed; raises AnsibleFilterError."""
    try:
        return vendor_xml.openid_client(identifier, secret, profile, display_name, expiration_date)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.openid_client_element: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"openid_client_element": openid_client_element}
