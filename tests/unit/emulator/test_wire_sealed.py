"""Messages encrypted inside http, and logons bound to a certificate: the listener's side, with pyspnego's clients."""

from __future__ import annotations

import base64
import contextlib

import pytest
import spnego
from emulator.wire import sealed
from emulator.wire.auth import BY_CERTIFICATE, ConnectionAuth, Users
from pypsrp.encryption import WinRMEncryption
from spnego.channel_bindings import GssChannelBindings

SECRET = "canary-wire-password-03bd"
HASH, OTHER = b"\x01" * 32, b"\x02" * 32


@pytest.fixture
def users(tmp_path, monkeypatch):
    monkeypatch.setenv("NTLM_USER_FILE", "")
    found = Users(tmp_path)
    found.add("Administrator", SECRET)
    return found


def log_on(users, bound=None, certificate=b"", secret=SECRET):
    """Return both ends of a logon with NTLM inside Negotiate, and what the listener last answered."""
    binding = GssChannelBindings(application_data=b"tls-server-end-point:" + bound) if bound else None
    options = spnego.NegotiateOptions.use_negotiate | spnego.NegotiateOptions.wrapping_winrm
    client = spnego.client(
        "Administrator", secret, hostname="a", service="host", channel_bindings=binding, options=options
    )
    auth = ConnectionAuth(users, "ntlm", certificate)
    token, challenges = client.step(), []
    for _ in range(4):
        challenges = auth.step(f"Negotiate {base64.b64encode(token or b'').decode()}")
        answer = next((c for c in challenges if c.startswith("Negotiate ")), auth.last)
        if client.complete or not answer:
            break
        token = client.step(base64.b64decode(answer.split()[1]))
        if auth.user:
            break
    return client, auth, challenges


def test_a_message_is_opened_and_answered_by_the_clients_own_framing(users):
    client, auth, challenges = log_on(users)
    assert (auth.user, challenges) == ("Administrator", [])
    theirs = WinRMEncryption(client, WinRMEncryption.SPNEGO)
    for text in (b"<a/>", b"x" * 70_000):
        kind, body = theirs.wrap_message(text)
        content_type = f'{kind};protocol="{WinRMEncryption.SPNEGO}";boundary="Encrypted Boundary"'
        assert sealed.is_sealed(content_type) and text not in body
        assert sealed.opened(auth.context, body) == text
        kind, body = sealed.closed(auth.context, sealed.protocol_of(content_type), text)
        assert text not in body
        assert theirs.unwrap_message(body, "Encrypted Boundary") == text


@pytest.mark.parametrize("spoil", [lambda body: b"", lambda body: b"<a/>", lambda body: body.replace(b"=4\r", b"=5\r")])
def test_a_message_that_cannot_be_opened(users, spoil):
    client, auth, _ = log_on(users)
    _, body = WinRMEncryption(client, WinRMEncryption.SPNEGO).wrap_message(b"<a/>")
    with pytest.raises(sealed.Unreadable):
        sealed.opened(auth.context, spoil(body))


def test_a_message_that_was_changed_on_its_way(users):
    client, auth, _ = log_on(users)
    _, body = WinRMEncryption(client, WinRMEncryption.SPNEGO).wrap_message(b"<a/>")
    at = body.index(b"octet-stream\r\n") + 14 + 4 + 16 + 1
    with pytest.raises(sealed.Unreadable):
        sealed.opened(auth.context, body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


@pytest.mark.parametrize("kind", ["multipart/encrypted", 'multipart/encrypted;protocol="application/other"'])
def test_an_encryption_that_nobody_knows(kind):
    with pytest.raises(sealed.Unreadable):
        sealed.protocol_of(kind)


@pytest.mark.parametrize(("bound", "let_in"), [(None, False), (HASH, True), (OTHER, False)])
def test_a_logon_that_is_bound_to_another_certificate_is_refused(users, bound, let_in):
    _, auth, challenges = log_on(users, bound, certificate=HASH)
    assert (auth.user is not None) is let_in
    assert challenges == ([] if let_in else ["Negotiate", "NTLM"])


def test_a_wrong_password_is_refused(users):
    _, auth, challenges = log_on(users, secret=f"{SECRET}-wrong")
    assert (auth.user, challenges) == (None, ["Negotiate", "NTLM"])


def by_credssp(users, secret=SECRET):
    """Return both ends of a logon with CredSSP."""
    package = pytest.importorskip("requests_credssp.credssp", reason="no requests-credssp: requirements/kerberos.txt")
    client, auth = package.CredSSPContext("a", "Administrator", secret), ConnectionAuth(users, "credssp")
    steps = client.credssp_generator()
    token, _stage = next(steps)
    with contextlib.suppress(StopIteration):
        while challenges := auth.step(f"CredSSP {base64.b64encode(token).decode()}"):
            token, _stage = steps.send(base64.b64decode(challenges[0].partition(" ")[2]))
    return client, auth


@pytest.mark.parametrize("length", [1, 16384, 16385, 50_000])
def test_credssp_cuts_long_messages_and_both_sides_put_them_together(users, length):
    client, auth = by_credssp(users)
    assert auth.user == "Administrator"
    theirs, text = WinRMEncryption(client, WinRMEncryption.CREDSSP), b"x" * length
    kind, body = theirs.wrap_message(text)
    content_type = f'{kind};protocol="{WinRMEncryption.CREDSSP}";boundary="Encrypted Boundary"'
    assert kind == ("multipart/x-multi-encrypted" if length > 16384 else "multipart/encrypted")
    assert sealed.is_sealed(content_type)
    assert sealed.opened(auth.context, body) == text
    answered, body = sealed.closed(auth.context, sealed.protocol_of(content_type), text)
    assert answered.startswith(kind)
    assert theirs.unwrap_message(body, "Encrypted Boundary") == text


def test_credssp_refuses_a_wrong_password(users):
    with pytest.raises(Exception, match="0x8009030c"):  # SEC_E_LOGON_DENIED
        by_credssp(users, "another")


def test_a_certificate_lets_in_whom_it_names_and_nobody_without_one(users):
    assert ConnectionAuth(users, "certificate", mapped="Administrator").step(BY_CERTIFICATE) == []
    for mapped, header in (("", BY_CERTIFICATE), ("Nobody", BY_CERTIFICATE), ("Administrator", None)):
        auth = ConnectionAuth(users, "certificate", mapped=mapped)
        assert auth.step(header) and auth.user is None
