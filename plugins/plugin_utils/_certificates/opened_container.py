# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a container with a key pair, opened once in a run instead of once per server.

OpenSSL checks the RSA key of each container that it opens, which takes long.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import secrets
import typing as t
from pathlib import Path

from .._core import once_a_run
from .._core.probe import Query
from . import key_container

with contextlib.suppress(ModuleNotFoundError):  # as in new_pair.py
    from cryptography.hazmat.primitives import serialization

# Ansible's own process imports the action plugins before it forks its workers, so all workers of a run share this
# value, and no other process has it. A worker that imported them itself would only open the container once more.
_RUN = secrets.token_bytes(32)


def answer(query: Query, folder: Path, process: int) -> list[bytes]:
    """Return the certificates: as an earlier task of the run found them, else by opening the container.

    Args:
        query: from ``probe.container``.
        folder: the run's private folder. What is kept there are certificates, in a file whose name is a digest of
            container and password under a key that only this run's processes know, so that the name does not help
            anybody to guess the password.
        process: the run's process id; once it has ended, the file is a leftover.

    Raises:
        Refused: it cannot be opened (``key_container.read``).
    """
    content, password = query["content"], query["password"]
    name = hmac.new(_RUN, hashlib.sha256(content).digest() + password.encode(), "sha256").hexdigest()
    path = folder / f"imops-container{name}.json"

    def opened() -> dict[str, t.Any]:
        _key, certificate, chain = key_container.read(content, password, what=query["what"], option=query["option"])
        found = [c.public_bytes(serialization.Encoding.DER) for c in (certificate, *chain)]
        return {"certificates": [base64.b64encode(der).decode() for der in found]}

    return once_a_run.found(path, process, opened, _decoded)


def _decoded(kept: dict[str, t.Any]) -> list[bytes]:
    return [base64.b64decode(text) for text in kept["certificates"]]
