"""Quotas, idle shells and several listeners, as the real clients meet them: what each shows is what a user reads, and
ping has to find the cause in it.
"""

from __future__ import annotations

import contextlib

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach import unreached
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach.connection import Connection
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach.trial import Trial
from emulator.fleet import build
from emulator.scenario.hosts import BadScenario, load
from emulator.wire import http
from pypsrp.complex_objects import PSInvocationState
from pypsrp.exceptions import WinRMError as PsrpFault
from pypsrp.powershell import PowerShell, RunspacePool
from pypsrp.wsman import WSMan
from requests.exceptions import ConnectionError
from served import PASSWORD, USER, listening
from winrm import Protocol
from winrm.exceptions import WinRMTransportError
from winrm.exceptions import WSManFaultError as WinrmFault

HOUR = 3600
SEEN = Trial(("192.0.2.7",), "open", tls="TLSv1.3", status=401, offered=("Negotiate",))


class Winrm:
    """pywinrm, as Ansible's winrm uses it: one shell for all commands."""

    refusal = WinrmFault

    def __init__(self, host, authority, scheme="https", way="basic"):
        port = 5986 if scheme == "https" else 5985
        address = f"{scheme}://{host.address}:{port}/wsman"
        self._client = Protocol(address, transport=way, username=USER, password=PASSWORD, ca_trust_path=authority)
        self._shell = self._client.open_shell()

    def run(self):
        command = self._client.run_command(self._shell, "echo", ["there"], console_mode_stdin=True)
        answer = self._client.get_command_output(self._shell, command)[0].decode().strip()
        self._client.cleanup_command(self._shell, command)
        return answer

    def close(self):
        self._client.close_shell(self._shell)


class Psrp:
    """pypsrp, as Ansible's psrp uses it: one runspace pool, and each pipeline is stopped before the next."""

    refusal = PsrpFault

    def __init__(self, host, authority, scheme="https", way="basic"):
        port = 5986 if scheme == "https" else 5985
        trust = {"cert_validation": authority} if scheme == "https" else {}
        secured = {"ssl": scheme == "https", "port": port, "auth": way, **trust}
        self._pool = RunspacePool(WSMan(host.address, username=USER, password=PASSWORD, **secured))
        self._pool.open()

    def run(self):
        shell = PowerShell(self._pool)
        shell.add_script("echo there")
        answer = str(shell.invoke()[0])
        shell.state = PSInvocationState.RUNNING  # as Ansible's psrp does: it stops only what runs
        shell.stop()
        return answer

    def close(self):
        self._pool.close()


CLIENTS = pytest.mark.parametrize("client", [Psrp, Winrm])


@contextlib.contextmanager
def served(tmp_path, **host):
    hosts = build({"hosts": {"one": host}})
    with listening(hosts, tmp_path) as (front, _session):
        yield hosts["one"], str(front.authority.file)


def refused(client, act):
    """Return the cause that ping finds in what a client shows, and the sentence."""
    with pytest.raises((client.refusal, WinRMTransportError, ConnectionError)) as shown:
        act()
    plugin = client.__name__.lower()
    found = unreached.cause(Connection(plugin, "a", 5986, "https", "ntlm"), str(shown.value), SEEN)
    assert PASSWORD not in str(shown.value)
    return found.kind, found.sentence, str(shown.value)


@CLIENTS
def test_a_shell_more_than_the_quota_is_refused_until_one_is_closed(tmp_path, client):
    with served(tmp_path, quotas={"MaxShellsPerUser": 1}) as (host, authority):
        first = client(host, authority)
        kind, sentence, shown = refused(client, lambda: client(host, authority))
        assert (kind, "MaxShellsPerUser" in sentence) == ("quota", True), sentence
        assert "maximum number of" in shown and "concurrent shells" in shown
        first.close()
        assert client(host, authority).run() == "there"


@CLIENTS
def test_a_shell_that_nobody_used_for_its_time_is_gone_and_counts_no_more(tmp_path, client):
    limits = {"MaxShellsPerUser": 1, "IdleTimeout": HOUR * 1000}
    with served(tmp_path, quotas=limits) as (host, authority):
        clock = host.spec.machine.clock
        first = client(host, authority)
        for _ in range(3):  # who uses it in time keeps it
            clock.advance(HOUR - 1)
            assert first.run() == "there"
        clock.advance(HOUR + 1)
        kind, sentence, shown = refused(client, first.run)
        assert (kind, "IdleTimeout" in sentence) == ("session", True), shown
        assert client(host, authority).run() == "there"


@CLIENTS
def test_the_default_leaves_a_shell_two_hours(tmp_path, client):
    with served(tmp_path) as (host, authority):
        first = client(host, authority)
        host.spec.machine.clock.advance(2 * HOUR - 1)
        assert first.run() == "there"
        host.spec.machine.clock.advance(2 * HOUR + 1)
        assert refused(client, first.run)[0] == "session"


@CLIENTS
def test_a_shell_in_which_a_command_runs_is_not_idle(tmp_path, client):
    with served(tmp_path, quotas={"IdleTimeout": 60000}) as (host, authority):
        clock, engine = host.spec.machine.clock, host.engine
        answer = engine.run
        engine.run = lambda pipeline: (clock.advance(HOUR), answer(pipeline))[1]
        assert client(host, authority).run() == "there"


@CLIENTS
def test_an_operation_more_than_the_quota_is_refused(tmp_path, client):
    with served(tmp_path, quotas={"MaxConcurrentOperationsPerUser": 2}) as (host, authority):
        others = Winrm(host, authority)
        assert [others.run(), others.run()] == ["there", "there"]
        kind, sentence, shown = refused(client, lambda: client(host, authority).run())
        assert (kind, "MaxConcurrentOperationsPerUser" in sentence) == ("quota", True), sentence
        assert "maximum number of concurrent operations for this user has been exceeded" in shown


def test_a_command_shell_counts_its_commands_until_it_is_closed(tmp_path):
    with served(tmp_path, quotas={"MaxConcurrentOperationsPerUser": 2}) as (host, authority):
        shell = Winrm(host, authority)
        assert [shell.run(), shell.run()] == ["there", "there"]
        with pytest.raises(WinrmFault) as shown:
            shell.run()
        assert shown.value.wmierror_code == 0x803381A6  # by which Ansible's winrm knows that it needs another shell
        shell.close()
        assert Winrm(host, authority).run() == "there"


def test_powershell_counts_a_pipeline_until_it_is_stopped(tmp_path):
    with served(tmp_path, quotas={"MaxConcurrentOperationsPerUser": 1}) as (host, authority):
        pool = Psrp(host, authority)
        assert [pool.run() for _ in range(3)] == ["there"] * 3


@CLIENTS
def test_both_listeners_of_a_host_answer_with_their_own_authentication(tmp_path, client):
    more = [{"scheme": "http", "auth": "ntlm"}]
    with served(tmp_path, more_listeners=more, quotas={"MaxShellsPerUser": 2}) as (host, authority):
        assert client(host, authority).run() == "there"
        assert client(host, authority, "http", "ntlm").run() == "there"
        assert refused(client, lambda: client(host, authority, "http", "ntlm"))[0] == "quota"  # one service's shells


@CLIENTS
def test_a_restart_takes_both_listeners_and_all_shells_away(tmp_path, monkeypatch, client):
    monkeypatch.setattr(http, "RESTART_SECONDS", 0)
    hosts = build({"hosts": {"one": {"more_listeners": [{"scheme": "http", "auth": "ntlm"}]}}})
    with listening(hosts, tmp_path) as (front, _session):
        ways = ((), ("http", "ntlm"))
        before = [client(hosts["one"], str(front.authority.file), *way) for way in ways]
        front.restart("one")
        assert [refused(client, one.run)[0] for one in before] == ["session", "session"]
        assert [client(hosts["one"], str(front.authority.file), *way).run() for way in ways] == ["there", "there"]


BAD = {
    "unknown quota": ({"quotas": {"MaxSheep": 1}}, "quotas: unknown 'MaxSheep'"),
    "no number": ({"quotas": {"IdleTimeout": "2h"}}, "IdleTimeout is a number, not '2h'"),
    "port twice": ({"more_listeners": [{"scheme": "https"}]}, "there is a listener for https already"),
    "scheme": ({"more_listeners": [{"scheme": "ftp"}]}, "scheme is one of https, http, not 'ftp'"),
    "key": ({"more_listeners": [{"port": 1}]}, "unknown key 'port'"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_a_scenario_cannot_say_is_refused(name):
    host, words = BAD[name]
    with pytest.raises(BadScenario, match=words):
        load({"hosts": {"one": host}})
