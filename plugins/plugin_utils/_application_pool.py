# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's application pool: made stopped, set right, started or restarted at the end. Docs: win_im_apppool.yml."""

from __future__ import annotations

import base64
import dataclasses
import typing as t

from . import _iis_config, _questions, _restart, _windows_path
from ._plan import Diff, Operation, Plan, Refused
from ._pool_attributes import name_of, timespan, typed
from ._questions import Ask, Query

MODULE, RIGHT_MODULE = "microsoft.iis.web_app_pool", "ansible.windows.win_user_right"
LOGON_RIGHT = "SeBatchLogonRight"
BUILT_IN, SPECIFIC = "application_pool_identity", "specific_user"
IDENTITIES = {
    BUILT_IN: "ApplicationPoolIdentity",
    SPECIFIC: "SpecificUser",
    "local_service": "LocalService",
    "network_service": "NetworkService",
    "local_system": "LocalSystem",
}
NEEDS_FORCE = {"network_service", "local_system"}
NO_MANAGED_CODE = "no managed code"

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "started", "stopped", "absent"], "default": "present"},
        "identity": {"type": "str", "choices": list(IDENTITIES), "default": BUILT_IN},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "force_identity": {"type": "bool", "default": False},
        "managed_runtime_version": {"type": "str", "default": ""},
        "start_mode": {"type": "str", "choices": ["AlwaysRunning", "OnDemand"], "default": "AlwaysRunning"},
        "idle_timeout_minutes": {"type": "int", "default": 0},
        "periodic_restart_minutes": {"type": "int", "default": 0},
        "load_user_profile": {"type": "bool", "default": True},
        "attributes": {"type": "dict", "default": {}},
        "logon_right": {"type": "bool", "default": True},
        "change": {"type": "str", "choices": ["now", "at_start"], "default": "now"},
        "restart": {"type": "str", "choices": ["auto", "never"], "default": "auto"},
        "watch": {"type": "list", "elements": "str", "default": []},
        "backup_count": _iis_config.BACKUP_COUNT,
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the pool shall be.

    Attributes:
        name: the pool.
        state: present, started, stopped or absent.
        attributes: IIS's attributes by dotted name, typed; without the password.
        password: of the account, None where none is given.
        logon_right: whether an account gets the right to log on as a batch job.
        change: whether a running pool is changed now, or by the task that starts it.
        restart: whether a pending restart is done or only reported.
        watch: files that the agent reads only at its start.
        backup_count: how many former versions of applicationHost.config are kept.
    """

    name: str
    state: str
    attributes: tuple[tuple[str, t.Any], ...]
    password: str | None = dataclasses.field(repr=False)
    logon_right: bool
    change: str
    restart: str
    watch: tuple[str, ...]
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused for what IIS's schema or the guide does not allow."""
        identity = arguments["identity"]
        if identity in NEEDS_FORCE and not arguments["force_identity"]:
            raise Refused(
                f"identity: found '{identity}', which may do far more than the agent needs; use {BUILT_IN} or"
                f" {SPECIFIC}, or set force_identity"
            )
        user, password = arguments.get("username") or "", arguments.get("password") or None
        if identity == SPECIFIC and not user:
            raise Refused(f"username: found nothing, wanted the account, since identity is {SPECIFIC}")
        if identity != SPECIFIC and (user or password):
            raise Refused(
                f"username and password: found for identity {identity}, which has none; wanted with {SPECIFIC}"
            )
        if identity == SPECIFIC and not password and not user.endswith("$"):
            raise Refused(
                f"password: found nothing, wanted the password of {user}; only a gMSA (name ends in '$') has none"
            )
        if arguments["managed_runtime_version"].lower() == NO_MANAGED_CODE:
            raise Refused(
                "managed_runtime_version: found the label of IIS Manager, wanted the empty text, which means No Managed"
                " Code; the label itself breaks the pool"
            )
        attributes: dict[str, t.Any] = {
            "managedRuntimeVersion": arguments["managed_runtime_version"],
            "startMode": arguments["start_mode"],
            "processModel.idleTimeout": timespan(60 * arguments["idle_timeout_minutes"]),
            "processModel.loadUserProfile": arguments["load_user_profile"],
            "recycling.periodicRestart.time": timespan(60 * arguments["periodic_restart_minutes"]),
            "processModel.identityType": IDENTITIES[identity],
            "processModel.userName": user,
        }
        return cls(
            name=arguments["name"],
            state=arguments["state"],
            attributes=tuple((attributes | _raw(arguments["attributes"])).items()),
            password=password,
            logon_right=arguments["logon_right"],
            change=arguments["change"],
            restart=arguments["restart"],
            watch=tuple(_windows_path.normal(path) for path in arguments["watch"]),
            backup_count=arguments["backup_count"],
        )


def _raw(given: dict[str, t.Any]) -> dict[str, t.Any]:
    found = {}
    for asked, value in given.items():
        name = name_of(asked)
        if name is None:
            raise Refused(f"attributes: an application pool has no attribute {asked!r} (IIS 10 schema)")
        if name in {"processModel.password", "processModel.userName", "processModel.identityType"}:
            raise Refused(f"attributes: {name} is set by the options identity, username and password")
        try:
            found[name] = typed(name, value)
        except ValueError as rule:
            raise Refused(f"attributes: {name}: found {value!r}, wanted {rule}") from None
    return found


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        _questions.file(_iis_config.PATH, _iis_config.MAX_BYTES),
        _questions.iis(),
        *(_restart.question(path) for path in wanted.watch),
        *((_questions.pool_password_matches(wanted.name, wanted.password),) if wanted.password else ()),
    )


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused without IIS, unless in check mode, where an earlier step would install
    it.
    """
    answer = ask(_questions.file(_iis_config.PATH, _iis_config.MAX_BYTES))
    if answer is None:
        if not check and wanted.state != "absent":
            raise Refused("IIS is not installed: run win_im_prerequisites (role im_prerequisites) first")
        return _made(wanted, ask) if wanted.state != "absent" else Plan()
    pool = _iis_config.parse(base64.b64decode(answer["content"])).pool(wanted.name)
    if wanted.state == "absent":
        return _removed(wanted, pool, ask)
    if pool is None:
        return _made(wanted, ask)
    return _changed(wanted, pool, ask, _password_differs(wanted, pool, ask))


def _password_differs(wanted: Wanted, pool: _iis_config.Pool, ask: Ask) -> bool:
    if wanted.password is None:
        return False
    if pool.attributes["processModel.identityType"] != "SpecificUser":
        return True
    return ask(_questions.pool_password_matches(wanted.name, wanted.password)) is not True


def _text(name: str, attributes: t.Mapping[str, t.Any], state: str, password: str) -> str:
    lines = [f"application pool: {name}", f"state: {state}"]
    lines += [f"{key}: {_shown(value)}" for key, value in sorted(attributes.items())]
    return "\n".join([*lines, *([f"processModel.password: {password}"] if password else [])]) + "\n"


def _shown(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if value != "" else '""'


def _call(does: str, wanted: Wanted, *, secret: bool = False, **arguments: t.Any) -> Operation:
    return Operation(does, MODULE, {"name": wanted.name, **arguments}, secret)


def _made(wanted: Wanted, ask: Ask) -> Plan:
    """Return the plan of a new pool: made and set while it serves no application, stopped, and started last."""
    attributes = dict(wanted.attributes)
    if not attributes["processModel.userName"]:
        del attributes["processModel.userName"]
    if wanted.password:
        attributes["processModel.password"] = wanted.password
    made = _call(
        f"make application pool {wanted.name}",
        wanted,
        secret=bool(wanted.password),
        state="stopped",
        attributes=attributes,
    )
    operations = [*_right(wanted), *_iis_config.backed_up([made], ask, wanted.backup_count)]
    if wanted.state == "started":
        operations.append(_call(f"start application pool {wanted.name}", wanted, state="started"))
    state = "Started" if wanted.state == "started" else "Stopped"
    after = _text(wanted.name, dict(wanted.attributes), state, "********" if wanted.password else "")
    facts: dict[str, t.Any] = {"pool": wanted.name}
    if wanted.state == "started":
        facts["restarted_because"] = []
    return Plan(tuple(operations), (Diff(f"application pool {wanted.name}", "", after),), facts=facts)


def _right(wanted: Wanted) -> list[Operation]:
    """Return the right that an account needs for its worker's logon.

    Where a policy has taken it from IIS_IUSRS, the pool stops with event 5021 otherwise; windows-modules S10.
    """
    user = dict(wanted.attributes)["processModel.userName"]
    if not user or not wanted.logon_right:
        return []
    arguments = {"name": LOGON_RIGHT, "users": [user], "action": "add"}
    return [Operation(f"allow {user} to log on as a batch job", RIGHT_MODULE, arguments)]


def _removed(wanted: Wanted, pool: _iis_config.Pool | None, ask: Ask) -> Plan:
    if pool is None:
        return Plan()
    operation = _call(f"remove application pool {wanted.name}", wanted, state="absent")
    operations = _iis_config.backed_up([operation], ask, wanted.backup_count)
    return Plan(tuple(operations), (Diff(f"application pool {wanted.name}", f"application pool: {wanted.name}\n", ""),))


def _changed(wanted: Wanted, pool: _iis_config.Pool, ask: Ask, new_password: bool) -> Plan:
    states = {p["name"].lower(): p["state"] for p in (ask(_questions.iis()) or {"pools": []})["pools"]}
    state = states.get(wanted.name.lower(), "Unknown")
    runs = state in {"Started", "Starting"}
    if runs and wanted.state == "present" and wanted.change == "at_start":
        return Plan(facts={"pool": wanted.name})
    settled = _settled(wanted) in ask(_questions.settled())
    new_password = new_password and not settled
    differing = {
        name: value for name, value in wanted.attributes if not settled and not _same(pool.attributes.get(name), value)
    }
    because = list(_why_restart(wanted, ask)) if wanted.state == "started" and runs else []
    facts: dict[str, t.Any] = {"pool": wanted.name}
    warnings: tuple[str, ...] = ()
    if because and wanted.restart == "never":
        warnings = (
            f"application pool {wanted.name} has to be restarted, but restart is 'never': {'; '.join(because)}",
        )
        facts["pending_restart"] = because
        because = []
    stop = runs and bool(differing or new_password or because or wanted.state == "stopped")
    start = (wanted.state == "started" and (stop or not runs)) or (wanted.state == "present" and stop)
    operations = []
    sent = dict(differing)
    if new_password:
        sent["processModel.password"] = wanted.password
    elif "processModel.identityType" in differing and not dict(wanted.attributes)["processModel.userName"]:
        # Going back to an identity of IIS's own: the account's name and password would stay behind otherwise.
        sent |= {"processModel.userName": "", "processModel.password": ""}
    if {"processModel.userName", "processModel.identityType"} & set(differing):
        operations += _right(wanted)
    if stop:
        operations.append(_call(f"stop application pool {wanted.name}", wanted, state="stopped"))
    if (
        new_password
        and dict(wanted.attributes)["processModel.identityType"] == pool.attributes["processModel.identityType"]
    ):
        # The module compares without regard to case, so a password changed only in case is applied over an empty one.
        empty = {"processModel.password": ""}
        operations.append(_call(f"clear the password of {wanted.name}", wanted, state="present", attributes=empty))
    if sent:
        does = f"set {', '.join(sorted(sent))} of application pool {wanted.name}"
        operations.append(_call(does, wanted, secret=new_password, state="present", attributes=sent))
    if start:
        operations.append(_call(f"start application pool {wanted.name}", wanted, state="started"))
    if sent:
        operations = _iis_config.backed_up(operations, ask, wanted.backup_count)
    if start:
        facts["restarted_because"] = because
    after_state = "Started" if start else "Stopped" if stop else state
    names = dict(wanted.attributes)
    before = {name: pool.attributes.get(name) for name in names}
    hidden = "********" if wanted.password else ""
    if stop and start:
        after_state = f"Started again: {'; '.join(because)}" if because else "Started again"
    diff = Diff(
        f"application pool {wanted.name}",
        _text(wanted.name, before, state, hidden),
        _text(wanted.name, names, after_state, "******** (changed)" if new_password else hidden),
    )
    return Plan(tuple(operations), (diff,), warnings, settles=(_settled(wanted),), facts=facts)


def _settled(wanted: Wanted) -> str:
    return f"application pool {wanted.name}: {wanted.attributes}"


def _same(found: t.Any, wanted: t.Any) -> bool:
    """Compare as IIS does: texts, such as an account's name, without regard to case."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    return bool(found == wanted)


def _why_restart(wanted: Wanted, ask: Ask) -> t.Iterator[str]:
    workers = [
        w["started"]
        for w in (ask(_questions.iis()) or {"workers": []})["workers"]
        if w["pool"].lower() == wanted.name.lower() and w["started"]
    ]
    return _restart.reasons(ask, wanted.watch, min(workers, default=None))
