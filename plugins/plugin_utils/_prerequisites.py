# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the agent needs of Windows: role services of IIS, RSAT AD tools, the .NET hosting bundle. Docs:
win_im_prerequisites.yml.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from . import _iis_config, _questions
from ._download import Download
from ._plan import Diff, Operation, Plan, Refused
from ._questions import Ask, Query

FEATURES = ("Web-Server", "Web-AppInit", "Web-Scripting-Tools", "RSAT-ADDS-Tools")
RUNTIME = "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App"
MODULE = "C:\\Program Files\\IIS\\Asp.Net Core Module\\V2\\aspnetcorev2.dll"
INETSTP = "HKLM:\\SOFTWARE\\Microsoft\\InetStp"
SERVICING = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
UPDATE = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update"
COMPONENTS = f"{INETSTP}\\Components"
AD_TOOLS = "C:\\Windows\\System32\\dsa.msc"
EVIDENCE = {
    # Belief [iis-components]: setup of IIS records its components here, learn.microsoft.com "Discover Installed
    # Components" (IIS 7 and newer).
    "web-server": "W3SVC",
    "web-appinit": "ApplicationInitialization",
    "web-scripting-tools": "ManagementScriptingTools",
}
OLDEST_BUILD = 14393  # Windows Server 2016
SUPPORT_ENDS = {8: "2026-11-10"}
"""When Microsoft's support of a .NET release ends (dotnet.microsoft.com, ".NET support policy")."""
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "features": {"type": "list", "elements": "str", "default": list(FEATURES)},
        "hosting_bundle": {
            "type": "dict",
            "required": True,
            "options": {
                "source": {"type": "str", "required": True},
                "checksum": {"type": "str", "required": True},
                "version": {"type": "str", "default": "8.0"},
                "verify_signature": {"type": "bool", "default": True},
            },
        },
        "reboot": {"type": "str", "choices": ["report", "auto", "never"], "default": "report"},
        "backup_count": _iis_config.BACKUP_COUNT,
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What shall be there.

    Attributes:
        features: names of Windows features.
        bundle: the bundle's installer.
        version: the least version of the bundle, as numbers.
        signed: whether Windows must find the installer's signature valid before it runs.
        reboot: what is done when something asks for a restart.
        backup_count: how many former versions of applicationHost.config are kept.
    """

    features: tuple[str, ...]
    bundle: Download
    version: tuple[int, ...]
    signed: bool
    reboot: str
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        bundle = arguments["hosting_bundle"]
        version = _VERSION.fullmatch(bundle["version"].strip())
        if not version:
            raise Refused(f"hosting_bundle.version: found {bundle['version']!r}, wanted a version as 8.0 or 8.0.22")
        return cls(
            tuple(arguments["features"]),
            Download.of("hosting_bundle", bundle),
            tuple(int(part) for part in version.groups() if part is not None),
            bundle["verify_signature"],
            arguments["reboot"],
            arguments["backup_count"],
        )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        _questions.features(*wanted.features),
        _questions.files(RUNTIME, "Microsoft.AspNetCore.App.deps.json", recurse=True),
        _questions.file(MODULE, 0),
        _questions.registry(INETSTP, "MajorVersion", "MinorVersion"),
        _questions.registry(COMPONENTS, *EVIDENCE.values()),
        _questions.file(AD_TOOLS, 0),
        _questions.registry(SERVICING, "none"),
        _questions.registry(UPDATE, "none"),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be installed; raises Refused on a Windows that cannot run the agent."""
    del check  # everything is predicted from what is there
    host = ask(_questions.host())
    _mind_windows(host, ask)
    missing = _missing_features(wanted, ask)
    versions = _runtimes(ask)
    major = wanted.version[0]
    enough = [v for v in versions if v[0] == major and v[: len(wanted.version)] >= wanted.version]
    iis_now = ask(_questions.registry(INETSTP, "MajorVersion", "MinorVersion")) is not None
    iis_then = iis_now or any(name.lower() == "web-server" for name in missing)
    module = ask(_questions.file(MODULE, 0)) is not None
    operations = []
    if missing:
        operations.append(
            Operation(
                f"install the Windows features {', '.join(missing)}",
                "ansible.windows.win_feature",
                {"name": list(wanted.features), "include_management_tools": True, "state": "present"},
            )
        )
    bundle = _bundle_operation(wanted, installed=bool(enough), module=module, iis=iis_then)
    if bundle:
        operations.append(bundle)
    if bundle and iis_then:
        # The new module is seen by WAS, and by W3SVC that depends on it, after a restart.
        operations.append(
            Operation(
                "restart WAS and W3SVC",
                "ansible.windows.win_service",
                {"name": "WAS", "state": "restarted", "force_dependent_services": True},
            )
        )
    if iis_now:  # features and bundle enter their modules into the file
        operations = _iis_config.backed_up(operations, ask, wanted.backup_count)
    facts = {
        "features_missing": list(missing),
        "hosting_bundle_versions": [_dotted(v) for v in versions],
        "reboot_pending": _reboot_pending(ask),
    }
    before = _text([f for f in wanted.features if f not in missing], [_dotted(v) for v in versions], module)
    after_versions = [_dotted(v) for v in versions] + ([] if enough else [f"{_dotted(wanted.version)} or newer"])
    after = _text(wanted.features, after_versions, iis_then or module)
    return Plan(
        tuple(operations), (Diff("prerequisites", before, after),), tuple(_warnings(wanted, host, ask)), facts=facts
    )


def _mind_windows(host: t.Mapping[str, t.Any], ask: Ask) -> None:
    build = int(str(host["os_version"]).split(".")[2])
    if build < OLDEST_BUILD:
        raise Refused(
            f"found {host['product_name']} (build {build}), wanted Windows Server 2016 or newer (build {OLDEST_BUILD})"
        )
    iis = ask(_questions.registry(INETSTP, "MajorVersion", "MinorVersion"))
    found = iis["values"].get("MajorVersion", {}).get("data") if iis else None
    if found is not None and found < 10:
        raise Refused(f"found IIS {found}, wanted IIS 10 or newer: upgrade Windows")


def _missing_features(wanted: Wanted, ask: Ask) -> tuple[str, ...]:
    """Return the features that are not there, by what Windows lists and by the traces that a feature leaves.

    Without either a feature counts as missing: win_feature then finds out itself, and reports no change.
    """
    try:
        # Belief [feature-names]: Win32_ServerFeature may show display names instead of the names that win_feature
        # takes, learn.microsoft.com "Win32_ServerFeature class"; then only traces tell.
        listed = ask(_questions.features(*wanted.features)) or {}
    except _questions.NotAnswered:
        listed = {}
    components = ask(_questions.registry(COMPONENTS, *EVIDENCE.values()))
    traces = {
        name for name, value in EVIDENCE.items() if components and components["values"].get(value, {}).get("data") == 1
    }
    # Belief [rsat-console]: the RSAT AD tools bring this console, and nothing else does; not documented.
    if ask(_questions.file(AD_TOOLS, 0)):
        traces.add("rsat-adds-tools")
    return tuple(name for name in wanted.features if not listed.get(name) and name.lower() not in traces)


def _runtimes(ask: Ask) -> list[tuple[int, ...]]:
    # Belief [runtime-manifest]: each runtime's folder has this file, dotnet/runtime "host-probing".
    found = ask(_questions.files(RUNTIME, "Microsoft.AspNetCore.App.deps.json", recurse=True)) or []
    versions = []
    for item in found:
        match = re.match(r"(\d+)\.(\d+)\.(\d+)", item["name"])
        if match:
            versions.append(tuple(int(part) for part in match.groups()))
    return sorted(versions)


def _bundle_operation(wanted: Wanted, *, installed: bool, module: bool, iis: bool) -> Operation | None:
    """Return the bundle's installation, or its repair where it came before IIS; None when all of it is there."""
    if installed and (module or not iis):
        return None
    verb = "repair" if installed else "install"
    arguments = {
        "path": wanted.bundle.source,
        # Belief [bundle-switches]: it takes these, and a repair brings the module, learn.microsoft.com "Host ASP.NET
        # Core on Windows with IIS".
        "arguments": [f"/{verb}", "/quiet", "/norestart"],
        "checksum": wanted.bundle.checksum,
        "checksum_algorithm": "sha256",
        "verify_signature": wanted.signed,
        # Without a product nothing would be compared; this one never matches, since our own plan has decided already.
        # Belief [package-runs-once]: win_package runs the installer once then, as its code reads.
        "product_id": f"imops-{verb}-{_dotted(wanted.version)}",
        "state": "present",
    }
    return Operation(f"{verb} the .NET hosting bundle", "ansible.windows.win_package", arguments)


def _dotted(version: t.Iterable[int]) -> str:
    return ".".join(map(str, version))


def _text(features: t.Iterable[str], versions: t.Iterable[str], module: bool) -> str:
    lines = [f"feature: {name}" for name in sorted(features)] + [
        f"ASP.NET Core runtime: {version}" for version in versions
    ]
    return "".join(f"{line}\n" for line in [*lines, f"ASP.NET Core module of IIS: {'present' if module else 'absent'}"])


def _reboot_pending(ask: Ask) -> list[str]:
    found = []
    for key, name, what in (
        (SERVICING, "RebootPending", "component servicing"),
        (UPDATE, "RebootRequired", "Windows Update"),
    ):
        answer = ask(_questions.registry(key, "none"))
        if answer and name.lower() in [k.lower() for k in answer["keys"]]:
            found.append(what)
    return found


def _warnings(wanted: Wanted, host: t.Mapping[str, t.Any], ask: Ask) -> t.Iterator[str]:
    ends = SUPPORT_ENDS.get(wanted.version[0])
    if ends and str(host["time"])[:10] > ends:
        yield (
            f"Microsoft's support of .NET {wanted.version[0]} ended on {ends}; the agent's version decides which one it"
            " needs"
        )
    pending = _reboot_pending(ask)
    if pending and wanted.reboot != "never":
        yield f"a restart of the server is pending ({', '.join(pending)}); it was not asked for by this run"
