"""The way of the agent's mails: planted faults of mail servers and pickup folders, each found with its cause. Nothing
is sent, nobody logs on, and no password is seen.
"""

from __future__ import annotations

import dataclasses
import json
from unittest import mock

import authorities
import chain
import pytest
from emulator.handlers import probe as model
from emulator.windows.errors import WindowsError
from emulator.windows.network.mail_server import MailServer
from emulator.windows.network.peers import Peer
from in_process import Server

SECRET = "canary-of-a-mail-server"
HOST = "mail.contoso.com"
SMTP = {"Host": HOST, "Port": "587", "FromAddress": "im@contoso.com", "Username": "im", "Password": SECRET}
MAILS = f"{chain.WORKING}\\Mails"
PICKUP = {"UseSpecifiedPickupDirectory": "true", "PickupDirectory": "../Mails"}
READ_ONLY = "O:BAD:PAI(A;OICI;FA;;;SY)(A;OICI;0x1200a9;;;BU)"


@pytest.fixture(scope="module")
def installed():
    made = chain.server()
    assert chain.failures(chain.converge(made)) == []
    return made


@pytest.fixture
def server(installed):
    return Server(installed.machine.copy())


def mail_server(server, *, port=587, days=100, name=HOST, trusted=True, tls=True, way="open", **mail):
    """Let the server reach this mail server."""
    machine = server.machine
    made = authorities.path(machine.clock.now(), 3, names=[name], days=(days, 100, 100))
    if trusted:
        machine.certificates.add("LocalMachine", "Root", made[2].der)
    served = {"certificate": made[0].der, "sent": (made[1].der,)} if tls else {}
    machine.network.peers = [Peer(HOST, port, way=way, mail=MailServer(**mail), **served)]


def judged(server, settings, **changes):
    """Return the result and the checks of mails."""
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json.loads(server.machine.files.text(path))
    data["PasswordResetSettings"] = {"MailSettings": settings}
    server.machine.files.write(path, json.dumps(data).encode())
    server.new_run()
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "mail": True, **changes}
    result = server.run("win_im_agent_health", {name: value for name, value in given.items() if value is not None})
    assert SECRET not in json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])
    return result, [c for c in result["checks"] if c["id"].startswith("mail_") and c["state"] != "not_asked"]


def words(check):
    return " ".join([*check["causes"], check["remedy"]])


PASSES = {
    "with a logon by STARTTLS": (SMTP, {}),
    "with a logon that the server wants first": (SMTP, {"asks_to_authenticate": True}),
    "without a logon": ({"Host": HOST, "FromAddress": "im@contoso.com"}, {"port": 25}),
    "in clear": ({**SMTP, "SecureSocketOption": "None", "Port": 25}, {"port": 25, "tls": False, "clear_auth": True}),
    "without TLS, as none is offered": (
        {**SMTP, "SecureSocketOption": "StartTlsWhenAvailable"},
        {"starttls": False, "clear_auth": True, "tls": False},
    ),
    "TLS at once": ({**SMTP, "SecureSocketOption": "SslOnConnect", "Port": 0}, {"port": 465}),
    "TLS at once by its port": ({**SMTP, "Port": 465}, {"port": 465}),
    "EnableSsl": ({**SMTP, "EnableSsl": "true"}, {}),
}


@pytest.mark.parametrize("name", PASSES)
def test_a_mail_server_that_takes_mails_passes_in_two_executions(server, name):
    settings, about = PASSES[name]
    mail_server(server, **about)
    result, (check,) = judged(server, settings)
    assert (check["id"], check["state"], result["verified"]) == ("mail_server", "passed", True), check
    assert server.executions == 2


BARE = {"Host": HOST, "Port": 587, "FromAddress": "im@contoso.com"}
FAULTS = {
    "an unknown name": ({**SMTP, "Host": "none.contoso.com"}, {}, "its name is not known", "misspelt"),
    "a refused port": (SMTP, {"way": "refused"}, "no TCP connection", "Nothing listens"),
    "a filtered port": (SMTP, {"way": "filtered"}, "no TCP connection", "drops what is sent"),
    "silence": (SMTP, {"way": "silent"}, "no answer in SMTP", "SslOnConnect"),
    "TLS at once where there is none": (
        {**SMTP, "SecureSocketOption": "SslOnConnect"},
        {"tls": False},
        "no TLS",
        "speaks no TLS",
    ),
    "TLS that is offered and broken": (SMTP, {"tls": False}, "no TLS", "no cipher in common"),
    "STARTTLS that is not offered": (
        {**SMTP, "SecureSocketOption": "StartTls"},
        {"starttls": False, "clear_auth": True},
        "no STARTTLS",
        "SslOnConnect for port 465",
    ),
    "an expired certificate": (SMTP, {"days": -0.5}, "it expired on", "renewed"),
    "another name": (SMTP, {"name": "other.contoso.com"}, "it does not cover mail.contoso.com", "another name"),
    "an unknown authority": (SMTP, {"trusted": False}, "its issuer is not known", "LocalMachine\\Root"),
    "no AUTH": (SMTP, {"mechanisms": ()}, "no AUTH", "587"),
    "AUTH after TLS only": ({**SMTP, "SecureSocketOption": "None"}, {}, "no AUTH", "once the connection is encrypted"),
    "a logon is asked for": (BARE, {"asks_to_authenticate": True}, "530 5.7.0", "Set Username and Password"),
    "the sender": (BARE, {"senders": ("fabrikam.com",)}, "MAIL: 550", "Correct FromAddress"),
    "the recipient": (BARE, {"recipients": ("fabrikam.com",)}, "RCPT: 550", "relay for this server"),
    "busy": (SMTP, {"busy": True}, "greeting: 554", "refuses this client"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_mail_server_that_takes_no_mail_is_named_with_its_cause(server, name):
    settings, about, found, cause = FAULTS[name]
    mail_server(server, **about)
    result, (check,) = judged(server, settings)
    assert (check["id"], check["state"], result["verified"]) == ("mail_server", "failed", False), check
    assert found in check["found"]
    assert cause in words(check)


UNKNOWN = {
    "put off": (BARE, {"later": True}, "puts the mail off"),
    "relay after a logon": (SMTP, {"recipients": ("fabrikam.com",)}, "after a logon"),
    "a sender after a logon": (SMTP, {"senders": ("fabrikam.com",)}, "after a logon"),
    "no host": ({"FromAddress": "im@contoso.com"}, {}, "Host is no host name"),
    "a host with a secret": ({**SMTP, "Host": f"smtp://x:{SECRET}@mail"}, {}, "Host is no host name"),
    "no sender": ({"Host": HOST}, {}, "FromAddress is no mail address"),
    "a sender of two lines": ({**SMTP, "FromAddress": "a@x\r\nDATA"}, {}, "FromAddress is no mail address"),
    "no port": ({**SMTP, "Port": "many"}, {}, "Port is no number from 0 to 65535"),
    "a port beyond all": ({**SMTP, "Port": 65536}, {}, "Port is no number from 0 to 65535"),
    "an unknown option": ({**SMTP, "SecureSocketOption": "Always"}, {}, "SecureSocketOption"),
    "a folder that is none": ({**PICKUP, "PickupDirectory": "a:b?c"}, {}, "PickupDirectory is no path"),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_nobody_can_tell_is_unknown_with_the_reason(server, name):
    settings, about, reason = UNKNOWN[name]
    mail_server(server, **about)
    result, (check,) = judged(server, settings)
    assert (check["state"], result["verified"]) == ("unknown", None)
    assert reason in check["reason"]


def test_a_question_without_an_answer_is_unknown_with_its_reason(server):
    def fail(_machine, _query):
        raise WindowsError("System.UnauthorizedAccessException", "the answer is denied")

    mail_server(server)
    with mock.patch.dict(model._KINDS, {"reach": fail}):
        result, (check,) = judged(server, SMTP)
    assert (check["id"], check["state"], result["verified"]) == ("mail_server", "unknown", None)
    assert check["reason"] == "the answer is denied"


def test_what_an_encrypted_file_may_hold_is_said(server):
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.encrypted.agent.json", b"{}")
    _result, (check,) = judged(server, {"FromAddress": "im@contoso.com"})
    assert "appsettings.encrypted.agent.json, which only the agent reads" in check["reason"]


@pytest.mark.parametrize("settings", [{}, {**SMTP, "Enabled": "false"}, {**PICKUP, "Enabled": False}])
def test_an_agent_that_sends_no_mails_is_not_asked(server, settings):
    result, checks = judged(server, settings)
    assert (result["verified"], checks) == (True, [])


def test_a_mail_goes_to_the_test_mails_recipient_or_to_who_catches_all(server):
    mail_server(server, recipients=("fabrikam.com",))
    bare = {**BARE, "CatchAllAddress": "all@fabrikam.com"}
    assert judged(server, bare)[1][0]["state"] == "passed"
    mailed = {"to": "ops@contoso.com", "from": "im@contoso.com"}
    assert judged(server, bare, test_mail=mailed)[1][0]["state"] == "failed"


def test_a_pickup_folder_passes_where_the_identity_may_write_and_nothing_waits(server):
    result, checks = judged(server, PICKUP)
    assert [(c["id"], c["state"]) for c in checks] == [("mail_folder", "passed"), ("mail_waiting", "passed")]
    assert result["verified"] is True


FOLDERS = {
    "read only": (lambda files: files.set_sddl(MAILS, READ_ONLY), PICKUP, "ReadAndExecute", "Run im_permissions"),
    "nobody": (lambda files: files.set_sddl(MAILS, "O:BAD:PAI(A;;FA;;;SY)"), PICKUP, "none", "granted the right"),
    "another folder": (
        lambda files: None,
        {**PICKUP, "PickupDirectory": "C:\\inetpub\\mailroot\\Pickup"},
        "no such folder",
        "MailSettings name another folder",
    ),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_pickup_folder_that_the_identity_may_not_write_to_fails(server, name):
    change, settings, found, cause = FOLDERS[name]
    change(server.machine.files)
    result, checks = judged(server, settings)
    check = next(c for c in checks if c["id"] == "mail_folder")
    assert (check["state"], result["verified"]) == ("failed", False)
    assert found in check["found"]
    assert cause in words(check)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_mails_that_nobody_has_collected_are_reported_as_waiting(server, count):
    for number in range(count):
        server.machine.files.write(f"{MAILS}\\{number}.eml", b"To: x")
    result, checks = judged(server, PICKUP)
    check = next(c for c in checks if c["id"] == "mail_waiting")
    assert (check["state"], result["verified"]) == ("unknown", None)
    assert check["found"].startswith(f"{count} that wait, the oldest since 20")


def test_a_way_that_is_not_asked_for_is_not_looked_at(server):
    result, checks = judged(server, SMTP, mail=False)
    assert (checks, server.executions, result["verified"]) == ([], 1, True)


def test_the_conversation_ends_before_there_is_a_mail(server):
    heard = []

    @dataclasses.dataclass(frozen=True)
    class Listening(MailServer):
        def talk(self, said, *, encrypted):
            heard.append(said)
            return super().talk(said, encrypted=encrypted)

    mail_server(server)
    (peer,) = server.machine.network.peers
    server.machine.network.peers = [dataclasses.replace(peer, mail=Listening())]
    judged(server, SMTP)
    assert {frozenset(said) for said in heard} == {frozenset({"name", "from", "to", "starttls"})}
    assert SECRET not in json.dumps(heard)


def test_a_reply_that_may_quote_a_secret_is_not_shown(server):
    class Quoting(MailServer):
        def talk(self, said, *, encrypted):
            return [("", "220 x\r\n"), ("EHLO", "250 x\r\n"), ("MAIL", f"550 password={SECRET}\r\n")], encrypted

    mail_server(server)
    (peer,) = server.machine.network.peers
    server.machine.network.peers = [dataclasses.replace(peer, mail=Quoting())]
    _result, (check,) = judged(server, BARE)
    assert (check["state"], check["found"]) == ("failed", "MAIL: 550 ********")
