# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan is: ordered operations that turn what is into what is wanted, with the text of both for the diff."""

from __future__ import annotations

import dataclasses
import typing as t

from .mark import Mark
from .probe import Ask, Query
from .touched import Touched
from .warned import Warned

PROBE = "imops.identity_manager.win_im_probe"
WRITE = "imops.identity_manager.win_im_write"
SEND = "send a file"
"""In the place of a module: the connection itself sends a file of the controller."""
MADE_EARLIER = "(made by an earlier step)"
"""What a plan shows where the value is one that an earlier task of the same run is going to return."""


class Refused(Exception):
    """What is wanted is impossible or unsafe: the message says what was found, what was wanted and what to do next.

    Attributes:
        parts: where it is about several variables, each with its path inside it, such as
            ``im_agent_connections.AD.Login``, and its own message; empty where it is about one, or none is known.
    """

    def __init__(self, text: str, parts: t.Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(text)
        self.parts = tuple(parts)


@dataclasses.dataclass(frozen=True)
class Until:
    """When an operation is over whose module returns before Windows has done it.

    Attributes:
        question: waits on the server; its answer has the field ``reached``.
        describe: returns what was found instead and what to do, from an answer that has not reached it.
        along: what is asked in the same execution where it is the last one of a task, since a later task needs it.
    """

    question: Query
    describe: t.Callable[[t.Any], str]
    along: tuple[Query, ...] = ()


@dataclasses.dataclass(frozen=True)
class Guard:
    """What has to hold right before an operation; the writer looks at it in the operation's own execution, before any
    other module one of its own does.

    Attributes:
        question: returns the question that waits on the server for so many seconds at most; its answer has the fields
            ``reached`` and ``waited`` (seconds).
        seconds: how long all of these executions may wait together; 0: it is looked at once.
        describe: returns what was found instead and what to do, from the last answer.
        after: returns what is asked once the operation is over; nothing where it need not be looked at again.
        told: returns what the user should know of that, from the server's time of the look before and what was asked;
            empty for nothing.
    """

    question: t.Callable[[int], Query]
    seconds: int
    describe: t.Callable[[t.Any], str]
    after: t.Callable[[Ask], tuple[Query, ...]] = lambda ask: ()
    told: t.Callable[[str, tuple[Query, ...], Ask], str] = lambda since, asked, ask: ""


@dataclasses.dataclass(frozen=True)
class Operation:
    """One call of one module on the server, or one file that is sent there.

    Attributes:
        does: what it does, in a few words without secrets ("create application pool X"); shown in errors and results.
        module: the module's full name, or ``SEND``.
        arguments: its arguments; for ``WRITE`` these are the fields of one operation, and neighbours are sent together;
            for ``SEND`` the paths ``source`` (on the controller) and ``dest``.
        secret: whether an argument is a secret, so that the call is kept out of the server's event log.
        tolerate: texts of failure messages that mean "done already".
        mark: what later tasks of the run need to know of it; they never read ``does``.
        until: when it is over; None where the module's return is that.
        touches: what it may change, so that what is known of anything else stays true; None where that may be anything.
        guard: what has to hold right before it; where it does not, the operation fails and nothing of it is done.
        explain: returns why it failed and what to do, from the module's result; empty where it does not know.
        long: whether it may take minutes, so that people are told when it begins.
    """

    does: str
    module: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)  # secrets are among them
    secret: bool = False
    tolerate: tuple[str, ...] = ()
    mark: Mark | None = None
    until: Until | None = dataclasses.field(default=None, compare=False)
    guard: Guard | None = dataclasses.field(default=None, compare=False)
    touches: Touched | None = dataclasses.field(default=None, compare=False)
    explain: t.Callable[[t.Mapping[str, t.Any]], str] | None = dataclasses.field(default=None, compare=False)
    long: bool = dataclasses.field(default=False, compare=False)


def write(does: str, operation: str, *, secret: bool = False, mark: Mark | None = None, **fields: t.Any) -> Operation:
    """Return an operation of the writer (docs/probe-and-writer.md)."""
    return Operation(does, WRITE, {"operation": operation, **fields}, secret, mark=mark)


def long(operation: Operation) -> Operation:
    """Return an operation as one that may take minutes."""
    return dataclasses.replace(operation, long=True)


def write_file(does: str, path: str, *, secret: bool = False, **fields: t.Any) -> Operation:
    """Return the write of a file that nothing on the server reacts to by itself, as IIS does to a web.config."""
    return dataclasses.replace(write(does, "file", secret=secret, path=path, **fields), touches=Touched(files=(path,)))


@dataclasses.dataclass(frozen=True)
class Diff:
    """The text of one thing before and after, secrets masked already."""

    title: str
    before: str
    after: str


@dataclasses.dataclass(frozen=True)
class ControllerFile:
    """A file that is written on the controller, mode 0600, before anything is sent to the server."""

    path: str
    content: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True)
class Plan:
    """What has to be done, what it changes and what the caller should know.

    Attributes:
        operations: in order; none means that nothing is to be changed.
        diffs: one for each thing compared; equal texts are left out of what is shown.
        warnings: sentences for the user, without secrets.
        restart: why the agent has to be restarted because of this plan (empty: it need not).
        settles: what holds after this plan; a later plan of a check-mode run builds on it.
        kept: files for the controller, written before the operations.
        facts: what the module returns beside ``changed``, without secrets.
    """

    operations: tuple[Operation, ...] = ()
    diffs: tuple[Diff, ...] = ()
    warnings: tuple[Warned, ...] = ()
    restart: tuple[str, ...] = ()
    settles: tuple[Mark, ...] = dataclasses.field(default=(), kw_only=True)
    kept: tuple[ControllerFile, ...] = dataclasses.field(default=(), kw_only=True)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict, kw_only=True)

    @property
    def changed(self) -> bool:
        """Tell whether anything has to be done."""
        return bool(self.operations)
