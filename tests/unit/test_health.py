"""The proof that the agent runs: what it sees of one that does, and the cause that it names of one that does not."""

from __future__ import annotations

import datetime
import json
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _agent_logs, _controller_request, _json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._questions import NotAnswered
from emulator.windows import clock
from emulator.windows.errors import WindowsError
from emulator.windows.identity_server import TOKEN, IdentityServer
from emulator.windows.network import HttpAnswer

SECRET = chain.CANARIES["job"]
TEMP = f"{chain.WORKING}\\Temp"


@pytest.fixture
def server():
    made = chain.server()
    assert chain.failures(chain.converge(made)) == []
    made.new_run()
    return made


def arguments(**changes):
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), **changes}
    return {name: value for name, value in given.items() if value is not None}


def health(server, *, check=False, **changes):
    server.new_run()
    return server.run("win_im_agent_health", arguments(**changes), check=check)


def failed(result):
    return {c["name"]: c for c in result["checks"] if not c["passed"]}


def served(server):
    return next(c.thumbprint for c in server.machine.certificates.all("LocalMachine", "My") if chain.HOST in c.subject)


def now(server, seconds=0):
    return server.machine.clock.now() + datetime.timedelta(seconds=seconds)


def test_all_holds_in_one_execution_for_its_questions_and_one_for_the_look(server):
    result = health(server, thumbprint=served(server))
    assert result["verified"] is True
    assert result["changed"] is False
    assert server.executions == 2


def test_another_certificate_than_the_expected_one_is_named(server):
    result = health(server, thumbprint="AB" * 20)
    (check,) = failed(result).values()
    assert check["found"] == f"certificate {served(server)}"
    assert "run im_site again" in result["msg"]


# The Identity Manager server

REFUSED_CLIENT = {
    "another secret": ({"clients": {"Job": "other"}}, "status 400, invalid_client", "im_agent_openid_clients"),
    "an unknown client": ({"clients": {}}, "status 400, invalid_client", "openid_client_element"),
    "another server": ({"url": f"{chain.SERVER_URL}:444"}, "no answer", "does not reach it"),
    "a path too much": ({"url": f"{chain.SERVER_URL}/im"}, "status 404", "im_agent_server_url"),
    "a certificate that is not trusted": ({"trusted": False}, "no answer", "so the secret was not sent"),
    "only by a proxy": ({"proxy": "proxy.contoso.com:3128"}, "no answer", "im_agent_https_proxy"),
}


def meet(server, **about):
    """Let the server reach this Identity Manager server instead."""
    server.machine.network.elsewhere = [IdentityServer(**{"url": chain.SERVER_URL, **about}).respond]


@pytest.mark.parametrize("name", REFUSED_CLIENT)
def test_a_client_that_the_server_does_not_accept_is_named_with_its_cause(server, name):
    about, found, remedy = REFUSED_CLIENT[name]
    meet(server, **about)
    result = health(server)
    (check,) = failed(result).values()
    assert check["name"] == f"client Job at {chain.SERVER_URL}/connect/token"
    assert found in check["found"]
    assert remedy in check["remedy"]
    assert SECRET not in json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])


@pytest.mark.parametrize("proxy", ["proxy.contoso.com:3128", "http://user:canary-proxy-pa55@proxy.contoso.com:3128"])
def test_the_token_is_asked_for_by_the_agent_s_proxy_and_kept_nowhere(server, proxy):
    meet(server, proxy="proxy.contoso.com:3128")
    sent = []
    network = server.machine.network
    asked = network.request
    network.request = lambda request: (sent.append(request), asked(request))[1]
    result = health(server, openid={**arguments()["openid"], "proxy": proxy})
    assert result["verified"] is True
    (request,) = [r for r in sent if r.address != "127.0.0.1"]
    assert request.verify
    assert request.body == f"grant_type=client_credentials&client_id=Job&client_secret={SECRET}".encode()
    seen = json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])
    assert not any(canary in seen for canary in (SECRET, TOKEN, "canary-proxy-pa55"))


@pytest.mark.parametrize(("name", "direct"), [(".contoso.com", True), ("contoso.com", False), ("other", False)])
def test_a_name_without_a_proxy_is_asked_directly(server, name, direct):
    openid = {**arguments()["openid"], "proxy": "proxy.contoso.com:3128", "no_proxy": [name]}
    assert bool(failed(health(server, openid=openid))) is not direct


def test_of_a_token_only_the_beginning_is_read(server):
    calls = server.engine.calls
    assert health(server)["verified"] is True
    asked = [q for _, a, _ in calls for q in a.get("queries", ()) if q.get("body")]
    assert asked
    assert all(query["max_bytes"] < len(TOKEN) for query in asked)


@pytest.mark.parametrize(
    ("error", "passes"), [("invalid_scope", True), ("unauthorized_client", True), ("server_error", False)]
)
def test_an_error_after_the_client_was_known_says_that_its_secret_is_right(server, error, passes):
    answer = HttpAnswer(400, "Bad Request", {}, json.dumps({"error": error}).encode())
    server.machine.network.elsewhere = [lambda request: answer]
    result = health(server)
    assert result["verified"] is passes
    assert error in json.dumps(result["checks"])


def test_a_page_is_no_token(server):
    server.machine.network.elsewhere = [lambda request: HttpAnswer(200, "OK", {}, b"<!DOCTYPE html><html></html>")]
    (check,) = failed(health(server)).values()
    assert check["found"] == "status 200, but no JSON"


def test_a_question_that_fails_does_not_leave_the_agent_stopped(server):
    query = server.machine.events.query

    def once(log, *rest):
        if log == "System":
            raise WindowsError("System.UnauthorizedAccessException", "denied")
        return query(log, *rest)

    server.machine.events.query = once
    result = health(server, recycle=True)
    assert "denied" in failed(result)[f"stop of {chain.POOL}"]["found"]
    assert server.machine.iis.pool_state(chain.POOL) == "Started"


@pytest.mark.parametrize(
    "openid",
    [
        {"server_url": "http://im.contoso.com", "client": "Job", "secret": SECRET},
        {"server_url": chain.SERVER_URL, "client": "Job", "secret": SECRET, "proxy": "https://p/x"},
    ],
)
def test_a_secret_is_not_sent_where_it_could_be_read(server, openid):
    result = health(server, openid=openid)
    assert result["failed"]
    assert "wanted" in result["msg"]
    assert server.executions == 0


# The agent's own logs


def write_settings(server, **more):
    path = f"{chain.RUNTIME}\\appsettings.json"
    data = _json_text.parse(server.machine.files.text(path)).data
    server.machine.files.write(path, json.dumps(data | more).encode())


SINK = {"WriteTo": [{"Name": "Async", "Args": {"configure": [{"Name": "File", "Args": {"path": "../Temp/im-.txt"}}]}}]}


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("{later} [ERR] Usercube.Jobs: no way", True),
        ("{later} [Fatal] ended", True),
        ('{{"@t":"{iso}","@mt":"no way","@l":"Error"}}', True),
        ('{{"Timestamp":"{iso}","Level":"Fatal"}}', True),
        ("{earlier} [ERR] long ago", False),
        ("{later} [INF] an [ERR] that was told", False),
        ("2099-01-01 00:00:00.000 [ERR] of a time that nobody knows", False),
        ('{{"@t":"{iso}","@mt":"fine"}}', False),
        ("{{ no JSON", False),
    ],
)
def test_an_error_in_the_log_of_serilog_since_the_start_counts(server, line, counts):
    write_settings(server, Serilog=SINK)
    stamp = "%Y-%m-%d %H:%M:%S.%f"
    offset = datetime.timezone(datetime.timedelta(hours=2))
    later, earlier = (now(server, s).astimezone(offset).strftime(stamp)[:-3] + " +02:00" for s in (60, -86400))
    text = line.format(later=later, earlier=earlier, iso=clock.stamp(now(server, 60)))
    server.machine.files.write(f"{TEMP}\\im-20261124.txt", f"noise\r\n{text}\r\n".encode())
    found = failed(health(server))
    assert bool(found) is counts
    if counts:
        ((name, check),) = found.items()
        assert name == f"errors in the log of Serilog {TEMP}\\im-*.txt"
        assert "1 lines" in check["found"]


@pytest.mark.parametrize(("text", "counts"), [("Unhandled exception. no way", True), ("info: fine", False)])
def test_an_error_in_the_stdout_log_counts_where_web_config_switches_it_on(server, text, counts):
    path = f"{chain.RUNTIME}\\web.config"
    server.machine.files.write(f"{TEMP}\\stdout-agent_20261124_1.log", f"{text}\r\n".encode())
    assert not failed(health(server)), "it is switched off"
    config = server.machine.files.text(path).replace('stdoutLogEnabled="false"', 'stdoutLogEnabled="true"')
    assert 'stdoutLogEnabled="true"' in config
    server.machine.files.write(path, config.encode())
    health(server)  # the request lets IIS start the application again
    newest = sorted(n for n in server.machine.files.children(TEMP) if n.startswith("stdout-agent"))[-1]
    server.machine.files.write(f"{TEMP}\\{newest}", f"{text}\r\n".encode())
    assert bool(failed(health(server))) is counts


def test_logs_that_cannot_be_named_are_not_looked_for():
    found = _agent_logs.logs("C:\\r", "C:\\r", b"<broken", b'{"Serilog": {"WriteTo": {"0": {"Name": "File"}}}}')
    assert found == ()
    settings = json.dumps({"serilog": {"writeto": [{"name": "FILE", "args": {"Path": "%TEMP%/x.txt"}}]}}).encode()
    assert _agent_logs.logs("C:\\r", "C:\\r", None, settings) == ()
    settings = json.dumps({"Serilog": {"WriteTo": {"0": {"Name": "File", "Args": {"path": "./logs/x"}}}}}).encode()
    (log,) = _agent_logs.logs("C:\\r", "D:\\base", None, settings)
    assert (log.folder, log.pattern) == ("D:\\base\\logs", "x*")


# Coming up by itself


def without_preload(server):
    server.machine.iis.set_preload(chain.SITE, False)


def test_after_a_recycle_the_agent_comes_up_without_a_request_and_runs_a_job(server):
    before = server.machine.iis.workers()[0].started
    result = health(server, recycle=True, jobs=True)
    assert result["verified"] is True, result
    assert result["changed"] is True
    assert result["operations"] == [f"stop application pool {chain.POOL}", f"start application pool {chain.POOL}"]
    assert server.machine.iis.workers()[0].started > before
    names = [c["name"] for c in result["checks"]]
    assert names.index("jobs since the agent was started") < names.index(f"site {chain.SITE}")
    assert f"stop of {chain.POOL}" in names


@pytest.mark.parametrize(
    ("spoil", "name", "remedy"),
    [
        (without_preload, f"start of {chain.POOL} without a request", "preload (im_site)"),
        (
            lambda server: write_settings(server, Scheduler={"Enabled": False}),
            "jobs since the agent was started",
            "Scheduler.Enabled",
        ),
    ],
)
def test_an_agent_that_needs_a_visitor_or_runs_no_job_is_named(server, spoil, name, remedy):
    spoil(server)
    result = health(server, recycle=True, jobs=name.startswith("jobs"))
    assert list(failed(result)) == [name]
    assert remedy in failed(result)[name]["remedy"]


def test_a_run_that_starts_the_pool_proves_the_start_and_recycles_nothing(server):
    without_preload(server)
    server.machine.iis.recycles.clear()
    server.run("win_im_apppool", {"name": chain.POOL, "state": "started", "idle_timeout_minutes": 5})
    result = server.run("win_im_agent_health", arguments())
    assert list(failed(result)) == [f"start of {chain.POOL} without a request"]
    assert server.machine.iis.recycles == {}
    server.new_run()
    server.run("win_im_apppool", {"name": chain.POOL, "state": "started", "idle_timeout_minutes": 6})
    assert server.run("win_im_agent_health", arguments(warm_up=False))["verified"] is True


def test_an_error_at_the_stop_is_told(server):
    stop = server.machine.iis.stop_pool

    def badly(name):
        stop(name)
        server.machine.events.add("System", "Microsoft-Windows-WAS", 5013, "Warning", "exceeded time limits")

    server.machine.iis.stop_pool = badly
    result = health(server, recycle=True)
    assert list(failed(result)) == [f"errors at the stop of {chain.POOL}"]
    assert "exceeded time limits" in result["msg"]


def test_a_pool_that_is_stopped_already_is_only_started(server):
    server.machine.iis.stop_pool(chain.POOL)
    assert health(server, recycle=True)["operations"] == [f"start application pool {chain.POOL}"]


def test_a_service_is_stopped_and_started_too():
    wanted = chain.inventory(hosting="service")
    server = chain.server()
    assert chain.failures(chain.converge(server, wanted)) == []
    given = chain.arguments("win_im_agent_health", wanted, {})
    server.new_run()
    result = server.run("win_im_agent_health", {**given, "recycle": True, "jobs": True})
    assert result["verified"] is True, result
    assert server.machine.services.get(chain.SERVICE).state == "Running"


def test_check_mode_neither_stops_nor_writes(server):
    before = json.dumps(server.machine.dump(), sort_keys=True)
    result = health(server, check=True, recycle=True, test_mail={"to": "a@contoso.com", "from": "b@contoso.com"})
    assert result["changed"] is False
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


# On request


def test_a_test_mail_is_left_in_the_folder(server):
    result = health(server, test_mail={"to": "ops@contoso.com", "from": "agent@contoso.com"})
    assert result["verified"] is True
    mails = f"{chain.WORKING}\\Mails"
    (name,) = server.machine.files.children(mails)
    mail = server.machine.files.text(f"{mails}\\{name}")
    assert "To: ops@contoso.com\r\nFrom: agent@contoso.com\r\n" in mail
    assert "\n" not in mail.replace("\r\n", "")


@pytest.mark.parametrize("to", ["nobody", "a@contoso.com\r\nBcc: everybody@contoso.com"])
def test_a_mail_to_no_address_is_refused(server, to):
    assert "wanted to and from" in health(server, test_mail={"to": to, "from": "a@contoso.com"})["msg"]
    assert server.executions == 0


def test_looks_are_repeated_until_all_holds_and_no_longer(server, monkeypatch):
    moments = iter(range(0, 1000, 3))
    monkeypatch.setattr(time, "monotonic", lambda: next(moments))
    slept = []

    def sleep(seconds):
        slept.append(seconds)
        if len(slept) == 2:
            server.machine.iis.start_site(chain.SITE)

    monkeypatch.setattr(time, "sleep", sleep)
    server.machine.iis.stop_site(chain.SITE)
    assert health(server, timeout=60, delay=5)["verified"] is True
    assert slept == [5, 5]
    server.machine.iis.stop_site(chain.SITE)
    slept[:] = [0, 0, 0]
    assert f"site {chain.SITE}" in failed(health(server, timeout=12, delay=5))
    assert len(slept) <= 6


# From the controller


class Agent(BaseHTTPRequestHandler):
    """An agent that a browser reaches."""

    def do_GET(self):
        self.send_response(404 if self.path == "/none" else 200)
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *words):
        """Be silent."""


@pytest.fixture(scope="module")
def agent(tmp_path_factory):
    machine = chain.server().machine
    held = machine.certificates.make(subject="CN=localhost", names=["localhost"])
    path = tmp_path_factory.mktemp("agent") / "both.pem"
    path.write_bytes(held.key + b"\n" + ssl.DER_cert_to_PEM_cert(held.der).encode())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    listening = HTTPServer(("127.0.0.1", 0), Agent)
    listening.socket = context.wrap_socket(listening.socket, server_side=True)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening.server_address[1], held.thumbprint
    listening.shutdown()
    listening.server_close()


def test_the_controller_sees_status_and_certificate(agent):
    port, thumbprint = agent
    answer = _controller_request.answer(_controller_request.question("https", "127.0.0.1", port, "/", 10))
    assert (answer["status"], answer["thumbprint"]) == (200, thumbprint)


def test_an_agent_that_the_controller_does_not_reach_is_named(server, monkeypatch):
    answers = {"status": 200, "reason": "OK", "body": "", "thumbprint": served(server)}
    monkeypatch.setattr(_controller_request, "answer", lambda query: answers)
    assert health(server, from_controller=True, thumbprint=served(server))["verified"] is True
    answers["thumbprint"] = "CD" * 20
    name = f"answer of https://{chain.HOST}:443/ to the controller"
    check = failed(health(server, from_controller=True, thumbprint=served(server)))[name]
    assert "ends TLS" in check["remedy"]

    def refuse(query):
        raise NotAnswered(query, "ConnectionRefusedError", "refused")

    monkeypatch.setattr(_controller_request, "answer", refuse)
    check = failed(health(server, from_controller=True))[name]
    assert "firewall" in check["remedy"]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_answer_to_the_controller_is_an_error_with_its_kind(agent, scheme):
    port = 1 if scheme == "https" else agent[0]
    with pytest.raises(NotAnswered):
        _controller_request.answer(_controller_request.question(scheme, "127.0.0.1", port, "/", 5))
