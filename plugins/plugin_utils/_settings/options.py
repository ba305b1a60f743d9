# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings that the options of win_im_agent_settings stand for, in the vendor's key names."""

from __future__ import annotations

import typing as t

from .._agent import fingerprint
from .._core.plan import Refused
from .._dotnet import json_text
from .._windows import distinguished_name
from .._windows.identity import OPTIONAL_IDENTITY_SPEC
from . import certificate_password, protection, shown
from .protection import MODES, PLAIN
from .rules import known
from .rules.certificates import NO_THUMBPRINT
from .tree import get, with_changes

UNMANAGED = ("keep", "report", "remove")
_CERTIFICATE = {
    "type": "dict",
    "options": {
        "thumbprint": {"type": "str"},
        "subject": {"type": "str"},
        "store_location": {"type": "str"},
        "store_name": {"type": "str"},
        "file": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "not_after": {"type": "str"},
        "days_left": {"type": "int"},
        "pending": {"type": "bool"},
    },
}
ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "path": {"type": "str", "required": True},
        "identity": OPTIONAL_IDENTITY_SPEC,
        "server_url": {"type": "str"},
        "agent_identifier": {"type": "str"},
        "openid_clients": {"type": "dict", "no_log": True},
        "default_openid_client": {"type": "str"},
        "encryption_certificate": _CERTIFICATE,
        "identity_server_certificate": _CERTIFICATE,
        "https_certificate": _CERTIFICATE,
        "password_reset_certificate": _CERTIFICATE,
        "connections": {"type": "dict", "no_log": True},
        "connectors": {"type": "dict", "default": {}},
        "databases": {"type": "dict", "no_log": True},
        "sources_root_paths": {"type": "list", "elements": "str"},
        "mail": {"type": "dict", "no_log": True},
        "scheduler": {"type": "dict"},
        "logging": {"type": "dict"},
        "cors": {"type": "dict"},
        "temp_folder": {"type": "str"},
        "work_folder": {"type": "str"},
        "settings": {"type": "dict", "no_log": True, "default": {}},
        "agent_settings": {"type": "dict", "no_log": True, "default": {}},
        "absent": {"type": "list", "elements": "str", "default": []},
        "agent_absent": {"type": "list", "elements": "str", "default": []},
        "unmanaged": {"type": "str", "choices": list(UNMANAGED), "default": "keep"},
        "protection": {"type": "str", "choices": list(MODES), "default": PLAIN},
        "protections": {"type": "dict", "default": {}},
        "plain_accepted": {"type": "list", "elements": "str", "default": []},
        "certificate_password_protection": {
            "type": "str",
            "choices": list(certificate_password.MODES),
            "default": certificate_password.PLAIN,
        },
        "fingerprint_key": fingerprint.KEY_SPEC,
        "reencrypt": {"type": "str", "choices": ["auto", "always"], "default": "auto"},
        "cyberark": {
            "type": "dict",
            "options": {
                "safe_name": {"type": "str", "required": True},
                "application_id": {"type": "str", "required": True},
                "server": {"type": "str", "required": True},
                "accounts": {"type": "dict", "required": True},
                "certificate": _CERTIFICATE,
            },
        },
        "azure_key_vault": {
            "type": "dict",
            "options": {
                "vault": {"type": "str", "required": True},
                "connection_string": {"type": "str", "no_log": True},
            },
        },
        "reverse_proxy": {"type": "bool", "default": False},
        "hosting": {"type": "str", "choices": ["iis", "service"], "default": "iis"},
        "service": {"type": "str"},
        "backup_count": {"type": "int", "default": 5},
        "show": {"type": "list", "elements": "str", "default": []},
        "strict": {"type": "bool", "default": False},
    },
}
TREES = (
    *("openid_clients", "connections", "databases", "mail", "scheduler", "logging", "cors"),
    *("settings", "agent_settings"),
)
"""Options that hold settings as they are written."""
_PLAIN_NAMES = {
    "file": "File",
    "password": "Password",
    "thumbprint": "Thumbprint",
    "subject": "DistinguishedName",
    "store_location": "StoreLocation",
    "store_name": "StoreName",
}
_X509_NAMES = {
    "file": "X509KeyFilePath",
    "password": "X509KeyFilePassword",
    "thumbprint": "X509Thumbprint",
    "subject": "X509SubjectDistinguishedName",
    "store_location": "X509StoreLocation",
    "store_name": "X509StoreName",
}


def general(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the named options set in appsettings.json; raises Refused."""
    vault, cyberark = arguments.get("azure_key_vault"), arguments.get("cyberark")
    escape = _escapes(arguments)
    return {
        "ApplicationUri": arguments.get("server_url"),
        "EncryptionCertificate": _pair("encryption_certificate", arguments, _PLAIN_NAMES, escape),
        "IdentityServer": _pair("identity_server_certificate", arguments, _X509_NAMES, escape),
        "Kestrel": _kestrel(arguments.get("https_certificate")),
        "Scheduler": arguments.get("scheduler"),
        "Serilog": arguments.get("logging"),
        # Browsers that use the server's pages call the agent behind the proxy (page "Settings Files").
        "Cors": arguments.get("cors")
        or (dict.fromkeys(known.CORS_FLAGS, True) if arguments["reverse_proxy"] else None),
        "TempFolderPath": arguments.get("temp_folder"),
        "WorkFolderPath": arguments.get("work_folder"),
        "CyberArk": _cyberark(cyberark, escape) if cyberark else None,
        "AzureKeyVault": (
            given({"Vault": vault["vault"], "ConnectionString": vault.get("connection_string")}) if vault else None
        ),
    }


def agent(arguments: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return what the named options set in appsettings.agent.json."""
    open_id = {
        "AgentIdentifier": arguments.get("agent_identifier"),
        "OpenIdClients": arguments.get("openid_clients"),
        "DefaultOpenIdClient": arguments.get("default_openid_client"),
    }
    mail = arguments.get("mail")
    if mail and get(mail, "PickupDirectory"):
        mail = json_text.merge({"UseSpecifiedPickupDirectory": True}, mail)
    reset = {
        "EncryptionCertificate": _pair("password_reset_certificate", arguments, _PLAIN_NAMES, _escapes(arguments)),
        "MailSettings": mail,
    }
    return {
        "OpenId": given(open_id) or None,
        "PasswordResetSettings": given(reset) or None,
        "Connections": arguments.get("connections") or None,
        "Databases": arguments.get("databases") or None,
        "SourcesRootPaths": arguments.get("sources_root_paths"),
    }


def _escapes(arguments: dict[str, t.Any]) -> bool:
    """Tell whether a PFX password is written as the product reads a clear one; the tool takes it as it is."""
    return bool(arguments["certificate_password_protection"] == certificate_password.PLAIN)


def _cyberark(given: dict[str, t.Any], escape: bool) -> dict[str, t.Any]:
    pair = _pair("certificate", given, _PLAIN_NAMES, escape) or {}
    section = {
        "UseCyberArkSetting": True,
        "SafeName": given["safe_name"],
        "ApplicationId": given["application_id"],
        "Server": given["server"],
    }
    return section | pair


def absent(changes: dict[str, t.Any], paths: t.Iterable[str]) -> dict[str, t.Any]:
    """Return changes with the keys at some paths removed from the file; raises Refused for one that is wanted too."""
    for text in paths:
        path = protection.path_of(text)
        if not path:
            raise Refused(f"absent: found {text!r}, wanted keys joined with colons, such as Scheduler:LockFilePath")
        wanted: t.Any = changes
        for key in path:
            wanted = get(wanted, key)
        if wanted is not None and wanted is not json_text.REMOVE:
            raise Refused(f"absent: {text}: found a value for it too, wanted one of both")
        removal: t.Any = json_text.REMOVE
        for key in reversed(path):
            removal = {key: removal}
        changes = with_changes(changes, removal)
    return changes


def given(options: dict[str, t.Any]) -> dict[str, t.Any]:
    """Return the settings of the options that are given."""
    return {key: value for key, value in options.items() if value is not None}


def _pair(option: str, arguments: dict[str, t.Any], names: dict[str, str], escape: bool) -> dict[str, t.Any] | None:
    """Return a certificate section: a file, or a place in a store. Keys of the other form are removed, since a file
    beats a store.
    """
    given: dict[str, t.Any] | None = arguments.get(option)
    if not given:
        return None
    if given.get("file"):
        section: dict[str, t.Any] = {names["file"]: given["file"]}
        if given.get("password"):
            section[names["password"]] = _escaped(given["password"]) if escape else given["password"]
        # The former file's password is none of this one's.
        more = () if given.get("password") else ("password",)
        gone: tuple[str, ...] = ("thumbprint", "subject", "store_location", "store_name", *more)
    else:
        if not (given.get("thumbprint") or given.get("subject") or given.get("pending")):
            raise Refused(
                f"{option}: found neither file, thumbprint nor subject, wanted one, as win_im_cert_pair returns it"
            )
        # The thumbprint is unique; a subject is not, and the product takes any of several.
        by_thumbprint = bool(given.get("thumbprint") or given.get("pending"))
        key = "thumbprint" if by_thumbprint else "subject"
        value = (given.get("thumbprint") or NO_THUMBPRINT) if by_thumbprint else given["subject"]
        section = {names[key]: value}
        section[names["store_location"]] = given.get("store_location") or "LocalMachine"
        section[names["store_name"]] = given.get("store_name") or "My"
        gone = ("file", "password", "subject" if by_thumbprint else "thumbprint")
    return section | {names[name]: json_text.REMOVE for name in gone}


def _kestrel(given: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
    """Return the section by which Kestrel, the web server of an agent that is a service, finds its certificate.

    It names a subject, not a thumbprint, and takes the one that is valid longest, so a renewal needs no change.
    Belief [kestrel-section]: the agent reads it as every ASP.NET Core program does; learn.microsoft.com "Configure
    endpoints for the ASP.NET Core Kestrel web server".
    """
    if not given:
        return None
    common = distinguished_name.common_name(given["subject"]) if given.get("subject") else ""
    if not common:
        raise Refused("https_certificate: found no subject with a CN, wanted the pair as win_im_cert_pair returns it")
    found = {
        "Subject": common,
        "Store": given.get("store_name") or "My",
        "Location": given.get("store_location") or "LocalMachine",
        "AllowInvalid": True,  # a self-signed one too; whoever connects judges it
    }
    return {"Certificates": {"Default": found}}


def _escaped(password: str) -> str:
    """Return a PFX password as the product reads it: one with '@' in it gets one more in front (vendor page "Settings
    Files").
    """
    return f"@{password}" if "@" in password else password


_NO_SETTINGS = frozenset({"protections", "connectors"})
"""Options with paths of settings as keys, whose values are no settings."""


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show; names of CyberArk accounts and modes of protection are none."""
    found = {name: value for name, value in arguments.items() if name not in _NO_SETTINGS}
    found["cyberark"] = {k: v for k, v in (arguments.get("cyberark") or {}).items() if k != "accounts"}
    key = arguments.get("fingerprint_key")
    return shown.secrets(found) | ({str(key)} if key else frozenset())
