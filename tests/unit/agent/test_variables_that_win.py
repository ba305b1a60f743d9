"""Variables that beat the agent's settings files: from the machine, its pool or service, and web.config."""

from __future__ import annotations

import re

import chain
import pytest

POOL = f'<add name="{chain.POOL}"'
CONFIGURATION = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
STAGING = "appsettings.agent.Staging.json"
OTHER = b'{"OpenId": {"AgentIdentifier": "Other"}}'


def on_machine(server, name, value):
    server.machine.environment.set(name, value)


def on_service(server, name, value):
    key = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}"
    server.machine.registry.set(key, "Environment", "MultiString", ["X=1", f"{name}={value}"])


def in_web_config(server, name, value):
    path = f"{chain.RUNTIME}\\web.config"
    text = server.machine.files.text(path)
    variable = f'<environmentVariable name="{name}" value="{value}" />'
    if "<environmentVariables>" in text:
        text = text.replace("<environmentVariables>", f"<environmentVariables>{variable}")
    else:
        text = re.sub(
            r"(<aspNetCore[^>]*?)\s*/>",
            rf"\1><environmentVariables>{variable}</environmentVariables></aspNetCore>",
            text,
        )
    assert variable in text
    server.machine.files.write(path, text)


def on_pool(server, name, value):
    text = server.machine.files.text(CONFIGURATION)
    element = re.search(rf"{POOL}[^>]*>", text)[0]
    variables = f'<environmentVariables><add name="{name}" value="{value}" /></environmentVariables>'
    new = f"{element[:-2]}>{variables}</add>" if element.endswith("/>") else f"{element}{variables}"
    server.machine.files.write(CONFIGURATION, text.replace(element, new))


PLACES = {
    "the machine": (on_machine, "iis"),
    "the machine (service)": (on_machine, "service"),
    f"the service {chain.SERVICE}": (on_service, "service"),
    f"the application pool {chain.POOL}": (on_pool, "iis"),
    f"{chain.RUNTIME}\\web.config": (in_web_config, "iis"),
}


def warnings(server, hosting):
    results = chain.converge(server, chain.inventory(hosting=hosting), check=True, until="win_im_agent_settings")
    assert chain.failures(results) == []
    return "\n".join(results["win_im_agent_settings"].get("warnings") or [])


def installed(hosting):
    server = chain.server()
    assert chain.failures(chain.converge(server, chain.inventory(hosting=hosting))) == []
    return server


@pytest.mark.parametrize("source", PLACES)
def test_a_variable_that_changes_what_is_wanted_is_told_by_name_and_key(source):
    put, hosting = PLACES[source]
    server = installed(hosting)
    put(server, "OpenId__AgentIdentifier", "Other")
    told = warnings(server, hosting)
    place = re.escape(source.partition(" (")[0])
    assert re.search(rf"the variable OpenId__AgentIdentifier of {place} .*changes OpenId:AgentIdentifier", told)


@pytest.mark.parametrize("name", ["ASPNETCORE_ENVIRONMENT", "DOTNET_ENVIRONMENT"])
@pytest.mark.parametrize("source", PLACES)
def test_the_files_of_an_environment_are_found_wherever_it_is_named(source, name):
    put, hosting = PLACES[source]
    server = installed(hosting)
    put(server, name, "Staging")
    server.machine.files.write(f"{chain.RUNTIME}\\{STAGING}", OTHER)
    told = warnings(server, hosting)
    assert f"{chain.RUNTIME}\\{STAGING} exists and overrides" in told
    assert "changes OpenId:AgentIdentifier" in told


def test_a_variable_that_sets_what_is_wanted_or_something_else_is_not_told():
    server = installed("iis")
    on_machine(server, "OpenId__AgentIdentifier", "Paris")
    on_machine(server, "Contoso__Colour", "blue")
    on_machine(server, "ASPNETCORE_ApplicationUri", "https://other.contoso.com")
    assert "the variable" not in warnings(server, "iis")


@pytest.mark.parametrize("source", [source for source, (put, _hosting) in PLACES.items() if put is not in_web_config])
def test_the_emulated_agent_takes_the_variable(source):
    """Without this the tests above could not fail as the real agent does: it would not start."""
    put, hosting = PLACES[source]
    server = installed(hosting)
    put(server, "OpenId__AgentIdentifier", "local")
    task = "start service" if hosting == "service" else "start"
    i = chain.inventory(hosting=hosting, agent_settings={"Serilog": {"MinimumLevel": "Debug"}})
    results = chain.converge(server, i)
    assert any(f.startswith((task, "win_im_agent_health")) for f in chain.failures(results))
