"""`playbooks/ping.yml` over the wire: servers that are reached, and ways not to reach one, told apart by name."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading

import emulated
import pytest
import yaml
from emulator.windows.machine import POLICIES

PASSWORD = "canary-ping-password-77b2"
WRONG = "canary-wrong-password-12ce"
RESTARTED = {"module": "imops.identity_manager.win_im_probe", "do": "drop"}
"""WinRM goes away while the probe runs, and with it the session: the client is told so when it asks again."""
SCENARIO = {
    "domain": "contoso.com",
    "hosts": {
        "good": {"connection": "psrp", "auth": "ntlm", "password": PASSWORD},
        "recording": {
            "connection": "winrm",
            "auth": "basic",
            "password": PASSWORD,
            "registry": {f"{POLICIES}\\Transcription": {"EnableTranscripting": {"type": "DWord", "data": 1}}},
        },
        "filtered": {"connection": "psrp", "password": PASSWORD, "behaviours": {"not_elevated": {}}},
        "crowded": {"connection": "psrp", "password": PASSWORD, "quotas": {"MaxShellsPerUser": 0}},
        "crowded_winrm": {"connection": "winrm", "password": PASSWORD, "quotas": {"MaxShellsPerUser": 0}},
        "busy": {"connection": "psrp", "password": PASSWORD, "quotas": {"MaxConcurrentOperationsPerUser": 0}},
        "busy_winrm": {"connection": "winrm", "password": PASSWORD, "quotas": {"MaxConcurrentOperationsPerUser": 0}},
        "restarted": {"connection": "psrp", "password": PASSWORD, "faults": [RESTARTED]},
        "restarted_winrm": {"connection": "winrm", "password": PASSWORD, "faults": [RESTARTED]},
        "narrow": {"connection": "winrm", "password": PASSWORD, "quotas": {"MaxMemoryPerShellMB": 150}},
        "only_http": {"connection": "psrp", "auth": "ntlm", "scheme": "http", "password": PASSWORD},
        "both": {"password": PASSWORD, "more_listeners": [{"scheme": "http", "auth": "ntlm"}]},
        "late": {"connection": "psrp", "password": PASSWORD, "clock": "2026-01-01T00:00:00Z"},
    },
}
# A second of CPU for each server: make test has these, make test-all all of them.
AT_ONCE = {"good", "filtered", "refused", "restarted", "wrong_logon"}
NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))
QUICK = {"ansible_psrp_connection_timeout": 2, "ansible_psrp_reconnection_retries": 0, "ansible_psrp_read_timeout": 4}


class Listener:
    """A listener that is no WinRM: what it answers to everybody, or None to take no connection at all."""

    def __init__(self, answer):
        self.socket = socket.socket()
        self.socket.bind(("127.0.0.1", 0))
        self.socket.listen(0 if answer is None else 5)
        self.port = self.socket.getsockname()[1]
        self._waiting = []
        if answer is None:
            for _ in range(3):  # its queue is full: further connections are silently dropped
                waiting = socket.socket()
                waiting.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    waiting.connect(("127.0.0.1", self.port))
                self._waiting.append(waiting)
        else:
            threading.Thread(target=self._serve, args=(answer,), daemon=True).start()

    def _serve(self, answer):
        with contextlib.suppress(OSError):
            while True:
                taken, _ = self.socket.accept()
                with taken, contextlib.suppress(OSError):
                    taken.settimeout(2)
                    taken.recv(65536)
                    taken.sendall(answer)

    def close(self):
        for one in (*self._waiting, self.socket):
            one.close()


@pytest.fixture(scope="module")
def listeners():
    head = b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n%s\r\n"
    found = {
        "silent": Listener(None),
        "not_tls": Listener(head % (b"200 OK", b"")),
        "elsewhere": Listener(head % (b"404 Not Found", b"")),
        "proxied": Listener(head % (b"403 Forbidden", b"Via: 1.1 proxy.contoso.com (squid)\r\n")),
        "kerberos_only": Listener(head % (b"401 Unauthorized", b"WWW-Authenticate: Kerberos\r\n")),
    }
    yield found
    for one in found.values():
        one.close()


@pytest.fixture(scope="module")
def run(tmp_path_factory, listeners):
    """One run of the playbook against all of them: its results by server, its output, and the counters."""
    folder = tmp_path_factory.mktemp("fleet")
    scenario = folder / "scenario.yml"
    there = {name: host for name, host in SCENARIO["hosts"].items() if NIGHTLY or name in AT_ONCE | {"recording"}}
    scenario.write_text(yaml.safe_dump(SCENARIO | {"hosts": there}), "utf-8")
    with emulated.fleet(scenario, folder) as fleet:
        known = yaml.safe_load(fleet.inventory.read_text("utf-8"))["agents"]["hosts"]
        good = known["good"]
        closed = socket.socket()
        closed.bind(("127.0.0.1", 0))  # bound, and not listening: refused
        http = {"ansible_host": "127.0.0.1", "ansible_psrp_protocol": "http"}
        hosts = {
            "unknown_name": good | {"ansible_host": "no-such-server.invalid"},
            "refused": good | {"ansible_host": "127.0.0.1", "ansible_port": closed.getsockname()[1]},
            "silent": good | {"ansible_host": "127.0.0.1", "ansible_port": listeners["silent"].port},
            "not_tls": good | {"ansible_host": "127.0.0.1", "ansible_port": listeners["not_tls"].port},
            "elsewhere": good | http | {"ansible_port": listeners["elsewhere"].port},
            "proxied": good | http | {"ansible_port": listeners["proxied"].port},
            "kerberos_only": good
            | http
            | {"ansible_port": listeners["kerberos_only"].port, "ansible_psrp_auth": "ntlm"},
            "untrusted": good | {"ansible_psrp_ca_cert": "/etc/ssl/certs/ca-certificates.crt"},
            "wrong_port": known.get("only_http", good) | {"ansible_port": 5986, "ansible_psrp_protocol": "https"},
            "other_listener": _by_http(fleet, known),
            "other_name": good | {"ansible_host": f"{good['ansible_host'][:-1]}9"},
            "wrong_logon": good | {"ansible_password": WRONG},
            "wrong_logon_winrm": known["recording"] | {"ansible_password": WRONG},
        }
        # The address of another name leads to the same listener, whose certificate has not got it.
        hosts["other_name"] = good | {"ansible_host": "localhost", "ansible_port": _forward(good)}
        more = folder / "more.yml"
        entries = {name: QUICK | variables for name, variables in hosts.items() if NIGHTLY or name in AT_ONCE}
        more.write_text(yaml.safe_dump({"agents": {"hosts": entries}}), "utf-8")
        fleet.command("reset")
        # Results are public: the tree's callback keeps each as JSON.
        variables = {
            "ANSIBLE_CALLBACKS_ENABLED": "ansible.builtin.tree",
            "ANSIBLE_CALLBACK_TREE_DIR": str(folder / "tree"),
        }
        words = ["--forks", "8", "-v"]
        done = emulated.playbook(fleet, "imops.identity_manager.ping", *words, inventories=[more], variables=variables)
        counters = {name: fleet.counters(name) for name in there}
        closed.close()
    return done, _results(done.output), counters


def _by_http(fleet, known):
    """Return the way to the host's other listener, as the emulator tells it beside its inventory."""
    if "both" not in known:
        return {}
    (told,) = fleet.ready["hosts"]["both"]["listeners"][1:]
    way = {"ansible_psrp_protocol": told["scheme"], "ansible_psrp_auth": told["auth"]}
    return known["both"] | way | {"ansible_port": told["port"]}


def _forward(good):
    """Return a port of this machine that leads to a host's listener."""
    listening = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                taken, _ = listening.accept()
                onward = socket.create_connection((good["ansible_host"], good.get("ansible_port", 5986)))
                for ends in ((taken, onward), (onward, taken)):
                    threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    return listening.getsockname()[1]


def _results(output):
    """Return each server's result of the first task, as ``-v`` shows it."""
    found = {}
    for line in output.splitlines():
        name, arrow, shown = line.partition("] => ")
        if arrow and name.startswith("ok: [") and '"reached"' in shown:
            found[name.removeprefix("ok: [")] = json.loads(shown)
    return found


CAUSES = {
    "crowded": "quota",
    "crowded_winrm": "quota",
    "busy": "quota",
    "busy_winrm": "quota",
    "restarted": "session",
    "restarted_winrm": "session",
    "wrong_port": "port",
    "unknown_name": "name",
    "refused": "listener",
    "silent": "firewall",
    "not_tls": "scheme",
    "elsewhere": "path",
    "proxied": "proxy",
    "kerberos_only": "authentication",
    "untrusted": "certificate",
    "other_name": "certificate name",
    "wrong_logon": "credentials",
    "wrong_logon_winrm": "credentials",
}
PROBLEMS = {
    "filtered": "is no administrator",
    "late": "clock differs",
    "narrow": "quota MaxMemoryPerShellMB is 150, wanted 1024",
}
REACHED = {"good", "recording", "both", "only_http", "other_listener"}


def cases(names):
    """Return parameters of which those that take long run at night."""
    skip = pytest.mark.skipif(not NIGHTLY, reason="a second of CPU for each server: run by make test-all")
    return [pytest.param(name, marks=() if name in AT_ONCE else (pytest.mark.nightly, skip)) for name in names]


@pytest.mark.parametrize("name", cases(CAUSES))
def test_a_server_that_is_not_reached_has_the_right_cause(run, name):
    result = run[1][name]
    assert (result["reached"], result["cause"]) == (False, CAUSES[name]), result
    assert result["problem"] in " ".join(run[0].output.replace('\\"', '"').split()) or len(result["problem"]) > 40


@pytest.mark.parametrize("name", cases(PROBLEMS))
def test_a_server_that_is_half_privileged_or_late_is_reached_with_a_problem(run, name):
    result = run[1][name]
    assert result["reached"] is True
    (problem,) = result["problems"]
    assert PROBLEMS[name] in problem


def test_a_server_that_is_reached_tells_how_in_one_execution(run):
    good, recording = run[1]["good"], run[1]["recording"]
    by = good["reached_by"]
    assert (by["connection"], by["authentication"], by["encryption"], by["tls"]) == ("psrp", "NTLM", "TLS", "TLSv1.3")
    assert by["certificate"]["trusted"] is True and "good" in by["certificate"]["names"]
    assert (good["problems"], good["records"], recording["records"]) == ([], [], ["transcription"])
    assert abs(good["clock_difference"]) < 5
    begun = {"both": 2, "restarted": 1, "restarted_winrm": 1}
    assert {name: counted["remote_executions"] for name, counted in run[2].items()} == {
        name: begun.get(name, int(name not in CAUSES)) for name in run[2]
    }


@pytest.mark.nightly
@pytest.mark.skipif(not NIGHTLY, reason="a second of CPU for each server: run by make test-all")
def test_both_listeners_of_a_server_are_reached_and_lead_to_one_server(run):
    first, other = run[1]["both"], run[1]["other_listener"]
    ways = [tuple(r["reached_by"][k] for k in ("port", "authentication", "encryption")) for r in (first, other)]
    assert ways == [(5986, "Basic", "TLS"), (5985, "NTLM", "messages, by NTLM")]
    assert first["user"] == other["user"] == "BOTH\\Administrator"


def test_the_run_fails_and_shows_one_table_with_nothing_secret(run):
    done, results, _ = run
    assert done.status != 0
    assert done.output.count("reached by") == 1
    everybody = {*CAUSES, *PROBLEMS, *REACHED}
    assert set(results) == {"recording", *(everybody if NIGHTLY else everybody & AT_ONCE)}
    assert PASSWORD not in done.output and WRONG not in done.output
