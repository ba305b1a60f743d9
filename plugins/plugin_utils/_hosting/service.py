# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent as a Windows service: created stopped, corrected, started or restarted last. Docs:
win_im_service.yml.
"""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from .._agent import fingerprint, variables
from .._agent.restart import question as restart_question
from .._agent.restart import reasons as restart_reasons
from .._agent.restart import unneeded as restart_unneeded
from .._core import probe
from .._core.kept import nothing
from .._core.mark import Mark, MarkKind
from .._core.mask import CHANGED, MASK
from .._core.plan import Diff, Operation, Plan, Refused
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .._windows import account_name, command_line, iis_config, windows_path
from .._windows.account_name import Form
from . import firewall_rules, logon_policy, port_owner, service_environment, service_recovery, service_urls
from .service_environment import Lines
from .wanted_service import ARGUMENT_SPEC, PROGRAM, START_MODES, UPDATE, Wanted

MODULE, RIGHT_MODULE = "ansible.windows.win_service", "ansible.windows.win_user_right"
LOGON_RIGHT = logon_policy.SERVICE.allow
REST_SECONDS = 120
"""How long a service may take to come to rest."""
REFUSED_ACCOUNTS = {account_name.LOCAL_SYSTEM, account_name.NETWORK_SERVICE}
__all__ = ["ARGUMENT_SPEC", "Wanted", "changes", "plan", "questions", "secrets", "unneeded"]


def secrets(arguments: dict[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show."""
    given = {str(arguments[name]) for name in ("password", "fingerprint_key") if arguments.get(name)}
    return frozenset(given) | service_environment.secrets(arguments)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    asked = [
        probe.service(wanted.name),
        service_recovery.question(wanted.name),
        *wanted.drain.questions,
        *wanted.drain.questions_of_start,
    ]
    if wanted.state != "absent":
        asked.append(probe.file(windows_path.join(wanted.runtime, PROGRAM), 0))
        asked += [probe.listeners(), *firewall_rules.questions(wanted.guarded)]
        if wanted.replaces_site:
            asked.append(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
        asked += [restart_question(path) for path in wanted.watch]
        asked.append(variables.service_question(wanted.name))
        if wanted.password:
            asked.append(fingerprint.question(wanted.runtime))
        if not account_name.of(wanted.account).sid:
            asked.append(probe.account(wanted.account))
        asked += logon_policy.SERVICE.questions(wanted.account)
    return tuple(asked)


def unneeded(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return those of the questions whose answers this run does not need."""
    needed, of_start = wanted.drain.needed_at_start(ask), wanted.drain.questions_of_start
    return tuple(query for query in (*restart_unneeded(ask, wanted.watch), *of_start) if query not in needed)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused as ``changes``, and where one that runs could not start again."""
    planned = changes(wanted, ask, check=check)
    if wanted.state == "absent":
        return planned
    runs = (ask(probe.service(wanted.name)) or {"state": "Stopped"})["state"] != "Stopped"
    return logon_policy.judged(logon_policy.SERVICE, wanted.account, planned, ask, runs=runs)


def changes(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the same plan, whoever may log on; raises Refused for an account or a program that is not there."""
    found = _at_rest(wanted, ask)
    if wanted.state == "absent":
        return _removed(wanted, found, ask)
    if not check and ask(probe.file(windows_path.join(wanted.runtime, PROGRAM), 0)) is None:
        raise Refused(f"found no {PROGRAM} in {wanted.runtime}; run win_im_working_directory first")
    sid = _sid(wanted, ask)
    _check_kept(wanted, found, sid, ask)
    if found is None or found["state"] == "Stopped":
        _check_ports(wanted, ask)
    if found is None:
        return _with_firewall(wanted, wanted.drain.unlocked(_created(wanted, ask), ask), ask)
    if PROGRAM.lower() not in found["path"].lower():
        raise Refused(
            f"found a service {wanted.name} that runs {command_line.shown(found['path'])}, wanted the agent: choose"
            " another name, or remove that service"
        )
    return _with_firewall(wanted, wanted.drain.unlocked(_changed(wanted, found, sid, ask), ask), ask)


def _at_rest(wanted: Wanted, ask: Ask) -> t.Mapping[str, t.Any] | None:
    """Return the service once it neither starts nor stops; raises Refused for one that does not come to rest.

    Belief [service-rest]: it takes no order meanwhile (1061), learn.microsoft.com "ControlService function".
    """
    found = ask(probe.service(wanted.name))
    if found is None or not found["state"].endswith("Pending"):
        return t.cast("t.Mapping[str, t.Any] | None", found)
    found = ask(probe.service_wait(wanted.name, REST_SECONDS))
    if found is not None and not found["reached"]:
        raise Refused(
            f"found service {wanted.name} in state {found['state']} for {found['waited']} seconds, wanted it started or"
            " stopped, as it takes no order meanwhile: a job that runs delays a stop; wait for it, or end its process"
        )
    return t.cast("t.Mapping[str, t.Any] | None", found)


def _with_firewall(wanted: Wanted, planned: Plan, ask: Ask) -> Plan:
    """Add to a plan whether the server's firewall lets its ports in."""
    let_in = firewall_rules.verdicts(wanted.guarded, windows_path.join(wanted.runtime, PROGRAM), ask)
    warnings = (*planned.warnings, *firewall_rules.warning(let_in, ask(probe.host())["domain"]))
    return dataclasses.replace(
        planned, warnings=warnings, facts=planned.facts | {"firewall": firewall_rules.shown(let_in)}
    )


def _check_ports(wanted: Wanted, ask: Ask) -> None:
    """Refuse a port that something listens on; the site that the service replaces is gone before it starts."""
    freed: set[int] = set()
    configuration = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES)) if wanted.replaces_site else None
    if configuration:
        site = iis_config.parse(iis_config.content(configuration)).site(wanted.replaces_site)
        freed = {binding.port for binding in site.bindings} if site else set()
    taken = {listener["port"] for listener in ask(probe.listeners())} - freed
    for port in sorted(service_urls.ports(wanted.command) & taken):
        who = port_owner.words(port_owner.of(port, ask))
        raise Refused(
            f"urls: something listens on port {port} of the server already ({who}): stop it, or choose another port"
        )


def _sid(wanted: Wanted, ask: Ask) -> str:
    """Return the account's SID; raises Refused for one that is unknown or may do too much."""
    sid = account_name.of(wanted.account).sid
    if not sid:
        answer = ask(probe.account(wanted.account))[0]
        if answer is None:
            raise Refused(
                f"the server knows no account {wanted.account!r}: wanted DOMAIN\\user, user@domain, .\\user or a gMSA"
                " as DOMAIN\\name$; check the spelling and that the server reaches its domain"
            )
        sid = str(answer["sid"])
    if sid in REFUSED_ACCOUNTS and not wanted.force_identity:
        raise Refused(
            f"username: found {wanted.account}, which may do far more than the agent needs; omit it for the"
            " service's own account, name an account or gMSA, or set force_identity"
        )
    return sid


def _removed(wanted: Wanted, found: t.Mapping[str, t.Any] | None, ask: Ask) -> Plan:
    facts = {"service": wanted.name}
    if found is None:
        return Plan(facts=facts)
    guard = wanted.drain.guard_of(stops=found["state"] != "Stopped")
    operation = dataclasses.replace(_call(f"remove service {wanted.name}", wanted, state="absent"), guard=guard)
    diff = Diff(f"service {wanted.name}", f"service: {wanted.name}\n", "")
    return Plan((operation,), (diff,), tuple(wanted.drain.check(ask)), facts=facts)


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
    known = account_name.of(wanted.account)
    if wanted.virtual or known.sid == account_name.LOCAL_SYSTEM or not wanted.logon_right:
        return []
    arguments = {"name": LOGON_RIGHT, "users": [wanted.account], "action": "add"}
    return [Operation(f"allow {wanted.account} to log on as a service", RIGHT_MODULE, arguments)]


def _check_kept(wanted: Wanted, found: t.Mapping[str, t.Any] | None, sid: str, ask: Ask) -> None:
    """Refuse a password that is to be kept where no service runs as the account, so that Windows has none."""
    if not wanted.keeps_password:
        return
    if found is None or _shown_found(wanted, found, sid, ask)["account"] != _shown_wanted(wanted)["account"]:
        raise nothing(f"password: service {wanted.name}, account {wanted.account}")


def _keep_password(wanted: Wanted, ask: Ask) -> list[Operation]:
    if not wanted.password or not wanted.fingerprint_key:
        return []
    return [fingerprint.keep(wanted.runtime, ask, {fingerprint.SERVICE_ACCOUNT: _print(wanted)})]


def _print(wanted: Wanted) -> str:
    return fingerprint.of(
        wanted.fingerprint_key, f"{fingerprint.SERVICE_ACCOUNT} {wanted.account.lower()}", wanted.password
    )


def _call(does: str, wanted: Wanted, *, secret: bool = False, **arguments: t.Any) -> Operation:
    starts = arguments.get("state") in {"started", "restarted"}
    explain = functools.partial(logon_policy.why_not_started, wanted.account) if starts else None
    return Operation(does, MODULE, {"name": wanted.name, **arguments}, secret, explain=explain)


def _ends(does: str, wanted: Wanted, **arguments: t.Any) -> Operation:
    """Return what ends the running agent, once its jobs have."""
    return dataclasses.replace(_call(does, wanted, **arguments), guard=wanted.drain.guard)


def _created(wanted: Wanted, ask: Ask) -> Plan:
    arguments, own = _settings(wanted), _own_variables(wanted, None, ask)
    if wanted.password:
        arguments["password"] = wanted.password
    operations = [
        *_right(wanted),
        Operation(f"create service {wanted.name}", MODULE, arguments, bool(wanted.password)),
        *_keep_password(wanted, ask),
        *service_environment.operations(wanted.name, *own),
    ]
    facts: dict[str, t.Any] = {"service": wanted.name, "account": wanted.account}
    if wanted.state == "started":
        operations.append(_call(f"start service {wanted.name}", wanted, state="started"))
        facts["restarted_because"] = []
    state = "Running" if wanted.state == "started" else "Stopped"
    shown = _shown_wanted(wanted) | service_environment.told(own[1])
    diff = Diff(f"service {wanted.name}", "", _text(wanted, shown, state, MASK if wanted.password else ""))
    return Plan(tuple(operations), (diff,), _readable(wanted, own), facts=facts)


def _changed(wanted: Wanted, found: t.Mapping[str, t.Any], sid: str, ask: Ask) -> Plan:
    runs = found["state"] in {"Running", "StartPending", "ContinuePending"}
    is_now = _shown_found(wanted, found, sid, ask)
    settled = _settled(wanted) in ask(probe.settled())
    differing = {} if settled else {n: value for n, value in _shown_wanted(wanted).items() if is_now[n] != value}
    new_password = not settled and _password_differs(wanted, "account" in differing, ask)
    own = _own_variables(wanted, found["started"], ask, settled=settled)
    set_ = bool(differing or new_password or own[0] != own[1])
    because = _why_restart(wanted, found, differing, own, ask) if runs else []
    warnings = list(_readable(wanted, own))
    facts: dict[str, t.Any] = {"service": wanted.name, "account": wanted.account}
    if because and wanted.restart == "never" and wanted.state == "started":
        text = f"service {wanted.name} has to be restarted, but restart is 'never': {'; '.join(because)}"
        warnings.append(Warned(text, WarningKind.RESTART_DUE))
        facts["pending_restart"] = because
    operations = _set(wanted, differing, new_password, ask)
    operations += service_environment.operations(wanted.name, *own)
    state_after = found["state"]
    if wanted.state == "stopped" and found["state"] != "Stopped":
        operations.append(_ends(f"stop service {wanted.name}", wanted, state="stopped"))
        warnings += wanted.drain.check(ask)
        state_after = "Stopped"
    elif wanted.state == "started" and not runs:
        operations.append(_call(f"start service {wanted.name}", wanted, state="started"))
        state_after, facts["restarted_because"] = "Running", []
    elif wanted.state == "started" and because and wanted.restart == "auto":
        operations.append(_ends(f"restart service {wanted.name}", wanted, state="restarted"))
        warnings += wanted.drain.check(ask)
        state_after, facts["restarted_because"] = f"Running again: {'; '.join(because)}", because
    noted = tuple(because) if set_ and "restarted_because" not in facts else ()
    hidden = MASK if wanted.password else ""
    before = is_now | {"command": command_line.shown(is_now["command"])}
    diff = Diff(
        f"service {wanted.name}",
        _text(wanted, before | service_environment.told(own[0]), found["state"], hidden),
        _text(
            wanted,
            _shown_wanted(wanted) | service_environment.told(own[1], own[0]),
            state_after,
            CHANGED if new_password else hidden,
        ),
    )
    return Plan(tuple(operations), (diff,), tuple(warnings), noted, settles=(_settled(wanted),), facts=facts)


def _set(wanted: Wanted, differing: t.Collection[str], new_password: bool, ask: Ask) -> list[Operation]:
    """Return the operations that change an existing service's settings: those that differ, and its password."""
    if not (differing or new_password):
        return []
    password = {"password": wanted.password, "update_password": "always"} if new_password else {}
    does = f"set {', '.join([*sorted(differing), *(['password'] if new_password else [])])} of service {wanted.name}"
    return [
        *(_right(wanted) if "account" in differing else []),
        Operation(does, MODULE, _settings(wanted) | password, new_password),
        *(_keep_password(wanted, ask) if new_password else []),
    ]


def _own_variables(wanted: Wanted, started: str | None, ask: Ask, *, settled: bool = False) -> tuple[Lines, Lines]:
    """Return the variables of a service's own, as they are and as they shall be; ``started``: when it started."""
    found = service_environment.found(wanted.name, ask)
    after = found if settled else service_environment.merged(found, wanted.environment)
    return found, service_environment.noted(found, after, started)


def _readable(wanted: Wanted, own: tuple[Lines, Lines]) -> tuple[Warned, ...]:
    # Belief [service-key-readable]: local users may read the keys of services, learn.microsoft.com "Registry Key
    # Security and Access Rights" and "Service Security and Access Rights".
    if own[0] == own[1] or not service_environment.readable_password(wanted.environment):
        return ()
    text = (
        f"https_proxy: the password of the proxy is among the variables of service {wanted.name}, in a key of the"
        " registry that every user of the server may read: use an account that may do nothing but pass the proxy"
    )
    return (Warned(text, WarningKind.PROXY_PASSWORD_READABLE),)


def _settled(wanted: Wanted) -> Mark:
    own = service_environment.told(service_environment.merged((), wanted.environment))
    return Mark(MarkKind.SERVICE_SET, f"{wanted.name}: {_shown_wanted(wanted) | own}")


def _why_restart(
    wanted: Wanted,
    found: t.Mapping[str, t.Any],
    differing: t.Collection[str],
    own: tuple[Lines, Lines],
    ask: Ask,
) -> list[str]:
    """Return why a running service has to start again; a new password is no reason.

    Belief [service-password]: a process keeps its logon, learn.microsoft.com "Service User Accounts".
    """
    reasons = [f"{name} of the service changed" for name in ("account", "command") if name in differing]
    unread = own[0] != own[1] or service_environment.unread(own[0], found["started"])
    reasons += ["variables of the service changed"] if unread else []
    # This run may have noted the same already.
    return list(dict.fromkeys([*reasons, *restart_reasons(ask, wanted.watch, found["started"])]))


def _password_differs(wanted: Wanted, account_differs: bool, ask: Ask) -> bool:
    """Tell whether the password is sent: Windows shows nobody the one it has."""
    if not wanted.password or wanted.update_password == UPDATE[2]:
        return bool(wanted.password) and account_differs
    if account_differs or wanted.update_password == UPDATE[1]:
        return True
    if not wanted.fingerprint_key:
        return False
    return fingerprint.known(wanted.runtime, ask).get(fingerprint.SERVICE_ACCOUNT) != _print(wanted)


def _shown_wanted(wanted: Wanted) -> dict[str, str]:
    return {
        "command": wanted.command,
        "display name": wanted.display_name,
        "description": wanted.description,
        "account": wanted.account,
        "start mode": START_MODES[wanted.start_mode],
        "recovery": service_recovery.words(wanted.recovery, wanted.reset_seconds),
    }


def _shown_found(wanted: Wanted, found: t.Mapping[str, t.Any], sid: str, ask: Ask) -> dict[str, str]:
    return {
        "command": found["path"],
        "display name": found["display_name"],
        "description": found["description"],
        "account": wanted.account if _same_account(wanted, found["account"], sid, ask) else found["account"],
        "start mode": found["start_mode"],
        "recovery": service_recovery.found(wanted.name, ask),
    }


def _same_account(wanted: Wanted, account: str, sid: str, ask: Ask) -> bool:
    if account.lower() == wanted.account.lower():
        return True
    known = account_name.of(account).sid
    if known:
        return known == sid
    if account_name.of(wanted.account).form is Form.PRINCIPAL:
        canonical = ask(probe.account(wanted.account))[0]
        if canonical and canonical["name"].lower() == account.lower():
            return True
    answer = ask(probe.account(account))[0]
    return answer is not None and answer["sid"] == sid


def _text(wanted: Wanted, shown: t.Mapping[str, str], state: str, password: str) -> str:
    lines = [f"service: {wanted.name}", f"state: {state}", *(f"{name}: {value}" for name, value in shown.items())]
    return "\n".join([*lines, *([f"password: {password}"] if password else [])]) + "\n"
