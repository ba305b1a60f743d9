"""WinRM's configuration as it is after Windows was installed.

learn.microsoft.com "Installation and configuration for Windows Remote Management", and what `winrm get winrm/config`
prints on Windows Server 2016 and newer in many published reports.
"""

from __future__ import annotations

import typing as t

_NAMESPACE = "http://schemas.microsoft.com/wbem/wsman/1/config"
_AUTH = {"Basic": "false", "Kerberos": "true", "Negotiate": "true", "Certificate": "false", "CredSSP": "false"}
_PORTS = {"HTTP": "5985", "HTTPS": "5986"}
_SDDL = "O:NSG:BAD:P(A;;GA;;;BA)(A;;GR;;;IU)S:P(AU;FA;GA;;;WD)(AU;SA;GXGW;;;WD)"
DEFAULTS: dict[str, t.Any] = {
    "MaxEnvelopeSizekb": "500",
    "MaxTimeoutms": "60000",
    "MaxBatchItems": "32000",
    "MaxProviderRequests": "4294967295",
    "Client": {
        "NetworkDelayms": "5000",
        "URLPrefix": "wsman",
        "AllowUnencrypted": "false",
        "Auth": {"Basic": "true", "Digest": "true"} | dict.fromkeys(("Kerberos", "Negotiate", "Certificate"), "true"),
        "DefaultPorts": _PORTS,
        "TrustedHosts": "",
    },
    "Service": {
        "RootSDDL": _SDDL,
        "MaxConcurrentOperations": "4294967295",
        "MaxConcurrentOperationsPerUser": "1500",
        "EnumerationTimeoutms": "240000",
        "MaxConnections": "300",
        "MaxPacketRetrievalTimeSeconds": "120",
        "AllowUnencrypted": "false",
        "Auth": {**_AUTH, "CbtHardeningLevel": "Relaxed"},
        "DefaultPorts": _PORTS,
        "IPv4Filter": "*",
        "IPv6Filter": "*",
        "EnableCompatibilityHttpListener": "false",
        "EnableCompatibilityHttpsListener": "false",
        "CertificateThumbprint": "",
        "AllowRemoteAccess": "true",
    },
    "Winrs": {
        "AllowRemoteShellAccess": "true",
        "IdleTimeout": "7200000",
        "MaxConcurrentUsers": "2147483647",
        "MaxShellRunTime": "2147483647",
        "MaxProcessesPerShell": "2147483647",
        "MaxMemoryPerShellMB": "2147483647",
        "MaxShellsPerUser": "2147483647",
    },
}


_OF_SERVICE = ("MaxConcurrentOperationsPerUser", "MaxConnections")
QUOTAS = (*_OF_SERVICE, *(name for name in DEFAULTS["Winrs"] if name != "AllowRemoteShellAccess"))
"""What a scenario may set. Enforced are MaxShellsPerUser, MaxConcurrentOperationsPerUser and IdleTimeout."""


def quota(name: str, given: t.Mapping[str, int]) -> int:
    """Return a quota: the one that is given, or Windows's default."""
    part = DEFAULTS["Service" if name in _OF_SERVICE else "Winrs"]
    return given.get(name, int(part[name]))


def configuration(given: t.Mapping[str, int] | None = None) -> str:
    """Return the configuration as WinRM's own XML, with the quotas that are given."""
    return f'<cfg:Config xmlns:cfg="{_NAMESPACE}" xml:lang="en-US">{_written(DEFAULTS, given or {})}</cfg:Config>'


def _written(part: t.Mapping[str, t.Any], given: t.Mapping[str, int]) -> str:
    """Return elements in order; one without a text is closed at once."""
    texts = []
    for name, value in part.items():
        inner = _written(value, given) if isinstance(value, dict) else str(given.get(name, value))
        texts.append(f"<cfg:{name}>{inner}</cfg:{name}>" if inner else f"<cfg:{name}/>")
    return "".join(texts)
