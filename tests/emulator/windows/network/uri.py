"""Addresses as System.Uri reads and writes them."""

from __future__ import annotations

import dataclasses
import posixpath
import re
from urllib.parse import quote, unquote

_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):(?P<rest>.*)", re.DOTALL)
_REST = re.compile(
    r"//(?:[^/?#@]*@)?(?P<host>[^/?#:]*)(?::(?P<port>\d*))?(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?P<tail>#.*)?"
)
_PORTS = {"http": 80, "https": 443, "ftp": 21}
_KEPT = "/:@!$&'()*+,;=[]%~-._"
_RESERVED = "%#?/\\:@&=+$,;[]!'()*"


@dataclasses.dataclass(frozen=True)
class Uri:
    """An absolute address; path, query and fragment are escaped.

    Attributes:
        scheme: in small letters.
        host: in small letters.
        port: where it goes; 0 where the scheme has none.
        path: with its dots resolved, at least ``/``.
        query: with its question mark, or empty.
        fragment: with its number sign, or empty.
    """

    scheme: str
    host: str
    port: int
    path: str
    query: str = ""
    fragment: str = ""

    @classmethod
    def parse(cls, text: str) -> Uri | None:
        """Return an absolute address, or None for a relative one."""
        text = text.strip()
        found = _ABSOLUTE.fullmatch(text)
        if found is None:
            return None
        scheme = found["scheme"].lower()
        if len(scheme) == 1:
            return cls("file", "", 0, _escaped("/" + text.replace("\\", "/")))
        rest = _REST.fullmatch(found["rest"])
        if rest is None:
            return cls(scheme, "", 0, found["rest"])
        port = int(rest["port"]) if rest["port"] else _PORTS.get(scheme, 0)
        path = _resolved(_escaped(rest["path"].replace("\\", "/")) or "/")
        query, fragment = (_escaped(rest[part] or "", "?#") for part in ("query", "tail"))
        return cls(scheme, rest["host"].lower(), port, path, query, fragment)

    def joined(self, location: str) -> Uri:
        """Return the address that a header Location means, seen from here."""
        other = Uri.parse(location)
        if other is not None:
            return other
        base = f"{self.scheme}://{self._authority}"
        folder = "" if location.startswith("/") else self.path.rpartition("/")[0] + "/"
        found = Uri.parse(f"{base}{folder}{location}")
        assert found is not None
        return found

    @property
    def is_file(self) -> bool:
        """Tell whether it names a file."""
        return self.scheme == "file"

    @property
    def local_path(self) -> str:
        """Return the path as LocalPath: unescaped, a file's with backslashes."""
        path = unquote(self.path)
        return path.lstrip("/").replace("/", "\\") if self.is_file else path

    @property
    def _authority(self) -> str:
        usual = self.port in {0, _PORTS.get(self.scheme)}
        return self.host if usual else f"{self.host}:{self.port}"

    def __str__(self) -> str:
        """Return the address as ToString: what is not reserved is unescaped."""
        return f"{self.scheme}://{self._authority}" + "".join(
            _readable(part) for part in (self.path, self.query, self.fragment)
        )


def _escaped(text: str, more: str = "") -> str:
    return quote(text, safe=_KEPT + more)


def _resolved(path: str) -> str:
    resolved = posixpath.normpath(path) if re.search(r"/\.\.?(?:/|$)", path) else path
    return resolved + "/" if path.endswith(("/", "/.", "/..")) and not resolved.endswith("/") else resolved


def _readable(escaped: str) -> str:
    def one(found: re.Match[str]) -> str:
        text = unquote(found[0])
        return "".join(quote(c, safe="") if c in _RESERVED or ord(c) < 32 or c == "\ufffd" else c for c in text)

    return re.sub(r"(?:%[0-9A-Fa-f]{2})+", one, escaped)
