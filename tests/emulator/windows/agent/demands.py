"""What the agent demands of its settings and its server before it runs: values, key pairs, folders."""

from __future__ import annotations

from ..security import descriptors
from . import protect_tools
from .context import CannotStart, Context
from .dotnet_config import Configuration

_PLAIN_KEYS = {
    "file": "File",
    "password": "Password",
    "thumbprint": "Thumbprint",
    "subject": "DistinguishedName",
    "location": "StoreLocation",
    "store": "StoreName",
}
_X509_KEYS = {
    "file": "X509KeyFilePath",
    "password": "X509KeyFilePassword",
    "thumbprint": "X509Thumbprint",
    "subject": "X509SubjectDistinguishedName",
    "location": "X509StoreLocation",
    "store": "X509StoreName",
}
_FILES_WITH_PASSWORDS = (
    ("EncryptionCertificate:File", "EncryptionCertificate:Password"),
    ("IdentityServer:X509KeyFilePath", "IdentityServer:X509KeyFilePassword"),
)


def check(context: Context, settings: Configuration) -> None:
    """Check everything, as a starting agent does.

    Raises:
        CannotStart: something is not as it has to be.
    """
    _check_values(settings)
    for section, names in (("EncryptionCertificate", _PLAIN_KEYS), ("IdentityServer", _X509_KEYS)):
        _open_pair(context, section, {key: settings.get(f"{section}:{name}") or "" for key, name in names.items()})
    _check_containers(context, settings)
    for name in ("Temp", "Work"):
        _check_folder(context, settings.get(f"{name}FolderPath") or f"../{name}")


def _check_values(settings: Configuration) -> None:
    uri = settings.get("ApplicationUri")
    if not uri or uri.endswith("/"):
        raise CannotStart("ApplicationUri is missing or ends with a slash.")
    identifier = settings.get("OpenId:AgentIdentifier")
    if not identifier or identifier.lower() == "local":
        raise CannotStart("OpenId:AgentIdentifier is missing or reserved.")
    client = settings.get("OpenId:DefaultOpenIdClient")
    if not client or not settings.get(f"OpenId:OpenIdClients:{client}"):
        raise CannotStart("OpenId:DefaultOpenIdClient is not one of OpenId:OpenIdClients.")


def _open_pair(context: Context, section: str, named: dict[str, str]) -> None:
    """Open the pair that a section names, in a file or a store."""
    if named["file"]:
        _open_file(context, section, context.resolve(named["file"]), named["password"])
        return
    certificates = context.surroundings.certificates
    held = certificates.all(named["location"] or "none", named["store"] or "none")
    if not (named["thumbprint"] or named["subject"]) or held is None:
        raise CannotStart(f"{section}: incomplete certificate settings.")
    if named["thumbprint"]:
        found = [c for c in held if c.thumbprint == named["thumbprint"].upper()]
    else:
        found = [c for c in held if named["subject"].lower() in c.subject.lower()]
    if not found:
        raise CannotStart(f"{section}: the certificate is not in the store.")
    if not any(c.key and certificates.readable(c, context.sids) for c in found):
        raise CannotStart(f"{section}: the private key cannot be used (Keyset does not exist or access denied).")
    now = context.surroundings.clock.now()
    if all(c.certificate.not_valid_after_utc < now for c in found):
        raise CannotStart(f"{section}: the certificate has expired.")


def _open_file(context: Context, section: str, path: str, password: str) -> None:
    if not context.readable_file(path):
        raise CannotStart(f"{section}: the certificate's file cannot be opened.")
    try:
        key = protect_tools.container(context.surroundings.files.read(path), password)[0]
    except (ValueError, protect_tools.CannotOpen):
        raise CannotStart(f"{section}: the certificate's file cannot be read with its password.") from None
    if key is None:
        raise CannotStart(f"{section}: the certificate has no private key.")


def _check_containers(context: Context, settings: Configuration) -> None:
    """Lose a key where two files have keys of one container."""
    files, certificates = context.surroundings.files, context.surroundings.certificates
    pairs = [(settings.get(file), settings.get(password) or "") for file, password in _FILES_WITH_PASSWORDS]
    if not certificates.shares_containers or not all(file for file, _ in pairs):
        return
    contents = [(files.read(context.resolve(file)), password) for file, password in pairs if file]
    names = {protect_tools.friendly_name(content, password) for content, password in contents}
    if contents[0] != contents[1] and len(names) == 1 and None not in names:
        raise CannotStart("Keyset does not exist.")


def _check_folder(context: Context, path: str) -> None:
    folder = context.resolve(path)
    needed = descriptors.READ_EXECUTE | descriptors.WRITE_DATA | descriptors.APPEND_DATA
    if not context.surroundings.files.is_folder(folder) or not context.may(folder, needed):
        raise CannotStart(f"The folder '{folder}' is missing or cannot be written.")
