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
from .._dotnet import proxy
from .._dotnet.proxy import Address
from .._windows import windows_path

_WEB = re.compile(r"https?://")
_ELSEWHERE = re.compile(r"[A-Za-z][\w+.-]*:|//")
PROXY_OPTIONS: dict[str, t.Any] = {
    "https_proxy": {"type": "str"},
    "no_proxy": {"type": "list", "elements": "str", "default": []},
}
"""The options of a module whose server fetches a file by the proxy that the agent takes."""
_CHECKSUM = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})")


def secrets(arguments: t.Mapping[str, t.Any]) -> frozenset[str]:
    """Return the texts of the values of ``PROXY_OPTIONS`` that no message may show."""
    return proxy.secrets(str(arguments.get("https_proxy") or ""))


def is_url(source: str) -> bool:
    """Tell whether a source is a URL (http or https), not a path."""
    return bool(_WEB.match(source))


def is_source(source: str) -> bool:
    """Tell whether a text is a URL or an absolute Windows path, also on a share."""
    return is_url(source) or windows_path.why_not_absolute(source) is None


def is_on_controller(source: str) -> bool:
    """Tell whether a text is a path on the controller: no URL of any kind, no drive, and nothing that Windows writes
    with backslashes.
    """
    return bool(source) and not _ELSEWHERE.match(source) and "\\" not in source


def check_source(name: str, source: str) -> None:
    """Raise Refused, naming the option, for a text that names no file."""
    if not is_source(source) and not is_on_controller(source):
        raise Refused(
            f"{name}: found {source!r}, wanted a URL or an absolute Windows path, or its path on the controller with"
            " forward slashes"
        )


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
        proxy: by which an https URL is fetched; None for the way of the connection's account.
    """

    source: str
    checksum: str
    held: HeldFile | None = None
    proxy: Address | None = dataclasses.field(default=None, repr=False)

    @classmethod
    def of(cls, option: str, given: t.Mapping[str, t.Any], way: t.Mapping[str, t.Any] | None = None) -> Download:
        """Return the file of an option with ``source`` and ``checksum``; raises Refused, naming the option.

        Args:
            option: its name.
            given: its value; ``held`` is from ``completed``.
            way: has the values of ``PROXY_OPTIONS``; None where there are none.
        """
        found, source = checksum(given["checksum"]), given["source"].strip()
        if found is None:
            raise Refused(f"{option}.checksum: wanted the SHA-256 of the file, 64 hexadecimal digits")
        check_source(f"{option}.source", source)
        held: HeldFile | None = given.get("held")
        if held and held.sha256 != found:
            raise Refused(
                f"{option}.checksum: found the SHA-256 {held.sha256} of {held.path} on the controller, wanted {found}:"
                f" correct the checksum, or name the right file in {option}.source"
            )
        return cls(source, found, held, _proxy(source, way or {}))

    @property
    def web_options(self) -> dict[str, t.Any]:
        """Return the options by which win_get_url and win_package take the proxy."""
        if self.proxy is None:
            return {}
        name, _colon, password = self.proxy.user.partition(":")
        user = {"proxy_username": name, "proxy_password": password} if name else {}
        return {"proxy_url": f"http://{self.proxy.host}:{self.proxy.port}", **user}

    @property
    def is_secret(self) -> bool:
        """Tell whether the options have a secret."""
        return self.proxy is not None and bool(self.proxy.user)

    @property
    def is_shared(self) -> bool:
        """Tell whether it is on a share."""
        return self.source.startswith("\\\\")

    @property
    def is_sent(self) -> bool:
        """Tell whether the controller has it."""
        return is_on_controller(self.source)

    def questions(self, *unless: str) -> tuple[Query, ...]:
        """Return what has to be asked to tell whether it is there; a URL is asked for only where none of the paths
        ``unless`` exists, so that a server that needs no download sends no request. A share is asked for only by
        ``check``, when the file is needed: one that does not answer would hold up every run.
        """
        if is_url(self.source):
            return (self._question(*unless),)
        return () if self.is_sent or self.is_shared else (probe.file(self.source, 0),)

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
        if self.is_sent:
            return
        found = ask(probe.file(self.source, 0))
        if found is None and self.is_shared:
            # learn.microsoft.com "Making the second hop in PowerShell Remoting". The probe logs on as the modules do.
            raise Refused(
                f"{option}.source: found no file {self.source} that this connection sees, wanted the file. With NTLM,"
                " and with Kerberos that delegates nothing, the connection's account is nobody on a further server"
                " (double hop). Let it delegate (CredSSP, or Kerberos with ansible_psrp_negotiate_delegate or"
                " ansible_winrm_kerberos_delegation), name a URL, or put the file on the server or on the controller"
            )
        if found is None or found["type"] != "file":
            what = "no file" if found is None else "a folder at"
            raise Refused(
                f"{option}.source: found {what} {self.source} on the server, wanted the file: copy it there, or name"
                " where it is"
            )

    def _check_url(self, option: str, ask: Ask, unless: tuple[str, ...]) -> None:
        try:
            found = ask(self._question(*unless)) or ask(self._question())
        except probe.NotAnswered as failure:
            reason = f"no answer ({failure.message.rstrip('.')})"
        else:
            if found["status"] < 400:
                return
            reason = f"status {found['status']} {found['reason']}".rstrip()
        how, remedy = "as the server itself asks for it", "open the way from the server to there"
        if self.proxy:
            how = f"as the server asks for it by the proxy {self.proxy.host}:{self.proxy.port} (https_proxy)"
            remedy = f"let the proxy pass it on, or add {urlsplit(self.source).hostname} to no_proxy"
        raise Refused(
            f"{option}.source: found {reason} from {_shown(self.source)}, {how}, wanted the file: name where it is,"
            f" {remedy}, or copy the file to the server and name its path"
        )

    def _question(self, *unless: str) -> Query:
        if self.proxy is None:
            return probe.download(self.source, *unless)
        fields: Query = {"address": self.proxy.host, "port": self.proxy.port}
        name, _colon, password = self.proxy.user.partition(":")
        if name:
            fields |= {"user": name, "password": password}
        return probe.download(self.source, *unless, proxy=fields)


def _proxy(source: str, way: t.Mapping[str, t.Any]) -> Address | None:
    """Return the proxy of a URL as .NET's HTTPS_PROXY and NO_PROXY have it: for https only, and but for some hosts."""
    value, parts = str(way.get("https_proxy") or ""), urlsplit(source)
    if not value or parts.scheme != "https" or proxy.is_bypassed(parts.hostname or "", way.get("no_proxy") or ()):
        return None
    why = proxy.why_not_read(proxy.HTTPS_PROXY, value)
    if why:
        raise Refused(f"https_proxy: found {why}")
    return proxy.address(value)


def _shown(url: str) -> str:
    """Return a URL without what may be a secret in it: user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
