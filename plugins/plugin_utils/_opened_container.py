# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a container with a key pair, which is opened once in a run and not once for every server.

OpenSSL proves the RSA key of each container that it opens, for every server anew. The first worker opens it; those that
run beside it wait until it has, and find what it left.
"""

from __future__ import annotations

import base64
import contextlib
import fcntl
import hashlib
import hmac
import json
import os
import secrets
import typing as t
from pathlib import Path

from . import _key_container
from ._questions import Query

with contextlib.suppress(ModuleNotFoundError):  # as in _key_pair.py
    from cryptography.hazmat.primitives import serialization

# Ansible's own process imports the action plugins before it forks its workers, so all workers of a run have this one
# and nobody else has. A worker that imported them by itself would only open the container once more.
_RUN = secrets.token_bytes(32)


def question(content: bytes, password: str, what: str, opens: str = "password") -> Query:
    """Ask for a container's certificates, its own and then the chain's, as DER; answered on the controller.

    Args:
        content: the container.
        password: of the container; empty for none.
        what: how messages call it.
        opens: how messages call the password, as the option that has it.
    """
    return {"kind": "container", "content": content, "password": password, "what": what, "opens": opens}


def answer(query: Query, folder: Path, process: int) -> list[bytes]:
    """Return the certificates: as an earlier task of the run found them, else by opening the container.

    Args:
        query: from ``question``.
        folder: the run's private folder. What is kept there are certificates, in a file whose name is a digest of
            container and password under a key that only this run's processes know: the name is no help to a guess at
            the password.
        process: the run's, whose end makes the file a leftover.

    Raises:
        Refused: it cannot be opened (``_key_container.read``).
    """
    content, password = query["content"], query["password"]
    name = hmac.new(_RUN, hashlib.sha256(content).digest() + password.encode(), "sha256").hexdigest()
    path = folder / f"imops-container{name}.json"
    with _alone(path) as file:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            return [base64.b64decode(text) for text in json.load(file)["certificates"]]
        _put(file, {"process": process})  # what a sweep asks for, should this run be killed before the end
        try:
            _key, certificate, chain = _key_container.read(content, password, query["what"], query["opens"])
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        found = [c.public_bytes(serialization.Encoding.DER) for c in (certificate, *chain)]
        _put(file, {"process": process, "certificates": [base64.b64encode(der).decode() for der in found]})
        return found


@contextlib.contextmanager
def _alone(path: Path) -> t.Iterator[t.TextIO]:
    """Open a file that nobody else may read, made where it is missing, while no other worker has it open here. The
    system lets the next one in when a worker dies.
    """
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+", encoding="utf-8") as file:
        with contextlib.suppress(OSError):  # a file system without locks: then each opens the container
            fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _put(file: t.TextIO, data: dict[str, t.Any]) -> None:
    file.seek(0)
    file.truncate()
    json.dump(data, file)
    file.flush()
