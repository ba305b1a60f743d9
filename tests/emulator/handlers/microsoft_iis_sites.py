"""Modules of microsoft.iis for sites, line by line after their scripts, traps included."""

from __future__ import annotations

import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.errors import WindowsError
from ..windows.iis.binding import WEB, Binding
from ..windows.iis.server import Iis
from ..windows.iis.states import UNKNOWN
from ..windows.text import powershell_values
from .microsoft_iis import installed

RESULT = "System.Collections.Generic.Dictionary`2[System.String,System.Object]"
NO_LOGON = (
    "A specified logon session does not exist. It may already have been terminated. (Exception from HRESULT:"
    " 0x80070520)"
)
WRONG = "The parameter is incorrect. (Exception from HRESULT: 0x80070057)"
CCS_MESSAGE = """You set use_ccs to {}.
            This indicates you wish to use the Central Certificate Store feature.
            This cannot be used in combination with certficiate_hash and certificate_store_name. When using the Central Certificate Store feature,
            the certificate is automatically retrieved from the store rather than manually assigned to the binding."""  # noqa: E501
NO_NUMBER = "Input string was not in a correct format."
""".NET Framework's words, as in ``model/option_types.py``, where the belief is marked."""
Given = dict[str, t.Any]


@handles("microsoft.iis.website")
def website(call: Call) -> dict[str, t.Any]:
    """Make a site with its bindings; a certificate is set on an existing binding in check mode too."""
    return {"changed": _Website(call).run()}


class _Website:
    """One call. ``changed`` is the module's own result, which failures show as it is by then."""

    def __init__(self, call: Call) -> None:
        self._call, self._iis, self._check = call, installed(call), call.check
        self._name: str = call.arguments["name"]
        self._state: str = call.arguments["state"].lower()
        self.changed = False

    def run(self) -> bool:
        """Do what is asked; return whether anything changed."""
        try:
            self._be_there()
            if self._iis.has_site(self._name):
                self._settings()
                before = self._iis.site_state(self._name)  # before the bindings: a new site is not stopped
                self._bindings()
                self._run_state(before)
        except WindowsError as error:
            raise self._fail(f"{RESULT} - {error.message}") from None
        return self.changed

    def _fail(self, message: str) -> ModuleFailure:
        return ModuleFailure(message, changed=self.changed)

    def _be_there(self) -> None:
        there, arguments = self._iis.has_site(self._name), self._call.arguments
        if self._state == "absent":
            if there:
                if not self._check:
                    self._iis.remove_site(self._name)
                self.changed = True
            return
        if there:
            return
        path = arguments.get("physical_path")
        if not path:
            raise self._fail("missing required arguments: physical_path")
        if not self._call.machine.files.exists(path):
            raise self._fail("specified folder must already exist: physical_path")
        if not self._check:
            number = _site_number(arguments.get("site_id"))
            self._iis.create_site(self._name, path, arguments.get("application_pool"), number)
        self.changed = True

    def _settings(self) -> None:
        arguments, iis, name = self._call.arguments, self._iis, self._name
        path, pool, preload = (arguments.get(key) for key in ("physical_path", "application_pool", "preload_enabled"))
        if path:
            if not self._call.machine.files.exists(path):
                raise self._fail("specified folder must already exist: physical_path")
            full = full_name(path)
            if full.lower() != iis.site_path(name).lower():
                self._set(lambda: iis.set_site_path(name, full))
        if pool and pool.lower() != iis.site_pool(name).lower():
            self._set(lambda: iis.set_site_pool(name, pool))
        if preload is not None and preload != iis.site_preloads(name):
            self._set(lambda: iis.set_preload(name, preload))

    def _set(self, change: t.Callable[[], None]) -> None:
        if not self._check:
            change()
        self.changed = True

    def _bindings(self) -> None:
        wanted = self._call.arguments.get("bindings") or {}
        replace = wanted.get("set") is not None
        if not replace and not wanted.get("add") and not wanted.get("remove"):
            return
        present = [b for b in self._iis.bindings(self._name) if b.protocol in WEB]
        known = {b.information.lower() for b in present}
        given: list[Given] = (wanted["set"] if replace else wanted.get("add")) or []
        if replace:
            kept = {_information(b).lower() for b in given}
            surplus = [b for b in present if b.information.lower() not in kept]
        else:
            gone = {_information(b).lower() for b in wanted.get("remove") or []}
            surplus = [b for b in present if b.information.lower() in gone]
        served = {b: self._served(b) for b in present}
        for binding in (b for b in given if _information(b).lower() not in known):
            self._add(binding)
        for binding in (b for b in given if _information(b).lower() in known):
            self._edit(binding, present, served)
        for old in surplus:
            if not self._check:
                address, port, host = [*old.information.split(":"), "", ""][:3]
                for found in self._found(address, port, host):
                    self._iis.remove_binding(self._name, found.protocol, found.information)
            self.changed = True

    def _served(self, binding: Binding) -> tuple[str, str]:
        found = self._iis.httpsys.get(binding.endpoint, sni=binding.sni) if binding.protocol == "https" else None
        return (found.thumbprint, found.store) if found else ("", "")

    def _add(self, binding: Given) -> None:
        flags = self._flags(binding)
        if not self._check:
            default = 443 if binding["protocol"] == "https" else 80
            place = f"{binding.get('ip') or '*'}:{binding.get('port') or default}:{binding.get('hostname') or ''}"
            self._iis.add_binding(self._name, binding["protocol"], place, flags)
            if binding.get("certificate_hash"):
                self._certify(binding)
        self.changed = True

    def _edit(self, binding: Given, present: list[Binding], served: dict[Binding, tuple[str, str]]) -> None:
        old = next(b for b in present if b.information.lower() == _information(binding).lower())
        # The place is that among the bindings of http and https, and is taken for the place among all.
        number, iis, name = present.index(old), self._iis, self._name
        binding = dict(binding)
        if binding.get("use_sni") is None:
            binding["use_sni"] = old.ssl_flags % 2
        if binding.get("use_ccs") is None:
            binding["use_ccs"] = old.ssl_flags // 2  # flags of 4 and more read as the central certificate store
        flags = self._flags(binding)
        if old.protocol != binding["protocol"]:
            self._set(lambda: iis.set_binding(name, number, "protocol", binding["protocol"]))
        if old.ssl_flags != flags:
            self._set(lambda: iis.set_binding(name, number, "sslFlags", str(flags)))
        wanted = (binding.get("certificate_hash") or "", binding["certificate_store_name"])
        if wanted[0] and any(have.lower() != want.lower() for have, want in zip(served[old], wanted, strict=True)):
            self._certify(binding)  # no guard for check mode in the real script
            self.changed = True

    def _flags(self, binding: Given) -> int:
        secure, host, thumbprint = (
            binding["protocol"] == "https",
            binding.get("hostname"),
            binding.get("certificate_hash"),
        )
        for option in ("use_sni", "use_ccs"):
            if binding.get(option) and not secure:
                raise self._fail(f"{option} can only be set for https protocol")
            if binding.get(option) and not host:
                raise self._fail(f"must specify hostname value when {option} is set.")
        if binding.get("use_ccs") and thumbprint:
            raise self._fail(CCS_MESSAGE.format(binding["use_ccs"]))
        if secure and not binding.get("use_ccs") and not thumbprint:
            raise self._fail("must either specify a certificate_hash or use_ccs.")
        if thumbprint:
            if not secure:
                raise self._fail("You can only provide a certificate thumbprint when protocol is set to https")
            store = binding["certificate_store_name"]
            if self._call.machine.certificates.find("LocalMachine", store, thumbprint) is None:
                raise self._fail(f"Unable to locate certificate at cert:\\LocalMachine\\{store}\\{thumbprint}")
        return int(bool(binding.get("use_sni"))) + 2 * int(bool(binding.get("use_ccs")))

    def _found(self, address: str, port: str, host: str) -> list[Binding]:
        """Return what Get-WebBinding finds: an address of * is a wildcard, and what is empty no condition."""
        asked = (address, "" if port == "0" else port, host)
        return [
            b
            for b in self._iis.bindings(self._name)
            if all(powershell_values.like(pattern, value) for pattern, value in zip(asked, b.parts, strict=True))
        ]

    def _certify(self, binding: Given) -> None:
        thumbprint, store = binding["certificate_hash"], binding["certificate_store_name"]
        place = (binding.get("ip") or "", powershell_values.text(binding.get("port")), binding.get("hostname") or "")
        for found in self._found(*place):
            stored = self._call.machine.certificates.find("LocalMachine", store, thumbprint)
            why = WRONG if found.protocol != "https" else NO_LOGON if stored is None or stored.key is None else None
            if why:
                raise WindowsError(
                    "System.Management.Automation.MethodInvocationException",
                    f'Exception calling "AddSslCertificate" with "2" argument(s): "{why}"',
                )
            self._iis.httpsys.set(found.endpoint, thumbprint, store, sni=found.sni)

    def _run_state(self, before: str) -> None:
        if self._state in {"stopped", "restarted"} and before == "Started":
            self._set(lambda: self._iis.stop_site(self._name))
        if (self._state == "started" and before == "Stopped") or self._state == "restarted":
            self._set(lambda: self._iis.start_site(self._name))


def _site_number(given: str | None) -> int | None:
    number = powershell_values.cast("uint", given) if given else None
    if given and number is None:
        digits = given.strip().lstrip("-").isdigit()
        why = "Value was either too large or too small for a UInt32." if digits else NO_NUMBER
        raise WindowsError(
            "System.Management.Automation.ParameterBindingException",
            f'Cannot bind parameter \'Id\'. Cannot convert value "{given}" to type "System.UInt32". Error: "{why}"',
        )
    return number


def full_name(path: str) -> str:
    """Return FullName of what Get-Item finds: the path as it was written, with backslashes and without dots."""
    full = ntpath.normpath(path)
    return full + "\\" if path.endswith(("\\", "/")) and not full.endswith("\\") else full


def _information(binding: Given) -> str:
    port = binding.get("port")
    return f"{binding.get('ip') or ''}:{'' if port is None else port}:{binding.get('hostname') or ''}"


@handles("microsoft.iis.website_info")
def website_info(call: Call) -> dict[str, t.Any]:
    """Tell of one site or all; a name that is missing gives an empty list."""
    iis, name = installed(call), call.arguments.get("name")
    asked = [site for site in iis.sites() if not name or site.lower() == name.lower()]
    try:
        found = [_info(iis, site) for site in asked]
    except ValueError as error:
        raise ModuleFailure(
            "Failed to fetch the info of the required Website Exception: Cannot convert value"
            f' "{error}" to type "System.Int32". Error: "{NO_NUMBER}"',
            exists=True,
            site=[],
        ) from None
    return {"changed": False, "exists": bool(asked), "site": found}


def _info(iis: Iis, name: str) -> dict[str, t.Any]:
    state = iis.site_state(name)
    return {
        "name": name,
        "site_id": iis.site_id(name),
        "state": None if state == UNKNOWN else state,
        "physical_path": iis.site_path(name),
        "application_pool": iis.site_pool(name),
        "bindings": [_binding_info(iis, binding) for binding in iis.bindings(name)],
    }


def _binding_info(iis: Iis, binding: Binding) -> dict[str, t.Any]:
    ip, port, host = [*binding.information.split(":"), None, None][:3]
    number = powershell_values.cast("int", port)
    if number is None:
        raise ValueError(port)
    served = iis.httpsys.get(binding.endpoint, sni=binding.sni) if binding.protocol == "https" else None
    return {
        "ip": ip,
        "port": number,
        "hostname": host,
        "protocol": binding.protocol,
        "use_ccs": bool(binding.ssl_flags & 2),
        "use_sni": bool(binding.ssl_flags & 1),
        "certificate_hash": served.thumbprint if served else "",
        "certificate_store_name": served.store if served else "",
    }
