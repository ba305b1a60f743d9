# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
r"""What follows from an account's name: its form, whether it has a password, its SID where that follows from it.

Everything that takes an account asks here: the inventory, the pool, the service, the rights on folders and keys.
Accounts of Windows' own have names in the server's language; learn.microsoft.com "Configure Windows service accounts
and permissions" (SQL Server) has the table of localized names that is below. Their SIDs are the same everywhere.
"""

from __future__ import annotations

import dataclasses
import enum

from . import sddl

SERVICE_PREFIX, POOL_PREFIX = "NT SERVICE\\", "IIS APPPOOL\\"
LOCAL_SYSTEM, LOCAL_SERVICE, NETWORK_SERVICE = "S-1-5-18", "S-1-5-19", "S-1-5-20"
_WELL_KNOWN = {
    LOCAL_SYSTEM: (
        *("LocalSystem", "SYSTEM", ".\\LocalSystem", "NT AUTHORITY\\SYSTEM", "NT AUTHORITY\\LocalSystem"),
        *("NT-AUTORITÄT\\SYSTEM", "AUTORITE NT\\SYSTEM", "AUTORITE NT\\SYSTÈME", "NT AUTHORITY\\СИСТЕМА"),
    ),
    LOCAL_SERVICE: (
        *("LocalService", "LOCAL SERVICE", "NT AUTHORITY\\LocalService", "NT AUTHORITY\\LOCAL SERVICE"),
        *("NT-AUTORITÄT\\LOKALER DIENST", "AUTORITE NT\\SERVICE LOCAL", "NT AUTHORITY\\SERVIZIO LOCALE"),
        *("NT AUTHORITY\\SERVICIO LOC",),
    ),
    NETWORK_SERVICE: (
        *("NetworkService", "NETWORK SERVICE", "NT AUTHORITY\\NetworkService", "NT AUTHORITY\\NETWORK SERVICE"),
        *("NT-AUTORITÄT\\NETZWERKDIENST", "AUTORITE NT\\SERVICE RÉSEAU", "NT AUTHORITY\\SERVIZIO DI RETE"),
        *("NT AUTHORITY\\SERVICIO DE RED",),
    ),
}
_SID_OF = {name.casefold(): sid for sid, names in _WELL_KNOWN.items() for name in names}


class Form(enum.Enum):
    r"""The forms of an account's name.

    ``.\user``, ``DOMAIN\user``, ``user@domain`` and a name alone are accounts with a password. A group managed service
    account, ``DOMAIN\name$`` or ``name$@domain``, has one that Windows manages. The virtual accounts
    ``NT SERVICE\name`` and ``IIS APPPOOL\name``, and those of Windows' own, have none.
    """

    LOCAL = "local"
    DOMAIN = "domain"
    PRINCIPAL = "user principal name"
    PLAIN = "name alone"
    MANAGED = "gMSA"
    SERVICE = "virtual account of a service"
    POOL = "virtual account of an application pool"
    WINDOWS = "account of Windows"
    SID = "SID"


_WITH_PASSWORD = frozenset({Form.LOCAL, Form.DOMAIN, Form.PRINCIPAL, Form.PLAIN, Form.SID})
_NOT_FOR_POOL = {
    Form.SERVICE: "is the virtual account of a service",
    Form.POOL: "is the own identity of an application pool, which needs no name",
    Form.WINDOWS: "is an account of Windows, which needs no name",
    Form.SID: "is a SID",
}


@dataclasses.dataclass(frozen=True)
class AccountName:
    """An account's name.

    Attributes:
        text: the name as it is given.
        form: what it is.
        owner: the service or pool that a virtual account belongs to; empty for others, and where a SID was given.
        sid: its SID where it follows from the name; empty where the server has to be asked.
    """

    text: str
    form: Form
    owner: str = ""
    sid: str = ""

    @property
    def has_password(self) -> bool:
        """Tell whether somebody has to know its password."""
        return self.form in _WITH_PASSWORD

    def password_problem(self, password: str) -> tuple[str, str] | None:
        """Return what was found and what was wanted where a password is missing, or one too many."""
        if self.has_password and not password:
            return "nothing", (
                f"the password of {self.text}; only a gMSA (DOMAIN\\name$ or name$@domain), a virtual account and an"
                " account of Windows (NT AUTHORITY\\LOCAL SERVICE, or S-1-5-19 in any language) have none"
            )
        if password and not self.has_password:
            return "a password", f"none for {self.text}, which takes no password: omit it"
        return None

    def pool_problem(self) -> str:
        """Return why an application pool cannot run as it by name; empty when it can."""
        return _NOT_FOR_POOL.get(self.form, "")

    def service_problem(self) -> str:
        """Return why a service cannot run as it; empty when it can."""
        return "is the identity of an application pool" if self.form is Form.POOL else ""


def of(text: str) -> AccountName:
    """Return what follows from a name."""
    well_known = _SID_OF.get(text.casefold())
    if well_known:
        return AccountName(text, Form.WINDOWS, sid=well_known)
    if text.upper().startswith("S-1-"):
        return AccountName(text, _form_of_sid(text), sid=text.upper())
    for form, prefix, sid in (
        (Form.SERVICE, SERVICE_PREFIX, sddl.service_sid),
        (Form.POOL, POOL_PREFIX, sddl.pool_sid),
    ):
        if text.upper().startswith(prefix):
            owner = text[len(prefix) :]
            return AccountName(text, form, owner, sid(owner))
    return AccountName(text, _form_of_account(text))


def of_service(name: str) -> str:
    r"""Return the virtual account that Windows has for a service of this name: ``NT SERVICE\name``."""
    return SERVICE_PREFIX + name


def of_pool(name: str) -> str:
    r"""Return the identity that Windows has for an application pool of this name: ``IIS APPPOOL\name``."""
    return POOL_PREFIX + name


def _form_of_sid(sid: str) -> Form:
    if sid in _WELL_KNOWN:
        return Form.WINDOWS
    if sid.upper().startswith("S-1-5-80-"):
        return Form.SERVICE
    return Form.POOL if sid.upper().startswith("S-1-5-82-") else Form.SID


def _form_of_account(text: str) -> Form:
    domain, backslash, user = text.rpartition("\\")
    if not backslash and "@" in text:
        user, domain = text.split("@", 1)
        return Form.MANAGED if user.endswith("$") else Form.PRINCIPAL
    if user.endswith("$"):
        return Form.MANAGED
    if not backslash:
        return Form.PLAIN
    return Form.LOCAL if domain == "." else Form.DOMAIN
