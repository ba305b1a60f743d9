# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The checks of what the agent's connections need on its server: libraries, programs, variables, PowerShell's policy,
and the rights of the agent's identity on files and folders.
"""

from __future__ import annotations

import ntpath
import re
import typing as t

from .._agent.connector_needs import NEEDS, Kind, Need
from .._core import probe
from .._core.plan import Refused
from .._core.probe import Ask, NotAnswered, Query
from .._core.secret_form import looks_secret
from .._windows import sddl, windows_path
from . import connections, held_settings, needed_policy
from .check import Check, State, verdict
from .connections import Connection
from .wanted import Wanted

ID = "connection_needs"
_RIGHTS = {Kind.READ: "Read", Kind.WRITE: "Modify"}
_PATHS = {Kind.LIBRARY, Kind.READ, Kind.WRITE}


def questions(wanted: Wanted, ask: Ask) -> tuple[Query, ...]:
    """Return what has to be asked for the connections that the agent's settings name."""
    found: dict[str, Query] = {}
    for connection, need in _needs(wanted, ask):
        for query in _questions(connection, need, wanted, ask):
            found[probe.key(query)] = query
    return tuple(found.values())


def checks(wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    """Yield for each connection whether what it needs is there."""
    try:
        found = connections.of_agent(wanted, ask)
    except (Refused, ValueError) as failure:
        name = "connections of the agent"
        yield Check(ID, name, State.UNKNOWN, "no settings", "settings that .NET reads", reason=str(failure))
        return
    yield from (_no_connector(connection) for connection in found if connection.connector is None)
    for connection, need in _needs(wanted, ask):
        try:
            yield from _checks(connection, need, wanted, ask)
        except NotAnswered as failed:
            reason = failed.message.strip() or failed.kind
            name = f"{need.name} for connection {connection.id}"
            yield Check(ID, name, State.UNKNOWN, "no answer", need.name, reason=reason, page=connection.page)


def _needs(wanted: Wanted, ask: Ask) -> t.Iterator[tuple[Connection, Need]]:
    try:
        found = connections.of_agent(wanted, ask)
    except (Refused, ValueError):
        return
    for connection in found:
        for need in NEEDS.get(connection.connector.name if connection.connector else "", ()):
            applies = not need.when or connection.value(need.when)
            spared = need.unless and str(connection.value(need.unless) or "false").lower() != "false"
            if applies and not spared:
                yield connection, need


def _no_connector(connection: Connection) -> Check:
    return Check(
        ID,
        f"connector of connection {connection.id}",
        State.UNKNOWN,
        "no key that only one connector has",
        "a connector that is known",
        f"Name it: im_agent_connectors: {{{connection.id}: ...}}.",
        reason="nobody can tell what it needs",
    )


def _paths(connection: Connection, need: Need, wanted: Wanted) -> tuple[list[str], int]:
    """Return the paths that a need is about, and how many values are none; what is relative begins in Runtime."""
    value: t.Any = (connection.value(need.name) or need.default) if need.by_key else need.name
    texts = [str(one) for one in (value if isinstance(value, list) else [value]) if one]
    runtime = wanted.folders.path("Runtime")
    found = [windows_path.normal(ntpath.join(runtime, text.replace("/", "\\"))) for text in texts]
    paths = [path for path in found if not _is_no_path(path)]
    return paths, len(found) - len(paths)


def _is_no_path(path: str) -> bool:
    """Tell whether a text is no path of Windows, or may hold a secret, so that it is neither shown nor asked for."""
    return looks_secret(path) or windows_path.why_not_absolute(path) is not None


def _questions(connection: Connection, need: Need, wanted: Wanted, ask: Ask) -> t.Iterator[Query]:
    if need.kind in _PATHS:
        paths, _none = _paths(connection, need, wanted)
        is_file = need.kind is Kind.LIBRARY
        yield from (probe.file(path, 0) if is_file else probe.acl(path) for path in paths if not _is_share(path))
    elif need.kind is Kind.PROGRAM:
        yield probe.programs(need.name)
    elif need.kind is Kind.POLICY:
        yield from needed_policy.questions()
    elif need.names_file and (value := _variable(need.name, wanted, ask)):
        yield probe.file(value, 0)


def _is_share(path: str) -> bool:
    return path.startswith("\\\\")


def _variable(name: str, wanted: Wanted, ask: Ask) -> str:
    found = {one.name.upper(): one.value for one in held_settings.variables_of(wanted, ask)}
    return found.get(name.upper(), "")


def _checks(connection: Connection, need: Need, wanted: Wanted, ask: Ask) -> t.Iterator[Check]:
    if need.kind in _PATHS:
        paths, none = _paths(connection, need, wanted)
        for path in paths:
            if need.kind is Kind.LIBRARY:
                yield _there(connection, path, ask)
            else:
                yield _rights(connection, need, path, wanted, ask)
        if none:
            yield _no_path(connection, need)
    elif need.kind is Kind.PROGRAM:
        yield _program(connection, need, ask)
    elif need.kind is Kind.POLICY:
        yield needed_policy.check(ID, f"PowerShell's policy for connection {connection.id}", connection.page, ask)
    elif need.kind is Kind.FOLDER_IN_PATH:
        folders = _variable("Path", wanted, ask).lower().split(";")
        there = any(need.name.lower() in folder for folder in folders)
        told = _told(connection, f"folder {need.name} in Path", "a folder" if there else "no such folder", need.name)
        remedy = "Unpack the client, add its folder to the machine's Path, and restart the agent."
        yield _check(there, *told, remedy, "It was added for one user, whose Path the agent lacks, or never.")
    else:
        yield _set(connection, need, wanted, ask)


def _told(connection: Connection, what: str, found: str, words: str) -> tuple[str, str, str, str]:
    return f"{what} for connection {connection.id}", found, words, connection.page


def _check(passed: bool, name: str, found: str, words: str, page: str, remedy: str, *causes: str) -> Check:
    told = ("", ()) if passed else (remedy, causes)
    return Check(ID, name, verdict(passed), found, words, *told, page=page)


def _no_path(connection: Connection, need: Need) -> Check:
    return Check(
        ID,
        f"{need.name} of connection {connection.id}",
        State.UNKNOWN,
        "another text",
        "a path of Windows",
        f"Correct {need.name} in im_agent_connections.",
        reason="what is no path cannot be looked at",
        page=connection.page,
    )


def _there(connection: Connection, path: str, ask: Ask) -> Check:
    answer = ask(probe.file(path, 0))
    there = bool(answer) and answer["type"] == "file"
    name, folder = ntpath.basename(path), ntpath.dirname(path)
    told = _told(connection, f"library {name}", "a file" if there else "no such file", f"{name} in {folder}")
    remedy = "Copy it there, as the page says, and restart the agent."
    return _check(there, *told, remedy, "It was never copied, or an upgrade has replaced the folder.")


def _program(connection: Connection, need: Need, ask: Ask) -> Check:
    answer = ask(probe.programs(need.name))[need.name]
    words = f"{need.name} {need.value} or newer" if need.value else need.name
    remedy = "Install it, add its folder to the machine's Path, and restart the agent."
    if answer is None:
        told = _told(connection, f"program {need.name}", "in no folder of Path", words)
        return _check(False, *told, remedy, "It is not installed, or for one user only, whose Path the agent lacks.")
    version = answer["version"] or ""
    enough = not (need.value and version) or _numbers(version) >= _numbers(need.value)
    told = _told(connection, f"program {need.name}", f"{answer['path']} {version}".strip(), words)
    return _check(enough, *told, remedy, "An older one comes first in Path.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _set(connection: Connection, need: Need, wanted: Wanted, ask: Ask) -> Check:
    value = _variable(need.name, wanted, ask)
    words = f"{need.name}={need.value}" if need.value else f"{need.name} with a path that is there"
    remedy = "Set it for the machine, with the value of the page, and restart the agent."
    right = value.lower() == need.value.lower() if need.value else bool(value)
    found = "the value" if right else ("another value" if value else "no such variable")
    if right and need.names_file:
        right = ask(probe.file(value, 0)) is not None
        found = "a path that is there" if right else "a path that is not there"
    told = _told(connection, f"variable {need.name}", found, words)
    return _check(right, *told, remedy, "It was set for one user, whose variables the agent lacks, or never.")


def _rights(connection: Connection, need: Need, path: str, wanted: Wanted, ask: Ask) -> Check:
    right = _RIGHTS[need.kind]
    name = f"rights of {wanted.identity.name} on {path}"
    told = _told(connection, name, "", right)
    if _is_share(path):
        remedy = f"Log on as {wanted.identity.name} and open it."
        reason = "the session has no credentials for another server"
        return Check(ID, told[0], State.UNKNOWN, "a share", right, remedy, reason=reason, page=connection.page)
    (answer,) = ask(probe.acl(path))
    if answer is None:
        told = _told(connection, name, "no such file or folder", right)
        return _check(False, *told, f"Put it there, or correct {need.name} in im_agent_connections.")
    granted = sddl.parse(answer["sddl"], path).granted(wanted.identity.token(wanted.identity.sid(ask)))
    enough = granted & sddl.NAMES[right] == sddl.NAMES[right]
    told = _told(connection, name, sddl.words(granted), right)
    return _check(enough, *told, f"Give {wanted.identity.name} the right {right} there.", "Nobody has granted it yet.")
