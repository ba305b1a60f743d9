# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a secret that nobody can read back is still the one given last: a keyed fingerprint beside the agent.

The key (``im_agent_fingerprint_key``, from a vault) stays on the controller, so whoever reads the file on the server
learns nothing about the secrets and cannot try guesses. HMAC-SHA-256, RFC 2104.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import typing as t

from .._core import probe
from .._core.plan import Operation, Refused, write
from .._core.probe import Ask, Query
from .._windows import windows_path

FILE = ".im-fingerprints.json"
SERVICE_ACCOUNT = "service_account"
"""What the fingerprint of a service's password is of."""
LEAST_KEY = 16
KEY_SPEC: dict[str, t.Any] = {"type": "str", "no_log": True}


def path(runtime: str) -> str:
    """Return the file of fingerprints in an agent's Runtime folder."""
    return windows_path.join(runtime, FILE)


def checked_key(key: str | None) -> str:
    """Return the key, or nothing where none is given; raises Refused for one that can be guessed."""
    if key and len(key) < LEAST_KEY:
        raise Refused(
            f"fingerprint_key: found {len(key)} characters, wanted at least {LEAST_KEY} random ones from a vault"
        )
    return key or ""


def question(runtime: str) -> Query:
    """Ask for the fingerprints kept in a Runtime folder."""
    return probe.file(path(runtime))


def of(key: str, what: str, secret: t.Any) -> str:
    """Return the fingerprint of a secret.

    Args:
        key: the controller's key.
        what: what the secret is for, so that equal secrets of two things have different fingerprints.
        secret: a text, or settings.
    """
    message = f"{what}\0{json.dumps(secret, sort_keys=True, ensure_ascii=True)}"
    return hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()


def known(runtime: str, ask: Ask) -> dict[str, str]:
    """Return the fingerprints kept on the server, by what they are of; a file that cannot be read holds none."""
    answer = ask(question(runtime))
    if not answer or not answer.get("content"):
        return {}
    try:
        found = json.loads(base64.b64decode(answer["content"]))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def keep(runtime: str, ask: Ask, changes: t.Mapping[str, str | None]) -> Operation:
    """Return the write that keeps fingerprints by what they are of; None forgets one."""
    merged = {**known(runtime, ask), **changes}
    kept = {name: value for name, value in merged.items() if value is not None}
    answer = ask(question(runtime))
    content = (json.dumps(kept, sort_keys=True, indent=2) + "\r\n").encode()
    return write(
        f"keep the fingerprint of {' and '.join(sorted(changes))}",
        "file",
        path=path(runtime),
        content=base64.b64encode(content).decode(),
        expect=answer["sha256"] if answer else "absent",
        backups=0,
    )
