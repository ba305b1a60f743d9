"""Modules of ansible.windows that ask a server who it is: win_ping, setup."""

from __future__ import annotations

import datetime
import json
import math
import ntpath
import typing as t

from ..model.call import Call, ModuleFailure, handles
from ..windows.commands import scripts
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from ..windows.security.accounts import MACHINE
from ..windows.system.edition import CURRENT_VERSION

GROUPS = {
    "min": ("date_time", "distribution", "dns", "env", "local", "platform", "powershell_version", "user"),
    "network": ("all_ipv4_addresses", "all_ipv6_addresses", "interfaces", "windows_domain", "winrm"),
    "hardware": ("bios", "memory", "processor", "uptime", "virtual"),
    "external": ("facter",),
}
EVERYTHING = frozenset(name for names in GROUPS.values() for name in names)
COMMENT = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\LanmanServer\\Parameters"
SESSION_MANAGER = "HKLM:\\SYSTEM\\CurrentControlSet\\Control\\Session Manager"
SERVICING = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
SERVER_MANAGER = "HKLM:\\SOFTWARE\\Microsoft\\ServerManager\\ServicingStorage\\ServerComponentCache"
ADDRESS, GATEWAY, LINK = "192.0.2.10", "192.0.2.1", "Ethernet"
MEMORY_MB = 8192
_SINCE_1601 = datetime.datetime(1601, 1, 1, tzinfo=datetime.UTC)


@handles("ansible.windows.win_ping")
def win_ping(call: Call) -> dict[str, t.Any]:
    """Answer with the text that was given; an empty one and a null, which takes no default, too."""
    data = call.arguments["data"]
    if data is not None and data.lower() == "crash":
        raise WindowsError("System.Management.Automation.RuntimeException", "boom")
    return {"changed": False, "ping": data}


@handles("ansible.windows.setup")
def setup(call: Call) -> dict[str, t.Any]:
    """Give the facts of the subsets that are asked for."""
    warnings: list[str] = []
    subsets = _subsets(call.arguments["gather_subset"], warnings)
    facts: dict[str, t.Any] = {"gather_subset": call.arguments["gather_subset"], "module_setup": True}
    measured: dict[str, float] = {}
    for names, read in _READERS:
        if not subsets.isdisjoint(names):
            facts |= read(call, warnings)
            measured[", ".join(names)] = 0.01
    if call.arguments["_measure_subset"]:
        facts["measure_info"] = measured
    result = {"changed": False, "ansible_facts": facts}
    return {**result, "warnings": warnings} if warnings else result


def _subsets(asked: list[str] | None, warnings: list[str]) -> set[str]:
    """Return the subsets that are meant, all for null: what is named is in, even where another word takes it out."""
    named: set[str] = set()
    left_out: set[str] = set()
    for word in asked or ():
        if word.lower() == "!all":
            left_out |= EVERYTHING - {*GROUPS["min"]}
        elif word.startswith("!"):
            left_out |= _members(word[1:]) or set()
        else:
            found = _members(word)
            if found is None:
                warnings.append(f"invalid value {word} specified in gather_subset")
            named |= found or set()
    return set(EVERYTHING) - left_out | named


def _members(word: str) -> set[str] | None:
    """Return what a word stands for; names of groups are found in any letters, those of subsets are not."""
    if word.lower() == "all":
        return set(EVERYTHING)
    if word.lower() in GROUPS:
        return set(GROUPS[word.lower()])
    return {word} if word in EVERYTHING else None


def _addresses(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {"ansible_ip_addresses": [ADDRESS]}


def _bios(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {
        "ansible_bios_date": "04/01/2024",
        "ansible_bios_version": "1.0",
        "ansible_product_name": "Virtual Machine",
        "ansible_product_serial": "0000-0000-0000-0000",
        "ansible_product_uuid": "00000000-0000-4000-8000-000000000000",
    }


def _date_time(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    now = call.machine.clock.now()
    seconds, micro = now.timestamp(), f"{now:%f}"
    return {
        "ansible_date_time": {
            "date": f"{now:%Y-%m-%d}",
            "day": f"{now:%d}",
            "epoch_local": f"{seconds:.5f}",
            "epoch": f"{seconds:.5f}",
            "epoch_int": round(seconds),
            "hour": f"{now:%H}",
            "iso8601": f"{now:%Y-%m-%dT%H:%M:%SZ}",
            "iso8601_basic": f"{now:%Y%m%dT%H%M%S}{micro}",
            "iso8601_basic_short": f"{now:%Y%m%dT%H%M%S}",
            "iso8601_micro": f"{now:%Y-%m-%dT%H:%M:%S}.{micro}Z",
            "minute": f"{now:%M}",
            "month": f"{now:%m}",
            "second": f"{now:%S}",
            "time": f"{now:%H:%M:%S}",
            "tz": "UTC",
            "tz_offset": "+00:00",
            "weekday": f"{now:%A}",
            "weekday_number": f"{now:%w}",
            "weeknumber": str(int(f"{now:%W}")),
            "year": f"{now:%Y}",
        }
    }


def _distribution(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    machine = call.machine
    installed = machine.registry.get(CURRENT_VERSION, "InstallTime")
    date = _SINCE_1601 + datetime.timedelta(microseconds=installed // 10) if installed else None
    name = f"Microsoft {machine.os.product_name}"
    return {
        "ansible_distribution": name,
        "ansible_distribution_version": machine.os.version,
        "ansible_distribution_major_version": machine.os.version.split(".")[0],
        "ansible_os_family": "Windows",
        "ansible_os_name": name,
        "ansible_os_product_type": "server",
        "ansible_os_installation_type": machine.registry.get(CURRENT_VERSION, "InstallationType"),
        "ansible_os_install_date": f"{date:%Y-%m-%dT%H:%M:%SZ}" if date else None,
    }


def _env(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    """Return the process's variables: those of the system, then the machine's."""
    machine = call.machine
    home = "C:\\Users\\Administrator"
    variables = {
        "ALLUSERSPROFILE": "C:\\ProgramData",
        "APPDATA": f"{home}\\AppData\\Roaming",
        "COMPUTERNAME": machine.computer_name,
        "CommonProgramFiles": "C:\\Program Files\\Common Files",
        "CommonProgramFiles(x86)": "C:\\Program Files (x86)\\Common Files",
        "CommonProgramW6432": "C:\\Program Files\\Common Files",
        "LOCALAPPDATA": f"{home}\\AppData\\Local",
        "NUMBER_OF_PROCESSORS": "2",
        "PATHEXT": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC;.CPL",
        "PROCESSOR_ARCHITECTURE": "AMD64",
        "PROCESSOR_IDENTIFIER": "Intel64 Family 6 Model 85 Stepping 7, GenuineIntel",
        "PROCESSOR_LEVEL": "6",
        "PROCESSOR_REVISION": "5507",
        "PSModulePath": "C:\\Program Files\\WindowsPowerShell\\Modules",
        "PUBLIC": "C:\\Users\\Public",
        "ProgramData": "C:\\ProgramData",
        "ProgramFiles": "C:\\Program Files",
        "ProgramFiles(x86)": "C:\\Program Files (x86)",
        "ProgramW6432": "C:\\Program Files",
        "SystemDrive": "C:",
        "SystemRoot": machine.system_root,
        "USERDOMAIN": machine.computer_name,
        "USERNAME": "Administrator",
        "USERPROFILE": home,
    }
    variables |= machine.environment.variables()
    variables |= dict.fromkeys(("TEMP", "TMP"), f"{home}\\AppData\\Local\\Temp")
    return {"ansible_env": {name: value.rstrip("\\") for name, value in variables.items()}}


def _interfaces(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {
        "ansible_interfaces": [
            {
                "connection_name": LINK,
                "default_gateway": GATEWAY,
                "dns_domain": call.machine.domain,
                "interface_index": 4,
                "interface_name": "Microsoft Hyper-V Network Adapter",
                "ipv4": {"address": ADDRESS, "prefix": "24"},
                "ipv6": None,
                "macaddress": "00:15:5D:00:02:0A",
                "mtu": 1500,
                "speed": 10000,
            }
        ]
    }


def _local(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    """Return what the files of a folder say: JSON as it is, scripts run."""
    folder, files = call.arguments["fact_path"], call.machine.files
    if not folder:
        return {}
    node = files.find(folder)
    if node is None:
        warnings.append(f"Non existing path was set for local facts - {folder}")
        return {}
    facts: dict[str, t.Any] = {}
    paths = [ntpath.join(folder, name) for name in files.children(folder)] if node.folder else [folder]
    for path in paths:
        stem, kind = ntpath.splitext(files.entry(path).name)
        if kind not in {".ps1", ".json"} or files.is_folder(path):
            continue
        said = json.loads(files.text(path)) if kind == ".json" else _output(call, files.text(path))
        if said is not None:
            facts[f"ansible_{stem}"] = said
    return facts


def _output(call: Call, script: str) -> t.Any:
    try:
        output = scripts.run(script, {}, "C:\\", check=call.check).output
    except scripts.Unreadable:
        raise ModuleFailure(f"the emulator does not run this script: {script[:2000]}") from None
    return output[0] if len(output) == 1 else output or None


def _memory(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {
        "ansible_memtotal_mb": MEMORY_MB,
        "ansible_memfree_mb": MEMORY_MB // 2,
        "ansible_swaptotal_mb": 0,
        "ansible_pagefiletotal_mb": MEMORY_MB // 8,
        "ansible_pagefilefree_mb": MEMORY_MB // 8,
    }


def _platform(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    machine = call.machine
    host, registry = machine.name.split(".")[0], machine.registry
    full = f"{host}.{machine.domain}" if machine.domain else host
    return {
        "ansible_domain": machine.domain or "",
        "ansible_fqdn": full,
        "ansible_hostname": host,
        "ansible_netbios_name": machine.computer_name,
        "ansible_kernel": machine.os.version,
        "ansible_nodename": full,
        "ansible_machine_id": MACHINE,
        "ansible_owner_name": str(registry.get(CURRENT_VERSION, "RegisteredOwner") or ""),
        "ansible_owner_contact": "",
        "ansible_system": "Win32NT",
        "ansible_system_description": str(registry.get(COMMENT, "srvcomment") or ""),
        "ansible_system_vendor": "Microsoft Corporation",
        "ansible_architecture": "64-bit",
        "ansible_architecture2": "x86_64",
        "ansible_reboot_pending": _reboot_pending(machine),
    }


def _reboot_pending(machine: Machine) -> bool:
    registry = machine.registry
    return bool(
        machine.reboot_pending
        or registry.get(SESSION_MANAGER, "PendingFileRenameOperations")
        or registry.key(SERVICING)
        or registry.get(SERVER_MANAGER, "RestartRequired")
    )


def _powershell_version(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {"ansible_powershell_version": int(call.machine.os.powershell.split(".")[0])}


def _processor(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {
        "ansible_processor": [
            part
            for n in range(2)
            for part in (str(n), "GenuineIntel", "Intel(R) Xeon(R) Platinum 8272CL CPU @ 2.60GHz")
        ],
        "ansible_processor_count": 1,
        "ansible_processor_vcpus": 2,
        "ansible_processor_cores": 2,
        "ansible_processor_threads_per_core": 1,
    }


def _uptime(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    booted = call.machine.boot_time
    seconds = math.ceil((call.machine.clock.now() - booted).total_seconds())
    return {"ansible_lastboot": f"{booted:%Y-%m-%d %H:%M:%SZ}", "ansible_uptime_seconds": seconds}


def _user(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    account = call.machine.accounts.find(call.user)
    name = call.user.rpartition("\\")[2]
    return {
        "ansible_user_dir": f"C:\\Users\\{name}",
        "ansible_user_gecos": "",
        "ansible_user_id": name,
        "ansible_user_sid": account.sid if account else "",
    }


def _windows_domain(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    domain = call.machine.domain
    return {
        "ansible_windows_domain": domain or "WORKGROUP",
        "ansible_windows_domain_member": domain is not None,
        "ansible_windows_domain_role": call.machine.domain_role,
    }


def _virtual(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    return {"ansible_virtualization_role": "guest", "ansible_virtualization_type": "Hyper-V"}


def _nothing(call: Call, warnings: list[str]) -> dict[str, t.Any]:
    """Return no facts: there is no facter, and no listener of WinRM with a certificate that the module would find."""
    return {}


_READERS: tuple[tuple[tuple[str, ...], t.Callable[[Call, list[str]], dict[str, t.Any]]], ...] = (
    (("all_ipv4_addresses", "all_ipv6_addresses"), _addresses),
    (("bios",), _bios),
    (("date_time",), _date_time),
    (("distribution",), _distribution),
    (("env",), _env),
    (("facter",), _nothing),
    (("interfaces",), _interfaces),
    (("local",), _local),
    (("memory",), _memory),
    (("platform",), _platform),
    (("powershell_version",), _powershell_version),
    (("processor",), _processor),
    (("uptime",), _uptime),
    (("user",), _user),
    (("windows_domain",), _windows_domain),
    (("winrm",), _nothing),
    (("virtual",), _virtual),
)
