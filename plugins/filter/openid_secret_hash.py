# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hash the secret of an OpenID client. Docs: openid_secret_hash.yml."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._core.plan import Refused
from ..plugin_utils._inventory import vendor_xml


def openid_secret_hash(secret: t.Any) -> str:
    """Return the hash that the server keeps of a client's secret; raises AnsibleFilterError."""
    try:
        return vendor_xml.hashed_secret(secret)
    except Refused as error:
        raise AnsibleFilterError(f"imops.identity_manager.openid_secret_hash: {error}") from None


class FilterModule:
    """The class by which Ansible finds the filter of this file."""

    def filters(self) -> dict[str, t.Callable[..., t.Any]]:
        """Return the filter by its name."""
        return {"openid_secret_hash": openid_secret_hash}
