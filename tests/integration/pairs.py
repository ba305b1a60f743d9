"""The pairs of connection and authentication that a listener of the emulator takes."""

from __future__ import annotations

import typing as t

import kdc

PASSWORD = "canary-reach-password-5d0a"
USER = f"ansible@{kdc.REALM}"
_KERBEROS = {"auth": "kerberos", "user": USER, "password": PASSWORD}
_NTLM = {"auth": "ntlm", "password": PASSWORD}
_CREDSSP = {"auth": "credssp", "password": PASSWORD}
_CERTIFICATE = {"auth": "certificate", "password": PASSWORD}
_BASIC = {"auth": "basic", "password": PASSWORD}
HOSTS: dict[str, dict[str, t.Any]] = {
    "psrp-ntlm-http": {"connection": "psrp", "scheme": "http", **_NTLM},
    "psrp-ntlm-https": {"connection": "psrp", **_NTLM},
    "psrp-basic-https": {"connection": "psrp", **_BASIC},
    "psrp-credssp-http": {"connection": "psrp", "scheme": "http", **_CREDSSP},
    "psrp-credssp-https": {"connection": "psrp", **_CREDSSP},
    "psrp-certificate-https": {"connection": "psrp", **_CERTIFICATE},
    "psrp-kerberos-http": {"connection": "psrp", "scheme": "http", **_KERBEROS},
    "psrp-kerberos-https": {"connection": "psrp", **_KERBEROS},
    "winrm-ntlm-http": {"connection": "winrm", "scheme": "http", **_NTLM},
    "winrm-ntlm-https": {"connection": "winrm", **_NTLM},
    "winrm-basic-https": {"connection": "winrm", **_BASIC},
    "winrm-credssp-http": {"connection": "winrm", "scheme": "http", **_CREDSSP},
    "winrm-credssp-https": {"connection": "winrm", **_CREDSSP},
    "winrm-certificate-https": {"connection": "winrm", **_CERTIFICATE},
    "winrm-kerberos-http": {"connection": "winrm", "scheme": "http", **_KERBEROS},
    "winrm-kerberos-https": {"connection": "winrm", **_KERBEROS},
}
"""What a scenario has for each, by the host's name: connection, authentication, scheme."""
SERVICES = ("host", "WSMAN", "HTTP")
"""Of psrp since ansible-core 2.21 and before, and of winrm. Windows takes them all for the server's own."""
KINIT = {"ansible_winrm_kinit_mode": "managed", "ansible_winrm_kinit_env_vars": ["KRB5_CONFIG"]}
"""Ansible's winrm hands the environment to kinit only where it is told to."""


def add_services(realm: kdc.Kdc, names: t.Iterable[str] = HOSTS) -> None:
    """Make the servers of pairs known to a realm."""
    named = [name for name in names if "kerberos" in name]
    realm.add_service(*(f"{service}/{name}" for name in named for service in SERVICES))
