# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on the sections that name a certificate."""

from __future__ import annotations

import re
import typing as t

from ..._agent.pair_keys import PLAIN, X509
from ..._agent.settings_files import AGENT, GENERAL, OPAQUE
from ..._core.plan import MADE_EARLIER
from ..tree import get, section
from .rule import AA, A, Found, Rule, Settings, Values, is_placeholder

_THUMBPRINT = re.compile("[0-9A-Fa-f]{40}")
NO_THUMBPRINT = MADE_EARLIER
"""What stands for the thumbprint of a pair that check mode only predicts."""
_SECTIONS = (
    # File, section, its keys, and whether it has to be there.
    (GENERAL, "EncryptionCertificate", PLAIN, True),
    (GENERAL, "IdentityServer", X509, True),
    (GENERAL, "CyberArk", PLAIN, False),
    (AGENT, "PasswordResetSettings.EncryptionCertificate", PLAIN, False),
)


def _sections(s: Settings) -> t.Iterator[tuple[str, str, tuple[str, ...], Values]]:
    """Yield file, name, keys and content of the sections that name a certificate."""
    for file, name, keys, needed in _SECTIONS:
        found = section(s.of(file), *name.split("."))
        if needed or any(get(found, key) for key in keys):
            yield file, name, keys, found


def _pair_incomplete(s: Settings) -> Found:
    for file, name, keys, found in _sections(s):
        pfx, thumbprint, subject, location, store = (get(found, key) for key in keys)
        vault = name == "EncryptionCertificate" and get(found, "CertificateAzureKeyVault")
        if not (pfx or vault or ((thumbprint or subject) and location and store)):
            yield file, name, "an incomplete section" if found else "nothing"


def _store_location(s: Settings) -> Found:
    for file, name, keys, found in _sections(s):
        location = get(found, keys[3])
        if not location or location == OPAQUE or is_placeholder(location):
            continue
        if str(location).lower() not in {"localmachine", "currentuser"}:
            yield file, f"{name}.{keys[3]}", repr(location)


def _thumbprint(s: Settings) -> Found:
    for file, name, keys, found in _sections(s):
        thumbprint = str(get(found, keys[1]) or "")
        if not thumbprint or thumbprint in {OPAQUE, NO_THUMBPRINT} or is_placeholder(thumbprint):
            continue
        if not _THUMBPRINT.fullmatch(thumbprint):
            yield file, f"{name}.{keys[1]}", ascii(thumbprint)


def _wrong_password_key(s: Settings) -> Found:
    if get(s.general, "EncryptionCertificate", "X509KeyFilePassword") is not None:
        yield GENERAL, "EncryptionCertificate.X509KeyFilePassword", "it under EncryptionCertificate"


def _two_certificates(s: Settings) -> Found:
    for file, name, keys, found in _sections(s):
        if get(found, keys[0]) and any(get(found, key) for key in keys[1:3]):
            yield file, f"{name}.{keys[0]}", "a file and a certificate of a store"


def _sample_certificate(s: Settings) -> Found:
    for file, name, keys, found in _sections(s):
        path = str(get(found, keys[0]) or "").replace("/", "\\").lower()
        if path.startswith(("..\\sdk", ".\\sdk", "c:\\identitymanagerdemo")) or "\\sdk\\" in path:
            yield file, f"{name}.{keys[0]}", repr(get(found, keys[0]))


def _file_encryption_off(s: Settings) -> Found:
    if str(get(s.general, "EncryptionCertificate", "EncryptFile")).lower() == "false":
        yield GENERAL, "EncryptionCertificate.EncryptFile", "false"


RULES = (
    Rule(
        "pair-incomplete",
        "error",
        "wanted a file, or thumbprint or subject with store location and store name: the agent loads no certificate",
        A,
        _pair_incomplete,
    ),
    Rule("store-location", "error", "wanted LocalMachine or CurrentUser", A, _store_location),
    Rule(
        "thumbprint",
        "error",
        "wanted 40 hexadecimal digits and nothing else: spaces, and the invisible character that the certificate"
        " manager's window puts in front, make the agent find no certificate",
        A,
        _thumbprint,
    ),
    Rule(
        "password-key",
        "error",
        "wanted Password there; X509KeyFilePassword belongs to IdentityServer",
        A,
        _wrong_password_key,
    ),
    Rule("two-certificates", "warning", "wanted one: the file wins and the store is ignored", A, _two_certificates),
    Rule(
        "sample-certificate",
        "error",
        "wanted a pair of your own: the agent refuses to start with the sample of the SDK",
        AA,
        _sample_certificate,
    ),
    Rule(
        "file-encryption-off",
        "warning",
        "wanted true: false is for the time of the first installation only, jobs then leave files in clear",
        A,
        _file_encryption_off,
    ),
)
