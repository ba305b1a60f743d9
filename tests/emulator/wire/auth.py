"""Who is at the other end of a TCP connection: Basic, NTLM (alone or inside Negotiate), Kerberos (likewise) or CredSSP
(with NTLM inside), as WinRM accepts them. Kerberos's keytab is the one that KRB5_KTNAME names.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import tempfile
from pathlib import Path

import spnego
from spnego.channel_bindings import GssChannelBindings

OFFERED = {
    "basic": ['Basic realm="WSMAN"'],
    "ntlm": ["Negotiate", "NTLM"],
    "kerberos": ["Negotiate", "Kerberos"],
    "credssp": ["CredSSP"],
    "certificate": ['Basic realm="WSMAN"'],
}
"""The challenges of a listener that accepts one of these."""
BY_CERTIFICATE = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual"
"""What a client sends that logs on with its certificate, DSP0226 C.3.4."""
_SPNEGO = bytes.fromhex("06062b0601050502")


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

    def knows(self, name: str) -> bool:
        """Tell whether somebody of this name is let in."""
        return name.lower() in self._known

    def check(self, name: str, password: str) -> bool:
        """Tell whether a password is right."""
        expected = self._known.get(name.rpartition("\\")[2].lower())
        return expected is not None and hmac.compare_digest(expected.encode(), password.encode())


class ConnectionAuth:
    """The authentication of one TCP connection.

    Args:
        users: who may come in.
        accepted: ``basic``, ``ntlm``, ``kerberos``, ``credssp`` or ``certificate``.
        mapped: the account to which the client's certificate is mapped; empty for none.
        certificate: the hash of the listener's certificate, to which a logon over https has to be bound (as with
            CbtHardeningLevel Strict); empty for http.

    Attributes:
        user: who it is, once known.
        context: what encrypts messages, once the user is known.
        last: the last token for the client, which its answer carries.
    """

    def __init__(self, users: Users, accepted: str, certificate: bytes = b"", mapped: str = "") -> None:
        self._users, self._accepted, self._mapped = users, accepted, mapped
        binding = b"tls-server-end-point:" + certificate  # RFC 5929
        self._binding = GssChannelBindings(application_data=binding) if certificate else None
        self.context: spnego.ContextProxy | None = None
        self.user: str | None = None
        self.last = ""

    def step(self, header: str | None) -> list[str]:
        """Take an Authorization header; return what to answer 401 with, or nothing when the user is known."""
        scheme, _, token = (header or "").partition(" ")
        if self._accepted == "basic":
            if scheme.lower() == "basic" and self._basic(token):
                return []
            return OFFERED["basic"]
        if self._accepted == "certificate":
            known = header == BY_CERTIFICATE and self._users.knows(self._mapped)
            self.user = self._mapped if known else None
            return [] if known else OFFERED["certificate"]
        if self.user is not None and not header:
            return []
        if scheme not in OFFERED[self._accepted]:
            return OFFERED[self._accepted]
        try:
            return self._negotiate(scheme, base64.b64decode(token))
        except (spnego.exceptions.SpnegoError, binascii.Error, ValueError):
            self.context = self.user = None
            return OFFERED[self._accepted]

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
        if self.context is None or self.context.complete:
            self.context, self.user = self._acceptor(token), None
        answer = self.context.step(token, channel_bindings=self._binding)
        if self.context.complete:
            name = str(self.context.client_principal)
            self.user = name if self._accepted == "kerberos" else name.rpartition("\\")[2]
            self.last = f"{scheme} {base64.b64encode(answer).decode()}" if answer else ""
            return []
        return [f"{scheme} {base64.b64encode(answer or b'').decode()}"]

    def _acceptor(self, token: bytes) -> spnego.ContextProxy:
        """Return what takes a first token: bare, or inside SPNEGO."""
        if self._accepted == "credssp":
            inner = spnego.server(protocol="negotiate", options=spnego.NegotiateOptions.use_negotiate)
            return spnego.server(protocol="credssp", credssp_negotiate_context=inner)
        if self._accepted == "kerberos":
            inside = "negotiate" if _SPNEGO in token[:24] else "kerberos"
            return spnego.server(protocol=inside)
        bare = token.startswith(b"NTLMSSP")
        option = spnego.NegotiateOptions.use_ntlm if bare else spnego.NegotiateOptions.use_negotiate
        return spnego.server(protocol="ntlm" if bare else "negotiate", options=option)
