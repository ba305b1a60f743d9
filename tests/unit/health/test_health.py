"""The verification of an agent: it accepts one that runs, and names the cause if one does not."""

from __future__ import annotations

import datetime
import json
import re
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.probe import NotAnswered
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import agent_logs
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import controller_request
from emulator.windows import clock
from emulator.windows.errors import WindowsError
from emulator.windows.network.identity_server import TOKEN, IdentityServer
from emulator.windows.network.network import HttpAnswer

SECRET = chain.CANARIES["job"]
TEMP = f"{chain.WORKING}\\Temp"


@pytest.fixture
def server():
    return chain.installed()


def arguments(**changes):
    given = {**chain.arguments("win_im_agent_health", chain.inventory(), {}), **changes}
    return {name: value for name, value in given.items() if value is not None}


def health(server, *, check=False, **changes):
    server.new_run()
    return server.run("win_im_agent_health", arguments(**changes), check=check)


def failed(result):
    return {c["name"]: c for c in result["checks"] if c["passed"] is False}


def credentials(result):
    (check,) = [c for c in result["checks"] if c["id"] == "client_credentials"]
    return check


def let_the_agent_use(server, proxy, without=""):
    server.machine.environment.set("HTTPS_PROXY", proxy)
    server.machine.environment.set("NO_PROXY", without)


def served(server):
    return next(c.thumbprint for c in server.machine.certificates.all("LocalMachine", "My") if chain.HOST in c.subject)


def slow(pool):
    return f"A process serving application pool '{pool}' exceeded time limits during shut down. The process id was '1'."


def now(server, seconds=0):
    return server.machine.clock.now() + datetime.timedelta(seconds=seconds)


def test_a_running_agent_is_verified_in_one_execution(server):
    result = health(server, thumbprint=served(server))
    assert result["verified"] is True
    assert result["changed"] is False
    assert server.executions == 1


def test_another_certificate_than_the_expected_one_is_named(server):
    result = health(server, thumbprint="AB" * 20)
    (check,) = failed(result).values()
    assert check["found"] == f"certificate {served(server)}"
    assert "Run im_site again" in result["msg"]


# The Identity Manager server

REFUSED_CLIENT = {
    "another secret": (
        {"clients": {"Job": "other"}},
        "failed",
        "status 400, invalid_client",
        "im_agent_openid_clients",
    ),
    "an unknown client": ({"clients": {}}, "failed", "status 400, invalid_client", "openid_client_element"),
    "an expired client": ({"expired": "Job"}, "failed", "status 400, invalid_client", "ExpirationDate"),
    "another server": ({"url": f"{chain.SERVER_URL}:444"}, "unknown", "no answer", "im_agent_server_url"),
    "a path too much": ({"url": f"{chain.SERVER_URL}/im"}, "failed", "status 404", "im_agent_server_url"),
    "a certificate that is not trusted": ({"trusted": False}, "failed", "no answer", "so the secret was not sent"),
    "only by a proxy": ({"proxy": "proxy.contoso.com:3128"}, "unknown", "no answer", "im_agent_https_proxy"),
    "a server that is down": ({"down": True}, "unknown", "status 503", "is down"),
}


def meet(server, **about):
    """Let the server reach this Identity Manager server instead."""
    server.machine.network.elsewhere = [IdentityServer(**{"url": chain.SERVER_URL, **about}).respond]


@pytest.mark.parametrize("name", REFUSED_CLIENT)
def test_a_client_that_the_server_does_not_accept_is_named_with_its_cause(server, name):
    about, state, found, cause = REFUSED_CLIENT[name]
    meet(server, **about)
    result = health(server)
    check = credentials(result)
    assert check["name"] == f"client Job at {chain.SERVER_URL}/connect/token"
    assert check["state"] == state
    assert [c["id"] for c in result["checks"] if c["state"] in {"failed", "unknown"}] == ["client_credentials"]
    assert result["verified"] is (False if state == "failed" else None)
    assert bool(result.get("failed")) is (state == "failed")
    assert found in check["found"]
    assert cause in " ".join([*check["causes"], check["remedy"]])
    assert SECRET not in json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])


def test_a_client_that_only_the_undocumented_form_names_passes_and_is_told(server):
    meet(server, bare=True)
    result = health(server)
    check = credentials(result)
    assert result["verified"] is True
    assert "undocumented form" in check["found"]
    assert check["basis"] == "belief"


def test_the_server_is_asked_with_the_secret_that_the_agent_holds(server):
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json_text.parse(server.machine.files.text(path)).data
    data["OpenId"]["OpenIdClients"]["Job"] = "canary-held-by-the-agent"
    server.machine.files.write(path, json.dumps(data).encode())
    meet(server, clients={"Job": SECRET})
    result = health(server)
    check = credentials(result)
    assert check["state"] == "failed"
    assert "the agent holds another secret than im_agent_openid_clients" in check["found"]
    assert "canary-held-by-the-agent" not in json.dumps(result)
    meet(server, clients={"Job": "canary-held-by-the-agent"})
    assert credentials(health(server))["state"] == "passed"


def test_a_client_of_an_encrypted_file_is_asked_with_the_inventory_s_secret_and_that_is_told(server):
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    data = json_text.parse(server.machine.files.text(path)).data
    del data["OpenId"]["OpenIdClients"]
    server.machine.files.write(path, json.dumps(data).encode())
    server.machine.files.write(f"{chain.RUNTIME}\\appsettings.encrypted.agent.json", b"{}")
    check = credentials(health(server))
    assert check["state"] == "passed"
    assert "as the agent's secret is in appsettings.encrypted.agent.json" in check["found"]


def test_the_inventory_s_secret_goes_to_no_address_that_only_the_server_s_files_name(server):
    """Who may write the settings files would learn it by naming a server of their own."""
    agent, general = (f"{chain.RUNTIME}\\{name}" for name in ("appsettings.agent.json", "appsettings.json"))
    data = json_text.parse(server.machine.files.text(agent)).data
    del data["OpenId"]["OpenIdClients"]
    server.machine.files.write(agent, json.dumps(data).encode())
    data = json_text.parse(server.machine.files.text(general)).data
    server.machine.files.write(general, json.dumps({**data, "ApplicationUri": chain.OTHER_SERVER_URL}).encode())
    sent, asked = [], server.machine.network.request
    server.machine.network.request = lambda request: (sent.append(request), asked(request))[1]
    check = credentials(health(server))
    assert "at the inventory's address" in check["found"]
    assert {request.address for request in sent} == {"127.0.0.1", chain.SERVER_URL.removeprefix("https://")}


def test_what_another_web_config_starts_is_not_shown(server):
    text = server.machine.files.text(f"{chain.RUNTIME}\\web.config")
    other = re.sub(r'arguments="[^"]*"', 'arguments="Other.dll --key=canary-argument-5f"', text)
    assert other != text
    server.machine.files.write(f"{chain.RUNTIME}\\web.config", other.encode())
    result = health(server)
    (check,) = [one for one in result["checks"] if one["id"] == "serves_agent"]
    assert (check["state"], check["found"]) == ("failed", "web.config that starts another program")
    assert "canary" not in json.dumps(result)


@pytest.mark.parametrize("proxy", ["proxy.contoso.com:3128", "http://user:canary-proxy-pa55@proxy.contoso.com:3128"])
def test_the_token_is_asked_for_by_the_agent_s_proxy_and_kept_nowhere(server, proxy):
    meet(server, proxy="proxy.contoso.com:3128")
    let_the_agent_use(server, proxy)
    sent = []
    network = server.machine.network
    asked = network.request
    network.request = lambda request: (sent.append(request), asked(request))[1]
    result = health(server, openid={**arguments()["openid"], "proxy": proxy})
    assert result["verified"] is True
    (request,) = [r for r in sent if r.address != "127.0.0.1"]
    assert request.verify
    client = "Job@identitymanager.contoso.com"
    form = f"grant_type=client_credentials&client_id={client}&client_secret={SECRET}&scope=usercube_api"
    assert request.body == form.encode()
    seen = json.dumps([result, server.machine.dump()["events"], server.machine.dump()["processes"]])
    assert not any(canary in seen for canary in (SECRET, TOKEN, "canary-proxy-pa55"))


@pytest.mark.parametrize(("name", "direct"), [(".contoso.com", True), ("contoso.com", False), ("other", False)])
def test_a_name_without_a_proxy_is_asked_directly(server, name, direct):
    let_the_agent_use(server, "proxy.contoso.com:3128", name)
    openid = {**arguments()["openid"], "proxy": "proxy.contoso.com:3128", "no_proxy": [name]}
    assert (credentials(health(server, openid=openid))["state"] == "passed") is direct


def test_a_proxy_of_the_inventory_that_the_agent_does_not_have_is_told(server):
    openid = {**arguments()["openid"], "proxy": "proxy.contoso.com:3128"}
    meet(server, proxy="proxy.contoso.com:3128")
    check = credentials(health(server, openid=openid))
    assert check["state"] == "unknown"
    assert "without a proxy, as the agent has none, unlike im_agent_https_proxy" in check["found"]
    let_the_agent_use(server, "https://proxy.contoso.com:3128")
    assert "silently ignored" in credentials(health(server, openid=openid))["found"]


def test_nothing_of_a_token_comes_back(server):
    calls = server.engine.calls
    assert health(server)["verified"] is True
    answers = [
        answer
        for _name, given, reply in calls
        for query, answer in zip(given.get("queries", ()), reply.get("answers", ()), strict=True)
        if query["kind"] == "with_token"
    ]
    assert answers
    assert all(answer == {"value": {"refused": None, "answers": []}} for answer in answers)
    assert not any(q.get("body") for _name, given, _reply in calls for q in given.get("queries", ()))


@pytest.mark.parametrize(
    ("error", "passes"), [("invalid_scope", True), ("unauthorized_client", True), ("server_error", False)]
)
def test_an_error_after_the_client_was_known_says_that_its_secret_is_right(server, error, passes):
    answer = HttpAnswer(400, "Bad Request", {}, json.dumps({"error": error}).encode())
    server.machine.network.elsewhere = [lambda request: answer]
    result = health(server)
    assert result["verified"] is (True if passes else None)
    assert error in json.dumps(result["checks"])


def test_a_page_is_no_token(server):
    server.machine.network.elsewhere = [lambda request: HttpAnswer(200, "OK", {}, b"<!DOCTYPE html><html></html>")]
    (check,) = failed(health(server)).values()
    assert check["found"] == "status 200, but no token"
    assert "no Identity Manager server" in check["causes"][0]


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
    data = json_text.parse(server.machine.files.text(path)).data
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


def test_an_error_in_a_log_that_is_still_open_counts_although_its_last_write_is_old(server):
    """Windows does not fully update the time of a file while a handle for writing is open."""
    write_settings(server, Serilog=SINK)
    path = f"{TEMP}\\im-20261124.txt"
    server.machine.files.write(path, f"{now(server, 60):%Y-%m-%d %H:%M:%S.000} +00:00 [ERR] no way\r\n".encode())
    server.machine.files.entry(path).last_write = now(server, -86400)
    assert failed(health(server))


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
    begun = server.machine.files.entry(f"{TEMP}\\{newest}").last_write
    server.machine.files.write(f"{TEMP}\\{newest}", f"{text}\r\n".encode())
    assert bool(failed(health(server))) is counts
    server.machine.files.entry(f"{TEMP}\\{newest}").last_write = begun  # as of a file that is still open
    assert bool(failed(health(server))) is counts


def test_logs_that_cannot_be_named_are_not_looked_for():
    found = agent_logs.logs("C:\\r", "C:\\r", b"<broken", b'{"Serilog": {"WriteTo": {"0": {"Name": "File"}}}}')
    assert found == ()
    settings = json.dumps({"serilog": {"writeto": [{"name": "FILE", "args": {"Path": "%TEMP%/x.txt"}}]}}).encode()
    assert agent_logs.logs("C:\\r", "C:\\r", None, settings) == ()
    settings = json.dumps({"Serilog": {"WriteTo": {"0": {"Name": "File", "Args": {"path": "./logs/x"}}}}}).encode()
    (log,) = agent_logs.logs("C:\\r", "D:\\base", None, settings)
    assert (log.folder, log.pattern) == ("D:\\base\\logs", "x*")


# Starting by itself


def without_preload(server):
    server.machine.iis.set_preload(chain.SITE, False)


def test_after_a_recycle_the_agent_starts_without_a_request_and_runs_a_job(server):
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


def test_a_run_that_starts_the_pool_verifies_the_start_and_recycles_nothing(server):
    without_preload(server)
    server.machine.iis.recycles.clear()
    server.run("win_im_apppool", {"name": chain.POOL, "state": "started", "idle_timeout_minutes": 5})
    result = server.run("win_im_agent_health", arguments())
    assert list(failed(result)) == [f"start of {chain.POOL} without a request"]
    assert server.machine.iis.recycles == {}
    server.new_run()
    server.run("win_im_apppool", {"name": chain.POOL, "state": "started", "idle_timeout_minutes": 6})
    assert server.run("win_im_agent_health", arguments(warm_up=False))["verified"] is not False


def test_an_error_at_the_stop_is_reported(server):
    stop = server.machine.iis.stop_pool

    def badly(name):
        stop(name)
        server.machine.events.add("System", "Microsoft-Windows-WAS", 5013, "Warning", slow("Shop"))
        server.machine.events.add("System", "Microsoft-Windows-WAS", 5013, "Warning", slow(chain.POOL))

    server.machine.iis.stop_pool = badly
    result = health(server, recycle=True)
    assert list(failed(result)) == [f"errors at the stop of {chain.POOL}"]
    assert "found 1 entries: A process serving application pool" in result["msg"]


TEXTS = {
    "German": 'Ein Arbeitsprozess, der den Anwendungspool "{}" bedient, hat die Zeit überschritten.',
    "German, printed": "Ein Arbeitsprozess, der den Anwendungspool „{}“ bedient, hat die Zeit überschritten.",
    "French": "Un processus de travail servant le pool d'applications «\u00a0{}\u00a0» a dépassé le temps d'arrêt.",
    "without text": "{} 4711",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_slow_stop_is_reported_in_the_language_of_windows(server, text):
    stop = server.machine.iis.stop_pool

    def badly(name):
        stop(name)
        for pool in ("Shop", f"{chain.POOL} 2", f"Another {chain.POOL}", chain.POOL):
            server.machine.events.add("System", "Microsoft-Windows-WAS", 5013, "Warning", text.format(pool))

    server.machine.iis.stop_pool = badly
    message = health(server, recycle=True)["msg"]
    assert f"found 1 entries: {' '.join(text.format(chain.POOL).split())}" in message


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


@pytest.mark.parametrize("folder", ["Runtime", "Sources"])
def test_a_folder_that_inherits_nothing_is_told_before_the_next_start_fails(server, folder):
    path = f"{chain.WORKING}\\{folder}"
    server.machine.files.set_sddl(path, "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)")
    result = health(server)
    assert result["verified"] is False
    (failed,) = [check for check in result["checks"] if check["name"].endswith(f" on {path}")]
    assert (failed["passed"], failed["wanted"]) == (False, "ReadAndExecute")


# On request


def test_a_test_mail_is_left_in_the_folder(server):
    result = health(server, test_mail={"to": "ops@contoso.com", "from": "agent@contoso.com"})
    (check,) = [c for c in result["checks"] if c["id"] == "mail"]
    assert (result["verified"], check["state"], check["found"]) == (None, "unknown", "waiting in the folder")
    mails = f"{chain.WORKING}\\Mails"
    (name,) = server.machine.files.children(mails)
    mail = server.machine.files.text(f"{mails}\\{name}")
    assert "To: ops@contoso.com\r\nFrom: agent@contoso.com\r\n" in mail
    assert "\n" not in mail.replace("\r\n", "")


@pytest.mark.parametrize("to", ["nobody", "a@contoso.com\r\nBcc: everybody@contoso.com"])
def test_a_mail_to_no_address_is_refused(server, to):
    assert "wanted to and from" in health(server, test_mail={"to": to, "from": "a@contoso.com"})["msg"]
    assert server.executions == 0


def test_checks_are_repeated_until_all_pass_and_no_longer(server, monkeypatch):
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
    answer = controller_request.answer(probe.controller("https", "127.0.0.1", port, "/", 10))
    assert (answer["status"], answer["thumbprint"]) == (200, thumbprint)


def test_an_agent_that_the_controller_does_not_reach_is_named(server, monkeypatch):
    answers = {"status": 200, "reason": "OK", "body": "", "thumbprint": served(server)}
    monkeypatch.setattr(controller_request, "answer", lambda query: answers)
    assert health(server, from_controller=True, thumbprint=served(server))["verified"] is True
    answers["thumbprint"] = "CD" * 20
    name = f"answer of https://{chain.HOST}:443/ to the controller"
    served_name = f"certificate of https://{chain.HOST}:443/ to the controller"
    check = failed(health(server, from_controller=True, thumbprint=served(server)))[served_name]
    assert "ends TLS" in check["causes"][0]

    def refuse(query):
        raise NotAnswered(query, "ConnectionRefusedError", "refused")

    monkeypatch.setattr(controller_request, "answer", refuse)
    check = failed(health(server, from_controller=True))[name]
    assert "firewall" in check["causes"][1]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_no_answer_to_the_controller_is_an_error_with_its_kind(agent, scheme):
    port = 1 if scheme == "https" else agent[0]
    with pytest.raises(NotAnswered):
        controller_request.answer(probe.controller(scheme, "127.0.0.1", port, "/", 5))
