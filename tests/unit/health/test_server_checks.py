"""The agent as its Identity Manager server sees it: asked with a token that stays on the agent's server."""

from __future__ import annotations

import base64
import json

import chain
import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import server_api
from emulator.windows.network.identity_server import TOKEN, IdentityServer
from emulator.windows.network.network import HttpAnswer
from hypothesis import given
from hypothesis import strategies as st

IDS = ("server_knows_agent", "server_jobs")
LONG_AGO, JUST_NOW = "2020-01-01T08:00:00Z", "2099-01-01T08:00:00.1234567Z"


@pytest.fixture
def server():
    return chain.installed()


def meet(server, **about):
    server.machine.network.elsewhere = [IdentityServer(**{"url": chain.SERVER_URL, **about}).respond]


def job(start, end=None, agent="Paris", name="SynchroAD"):
    told = {"Identifier": name, "Agent": {"Identifier": agent}}
    return {"Id": "7", "StartDate": start, "State": 1, "Job": told} | ({"EndDate": end} if end else {})


def health(server, **changes):
    server.new_run()
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), "agent_identifier": "Paris", **changes}
    return server.run("win_im_agent_health", {name: value for name, value in given.items() if value is not None})


def checks(result):
    return [one for one in result["checks"] if one["id"] in IDS]


def test_an_agent_that_is_online_is_seen_in_the_execution_of_all_other_questions(server):
    meet(server, agents={"Paris": {"State": 1}, "Lyon": {"State": 2}})
    result = health(server)
    assert [(one["state"], one["found"]) for one in checks(result)] == [
        ("passed", "online"),
        ("passed", "no job that runs"),
    ]
    assert not [one for one in checks(result) if "causes" in one or "remedy" in one]
    assert result["verified"] is True
    assert server.executions == 1


def test_nobody_asks_the_server_unless_that_is_wanted(server):
    meet(server, agents={})
    sent = sent_by(server)
    for changes in ({"agent_identifier": None}, {"openid": None}):
        result = health(server, **changes)
        assert [one["state"] for one in checks(result)] == ["not_asked", "not_asked"]
        assert all(one["reason"].startswith("im_verify_server is false") for one in checks(result))
    assert not [request for request in sent if "/api/" in request.path]


def sent_by(server):
    sent, asked = [], server.machine.network.request
    server.machine.network.request = lambda request: (sent.append(request), asked(request))[1]
    return sent


FAULTS = {
    "no such agent": ({"agents": {"Lyon": {"State": 1}}}, ["failed", "passed"], "im_agent_identifier"),
    "offline": ({"agents": {"Paris": {"State": 2}}}, ["failed", "passed"], "does not reach the server"),
    "unknown state": ({"agents": {"Paris": {"State": 0}}}, ["unknown", "passed"], "has not reported"),
    "no state": ({"agents": {"Paris": {}}}, ["unknown", "passed"], "has not reported"),
    "not for this client": ({"forbidden": True}, ["unknown", "unknown"], "im_verify_server to false"),
    "wrong secret": ({"clients": {"Job": "x"}}, ["unknown", "unknown"], "client_credentials"),
    "down": ({"down": True}, ["unknown", "unknown"], "is down"),
    "nobody there": ({"url": "https://other.contoso.com"}, ["unknown", "unknown"], "im_agent_server_url"),
    "a job that nobody runs": ({"instances": [job(LONG_AGO)]}, ["passed", "failed"], "restarted while the job ran"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_the_server_says_otherwise_is_found_with_its_cause(server, name):
    about, states, cause = FAULTS[name]
    meet(server, **about)
    result = health(server)
    assert [one["state"] for one in checks(result)] == states
    bad = [one for one in checks(result) if one["state"] != "passed"]
    assert all(cause in " ".join([*one["causes"], one["remedy"]]) for one in bad)
    assert all(one["basis"] == "belief" for one in bad)
    assert result["verified"] is (False if name == "wrong secret" else None)


@pytest.mark.parametrize(
    ("instances", "found"),
    [
        ([job(JUST_NOW)], "SynchroAD since 2099-01-01T08:00:00Z"),
        ([job(LONG_AGO, end="2020-01-01T09:00:00Z")], "no job that runs"),
        ([job(LONG_AGO, agent="Lyon")], "no job that runs"),
        ([job("long ago")], "SynchroAD"),
    ],
)
def test_a_job_that_may_run_is_told_and_those_of_other_agents_are_not(server, instances, found):
    meet(server, instances=instances)
    (_entry, jobs) = checks(health(server))
    assert (jobs["state"], jobs["found"]) == ("passed", found)


def test_the_agent_is_asked_for_by_the_name_that_it_gives_itself(server):
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json_text.parse(server.machine.files.text(path)).data
    data["OpenId"]["AgentIdentifier"] = "Nantes"
    server.machine.files.write(path, json.dumps(data).encode())
    meet(server, agents={"Paris": {"State": 1}})
    entry, _jobs = checks(health(server))
    assert (entry["state"], entry["name"]) == ("failed", "agent Nantes at identitymanager.contoso.com")
    assert "the agent calls itself Nantes, unlike im_agent_identifier" in entry["found"]


def test_a_client_that_only_the_undocumented_form_names_asks_too(server):
    meet(server, bare=True)
    result = health(server)
    assert [one["state"] for one in checks(result)] == ["passed", "passed"]


def test_the_token_is_in_nothing_that_comes_back_or_stays(server):
    meet(server, proxy="proxy.contoso.com:3128")
    server.machine.environment.set("HTTPS_PROXY", "proxy.contoso.com:3128")
    sent, kept = sent_by(server), []
    call = server.engine.call
    server.engine.call = lambda *given, **options: (kept.append(call(*given, **options)), kept[-1])[1]
    openid = {**chain.arguments("win_im_agent_health", chain.inventory(), {})["openid"]}
    result = health(server, openid=openid | {"proxy": "proxy.contoso.com:3128"})
    assert [one["state"] for one in checks(result)] == ["passed", "passed"]
    assert sum(request.headers.get("Authorization") == f"Bearer {TOKEN}" for request in sent) == 2
    assert all(request.verify for request in sent if request.address != "127.0.0.1")
    dump = server.machine.dump()
    seen = json.dumps([result, kept, dump["events"], dump["processes"]])
    assert not any(part in seen for part in (TOKEN, base64.b64encode(TOKEN.encode()).decode()[:40], "access_token"))


def test_a_server_that_repeats_the_token_gives_it_to_nobody(server):
    def respond(request):
        if request.method == "POST":
            return HttpAnswer(200, "OK", {}, json.dumps({"access_token": TOKEN}).encode())
        return HttpAnswer(200, "OK", {}, json.dumps({"Result": [{"State": request.headers["Authorization"]}]}).encode())

    server.machine.network.elsewhere = [respond]
    result = health(server)
    assert checks(result)[0]["state"] == "unknown"
    assert TOKEN not in json.dumps(result)


def test_an_identifier_that_the_query_language_cannot_say_is_refused(server):
    result = health(server, agent_identifier='Pa"ris')
    assert "agent_identifier: found a quotation mark" in result["msg"]


def test_a_question_with_a_token_is_one_that_carries_a_secret():
    query = probe.with_token(probe.http(address="a", host="a", body="client_secret=x"), "/b")
    assert probe.carries_secret(query)
    assert query["token"] == {"address": "a", "host": "a", "body": "client_secret=x"}


ANYTHING = st.recursive(
    st.one_of(st.none(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["Result", "State", "Job", "StartDate", "x"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(st.one_of(st.binary(max_size=20), ANYTHING.map(lambda data: json.dumps(data).encode())), st.integers(100, 599))
def test_whatever_a_server_answers_is_read_without_an_error(body, status):
    told = server_api.read({"status": status, "body": base64.b64encode(body).decode()})
    for item in told.items or ():
        assert server_api.state(item) is not None
        assert server_api.instance(item).words
    assert told.items is not None or told.found


ODD_LISTS = [
    b'{"Result": {}}',
    b'{"Result": ""}',
    b'{"Result": [[]]}',
    b'{"Result": [["Id"]]}',
    b'{"Result": [null]}',
    b"[" * 100_000,
]


@pytest.mark.parametrize("body", ODD_LISTS)
def test_what_is_no_list_of_objects_says_nothing_of_the_agent(server, body):
    def respond(request):
        if request.method == "POST":
            return HttpAnswer(200, "OK", {}, json.dumps({"access_token": TOKEN}).encode())
        return HttpAnswer(200, "OK", {}, body)

    server.machine.network.elsewhere = [respond]
    told = [(one["state"], one["found"]) for one in checks(health(server))]
    assert told == [("unknown", "status 200, but no list")] * 2


@pytest.mark.parametrize("value", [float("inf"), float("nan"), [1], {"a": 1}, "online", 2**70])
def test_a_state_that_is_none_of_the_vendor_s_is_unknown(server, value):
    meet(server, agents={"Paris": {"State": value}})
    entry, _jobs = checks(health(server))
    assert (entry["state"], entry["found"]) == ("unknown", "an agent whose state the server does not know")


ODD_STARTS = [None, 5, [LONG_AGO], "", "2020-13-01", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]


@pytest.mark.parametrize("start", ODD_STARTS)
def test_a_job_whose_start_nobody_can_tell_is_named_without_it(server, start):
    meet(server, instances=[job(start)])
    (_entry, jobs) = checks(health(server))
    assert (jobs["state"], jobs["found"]) == ("passed", "SynchroAD")


@pytest.mark.parametrize(("value", "passed"), [(True, True), ("true", True), (False, False), ("false", False)])
def test_the_role_asks_the_server_on_request_only(value, passed):
    loader = DataLoader()
    (task,) = loader.load_from_file(str(chain.ROOT / "roles/im_verify/tasks/main.yml"), trusted_as_template=True)
    given = task["imops.identity_manager.win_im_agent_health"]["agent_identifier"]
    variables = {"im_verify_server": value, "im_agent_identifier": "Paris", "omit": "left out"}
    assert Templar(loader, variables).template(given) == ("Paris" if passed else "left out")
