"""The proxy of an agent that is a service: among the variables of its own, where .NET looks, beside what others set."""

from __future__ import annotations

import json

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting import service_environment
from hypothesis import given
from hypothesis import strategies as st
from test_service import converge_twice, inventory, service

KEY = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}"
BARE, SECRET, ROTATED = "proxy.contoso.com:3128", "canary-proxy-Pa55", "canary-proxy-PA55"
PROXY = f"http://svc:{SECRET}@proxy.contoso.com:3128"
SHOWN = "http://********@proxy.contoso.com:3128"


def behind_a_proxy(**about):
    """Build a server that reaches its Identity Manager server by the proxy only."""
    return chain.server({"identity_servers": {chain.SERVER_URL: {"proxy": BARE}}, **about})


def entries(server):
    return server.machine.registry.get(KEY, "Environment")


def foreign(server, *lines):
    server.machine.registry.set(KEY, "Environment", "MultiString", list(lines))


def shown(results):
    return json.dumps(results) + "".join(str(r.get("diff")) for r in results.values())


def test_the_agent_gets_the_proxy_where_dotnet_looks_and_is_verified_by_it():
    server = behind_a_proxy()
    done = converge_twice(server, inventory(https_proxy=BARE, no_proxy=[".paris.com", "localhost"]))
    assert server.machine.services.environment(chain.SERVICE) == {
        "HTTPS_PROXY": BARE,
        "IMOPS_SET_HTTPS_PROXY": BARE,
        "NO_PROXY": ".paris.com,localhost",
        "IMOPS_SET_NO_PROXY": ".paris.com,localhost",
    }
    (check,) = [c for c in done["win_im_agent_health"]["checks"] if c["id"] == "client_credentials"]
    assert (check["state"], check["found"]) == ("passed", "a token")


def test_without_the_variable_the_agent_behind_a_proxy_is_not_verified():
    server = behind_a_proxy()
    done = chain.converge(server, inventory())
    (check,) = [c for c in done["win_im_agent_health"]["checks"] if c["id"] == "client_credentials"]
    assert check["state"] == "unknown"


def test_a_changed_proxy_restarts_the_service_once():
    server = behind_a_proxy()
    chain.converge(server, inventory(https_proxy="other.contoso.com:8080"))
    started = service(server).started
    done = converge_twice(server, inventory(https_proxy=BARE))
    assert chain.changed(done) == {"win_im_service", "start service"}
    assert service(server).started > started
    assert done["start service"]["restarted_because"] == ["variables of the service changed"]
    assert f"variable HTTPS_PROXY: {BARE}" in done["win_im_service"]["diff"][0]["after"]


def test_a_password_is_shown_nowhere_and_one_that_changes_only_in_case_arrives():
    server = behind_a_proxy()
    results = [converge_twice(server, inventory(https_proxy=PROXY))]
    foreign(server, "OTHER=canary-of-others", *entries(server))
    results.append(converge_twice(server, inventory(https_proxy=PROXY.replace(SECRET, ROTATED))))
    assert entries(server) == [
        "OTHER=canary-of-others",
        f"HTTPS_PROXY={PROXY.replace(SECRET, ROTATED)}",
        f"IMOPS_SET_HTTPS_PROXY={SHOWN}",
    ]
    assert "variable HTTPS_PROXY: http://******** (changed)@proxy.contoso.com:3128" in shown(results[1])
    assert "variable OTHER: ********" in shown(results[1])
    assert any("every user of the server may read" in warning for warning in results[0]["win_im_service"]["warnings"])
    assert "canary" not in "".join(map(shown, results)) + json.dumps(server.machine.dump()["events"])


def test_an_emptied_variable_is_removed_where_it_is_ours_and_others_are_kept():
    server = chain.server()
    chain.converge(server, inventory(https_proxy=PROXY, no_proxy=["localhost"]))
    foreign(server, *entries(server), "OTHER=theirs")
    started = service(server).started
    done = converge_twice(server, inventory())
    assert chain.changed(done) == {"win_im_service", "start service"}
    assert service(server).started > started
    assert entries(server) == ["OTHER=theirs"]
    foreign(server, "HTTPS_PROXY=theirs.contoso.com:1")
    assert chain.changed(chain.converge(server, inventory())) == set()
    assert entries(server) == ["HTTPS_PROXY=theirs.contoso.com:1"]


def test_the_last_variable_leaves_no_empty_value_behind():
    server = chain.server()
    chain.converge(server, inventory(https_proxy=BARE))
    converge_twice(server, inventory())
    assert entries(server) is None


def test_a_proxy_that_somebody_else_has_changed_since_is_not_removed():
    server = chain.server()
    chain.converge(server, inventory(https_proxy=BARE))
    foreign(server, "HTTPS_PROXY=theirs.contoso.com:1", *entries(server)[1:])
    assert chain.changed(chain.converge(server, inventory())) == {"win_im_service", "start service"}
    assert chain.changed(chain.converge(server, inventory())) == set()
    assert entries(server) == ["HTTPS_PROXY=theirs.contoso.com:1"]


def test_a_restart_that_is_not_allowed_is_told():
    server = chain.server()
    chain.converge(server, inventory())
    started = service(server).started
    server.new_run()
    given = {**chain.arguments("start service", inventory(https_proxy=BARE), {}), "restart": "never"}
    result = server.run("win_im_service", given)
    assert result["pending_restart"] == ["variables of the service changed"]
    assert service(server).started == started


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"https_proxy": "https://u:canary-form@proxy:1"}, "https_proxy: found an https:// proxy"),
        ({"https_proxy": "proxy:1/canary-form"}, "https_proxy: found a '/'"),
        ({"no_proxy": ["*.contoso.com"]}, "no_proxy: found a '*'"),
    ],
)
def test_a_form_that_dotnet_ignores_is_refused_without_its_secret(options, words):
    server = chain.server()
    before = json.dumps(server.machine.dump(), sort_keys=True)
    result = server.run("win_im_service", {"name": "a", "path": "C:\\a", **options})
    assert words in result["msg"]
    assert "canary" not in json.dumps(result)
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


NAMES = st.sampled_from(["HTTPS_PROXY", "https_proxy", "NO_PROXY", "PATH", "OpenId__Key", "IMOPS_SET_NO_PROXY"])
ENTRIES = st.lists(
    st.one_of(
        st.builds("{}={}".format, NAMES, st.sampled_from(["", "a", "proxy:1", "http://u:p@proxy:1"])), st.just("odd")
    )
)
VALUES = st.tuples(
    st.tuples(st.just("HTTPS_PROXY"), st.sampled_from(["", "proxy:1", "http://u:p@proxy:1", "http://u:P@proxy:1"])),
    st.tuples(st.just("NO_PROXY"), st.sampled_from(["", "a", ".contoso.com,b"])),
)


def of_others(lines):
    ours = {"HTTPS_PROXY", "NO_PROXY", "IMOPS_SET_HTTPS_PROXY", "IMOPS_SET_NO_PROXY"}
    return [line for line in lines if line.partition("=")[0].upper() not in ours]


@given(ENTRIES, VALUES)
def test_whatever_is_there_others_entries_stay_and_the_wanted_ones_hold(lines, values):
    after = service_environment.merged(tuple(lines), values)
    assert of_others(after) == of_others(lines)
    assert service_environment.merged(after, values) == after
    held = {line.partition("=")[0].upper(): line.partition("=")[2] for line in after}
    assert all(held[name] == value for name, value in values if value)


@given(st.lists(st.sampled_from(["PATH=a", "odd", "OpenId__Key=b"]), unique=True), VALUES)
def test_what_was_set_is_taken_back_to_what_was_there(lines, values):
    with_ours = service_environment.merged(tuple(lines), values)
    assert service_environment.merged(with_ours, [(name, "") for name, _value in values]) == tuple(lines)
