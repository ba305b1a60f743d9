# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The keys of secrets, and how a value that is not shown stands in texts: `********`, a changed one as changed."""

from __future__ import annotations

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


def is_secret_key(key: str) -> bool:
    """Tell whether a setting, or a variable, of this name is a secret."""
    lowered = str(key).lower().replace("_", "")  # YAML has keys that are not strings
    return lowered in SECRET_KEYS or lowered.endswith(("password", "secret"))
