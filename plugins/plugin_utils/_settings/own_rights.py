# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rights of settings files among what is done to them: given with the write, or to those that are not written."""

from __future__ import annotations

import dataclasses
import typing as t

from .._agent import secret_files
from .._core.plan import Operation
from .._core.probe import Ask, Query
from .._windows.identity import Identity

_WRITES = frozenset({"file", "compose", "protect"})


def questions(identity: Identity | None, folder: str, *patterns: str) -> tuple[Query, ...]:
    """Return what is asked about the rights of files; nothing where no identity is told."""
    if identity is None:
        return ()
    return (*(secret_files.question(folder, pattern) for pattern in patterns), *identity.questions())


def with_rights(
    operations: t.Iterable[Operation], identity: Identity | None, folder: str, *patterns: str, ask: Ask
) -> tuple[Operation, ...]:
    """Return operations with the rights of what they write, behind what gives the other files theirs.

    Args:
        operations: of the writer.
        identity: who reads the files beside administrators; None: the files have the rights of their folder.
        folder: where they are.
        patterns: what their names look like.
        ask: answers questions.

    Raises:
        Refused: an account that the server does not know.
    """
    if identity is None:
        return tuple(operations)
    sid = identity.sid(ask)
    done = [_given(operation, sid) for operation in operations]
    handled = {o.arguments["path"].lower() for o in done if o.arguments["operation"] in _WRITES | {"remove"}}
    corrected = [secret_files.corrections(folder, pattern, sid, ask, but=handled) for pattern in patterns]
    return (*(operation for some in corrected for operation in some), *done)


def _given(operation: Operation, sid: str) -> Operation:
    if operation.arguments["operation"] not in _WRITES:
        return operation
    return dataclasses.replace(operation, arguments={**operation.arguments, "sddl": secret_files.rights(sid)})
