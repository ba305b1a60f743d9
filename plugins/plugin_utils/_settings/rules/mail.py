# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The product's rules on password reset, and on the mails that it sends."""

from __future__ import annotations

import typing as t

from ..._agent.settings_files import AGENT, GENERAL
from ..tree import get, section
from .rule import AA, Found, Rule, Settings, is_true

SOCKET_OPTIONS = ("None", "Auto", "SslOnConnect", "StartTls", "StartTlsWhenAvailable")
_MAIL = "PasswordResetSettings.MailSettings"


def _place(s: Settings) -> Found:
    found = get(s.agent, "PasswordResetSettings")
    for key in ("File", "Password", "Thumbprint", "DistinguishedName", "StoreLocation", "StoreName"):
        if get(found, key) is not None:
            yield AGENT, f"PasswordResetSettings.{key}", "it there"
    for file, data in s.files():
        if get(data, "MailSettings") is not None:
            yield file, "MailSettings", "it in this file" if file == GENERAL else "it at the root"


def _pair(s: Settings) -> Found:
    found = get(s.agent, "PasswordResetSettings")
    if found and not get(found, "EncryptionCertificate"):
        yield AGENT, "PasswordResetSettings.EncryptionCertificate", "nothing"


def _incomplete(s: Settings) -> Found:
    mail = get(s.agent, "PasswordResetSettings", "MailSettings")
    if isinstance(mail, t.Mapping) and not get(mail, "PickupDirectory"):
        for key in ("FromAddress", "Host"):
            if not get(mail, key):
                yield AGENT, f"{_MAIL}.{key}", "nothing, and no PickupDirectory"
    if is_true(get(mail, "UseSpecifiedPickupDirectory")) and not get(mail, "PickupDirectory"):
        yield AGENT, f"{_MAIL}.PickupDirectory", "nothing, but UseSpecifiedPickupDirectory"
    option = get(mail, "SecureSocketOption")
    if option is not None and str(option).lower() not in {name.lower() for name in SOCKET_OPTIONS}:
        yield AGENT, f"{_MAIL}.SecureSocketOption", f"{option!r}, not one of {', '.join(SOCKET_OPTIONS)}"


def _pickup(s: Settings) -> Found:
    mail = get(s.agent, "PasswordResetSettings", "MailSettings")
    if get(mail, "PickupDirectory") and not is_true(get(mail, "UseSpecifiedPickupDirectory")):
        yield AGENT, f"{_MAIL}.PickupDirectory", "it without UseSpecifiedPickupDirectory true"


def _login(s: Settings) -> Found:
    mail = section(s.agent, "PasswordResetSettings", "MailSettings")
    there = [key for key in ("Username", "Password") if get(mail, key)]
    if len(there) == 1 and not s.vault:
        missing = "Password" if there == ["Username"] else "Username"
        yield AGENT, f"{_MAIL}.{missing}", f"nothing, but {there[0]}"


def _deprecated(s: Settings) -> Found:
    if get(s.agent, "PasswordResetSettings", "MailSettings", "EnableSsl") is not None:
        yield AGENT, f"{_MAIL}.EnableSsl", "it"


def _two_factor(s: Settings) -> Found:
    found = section(s.agent, "PasswordResetSettings", "TwoFactorSettings")
    for key in ("ApplicationUri", "ResetConfirmationUri"):
        if found and not get(found, key):
            yield AGENT, f"PasswordResetSettings.TwoFactorSettings.{key}", "nothing"


RULES = (
    Rule(
        "password-reset-place",
        "error",
        "wanted it one section deeper: PasswordResetSettings.EncryptionCertificate, PasswordResetSettings.MailSettings"
        " of appsettings.agent.json",
        AA,
        _place,
    ),
    Rule(
        "password-reset-pair",
        "warning",
        "wanted the pair of password reset, which this section must have: add an entry with use: password_reset to"
        " im_agent_certificates",
        AA,
        _pair,
    ),
    Rule(
        "mail-incomplete",
        "error",
        "wanted sender and server, or a pickup directory, and a known option",
        AA,
        _incomplete,
    ),
    Rule("mail-pickup", "error", "wanted both, or mails are sent by SMTP", AA, _pickup),
    Rule("mail-login", "warning", "wanted both, or neither where the mail server asks for no logon", AA, _login),
    Rule("deprecated", "warning", "wanted SecureSocketOption, which replaces it", AA, _deprecated),
    Rule(
        "two-factor-incomplete",
        "warning",
        "wanted both addresses: the section needs them, and the link in the mail is made of the second",
        AA,
        _two_factor,
    ),
)
