# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All that other people need of one agent, as what a task returns. It holds no secret."""

from __future__ import annotations

import dataclasses
import typing as t
from urllib.parse import urlsplit

from .._agent.connector_targets import LDAPS
from .._settings import protection
from .._settings.tree import get
from . import account, certificates, elements, flows
from .given import Given
from .wanted import Wanted


def made(given: Given, wanted: Wanted) -> dict[str, t.Any]:
    """Return an agent's sheet."""
    opened, untold = flows.of(given)
    lines, left_out = elements.of(given, hashes=wanted.hashes, profile=wanted.profile)
    vault = _vault(given)
    return {
        "server": given.server,
        "identifier": given.text("identifier"),
        "host_name": given.text("host_name"),
        "address": elements.public_address(given) or "",
        "server_url": given.text("server_url"),
        "hosting": given.text("hosting"),
        "working_directory": given.text("working_directory"),
        "sources": [str(path) for path in given.values.get("sources_root_paths") or ()],
        "account": _account(given, vault=bool(vault)),
        "flows": [dataclasses.asdict(flow) for flow in opened],
        "certificates": certificates.rows(given),
        "authorities": _authorities(given, opened),
        "key_vault": vault,
        "cyberark": _cyberark(given),
        "xml": lines,
        "unknown": [*given.unknown, *untold, *left_out],
    }


def _account(given: Given, *, vault: bool) -> dict[str, t.Any]:
    who = account.of(given)
    of_vault = ["the right to get and list secrets of the Key Vault"] if vault else []
    return {
        "name": who.name,
        "kind": who.kind,
        "on_the_network": who.on_the_network,
        "needs": [*who.needs, *of_vault],
    }


def _kept(given: Given) -> protection.Kept:
    return protection.kept(given.settings.agent, given.settings.choice)


def _vault(given: Given) -> dict[str, t.Any]:
    """Return the Key Vault and the names that it must hold; nothing without a name."""
    names = [protection.vault_name(path) for path in _kept(given).paths[protection.KEY_VAULT]]
    address = get(given.settings.general, "AzureKeyVault", "Vault")
    return {"vault": _shown(given, ("AzureKeyVault", "Vault"), address), "secrets": names} if names else {}


def _cyberark(given: Given) -> dict[str, t.Any]:
    """Return CyberArk's safe, application and accounts; nothing without accounts."""
    accounts = given.settings.accounts
    if not accounts:
        return {}
    general = given.settings.general
    return {
        "server": _shown(given, ("CyberArk", "Server"), get(general, "CyberArk", "Server")),
        "safe": _shown(given, ("CyberArk", "SafeName"), get(general, "CyberArk", "SafeName")),
        "application": _shown(given, ("CyberArk", "ApplicationId"), get(general, "CyberArk", "ApplicationId")),
        "accounts": [
            {"key": ":".join(path), "account": str(name)} for path, name in _leaves({"Connections": accounts})
        ],
    }


def _leaves(tree: t.Any, path: tuple[str, ...] = ()) -> t.Iterator[tuple[tuple[str, ...], t.Any]]:
    if isinstance(tree, dict | list):
        items = tree.items() if isinstance(tree, dict) else enumerate(tree)
        for key, value in items:
            yield from _leaves(value, (*path, str(key)))
    else:
        yield path, tree


def _shown(given: Given, path: tuple[str, ...], value: t.Any) -> str:
    return str(value or "") if given.settings.shown.may_show(path, value) else "not shown: it is kept as a secret"


def _authorities(given: Given, opened: t.Iterable[flows.Flow]) -> list[str]:
    """Return the hosts whose certificates the agent's server has to trust."""
    found = [urlsplit(given.text("server_url")).hostname or ""]
    ports = {LDAPS, 443}
    found += [flow.target for flow in opened if flow.source == given.server and flow.port in ports]
    return sorted(set(filter(None, found)))
