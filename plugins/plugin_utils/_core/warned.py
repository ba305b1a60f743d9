# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan warns of: a sentence for people, and beside it what code needs to know of it."""

from __future__ import annotations

import enum


class WarningKind(enum.StrEnum):
    """What a warning is about. A value never changes: records of audits hold it."""

    AUTHORITIES_STORE = "authorities-store"
    CERTIFICATE_EXPIRES = "certificate-expires"
    CERTIFICATE_OF_ADDRESS = "certificate-of-address"
    CERTIFICATE_OF_OTHERS = "certificate-of-others"
    CHAIN_MISSING = "chain-missing"
    CONDITIONAL_RIGHTS = "conditional-rights"
    DOTNET_SUPPORT = "dotnet-support"
    ENCRYPTED_DATA = "encrypted-data"
    FILES_OF_VERSIONS = "files-of-versions"
    FORMER_ARCHIVE_UNKNOWN = "former-archive-unknown"
    IIS_RESTARTS = "iis-restarts"
    JOB_RUNS = "job-runs"
    LISTENS_ELSEWHERE = "listens-elsewhere"
    LOGON_POLICY = "logon-policy"
    NOTHING_THERE = "nothing-there"
    NOT_MANAGED = "not-managed"
    NOT_NAMED = "not-named"
    NOT_VERIFIED = "not-verified"
    OVERRIDING_FILE = "overriding-file"
    OVERRIDING_PAGES = "overriding-pages"
    OVERRIDING_VARIABLE = "overriding-variable"
    PASSWORD_ON_COMMAND_LINE = "password-on-command-line"  # noqa: S105  (no password)
    POOL_INHERITS = "pool-inherits"
    PORT_CLOSED = "port-closed"
    PRODUCT_RULE = "product-rule"
    PROXY_PASSWORD_READABLE = "proxy-password-readable"  # noqa: S105  (no password)
    READABLE = "readable"
    REBOOT_PENDING = "reboot-pending"
    RENEWED_EACH_RUN = "renewed-each-run"
    REPLACEABLE = "replaceable"
    RESTART_DUE = "restart-due"
    SHORT_SECRET = "short-secret"  # noqa: S105  (no secret)
    SITE_STAYS_STOPPED = "site-stays-stopped"
    STAYS_STOPPED = "stays-stopped"
    STORE_OF_ACCOUNT = "store-of-account"
    VARIABLE_IGNORED = "variable-ignored"
    WEB_SERVICE_START = "web-service-start"
    WEB_SERVICE_STOPPED = "web-service-stopped"
    WRITABLE = "writable"


class Warned(str):
    """A warning of a plan: its sentence, without secrets.

    Attributes:
        kind: what it is about.
        about: which thing of that kind, such as a path; empty where there is one only.
    """

    __slots__ = ("about", "kind")
    kind: WarningKind
    about: str

    def __new__(cls, text: str, kind: WarningKind, about: str = "") -> Warned:
        """Return a sentence with what it is about."""
        made = super().__new__(cls, text)
        made.kind, made.about = kind, about
        return made

    def __getnewargs__(self) -> tuple[str, WarningKind, str]:  # type: ignore[override]  # str's takes no more than the text
        """Return what a copy is made of."""
        return str(self), self.kind, self.about
