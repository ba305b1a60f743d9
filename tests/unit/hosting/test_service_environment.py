"""The proxy of an agent that is a service: among the variables of its own, where .NET looks, beside what others set."""

from __future__ import annotations

import functools
import itertools
import json

import by_day
import chain
import one_task
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting import service_environment
from emulator.engine import ConnectionDropped
from hypothesis import given
from hypothesis import strategies as st
from test_service import converge_twice, inventory, service

KEY = f"HKLM:\\SYSTEM\\CurrentControlSet\\Services\\{chain.SERVICE}"
OLD = "old.contoso.com:3128"
BARE, SECRET, ROTATED = "proxy.contoso.com:3128", "canary-proxy-Pa55", "canary-proxy-PA55"
PROXY = f"http://svc:{SECRET}@proxy.contoso.com:3128"
PROXIES = [BARE, OLD, "other.contoso.com:8080"]
"""Those that let a server through to what it downloads."""
SHOWN = "http://********@proxy.contoso.com:3128"


def behind_a_proxy(**about):
    """Build a server that reaches its Identity Manager server by the proxy only."""
    return chain.server({"identity_servers": {chain.SERVER_URL: {"proxy": BARE}}, "proxies": PROXIES, **about})


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
    started = service(server).started
    results.append(converge_twice(server, inventory(https_proxy=PROXY.replace(SECRET, ROTATED))))
    assert entries(server) == [
        "OTHER=canary-of-others",
        f"HTTPS_PROXY={PROXY.replace(SECRET, ROTATED)}",
        f"IMOPS_SET_HTTPS_PROXY={SHOWN}",
        f"IMOPS_UNREAD_BY={started}",
    ]
    assert "variable HTTPS_PROXY: http://******** (changed)@proxy.contoso.com:3128" in shown(results[1])
    assert "variable OTHER: ********" in shown(results[1])
    assert any("every user of the server may read" in warning for warning in results[0]["win_im_service"]["warnings"])
    assert "canary" not in "".join(map(shown, results)) + json.dumps(server.machine.dump()["events"])


def test_an_emptied_variable_is_removed_where_it_is_ours_and_others_are_kept():
    server = chain.server({"proxies": PROXIES})
    chain.converge(server, inventory(https_proxy=PROXY, no_proxy=["localhost"]))
    foreign(server, *entries(server), "OTHER=theirs")
    started = service(server).started
    done = converge_twice(server, inventory())
    assert chain.changed(done) == {"win_im_service", "start service"}
    assert service(server).started > started
    assert entries(server) == ["OTHER=theirs", f"IMOPS_UNREAD_BY={started}"]
    foreign(server, "HTTPS_PROXY=theirs.contoso.com:1")
    assert chain.changed(chain.converge(server, inventory())) == set()
    assert entries(server) == ["HTTPS_PROXY=theirs.contoso.com:1"]


@pytest.mark.parametrize("runs", [True, False])
def test_the_last_variable_leaves_no_empty_value_behind(runs):
    server = chain.server({"proxies": PROXIES})
    chain.converge(server, inventory(https_proxy=BARE))
    started = service(server).started
    if not runs:
        server.machine.services.stop(chain.SERVICE)
    converge_twice(server, inventory())
    assert entries(server) == ([f"IMOPS_UNREAD_BY={started}"] if runs else None)


@functools.cache
def installed():
    server = chain.server({"proxies": PROXIES})
    assert chain.failures(chain.converge(server, inventory(https_proxy=OLD))) == []
    return server


CHANGES = {"another": {"https_proxy": BARE}, "emptied": {}, "case only": {"https_proxy": OLD.upper()}}


def has_read(server):
    """Tell whether the service's process began after the last write of its variables."""
    return f"IMOPS_UNREAD_BY={service(server).started}" not in (entries(server) or [])


@pytest.mark.parametrize(  # the last write ends too late to cut
    ("change", "when", "write"), by_day.one_in(5, itertools.product(CHANGES, ("before", "after"), range(1, 4)))
)
def test_a_restart_that_a_cut_run_left_undone_is_done_by_the_next(change, when, write):
    server, wanted = one_task.copied(installed()), inventory(**CHANGES[change])
    old = service(server).started
    server.engine.faults = [{"write": write, "when": when, "do": "drop"}]
    try:
        cut = not chain.converge(server, wanted)
    except ConnectionDropped:
        cut = True
    server.engine.faults = []
    assert cut is (write <= 2)
    before = service(server).started
    done = chain.converge(server, wanted)
    assert chain.failures(done) == []
    now = service(server).started
    assert now > old
    assert has_read(server)
    assert ("start service" in chain.changed(done)) is (before == old)
    assert chain.changed(chain.converge(server, wanted)) == set()
    assert service(server).started == now


def test_a_restart_that_was_not_allowed_is_told_again_and_done_once_it_is_allowed():
    server = one_task.copied(installed())
    given = chain.arguments("start service", inventory(https_proxy=BARE), {})
    told = []
    for more in ({"restart": "never"}, {"restart": "never"}, {}, {}):
        server.new_run()
        done = server.run("win_im_service", {**given, **more})
        told.append((done["changed"], done.get("pending_restart"), done.get("restarted_because")))
    because = ["variables of the service changed"]
    assert told == [(True, because, None), (False, because, None), (True, None, because), (False, None, None)]


def test_a_process_that_windows_started_meanwhile_has_read_the_variables():
    server, wanted = one_task.copied(installed()), inventory(https_proxy=BARE)
    chain.converge(server, wanted, until="win_im_service")
    server.machine.services.stop(chain.SERVICE)
    server.machine.services.start(chain.SERVICE)
    assert chain.changed(chain.converge(server, wanted)) == set()


def test_a_proxy_that_somebody_else_has_changed_since_is_not_removed():
    server = chain.server({"proxies": PROXIES})
    chain.converge(server, inventory(https_proxy=BARE))
    foreign(server, "HTTPS_PROXY=theirs.contoso.com:1", *entries(server)[1:])
    started = service(server).started
    assert chain.changed(chain.converge(server, inventory())) == {"win_im_service", "start service"}
    assert chain.changed(chain.converge(server, inventory())) == set()
    assert entries(server) == ["HTTPS_PROXY=theirs.contoso.com:1", f"IMOPS_UNREAD_BY={started}"]


def test_a_restart_that_is_not_allowed_is_told():
    server = chain.server({"proxies": PROXIES})
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
    server = chain.server({"proxies": PROXIES})
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
