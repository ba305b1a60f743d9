# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a server was not reached, told apart as far as the controller can, and what to do."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import kerberos_errors, session_errors
from .connection import Connection
from .trial import Trial

MOST_SHOWN = 300
"""Characters of a client's own words."""
OFFERED_AS = {
    "basic": {"basic"},
    "ntlm": {"negotiate", "ntlm"},
    "negotiate": {"negotiate", "ntlm", "kerberos"},
    "kerberos": {"kerberos", "negotiate"},
    "credssp": {"credssp"},
    "certificate": set(),
}
"""The words of a listener's 401 under which an authentication can be used; a certificate is asked for in TLS."""


@dataclasses.dataclass(frozen=True)
class Cause:
    """Why.

    Attributes:
        kind: a word for it, which the table shows.
        sentence: cause and remedy.
    """

    kind: str
    sentence: str


def cause(way: Connection, error: str, trial: Trial) -> Cause:
    """Return the likely cause.

    Args:
        way: how it was tried.
        error: what the connection plugin said, without secrets.
        trial: what the controller saw by itself.
    """
    if not way.known:
        return Cause(
            "connection", f"the connection is {way.plugin!r}, and only psrp and winrm are told apart: {_short(error)}"
        )
    for look in (_library, _kerberos, _name, _proxy, _port, _tls, _other_service, _authentication, _rights, _session):
        found = look(way, error, trial)
        if found:
            return Cause(*found)
    return Cause(
        "unknown", f"port {way.port} answers, and then: {_short(error)}. Try with -vvvv, and see docs/connections.md"
    )


Found = tuple[str, str] | None


def _short(error: str) -> str:
    text = " ".join(error.split())
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"


def _library(way: Connection, error: str, trial: Trial) -> Found:
    del trial
    if re.search(
        r"not installed|[Nn]o module named|does not support transport|requires? .*(?:pip|library|package)", error
    ):
        return "package", (
            f"the controller lacks a Python package for {way.plugin} with {way.way} ({_short(error)}): pip install -r"
            " meta/ee-requirements.txt into the Python that runs Ansible, docs/install.md"
        )
    if re.search(r"kinit.*No such file|calling kinit", error):
        return "package", "the controller has no kinit: install krb5-user (Debian) or krb5-workstation (RHEL)"
    return None


def _kerberos(way: Connection, error: str, trial: Trial) -> Found:
    del trial
    return kerberos_errors.of(error, way) if way.authentication in ("kerberos", "negotiate", "credssp") else None


def _name(way: Connection, error: str, trial: Trial) -> Found:
    del error
    if trial.addresses:
        return None
    return "name", (
        f"the controller does not know the name {way.address}: correct the inventory's name, set ansible_host, or"
        " repair the controller's DNS (a short name needs a search domain)"
    )


def _proxy(way: Connection, error: str, trial: Trial) -> Found:
    named = ", ".join(trial.proxies)
    between = "via" in trial.headers or "x-squid-error" in trial.headers or trial.status == 407
    if re.search(r"ProxyError|Tunnel connection failed|proxy", error, re.IGNORECASE) or between:
        by = f" ({named} of the controller's environment)" if named else ""
        return "proxy", (
            f"a proxy is between controller and server{by}: WinRM's logon belongs to one TCP connection, which proxies"
            f" break. Add {way.address} to NO_PROXY, or set ansible_psrp_ignore_proxy: true (psrp)"
        )
    return None


def _port(way: Connection, error: str, trial: Trial) -> Found:
    del error
    here = f"{way.address} port {way.port}"
    if trial.port == "refused":
        if trial.other:
            scheme = "https" if trial.other == 5986 else "http"
            return "port", (
                f"nothing listens on {here}, but port {trial.other} is open: set ansible_port: {trial.other}"
                f" ({scheme}), or add a listener (winrm quickconfig -transport:https) with a certificate"
            )
        return "listener", (
            f"nothing listens on {here}: switch WinRM on (Enable-PSRemoting -Force), or correct the port. winrm"
            " enumerate winrm/config/listener on the server shows its listeners"
        )
    if trial.port in ("silent", "no way"):
        tail = f"; port {trial.other} answers, so the firewall lets only that through" if trial.other else ""
        return "firewall", (
            f"no answer from {here}: a firewall drops it, the server is off, or the address"
            f" ({', '.join(trial.addresses)}) is another's{tail}. Open the port in the server's firewall (Windows"
            " Remote Management) and in the network's"
        )
    if trial.port == "broken off":
        return "firewall", f"{here} takes the connection and breaks it off: a firewall or load balancer is between"
    return None


def _tls(way: Connection, error: str, trial: Trial) -> Found:
    if way.scheme == "https" and trial.no_tls:
        return "scheme", (
            f"port {way.port} of {way.address} does not speak TLS: set ansible_port: 5985 and the scheme http with"
            " message encryption, or give the https listener a certificate"
        )
    if (
        way.scheme == "http"
        and re.search(r"BadStatusLine|Connection aborted|reset by peer", error)
        and not trial.status
    ):
        return "scheme", f"port {way.port} of {way.address} does not answer http: it may be https, port 5986"
    if not (trial.distrust and way.judges):
        return None
    served = (
        f" (for {', '.join(trial.served.names) or trial.served.subject}, from {trial.served.issuer}, until"
        if trial.served
        else ""
    )
    served = f"{served} {trial.served.until[:10]})" if trial.served else ""
    if re.search(r"[Hh]ostname mismatch|not valid for|IP address mismatch", trial.distrust):
        return "certificate name", (
            f"the listener's certificate{served} is not for {way.address}: use a name that it has, or give the listener"
            " a certificate for this one"
        )
    if re.search(r"expired|not yet valid", trial.distrust):
        return "certificate expired", (
            f"the listener's certificate{served} has expired or is not valid yet: renew it and set its thumbprint at"
            " the listener; a wrong clock of the controller has the same effect"
        )
    option = "ansible_psrp_ca_cert" if way.plugin == "psrp" else "ansible_winrm_ca_trust_path"
    return "certificate", (
        f"the controller does not trust the listener's certificate{served}, {trial.distrust}: add its issuer to the"
        f" controller's authorities, or name its file in {option}"
    )


def _other_service(way: Connection, error: str, trial: Trial) -> Found:
    del error
    if trial.status == 404:
        return "path", (
            f"port {way.port} of {way.address} answers, but has no /{way.path}: another program listens there, or the"
            " path is wrong"
        )
    if trial.status and trial.status not in (200, 401, 405, 411, 500):
        return "service", f"port {way.port} of {way.address} answers with status {trial.status}, WinRM with 401"
    return None


def _authentication(way: Connection, error: str, trial: Trial) -> Found:
    offered = {word.lower() for word in trial.offered}
    wanted = OFFERED_AS.get(way.authentication, set())
    if trial.status == 401 and offered and wanted and not offered & wanted:
        more = ""
        if way.authentication == "basic" and way.scheme == "http":
            more = " (over http it never offers Basic while AllowUnencrypted is false, and that should stay so)"
        return "authentication", (
            f"the server offers {', '.join(trial.offered)}, and {way.way} was wanted{more}: set ansible_psrp_auth or"
            f" ansible_winrm_transport to one of these, or allow {way.way} at the server's WinRM service"
        )
    # Windows answers 500 with an empty body to what nobody encrypted: diyan/pywinrm issues 129 and 208.
    clear = way.encryption == "none" and (_refused(error) or re.search(r"\b500\b", error))
    if clear or re.search(r"unencrypted", error, re.IGNORECASE):
        return "unencrypted", (
            "messages would travel in clear, which the server refuses (AllowUnencrypted=false): use https, or Kerberos"
            " or NTLM with message encryption, and leave that setting as it is"
        )
    if not _refused(error):
        return None
    local = (
        ""
        if re.search(r"[@\\]", way.user)
        else "; a local account of the server is meant, since the name has no domain"
    )
    extra = ""
    if way.authentication in ("ntlm", "negotiate") and way.scheme == "https":
        extra = ", or channel binding fails because something between ends TLS (a load balancer, an inspecting proxy)"
    if way.authentication == "kerberos":
        extra = ", or the clocks or the service's key do not fit"
    return "credentials", (
        f"the server rejects the logon of {way.user or 'the account'} with {way.way}: the password is wrong, or the"
        f" account is locked, disabled, or may not log on over the network{extra}{local}. WinRM does not tell which:"
        " event 4625 in the server's Security log does (0xC000006A password, 0xC0000234 locked, 0xC0000072 disabled,"
        " 0xC000015B logon type)"
    )


def _refused(error: str) -> bool:
    # With CredSSP the server answers with a status of its own: 0x8009030c is SEC_E_LOGON_DENIED, [MS-ERREF] 2.1.1.
    refused = r"\b401\b|credentials were rejected|failed to authenticate|[Uu]nauthorized|0x8009030[cC]"
    return bool(re.search(refused, error))


def _rights(way: Connection, error: str, trial: Trial) -> Found:
    del trial
    if re.search(r"[Aa]ccess is denied|Code: 5\b|\b403\b|WSManFault.*\b5\b", error):
        return "rights", (
            f"{way.user or 'the account'} is known, and may not use WinRM: it must be an administrator of the server."
            " For a local account other than the built-in Administrator set LocalAccountTokenFilterPolicy"
        )
    return None


def why_constrained(error: str) -> str:
    """Return why modules cannot run where a policy lets no script be trusted; empty for another error.

    module_wrapper.ps1 of ansible-core, and PowerShell itself (about_Language_Modes), say so in these words.
    """
    if not re.search(
        r"only supported on core types|language mode|ConstrainedLanguage|not trusted and cannot", error, re.IGNORECASE
    ):
        return ""
    return (
        "PowerShell is in ConstrainedLanguage for this account, where modules cannot run: an App Control or AppLocker"
        " policy must allow scripts of administrators"
    )


def _session(way: Connection, error: str, trial: Trial) -> Found:
    found = session_errors.of(error, answers=bool(trial.status))
    if found:
        return found
    why = why_constrained(error)
    if why:
        return "language mode", why
    if re.search(r"time(?:d)? ?out", error, re.IGNORECASE):
        seconds = "ansible_psrp_read_timeout" if way.plugin == "psrp" else "ansible_winrm_read_timeout_sec"
        return (
            "time",
            f"the server takes the connection and does not answer in time: it is overloaded, or raise {seconds}",
        )
    return None


def summary(found: Cause) -> dict[str, t.Any]:
    """Return a cause as a task's result has it."""
    return {"cause": found.kind, "problem": found.sentence}
