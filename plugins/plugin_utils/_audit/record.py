# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The record of one audit of one server: what pages are made of, and what stands as evidence. See docs/schema."""

from __future__ import annotations

import dataclasses
import datetime
import functools
import hashlib
import hmac
import json
import typing as t
from pathlib import Path

from .._core.scrub import scrubbed
from .rule import Finding

SCHEMA = 1
NAMESPACE = "imops.identity_manager"
_ROOT = Path(__file__).resolve().parents[3]
Record = dict[str, t.Any]


@dataclasses.dataclass(frozen=True)
class About:
    """What a record is of.

    Attributes:
        server: the inventory's name of the server.
        operator: who asked for it; empty where nobody said.
        time: when, UTC.
        inventory: the digest of the inventory's variables.
    """

    server: str
    operator: str
    time: datetime.datetime
    inventory: str = ""


def made(
    about: About, facts: t.Mapping[str, t.Any], findings: t.Iterable[Finding], certificates: list[dict[str, str]]
) -> Record:
    """Return the record of a server that was audited."""
    windows = {
        name: facts.get(name) for name in ("computer_name", "machine_id", "domain", "os_version", "product_name")
    }
    return _head(about) | {
        "windows": windows,
        "certificates": certificates,
        "findings": [one.fields for one in findings],
    }


def unaudited(about: About, reason: str) -> Record:
    """Return the record of a server that could not be audited, with the reason."""
    return _head(about) | {"unaudited": reason, "findings": []}


def _head(about: About) -> Record:
    return {
        "schema": SCHEMA,
        "collection": {"name": NAMESPACE, "version": version()},
        "server": about.server,
        "time": f"{about.time:%Y-%m-%dT%H:%M:%SZ}",
        "operator": about.operator,
        "inventory": about.inventory,
    }


def digest(inventory: t.Mapping[str, t.Any], key: str, secrets: t.Iterable[str]) -> str:
    """Return a digest of an inventory: keyed, or without a key of what is no secret, since others could be guessed."""
    shown = inventory if key else scrubbed(dict(inventory), secrets)
    text = json.dumps(shown, sort_keys=True, default=str).encode()
    if key:
        return "hmac-sha256:" + hmac.new(key.encode(), text, hashlib.sha256).hexdigest()
    return "sha256:" + hashlib.sha256(text).hexdigest()


def encoded(record: Record) -> bytes:
    """Return a record's bytes: the same for the same record, one line of JSON."""
    return (json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True) + "\n").encode()


@functools.cache
def version() -> str:
    """Return the collection's version, from its manifest or, in a checkout, from galaxy.yml."""
    manifest = _ROOT / "MANIFEST.json"
    if manifest.exists():
        return str(json.loads(manifest.read_text("utf-8"))["collection_info"]["version"])
    lines = (_ROOT / "galaxy.yml").read_text("utf-8").splitlines()
    return next((line.partition(":")[2].strip().strip("\"'") for line in lines if line.startswith("version:")), "")
