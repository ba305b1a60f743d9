# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent as a Windows service: made stopped, set right, started or restarted at the end. Docs:
win_im_service.yml.
"""

from __future__ import annotations

import base64
import dataclasses
import re
import typing as t

from . import (
    _fingerprint,
    _firewall,
    _iis_config,
    _questions,
    _restart,
    _sddl,
    _service_recovery,
    _service_urls,
    _windows_path,
)
from ._plan import Diff, Operation, Plan, Refused
from ._questions import Ask, Query

MODULE, RIGHT_MODULE = "ansible.windows.win_service", "ansible.windows.win_user_right"
PROGRAM = "Usercube-Agent.exe"
LOGON_RIGHT = "SeServiceLogonRight"
FINGERPRINT = "service_account"
START_MODES = {"auto": "automatic", "delayed": "delayed", "manual": "manual", "disabled": "disabled"}
REFUSED_ACCOUNTS = {"S-1-5-18", "S-1-5-20"}
RESET_SECONDS = 86400
UPDATE = ("fingerprint", "always", "on_create")
_NAME = re.compile(r"[^/\\]{1,80}")

ARGUMENT_SPEC: dict[str, t.Any] = {
    "argument_spec": {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "started", "stopped", "absent"], "default": "present"},
        "path": {"type": "str"},
        "display_name": {"type": "str"},
        "description": {"type": "str", "default": "Identity Manager agent"},
        "urls": {"type": "list", "elements": "str", "default": ["http://localhost:5000"]},
        "username": {"type": "str"},
        "password": {"type": "str", "no_log": True},
        "update_password": {"type": "str", "choices": list(UPDATE), "default": UPDATE[0]},
        "fingerprint_key": _fingerprint.KEY_SPEC,
        "force_identity": {"type": "bool", "default": False},
        "logon_right": {"type": "bool", "default": True},
        "start_mode": {"type": "str", "choices": list(START_MODES), "default": "auto"},
        "recovery": {
            "type": "list",
            "elements": "dict",
            "default": [{"action": "restart", "delay_seconds": 60}] * 3,
            "options": {
                "action": {"type": "str", "choices": ["none", "restart", "reboot"], "default": "restart"},
                "delay_seconds": {"type": "int", "default": 60},
            },
        },
        "recovery_reset_seconds": {"type": "int", "default": RESET_SECONDS},
        "replaces_site": {"type": "str"},
        "restart": {"type": "str", "choices": ["auto", "never"], "default": "auto"},
        "watch": {"type": "list", "elements": "str", "default": []},
        "firewall": {"type": "str", "choices": list(_firewall.CHOICES), "default": _firewall.CHOICES[0]},
    },
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the service shall be.

    Attributes:
        name: the service's name.
        state: present, started, stopped or absent.
        runtime: the agent's Runtime folder.
        command: the command line that the service controller runs.
        account: whom it runs as: the service's own virtual account unless another one is given.
        password: of the account, empty where it has none.
        recovery: (action, milliseconds) after the first, second, … failure.
        replaces_site: a site of IIS that is removed before the service starts, so that its ports are free then.
        watch: files that the agent reads only at its start.
        guarded: the ports that the server's firewall has to let in.
    """

    name: str
    state: str
    runtime: str
    command: str
    display_name: str
    description: str
    account: str
    password: str = dataclasses.field(repr=False)
    update_password: str
    fingerprint_key: str = dataclasses.field(repr=False)
    force_identity: bool
    logon_right: bool
    start_mode: str
    recovery: tuple[tuple[str, int], ...]
    reset_seconds: int
    replaces_site: str
    restart: str
    watch: tuple[str, ...]
    guarded: frozenset[int]

    @classmethod
    def of(cls, arguments: dict[str, t.Any]) -> Wanted:
        """Return what a task wants; raises Refused."""
        name, path = arguments["name"], arguments.get("path") or ""
        if not _NAME.fullmatch(name):
            raise Refused(f"name: found {name!r}, wanted 1 to 80 characters without / and \\")
        reason = _windows_path.why_not_absolute(path) if arguments["state"] != "absent" else None
        if reason:
            raise Refused(f"path: found {path!r}, wanted the Runtime folder as an absolute Windows path ({reason})")
        account, password = arguments.get("username") or virtual_account(name), arguments.get("password") or ""
        _mind_password(account, password)
        runtime = _windows_path.normal(path) if path else ""
        return cls(
            name=name,
            state=arguments["state"],
            runtime=runtime,
            command=_command(runtime, arguments["urls"]) if runtime else "",
            display_name=arguments.get("display_name") or name,
            description=arguments["description"],
            account=account,
            password=password,
            update_password=arguments["update_password"],
            fingerprint_key=_fingerprint.checked_key(arguments.get("fingerprint_key")),
            force_identity=arguments["force_identity"],
            logon_right=arguments["logon_right"],
            start_mode=arguments["start_mode"],
            recovery=tuple(_service_recovery.step(step) for step in arguments["recovery"]),
            reset_seconds=arguments["recovery_reset_seconds"],
            replaces_site=arguments.get("replaces_site") or "",
            restart=arguments["restart"],
            watch=tuple(_windows_path.normal(path) for path in arguments["watch"]),
            guarded=_service_urls.outward(arguments["urls"]) if _firewall.minded(arguments) else frozenset(),
        )

    @property
    def virtual(self) -> bool:
        """Tell whether it runs as a virtual account, which Windows makes and which may log on as a service."""
        return self.account.lower().startswith("nt service\\")


def virtual_account(name: str) -> str:
    r"""Return the account that Windows has for a service of this name: ``NT SERVICE\name``."""
    return f"NT SERVICE\\{name}"


def _mind_password(account: str, password: str) -> None:
    without = account.endswith("$") or account.lower().startswith(("nt service\\", "nt authority\\"))
    if without or account.lower() in {"localsystem", "system"}:
        if password:
            raise Refused(f"password: found one for {account}, which has none: leave it away")
    elif not password:
        raise Refused(
            f"password: found nothing, wanted the password of {account}; a gMSA (name ends in '$') and a virtual"
            " account (NT SERVICE\\name) have none"
        )


def _command(runtime: str, urls: t.Sequence[str]) -> str:
    """Return the command line; the path quoted, since a blank in it would let another program start."""
    if not urls:
        raise Refused("urls: found none, wanted at least one address to listen on, as http://localhost:5000")
    for url in urls:
        _service_urls.check(url)
    # Belief [service-urls]: the agent takes --urls beside --service, learn.microsoft.com "ASP.NET Core Web Host".
    return f'"{_windows_path.join(runtime, PROGRAM)}" --service --urls "{";".join(urls)}"'


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [_questions.service(wanted.name), _service_recovery.question(wanted.name)]
    if wanted.state != "absent":
        asked.append(_questions.file(_windows_path.join(wanted.runtime, PROGRAM), 0))
        asked += [_questions.listeners(), *_firewall.questions(wanted.guarded)]
        if wanted.replaces_site:
            asked.append(_questions.file(_iis_config.PATH, _iis_config.MAX_BYTES))
        asked += [_restart.question(path) for path in wanted.watch]
        if wanted.password:
            asked.append(_fingerprint.question(wanted.runtime))
        if not wanted.virtual:
            asked.append(_questions.account(wanted.account))
    return tuple(asked)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused for an account or a program that is not there."""
    found = ask(_questions.service(wanted.name))
    if wanted.state == "absent":
        return _removed(wanted, found)
    if not check and ask(_questions.file(_windows_path.join(wanted.runtime, PROGRAM), 0)) is None:
        raise Refused(f"found no {PROGRAM} in {wanted.runtime}; run win_im_working_directory first")
    sid = _sid(wanted, ask)
    if found is None or found["state"] == "Stopped":
        _mind_ports(wanted, ask)
    if found is None:
        return _with_firewall(wanted, _made(wanted, ask), ask)
    if PROGRAM.lower() not in found["path"].lower():
        raise Refused(
            f"found a service {wanted.name} that runs {found['path']}, wanted the agent: choose another name, or remove"
            " that service"
        )
    return _with_firewall(wanted, _changed(wanted, found, sid, ask), ask)


def _with_firewall(wanted: Wanted, planned: Plan, ask: Ask) -> Plan:
    """Add to a plan whether the server's firewall lets its ports in."""
    let_in = _firewall.verdicts(wanted.guarded, _windows_path.join(wanted.runtime, PROGRAM), ask)
    warnings = (*planned.warnings, *_firewall.warning(let_in, ask(_questions.host())["domain"]))
    return dataclasses.replace(planned, warnings=warnings, facts=planned.facts | {"firewall": _firewall.shown(let_in)})


def _mind_ports(wanted: Wanted, ask: Ask) -> None:
    """Refuse a port that something listens on; the site that the service replaces is gone before it starts."""
    freed: set[int] = set()
    configuration = ask(_questions.file(_iis_config.PATH, _iis_config.MAX_BYTES)) if wanted.replaces_site else None
    if configuration:
        site = _iis_config.parse(base64.b64decode(configuration["content"])).site(wanted.replaces_site)
        freed = {binding.port for binding in site.bindings} if site else set()
    held = {listener["port"] for listener in ask(_questions.listeners())} - freed
    for port in sorted(_service_urls.ports(wanted.command) & held):
        raise Refused(
            f"urls: something listens on port {port} of the server already (netstat -abno names it): stop it, or choose"
            " another port"
        )


def _sid(wanted: Wanted, ask: Ask) -> str:
    """Return the account's SID; raises Refused for one that is unknown or may do too much."""
    if wanted.virtual:
        return _sddl.service_sid(wanted.account.split("\\", 1)[1])
    name = "S-1-5-18" if wanted.account.lower() == "localsystem" else wanted.account
    answer = ask(_questions.account(name))[0]
    if answer is None:
        raise Refused(
            f"the server knows no account {wanted.account!r}: wanted DOMAIN\\user, user@domain, .\\user or a gMSA as"
            " DOMAIN\\name$; check the spelling and that the server reaches its domain"
        )
    if answer["sid"] in REFUSED_ACCOUNTS and not wanted.force_identity:
        raise Refused(
            f"username: found {wanted.account}, which may do far more than the agent needs; leave it away for the"
            " service's own account, name an account or gMSA, or set force_identity"
        )
    return str(answer["sid"])


def _removed(wanted: Wanted, found: t.Mapping[str, t.Any] | None) -> Plan:
    if found is None:
        return Plan(facts={"service": wanted.name})
    operation = Operation(f"remove service {wanted.name}", MODULE, {"name": wanted.name, "state": "absent"})
    title = f"service {wanted.name}"
    return Plan((operation,), (Diff(title, f"service: {wanted.name}\n", ""),), facts={"service": wanted.name})


def _settings(wanted: Wanted) -> dict[str, t.Any]:
    """Return the service as win_service takes it, without run state and password."""
    return {
        "name": wanted.name,
        "path": wanted.command,
        "display_name": wanted.display_name,
        "description": wanted.description,
        "username": wanted.account,
        "start_mode": wanted.start_mode,
        "failure_actions": [{"type": action, "delay_ms": delay} for action, delay in wanted.recovery],
        "failure_reset_period_sec": wanted.reset_seconds,
    }


def _right(wanted: Wanted) -> list[Operation]:
    r"""Return the right to log on as a service, where the account may lack it.

    Belief [virtual-logon]: NT SERVICE\ALL SERVICES has it on every Windows, so virtual accounts need nothing;
    learn.microsoft.com "Log on as a service". LocalSystem is the service controller's own, and no lookup of an
    account knows its name (learn.microsoft.com "LocalSystem account"), so that win_user_right could not give it one.
    """
    if wanted.virtual or wanted.account.lower() == "localsystem" or not wanted.logon_right:
        return []
    arguments = {"name": LOGON_RIGHT, "users": [wanted.account], "action": "add"}
    return [Operation(f"allow {wanted.account} to log on as a service", RIGHT_MODULE, arguments)]


def _keep_password(wanted: Wanted, ask: Ask) -> list[Operation]:
    if not wanted.password or not wanted.fingerprint_key:
        return []
    return [_fingerprint.keep(wanted.runtime, ask, {FINGERPRINT: _print(wanted)})]


def _print(wanted: Wanted) -> str:
    return _fingerprint.of(wanted.fingerprint_key, f"{FINGERPRINT} {wanted.account.lower()}", wanted.password)


def _call(does: str, wanted: Wanted, *, secret: bool = False, **arguments: t.Any) -> Operation:
    return Operation(does, MODULE, {"name": wanted.name, **arguments}, secret)


def _made(wanted: Wanted, ask: Ask) -> Plan:
    arguments = _settings(wanted)
    if wanted.password:
        arguments["password"] = wanted.password
    operations = [
        *_right(wanted),
        Operation(f"make service {wanted.name}", MODULE, arguments, bool(wanted.password)),
        *_keep_password(wanted, ask),
    ]
    facts: dict[str, t.Any] = {"service": wanted.name, "account": wanted.account}
    if wanted.state == "started":
        operations.append(_call(f"start service {wanted.name}", wanted, state="started"))
        facts["restarted_because"] = []
    state = "Running" if wanted.state == "started" else "Stopped"
    after = _text(wanted, _shown_wanted(wanted), state, "********" if wanted.password else "")
    return Plan(tuple(operations), (Diff(f"service {wanted.name}", "", after),), facts=facts)


def _changed(wanted: Wanted, found: t.Mapping[str, t.Any], sid: str, ask: Ask) -> Plan:
    runs = found["state"] in {"Running", "StartPending", "ContinuePending"}
    is_now = _shown_found(wanted, found, sid, ask)
    settled = _settled(wanted) in ask(_questions.settled())
    differing = {} if settled else {n: value for n, value in _shown_wanted(wanted).items() if is_now[n] != value}
    new_password = not settled and _password_differs(wanted, "account" in differing, ask)
    set_ = bool(differing or new_password)
    because = _why_restart(wanted, found, differing, ask) if runs else []
    warnings: list[str] = []
    facts: dict[str, t.Any] = {"service": wanted.name, "account": wanted.account}
    if because and wanted.restart == "never" and wanted.state == "started":
        warnings.append(f"service {wanted.name} has to be restarted, but restart is 'never': {'; '.join(because)}")
        facts["pending_restart"] = because
    operations: list[Operation] = _right(wanted) if "account" in differing else []
    if set_:
        password = {"password": wanted.password, "update_password": "always"} if new_password else {}
        does = (
            f"set {', '.join([*sorted(differing), *(['password'] if new_password else [])])} of service {wanted.name}"
        )
        operations.append(Operation(does, MODULE, _settings(wanted) | password, new_password))
    if new_password:
        operations += _keep_password(wanted, ask)
    state_after = found["state"]
    if wanted.state == "stopped" and found["state"] != "Stopped":
        operations.append(_call(f"stop service {wanted.name}", wanted, state="stopped"))
        state_after = "Stopped"
    elif wanted.state == "started" and not runs:
        operations.append(_call(f"start service {wanted.name}", wanted, state="started"))
        state_after, facts["restarted_because"] = "Running", []
    elif wanted.state == "started" and because and wanted.restart == "auto":
        operations.append(_call(f"restart service {wanted.name}", wanted, state="restarted"))
        state_after, facts["restarted_because"] = f"Running again: {'; '.join(because)}", because
    noted = tuple(because) if set_ and "restarted_because" not in facts else ()
    hidden = "********" if wanted.password else ""
    diff = Diff(
        f"service {wanted.name}",
        _text(wanted, is_now, found["state"], hidden),
        _text(wanted, _shown_wanted(wanted), state_after, "******** (changed)" if new_password else hidden),
    )
    return Plan(tuple(operations), (diff,), tuple(warnings), noted, settles=(_settled(wanted),), facts=facts)


def _settled(wanted: Wanted) -> str:
    return f"service {wanted.name}: {_shown_wanted(wanted)}"


def _why_restart(wanted: Wanted, found: t.Mapping[str, t.Any], differing: t.Collection[str], ask: Ask) -> list[str]:
    """Return why a running service has to start again; a new password is no reason.

    Belief [service-password]: a process keeps its logon, learn.microsoft.com "Service User Accounts".
    """
    reasons = [f"{name} of the service changed" for name in ("account", "command") if name in differing]
    return [*reasons, *_restart.reasons(ask, wanted.watch, found["started"])]


def _password_differs(wanted: Wanted, account_differs: bool, ask: Ask) -> bool:
    """Tell whether the password is sent: Windows shows nobody the one it has."""
    if not wanted.password or wanted.update_password == UPDATE[2]:
        return bool(wanted.password) and account_differs
    if account_differs or wanted.update_password == UPDATE[1]:
        return True
    return bool(wanted.fingerprint_key) and _fingerprint.known(wanted.runtime, ask).get(FINGERPRINT) != _print(wanted)


def _shown_wanted(wanted: Wanted) -> dict[str, str]:
    return {
        "command": wanted.command,
        "display name": wanted.display_name,
        "description": wanted.description,
        "account": wanted.account,
        "start mode": START_MODES[wanted.start_mode],
        "recovery": _service_recovery.words(wanted.recovery, wanted.reset_seconds),
    }


def _shown_found(wanted: Wanted, found: t.Mapping[str, t.Any], sid: str, ask: Ask) -> dict[str, str]:
    return {
        "command": found["path"],
        "display name": found["display_name"],
        "description": found["description"],
        "account": wanted.account if _same_account(wanted, found["account"], sid, ask) else found["account"],
        "start mode": found["start_mode"],
        "recovery": _service_recovery.found(wanted.name, ask),
    }


def _same_account(wanted: Wanted, account: str, sid: str, ask: Ask) -> bool:
    if account.lower() == wanted.account.lower():
        return True
    if not wanted.virtual and "@" in wanted.account:
        canonical = ask(_questions.account(wanted.account))[0]
        if canonical and canonical["name"].lower() == account.lower():
            return True
    if account.lower().startswith("nt service\\"):
        return _sddl.service_sid(account.split("\\", 1)[1]) == sid
    answer = ask(_questions.account("S-1-5-18" if account.lower() == "localsystem" else account))[0]
    return answer is not None and answer["sid"] == sid


def _text(wanted: Wanted, shown: t.Mapping[str, str], state: str, password: str) -> str:
    lines = [f"service: {wanted.name}", f"state: {state}", *(f"{name}: {value}" for name, value in shown.items())]
    return "\n".join([*lines, *([f"password: {password}"] if password else [])]) + "\n"
