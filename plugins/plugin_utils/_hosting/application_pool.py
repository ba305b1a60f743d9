# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The agent's application pool: created stopped, corrected, started or restarted last. Docs: win_im_apppool.yml."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import start_signs
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
from .._windows import iis_config, iis_states
from .._windows.iis_states import STOPPING
from .._windows.pool_attributes import seconds
from . import logon_policy
from .wanted_pool import ARGUMENT_SPEC, Wanted

MODULE, RIGHT_MODULE = "microsoft.iis.web_app_pool", "ansible.windows.win_user_right"
LOGON_RIGHT = logon_policy.BATCH.allow
__all__ = ["ARGUMENT_SPEC", "Wanted", "changes", "plan", "questions", "unneeded"]


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what the plan will ask."""
    return (
        probe.file(iis_config.PATH, iis_config.MAX_BYTES),
        iis_config.redirection(),
        probe.iis(),
        iis_states.web_service(),
        *(restart_question(path) for path in wanted.watch),
        *((probe.pool_password_matches(wanted.name, wanted.password),) if wanted.password else ()),
        *((_has_password(wanted),) if wanted.keeps_password else ()),
        *wanted.drain.questions,
        *wanted.drain.questions_of_start,
        *logon_policy.BATCH.questions(_as_batch_job(wanted)),
    )


def unneeded(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return those of the questions whose answers this run does not need."""
    needed, of_start = wanted.drain.needed_at_start(ask), wanted.drain.questions_of_start
    return tuple(query for query in (*restart_unneeded(ask, wanted.watch), *of_start) if query not in needed)


def plan(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return what has to be done; raises Refused as ``changes``, and where one that runs could not start again."""
    planned = changes(wanted, ask, check=check)
    if wanted.state == "absent":
        return planned
    states = {p["name"].lower(): p["state"] for p in (ask(probe.iis()) or {"pools": []})["pools"]}
    runs = states.get(wanted.name.lower()) in iis_states.RUNNING
    return logon_policy.judged(logon_policy.BATCH, _as_batch_job(wanted), planned, ask, runs=runs)


def changes(wanted: Wanted, ask: Ask, *, check: bool) -> Plan:
    """Return the same plan, whoever may log on; raises Refused without IIS, unless in check mode, where an earlier
    step would install it.
    """
    answer = ask(probe.file(iis_config.PATH, iis_config.MAX_BYTES))
    if answer is None:
        _check_kept(wanted, None, ask)
        if not check and wanted.state != "absent":
            raise Refused("IIS is not installed: run win_im_prerequisites (role im_prerequisites) first")
        return wanted.drain.unlocked(_created(wanted, ask), ask) if wanted.state != "absent" else Plan()
    iis_config.check_in_force(ask)
    iis = iis_config.parse(iis_config.content(answer))
    pool = iis.pool(wanted.name)
    if wanted.state == "absent":
        return _removed(wanted, pool, iis, ask)
    _check_kept(wanted, pool, ask)
    warnings = tuple(_inherited(wanted, pool, iis))
    if pool is None:
        created = _created(wanted, ask)
        planned = dataclasses.replace(created, warnings=(*created.warnings, *warnings))
    else:
        changed = _changed(wanted, pool, ask, _password_differs(wanted, pool, ask))
        planned = dataclasses.replace(changed, warnings=(*changed.warnings, *warnings))
    return wanted.drain.unlocked(planned, ask)


def _user(wanted: Wanted) -> str:
    return str(dict(wanted.attributes).get("processModel.userName", ""))


def _as_batch_job(wanted: Wanted) -> str:
    """Return the account that logs on as a batch job, or nothing: a pool may have another logonType."""
    service = dict(wanted.attributes).get("processModel.logonType") == "LogonService"
    return "" if service else _user(wanted)


def _has_password(wanted: Wanted) -> Query:
    """Ask whether the pool has a password: an empty one is no password, and the answer then is None."""
    return probe.pool_password_matches(wanted.name, "")


def _check_kept(wanted: Wanted, pool: iis_config.Pool | None, ask: Ask) -> None:
    """Refuse a password that is to be kept where the pool does not have it, or is of another account."""
    if not wanted.keeps_password or wanted.state == "absent":
        return
    names = ("processModel.identityType", "processModel.userName")
    account = dict(wanted.attributes)
    is_same = pool is not None and all(_same(pool.attributes.get(name), account[name]) for name in names)
    if not is_same or ask(_has_password(wanted)) is None:
        user = account["processModel.userName"]
        raise nothing(f"password: application pool {wanted.name}, account {user}")


def _inherited(wanted: Wanted, pool: iis_config.Pool | None, iis: iis_config.Configuration) -> t.Iterator[Warned]:
    """Yield a warning for what the pool inherits on this server and neither it nor the task sets."""
    set_here = {name for name, _value in wanted.attributes} | (pool.own if pool else frozenset())
    inherited = [name for name in iis.pool_defaults if name not in set_here]
    if inherited:
        yield Warned(
            f"application pool {wanted.name} inherits {', '.join(inherited)} from applicationPoolDefaults of the"
            " server, where they are not as IIS has them: set them in im_pool_attributes, or clear the defaults if the"
            " agent shall not run with them",
            WarningKind.POOL_INHERITS,
        )


def _password_differs(wanted: Wanted, pool: iis_config.Pool, ask: Ask) -> bool:
    if wanted.password is None:
        return False
    if pool.attributes["processModel.identityType"] != "SpecificUser":
        return True
    return ask(probe.pool_password_matches(wanted.name, wanted.password)) is not True


def _text(name: str, attributes: t.Mapping[str, t.Any], state: str, password: str) -> str:
    lines = [f"application pool: {name}", f"state: {state}"]
    lines += [f"{key}: {_shown(value)}" for key, value in sorted(attributes.items())]
    return "\n".join([*lines, *([f"processModel.password: {password}"] if password else [])]) + "\n"


def _shown(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) if value != "" else '""'


def _call(does: str, wanted: Wanted, *, secret: bool = False, **arguments: t.Any) -> Operation:
    return Operation(does, MODULE, {"name": wanted.name, **arguments}, secret)


def _start(wanted: Wanted) -> Operation:
    mark = Mark(MarkKind.POOL_STARTED, wanted.name)
    started = _call(f"start application pool {wanted.name}", wanted, state="started")
    until = dataclasses.replace(iis_states.pool_started(wanted.name), along=(start_signs.under_iis(),))
    return dataclasses.replace(started, mark=mark, until=until)


def _stop(wanted: Wanted, pool: iis_config.Pool) -> Operation:
    """Return the stop of a pool, and of its workers; one that stops already takes no order, and is waited for."""
    limit = min(600, seconds(str(pool.attributes["processModel.shutdownTimeLimit"]), iis_states.WORKER_SECONDS))
    stopped = _call(f"stop application pool {wanted.name}", wanted, state="stopped")
    stop = dataclasses.replace(stopped, until=iis_states.pool_stopped(wanted.name, limit), guard=wanted.drain.guard)
    return iis_states.ordered(stop)


def _restart(stop: Operation, start: Operation) -> list[Operation]:
    """Return a stop and a start between which nothing is set, as the writer does them in one execution: the pool is
    stopped no longer than its worker needs to end.
    """
    return [stop, iis_states.ordered(start)]


def _created(wanted: Wanted, ask: Ask) -> Plan:
    """Return the plan of a new pool: created and set while it serves no application, stopped, and started last."""
    attributes = dict(wanted.attributes)
    if not attributes["processModel.userName"]:
        del attributes["processModel.userName"]
    if wanted.password:
        attributes["processModel.password"] = wanted.password
    creation = _call(
        f"create application pool {wanted.name}",
        wanted,
        secret=bool(wanted.password),
        state="stopped",
        attributes=attributes,
    )
    # The module stops the new pool, which WAS does: where it is stopped, that fails with 0x80070426, web_app_pool.ps1.
    woken = (iis_states.START_WEB_SERVICE,) if iis_states.asleep(ask) else ()
    operations = [*woken, *_right(wanted), *iis_config.backed_up([creation], ask, wanted.backup_count)]
    if wanted.state == "started":
        operations.append(_start(wanted))
    state = "Started" if wanted.state == "started" else "Stopped"
    after = _text(wanted.name, dict(wanted.attributes), state, MASK if wanted.password else "")
    facts: dict[str, t.Any] = {"pool": wanted.name}
    if wanted.state == "started":
        facts["restarted_because"] = []
    diff = Diff(f"application pool {wanted.name}", "", after)
    settles = (iis_states.WEB_SERVICE_STARTED,) if woken else ()
    return Plan(tuple(operations), (diff,), tuple(iis_states.warnings(ask)), settles=settles, facts=facts)


def _right(wanted: Wanted) -> list[Operation]:
    """Return the right that an account needs for its worker's logon.

    Where a policy has taken it from IIS_IUSRS, the pool stops with event 5021 otherwise; windows-modules S10.
    """
    user = _user(wanted)
    if not user or not wanted.logon_right:
        return []
    arguments = {"name": LOGON_RIGHT, "users": [user], "action": "add"}
    return [Operation(f"allow {user} to log on as a batch job", RIGHT_MODULE, arguments)]


def _removed(wanted: Wanted, pool: iis_config.Pool | None, iis: iis_config.Configuration, ask: Ask) -> Plan:
    if pool is None:
        return Plan()
    gone = {mark.subject for mark in ask(probe.done()) if mark.kind is MarkKind.SITE_REMOVED}
    users = [name for name in iis.users(pool.name) if name.lower() not in gone]
    if users:
        raise Refused(
            f"application pool {pool.name} still runs applications of {', '.join(users)}, which would answer 503"
            " without it. Nothing was removed: give them another pool, then run again"
        )
    operation = _call(f"remove application pool {wanted.name}", wanted, state="absent")
    operation = dataclasses.replace(operation, guard=wanted.drain.guard_of(stops=False))  # no application is in it
    operations = iis_config.backed_up([operation], ask, wanted.backup_count)
    diff = Diff(f"application pool {wanted.name}", f"application pool: {wanted.name}\n", "")
    return Plan(tuple(operations), (diff,), tuple(wanted.drain.check(ask)))


@dataclasses.dataclass(frozen=True)
class _Change:
    """What differs in a pool that is there, and what follows from it.

    Attributes:
        state: the pool's now, as IIS calls it.
        differing: the attributes to be set, with what is wanted.
        new_password: whether the password is set.
        because: why a running pool is restarted although nothing else stops it.
        pending: why it should be, where the task forbids it.
    """

    state: str
    differing: dict[str, t.Any]
    new_password: bool
    because: tuple[str, ...]
    pending: tuple[str, ...]

    @property
    def runs(self) -> bool:
        return self.state in iis_states.RUNNING

    def stops(self, wanted: Wanted) -> bool:
        """Tell whether a running pool is stopped: every change needs it stopped; a restart is a stop and a start.

        One that is on its way to its stop cannot be started before it has stopped.
        """
        ends = wanted.state == "stopped" or (self.state == STOPPING and wanted.state == "started")
        return self.runs and bool(self.differing or self.new_password or self.because or ends)

    def starts(self, wanted: Wanted) -> bool:
        """Tell whether it is started: where that is wanted, and where only the change has stopped it."""
        if wanted.state == "started":
            return self.stops(wanted) or not self.runs
        return wanted.state == "present" and self.stops(wanted) and self.state != STOPPING


def _changed(wanted: Wanted, pool: iis_config.Pool, ask: Ask, new_password: bool) -> Plan:
    states = {p["name"].lower(): p["state"] for p in (ask(probe.iis()) or {"pools": []})["pools"]}
    state = states.get(wanted.name.lower(), iis_states.UNKNOWN)
    if state == iis_states.UNKNOWN and iis_states.WEB_SERVICE_STARTED in ask(probe.settled()):
        # An earlier task of this check-mode run would have started the web server, and that its pools.
        starts = dict(wanted.attributes).get("autoStart", pool.attributes["autoStart"])
        state = "Started" if starts else "Stopped"
    settled = _settled(wanted) in ask(probe.settled())
    differing = {} if settled else {n: v for n, v in wanted.attributes if not _same(pool.attributes.get(n), v)}
    facts: dict[str, t.Any] = {"pool": wanted.name}
    runs = state in iis_states.RUNNING
    if runs and wanted.state == "present" and wanted.change == "at_start":
        return Plan(facts=facts)
    because = tuple(_why_restart(wanted, ask)) if wanted.state == "started" and runs else ()
    allowed = wanted.restart != "never"
    change = _Change(
        state=state,
        differing=differing,
        new_password=new_password and not settled,
        because=because if allowed else (),
        pending=() if allowed else because,
    )
    warnings = tuple(iis_states.warnings(ask))
    if change.stops(wanted):
        warnings += tuple(wanted.drain.check(ask))
    if change.pending:
        why = "; ".join(change.pending)
        text = f"application pool {wanted.name} has to be restarted, but restart is 'never': {why}"
        warnings += (Warned(text, WarningKind.RESTART_DUE),)
        facts["pending_restart"] = list(change.pending)
    if change.starts(wanted):
        facts["restarted_because"] = list(change.because)
    operations, diff = _change_operations(wanted, pool, change, ask), _change_diff(wanted, pool, change)
    return Plan(tuple(operations), (diff,), warnings, settles=(_settled(wanted),), facts=facts)


def _change_operations(wanted: Wanted, pool: iis_config.Pool, change: _Change, ask: Ask) -> list[Operation]:
    """Return the operations of a change in order: the account's right, stop, set, start."""
    identity = dict(wanted.attributes)["processModel.identityType"]
    sent = dict(change.differing)
    if change.new_password:
        sent["processModel.password"] = wanted.password
    elif "processModel.identityType" in sent and not dict(wanted.attributes)["processModel.userName"]:
        # Going back to an identity of IIS's own: the account's name and password would stay behind otherwise.
        sent |= {"processModel.userName": "", "processModel.password": ""}
    changes_account = {"processModel.userName", "processModel.identityType"} & set(change.differing)
    operations = _right(wanted) if changes_account else []
    if change.stops(wanted):
        operations.append(_stop(wanted, pool))
    if change.new_password and identity == pool.attributes["processModel.identityType"]:
        # The module compares without regard to case, so a password changed only in case is applied over an empty one.
        empty = {"processModel.password": ""}
        operations.append(_call(f"clear the password of {wanted.name}", wanted, state="present", attributes=empty))
    if sent:
        does = f"set {', '.join(sorted(sent))} of application pool {wanted.name}"
        operations.append(_call(does, wanted, secret=change.new_password, state="present", attributes=sent))
    if change.starts(wanted):
        if iis_states.asleep(ask):
            operations.append(iis_states.START_WEB_SERVICE)
        operations.append(_start(wanted))
    if change.stops(wanted) and len(operations) == 2 and change.starts(wanted):
        return _restart(*operations)
    return iis_config.backed_up(operations, ask, wanted.backup_count) if sent else operations


def _change_diff(wanted: Wanted, pool: iis_config.Pool, change: _Change) -> Diff:
    names = dict(wanted.attributes)
    before = {name: pool.attributes.get(name) for name in names}
    stop, start = change.stops(wanted), change.starts(wanted)
    after_state = "Started" if start else "Stopped" if stop else change.state
    if stop and start:
        after_state = "Started again" + (f": {'; '.join(change.because)}" if change.because else "")
    hidden = MASK if wanted.password else ""
    return Diff(
        f"application pool {wanted.name}",
        _text(wanted.name, before, change.state, hidden),
        _text(wanted.name, names, after_state, CHANGED if change.new_password else hidden),
    )


def _settled(wanted: Wanted) -> Mark:
    return Mark(MarkKind.POOL_SET, f"{wanted.name}: {wanted.attributes}")


def _same(found: t.Any, wanted: t.Any) -> bool:
    """Compare as IIS does: texts, such as an account's name, without regard to case."""
    if isinstance(found, str) and isinstance(wanted, str):
        return found.lower() == wanted.lower()
    return bool(found == wanted)


def _why_restart(wanted: Wanted, ask: Ask) -> t.Iterator[str]:
    workers = [
        w["started"]
        for w in (ask(probe.iis()) or {"workers": []})["workers"]
        if w["pool"].lower() == wanted.name.lower() and w["started"]
    ]
    return restart_reasons(ask, wanted.watch, min(workers, default=None))
