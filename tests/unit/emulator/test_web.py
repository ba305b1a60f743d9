"""Requests of the model's servers: addresses, and what the recorded answers of the real modules cannot show."""

from __future__ import annotations

import hashlib

import pytest
from emulator.handlers import HANDLERS
from emulator.model.model_engine import ModelEngine
from emulator.windows.machine import Machine
from emulator.windows.network.network import HttpAnswer, HttpRequest
from emulator.windows.network.uri import Uri
from fidelity import pages, tls
from fidelity.sides import SEARCH

URL = "http://files.contoso.com/a/tool.zip"
CONTENT = b"tool"
SHA1 = hashlib.sha1(CONTENT, usedforsecurity=False).hexdigest()


def server(sums: str = "") -> ModelEngine:
    machine = Machine("srv", domain="contoso.com")
    machine.files.make_folder("C:\\Temp")
    machine.network.web |= {URL: CONTENT, "http://files.contoso.com/sums": sums.encode()}
    return ModelEngine(machine, HANDLERS, (), SEARCH)


def get(engine: ModelEngine, **arguments):
    given = {"url": URL, "dest": "C:\\Temp", **arguments}
    return engine.call("ansible.windows.win_get_url", given)


@pytest.mark.parametrize(
    ("text", "shown", "path", "local"),
    [
        ("HTTP://Host.Example", "http://host.example/", "/", "/"),
        ("http://h:80/a/./b/../c?q=1#t", "http://h/a/c?q=1#t", "/a/c", "/a/c"),
        ("https://h:8443/b%20c\u00e4", "https://h:8443/b c\u00e4", "/b%20c%C3%A4", "/b c\u00e4"),
        ("http://h/a%2Fb%25", "http://h/a%2Fb%25", "/a%2Fb%25", "/a/b%"),
        ("http://h/a/..", "http://h/", "/", "/"),
        ("file:///C:/a/b%20c.txt", "file:///C:/a/b c.txt", "/C:/a/b%20c.txt", "C:\\a\\b c.txt"),
        ("C:\\a\\b.txt", "file:///C:/a/b.txt", "/C:/a/b.txt", "C:\\a\\b.txt"),
    ],
)
def test_an_address_is_read_as_uri_reads_it(text, shown, path, local):
    uri = Uri.parse(text)
    assert uri is not None
    assert (str(uri), uri.path, uri.local_path) == (shown, path, local)


@pytest.mark.parametrize("text", ["", "nonsense", "//h/x", "127.0.0.1:80/x"])
def test_an_address_without_a_scheme_is_relative(text):
    assert Uri.parse(text) is None


@pytest.mark.parametrize(
    ("location", "found"),
    [("c", "http://h/a/c"), ("../c", "http://h/c"), ("/c?d", "http://h/c?d"), ("https://i/", "https://i/")],
)
def test_a_redirect_is_seen_from_where_it_is(location, found):
    base = Uri.parse("http://h/a/b")
    assert base is not None
    assert str(base.joined(location)) == found


def test_a_checksum_from_elsewhere_is_held_against_the_file():
    assert get(
        server(f"{'0' * 40}  other.zip\n{SHA1.upper()}  tool.zip\n"), checksum_url="http://files.contoso.com/sums"
    )["changed"]
    wrong = get(server(f"{'0' * 40} ./tool.zip\n"), checksum_url="http://files.contoso.com/sums")
    assert wrong["msg"] == f"The checksum for {URL} did not match '{'0' * 40}', it was '{SHA1}'"


def test_a_download_into_a_folder_that_cannot_be_written_says_so():
    engine = server()
    engine.machine.files.deny("C:\\Temp")
    result = get(engine)
    assert result["failed"] and "denied" in result["msg"] and result["status_code"] == 200


def test_a_certificate_counts_when_a_root_is_there():
    engine = server()

    def respond(request: HttpRequest) -> HttpAnswer | None:
        return pages.answer(request) if request.tls else None

    engine.machine.network.responders.append(respond)
    call = ("ansible.windows.win_uri", {"url": "https://srv.contoso.com/hello.txt"})
    assert "trust relationship" in engine.call(*call)["msg"]
    engine.machine.certificates.add("LocalMachine", "Root", tls.der(1))
    assert engine.call(*call)["status_code"] == 200


def test_waiting_takes_the_server_s_time_and_none_of_ours():
    engine = server()
    before = engine.machine.clock.now()
    result = engine.call("ansible.windows.win_wait_for", {"port": 4711, "timeout": 300, "sleep": 60})
    assert result["msg"] == "timeout while waiting for 127.0.0.1:4711 to start listening"
    assert result["wait_attempts"] == 5
    assert 300 <= (engine.machine.clock.now() - before).total_seconds() < 301
    assert not engine.call("ansible.windows.win_wait_for", {"port": 5986, "host": "srv.contoso.com"}).get("failed")
