"""Modules of microsoft.iis: web_app_pool and website, line by line after their scripts, traps included."""

from __future__ import annotations

import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.iis import Iis
from ..windows.iis_attributes import POOL

NO_IIS = (
    "Unhandled exception while executing module: The specified module 'WebAdministration' was not loaded because no"
    " valid module file was found in any module directory."
)
ANY = "0.0.0.0"


def _iis(call: Call) -> Iis:
    if call.machine.iis is None:
        raise ModuleFailure(NO_IIS)
    return call.machine.iis


@handles("microsoft.iis.web_app_pool")
def web_app_pool(call: Call) -> dict[str, t.Any]:
    """Make a pool, set its attributes one by one, set its state."""
    iis, name = _iis(call), call.arguments["name"]
    state = call.arguments.get("state") or "present"
    there = iis.has_pool(name)
    if state == "absent":
        if there and not call.check:
            iis.remove_pool(name)
        return {"changed": there}
    changed = False
    if not there:
        changed = True
        if call.check:
            return {"changed": True}
        try:
            iis.create_pool(name)
        except WindowsError as error:
            raise ModuleFailure(f"Failed to create new Web App Pool {name}: {error.message}", changed=False) from None
    before = iis.pool_state(name)  # the script keeps the object that it got before the attributes were set
    for attribute, value in (call.arguments.get("attributes") or {}).items():
        changed = _set_attribute(iis, name, attribute, value, call.check) or changed
    try:
        if before == "Stopped" and state in {"started", "restarted"}:
            changed = True
            if not call.check:
                iis.start_pool(name)
        elif before != "Stopped" and state in {"stopped", "restarted"}:
            changed = True
            if not call.check and state == "stopped":
                iis.stop_pool(name)
            elif not call.check:
                iis.recycle(name)
    except WindowsError as error:
        verb = {"started": "start", "stopped": "stop", "restarted": "restart"}[state]
        raise ModuleFailure(f"Failed to {verb} Web App Pool {name}: {error.message}", changed=changed) from None
    return {"changed": changed}


def _set_attribute(iis: Iis, name: str, attribute: str, value: t.Any, check: bool) -> bool:
    known = {n.lower(): n for n in POOL}
    try:
        present = iis.pool_attribute(name, attribute) if attribute.lower() in known else None
        wanted = _cast(POOL[known[attribute.lower()]].type, value) if attribute.lower() in known else value
        # -ne compares texts without regard to case: a password changed only in case is never applied.
        if present is not None and str(present).lower() == str(wanted).lower():
            return False
        if not check:
            iis.set_pool_attribute(name, attribute, wanted)
    except WindowsError as error:
        # The value stands in the message, a password too.
        raise ModuleFailure(
            f"Failed to set attribute to Web App Pool {name}. Attribute: {attribute}, Value: {value}, Exception:"
            f" {error.message}",
            changed=False,
        ) from None
    return True


def _cast(kind: str, value: t.Any) -> t.Any:
    if kind == "bool":
        return bool(value)  # -as [bool] makes True of any text but an empty one
    if kind == "timeSpan" and not isinstance(value, str):
        return "00:00:00"  # a number is taken as ticks
    if kind == "timeSpan" and ":" not in value:
        return f"{int(value)}.00:00:00" if int(value) else "00:00:00"  # a lone number is days
    if kind == "enum":
        return next(
            (n for attribute in POOL.values() for n, number in attribute.values if str(value).lower() in {n.lower()}),
            value,
        )
    return value


@handles("microsoft.iis.web_app_pool_info")
def web_app_pool_info(call: Call) -> dict[str, t.Any]:
    """Tell of one pool or all; a name that is missing fails."""
    iis, name = _iis(call), call.arguments.get("name")
    if name and not iis.has_pool(name):
        raise ModuleFailure(f"Cannot find path 'IIS:\\AppPools\\{name}' because it does not exist.")
    found = []
    for pool in [name] if name else iis.pools():
        shown: dict[str, t.Any] = {"name": pool, "state": iis.pool_state(pool)}
        for attribute, value in iis.pool_attributes(pool).items():
            if attribute != "processModel.password":
                *path, last = attribute.split(".")
                target = shown.setdefault("attributes", {})
                for part in path:
                    target = target.setdefault(part, {})
                target[last] = value
        found.append(shown)
    return {"changed": False, "exists": bool(found), "iis_web_app_pools": found}


@handles("microsoft.iis.website")
def website(call: Call) -> dict[str, t.Any]:
    """Make a site with its bindings; a certificate is set on an existing binding in check mode too."""
    iis, arguments = _iis(call), call.arguments
    name, state, path = arguments["name"], arguments.get("state") or "started", arguments.get("physical_path")
    changed = False
    try:
        if state != "absent" and not iis.has_site(name):
            if not path:
                raise ModuleFailure("missing required arguments: physical_path", changed=False)
            if not call.machine.files.exists(path):
                raise ModuleFailure("specified folder must already exist: physical_path", changed=False)
            if not call.check:
                iis.create_site(name, path, arguments.get("application_pool"), arguments.get("site_id"))
            changed = True
        if state == "absent" and iis.has_site(name):
            changed = True
            if not call.check:
                iis.remove_site(name)
        if not iis.has_site(name):
            return {"changed": changed}
        changed = _settings(call, iis, name) or changed
        before = iis.site_state(
            name
        )  # read before the bindings are set, so a new site is not stopped by state: stopped
        changed = _bindings(call, iis, name) or changed
        if state in {"stopped", "restarted"} and before == "Started":
            changed = True
            if not call.check:
                iis.stop_site(name)
        if (state == "started" and before == "Stopped") or state == "restarted":
            changed = True
            if not call.check:
                iis.start_site(name)
    except WindowsError as error:
        raise ModuleFailure(f"System.Collections.Hashtable - {error.message}", changed=changed) from None
    return {"changed": changed}


def _settings(call: Call, iis: Iis, name: str) -> bool:
    arguments, changed = call.arguments, False
    path, pool, preload = (arguments.get(key) for key in ("physical_path", "application_pool", "preload_enabled"))
    if path:
        if not call.machine.files.exists(path):
            raise ModuleFailure("specified folder must already exist: physical_path", changed=False)
        if call.machine.files.entry(path).path.lower() != iis.site_path(name).lower():
            changed = True
            if not call.check:
                iis.set_site_path(name, call.machine.files.entry(path).path)
    if pool and pool.lower() != iis.site_pool(name).lower():
        changed = True
        if not call.check:
            iis.set_site_pool(name, pool)
    if preload is not None and preload != iis.preloads(name):
        changed = True
        if not call.check:
            iis.set_preload(name, preload)
    return changed


def _flags(call: Call, binding: dict[str, t.Any]) -> int:
    if binding.get("use_sni") and (binding["protocol"] != "https" or not binding.get("hostname")):
        raise ModuleFailure("must specify hostname value when use_sni is set.", changed=False)
    thumbprint = binding.get("certificate_hash")
    if binding.get("use_ccs") and thumbprint:
        raise ModuleFailure(f"You set use_ccs to {binding['use_ccs']}.", changed=False)
    if binding["protocol"] == "https" and not binding.get("use_ccs") and not thumbprint:
        raise ModuleFailure("must either specify a certificate_hash or use_ccs.", changed=False)
    if thumbprint:
        if binding["protocol"] != "https":
            raise ModuleFailure(
                "You can only provide a certificate thumbprint when protocol is set to https", changed=False
            )
        store = binding.get("certificate_store_name") or "My"
        if call.machine.certificates.find("LocalMachine", store, thumbprint) is None:
            raise ModuleFailure(
                f"Unable to locate certificate at cert:\\LocalMachine\\{store}\\{thumbprint}", changed=False
            )
    return int(bool(binding.get("use_sni"))) + 2 * int(bool(binding.get("use_ccs")))


def _information(binding: dict[str, t.Any]) -> str:
    return f"{binding.get('ip') or ''}:{binding.get('port') or ''}:{binding.get('hostname') or ''}"


def _bindings(call: Call, iis: Iis, name: str) -> bool:
    wanted = call.arguments.get("bindings") or {}
    if wanted.get("set") is None and not wanted.get("add") and not wanted.get("remove"):
        return False
    changed = False
    present = {b.information.lower(): b for b in iis.bindings(name) if b.protocol in {"http", "https"}}
    given = wanted["set"] if wanted.get("set") is not None else wanted.get("add") or []
    if wanted.get("set") is not None:
        kept = {_information(b).lower() for b in given}
        surplus = [b for key, b in present.items() if key not in kept]
    else:
        gone = {_information(b).lower() for b in wanted.get("remove") or []}
        surplus = [b for key, b in present.items() if key in gone]
    for binding in given:
        information = _information(binding)
        old = present.get(information.lower())
        if old is None:
            flags = _flags(call, binding)
            changed = True
            if not call.check:
                iis.add_binding(name, binding["protocol"], information, flags)
                _certify(call, iis, name, information, binding)
            continue
        # Flags of 4 and more read as the central certificate store.
        sni, central = (binding.get(name) for name in ("use_sni", "use_ccs"))
        known = {"use_sni": bool(old.ssl_flags % 2) if sni is None else sni}
        known["use_ccs"] = bool(old.ssl_flags // 2) if central is None else central
        flags = _flags(call, {**binding, **known})
        if flags != old.ssl_flags:
            changed = True
            if not call.check:
                iis.set_binding_flags(name, old.protocol, old.information, flags)
        if binding.get("certificate_hash"):
            served = iis.httpsys.get(old.endpoint, sni=old.sni)
            if served is None or served.thumbprint != binding["certificate_hash"].upper():
                _certify(call, iis, name, information, binding)  # no guard for check mode in the real script
                changed = True
    for old in surplus:
        changed = True
        if not call.check:
            # An address of * is a wildcard and an empty host no condition: everything on that port goes.
            for b in iis.bindings(name):
                fits = b.port == old.port and old.address in {"*", b.address} and (not old.host or b.host == old.host)
                if fits:
                    iis.remove_binding(name, b.protocol, b.information)
    return changed


def _certify(call: Call, iis: Iis, name: str, information: str, binding: dict[str, t.Any]) -> None:
    thumbprint, store = binding.get("certificate_hash"), binding.get("certificate_store_name") or "My"
    if not thumbprint:
        return
    stored = call.machine.certificates.find("LocalMachine", store, thumbprint)
    if stored is None or stored.key is None:
        raise WindowsError(
            "System.Runtime.InteropServices.COMException",
            "A specified logon session does not exist. It may already have been terminated. (Exception from HRESULT:"
            " 0x80070520)",
        )
    now = next(b for b in iis.bindings(name) if b.information.lower() == information.lower())
    iis.httpsys.set(now.endpoint, thumbprint, store, sni=now.sni)
