# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a container with a key pair, which is opened once in a run and not once for every server.

OpenSSL proves the RSA key of each container that it opens, for every server anew. Workers that begin side by side each
open it; those after them find what they left.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import typing as t
from pathlib import Path

from . import _key_container, _snapshot
from ._questions import Query

with contextlib.suppress(ModuleNotFoundError):  # as in _key_pair.py
    from cryptography.hazmat.primitives import serialization


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
        folder: the run's private folder. What is kept there are certificates, in a file that is named after container
            and password, derived by as many rounds as our own containers have: a guess at the password costs no less
            than at the container.
        process: the run's, whose end makes the file a leftover.

    Raises:
        Refused: it cannot be opened (``_key_container.read``).
    """
    content, password = query["content"], query["password"]
    salt, rounds = hashlib.sha256(content).digest(), _key_container.ROUNDS
    name = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, rounds).hex()
    path = folder / f"imops-container{name}.json"
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        return [base64.b64decode(text) for text in json.loads(path.read_text("utf-8"))["certificates"]]
    _key, certificate, chain = _key_container.read(content, password, query["what"], query["opens"])
    found = [c.public_bytes(serialization.Encoding.DER) for c in (certificate, *chain)]
    kept: dict[str, t.Any] = {"certificates": [base64.b64encode(der).decode() for der in found]}
    _snapshot.write(path, kept | {"process": process})
    return found
