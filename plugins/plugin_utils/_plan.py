# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a plan is: ordered operations that turn what is into what is wanted, with the text of both for the diff."""

from __future__ import annotations

import dataclasses
import typing as t

PROBE = "imops.identity_manager.win_im_probe"
WRITE = "imops.identity_manager.win_im_write"


class Refused(Exception):
    """What is wanted cannot be had: the message says what was found, what was wanted and what to do next."""


@dataclasses.dataclass(frozen=True)
class Operation:
    """One call of one module on the server.

    Attributes:
        does: what it does, in a few words without secrets ("create application pool X"); shown in errors and results.
        module: the module's full name.
        arguments: its arguments; for ``WRITE`` these are the fields of one operation, and neighbours are sent together.
        secret: whether an argument is a secret, so that the call is kept out of the server's event log.
        tolerate: texts of failure messages that mean "done already".
    """

    does: str
    module: str
    arguments: dict[str, t.Any] = dataclasses.field(repr=False)  # secrets are among them
    secret: bool = False
    tolerate: tuple[str, ...] = ()


def write(does: str, operation: str, *, secret: bool = False, **fields: t.Any) -> Operation:
    """Return an operation of the writer (docs/probe-and-writer.md)."""
    return Operation(does, WRITE, {"operation": operation, **fields}, secret)


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
        diffs: one for each thing looked at; equal texts are left out of what is shown.
        warnings: sentences for the user, without secrets.
        restart: why the agent has to be restarted because of this plan (empty: it need not).
        settles: what holds after this plan, as texts; a later plan of a check-mode run builds on it.
        kept: files for the controller, written before the operations.
        facts: what the module returns beside ``changed``, without secrets.
    """

    operations: tuple[Operation, ...] = ()
    diffs: tuple[Diff, ...] = ()
    warnings: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    settles: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    kept: tuple[ControllerFile, ...] = dataclasses.field(default=(), kw_only=True)
    facts: dict[str, t.Any] = dataclasses.field(default_factory=dict, kw_only=True)

    @property
    def changed(self) -> bool:
        """Tell whether anything has to be done."""
        return bool(self.operations)
