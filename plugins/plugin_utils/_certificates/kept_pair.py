# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Key pairs that are kept on the controller: a PEM file for each agent and use, private key encrypted, mode 0600."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from .._core.plan import ControllerFile, Refused
from . import key_container

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

LEAST_PASSPHRASE = 12
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def path_of(folder: str, agent: str, use: str) -> Path:
    """Return the file of an agent's pair; raises Refused for a name that would lead out of the folder."""
    if not _NAME.fullmatch(agent):
        raise Refused(f"keep.agent: found {agent!r}, wanted a name of letters, digits, dots and dashes for its files")
    return Path(folder).expanduser() / f"{agent}-{use}.pem"


def check_passphrase(passphrase: str) -> None:
    """Raise Refused for a passphrase that can be guessed."""
    if len(passphrase) < LEAST_PASSPHRASE:
        raise Refused(
            f"keep.passphrase: found {len(passphrase)} characters, wanted at least {LEAST_PASSPHRASE} from a vault"
        )


def read(path: Path, passphrase: str) -> tuple[rsa.RSAPrivateKey, x509.Certificate] | None:
    """Return a kept pair, or None where there is none; raises Refused for a file that cannot be opened."""
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refused(f"keep: cannot read {path} on the controller: {error.strerror}") from None
    what = f"the kept pair {path}"
    try:
        key, certificate, _chain = key_container.read(content, passphrase, what=what, option="keep.passphrase")
    except Refused as refusal:
        raise Refused(
            f"{refusal}. Nothing was changed: restore the file, or move it elsewhere to get a new pair"
        ) from None
    return key, certificate


def file(path: Path, passphrase: str, key: rsa.RSAPrivateKey, certificate: x509.Certificate) -> ControllerFile:
    """Return the file that keeps a pair."""
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )
    return ControllerFile(str(path), encrypted + certificate.public_bytes(serialization.Encoding.PEM))
