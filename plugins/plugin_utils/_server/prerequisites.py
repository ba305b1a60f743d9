# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the agent needs of Windows: role services of IIS, RSAT AD tools, the .NET hosting bundle. Docs:
win_im_prerequisites.yml.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from .._agent import download
from .._core import probe
from .._core.controller import ControllerFiles
from .._core.plan import Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import iis_config
from . import installer_errors, sent_installer

FEATURES = ("Web-Server", "Web-AppInit", "Web-Scripting-Tools", "RSAT-ADDS-Tools")
RUNTIME = "C:\\Program Files\\dotnet\\shared\\Microsoft.AspNetCore.App"
MODULE = "C:\\Program Files\\IIS\\Asp.Net Core Module\\V2\\aspnetcorev2.dll"
INETSTP = "HKLM:\\SOFTWARE\\Microsoft\\InetStp"
SERVICING = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing"
UPDATE = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update"
MODULE_NAME = "AspNetCoreModuleV2"
INSTALLER = "ansible.windows.win_package"
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
SUPPORT_ENDS = {6: "2024-11-12", 7: "2024-05-14", 8: "2026-11-10", 9: "2026-11-10", 10: "2028-11-14"}
"""When Microsoft's support of a .NET release ends (dotnet.microsoft.com, ".NET support policy")."""
_INSTALLER_NAME = re.compile(r"dotnet-hosting-(\d+)\.(\d+)\.(\d+)-win\.exe", re.IGNORECASE)
"""How Microsoft names its installer (dotnet.microsoft.com, "Download .NET")."""
_VERSION = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
secrets = download.secrets

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "features": {"type": "list", "elements": "str", "default": list(FEATURES)},
        "features_source": {"type": "str"},
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
        **download.PROXY_OPTIONS,
        "reboot": {"type": "str", "choices": ["report", "auto", "never"], "default": "report"},
        "backup_count": iis_config.BACKUP_COUNT,
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the server has to have.

    Attributes:
        features: names of Windows features.
        source: the folder that has their files where the server has not; empty for the server's own.
        bundle: the installer of the hosting bundle.
        version: the minimum version of the bundle, as numbers.
        signed: whether Windows must find the installer's signature valid before it runs.
        reboot: what is done if an installation asks for a restart of the server.
        backup_count: how many earlier versions of applicationHost.config are kept.
    """

    features: tuple[str, ...]
    source: str
    bundle: download.Download
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
            raise Refused(
                f"hosting_bundle.version: found {bundle['version']!r}, wanted a version such as 8.0 or 8.0.22"
            )
        return cls(
            tuple(arguments["features"]),
            arguments.get("features_source") or "",
            download.Download.of("hosting_bundle", bundle, arguments),
            tuple(int(part) for part in version.groups() if part is not None),
            bundle["verify_signature"],
            arguments["reboot"],
            arguments["backup_count"],
        )

    def accepts(self, version: tuple[int, ...]) -> bool:
        """Tell whether a runtime's version will do: .NET does not roll forward to another major version, so 9.0 is not
        enough where 8.0 is wanted.
        """
        return version[0] == self.version[0] and version[: len(self.version)] >= self.version


def completed(arguments: dict[str, t.Any], files: ControllerFiles) -> dict[str, t.Any]:
    """Return the arguments with the installer that is on the controller; raises Refused."""
    download.completed("hosting_bundle", arguments["hosting_bundle"], files)
    return arguments


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        probe.features(*wanted.features),
        probe.files(RUNTIME, "Microsoft.AspNetCore.App.deps.json", recurse=True),
        probe.file(MODULE, 0),
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        iis_config.redirection(),
        probe.registry(INETSTP, "MajorVersion", "MinorVersion"),
        probe.registry(COMPONENTS, *EVIDENCE.values()),
        probe.file(AD_TOOLS, 0),
        probe.registry(SERVICING, "none"),
        probe.registry(UPDATE, "none"),
        *wanted.bundle.questions(RUNTIME),
        *((sent_installer.question(),) if wanted.bundle.is_sent else ()),
    )


@dataclasses.dataclass(frozen=True)
class _Found:
    """What the server has.

    Attributes:
        missing: the wanted features that it lacks.
        versions: of the ASP.NET Core runtimes, as numbers.
        runtime: whether one of them is of the wanted major version, and not too old.
        iis: whether IIS is installed.
        module: whether IIS has the ASP.NET Core module.
    """

    missing: tuple[str, ...]
    versions: tuple[tuple[int, ...], ...]
    runtime: bool
    iis: bool
    module: bool

    @property
    def iis_after(self) -> bool:
        """Tell whether IIS is installed once the missing features are."""
        return self.iis or any(name.lower() == "web-server" for name in self.missing)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be installed; raises Refused on a Windows that cannot run the agent."""
    del check  # everything is predicted from what is there
    host = ask(probe.host())
    _check_windows(host, ask)
    if any(name.lower() == "web-server" for name in wanted.features):
        iis_config.check_in_force(ask)
    found = _found(wanted, ask)
    _check_source(wanted, found, ask)
    operations = _operations(wanted, found, ask)
    bundle = _bundle_operation(wanted, found)
    if bundle:
        _check_name(wanted)
        wanted.bundle.check("hosting_bundle", ask, RUNTIME)
    if found.iis:
        # Features and the bundle register their modules in applicationHost.config.
        operations = iis_config.backed_up(operations, ask, wanted.backup_count)
    facts = {
        "features_missing": list(found.missing),
        "hosting_bundle_versions": [_dotted(v) for v in found.versions],
        "reboot_pending": reboot_pending(ask),
    }
    warnings = tuple(_warnings(wanted, host, ask))
    if found.iis and bundle:
        text = "work on the .NET hosting bundle restarts IIS once: every site of this server is interrupted"
        warnings += (Warned(text, WarningKind.IIS_RESTARTS),)
    return Plan(tuple(operations), (_diff(wanted, found),), warnings, facts=facts)


def _check_source(wanted: Wanted, found: _Found, ask: Ask) -> None:
    """Refuse a folder of features' files that the server does not have; it matters only where features are missing."""
    if not (found.missing and wanted.source):
        return
    there = ask(probe.file(wanted.source, 0))
    if there is None or there["type"] != "folder":
        raise Refused(
            f"features_source: found no folder {wanted.source} on the server, wanted one with the files of Windows'"
            " features, such as sources\\sxs of its installation medium: copy it there, or correct the name. A share"
            " needs a connection that delegates the credentials (CredSSP, or Kerberos with delegation)"
        )


def _check_name(wanted: Wanted) -> None:
    """Refuse an installer whose name, as Microsoft gives it, has another version than the wanted one: it would run, and
    restart IIS, in every run.
    """
    named = _INSTALLER_NAME.search(wanted.bundle.source)
    version = tuple(int(part) for part in named.groups()) if named else ()
    if version and not wanted.accepts(version):
        raise Refused(
            f"hosting_bundle.source: found an installer that is named for version {_dotted(version)}, wanted"
            f" {_dotted(wanted.version)} or newer of the same major version: name the installer of that version and"
            " its checksum, or change hosting_bundle.version"
        )


def check_done(wanted: Wanted, plan: Plan, ask: Ask) -> None:
    """Look at the runtime after an installer ran; raises Refused where it is still not the wanted one.

    The look costs nothing: what is not known after a write is asked in one execution, and the next task needs it too.
    """
    if not any(operation.module == INSTALLER for operation in plan.operations):
        return
    found = _found(wanted, ask)
    if not found.runtime:
        versions = ", ".join(_dotted(version) for version in found.versions) or "none"
        raise Refused(
            f"hosting_bundle.source: the installer ran, and the server then has the ASP.NET Core runtime {versions},"
            f" wanted {_dotted(wanted.version)} or newer of the same major version: name the installer of that version"
            " and its checksum, or want the version that the installer has (hosting_bundle.version)"
        )


def _found(wanted: Wanted, ask: Ask) -> _Found:
    versions = _runtimes(ask)
    return _Found(
        missing=_missing_features(wanted, ask),
        versions=tuple(versions),
        runtime=any(map(wanted.accepts, versions)),
        iis=ask(probe.registry(INETSTP, "MajorVersion", "MinorVersion")) is not None,
        module=ask(probe.file(MODULE, 0)) is not None and _registered(ask),
    )


def _registered(ask: Ask) -> bool:
    """Tell whether IIS knows the module: its file stays where IIS is removed and installed again, and only a repair of
    the bundle registers it once more (learn.microsoft.com "Host ASP.NET Core on Windows with IIS").
    """
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer is None or not answer["content"]:
        return True  # no IIS: nothing to register with
    return iis_config.has_module(iis_config.content(answer), MODULE_NAME)


def _operations(wanted: Wanted, found: _Found, ask: Ask) -> list[Operation]:
    """Return the operations in order: the features first, since the bundle adds its module only to an IIS that is
    there.
    """
    operations = []
    if found.missing:
        operations.append(
            Operation(
                f"install the Windows features {', '.join(found.missing)}",
                "ansible.windows.win_feature",
                {"name": list(wanted.features), "include_management_tools": True, "state": "present"}
                | ({"source": wanted.source} if wanted.source else {}),
                explain=installer_errors.of_features,
                long=True,
            )
        )
    bundle = _bundle_operation(wanted, found)
    if wanted.bundle.is_sent:
        operations += sent_installer.around(bundle, wanted.bundle, ask)
    elif bundle:
        operations.append(bundle)
    if bundle and found.iis_after:
        # WAS, and W3SVC that depends on it, see the new module only after a restart.
        operations.append(
            Operation(
                "restart WAS and W3SVC, which interrupts every site of this server",
                "ansible.windows.win_service",
                {"name": "WAS", "state": "restarted", "force_dependent_services": True},
                long=True,
            )
        )
    return operations


def _diff(wanted: Wanted, found: _Found) -> Diff:
    present = [name for name in wanted.features if name not in found.missing]
    versions = [_dotted(v) for v in found.versions]
    new = [] if found.runtime else [f"{_dotted(wanted.version)} or newer"]
    before = _text(present, versions, found.module)
    after = _text(wanted.features, [*versions, *new], found.iis_after or found.module)
    return Diff("prerequisites", before, after)


def _check_windows(host: t.Mapping[str, t.Any], ask: Ask) -> None:
    build = int(str(host["os_version"]).split(".")[2])
    if build < OLDEST_BUILD:
        raise Refused(
            f"found {host['product_name']} (build {build}), wanted Windows Server 2016 or newer (build {OLDEST_BUILD})"
        )
    iis = ask(probe.registry(INETSTP, "MajorVersion", "MinorVersion"))
    found = iis["values"].get("MajorVersion", {}).get("data") if iis else None
    if found is not None and found < 10:
        raise Refused(f"found IIS {found}, wanted IIS 10 or newer: upgrade Windows")


def _missing_features(wanted: Wanted, ask: Ask) -> tuple[str, ...]:
    """Return the features that neither Windows lists nor a trace on the server shows.

    A feature may be counted as missing by mistake: win_feature then finds out itself, and reports no change.
    """
    try:
        listed = ask(probe.features(*wanted.features)) or {}
    except probe.NotAnswered:
        listed = {}
    components = ask(probe.registry(COMPONENTS, *EVIDENCE.values()))
    traces = {
        name for name, value in EVIDENCE.items() if components and components["values"].get(value, {}).get("data") == 1
    }
    # Belief [rsat-console]: the RSAT AD tools install this console, and nothing else does; not documented.
    if ask(probe.file(AD_TOOLS, 0)):
        traces.add("rsat-adds-tools")
    return tuple(name for name in wanted.features if not listed.get(name) and name.lower() not in traces)


def _runtimes(ask: Ask) -> list[tuple[int, ...]]:
    # Belief [runtime-manifest]: each runtime's folder has this file, dotnet/runtime "host-probing".
    found = ask(probe.files(RUNTIME, "Microsoft.AspNetCore.App.deps.json", recurse=True)) or []
    versions = []
    for item in found:
        # A preview or release candidate (10.0.0-rc.1) does not count: .NET runs no program of the release with it,
        # learn.microsoft.com "Select which .NET version to use", DOTNET_ROLL_FORWARD_TO_PRERELEASE.
        match = re.match(r"(\d+)\.(\d+)\.(\d+)(?![\d-])", item["name"])
        if match:
            versions.append(tuple(int(part) for part in match.groups()))
    return sorted(versions)


def _bundle_operation(wanted: Wanted, found: _Found) -> Operation | None:
    """Return the bundle's installation, or its repair if it was installed before IIS; None if nothing is missing."""
    if found.runtime and (found.module or not found.iis_after):
        return None
    verb = "repair" if found.runtime else "install"
    arguments = {
        "path": sent_installer.PATH if wanted.bundle.is_sent else wanted.bundle.source,
        # It takes these, and a repair adds the module, learn.microsoft.com "The .NET Core Hosting Bundle".
        "arguments": [f"/{verb}", "/quiet", "/norestart"],
        "checksum": wanted.bundle.checksum,
        "checksum_algorithm": "sha256",
        "verify_signature": wanted.signed,
        # win_package.ps1 looks for this id only; this plan has decided already, so it is one that no product has.
        "product_id": f"imops-{verb}-{_dotted(wanted.version)}",
        "state": "present",
        **wanted.bundle.web_options,
    }
    does, secret = f"{verb} the .NET hosting bundle", wanted.bundle.is_secret
    return Operation(does, INSTALLER, arguments, secret, explain=installer_errors.of_installer, long=True)


def _dotted(version: t.Iterable[int]) -> str:
    return ".".join(map(str, version))


def _text(features: t.Iterable[str], versions: t.Iterable[str], module: bool) -> str:
    lines = [f"feature: {name}" for name in sorted(features)] + [
        f"ASP.NET Core runtime: {version}" for version in versions
    ]
    return "".join(f"{line}\n" for line in [*lines, f"ASP.NET Core module of IIS: {'present' if module else 'absent'}"])


def reboot_pending(ask: Ask) -> list[str]:
    """Return what of Windows asks for a restart of the server."""
    found = []
    for key, name, what in (
        (SERVICING, "RebootPending", "component servicing"),
        (UPDATE, "RebootRequired", "Windows Update"),
    ):
        answer = ask(probe.registry(key, "none"))
        if answer and name.lower() in [k.lower() for k in answer["keys"]]:
            found.append(what)
    return found


def _warnings(wanted: Wanted, host: t.Mapping[str, t.Any], ask: Ask) -> t.Iterator[Warned]:
    ends = SUPPORT_ENDS.get(wanted.version[0])
    if ends and str(host["time"])[:10] > ends:
        yield Warned(
            f"Microsoft's support of .NET {wanted.version[0]} ended on {ends}; the agent's version decides which one it"
            " needs",
            WarningKind.DOTNET_SUPPORT,
        )
    pending = reboot_pending(ask)
    if pending and wanted.reboot != "never":
        text = f"a restart of the server is pending ({', '.join(pending)}), not because of this run: restart it"
        yield Warned(text, WarningKind.REBOOT_PENDING)
