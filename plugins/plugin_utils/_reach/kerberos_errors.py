# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Kerberos says when it fails, on the controller or between it and the domain: causes and remedies.

The texts are those of MIT Kerberos (krb5, lib/krb5/error_tables and kdc_err.et), which all clients pass on.
"""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from .connection import Connection

_NO_SPN = (
    "the domain knows no service {service}/{address}: the server is not in the domain under this name, or its"
    " servicePrincipalName is missing. Use the name by which it is in the domain (an alias or an address does not"
    " work), or set the name that has one: setspn -Q {service}/*"
)
CAUSES: tuple[tuple[str, str, str], ...] = (
    ("spn", r"Server .*not found in Kerberos database|S_PRINCIPAL_UNKNOWN|Server not found", _NO_SPN),
    (
        "clock",
        r"Clock skew too great|KRB_AP_ERR_SKEW|TIME_SKEW",
        "the clocks of the controller and of the domain differ by more than Kerberos allows, five minutes: synchronise"
        " the controller with the domain's time source (chronyc makestep; in a WSL: sudo hwclock --hctosys)",
    ),
    (
        "realm",
        r"Cannot (?:find KDC|contact any KDC|resolve network address for KDC|determine realm)",
        "the controller does not find a domain controller of the account's realm: write the realm in upper case as"
        " user@CONTOSO.COM, look at dig SRV _kerberos._tcp.contoso.com, or name kdc and realm in /etc/krb5.conf"
        " (examples/krb5.conf)",
    ),
    (
        "revoked",
        r"credentials have been revoked|CLIENT_REVOKED",
        "the account is locked, disabled or expired: ask Active Directory (Get-ADUser name -Properties LockedOut,"
        " Enabled, AccountExpirationDate), and unlock it before the next run",
    ),
    (
        "password expired",
        # kinit, which was given the password, asks for a new one, and nobody answers it.
        r"[Pp]assword (?:has )?expired|KEY_EXP|Cannot read password while getting initial credentials",
        "the account's password has expired or must be changed: set a new one, and give it to the inventory's vault",
    ),
    (
        "account",
        r"Client .*not found in Kerberos database|C_PRINCIPAL_UNKNOWN|Client not found",
        "the domain knows no such account: check its name and realm, user@CONTOSO.COM with the realm in upper case",
    ),
    (
        "password",
        r"[Pp]reauthentication failed|Password incorrect|PREAUTH_FAILED|Decrypt integrity check failed while getting",
        "the password is wrong, or the keytab is older than it: correct the vault, or make a new keytab",
    ),
    (
        "ticket",
        r"[Tt]icket (?:expired|not yet valid)|credentials? (?:have|has) expired|TKT_EXPIRED|TKT_NYV|expired credential",
        "the ticket in the controller's cache has expired: kinit again, or let Ansible do it by setting"
        " ansible_password",
    ),
    (
        "no ticket",
        r"No (?:Kerberos )?credentials|No credentials cache|Can't find client principal|Credential cache is empty"
        r"|Key table file .*not found|No key table entry",
        "there is no ticket on the controller and no password in the inventory: kinit {user}, or set ansible_password;"
        " in a container KRB5CCNAME must name a file that is mounted there",
    ),
    (
        "service key",
        r"Wrong principal in request|AP_ERR_MODIFIED|Decrypt integrity check failed|MODIFIED",
        "the ticket is for another account than the one that answers: the service name {service}/{address} is set at"
        " another account, or the name leads to another server. Look at setspn -Q {service}/{address} and at DNS",
    ),
)


def of(text: str, way: Connection) -> tuple[str, str] | None:
    """Return the kind of a failure and a sentence with cause and remedy; None for what is no failure of Kerberos."""
    for kind, pattern, sentence in CAUSES:
        if re.search(pattern, text):
            return kind, sentence.format(
                service=way.service, address=way.named or way.address, user=way.user or "user@CONTOSO.COM"
            )
    return None
