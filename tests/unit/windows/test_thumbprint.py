"""A thumbprint as people copy it is the same for each option that takes one."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import wanted_pair
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health.wanted import Wanted as Health
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting.wanted_site import Wanted as Site
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows.thumbprint import cleaned

DIGITS = "0123456789ABCDEF0123456789ABCDEF01234567"
COPIED = {
    "as it is": DIGITS,
    "small letters": DIGITS.lower(),
    "the mark of the Windows dialogue": f"\u200e{DIGITS}",
    "pairs with spaces": " ".join(DIGITS[i : i + 2] for i in range(0, 40, 2)),
    "colons": ":".join(DIGITS[i : i + 2] for i in range(0, 40, 2)),
    "no-break spaces": DIGITS[:20] + "\u00a0" + DIGITS[20:],
}


def of_pair(text):
    spec = wanted_pair.SPEC["options"]
    given = {name: option.get("default") for name, option in spec.items()}
    return wanted_pair.Pair.of(1, given | {"use": "encryption", "source": "store", "thumbprint": text}).thumbprint


def of_site(text):
    binding = {"protocol": "https", "ip": "*", "port": 443, "host_name": "a.contoso.com", "certificate_store": "My"}
    arguments = {
        "name": "A",
        "state": "started",
        "path": "C:\\im",
        "pool": "A",
        "preload": True,
        "force_remove_defaults": False,
    }
    arguments |= {"bindings": [{**binding, "certificate_thumbprint": text}], "remove_defaults": True, "backup_count": 5}
    return Site.of(arguments | {"firewall": "report", "replaces_service": None}).bindings[0].thumbprint


def of_health(text):
    arguments = {"host_name": "a", "address": "127.0.0.1", "port": 443, "scheme": "https", "url_path": "/", "delay": 1}
    arguments |= {"working_directory": "C:\\im", "folders": {}, "identity": {"pool": "A"}, "timeout": 0, "jobs": False}
    arguments |= {"from_controller": False, "warm_up": True, "recycle": False}
    arguments |= {"drain": "ignore", "drain_minutes": 30}
    return Health.of(arguments | {"thumbprint": text}).thumbprint


@pytest.mark.parametrize("copied", COPIED)
@pytest.mark.parametrize("option", [cleaned, of_pair, of_site, of_health])
def test_what_is_copied_with_a_thumbprint_does_not_count(option, copied):
    assert option(COPIED[copied]) == DIGITS
