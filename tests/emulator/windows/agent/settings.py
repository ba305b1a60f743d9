"""The settings that the agent loads: its files in their order, sealed ones, what vaults hold, the environment."""

from __future__ import annotations

import typing as t

from ..security import descriptors
from . import protect_tools
from .context import CannotStart, Context
from .dotnet_config import BadConfiguration, Configuration, decoded, loads

ENVIRONMENT_NAMES = ("ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT")
"""What names the environment: the first comes first under a web host, learn.microsoft.com "ASP.NET Core runtime
environments".
"""


def load(context: Context, variables: t.Mapping[str, str]) -> Configuration:
    """Return the merged settings.

    Args:
        context: whose settings.
        variables: of its environment.

    Raises:
        CannotStart: a file cannot be read or understood, or a vault has no such account.
    """
    known = {name.upper(): value for name, value in variables.items()}
    environment = next((known[name] for name in ENVIRONMENT_NAMES if known.get(name)), "Production")
    settings = Configuration()
    try:
        for name in ("appsettings.json", f"appsettings.{environment}.json"):
            _add(context, settings, name)
        _add_sealed(context, settings, "appsettings.encrypted.json")
        for name in ("appsettings.agent.json", f"appsettings.agent.{environment}.json"):
            _add(context, settings, name)
        _add_sealed(context, settings, "appsettings.encrypted.agent.json")
        _add_elsewhere(context, settings)
        work = context.resolve(settings.get("WorkFolderPath") or "../Work")
        _add(context, settings, "appsettings.connection.json", work)
    except BadConfiguration as error:
        raise CannotStart(str(error)) from None
    settings.add_environment(variables)
    return settings


def _add(context: Context, settings: Configuration, name: str, folder: str = "") -> dict[str, t.Any]:
    path = f"{folder or context.folder}\\{name}"
    if not context.surroundings.files.is_file(path):
        return {}
    if not context.may(path, descriptors.READ_DATA):
        raise CannotStart(f"Access to '{name}' is denied.")
    data = loads(decoded(context.surroundings.files.read(path)), name)
    settings.add(data)
    return data


def _add_sealed(context: Context, settings: Configuration, name: str) -> None:
    """Add a file of encrypted settings, opened with the pair of EncryptionCertificate."""
    if (settings.get("EncryptionCertificate:UseEncryptedAppsettings") or "").lower() != "true":
        return
    sealed = Configuration()
    if not _add(context, sealed, name):
        return
    files, certificates = context.surroundings.files, context.surroundings.certificates
    found = protect_tools.pair(files, certificates, settings)
    if found is None or not found.key or not certificates.readable(found, context.sids):
        raise CannotStart(f"{name}: the certificate of EncryptionCertificate cannot be used.")
    try:
        for path, text in sealed.below("").items():
            settings.set(path, protect_tools.opened(text, found))
    except protect_tools.CannotOpen as error:
        raise CannotStart(f"{name}: {error}.") from None


def _add_elsewhere(context: Context, settings: Configuration) -> None:
    """Add what a Key Vault and CyberArk hold."""
    network = context.surroundings.network
    if settings.get("AzureKeyVault:Vault"):
        for name, value in network.key_vault.items():
            settings.set(name.replace("--", ":"), value)
    if (settings.get("CyberArk:UseCyberArkSetting") or "").lower() == "true":
        accounts = Configuration()
        _add(context, accounts, "appsettings.cyberArk.agent.json")
        for path, account in accounts.below("").items():
            if account not in network.cyberark:
                raise CannotStart(f"CyberArk has no account '{account}'.")
            settings.set(path, network.cyberark[account])
