# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The variables of a service's own process: the value `Environment` of its key, of which only the proxy is ours.

An entry that a run has set has a mark beside it, an entry of its own, so that one write changes both: a run that no
longer wants the variable takes away what carries its mark and leaves everything else as it is.

A process reads them at its start only, and a value of the registry does not tell when it was written. The same write
therefore notes the process that ran meanwhile, by the time of its start: as long as that one runs, a restart is due,
whichever run made the change. Any other process began later and has read them, so the note needs no clock to be
compared with and nobody has to remove it.
"""

from __future__ import annotations

import typing as t

from .._agent import variables
from .._core.mask import CHANGED, MASK
from .._core.plan import Operation, Refused
from .._core.probe import Ask
from .._dotnet import proxy

MODULE = "ansible.windows.win_regedit"
VALUE = "Environment"
MARK = "IMOPS_SET_"
"""What the name of a mark begins with; its value is the variable's as it may be shown."""
UNREAD_BY = "IMOPS_UNREAD_BY"
"""The entry that notes the process which ran when they were changed; its value is when that process began."""
OURS = (proxy.HTTPS_PROXY, proxy.NO_PROXY)
OPTIONS: dict[str, t.Any] = {
    "https_proxy": {"type": "str"},
    "no_proxy": {"type": "list", "elements": "str", "default": []},
}
Lines = tuple[str, ...]


def wanted(arguments: t.Mapping[str, t.Any]) -> tuple[tuple[str, str], ...]:
    """Return the variables that a task wants, by name, an empty value for none; raises Refused for a form that .NET
    ignores.
    """
    values = (arguments.get("https_proxy") or "", ",".join(arguments.get("no_proxy") or ()))
    for name, value in zip(OURS, values, strict=True):
        problem = proxy.why_not_read(name, value) if value else None
        if problem:
            raise Refused(f"{name.lower()}: found {problem}")
    return tuple(zip(OURS, values, strict=True))


def secrets(arguments: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Return the texts that no message may show: a proxy's address with a user and password in it, and both alone."""
    return proxy.secrets(str(arguments.get("https_proxy") or ""))


def found(service: str, ask: Ask) -> Lines:
    """Return the entries of a service's value, each ``NAME=value``."""
    return variables.service_lines(ask(variables.service_question(service)))


def merged(lines: Lines, values: t.Iterable[tuple[str, str]]) -> Lines:
    """Return a service's entries with the wanted variables set, and with ours that are no longer wanted removed."""
    for name, value in values:
        is_now, mark = _value(lines, name), _value(lines, MARK + name)
        if not value:
            is_ours = is_now is not None and mark == shown(is_now)
            lines = _without(lines, MARK + name)
            lines = _without(lines, name) if is_ours else lines
        elif is_now != value or mark is not None:
            lines = _with(_with(lines, name, value), MARK + name, shown(value))
    return lines


def noted(before: Lines, after: Lines, started: str | None) -> Lines:
    """Return a service's new entries with the note of the process that does not know them.

    Args:
        before: the entries as they are; where the new ones are the same, nothing is noted.
        after: the new ones.
        started: when the service's process began, as the probe writes it; None where none runs or none is told.
    """
    if before == after:
        return after
    return _with(after, UNREAD_BY, started) if started else _without(after, UNREAD_BY)


def unread(lines: Lines, started: str | None) -> bool:
    """Tell whether the entries were changed while the process that began then ran."""
    return bool(started) and _value(lines, UNREAD_BY) == started


def operations(service: str, before: Lines, after: Lines) -> list[Operation]:
    """Return what makes a service's entries those wanted."""
    if before == after:
        return []
    if [line.lower() for line in before] != [line.lower() for line in after]:
        return [_set(service, after)]
    # The module compares without regard to case, so what differs only in case is taken away first.
    differing = {line for line, other in zip(before, after, strict=True) if line != other}
    return [_set(service, tuple(line for line in before if line not in differing)), _set(service, after)]


def shown(value: str) -> str:
    """Return a proxy's variable without its user and password."""
    user, at, host = value.rpartition("@")
    scheme = user.partition("://")[0] + "://" if "://" in user else ""
    return f"{scheme}{MASK}@{host}" if at else value


def told(lines: Lines, before: Lines = ()) -> dict[str, str]:
    """Return a service's entries for a diff, by what they are, what others have set masked.

    Args:
        lines: the entries.
        before: the former ones: where one differs only in what is masked, it is shown as changed.
    """
    found = {}
    for line in lines:
        name, _equals, value = line.partition("=")
        text = shown(value) if name.upper().removeprefix(MARK) in (*OURS, UNREAD_BY) else MASK
        former = _value(before, name)
        hidden = former is not None and former != value and shown(former) == shown(value)
        found[f"variable {name}"] = text.replace(MASK, CHANGED) if hidden else text
    return found


def readable_password(values: t.Iterable[tuple[str, str]]) -> bool:
    """Tell whether a wanted variable has a password in it."""
    return any("@" in value for _name, value in values)


def _set(service: str, lines: Lines) -> Operation:
    data = {"state": "present", "type": "multistring", "data": list(lines)} if lines else {"state": "absent"}
    names = ", ".join(line.partition("=")[0] for line in lines if _is_variable_of_ours(line))
    does = f"set {names} of service {service}" if names else f"remove the proxy's variables of service {service}"
    secret = any(MASK in value for value in told(lines).values())
    path = f"{variables.SERVICES}\\{service}"
    return Operation(does, MODULE, {"path": path, "name": VALUE, **data}, secret)


def _is_variable_of_ours(line: str) -> bool:
    return line.partition("=")[0].upper() in OURS


def _is(line: str, name: str) -> bool:
    return line.partition("=")[0].upper() == name.upper()


def _value(lines: Lines, name: str) -> str | None:
    """Return a variable's value: None where there is none, an empty one where several entries contradict each other."""
    values = {line.partition("=")[2] for line in lines if _is(line, name)}
    return values.pop() if len(values) == 1 else "" if values else None


def _without(lines: Lines, name: str) -> Lines:
    return tuple(line for line in lines if not _is(line, name))


def _with(lines: Lines, name: str, value: str) -> Lines:
    """Return entries with a variable set, in its former place or at the end."""
    entry = f"{name}={value}"
    place = next((i for i, line in enumerate(lines) if _is(line, name)), len(lines))
    return (*_without(lines[:place], name), entry, *_without(lines[place:], name))
