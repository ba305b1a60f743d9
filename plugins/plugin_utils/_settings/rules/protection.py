# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on where secrets are kept."""

from __future__ import annotations

import re

from ..._agent.settings_files import CYBERARK, ENCRYPTED_AGENT, ENCRYPTED_GENERAL, GENERAL
from ..protection import UNPROTECTED_SECTION, words
from ..shown import guarded
from ..tree import get
from .given_by import variable
from .rule import AKV, CA, RSA, Found, Rule, Settings, is_true


def _plain_secret(s: Settings) -> Found:
    for file, data in s.plain():
        found = [path for path in guarded(data) if not s.choice.accepts(path)]
        if found:
            places = ", ".join(f"{words(path)} ({variable(s, file, path)})" for path in found)
            yield file, words(found[0]), f"{len(found)} secret{'s' if len(found) > 1 else ''} in clear: {places}"


def _encrypted_ignored(s: Settings) -> Found:
    if not is_true(get(s.general, "EncryptionCertificate", "UseEncryptedAppsettings")):
        for file in s.encrypted:
            yield file, "(the whole file)", "it, but EncryptionCertificate.UseEncryptedAppsettings is not true"


def _encrypted_key(s: Settings) -> Found:
    for name in (ENCRYPTED_GENERAL, ENCRYPTED_AGENT):
        if name in s.encrypted and UNPROTECTED_SECTION in {key.lower() for key in s.general}:
            return
    if s.encrypted:
        yield GENERAL, "EncryptionCertificate", "nothing, though there are encrypted files"


def _vault_address(s: Settings) -> Found:
    vault = get(s.general, "AzureKeyVault")
    if vault is not None and not re.match(r"https://[^/\s]+", str(get(vault, "Vault") or "")):
        found = get(vault, "Vault")
        yield GENERAL, "AzureKeyVault.Vault", repr(found) if found else "nothing"


def _cyberark_incomplete(s: Settings) -> Found:
    section = get(s.general, "CyberArk")
    if is_true(get(section, "UseCyberArkSetting")):
        for key in ("SafeName", "ApplicationId", "Server"):
            if not get(section, key):
                yield GENERAL, f"CyberArk.{key}", "nothing"


def _cyberark_address(s: Settings) -> Found:
    section = get(s.general, "CyberArk")
    server = str(get(section, "Server") or "")
    if is_true(get(section, "UseCyberArkSetting")) and server.lower().startswith("http://"):
        yield GENERAL, "CyberArk.Server", repr(server)


def _mapping_ignored(s: Settings) -> Found:
    if s.mapping and not is_true(get(s.general, "CyberArk", "UseCyberArkSetting")):
        yield CYBERARK, "(the whole file)", "it, but CyberArk.UseCyberArkSetting is not true"


RULES = (
    Rule(
        "plain-secret",
        "warning",
        "wanted them protected (option protection), or accepted by name (option plain_accepted)",
        RSA,
        _plain_secret,
        names_keys=True,
    ),
    Rule(
        "encrypted-ignored",
        "error",
        "wanted UseEncryptedAppsettings true, or no such file: the agent does not read it",
        RSA,
        _encrypted_ignored,
    ),
    Rule("encrypted-key", "error", "wanted the pair that opens them", RSA, _encrypted_key),
    Rule("vault-address", "error", "wanted the vault's https address", AKV, _vault_address),
    Rule("cyberark-incomplete", "error", "wanted it: the agent cannot ask CyberArk", CA, _cyberark_incomplete),
    Rule(
        "cyberark-address",
        "warning",
        "wanted an https address: passwords come back over it",
        CA,
        _cyberark_address,
    ),
    Rule(
        "mapping-ignored",
        "warning",
        "wanted UseCyberArkSetting true in the section CyberArk, or no such file: the agent asks CyberArk for nothing",
        CA,
        _mapping_ignored,
    ),
)
