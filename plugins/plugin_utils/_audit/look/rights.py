# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who else may read the agent's secrets, or write where the agent reads what it does."""

from __future__ import annotations

from ..._agent import secret_files, settings_files
from ..._core import probe
from ..._core.probe import Ask, Query
from ..._windows import broad_groups, sddl, windows_path
from ..rule import Finding, Severity, State
from .item import Agent, Findings, Item, rule

PAGE = "hosting.md"
MICROSOFT = "Microsoft: File Security and Access Rights"
READABLE = rule(
    "secrets-readable",
    "rights",
    Severity.HIGH,
    MICROSOFT,
    "Only administrators and the agent read the files that hold secrets",
    "Whoever reads them has the passwords of the directories that the agent manages.",
    r"icacls C:\identitymanagerContoso\Runtime\appsettings*",
    "im_permissions_broad: restrict, and run im_permissions and im_settings",
    PAGE,
)
RUNTIME = rule(
    "runtime-writable",
    "rights",
    Severity.CRITICAL,
    MICROSOFT,
    "Nobody but administrators may write into Runtime",
    "Whoever puts a settings file or a program there runs code as the agent, and owns what it manages.",
    r"icacls C:\identitymanagerContoso\Runtime",
    "im_permissions_broad: restrict, and run im_permissions; remove the rights of single accounts by hand",
    PAGE,
)
FOLDERS = rule(
    "folders-writable",
    "rights",
    Severity.HIGH,
    MICROSOFT,
    "No broad group may write in the agent's folders",
    "Files that the agent imports can be changed by anybody who may log on to the server.",
    r"icacls C:\identitymanagerContoso\Work",
    "im_permissions_broad: restrict, and run im_permissions",
    PAGE,
)
ABOVE = rule(
    "folders-replaceable",
    "rights",
    Severity.HIGH,
    MICROSOFT,
    "Nobody but administrators may rename or delete the agent's folders",
    "Whoever puts another folder in the place of the agent's owns the agent.",
    "icacls C:/",
    "Remove the rights to delete from the folder above by hand",
    PAGE,
)
ORPHANS = rule(
    "orphan-rights",
    "rights",
    Severity.LOW,
    MICROSOFT,
    "Every account with rights on the agent's folders exists",
    "Rights of accounts that are gone hide the real ones, and are given to nobody's knowledge when a SID returns.",
    r"icacls C:\identitymanagerContoso /T | findstr S-1-5-21",
    r"icacls FOLDER /remove *SID",
    PAGE,
)
_WRITES = 0x2 | 0x4 | 0x40 | 0x10000 | 0x40000 | 0x80000
"""FILE_ADD_FILE, FILE_ADD_SUBDIRECTORY, FILE_DELETE_CHILD, DELETE, WRITE_DAC and WRITE_OWNER."""
_CREATOR = ("S-1-3-0", "S-1-3-1")


def _acl(agent: Agent) -> Query:
    return probe.acl(*agent.folders.all())


def _above(agent: Agent) -> Query:
    return probe.acl(windows_path.above(agent.folders.root) or agent.folders.root)


def _connection(agent: Agent) -> Query:
    return probe.acl(windows_path.join(agent.folders.path("Work"), settings_files.CONNECTION))


def _questions(agent: Agent) -> tuple[Query, ...]:
    return (
        _acl(agent),
        _above(agent),
        _connection(agent),
        secret_files.question(agent.runtime, secret_files.SETTINGS),
        secret_files.question(agent.runtime, secret_files.WEB_CONFIG),
        *agent.identity.questions(),
    )


def _judge(agent: Agent, ask: Ask) -> Findings:
    sid = agent.identity.sid(ask)
    yield from _readers(agent, sid, ask)
    found = {one["path"]: sddl.parse(one["sddl"], one["path"]) for one in ask(_acl(agent)) if one}
    for path, security in found.items():
        if path.lower() == agent.runtime.lower():
            writers = _writers(security, sid)
            wanted = "only SYSTEM, Administrators and TrustedInstaller write"
            if writers:
                yield Finding(RUNTIME.id, State.FAIL, path, wanted, f"{', '.join(writers)} may write")
        elif broad_groups.writers(security):
            who = ", ".join(broad_groups.writers(security))
            yield Finding(
                FOLDERS.id, State.FAIL, path, "no broad group writes, and a trusted owner", f"{who} may write"
            )
    for one in ask(_above(agent)):
        who = ", ".join(broad_groups.removers(sddl.parse(one["sddl"], one["path"]))) if one else ""
        if who:
            yield Finding(
                ABOVE.id, State.FAIL, one["path"], "only administrators delete", f"{who} may delete or rename"
            )
    yield from _orphans(found, ask)


def _readers(agent: Agent, sid: str, ask: Ask) -> Findings:
    # A service does not read web.config: what came with the agent's archive holds no secret.
    has_web_config = not agent.is_service or secret_files.is_ours(agent.runtime, ask)
    files = [
        *secret_files.found(agent.runtime, secret_files.SETTINGS, ask),
        *(secret_files.found(agent.runtime, secret_files.WEB_CONFIG, ask) if has_web_config else ()),
        *((one["path"], one["sddl"]) for one in ask(_connection(agent)) if one),
    ]
    for path, text in files:
        who = secret_files.readers(text, sid, path)
        if who:
            yield Finding(
                READABLE.id, State.FAIL, path, "only administrators and the agent read it", f"{who} may read it"
            )


def _writers(security: sddl.Security, sid: str) -> list[str]:
    trusted = {*secret_files.ALWAYS, broad_groups.TRUSTED_INSTALLER, *_CREATOR, sid}
    entries = (a for a in security.aces if a.allows and not a.conditional and a.rights & _WRITES)
    names = dict.fromkeys(sddl.name(a.sid) for a in entries if a.sid not in trusted)
    own = [] if broad_groups.is_trusted_owner(security.owner) else [f"the owner {sddl.name(security.owner)}"]
    return [*names, *own]


def _orphans(found: dict[str, sddl.Security], ask: Ask) -> Findings:
    domain = sorted({a.sid for one in found.values() for a in one.aces if a.sid.startswith("S-1-5-21-")})
    if not domain:
        return
    gone = {sid for sid, answer in zip(domain, ask(probe.account(*domain)), strict=True) if answer is None}
    for path, security in found.items():
        for sid in sorted({a.sid for a in security.aces if not a.inherited} & gone):
            yield Finding(ORPHANS.id, State.FAIL, f"{path}: {sid}", "an account that exists", f"rights of {sid}")


ITEM = Item((READABLE, RUNTIME, FOLDERS, ABOVE, ORPHANS), _questions, _judge)
