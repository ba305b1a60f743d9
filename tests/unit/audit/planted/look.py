"""Faults that no plan covers."""

from __future__ import annotations

import chain
from emulator.windows.system.edition import EDITIONS
from in_process import Server

from .fault import (
    AGENT_FILE,
    EDITED,
    RUNTIME,
    WORKING,
    Deed,
    aged,
    agent,
    both,
    call,
    folders,
    general,
    large,
    planted,
    registry,
    write,
)
from .plans import ACL

POOL, SERVICE = chain.POOL, chain.SERVICE
USERS = {"user": "Users", "rights": "Modify", "type": "allow", "state": "present"}
POLICIES = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell"
UPDATE = "HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\RebootRequired"
GONE = "S-1-5-21-1-2-3-4711"
TEMP = f"{WORKING}\\Temp"
SOURCES = f"{WORKING}\\Sources"


def may(path: str, entry: str) -> Deed:
    """Return an entry more in a folder's rights, in SDDL."""
    return lambda server: server.machine.files.set_sddl(path, f"{server.machine.files.sddl(path)}({entry})")


def used(**options) -> Deed:
    """Return the change of the settings to a certificate that somebody made."""

    def deed(server: Server) -> None:
        made = server.machine.certificates.make(subject="CN=by hand", **options)
        general("IdentityServer.X509Thumbprint", made.thumbprint)(server)

    return deed


def older_windows(server: Server) -> None:
    """Let the server be of an edition whose support ends soon."""
    server.machine.os = EDITIONS["2016"]
    server.machine.os.write(server.machine.registry)


def second(server: Server) -> None:
    """Let the agent run as a service too."""
    path = f'"{RUNTIME}\\Usercube-Agent.exe" --urls http://localhost:5000'
    server.machine.services.create(SERVICE, path=path)
    server.machine.services.set_state(SERVICE, "Running")


def full(server: Server) -> None:
    """Let somebody fill the drive."""
    server.machine.files.drives["C"].free_bytes = 2**30


def stopped(server: Server) -> None:
    server.machine.iis.stop_pool(POOL)


OF_RIGHTS = (
    planted(
        "look.secrets-readable",
        "Users",
        call(ACL, path=AGENT_FILE, user="Users", rights="Read", type="allow", state="present"),
        "settings.as-wanted",
    ),
    planted("look.runtime-writable", "Users", call(ACL, path=RUNTIME, **USERS), "rights.as-wanted"),
    planted("look.folders-writable", "Users", call(ACL, path=f"{WORKING}\\Work", **USERS), "rights.as-wanted"),
    planted("look.folders-replaceable", "Users", may("C:\\", "A;CI;0x40;;;BU")),
    planted("look.orphan-rights", "of an account that is gone", may(SOURCES, f"A;OICI;FR;;;{GONE}")),
)
# The settings name another certificate than the inventory wants, and the agent has not read them.
OF_CERTIFICATES = tuple(
    planted(f"look.{rule}", how, used(**options), "settings.as-wanted", *EDITED)
    for rule, how, options in (
        ("certificate-ends-7", "in 5 days", {"days": 5}),
        ("certificate-ends-30", "in 20 days", {"days": 20}),
        ("certificate-ends-90", "in 60 days", {"days": 60}),
        ("weak-key", "1024 bits", {"key_size": 1024}),
    )
)
OF_WINDOWS = (
    planted(
        "look.powershell-recording",
        "script blocks",
        registry(f"{POLICIES}\\ScriptBlockLogging", "EnableScriptBlockLogging", 1),
    ),
    planted("look.windows-support", "Windows Server 2016", older_windows),
    planted("look.dotnet-support", ".NET 8", hosting_bundle_version="8.0.22"),
    planted("look.reboot-pending", "after updates", lambda server: server.machine.registry.make(UPDATE)),
    planted("look.time-skew", "an hour ahead", lambda server: server.machine.clock.advance(3600)),
    planted("look.time-skew", "an hour behind", lambda server: server.machine.clock.advance(-3600)),
)
# A file that somebody lays into Runtime inherits the rights of Runtime, which everybody may read; the plan of the
# settings takes these rights away.
LAID = ("look.secrets-readable", "settings.as-wanted")
OF_FILES = (
    planted("look.disk-space", "1 GiB is left", full),
    planted("look.restart-pending", "the same again", agent("SourcesRootPaths", [SOURCES]), "pool.as-wanted"),
    planted("look.second-scheduler", "a service too", second, "service.as-wanted"),
    planted("look.overriding-files", "of production", write(f"{RUNTIME}\\appsettings.Production.json", "{}"), *LAID),
    planted(
        "look.former-files",
        "50 backups",
        both(*(write(f"{RUNTIME}\\notes.{number}.bak", "x") for number in range(50))),
    ),
    planted("look.former-files", "4 versions", folders(*(f"{RUNTIME}-6.{number}-0a1b2c3d" for number in range(4)))),
    planted("look.leftovers", "of a killed run", aged(f"{RUNTIME}\\appsettings.json.im-0a1b2c3d4e5f.tmp", 2), *LAID),
    planted(
        "look.stale-lock",
        "of an agent that is stopped",
        both(stopped, write(f"{TEMP}\\scheduler.lock", "")),
        "pool.as-wanted",
        "health.pool-started",
        "health.agent-answers",
    ),
    planted("look.stale-lock", "older than the agent's start", aged(f"{TEMP}\\scheduler.lock", 2)),
    planted("look.log-growth", "2 GiB", large(f"{TEMP}\\agent-log.txt", 2**31)),
)
FAULTS = (*OF_RIGHTS, *OF_CERTIFICATES, *OF_WINDOWS, *OF_FILES)
