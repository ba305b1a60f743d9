"""The model of `win_im_probe`: the same questions, answered from an emulated server. docs/probe-and-writer.md is the
contract.
"""

from __future__ import annotations

import base64
import contextlib
import fnmatch
import hashlib
import re
import typing as t

from ..model.call import Call, handles
from ..windows import clock
from ..windows.errors import WindowsError
from ..windows.files.program_version import product_version
from ..windows.machine import CRYPTOGRAPHY, POLICIES, Machine
from ..windows.registry.keys import Key
from ..windows.security import group_policy
from . import probe_web
from .probe_processes import processes
from .probe_query import BadQuery, Query, listed, number, text
from .probe_session import session

_FOR_ADMINISTRATORS = "c:\\windows\\system32\\inetsrv\\config\\"
_NOT_ALLOWED = (
    "Filename: redirection.config\r\nError: Cannot read configuration file due to insufficient permissions\r\n"
)


def _file(machine: Machine, query: Query) -> t.Any:
    path = text(query, "path")
    if path.startswith("\\\\") and (shared := machine.network.shared(path)) is not None:
        return {"type": "file", "size": len(shared), "sha256": None, "content": None, "last_write": None}
    node = machine.files.find(path)
    if node is None or (not machine.caller.elevated and path.lower().startswith(_FOR_ADMINISTRATORS)):
        return None
    stamp = clock.stamp(node.last_write)
    if node.folder:
        return {"type": "folder", "size": None, "sha256": None, "content": None, "last_write": stamp}
    content = machine.files.read(path)
    limit = number(query, "max_bytes", 1048576)
    return {
        "type": "file",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "content": base64.b64encode(content).decode() if len(content) <= limit else None,
        "last_write": stamp,
    }


def _files(machine: Machine, query: Query) -> t.Any:
    folder = text(query, "path").rstrip("\\")
    if not machine.files.is_folder(folder):
        return None
    root = machine.files.entry(folder).path.rstrip("\\")
    pattern = query.get("pattern") or "*"
    folders = bool(query.get("folders"))
    if query.get("recurse"):
        nodes = [node for node in machine.files.walk(folder) if node.folder == folders]
    else:
        children = [machine.files.entry(f"{root}\\{name}") for name in machine.files.children(folder)]
        nodes = [node for node in children if node.folder == folders]
    nodes = [node for node in nodes if _fits(node.name, pattern)]
    if newest := number(query, "newest", 0):
        nodes = sorted(nodes, key=lambda node: node.last_write, reverse=True)[:newest]
    tail = number(query, "tail", 0)
    found = [
        {
            "name": node.path[len(root) + 1 :],
            "size": len(node.content or b""),
            "version": product_version(node),
            "last_write": clock.stamp(node.last_write),
            "tail": base64.b64encode(machine.files.read(node.path)[-tail:]).decode() if tail else None,
            **({"sddl": machine.files.sddl(node.path)} if query.get("rights") else {}),
            **({"sha256": hashlib.sha256(machine.files.read(node.path)).hexdigest()} if query.get("hashes") else {}),
        }
        for node in nodes
    ]
    return sorted(found, key=lambda item: str(item["name"]).upper())[: number(query, "limit", 1000)]


def _fits(name: str, pattern: str) -> bool:
    pattern = "*" if pattern == "*.*" else pattern
    return fnmatch.fnmatchcase(name.lower(), pattern.lower().replace("[", "[[]"))


def _drive(machine: Machine, query: Query) -> t.Any:
    drive = machine.files.drives.get(text(query, "path")[:1].upper())
    return drive and {"free": drive.free_bytes, "size": drive.size}


def _acl(machine: Machine, query: Query) -> t.Any:
    return [
        {"path": path, "sddl": machine.files.sddl(path)} if machine.files.exists(path) else None
        for path in listed(query, "paths")
    ]


def _registry(machine: Machine, query: Query) -> t.Any:
    path = text(query, "key")
    if path.partition("\\")[0] not in {"HKLM:", "HKCU:", "HKU:", "HKCR:"}:
        raise BadQuery("the field 'key' must begin with HKLM:\\, HKCU:\\, HKU:\\ or HKCR:\\")
    key = machine.registry.key(path)
    return None if key is None else _key(key, query.get("names"), query.get("depth") or 0, query.get("match") or "")


def _key(key: Key, names: list[str] | None, depth: int, match: str) -> dict[str, t.Any]:
    values: dict[str, t.Any] = {}
    for asked in key.value_names() if names is None else names:
        found = key.values.get(asked.lower())
        if found and (not match or _matches(found[1].data, match)):
            data = found[1].data
            values[asked] = {
                "type": found[1].type,
                "data": base64.b64encode(data).decode() if isinstance(data, bytes) else data,
            }
    children = (
        {name: _key(key.keys[name.lower()], names, depth - 1, match) for name in key.key_names()} if depth else {}
    )
    return {"values": values, "keys": key.key_names(), "children": children}


def _matches(data: t.Any, pattern: str) -> bool:
    return isinstance(data, str) and bool(re.search(pattern, data, re.IGNORECASE))


def _certificates(machine: Machine, query: Query) -> t.Any:
    held = machine.certificates.all(query.get("location") or "LocalMachine", query.get("store") or "My")
    if held is None:
        return None
    only = query.get("thumbprint")
    found = []
    for stored in held:
        if only and stored.thumbprint != only.upper():
            continue
        key = None
        if stored.key:
            path = stored.key_path
            there = bool(path and machine.files.exists(path))
            key = {
                "path": path if there else None,
                "sddl": machine.files.sddl(path) if path and there else None,
                "error": None if there else "the key has no file on this server",
            }
        found.append(
            {
                "thumbprint": stored.thumbprint,
                "certificate": base64.b64encode(stored.der).decode(),
                "has_private_key": stored.key is not None,
                "key": key,
            }
        )
    return found


_LOCAL_SYSTEM = {"localsystem": "NT AUTHORITY\\SYSTEM"}


def _service(machine: Machine, query: Query) -> t.Any:
    found, wait = _service_now(machine, query), query.get("wait")
    if wait is None or found is None:
        return found
    limit, waited = number(wait, "seconds", 60), 0
    while found is not None and found["state"].endswith("Pending") and waited < limit:
        machine.clock.wait()
        waited += 1
        found = _service_now(machine, query)
    return None if found is None else {**found, "reached": not found["state"].endswith("Pending"), "waited": waited}


def _service_now(machine: Machine, query: Query) -> dict[str, t.Any] | None:
    service = machine.services.get(text(query, "name"))
    if service is None:
        return None
    names = ("name", "display_name", "path", "start_mode", "account", "state", "description", "started")
    found = {name: getattr(service, name) for name in names} | {"owner": None}
    if not machine.caller.sees_starts:
        return found | {"started": None}
    account = machine.accounts.find(_LOCAL_SYSTEM.get(service.running_as.lower(), service.running_as))
    return found | {"owner": account.sid if account and service.running_as else None}


def _iis(machine: Machine, query: Query) -> t.Any:
    found, wait = _iis_now(machine), query.get("wait")
    if wait is None or found is None:
        return found
    limit, waited = number(wait, "seconds", 60), 0
    while not _iis_reached(found, wait) and waited < limit:
        machine.clock.wait()
        waited += 1
        found = _iis_now(machine)
    return {**found, "reached": _iis_reached(found, wait), "waited": waited}


def _iis_reached(found: dict[str, t.Any], wait: Query) -> bool:
    kind = "sites" if wait.get("site") else "pools"
    name = str(wait.get("site") or text(wait, "pool")).lower()
    state = text(wait, "state")
    if kind == "pools" and state == "Stopped" and any(w["pool"].lower() == name for w in found["workers"]):
        return False
    return any(item["name"].lower() == name and item["state"] == state for item in found[kind])


def _iis_now(machine: Machine) -> t.Any:
    iis = machine.iis
    if iis is None:
        return None
    if not machine.caller.elevated:
        raise WindowsError("System.UnauthorizedAccessException", _NOT_ALLOWED)
    # The script asks for the workers in a try: without WAS there are none to tell of.
    workers = []
    with contextlib.suppress(WindowsError):
        workers = iis.workers()
    sees = machine.caller.sees_starts
    return {
        "pools": [{"name": name, "state": iis.pool_state(name)} for name in iis.pools()],
        "sites": [{"name": name, "id": iis.site_id(name), "state": iis.site_state(name)} for name in iis.sites()],
        "workers": [
            {
                "pool": w.pool,
                "process_id": w.process_id,
                "started": clock.stamp(w.started) if sees else None,
                "owner": (w.owner or None) if sees else None,
            }
            for w in workers
        ],
    }


def _events(machine: Machine, query: Query) -> t.Any:
    log = query.get("log") or "Application"
    if log.lower() not in {"application", "system", "security"}:
        return None
    since = clock.parse(text(query, "since"))
    found = machine.events.query(log, query.get("providers"), since)[: number(query, "limit", 100)]
    return [{key: value for key, value in event.shown().items() if key != "log"} for event in found]


def _environment(machine: Machine, query: Query) -> t.Any:
    return {name: machine.environment.get(name) for name in listed(query, "names")}


def _account(machine: Machine, query: Query) -> t.Any:
    found = []
    for asked in listed(query, "names"):
        # The script replaces ".", which is no authority that Windows could look up.
        name = f"{machine.computer_name}{asked[1:]}" if asked.startswith(".\\") else asked
        account = machine.accounts.find(name)
        found.append(account and {"asked": asked, "sid": account.sid, "name": account.name})
    return found


def _listeners(machine: Machine, query: Query) -> t.Any:
    names = ("address", "port", *(("process_id", "process") if query.get("owners") else ()))
    return [{name: getattr(one, name) for name in names} for one in machine.network.listeners()]


_NUMBERS = {"web-server": 2, "web-appinit": 445, "web-scripting-tools": 176, "rsat-adds-tools": 299}
"""The features that the script knows, learn.microsoft.com "Win32_ServerFeature class"."""


def _features(machine: Machine, query: Query) -> t.Any:
    there = machine.features.identifiers()
    return {name: _NUMBERS.get(name.lower()) in there for name in listed(query, "names")}


def _policies(machine: Machine, query: Query) -> t.Any:
    def on(key: str, name: str) -> bool:
        return bool(machine.registry.get(f"{POLICIES}\\{key}", name) == 1)

    return {
        "module_logging": on("ModuleLogging", "EnableModuleLogging"),
        "script_block_logging": on("ScriptBlockLogging", "EnableScriptBlockLogging"),
        "transcription": on("Transcription", "EnableTranscripting"),
    }


def _policy_rights(machine: Machine, query: Query) -> t.Any:
    wanted, found = {name.lower() for name in listed(query, "names")}, {}
    for right, (policy, texts) in group_policy.deciding(machine.accounts.policies).items():
        if right.lower() in wanted:
            names = [text.removeprefix("*") for text in texts]
            found[right] = {"policy": policy, "listed": names, "accounts": _account(machine, {"names": names})}
    return found


def _secret_matches(machine: Machine, query: Query) -> t.Any:
    name = text(query, "name")
    if query.get("what") != "pool_password":
        raise BadQuery("the field 'what' must be pool_password")
    if machine.iis is None or not machine.iis.has_pool(name) or not machine.iis.pool_password(name):
        return None
    return machine.iis.pool_password(name) == query.get("expected")


_KINDS: dict[str, t.Callable[[Machine, Query], t.Any]] = {
    "file": _file,
    "files": _files,
    "drive": _drive,
    "acl": _acl,
    "registry": _registry,
    "certificates": _certificates,
    "service": _service,
    "iis": _iis,
    "http": probe_web.http,
    "with_token": probe_web.with_token,
    "download": probe_web.download,
    "reach": probe_web.reach,
    "programs": probe_web.programs,
    "events": _events,
    "environment": _environment,
    "account": _account,
    "listeners": _listeners,
    "processes": processes,
    "features": _features,
    "policies": _policies,
    "policy_rights": _policy_rights,
    "secret_matches": _secret_matches,
}


@handles("imops.identity_manager.win_im_probe")
def probe(call: Call) -> dict[str, t.Any]:
    """Answer all questions; one that fails does not fail the others."""
    machine = call.machine
    answers: list[dict[str, t.Any]] = []
    for query in call.arguments.get("queries") or []:
        kind = query.get("kind") or ""
        try:
            if kind not in {*_KINDS, "session"}:
                answers.append(_error("UnknownQuery", f"no such question: '{kind}'"))
            else:
                answers.append({"value": session(call) if kind == "session" else _KINDS[kind](machine, query)})
        except BadQuery as bad:
            answers.append(_error("BadQuery", str(bad)))
        except WindowsError as error:
            answers.append(_error(error.type_name, machine.language.said(error.message)))
    return {"changed": False, "protocol": 1, "answers": answers, "host": _host(machine)}


def _error(kind: str, message: str) -> dict[str, t.Any]:
    return {"error": {"type": kind, "message": message}}


def _host(machine: Machine) -> dict[str, t.Any]:
    return {
        "computer_name": machine.computer_name,
        "machine_id": machine.registry.get(CRYPTOGRAPHY, "MachineGuid"),
        "domain": machine.domain,
        "os_version": machine.os.version,
        "product_name": machine.os.product_name,
        "powershell": machine.os.powershell,
        "elevated": machine.caller.elevated,
        "time": clock.stamp(machine.clock.now()),
        "system_root": machine.system_root,
        "program_files": "C:\\Program Files",
        "program_data": "C:\\ProgramData",
    }
