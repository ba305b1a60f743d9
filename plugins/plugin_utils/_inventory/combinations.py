# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Variables that need each other or overrule each other, and names that IIS refuses: known without a server."""

from __future__ import annotations

import typing as t

from .._agent import fingerprint
from .._agent.connectors import NAMES
from .._core.plan import Refused
from .._dotnet import proxy
from .._settings import protection
from .._settings.tree import get
from .._windows import iis_names, pool_attributes
from . import named_paths, spelling
from .rules import Problem

Values = t.Mapping[str, t.Any]
LONGEST_PASSPHRASE = 1023
"""Bytes of a passphrase that OpenSSL can encrypt a key with: PEM_BUFSIZE of openssl/pem.h less its end."""
OVERRULED = (
    ("im_agent_settings", ("ApplicationUri",), "im_agent_server_url"),
    ("im_agent_agent_settings", ("OpenId", "AgentIdentifier"), "im_agent_identifier"),
    ("im_agent_agent_settings", ("OpenId", "DefaultOpenIdClient"), "im_agent_default_openid_client"),
)
"""Keys of the settings that variables of their own stand for, which the rest of the collection reads."""


def problems(values: Values) -> t.Iterator[Problem]:
    """Yield what cannot be right together.

    Args:
        values: the values of all variables by name, those that are wrong by themselves left out.
    """
    yield from _protections(values)
    yield from _key_vault(values)
    yield from _names(values)
    yield from _overruled(values)
    yield from _proxies(values)
    yield from _connectors(values)
    yield from _passphrase(values)
    yield from named_paths.problems(values)
    yield from _of_refusal(
        "im_agent_fingerprint_key", fingerprint.checked_key, str(values.get("im_agent_fingerprint_key") or "")
    )


def _connectors(values: Values) -> t.Iterator[Problem]:
    for name, connector in (values.get("im_agent_connectors") or {}).items():
        if connector not in NAMES:
            near = spelling.nearest(str(connector), NAMES)
            remedy = f"; the nearest is {near}" if near else ""
            yield Problem(f"im_agent_connectors.{name}", repr(connector), f"one of {', '.join(NAMES)}{remedy}")


def _passphrase(values: Values) -> t.Iterator[Problem]:
    length = len(str(values.get("im_agent_certificates_passphrase") or "").encode())
    if length > LONGEST_PASSPHRASE:
        wanted = f"{LONGEST_PASSPHRASE} or fewer: choose a shorter passphrase"
        yield Problem("im_agent_certificates_passphrase", f"{length} bytes", wanted)


def _proxies(values: Values) -> t.Iterator[Problem]:
    """Yield proxies that .NET would ignore, without what may be a secret in them."""
    for variable, name in (("im_agent_https_proxy", proxy.HTTPS_PROXY), ("im_agent_no_proxy", proxy.NO_PROXY)):
        value = values.get(variable)
        text = ",".join(map(str, value)) if isinstance(value, list) else str(value or "")
        why = text and proxy.why_not_read(name, text)
        if why:
            told = why.split("; wanted ", 1)
            yield Problem(variable, told[0], told[-1])


def _modes(values: Values) -> list[str]:
    named = values.get("im_agent_protections") or {}
    return [str(values.get("im_agent_protection") or protection.PLAIN), *map(str, named.values())]


def _key_vault(values: Values) -> t.Iterator[Problem]:
    vault = values.get("im_agent_azure_key_vault") or {}
    settings = values.get("im_agent_settings") or {}
    if protection.KEY_VAULT in _modes(values) and not vault.get("vault") and not get(settings, "AzureKeyVault"):
        yield Problem(
            "im_agent_azure_key_vault",
            "no vault, but secrets that are to be kept in one",
            "its address as vault: https://NAME.vault.azure.net/, or another protection",
        )


def _protections(values: Values) -> t.Iterator[Problem]:
    """Yield modes that do not exist, and what CyberArk cannot hold or has no account for."""
    named = values.get("im_agent_protections") or {}
    wrong = {path: mode for path, mode in named.items() if mode not in protection.MODES}
    for path, mode in wrong.items():
        yield Problem(f"im_agent_protections.{path}", repr(mode), f"one of {', '.join(protection.MODES)}")
    if wrong or protection.CYBERARK not in _modes(values):
        return
    choice = protection.Choice.of(str(values.get("im_agent_protection") or protection.PLAIN), named, ())
    clients = values.get("im_agent_openid_clients") or {}
    held = [name for name in clients if choice.mode(("OpenId", "OpenIdClients", str(name))) == protection.CYBERARK]
    if held:
        everything = values.get("im_agent_protection") == protection.CYBERARK
        yield Problem(
            "im_agent_protection" if everything else "im_agent_protections",
            f"cyberark for the secrets of the OpenID clients {', '.join(map(str, held))}",
            "another place for them, since CyberArk holds keys of Connections only: name the connections in"
            " im_agent_protections (Connections: cyberark), or OpenId:OpenIdClients with plain or encrypted",
        )
    if not values.get("im_agent_cyberark"):
        yield Problem(
            "im_agent_cyberark",
            "nothing, but secrets that are to be kept in CyberArk",
            "safe_name, application_id, server and accounts, or another protection",
        )


def _names(values: Values) -> t.Iterator[Problem]:
    if values.get("im_agent_hosting") == "service":
        return
    for variable, check in (("im_agent_pool_name", iis_names.check_pool), ("im_agent_site_name", iis_names.check_site)):
        name = values.get(variable)
        if isinstance(name, str):
            yield from _of_refusal(variable, check, name)


def _of_refusal(variable: str, check: t.Callable[[str], object], value: str) -> t.Iterator[Problem]:
    """Yield what a check refuses, in the words of a problem: "found ..., wanted ..."."""
    try:
        check(value)
    except Refused as refusal:
        told = str(refusal).partition("found ")[2].split(", wanted ", 1)
        yield Problem(variable, told[0], told[-1])


def _overruled(values: Values) -> t.Iterator[Problem]:
    for key, value in (values.get("im_pool_attributes") or {}).items():
        if pool_attributes.name_of(str(key)) == "managedRuntimeVersion" and value:
            yield Problem(
                f"im_pool_attributes.{key}",
                repr(value),
                "it to be left out: the vendor's guide prescribes No Managed Code for the agent's pool",
            )
    for variable, path, meant in OVERRULED:
        found: t.Any = values.get(variable)
        for key in path:
            found = get(found, key)
        if found is not None and found != values.get(meant):
            place = ".".join(path)
            yield Problem(f"{variable}.{place}", "a value that overrules another variable", f"it in {meant} only")
