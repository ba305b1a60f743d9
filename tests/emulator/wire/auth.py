"""Who is at the other end of a TCP connection: Basic, or NTLM (alone or inside Negotiate), as WinRM accepts them over
https.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import tempfile
from pathlib import Path

import spnego


class Users:
    """The users of a fleet. pyspnego's acceptor reads them from a file that one environment variable names."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "ntlm-users"
        self._known: dict[str, str] = {}
        self._file.touch(mode=0o600)
        os.environ["NTLM_USER_FILE"] = str(self._file)

    def add(self, name: str, password: str) -> None:
        """Let somebody in."""
        self._known[name.lower()] = password
        with tempfile.NamedTemporaryFile("w", dir=self._file.parent, delete=False) as file:
            file.writelines(f":{user}:{secret}\n" for user, secret in self._known.items())
        Path(file.name).replace(self._file)

    def check(self, name: str, password: str) -> bool:
        """Tell whether a password is right."""
        expected = self._known.get(name.rpartition("\\")[2].lower())
        return expected is not None and hmac.compare_digest(expected.encode(), password.encode())


class ConnectionAuth:
    """The authentication of one TCP connection.

    Args:
        users: who may come in.
        accepted: ``basic`` or ``ntlm``.

    Attributes:
        user: who it is, once known.
    """

    def __init__(self, users: Users, accepted: str) -> None:
        self._users, self._accepted = users, accepted
        self._context: spnego.ContextProxy | None = None
        self.user: str | None = None

    def step(self, header: str | None) -> list[str]:
        """Take an Authorization header; return what to answer 401 with, or nothing when the user is known."""
        scheme, _, token = (header or "").partition(" ")
        if self._accepted == "basic":
            if scheme.lower() == "basic" and self._basic(token):
                return []
            return ['Basic realm="WSMAN"']
        if self.user is not None and not header:
            return []
        if scheme.lower() not in {"negotiate", "ntlm"}:
            return ["Negotiate", "NTLM"]
        try:
            return self._negotiate(scheme, base64.b64decode(token))
        except (spnego.exceptions.SpnegoError, binascii.Error, ValueError):
            self._context = None
            return ["Negotiate", "NTLM"]

    def _basic(self, token: str) -> bool:
        try:
            name, _, password = base64.b64decode(token).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return False
        if self._users.check(name, password):
            self.user = name
            return True
        return False

    def _negotiate(self, scheme: str, token: bytes) -> list[str]:
        if self._context is None or self._context.complete:
            bare = scheme.lower() == "ntlm" or token.startswith(b"NTLMSSP")
            option = spnego.NegotiateOptions.use_ntlm if bare else spnego.NegotiateOptions.use_negotiate
            self._context = spnego.server(protocol="ntlm" if bare else "negotiate", options=option)
        answer = self._context.step(token)
        if self._context.complete:
            self.user = str(self._context.client_principal).rpartition("\\")[2]
            return []
        return [f"{scheme} {base64.b64encode(answer or b'').decode()}"]
