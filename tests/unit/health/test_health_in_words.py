"""The messages of failed checks: each with what was found and what to do."""

from __future__ import annotations

import base64
import re

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.probe import NotAnswered
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import agent_health as health
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import log_checks
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import identity

ARGUMENTS = {
    "address": "127.0.0.1",
    "from_controller": False,
    "warm_up": False,
    "recycle": False,
    "drain": "ignore",
    "drain_minutes": 30,
    "jobs": False,
    "site": "S",
    "pool": "P",
    "scheme": "https",
    "host_name": "agent.contoso.com",
    "port": 443,
    "url_path": "/",
    "working_directory": "C:\\im",
    "folders": {},
    "identity": {"account": "S-1-5-21-1"},
    "timeout": 10,
    "delay": 0,
}
SERVICE = {"site": None, "pool": None, "service": "Agent"}
FULL = {"sddl": "O:BAD:(A;OICI;0x1301bf;;;S-1-5-21-1)"}
RIGHT = {
    "iis": {
        "sites": [{"name": "s", "state": "Started"}],
        "pools": [{"name": "p", "state": "Started"}],
        "workers": [{"pool": "p", "started": "2026-06-01T08:00:00Z"}],
    },
    "http": {"status": 200, "reason": "OK", "body": "", "thumbprint": "AB"},
    "events": [],
    "acl": [FULL] * 6,
    "file": None,
    "files": [{"name": "x", "last_write": "2026-06-01T23:00:00Z", "tail": ""}],
    "service": {
        "state": "Running",
        "started": "2026-06-01T10:00:00Z",
        "account": "CONTOSO\\agent",
        "start_mode": "automatic",
    },
    "account": [{"sid": "S-1-5-21-1", "groups": []}],
}


def event(time, message, level="Error"):
    message += " (C:\\im\\Runtime\\, Usercube-Agent.exe)"
    return {"time": f"2026-06-01T{time}:00:00Z", "id": 1007, "level": level, "message": message}


def page(status, text=""):
    body = base64.b64encode(text.encode()).decode()
    return {"http": {"status": status, "reason": "", "body": body, "thumbprint": "AB"}}


def verify(arguments=None, *, check=False, **answers):
    def ask(query):
        answer = {**RIGHT, **answers}[query["kind"]]
        if isinstance(answer, Exception):
            raise answer
        return answer

    wanted = health.Wanted.of({**ARGUMENTS, **(arguments or {})})
    checks = [found for stage in health.stages(wanted, ask, check=check) for found in stage.checks(ask)]
    return health.verified(wanted, checks, check=check).facts | {"sentences": health.failure(wanted, checks)}


SILENT = {"http": NotAnswered({"kind": "http"}, "Win32Exception", "refused\r\n")}
CASES = [
    ({}, {"iis": None}, r"application pool P: found absent.*run install\.yml.*site S: found absent.*run install\.yml"),
    ({}, {"iis": {**RIGHT["iis"], "pools": [{"name": "P", "state": "Stopped"}]}}, "A wrong account or password"),
    (SERVICE, {"service": None}, r"service Agent: found absent, wanted Running.*run install\.yml"),
    (SERVICE, {"service": {**RIGHT["service"], "state": "Stopped", "started": None}}, "service Agent: found Stopped"),
    ({}, SILENT, r"found no answer \(refused\).*The site has no binding on this port"),
    (SERVICE, SILENT, "Nothing listens on this port"),
    (
        {"thumbprint": "a b c d"},
        {},
        "found certificate AB, wanted certificate ABCD. Possible causes: The https binding serves another",
    ),
    (
        {},
        page(503),
        "found status 503, HTTP.sys's own answer, wanted an answer of the agent. Possible cause: The application pool",
    ),
    ({}, page(404), "found status 404.*No site has this host name"),
    ({}, page(500, "<h2>HTTP Error 500.30 - x"), r"found status 500 \(HTTP Error 500.30\), the answer of IIS's module"),
    ({}, page(502), "found status 502, .*The agent does not start"),
    (
        {},
        {"events": [event("10", "no\n\ncertificate")]},
        "1 errors, the newest at 2026-06-01T10:00:00Z: no certificate",
    ),
    ({}, {"events": [event("10", "x" * 500)]}, "x{397}[.]{3}, wanted none"),
    (SERVICE, {"events": [event("09", "old"), event("11", "new")]}, "1 errors, the newest at .*: new"),
    (
        {},
        {"acl": [FULL, FULL, None, *[FULL] * 3]},
        r"on C:\\im\\Temp: found no such folder, wanted Modify. Run im_working_directory",
    ),
    (
        {},
        {"acl": [FULL, FULL, FULL, {"sddl": "O:BAD:(A;;0x1200a9;;;WD)"}, FULL, FULL]},
        r"on C:\\im\\Work: found .*Run im_permissions",
    ),
]


def test_causes_are_told_as_possible_ones_before_what_to_do():
    assert re.search(
        r"wanted an answer of the agent\. Possible causes: [A-Z].*\. What to do: [A-Z]",
        verify({}, **page(404))["sentences"],
    )


def test_a_name_that_the_controller_s_dns_does_not_know_names_the_variable():
    unknown = NotAnswered({"kind": "controller"}, "NameUnknown", "[Errno -2] Name or service not known")
    found = verify({"from_controller": True}, controller=unknown)["sentences"]
    assert "found no address of agent.contoso.com ([Errno -2] Name or service not known)" in found
    assert "Correct im_agent_host_name" in found


@pytest.mark.parametrize(("arguments", "answers", "message"), CASES, ids=range(len(CASES)))
def test_a_failed_check_says_what_was_found_and_what_to_do(arguments, answers, message):
    found = verify(arguments, **answers)
    assert found["verified"] is False
    assert re.search(message, found["sentences"]), found["sentences"]
    assert verify(arguments, check=True, **answers)["verified"] is None, "an earlier step of a real run may be missing"


@pytest.mark.parametrize(
    ("arguments", "answers"),
    [
        ({}, {}),
        (SERVICE, {}),
        ({"thumbprint": "ab"}, {}),
        ({}, page(401)),
        ({}, {"events": [event("10", "failed"), event("11", "Application started successfully.", "Information")]}),
        ({}, {"events": None}),
        (SERVICE, {"events": [event("09", "before the start")]}),
        (
            {},
            {
                "iis": {**RIGHT["iis"], "workers": [{"pool": "p", "started": "2026-06-01T12"}]},
                "events": [event("11", "x")],
            },
        ),
        ({}, {"events": [event("11", "only a warning", "Warning")]}),
    ],
    ids=range(9),
)
def test_what_is_right_is_verified(arguments, answers):
    found = verify(arguments, **answers)
    assert found["verified"] is True, found["sentences"]
    assert verify(arguments, check=True, **answers)["verified"] is True


@pytest.mark.parametrize(("arguments", "answers"), [({}, {"iis": None}), (SERVICE, {"service": None})])
def test_check_mode_on_a_bare_server_verifies_nothing(arguments, answers):
    found = verify(arguments, check=True, **answers)
    assert (found["verified"], found["checks"]) == (None, [])


def test_an_account_that_the_server_does_not_know():
    wanted = identity.Identity.of({"account": "CONTOSO\\gone"})
    with pytest.raises(Refused, match=r"the server knows no account 'CONTOSO\\\\gone'"):
        wanted.sid(lambda query: [None])
    assert wanted.known_sid(lambda query: [None]) == ()
    assert wanted.known_sid(lambda query: [{"sid": "S-1-5-21-9"}]) == ("S-1-5-21-9",)


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("dotnet Other.dll --key=canary-5f failed", "dotnet Other.dll --key=******** failed"),
        ("Usercube-Agent.exe -p canary-5f 'x' failed", "Usercube-Agent.exe -p ******** 'x' failed"),
        ("Login failed. Server=a;Password=canary-5f", "******** (it may quote a secret: read the log on the server)"),
        ("proxy http://u:canary-5f@proxy:3128", "******** (it may quote a secret: read the log on the server)"),
        ("Could not load file or assembly 'A, Version=1.0.0'", "Could not load file or assembly 'A, Version=1.0.0'"),
        ("a - b and well-known words", "a - b and well-known words"),
    ],
)
def test_a_log_s_line_is_shown_without_what_may_be_a_secret(message, shown):
    assert log_checks.short(message) == shown
