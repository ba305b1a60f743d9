# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the agent runs as, in which groups, and who may do what on its folders: the guide's check of the default
behaviour. Docs: win_im_identity.yml.

Vendor page "Install the Agents", section "Check default behavior".
"""

from __future__ import annotations

import dataclasses
import typing as t

from .._core import probe
from .._core.plan import Plan
from .._core.probe import Ask, Query
from .._windows import account_name, iis_config, sddl, security_tab
from .._windows.identity import IDENTITY_SPEC, Identity
from .._windows.sddl import Security
from . import identity_table, permissions

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        **{
            name: permissions.ARGUMENT_SPEC["argument_spec"][name]
            for name in ("working_directory", "folders", "profile")
        },
        "identity": IDENTITY_SPEC,
        "pool": {"type": "str"},
        "service": {"type": "str"},
        "names": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [("pool", "service")],
    "required_one_of": [("pool", "service")],
}
_OWN, _SPECIFIC = "ApplicationPoolIdentity", "SpecificUser"
_MORE = {sddl.SERVICE: "SERVICE", sddl.ALL_SERVICES: "NT SERVICE\\ALL SERVICES"}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is looked at.

    Attributes:
        identity: the agent's identity, as the inventory has it.
        rights: the least right that it needs on each folder's path; None: what it inherits.
        inherited: the right that folders inherit from the working directory.
        pool: the application pool that runs the agent; empty for a service.
        service: the service that runs the agent; empty under IIS.
        names: whether the server is asked, in a second execution, for names of accounts that entries have by SID.
    """

    identity: Identity
    rights: tuple[tuple[str, str | None], ...]
    inherited: str | None
    pool: str
    service: str
    names: bool

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        defaults = {name: option.get("default") for name, option in permissions.ARGUMENT_SPEC["argument_spec"].items()}
        folders = permissions.Wanted.of(defaults | {k: v for k, v in arguments.items() if k in defaults})
        return cls(
            folders.identity,
            folders.rights,
            folders.inherited,
            arguments.get("pool") or "",
            arguments.get("service") or "",
            arguments["names"],
        )


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the look asks."""
    runner = probe.service(wanted.service) if wanted.service else probe.file(iis_config.PATH, iis_config.MAX_BYTES)
    return (probe.acl(*(path for path, _right in wanted.rights)), runner, *wanted.identity.questions())


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what was seen; nothing is ever changed. Raises Refused for an account that the server does not know."""
    del check
    sid = wanted.identity.sid(ask)
    token = _token(wanted, sid)
    found = ask(probe.acl(*(path for path, _right in wanted.rights)))
    read = {
        path: sddl.parse(answer["sddl"], path) if answer else None
        for (path, _right), answer in zip(wanted.rights, found, strict=True)
    }
    names = _names(wanted, sid, read, ask)
    folders = [_folder(wanted, path, right, read[path], token, names) for path, right in wanted.rights]
    runs_as = _runs_as(wanted, ask)
    problems = [
        *_runner_problems(wanted, sid, runs_as, ask),
        *(p for folder in folders for p in folder.pop("problems")),
    ]
    groups = sorted(token - {sid}, key=lambda group: names.get(group, group))
    facts = {
        "account": wanted.identity.name,
        "sid": sid,
        "runs_as": runs_as,
        "groups": [{"name": names.get(group, group), "sid": group} for group in groups],
        "folders": folders,
        "problems": problems,
    }
    return Plan(facts={**facts, "lines": identity_table.lines(facts)})


def _token(wanted: Wanted, sid: str) -> frozenset[str]:
    """Return the SIDs that the agent's process carries at least; other groups of an account are not read."""
    token = wanted.identity.token(sid)
    if wanted.service and wanted.identity.account:
        return token - {sddl.IIS_USERS} | {sddl.SERVICE}  # a pool's account is in IIS_IUSRS, a service's is not
    return token


def _names(wanted: Wanted, sid: str, read: t.Mapping[str, Security | None], ask: Ask) -> dict[str, str]:
    """Return names by SID, as far as they are known."""
    names = {**sddl.WELL_KNOWN, **_MORE, sid: wanted.identity.name}
    seen = {ace.sid for security in read.values() if security for ace in security.aces}
    seen |= {security.owner for security in read.values() if security}
    unknown = sorted(one for one in seen - names.keys() if sddl.name(one) == one)
    if wanted.names and unknown:
        names |= {
            one: str(answer["name"])
            for one, answer in zip(unknown, ask(probe.account(*unknown)), strict=True)
            if answer and answer["name"]
        }
    return {**{one: sddl.name(one) for one in seen}, **names}


def _folder(
    wanted: Wanted,
    path: str,
    right: str | None,
    security: Security | None,
    token: frozenset[str],
    names: t.Mapping[str, str],
) -> dict[str, t.Any]:
    """Return what is told of one folder, and its problems."""
    if security is None:
        problem = (
            f"{path}: found no such folder, wanted it with the right of the agent: run install, or im_working_directory"
        )
        return {"path": path, "exists": False, "problems": [problem]}
    needed = right or wanted.inherited
    granted, mask = security.granted(token), sddl.NAMES[needed] if needed else 0
    through = sorted(
        {names[a.sid] for a in security.aces if a.here and a.allows and a.sid in token and not a.conditional}
    )
    told = {
        "path": path,
        "exists": True,
        "owner": names[security.owner],
        "inherits": not security.protected,
        "entries": [_entry(ace, names) for ace in security.aces],
        "agent": security_tab.short(granted),
        "needs": security_tab.short(mask),
        "enough": granted & mask == mask,
        "through": through if granted else [],
    }
    problem = (
        f"{path}: found {told['agent']} for {wanted.identity.name}, wanted {told['needs']}: run install, or"
        " im_permissions; a Deny beats an Allow of the same kind"
    )
    return told | {"problems": [] if told["enough"] else [problem]}


def _entry(ace: sddl.Ace, names: t.Mapping[str, str]) -> dict[str, t.Any]:
    return {
        "name": names[ace.sid],
        "sid": ace.sid,
        "type": "Allow" if ace.allows else "Deny",
        "permissions": list(security_tab.of(ace)),
        "inherited": ace.inherited,
        "applies_to": security_tab.applies_to(ace),
        "conditional": ace.conditional,
    }


def _runs_as(wanted: Wanted, ask: Ask) -> str:
    """Return the account that the pool or service is set to; empty where there is none."""
    if wanted.service:
        service = ask(probe.service(wanted.service))
        return str(service["account"] or "") if service else ""
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    pools = iis_config.parse(iis_config.content(answer)).pools if answer else ()
    pool = next((one for one in pools if one.name.lower() == wanted.pool.lower()), None)
    if pool is None:
        return ""
    kind = str(pool.attributes.get("processModel.identityType", _OWN))
    if kind == _SPECIFIC:
        return str(pool.attributes.get("processModel.userName") or "")
    return account_name.of_pool(pool.name) if kind == _OWN else kind


def _runner_problems(wanted: Wanted, sid: str, runs_as: str, ask: Ask) -> t.Iterator[str]:
    """Yield whether the agent is set to run as somebody else; two forms of one name are no reason."""
    runner = f"service {wanted.service}" if wanted.service else f"application pool {wanted.pool}"
    if not runs_as:
        yield f"found no {runner}, wanted one that runs as {wanted.identity.name}: run install"
        return
    known = {wanted.identity.name.lower(), sid.lower()}
    if wanted.identity.questions():
        answer = ask(probe.account(wanted.identity.account))[0]
        known.add(str((answer or {}).get("name") or "").lower())
    found = account_name.of(runs_as)
    if runs_as.lower() in known or found.sid == sid:
        return
    wanted_form = account_name.of(wanted.identity.name).form
    if found.form is wanted_form or found.sid or wanted.identity.pool or wanted.identity.service:
        yield (
            f"{runner}: found it set to run as {runs_as}, wanted {wanted.identity.name}: run install, or set"
            " im_agent_identity_username to the account that it shall run as"
        )
