"""Records of audits, made up."""

from __future__ import annotations

import typing as t

from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit.catalogue import RULES
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
PUBLIC = (
    KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "]]></failure><!--",
    "javascript:alert(1)",
    "\x00\x08\x1b\ud800 end",
    "=cmd|' /C calc'!A0",
    "</style></title><b>",
)
"""Values that a server may have so as to be more than a text somewhere."""
RULE, OTHER = "pool.as-wanted", "look.time-skew"


def finding(rule: str = RULE, state: str = "fail", **more: str) -> dict[str, t.Any]:
    return {"rule": rule, "state": state, **more}


def record(*findings: dict[str, t.Any], server: str = "paris", day: int = 1, **more: t.Any) -> dict[str, t.Any]:
    return {
        "schema": 1,
        "collection": {"name": "imops.identity_manager", "version": "1.1.0"},
        "server": server,
        "time": f"2027-01-{day:02}T10:00:00Z",
        "operator": "Jane Doe",
        "inventory": "",
        "findings": list(findings),
        **more,
    }


def fleet(number: int) -> t.Iterator[dict[str, t.Any]]:
    """Yield the records of so many servers: 150 findings each, 12 of them not passed."""
    rules = list(RULES)
    for one in range(number):
        found = [
            finding(
                rules[n % len(rules)],
                "fail" if n < 12 else "pass",
                about=f"C:\\identitymanagerContoso\\Runtime\\appsettings.json: Key{n}",
                expected="x" * 60,
                actual="y" * 60 if n < 12 else "",
            )
            for n in range(150)
        ]
        yield record(*found, server=f"server-{one:04}.contoso.com")
