"""Other servers as an emulated one meets them on the way to them, and what mail servers say."""

from __future__ import annotations

import dataclasses
import itertools
import json

import in_process
import pytest
from emulator.scenario import saved_state
from emulator.windows.machine import Machine
from emulator.windows.network.mail_server import MailServer
from emulator.windows.network.peers import Peer, Wish
from emulator.windows.network.sql_server import SqlServer, own_certificate

SAID = {"name": "agent.example", "from": "a@x.example", "to": "b@y.example", "starttls": True}
PROXY = "proxy.example:3128"


def way(wish, *peers, proxies=()):
    machine = Machine("srv")
    machine.network.peers, machine.network.proxies = list(peers), set(proxies)
    return machine.network.reach(wish)


WAYS = {
    "nobody has the name": (Wish("none.example", 1), "name", "HostNotFound"),
    "another port": (Wish("a.example", 2), "tcp", "ConnectionRefused"),
    "its address": (Wish("192.0.2.20", 1), "end", None),
    "another case": (Wish("A.Example", 1), "end", None),
    "TLS where there is none": (Wish("a.example", 1, tls=True), "tls", None),
    "a conversation with what is no mail server": (Wish("a.example", 1, smtp=SAID), "smtp", "TimedOut"),
    "a proxy that is not there": (Wish("a.example", 1, proxy=PROXY), "name", "HostNotFound"),
    "itself": (Wish("localhost", 135), "end", None),
    "itself, where nothing listens": (Wish("localhost", 1), "tcp", "ConnectionRefused"),
}


@pytest.mark.parametrize("name", WAYS)
def test_the_step_at_which_the_way_ends_is_told_with_dotnets_code(name):
    wish, step, code = WAYS[name]
    found = way(wish, Peer("a.example", 1))
    assert (found.step, found.code, bool(found.error)) == (step, code, step != "end")


KINDS = {
    "refused": ("tcp", "ConnectionRefused"),
    "filtered": ("tcp", "TimedOut"),
    "silent": ("tls", "TimedOut"),
    "open": ("end", None),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_port_ends_a_way_at_its_own_step(kind):
    found = way(Wish("a.example", 1, tls=True), Peer("a.example", 1, way=kind, certificate=b"x"))
    assert (found.step, found.code) == KINDS[kind]


@pytest.mark.parametrize(("behind", "by"), list(itertools.product((True, False), repeat=2)))
def test_a_server_behind_a_proxy_is_reached_by_it_alone(behind, by):
    peer = Peer("a.example", 1, proxy=PROXY if behind else "")
    found = way(Wish("a.example", 1, proxy=PROXY if by else ""), peer, proxies=[PROXY])
    assert found.step == ("end" if behind == by else "proxy" if by else "tcp")


def verbs(server, *, encrypted=False, **changes):
    replies, ended = server.talk(SAID | changes, encrypted=encrypted)
    return [f"{said} {reply[:3]}".strip() for said, reply in replies], ended


WHOLE = ["MAIL 250", "RCPT 250", "RSET 250", "QUIT 221"]
TALKS = {
    "with TLS": (MailServer(), {}, ["220", "EHLO 250", "STARTTLS 220", "EHLO 250", *WHOLE]),
    "without, as nobody wants it": (MailServer(), {"starttls": False}, ["220", "EHLO 250", *WHOLE]),
    "without, as it is not offered": (MailServer(starttls=False), {}, ["220", "EHLO 250", *WHOLE]),
    "from the start": (MailServer(), {"encrypted": True}, ["220", "EHLO 250", *WHOLE]),
    "busy": (MailServer(busy=True), {}, ["554"]),
    "for those who log on": (
        MailServer(starttls=False, asks_to_authenticate=True),
        {},
        ["220", "EHLO 250", "MAIL 530"],
    ),
    "not for this sender": (MailServer(senders=("z",)), {"encrypted": True}, ["220", "EHLO 250", "MAIL 550"]),
    "not for this recipient": (
        MailServer(recipients=("z",)),
        {"encrypted": True},
        ["220", "EHLO 250", "MAIL 250", "RCPT 550"],
    ),
    "later": (MailServer(later=True), {"encrypted": True}, ["220", "EHLO 250", "MAIL 250", "RCPT 451"]),
}


@pytest.mark.parametrize("name", TALKS)
def test_a_conversation_goes_on_until_something_is_refused(name):
    server, changes, told = TALKS[name]
    assert verbs(server, **changes)[0] == told


@pytest.mark.parametrize(("clear", "encrypted"), list(itertools.product((True, False), repeat=2)))
def test_who_may_log_on_is_told_once_the_connection_is_encrypted(clear, encrypted):
    replies, _ended = MailServer(clear_auth=clear).talk(SAID | {"starttls": False}, encrypted=encrypted)
    assert ("AUTH LOGIN PLAIN" in replies[1][1]) == (clear or encrypted)
    assert ("STARTTLS" in replies[1][1]) == (not encrypted)


ON, OFF = Wish("a.example", 1, tds="on"), Wish("a.example", 1, tds="off")
DATABASES = {
    "offers encryption": (ON, SqlServer(), "end", "on"),
    "offers encryption to whom does without": (OFF, SqlServer(), "end", "off"),
    "forces it": (OFF, SqlServer(encryption="forced"), "end", "required"),
    "forces it on whom asks for it": (ON, SqlServer(encryption="forced"), "end", "on"),
    "has none": (ON, SqlServer(encryption="none"), "end", "not_supported"),
    "says nothing": (ON, SqlServer(silent="tds"), "tds", None),
    "stops in the handshake": (ON, SqlServer(silent="tls"), "tls", "on"),
    "an instance": (dataclasses.replace(ON, port=0, instance="PAY"), SqlServer(instance="Pay"), "end", "on"),
    "an instance that nobody has": (dataclasses.replace(ON, instance="PAY"), SqlServer(), "browser", None),
    "an instance without TCP": (
        dataclasses.replace(ON, instance="PAY"),
        SqlServer(instance="PAY", browser="no tcp"),
        "browser",
        None,
    ),
    "TLS before anything else": (Wish("a.example", 1, tls=True), SqlServer(), "end", None),
    "TLS before anything else, of an older one": (Wish("a.example", 1, tls=True), SqlServer(strict=False), "tls", None),
}


@pytest.mark.parametrize("name", DATABASES)
def test_a_sql_server_is_spoken_to_until_a_logon_would_begin(name):
    wish, sql, step, encryption = DATABASES[name]
    found = way(wish, Peer("a.example", 1, sql=sql))
    assert (found.step, found.encryption, bool(found.error)) == (step, encryption, step != "end")
    encrypts = step == "end" and encryption != "not_supported"
    assert found.certificate == (own_certificate() if encrypts else None)


@pytest.mark.parametrize(
    ("other", "code"),
    [({}, "TimedOut"), ({"certificate": b"x"}, None), ({"way": "silent"}, "TimedOut"), ({"mail": MailServer()}, None)],
)
def test_what_is_no_sql_server_does_not_answer_as_one(other, code):
    found = way(ON, Peer("a.example", 1, **other))
    assert (found.step, found.code, found.encryption) == ("tds", code, None)


SCENARIO = {
    "peers": [
        {"host": "a.example", "port": 636, "certificate": "AAEC", "sent": ["AwQ="]},
        {"host": "b.example", "port": 25, "way": "silent"},
        {"host": "c.example", "port": 587, "proxy": PROXY, "mail": {"starttls": False, "recipients": ["x.example"]}},
        {"host": "d.example", "port": 1433, "sql": {"encryption": "forced", "instance": "PAY"}},
    ],
    "proxies": [PROXY],
}


def test_a_scenario_has_other_servers_and_a_saved_state_keeps_them():
    made = in_process.machine(SCENARIO)
    assert made.network.peers == [
        Peer("a.example", 636, certificate=b"\0\1\2", sent=(b"\3\4",)),
        Peer("b.example", 25, way="silent"),
        Peer("c.example", 587, proxy=PROXY, mail=MailServer(starttls=False, recipients=("x.example",))),
        Peer("d.example", 1433, sql=SqlServer(encryption="forced", instance="PAY")),
    ]
    restored = saved_state.restore(json.loads(json.dumps(saved_state.save(made))))
    assert restored.network.peers == made.network.peers
    assert restored.network.proxies == {PROXY}
