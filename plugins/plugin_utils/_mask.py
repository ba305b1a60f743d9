# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which settings are secrets, and how they are shown: `********`, a changed one as changed."""

from __future__ import annotations

import typing as t

MASK, CHANGED = "********", "******** (changed)"
SECRET_KEYS = frozenset(
    key.lower()
    for key in (
        # The vendor's connector pages, appsettings pages and Azure Key Vault page.
        "Password",
        "X509KeyFilePassword",
        "AsePassword",
        "BapiPassword",
        "ApplicationKey",
        "ConnectionString",
        "ClientSecret",
        "OAuthToken",
        "BearerToken",
        "ApiKey",
        "AppKey",
        "License",
        "InstrumentationKey",
        "Token",
        "Secret",
        "Passphrase",
    )
)
SECRET_SECTIONS = frozenset({"openidclients", "databases"})
"""Sections whose every value is a secret."""


def is_secret_key(key: str) -> bool:
    """Tell whether a setting, or a variable, of this name is a secret."""
    lowered = str(key).lower().replace("_", "")  # YAML has keys that are no texts
    return lowered in SECRET_KEYS or lowered.endswith(("password", "secret"))


def is_secret_section(key: str) -> bool:
    """Tell whether every value below a setting, or a variable, of this name is a secret."""
    return str(key).lower().replace("_", "") in SECRET_SECTIONS


def masked(data: t.Any, before: t.Any = None, *, secret: bool = False) -> t.Any:
    """Return settings with secrets masked.

    Args:
        data: plain settings.
        before: what they were; a secret that differs from it is shown as changed. None: nothing to compare with.
        secret: whether all of ``data`` is secret.
    """
    if isinstance(data, dict):
        old = {key.lower(): value for key, value in before.items()} if isinstance(before, dict) else {}
        return {
            key: masked(value, old.get(key.lower()), secret=secret or is_secret_key(key) or is_secret_section(key))
            for key, value in data.items()
        }
    if isinstance(data, list):
        old_items = before if isinstance(before, list) else []
        return [masked(v, old_items[i] if i < len(old_items) else None, secret=secret) for i, v in enumerate(data)]
    if not secret or data is None or data == "":
        return data
    return CHANGED if before is not None and before != data else MASK


def secrets(data: t.Any, *, secret: bool = False) -> frozenset[str]:
    """Return the texts of all secrets in settings."""
    if isinstance(data, dict):
        return frozenset().union(
            *(secrets(v, secret=secret or is_secret_key(k) or is_secret_section(k)) for k, v in data.items())
        )
    if isinstance(data, list):
        return frozenset().union(*(secrets(value, secret=secret) for value in data))
    return frozenset({data}) if secret and isinstance(data, str) and data else frozenset()
