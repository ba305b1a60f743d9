# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The questions that the probe answers, as values that can be compared and kept. See docs/probe-and-writer.md."""

from __future__ import annotations

import base64
import json
import typing as t

Query = dict[str, t.Any]
RECORDERS = {
    "module_logging": "module logging",
    "script_block_logging": "script block logging",
    "transcription": "transcription",
}
"""What of PowerShell may record secrets, by its name in the answer to ``policies``."""


_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def key(query: Query) -> str:
    """Return the text that two equal questions share, whatever the order of their fields."""
    return _ENCODER.encode(query)  # json.dumps makes an encoder anew each time, and a run asks for thousands of keys


USUAL_BYTES = 2**20
"""How many bytes of a file are read where a question names no number."""


def file(path: str, max_bytes: int | None = None) -> Query:
    """Ask for a file's or folder's presence, and a file's content up to ``max_bytes`` (default: the probe's, 1 MiB)."""
    return {"kind": "file", "path": path} | ({} if max_bytes is None else {"max_bytes": max_bytes})


def files(
    path: str, pattern: str = "*", recurse: bool = False, newest: int = 0, tail: int = 0, rights: bool = False
) -> Query:
    """Ask for the files of a folder that match ``pattern``: only the ``newest``, with their last ``tail`` bytes, or
    with owner and DACL as SDDL.
    """
    query: Query = {"kind": "files", "path": path, "pattern": pattern, "recurse": recurse}
    query |= {"rights": True} if rights else {}
    return query | ({"newest": newest} if newest else {}) | ({"tail": tail} if tail else {})


def tree(path: str) -> Query:
    """Ask for all files of a folder and below with their SHA-256, for which each of them is read."""
    return {"kind": "files", "path": path, "pattern": "*", "recurse": True, "hashes": True, "limit": 1_000_000}


def hashed(folder: str, name: str) -> Query:
    """Ask for one file of a folder with its SHA-256, for which it is read: a list of one, or of none."""
    return {"kind": "files", "path": folder, "pattern": name, "recurse": False, "hashes": True}


def drive(path: str) -> Query:
    """Ask how much room the drive of a path has."""
    return {"kind": "drive", "path": path}


def folders(path: str, pattern: str) -> Query:
    """Ask for the folders of a folder that match ``pattern``."""
    return {"kind": "files", "path": path, "pattern": pattern, "folders": True}


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


def service_wait(name: str, seconds: int) -> Query:
    """Ask for one Windows service once it is neither starting nor stopping, or the time is over."""
    return {"kind": "service", "name": name, "wait": {"seconds": seconds}}


def iis() -> Query:
    """Ask for the state of application pools, sites and worker processes."""
    return {"kind": "iis"}


def iis_wait(state: str, seconds: int, *, pool: str = "", site: str = "") -> Query:
    """Ask the same once a pool or site has a state, a stopped pool no worker process, or the time is over."""
    named = {"site": site} if site else {"pool": pool}
    return {"kind": "iis", "wait": {**named, "state": state, "seconds": seconds}}


def http(**fields: t.Any) -> Query:
    """Ask the server to send a request; ``address``, ``port`` and ``host`` are needed."""
    return {"kind": "http", **fields}


def by_proxy(host: str, port: int, user: str) -> dict[str, t.Any]:
    """Return the field ``proxy`` of a question.

    Args:
        host: the proxy's.
        port: the proxy's.
        user: ``user:password`` for it; empty for none.
    """
    basic = {"authorization": f"Basic {base64.b64encode(user.encode()).decode()}"} if user else {}
    return {"proxy": {"address": host, "port": port, **basic}}


def with_token(token: Query, *paths: str) -> Query:
    """Ask the server to request a token, as ``http`` with a body, and with it these paths of the same server; the token
    stays there.
    """
    request = {name: value for name, value in token.items() if name != "kind"}
    return {"kind": "with_token", "token": request, "paths": list(paths)}


def download(url: str, *unless: str, proxy: Query | None = None) -> Query:
    """Ask what the server would meet if it fetched a URL, as win_get_url and win_package do; its value is None where
    one of the paths ``unless`` exists.

    Args:
        url: where it is.
        unless: paths.
        proxy: the way there, with ``address``, ``port``, ``user`` and ``password``; None for the account's own.
    """
    query: Query = {"kind": "download", "url": url}
    return query | ({"unless": list(unless)} if unless else {}) | ({"proxy": proxy} if proxy else {})


def reach(host: str, port: int, *, tls: bool = False, **fields: t.Any) -> Query:
    """Ask how far the server comes on its way to another one: name, TCP, TLS; with ``proxy`` by a proxy, with ``smtp``
    up to a recipient, with ``tds`` up to a logon to SQL Server, with ``instance`` to the port that SQL Server Browser
    tells. No secret of a managed system is sent.
    """
    return {"kind": "reach", "host": host, "port": port, "tls": tls, **fields}


def programs(*names: str) -> Query:
    """Ask where the machine's Path finds programs."""
    return {"kind": "programs", "names": list(names)}


def events(since: str, *providers: str, log: str = "Application") -> Query:
    """Ask for the events of a log since a UTC time (ISO 8601)."""
    query: Query = {"kind": "events", "log": log, "since": since}
    return query | {"providers": list(providers)} if providers else query


def environment(*names: str, scope: str = "Machine") -> Query:
    """Ask for environment variables."""
    return {"kind": "environment", "names": list(names), "scope": scope}


def account(*names: str) -> Query:
    """Ask for SID and name of accounts, each given by name or SID."""
    return {"kind": "account", "names": list(names)}


def listeners(*, owners: bool = False) -> Query:
    """Ask for the TCP ports that something listens on; with ``owners``, which takes seconds, by which process."""
    return {"kind": "listeners"} | ({"owners": True} if owners else {})


def processes(folder: str, prefix: str, *but: str, seconds: int = 0) -> Query:
    """Ask for the processes whose program is below a folder and has a name that begins so, once there is none, or so
    many seconds are over.

    Args:
        folder: whose programs.
        prefix: how their names begin.
        but: names, without ``.exe``, that do not count.
        seconds: how long it waits at most.
    """
    query: Query = {"kind": "processes", "folder": folder, "prefix": prefix}
    return query | ({"except": list(but)} if but else {}) | ({"wait": {"seconds": seconds}} if seconds else {})


def features(*names: str) -> Query:
    """Ask which Windows features are installed."""
    return {"kind": "features", "names": list(names)}


def policies() -> Query:
    """Ask what PowerShell on the server records of what is sent to it."""
    return {"kind": "policies"}


def policy_rights(*names: str) -> Query:
    """Ask whom group policies give rights of logon: of those that a policy assigns, which one, and whom it lists."""
    return {"kind": "policy_rights", "names": list(names)}


def session() -> Query:
    """Ask who asks, how that was authenticated, what PowerShell lets it do, and for WinRM's configuration as XML."""
    return {"kind": "session"}


def pool_password_matches(name: str, expected: str) -> Query:
    """Ask whether an application pool's password is ``expected``; the stored one never leaves the server."""
    return {"kind": "secret_matches", "what": "pool_password", "name": name, "expected": expected}


def carries_secret(query: Query) -> bool:
    """Tell whether a question takes a secret to the server: a password that is compared, a request's body, also one for
    a token, or a proxy's password.
    """
    proxy = query.get("proxy") or {}
    of_proxy = proxy.get("authorization") or proxy.get("password")
    return bool(query.get("expected") or query.get("body") or query.get("token") or of_proxy)


def may_tell_of(query: Query, path: str) -> bool:
    """Tell whether the answer to a question may be another one once a file was written, beside which the writer keeps
    former ones. A folder's own time of change does not count.
    """
    if query["kind"] in ("file", "acl"):
        return _plain(path) in map(_plain, query.get("paths") or [query["path"]])
    if query["kind"] == "download":
        return _plain(path) in map(_plain, query.get("unless", ()))
    if query["kind"] == "files":
        folder, _slash, name = _plain(path).rpartition("\\")
        inside = f"{folder}\\".startswith(f"{_plain(query['path'])}\\")
        begins = query["pattern"].lower().partition("*")[0].partition("?")[0]
        return inside and (query.get("recurse", False) or folder == _plain(query["path"])) and name.startswith(begins)
    return False


def may_tell_of_rights(query: Query, path: str) -> bool:
    """Tell whether the answer to a question may be another one once a file or folder got other rights, which what is
    below it inherits.
    """
    if query["kind"] == "acl":
        return any(f"{_plain(one)}\\".startswith(f"{_plain(path)}\\") for one in query["paths"])
    return bool(query["kind"] == "files" and query.get("rights"))


def _plain(path: str) -> str:
    return path.replace("/", "\\").rstrip("\\").lower()


NAME_UNKNOWN = "NameUnknown"
"""The kind of a request from the controller for whose name DNS has no address."""


class NotAnswered(Exception):
    """The probe could not answer a question: the .NET exception's type and message."""

    def __init__(self, query: Query, kind: str, message: str) -> None:
        super().__init__(f"{query['kind']}: {message} ({kind})")
        self.query, self.kind, self.message = query, kind, message


Ask = t.Callable[[Query], t.Any]
"""Returns the answer to a question, asking the server when the snapshot lacks it; raises NotAnswered."""


# Questions that never reach the server: the controller knows the answers.


def host() -> Query:
    """Ask for the host facts that every probe returns (docs/probe-and-writer.md); never sent."""
    return {"kind": "host"}


def run() -> Query:
    """Ask what tells this run from all others; known to the controller, never sent."""
    return {"kind": "run"}


def settled() -> Query:
    """Ask what holds after earlier plans of this check-mode run: a list of ``Mark``, known to the controller; never
    sent.
    """
    return {"kind": "settled"}


def done() -> Query:
    """Ask what this run has done, or in check mode would have done, so far: the operations' marks, a list of ``Mark``,
    known to the controller; never sent.
    """
    return {"kind": "done"}


def pending_restart() -> Query:
    """Ask why this run has to restart the agent: a list of reasons, known to the controller; never sent."""
    return {"kind": "pending_restart"}


def controller(scheme: str, host_name: str, port: int, path: str, timeout: int) -> Query:
    """Ask for the answer to a request that the controller itself sends."""
    return {"kind": "controller", "scheme": scheme, "host": host_name, "port": port, "path": path, "timeout": timeout}


def container(content: bytes, password: str, what: str, option: str = "password") -> Query:
    """Ask for a container's certificates, its own and then the chain's, as DER; answered on the controller.

    Args:
        content: the container.
        password: of the container; empty for none.
        what: how messages call it.
        option: how messages call the password: the option that has it.
    """
    return {"kind": "container", "content": content, "password": password, "what": what, "option": option}
