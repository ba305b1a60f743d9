"""Modules of ansible.windows about the system: win_feature, win_package, win_service, win_user_right."""

from __future__ import annotations

import hashlib
import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.installed import packages
from ..windows.machine import Machine
from ..windows.network import web
from ..windows.network.uri import Uri
from ..windows.system.services import ROOT, Service
from . import web_request


@handles("ansible.windows.win_feature")
def win_feature(call: Call) -> dict[str, t.Any]:
    """Install or remove features."""
    features, arguments = call.machine.features, call.arguments
    names, source = arguments["name"], arguments.get("source")
    if source and not call.machine.files.exists(source):
        raise ModuleFailure(f"Failed to find source path {source} for feature install")
    try:
        if arguments.get("state", "present") == "absent":
            changed = tuple(name for name in names if features.installed(name))
            restart = False if call.check else features.remove(names).restart
        else:
            options = {
                "sub_features": bool(arguments.get("include_sub_features")),
                "management_tools": bool(arguments.get("include_management_tools")),
            }
            changed = features.plan(names, **options)
            restart = False if call.check else features.install(names, source=source, **options).restart
    except WindowsError as error:
        raise ModuleFailure(f"Failed to install Windows Feature: {error.message}", reboot_required=False) from None
    return {
        "changed": bool(changed),
        "exitcode": "Success" if changed else "NoChangeNeeded",
        "success": True,
        "reboot_required": restart,
        "feature_result": [
            {
                "id": index,
                "display_name": call.machine.language.features.get(name, name),
                "message": [],
                "reboot_required": False,
                "skip_reason": "NotSkipped",
                "success": True,
                "restart_needed": False,
            }
            for index, name in enumerate(changed, start=1)
        ],
    }


def _installer(call: Call, path: str) -> bytes:
    machine, uri = call.machine, Uri.parse(path)
    if uri is not None and uri.scheme in {"http", "https"}:
        return web.send(machine, web.WebRequest(uri, **web_request.way(call.arguments))).answer.body
    content = machine.network.shared(path) if path.startswith("\\\\") else None
    if content is None:
        if not machine.files.is_file(path):
            raise ModuleFailure(f"the file at the path '{path}' cannot be reached", reboot_required=False)
        content = machine.files.read(path)
    return content


def _installed(machine: Machine, arguments: dict[str, t.Any]) -> bool | None:
    """Tell whether the package is there by what the task names: creates_path before product_id; None when it names
    nothing.
    """
    creates = arguments.get("creates_path")
    if creates:
        return machine.files.exists(machine.environment.expand(creates))
    product = arguments.get("product_id")
    if product:
        root = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
        return any(machine.registry.key(f"{key}\\{product}") is not None for key in (root, packages.UNINSTALL))
    return None


@handles("ansible.windows.win_package")
def win_package(call: Call) -> dict[str, t.Any]:
    """Run an installer unless what it brings is there."""
    machine, arguments = call.machine, call.arguments
    path, wanted = arguments.get("path") or "", arguments.get("state", "present") == "present"
    url = path.lower().startswith(("http://", "https://"))
    there = _installed(machine, arguments)
    result: dict[str, t.Any] = {"changed": False, "reboot_required": False}
    try:
        if url and there is not None and there == wanted:
            return result
        content = _installer(call, path)  # read on every other run, in check mode too
        checksum = arguments.get("checksum")
        if checksum:
            found = hashlib.new(arguments.get("checksum_algorithm") or "sha1", content).hexdigest()
            if found != checksum.lower():
                raise ModuleFailure(
                    f"checksum of the file '{path}' is '{found}', expecting '{checksum}'", checksum=found, **result
                )
        if there is not None and there == wanted:
            return result
        if call.check:
            return result | {"changed": True}
        status = packages.signature(content)
        if arguments.get("verify_signature") and wanted and status != "Valid":
            raise ModuleFailure(
                f"Authenticode check failed: File '{path}': signature status is '{status}', expected 'Valid'", **result
            )
        words = arguments.get("arguments") or []
        words = words if isinstance(words, list) else str(words).split()
        machine.ran(f'"{path}" {" ".join(words)}')
        code = machine.packages.run(content, words)
    except WindowsError as error:
        raise ModuleFailure(f"Failed to run the package: {error.message}", **result) from None
    expected = [int(code) for code in arguments.get("expected_return_code") or [0, 3010]]
    if code not in expected:
        raise ModuleFailure(
            f"unexpected rc from '{ntpath.basename(path)}': see rc, stdout, and stderr for more details",
            rc=code,
            stdout="",
            stderr="",
            **(result | {"changed": True}),
        )
    return {"changed": True, "rc": code, "reboot_required": code == packages.REBOOT}


def _shown(service: Service) -> dict[str, t.Any]:
    modes = {"automatic": "auto", "delayed": "delayed", "manual": "manual", "disabled": "disabled"}
    return {
        "exists": True,
        "name": service.name,
        "display_name": service.display_name,
        "path": service.path,
        "start_mode": modes[service.start_mode],
        "state": service.state.lower(),
        "username": service.account,
        "description": service.description,
        "dependencies": list(service.dependencies),
    }


@handles("ansible.windows.win_service")
def win_service(call: Call) -> dict[str, t.Any]:
    """Make, change, start, stop or remove a service."""
    machine, arguments = call.machine, call.arguments
    services, name, state = machine.services, arguments["name"], arguments.get("state")
    service = services.get(name)
    if service is None:
        if state == "absent":
            return {"changed": False, "exists": False}
        if not arguments.get("path"):
            raise ModuleFailure(
                f"Service '{name}' is not installed, need to set 'path' to create a new service", exists=False
            )
    changed = False
    try:
        if service is not None and state == "absent":
            if not call.check:
                services.stop(name, force_dependents=True)
                services.wait(name)
                services.delete(name)
            return {"changed": True, "exists": False}
        if service is None:
            changed = True
            if call.check:
                return {"changed": True, "exists": True, "name": name}
            services.create(name, path=arguments["path"])
            arguments = {**arguments, "update_password": "always"}
        changed = _configure(machine, arguments, call.check) or changed
        changed = _run_state(machine, arguments, call.check) or changed
    except WindowsError as error:
        raise ModuleFailure(f"{error.message}", changed=changed) from None
    found = services.get(name)
    return {"changed": changed} | (_shown(found) if found else {"exists": False})


def _configure(machine: Machine, arguments: dict[str, t.Any], check: bool) -> bool:
    service = machine.services.get(arguments["name"])
    assert service is not None
    changed = _set_account(machine, service, arguments, check)
    starts = {"auto": 2, "delayed": 2, "manual": 3, "disabled": 4}
    wanted = {"display_name": ("DisplayName", service.display_name), "path": ("ImagePath", service.path)}
    wanted |= {"description": ("Description", service.description)}
    for option, (value, present) in wanted.items():
        if arguments.get(option) is not None and arguments[option] != present:
            changed = True
            if not check:
                machine.registry.set(f"{ROOT}\\{service.name}", value, "String", arguments[option])
    mode = arguments.get("start_mode")
    if mode and mode.replace("auto", "automatic") != service.start_mode:
        changed = True
        if not check:
            machine.registry.set(f"{ROOT}\\{service.name}", "Start", "DWord", starts[mode])
            machine.registry.set(f"{ROOT}\\{service.name}", "DelayedAutostart", "DWord", int(mode == "delayed"))
    return _set_recovery(machine, service.name, arguments, check) or changed


def _sid_of(machine: Machine, name: str) -> str:
    sid = "S-1-5-18" if name.lower() == "localsystem" else machine.accounts.sid(name)
    if sid is None:
        raise WindowsError(
            "System.Security.Principal.IdentityNotMappedException",
            "Some or all identity references could not be translated.",
            -2146233087,
        )
    return sid


def _set_account(machine: Machine, service: Service, arguments: dict[str, t.Any], check: bool) -> bool:
    """Set account and password as Set-ServiceAccount does: the account by SID, the password when it is told to."""
    user, password = arguments.get("username"), arguments.get("password")
    differs = bool(user) and _sid_of(machine, str(user)) != _sid_of(machine, service.account)
    send = bool(password) and (differs or arguments.get("update_password") == "always")
    if not check and differs:
        sid = _sid_of(machine, str(user))
        name = "LocalSystem" if sid == "S-1-5-18" else machine.accounts.name(sid) or str(user)
        name = str(user) if str(user).lower().startswith("nt service\\") else name
        machine.registry.set(f"{ROOT}\\{service.name}", "ObjectName", "String", name)
        machine.services.passwords.pop(service.name.lower(), None)
    if not check and send:
        machine.services.passwords[service.name.lower()] = str(password)
    return differs or send


def _set_recovery(machine: Machine, name: str, arguments: dict[str, t.Any], check: bool) -> bool:
    """Set failure actions; what is not given stays, as the module's C# reads it before it writes."""
    asked, reset = arguments.get("failure_actions"), arguments.get("failure_reset_period_sec")
    present_reset, present = machine.services.recovery(name)
    wanted = None if asked is None else [(a["type"], int(a.get("delay_ms") or 0)) for a in asked]
    actions_differ = wanted is not None and wanted != present
    reset_differs = reset is not None and int(reset) != present_reset
    if not check and (actions_differ or reset_differs):
        machine.services.set_recovery(
            name, present_reset if reset is None else int(reset), present if wanted is None else wanted
        )
    return actions_differ or reset_differs


def _run_state(machine: Machine, arguments: dict[str, t.Any], check: bool) -> bool:
    services, name, state = machine.services, arguments["name"], arguments.get("state")
    service = services.get(name)
    assert service is not None
    force = bool(arguments.get("force_dependent_services"))
    if state == "paused":
        raise ModuleFailure("the emulator does not model paused services")
    if state == "restarted":
        if not check:
            dependents = [
                d for d in services.dependents(name) if (found := services.get(d)) and found.state == "Running"
            ]
            services.stop(name, force_dependents=force)
            services.wait(name)
            services.start(name)
            services.wait(name)
            for dependent in dependents:
                services.start(dependent)
        return True
    if state == "started" and service.state != "Running":
        if not check:
            services.start(name)
            services.wait(name)
        return True
    if state == "stopped" and service.state != "Stopped":
        if not check:
            services.stop(name, force_dependents=force)
            services.wait(name)
        return True
    return False


@handles("ansible.windows.win_user_right")
def win_user_right(call: Call) -> dict[str, t.Any]:
    """Add, remove or set who has a user right."""
    accounts, arguments = call.machine.accounts, call.arguments
    name, action = arguments["name"], arguments.get("action") or "set"
    sids = []
    for user in arguments["users"]:
        sid = user if user.upper().startswith("S-1-") else accounts.sid(user)
        if sid is None:
            raise ModuleFailure(
                f"Unhandled exception while executing module: account_name {user} is not a valid account, cannot"
                " get SID"
            )
        sids.append(sid)
    present = accounts.rights.get(name, set())
    wanted = {"add": present | set(sids), "remove": present - set(sids), "set": set(sids)}[action]
    if not call.check:
        accounts.rights[name] = wanted
    added, removed = sorted(wanted - present), sorted(present - wanted)
    shown = {"added": [accounts.name(s) or s for s in added], "removed": [accounts.name(s) or s for s in removed]}
    return {"changed": bool(added or removed), **shown}
