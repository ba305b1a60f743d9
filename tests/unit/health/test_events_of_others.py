"""Entries of other programs in the logs decide nothing about the agent."""

from __future__ import annotations

import chain
import pytest
from test_health import failed, health

MODULE, RUNTIME = "IIS AspNetCore Module V2", f"{chain.WORKING}\\Runtime"
FAILED = "Application '/LM/W3SVC/{number}/ROOT' with physical root '{folder}\\' failed to load coreclr."
STARTED = "Application '{folder}\\' started successfully."
ERRORS = "errors in the Application log"


@pytest.fixture
def server():
    return chain.installed()


def note(server, event, level, text, **fields):
    server.machine.events.add("Application", MODULE, event, level, text.format(**{"number": 3, **fields}))


@pytest.mark.parametrize("folder", ["C:\\inetpub\\other", f"{RUNTIME}2", f"{RUNTIME}.old", f"D:{RUNTIME[2:]}"])
def test_an_error_of_another_application_is_not_the_agents(server, folder):
    note(server, 1007, "Error", FAILED, folder=folder)
    assert health(server)["verified"] is True


def test_the_start_of_another_application_does_not_hide_an_error_of_the_agent(server):
    note(server, 1007, "Error", FAILED, folder=RUNTIME.upper())
    note(server, 1032, "Information", STARTED, folder="C:\\inetpub\\other")
    assert list(failed(health(server))) == [ERRORS]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (1032, "{folder}\\"),
        (1001, "Application '{folder}\\' started process '9' successfully and is listening."),
        (1, STARTED),
    ],
)
def test_a_start_of_the_agent_is_seen_by_its_number_or_its_words(server, event, text):
    note(server, 1007, "Error", FAILED, folder=RUNTIME)
    note(server, event, "Information", text, folder=RUNTIME)
    assert health(server)["verified"] is True


FAULT = "Faulting application name: Usercube-Agent.exe\nFaulting application path: {folder}\\Usercube-Agent.exe\n"


@pytest.mark.parametrize(
    ("folder", "counts"), [(RUNTIME, True), (RUNTIME.upper(), True), ("C:\\identitymanagerLyon\\Runtime", False)]
)
def test_the_crash_of_another_agent_s_service_is_not_the_agents(folder, counts):
    made, inventory = chain.server(), chain.inventory(hosting="service")
    assert chain.failures(chain.converge(made, inventory)) == []
    made.machine.events.add("Application", "Application Error", 1000, "Error", FAULT.format(folder=folder))
    failures = chain.failures(chain.converge(made, inventory))
    assert bool(failures) is counts
