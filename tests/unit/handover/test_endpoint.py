"""Hosts and ports in all forms that settings and variables have, and nothing else of them."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover import endpoint
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover.endpoint import Endpoint

CANARY = "canary-endpoint-7d"


@pytest.mark.parametrize(
    ("text", "usual", "expected"),
    [
        ("https://im.contoso.com", 0, Endpoint("im.contoso.com", 443)),
        ("https://im.contoso.com:8443/a?b", 443, Endpoint("im.contoso.com", 8443)),
        ("http://exchange.contoso.com/PowerShell", 0, Endpoint("exchange.contoso.com", 80)),
        ("ldaps://dc.contoso.com", 389, Endpoint("dc.contoso.com", 636)),
        ("dc.contoso.com", 389, Endpoint("dc.contoso.com", 389)),
        ("dc.contoso.com:3269", 389, Endpoint("dc.contoso.com", 3269)),
        ("10.0.0.7", 0, Endpoint("10.0.0.7", 0)),
        ("[2001:db8::7]:636", 0, Endpoint("2001:db8::7", 636)),
        ("proxy:3128", 0, Endpoint("proxy", 3128)),
        (r"\\files\share\agent.zip", 0, Endpoint("files", 445)),
        (r"C:\install\agent.zip", 0, None),
        (r"\\?\C:\install", 0, None),
        ("a b", 0, None),
        ("https://", 0, None),
        ("im.contoso.com:port", 0, None),
        ("im.contoso.com:99999", 0, None),
        ("", 0, None),
    ],
)
def test_an_address_is_a_host_and_a_port(text, usual, expected):
    assert endpoint.of(text, usual) == expected


@pytest.mark.parametrize(
    "text",
    [
        f"http://svc:{CANARY}@proxy.contoso.com:3128",
        f"svc:{CANARY}@proxy.contoso.com:3128",
        f"https://{CANARY}@api.contoso.com",
        f"https://api.contoso.com/{CANARY}?token={CANARY}#{CANARY}",
        f"Server=x;Pwd={CANARY}",
        f"\\\\files\\{CANARY}",
    ],
)
def test_users_passwords_paths_and_queries_are_left_out(text):
    assert CANARY not in str(endpoint.of(text))
