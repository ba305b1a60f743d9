"""What a server that was reached tells, what is in the way there, and the table of all servers."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.probe import NotAnswered
from ansible_collections.imops.identity_manager.plugins.plugin_utils._reach import (
    ping,
    table,
    winrm_configuration,
)
from emulator.windows.system import winrm

WANTED = ping.Wanted.of({"timeout": 5, "most_clock_difference": 60})
HOST = {
    "elevated": True,
    "product_name": "Windows Server 2022",
    "domain": "contoso.com",
    "os_version": "10.0.20348.0",
    "powershell": "5.1.20348.1",
}
SESSION = {
    "account": "CONTOSO\\ansible",
    "sid": "S-1-5-21-1-2-3-1104",
    "authentication": "Kerberos",
    "language_mode": "FullLanguage",
    "winrm": winrm.configuration(),
}
POLICIES = {"module_logging": False, "script_block_logging": True, "transcription": True}
NOTHING = object()


def answers(session=None, policies=POLICIES, release=528449, features=None):
    values = {"Release": {"type": "DWord", "data": release}} if release else {}
    features = {name: name != "Web-AppInit" for name in ping.prerequisites.FEATURES} if features is None else features
    known = {
        "session": SESSION | (session or {}),
        "policies": policies,
        "features": features,
        "registry": {"values": values, "keys": [], "children": {}},
    }

    def ask(query):
        found = known[query["kind"]]
        if found is NOTHING:
            raise NotAnswered(query, "System.Exception", "no")
        return found

    return ask


def report(host=None, clock=0.2, **given):
    return ping.report(WANTED, HOST | (host or {}), answers(**given), clock)


def test_a_server_that_is_ready():
    told = report()
    assert told["problems"] == []
    assert (told["user"], told["logon"], told["administrator"]) == ("CONTOSO\\ansible", "Kerberos", True)
    assert (told["dotnet_framework"], told["clock_difference"]) == ("4.8", 0.2)
    assert told["records"] == ["script block logging", "transcription"]
    assert told["features_missing"] == ["Web-AppInit"]
    assert told["quotas"]["MaxEnvelopeSizekb"] == 500


SMALL = winrm.configuration().replace("<cfg:MaxMemoryPerShellMB>2147483647", "<cfg:MaxMemoryPerShellMB>150")
CLEAR = winrm.configuration().replace("AllowUnencrypted>false", "AllowUnencrypted>true")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"host": {"elevated": False}}, "CONTOSO\\ansible is no administrator"),
        ({"host": {"os_version": "6.3.9600.0"}}, "wanted Windows Server 2016"),
        ({"session": {"language_mode": "ConstrainedLanguage"}}, "PowerShell is in ConstrainedLanguage"),
        ({"release": 394254}, ".NET Framework 4.6.2"),
        ({"release": None}, ".NET Framework 4.6.2"),
        ({"clock": -301.0}, "differs by -301 seconds"),
        ({"session": {"winrm": SMALL}}, "MaxMemoryPerShellMB is 150, wanted 1024"),
        ({"session": {"winrm": CLEAR}}, "takes messages in clear"),
    ],
)
def test_each_problem_has_a_remedy(change, words):
    (problem,) = report(**change)["problems"]
    assert words in problem
    assert len(problem) > len(words) + 15


def test_what_a_server_does_not_answer_is_left_open():
    told = ping.report(WANTED, HOST, answers(policies=NOTHING, features=NOTHING, session={"winrm": None}), 0.0)
    assert (told["records"], told["features_missing"], told["quotas"], told["problems"]) == ([], [], {}, [])


def test_every_question_is_of_the_probe_and_asked_once():
    asked = [probe.key(query) for query in ping.questions(WANTED)]
    assert len(asked) == len(set(asked))


@pytest.mark.parametrize("text", ["", None])
def test_a_configuration_that_winrm_does_not_tell(text):
    assert winrm_configuration.read(text) is None


def test_the_configuration_with_and_without_prefixes():
    text = winrm.configuration()
    assert winrm_configuration.read(text) == winrm_configuration.read(text.replace("cfg:", ""))
    assert winrm_configuration.read("<Config><MaxEnvelopeSizekb>many</MaxEnvelopeSizekb></Config>").quotas == {}


BY = {
    "connection": "psrp",
    "authentication": "Kerberos",
    "port": 5985,
    "encryption": "messages, by Kerberos",
    "tls": "",
}


def test_the_table_has_a_row_for_each_server_and_the_remedies_below():
    results = {
        "agent1": {"reached": True, "reached_by": BY, **report(host={"elevated": False})},
        "agent2": {"reached": True, "reached_by": BY | {"tls": "TLSv1.3"}, **report(clock=-3.2)},
        "agent3": {"reached": False, "reached_by": BY, "cause": "spn", "problem": "the domain knows no"},
    }
    head, first, second, third, empty, *below = table.lines(results)
    assert head.split()[:2] == ["server", "reached"]
    assert "CONTOSO\\ansible (no administrator)" in first and first.endswith("1 problem")
    assert "TLSv1.3" in second and "-3 s" in second and second.endswith("ok, under IIS install adds Web-AppInit")
    assert third.endswith("not reached: spn")
    assert empty == ""
    assert below[-1] == "agent3: the domain knows no"
    assert len(table.lines({"agent2": results["agent2"]})) == 2
