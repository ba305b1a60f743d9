# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A file that the server fetches itself or gets from the controller: where it is, and the SHA-256 that it must have."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from urllib.parse import urlsplit, urlunsplit

from .._core import probe
from .._core.controller import ControllerFiles, HeldFile
from .._core.plan import Refused
from .._core.probe import Ask, Query
from .._windows import windows_path

_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


def is_url(source: str) -> bool:
    """Tell whether a source is a URL (http or https), not a path."""
    return bool(re.match(r"https?://", source))


def is_source(source: str) -> bool:
    """Tell whether a text is a URL or an absolute Windows path, also on a share."""
    return is_url(source) or windows_path.why_not_absolute(source) is None


def is_on_controller(source: str) -> bool:
    """Tell whether a text is a path on the controller: no URL of any kind, no drive, and nothing that Windows writes
    with backslashes.
    """
    return bool(source) and not re.match(r"[A-Za-z][\w+.-]*:|//", source) and "\\" not in source


def completed(option: str, given: dict[str, t.Any], files: ControllerFiles) -> None:
    """Add what a file of the controller is to an option's ``source``, if it names one; raises Refused."""
    source = given["source"].strip()
    if is_on_controller(source):
        given["held"] = files.held(f"{option}.source", source)


def checksum(text: str) -> str | None:
    """Return a SHA-256 in lower case, or None when the text is none; ``sha256:`` may stand in front."""
    match = _CHECKSUM.fullmatch(text.strip())
    return match[1].lower() if match else None


@dataclasses.dataclass(frozen=True)
class Download:
    """Where a file is and which one it must be.

    Attributes:
        source: a URL, an absolute Windows path, or a path on the controller.
        checksum: its SHA-256 in lower case.
        held: what the controller has at such a path; None for other sources, and where only questions are wanted.
    """

    source: str
    checksum: str
    held: HeldFile | None = None

    @classmethod
    def of(cls, option: str, given: t.Mapping[str, t.Any], *, sent: bool = False) -> Download:
        """Return the file of an option with ``source`` and ``checksum``; raises Refused, naming the option.

        Args:
            option: its name.
            given: its value; ``held`` is from ``completed``.
            sent: whether it may be on the controller.
        """
        found, source = checksum(given["checksum"]), given["source"].strip()
        if found is None:
            raise Refused(f"{option}.checksum: wanted the SHA-256 of the file, 64 hexadecimal digits")
        if not is_source(source) and not (sent and is_on_controller(source)):
            more = (
                ", or its path on the controller with forward slashes"
                if sent
                else "; from the controller only the runtime archive is sent"
            )
            raise Refused(f"{option}.source: found {source!r}, wanted a URL or an absolute Windows path{more}")
        held: HeldFile | None = given.get("held")
        if held and held.sha256 != found:
            raise Refused(
                f"{option}.checksum: found the SHA-256 {held.sha256} of {held.path} on the controller, wanted {found}:"
                f" correct the checksum, or name the right file in {option}.source"
            )
        return cls(source, found, held)

    @property
    def is_local(self) -> bool:
        """Tell whether it is on a drive of the server. What the connection's account sees of a share depends on how it
        logged on, so that a share tells nothing.
        """
        return not is_url(self.source) and not self.is_sent and not self.source.startswith("\\\\")

    @property
    def is_sent(self) -> bool:
        """Tell whether the controller has it."""
        return is_on_controller(self.source)

    def questions(self, *unless: str) -> tuple[Query, ...]:
        """Return what has to be asked to tell whether it is there; a URL is asked for only where none of the paths
        ``unless`` exists, so that a server that needs no download sends no request.
        """
        if is_url(self.source):
            return (probe.download(self.source, *unless),)
        return (probe.file(self.source, 0),) if self.is_local else ()

    def check(self, option: str, ask: Ask, *unless: str) -> None:
        """Raise Refused, naming the option, where the server does not have the file, or cannot fetch it.

        Args:
            option: what has ``source``.
            ask: gives the answers.
            unless: as in ``questions``.
        """
        if is_url(self.source):
            self._check_url(option, ask, unless)
            return
        found = ask(probe.file(self.source, 0)) if self.is_local else {"type": "file"}
        if found is None or found["type"] != "file":
            what = "no file" if found is None else "a folder at"
            raise Refused(
                f"{option}.source: found {what} {self.source} on the server, wanted the file: copy it there, or name"
                " where it is"
            )

    def _check_url(self, option: str, ask: Ask, unless: tuple[str, ...]) -> None:
        try:
            found = ask(probe.download(self.source, *unless)) or ask(probe.download(self.source))
        except probe.NotAnswered as failure:
            reason = f"no answer ({failure.message.rstrip('.')})"
        else:
            if found["status"] < 400:
                return
            reason = f"status {found['status']} {found['reason']}".rstrip()
        raise Refused(
            f"{option}.source: found {reason} from {_shown(self.source)}, as the server itself asks for it, wanted the"
            " file: name where it is, open the way from the server to there, or copy the file to the server and name"
            " its path"
        )


def _shown(url: str) -> str:
    """Return a URL without what may be a secret in it: user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
