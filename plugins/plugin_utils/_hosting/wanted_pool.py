# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's application pool as a task wants it. Docs: win_im_apppool.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent.drain import OPTIONS, Drain
from .._agent.restart import watched
from .._core.kept import is_kept
from .._core.plan import Refused
from .._windows import account_name, iis_config, iis_names
from .._windows.account_name import AccountName
from .._windows.pool_attributes import name_of, timespan, typed

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
        "settings_path": {"type": "str"},
        "watch": {"type": "list", "elements": "str", "default": []},
        **OPTIONS,
        "backup_count": iis_config.BACKUP_COUNT,
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
        keeps_password: whether the pool has it, and only there it is known.
        logon_right: whether an account gets the right to log on as a batch job.
        change: whether a running pool is changed now, or by the task that starts it.
        restart: whether a pending restart is done or only reported.
        watch: files that the agent reads only at its start.
        drain: what happens while a job of the agent runs.
        backup_count: how many former versions of applicationHost.config are kept.
    """

    name: str
    state: str
    attributes: tuple[tuple[str, t.Any], ...]
    password: str | None = dataclasses.field(repr=False)
    keeps_password: bool
    logon_right: bool
    change: str
    restart: str
    watch: tuple[str, ...]
    drain: Drain
    backup_count: int

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused for what IIS's schema or the guide does not allow."""
        if arguments["state"] != "absent":
            iis_names.check_pool(arguments["name"])
        identity = arguments["identity"]
        user, password = arguments.get("username") or "", arguments.get("password") or None
        _check_identity(identity, user, password, force=arguments["force_identity"])
        if arguments["managed_runtime_version"].lower() == NO_MANAGED_CODE:
            raise Refused(
                "managed_runtime_version: found the label of IIS Manager, wanted the empty string, which means No"
                " Managed Code; the label itself breaks the pool"
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
        if arguments["state"] in {"present", "started"}:
            attributes["autoStart"] = True  # or it stays stopped after the next restart of the server
        return cls(
            name=arguments["name"],
            state=arguments["state"],
            attributes=tuple((attributes | _raw(arguments["attributes"])).items()),
            password=None if is_kept(password) else password,
            keeps_password=is_kept(password),
            logon_right=arguments["logon_right"],
            change=arguments["change"],
            restart=arguments["restart"],
            watch=watched(arguments) if arguments["state"] != "absent" else (),
            drain=Drain.of(arguments, arguments["name"]),
            backup_count=arguments["backup_count"],
        )


def _check_identity(identity: str, user: str, password: str | None, *, force: bool) -> None:
    """Raise Refused for an identity with too many rights, and for a name or password that does not go with it."""
    if identity in NEEDS_FORCE and not force:
        raise Refused(
            f"identity: found '{identity}', which may do far more than the agent needs; use {BUILT_IN} or"
            f" {SPECIFIC}, or set force_identity"
        )
    if identity != SPECIFIC:
        if user or password:
            raise Refused(
                f"username and password: found for identity {identity}, which has none; wanted with {SPECIFIC}"
            )
        return
    if not user:
        raise Refused(f"username: found nothing, wanted the account, since identity is {SPECIFIC}")
    _check_account(account_name.of(user), password or "")


def _check_account(account: AccountName, password: str) -> None:
    """Refuse an account that no pool runs as by name, a password that it does not take, or a missing one."""
    problem = account.pool_problem()
    if problem:
        raise Refused(
            f"username: found {account.text}, which {problem}; wanted DOMAIN\\user, user@domain, .\\user or a gMSA, or"
            " another choice of the option identity"
        )
    found = account.password_problem(password)
    if found:
        raise Refused(f"password: found {found[0]}, wanted {found[1]}")


def _raw(given: dict[str, t.Any]) -> dict[str, t.Any]:
    found = {}
    for key, value in given.items():
        name = name_of(key)
        if name is None:
            raise Refused(f"attributes: an application pool has no attribute {key!r} (IIS 10 schema)")
        if name in {"processModel.password", "processModel.userName", "processModel.identityType"}:
            raise Refused(f"attributes: {name} is set by the options identity, username and password")
        try:
            found[name] = typed(name, value)
        except ValueError as rule:
            raise Refused(f"attributes: {name}: found {value!r}, wanted {rule}") from None
    return found
