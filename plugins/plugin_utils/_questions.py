# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The questions that the probe answers, as values that can be compared and kept. See docs/probe-and-writer.md."""

from __future__ import annotations

import json
import typing as t

Query = dict[str, t.Any]


def key(query: Query) -> str:
    """Return the text that two equal questions share, whatever the order of their fields."""
    return json.dumps(query, sort_keys=True, separators=(",", ":"))


def file(path: str, max_bytes: int | None = None) -> Query:
    """Ask for a file's or folder's presence, and a file's content up to ``max_bytes`` (default: the probe's, 1 MiB)."""
    return {"kind": "file", "path": path} | ({} if max_bytes is None else {"max_bytes": max_bytes})


def files(path: str, pattern: str = "*", recurse: bool = False, newest: int = 0, tail: int = 0) -> Query:
    """Ask for the files of a folder that match ``pattern``: only the ``newest``, with their last ``tail`` bytes."""
    query: Query = {"kind": "files", "path": path, "pattern": pattern, "recurse": recurse}
    return query | ({"newest": newest} if newest else {}) | ({"tail": tail} if tail else {})


def acl(*paths: str) -> Query:
    """Ask for owner and DACL, as SDDL, of each path."""
    return {"kind": "acl", "paths": list(paths)}


def registry(name: str, *values: str, depth: int = 0, match: str = "") -> Query:
    """Ask for values of a registry key (all when none is named) and its sub-keys, ``depth`` levels down; with
    ``match`` only for texts in which that regular expression is found.
    """
    query: Query = {"kind": "registry", "key": name, "depth": depth}
    return query | ({"names": list(values)} if values else {}) | ({"match": match} if match else {})


def certificates(location: str = "LocalMachine", store: str = "My") -> Query:
    """Ask for all certificates of a store, with their key files' rights."""
    return {"kind": "certificates", "location": location, "store": store}


def service(name: str) -> Query:
    """Ask for one Windows service."""
    return {"kind": "service", "name": name}


def iis() -> Query:
    """Ask for the state of application pools, sites and worker processes."""
    return {"kind": "iis"}


def http(**fields: t.Any) -> Query:
    """Ask the server to send a request; ``address``, ``port`` and ``host`` are needed."""
    return {"kind": "http", **fields}


def events(since: str, *providers: str, log: str = "Application") -> Query:
    """Ask for the events of a log since a UTC time (ISO 8601)."""
    query: Query = {"kind": "events", "log": log, "since": since}
    return query | {"providers": list(providers)} if providers else query


def environment(*names: str, scope: str = "Machine") -> Query:
    """Ask for environment variables."""
    return {"kind": "environment", "names": list(names), "scope": scope}


def account(*names: str) -> Query:
    """Ask for SID, name and local groups of accounts, each given by name or SID."""
    return {"kind": "account", "names": list(names)}


def listeners() -> Query:
    """Ask for the TCP ports that something listens on."""
    return {"kind": "listeners"}


def features(*names: str) -> Query:
    """Ask which Windows features are installed."""
    return {"kind": "features", "names": list(names)}


def policies() -> Query:
    """Ask what PowerShell on the server records of what is sent to it."""
    return {"kind": "policies"}


def pool_password_matches(name: str, expected: str) -> Query:
    """Ask whether an application pool's password is ``expected``; the stored one never leaves the server."""
    return {"kind": "secret_matches", "what": "pool_password", "name": name, "expected": expected}


def carries_secret(query: Query) -> bool:
    """Tell whether a question takes a secret to the server: a password that is compared, or a request's body."""
    return query["kind"] == "secret_matches" or bool(query.get("body"))


class NotAnswered(Exception):
    """The probe could not answer a question: the .NET exception's type and message."""

    def __init__(self, query: Query, kind: str, message: str) -> None:
        super().__init__(f"{query['kind']}: {message} ({kind})")
        self.query, self.kind, self.message = query, kind, message


Ask = t.Callable[[Query], t.Any]
"""Gives the value of a question, asking the server when the snapshot lacks it; raises NotAnswered."""


def host() -> Query:
    """Ask for the host facts that every probe brings (docs/probe-and-writer.md); never sent."""
    return {"kind": "host"}


def settled() -> Query:
    """Ask what an earlier plan of this check-mode run has settled: a list of texts, known to the controller; never
    sent.
    """
    return {"kind": "settled"}


def done() -> Query:
    """Ask what this run has done, or in check mode would have done, so far: the operations' words, known to the
    controller; never sent.
    """
    return {"kind": "done"}


def pending_restart() -> Query:
    """Ask why this run has to restart the agent: a list of reasons, known to the controller; never sent."""
    return {"kind": "pending_restart"}
