"""Faults that are planted, at least three for each check: the check finds them and names the cause, others only as a
consequence; and a check that is always content is found out by its own faults.
"""

from __future__ import annotations

import base64
import collections
import copy
import datetime
import functools
import json

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.probe import NotAnswered
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health import agent_health, check
from ansible_collections.imops.identity_manager.plugins.plugin_utils._health.check import State
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from test_health_in_words import ARGUMENTS, FULL, RIGHT

HOST, URL = "agent.contoso.com", "https://im.contoso.com"
NOW = datetime.datetime(2026, 6, 1, 12, tzinfo=datetime.UTC)
KEY = rsa.generate_private_key(65537, 2048)
SECRET = "canary-planted"  # made up
SPECIFIC = 'identityType="SpecificUser" userName="CONTOSO\\other"'


@functools.cache
def certificate(*names, first=-10, last=100):
    """Return a certificate with these names, valid from and until so many days from now."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(KEY.public_key()).serial_number(7)
    made = made.not_valid_before(NOW + datetime.timedelta(first)).not_valid_after(NOW + datetime.timedelta(last))
    found = x509.SubjectAlternativeName([x509.DNSName(one) for one in names])
    return made.add_extension(found, critical=False).sign(KEY, hashes.SHA256())


def served(made):
    der = made.public_bytes(serialization.Encoding.DER)
    thumbprint = made.fingerprint(hashes.SHA1()).hex().upper()
    return {"certificate": base64.b64encode(der).decode(), "thumbprint": thumbprint, "chain": chain()}


def chain(*whole, leaf=(), middle=(), root=(), sent=("B1",), links=3):
    """Return a chain of three certificates, the answer to the question for it, with these flags."""
    found = [("A1", "CN=agent", leaf), ("B1", "CN=Issuing CA", middle), ("C1", "CN=Root CA", root)]
    certificates = [{"thumbprint": one, "subject": subject, "status": [*flags]} for one, subject, flags in found]
    return {"status": [*whole], "certificates": certificates[:links], "sent": [*sent]}


GOOD = served(certificate(HOST))


def config(path="C:\\im\\Runtime", pool="P", model="", start="", site=""):
    """Return IIS's configuration."""
    return text(
        f'<configuration><system.applicationHost><applicationPools><add name="P" {start}><processModel {model}/></add>'
        f'<add name="Q"/></applicationPools><sites><site name="S" id="1" {site}><application path="/"'
        f' applicationPool="{pool}"><virtualDirectory path="/" physicalPath="{path}"/></application><bindings/></site>'
        "</sites></system.applicationHost></configuration>"
    )


def text(content):
    return {"content": base64.b64encode(content.encode()).decode(), "last_write": "2026-01-01T00:00:00Z"}


def web_config(arguments=".\\Usercube-Agent.dll", log="false"):
    return text(
        f'<configuration><system.webServer><aspNetCore processPath="dotnet" arguments="{arguments}"'
        f' stdoutLogEnabled="{log}" stdoutLogFile=".\\logs\\out"/></system.webServer></configuration>'
    )


def answer(status, page="", **headers):
    body = base64.b64encode(page.encode()).decode()
    return {"status": status, "reason": "", "body": body, "headers": headers, **GOOD}


def event(number, message, level="Error"):
    return {"time": "2026-06-01T10:00:00Z", "id": number, "level": level, "message": message}


def refused(message):
    return NotAnswered({"kind": "http"}, "SocketException", message)


NO_NAME = NotAnswered({"kind": "controller"}, "NameUnknown", "[Errno -2] Name or service not known")


def listed(*items):
    return {"status": 200, "body": base64.b64encode(json.dumps({"Result": items}).encode()).decode()}


def server_says(entry, jobs=None):
    return {"token": {"refused": None, "answers": [entry, jobs or listed()]}}


def runs_since(*times):
    items = [{"Id": "7", "StartDate": time, "Job": {"Identifier": "SynchroAD"}} for time in times]
    return server_says(listed({"State": 1}), listed(*items))


def iis(pool="Started", site="Started", worker="2026-06-01T08:00:00Z", owner="S-1-5-21-1"):
    workers = [{"pool": "P", "started": worker, "owner": owner}] if worker else []
    return {
        "pools": [{"name": "P", "state": pool}],
        "sites": [{"name": "S", "state": site}],
        "workers": workers,
    }


WORLD = {
    **RIGHT,
    "host": {"time": "2026-06-01T12:00:00.0000000Z", "system_root": "C:\\Windows"},
    "iis": iis(),
    "http": answer(200, server="Microsoft-IIS/10.0"),
    "token": {"refused": None, "answers": [listed({"Id": "1", "State": 1}), listed()]},
    "controller": answer(200),
    "configuration": config(),
    "web.config": web_config(),
    "system": [],
    "mails": [],
    "log": [{"name": "out_1.log", "last_write": "2026-06-01T09:00:00Z", "tail": ""}],
    "registry": None,
    "service": {**RIGHT["service"], "account": "S-1-5-21-1"},
    "configured_as": "S-1-5-21-1",
}
SERVICE = {"site": None, "pool": None, "service": "Agent"}
UNKNOWN_ACCOUNT = {"identity": {"account": "CONTOSO\\gone"}}
OPENID = {"server_url": URL, "client": "Job", "secret": SECRET, "no_proxy": []}
EVERYTHING = {
    "agent_identifier": "Paris",
    "from_controller": True,
    "jobs": True,
    "test_mail": {"to": "a@x", "from": "b@x"},
    "openid": OPENID,
}
READ_ONLY = {"sddl": "O:BAD:(A;OICI;0x1200a9;;;S-1-5-21-1)"}
NOBODY = {"sddl": "O:BAD:PAI(A;OICI;FA;;;SY)"}


def file(world, path):
    for end, key in (("applicationHost.config", "configuration"), ("web.config", "web.config")):
        if path.endswith(end):
            return world[key]
    return world["file"]


def asked(world, query):
    """Return a world's answer to a question."""
    kind = query["kind"]
    if kind == "with_token":
        kind = "token"
    if kind == "events" and query["log"] == "System":
        kind = "system"
    if kind == "files" and "JobLogs" in query["path"]:
        kind = "jobs"
    if kind == "files" and "imops-test" in query["pattern"]:
        kind = "mails"
    if kind == "files" and query["path"].endswith("logs"):
        kind = "log"
    found = file(world, query["path"]) if kind == "file" else world.get(kind, world["files"])
    if isinstance(found, Exception):
        raise found
    return found


def verify(changes, arguments=None):
    """Return the checks of a world with a fault, as far as no request is left out."""
    world = {**copy.deepcopy(WORLD), **changes}
    own = {"configuration": config(model='identityType="SpecificUser" userName="S-1-5-21-1"')}
    world = {**own, **world} if "configuration" in changes else {**world, **own}
    given = {**ARGUMENTS, **EVERYTHING, "thumbprint": GOOD["thumbprint"], **(arguments or {})}
    wanted = agent_health.Wanted.of(given)
    ask = functools.partial(asked, world)
    return [found for stage in agent_health.stages(wanted, ask, check=False) for found in stage.checks(ask)]


MODEL = {"model": 'identityType="SpecificUser" userName="S-1-5-21-1"'}
STOPPED = {"iis": iis(pool="Stopped")}


def iis_says(status, page, **headers):
    return {"http": answer(status, page, **headers)}


def http_error(number):
    return iis_says(int(number[:3]), f"<title>IIS 10.0 Detailed Error - {number} - x</title>")


def no_token(status, page=""):
    return {"token": {"refused": answer(status, page), "answers": []}}


def controller(**changes):
    return {"controller": {**answer(200), **changes}}


def rights(number, sddl):
    """Return the rights of the working directory and its folders, one of them as told: Runtime is 1, Sources 5."""
    return {"acl": [FULL] * number + [sddl] + [FULL] * (5 - number)}


def log(line):
    tail = base64.b64encode(line.encode()).decode()
    return {
        "log": [{"name": "out_1.log", "last_write": "2026-06-01T09:00:00Z", "tail": tail}],
        "web.config": web_config(log="true"),
    }


def ran(*times):
    return {"jobs": [{"name": "1.log", "last_write": one} for one in times]}


def waiting(*names):
    return {"mails": [{"name": name, "last_write": "2026-06-01T11:00:00Z"} for name in names]}


def chained(*whole, **links):
    return {"http": answer(200) | {"chain": chain(*whole, **links)}}


PARTIAL, UNTRUSTED, EXPIRED = ("PartialChain",), ("UntrustedRoot",), ("NotTimeValid",)
DISTRUSTED = ("ExplicitDistrust",)
WRONG_PASSWORD = {
    **STOPPED,
    "system": [event(5021, "The identity of application pool P is invalid."), event(5057, "P")],
}
OTHER_POOLS = {**STOPPED, "system": [event(5002, "Application pool 'Q 2' is being automatically disabled")]}
RAPID = {**STOPPED, "system": [event(5002, "Application pool 'P' is being automatically disabled")]}
OLD = ("old.contoso.com",)
INVALID_HOST = "<h2>Bad Request - Invalid Hostname</h2>"
NO_SIGN = {"iis": iis(worker=None), "files": [], **ran("2026-06-01T23:00:00Z")}
RUNTIME = "C:\\im\\Runtime"

FAULTS = [
    ("pool_started", WRONG_PASSWORD, "The password of its account is wrong", {}),
    ("pool_started", RAPID, "rapid-fail protection stopped it", {}),
    ("pool_started", OTHER_POOLS, "Somebody stopped it", {}),
    ("site_started", {"iis": iis(site="Stopped")}, "Start it", {}),
    ("site_started", {"iis": iis(site="Unknown")}, "Start it", {}),
    ("site_started", {"iis": iis(site="Stopping")}, "Start it", {}),
    ("service_running", {"service": None}, "7038", SERVICE),
    ("service_running", {"service": {**WORLD["service"], "state": "Stopped"}}, "7041", SERVICE),
    ("service_running", {"service": {**WORLD["service"], "state": "Paused"}}, "7034", SERVICE),
    ("serves_agent", {"configuration": config("C:\\shop", **MODEL)}, "another application", {}),
    ("serves_agent", {"configuration": config(pool="Q", **MODEL)}, "im_agent_pool_name", {}),
    ("serves_agent", {"web.config": web_config(".\\Shop.dll")}, "another application", {}),
    ("serves_agent", {"configuration": text("<broken")}, "restore it from a backup", {}),
    ("identity", {"configuration": config(model='identityType="LocalSystem"')}, "by hand", {}),
    ("identity", {"configuration": config(model=SPECIFIC), "account": [None]}, "im_agent_identity_username", {}),
    ("identity", {"configuration": config()}, "by hand", {}),
    ("identity", {"service": {**WORLD["service"], "account": "LocalSystem"}}, "by hand", SERVICE),
    ("identity", {"account": [None]}, "the server reaches its domain", UNKNOWN_ACCOUNT),
    ("process_identity", {"iis": iis(owner="S-1-5-18")}, "Run restart.yml", {}),
    ("process_identity", {"iis": iis(owner="S-1-5-82-1")}, "before the identity was changed", {}),
    ("process_identity", {"service": {**WORLD["service"], "owner": "S-1-5-20"}}, "has not ended yet", SERVICE),
    ("folder_rights", {"account": [None]}, "im_agent_identity_username", UNKNOWN_ACCOUNT),
    ("starts_with_windows", {"configuration": config(start='autoStart="false"', **MODEL)}, "im_pool", {}),
    ("starts_with_windows", {"configuration": config(site='serverAutoStart="false"', **MODEL)}, "im_site", {}),
    ("starts_with_windows", {"service": {**WORLD["service"], "start_mode": "manual"}}, "im_service", SERVICE),
    ("agent_answers", http_error("401.3"), "may not read the folder Runtime", {}),
    ("agent_answers", http_error("403.4"), "im_agent_site_protocol", {}),
    ("agent_answers", http_error("403.6"), "ipSecurity", {}),
    ("agent_answers", http_error("403.7"), "SslRequireCert", {}),
    ("agent_answers", http_error("403.14"), "does not name IIS's module", {}),
    ("agent_answers", http_error("404.0"), "another site has answered", {}),
    ("agent_answers", http_error("500.19"), "locked", {}),
    ("agent_answers", http_error("500.21"), "hosting bundle came before IIS", {}),
    ("agent_answers", http_error("500.30"), "its key pairs", {}),
    ("agent_answers", http_error("500.31"), "im_agent_hosting_bundle_version", {}),
    ("agent_answers", http_error("500.32"), "enable32BitAppOnWin64", {}),
    ("agent_answers", http_error("500.34"), "im_agent_pool_name", {}),
    ("agent_answers", http_error("500.35"), "im_agent_pool_name", {}),
    ("agent_answers", http_error("502.5"), "processPath", {}),
    (
        "agent_answers",
        iis_says(503, "Service Unavailable", server="Microsoft-HTTPAPI/2.0"),
        "cannot start a worker",
        {},
    ),
    ("agent_answers", iis_says(400, INVALID_HOST, server="Microsoft-HTTPAPI/2.0"), "none that a site is bound to", {}),
    ("agent_answers", iis_says(421, ""), "another host name", {}),
    ("agent_answers", iis_says(401, "", **{"www-authenticate": "Negotiate"}), "Anonymous authentication", {}),
    ("agent_answers", iis_says(403, "<title>403 - Forbidden: x.</title><h1>Server Error</h1>"), "sc-substatus", {}),
    ("agent_answers", iis_says(200, "<title>IIS Windows Server</title>"), "Default Web Site has answered", {}),
    ("agent_answers", iis_says(302, "", location="https://other.contoso.com/"), "httpRedirect", {}),
    ("agent_answers", {"http": refused("refused")}, "no binding on this port", {}),
    ("agent_answers", {"http": refused("refused")}, "im_agent_service_urls", SERVICE),
    ("agent_answers", NO_SIGN, "Another application has answered", {}),
    ("answer_to_controller", {"controller": refused("refused")}, "A firewall blocks the way", {}),
    ("answer_to_controller", {"controller": NO_NAME}, "have DNS know it", {}),
    ("answer_to_controller", controller(status=503), "cannot start a worker", {}),
    ("answer_to_controller", controller(thumbprint="CD"), "ends TLS", {}),
    ("certificate", {"http": answer(200) | served(certificate(HOST, last=50))}, "serves another certificate", {}),
    ("certificate", {"http": answer(200) | {"thumbprint": "CD"}}, "im_agent_certificates", {}),
    ("certificate", {"http": answer(200) | {"thumbprint": "CD"}}, "Run im_settings", SERVICE),
    ("certificate", {"http": refused("nobody listens")}, "nobody listens", {}),
    ("certificate_usable", {"http": answer(200) | {"certificate": "eA=="}}, "cannot be read", {}),
    ("certificate_usable", {"http": answer(200) | served(certificate(*OLD))}, "another name", {"thumbprint": None}),
    ("certificate_usable", {"http": answer(200) | served(certificate(HOST, last=-1))}, "time", {"thumbprint": None}),
    ("certificate_usable", {"http": answer(200) | served(certificate(HOST, first=1))}, "time", {"thumbprint": None}),
    ("certificate_chain", chained(*PARTIAL, links=1, sent=()), "an issuer's certificate is missing on the server", {}),
    ("certificate_chain", chained(*PARTIAL, links=2), "LocalMachine\\CA", {}),
    ("certificate_chain", chained(*UNTRUSTED, root=UNTRUSTED), "LocalMachine\\Root", {}),
    ("certificate_chain", chained(*EXPIRED, middle=EXPIRED), "has expired", {}),
    ("certificate_chain", chained(*DISTRUSTED, middle=DISTRUSTED), "the store Disallowed", {}),
    ("certificate_chain", chained("NotSignatureValid", leaf=("NotSignatureValid",)), "objects to a certificate", {}),
    ("certificate_chain", chained(sent=()), "imported after the port had begun to serve", {}),
    ("certificate_chain", {"http": answer(200) | {"chain": None}}, "Windows built none", {}),
    ("application_log", {"events": [event(1007, f"root '{RUNTIME}\\' failed")]}, "named in the entry", {}),
    ("application_log", {"events": [event(1018, f"'{RUNTIME}'")]}, "named in the entry", {}),
    ("application_log", {"events": [event(1026, "Usercube-Agent.exe died")]}, "named in the entry", SERVICE),
    ("own_log", log("Unhandled exception. x"), "named in the line", {}),
    ("own_log", log("fail: x"), "named in the line", {}),
    ("own_log", {"log": refused("locked"), "web.config": web_config(log="true")}, "locks the file", {}),
    ("folder_rights", rights(2, READ_ONLY), "Run im_permissions", {}),
    ("folder_rights", rights(1, NOBODY), "inherits nothing", {}),
    ("folder_rights", rights(5, None), "Run im_working_directory", {}),
    ("client_credentials", no_token(400, '{"error":"invalid_client"}'), "another secret", {}),
    ("client_credentials", no_token(404), "im_agent_server_url", {}),
    ("client_credentials", no_token(200, '{"token_type":"Bearer"}'), "no Identity Manager server", {}),
    ("client_credentials", {"token": refused("The remote certificate is invalid")}, "does not trust", {}),
    ("client_credentials", no_token(503), "is down", {}),
    ("client_credentials", {"token": refused("timed out")}, "does not reach it", {}),
    ("server_knows_agent", server_says(listed()), "im_agent_identifier", {}),
    ("server_knows_agent", server_says(listed({"State": 2})), "does not reach the server", {}),
    ("server_knows_agent", server_says(listed({"State": 0})), "has not reported", {}),
    ("server_knows_agent", server_says({"status": 403, "body": ""}), "may not read agents", {}),
    ("server_knows_agent", server_says({"error": {"type": "x", "message": "cut"}}), "client_credentials", {}),
    ("server_jobs", runs_since("2026-06-01T07:59:59Z"), "restarted while the job ran", {}),
    ("server_jobs", runs_since("2026-06-01T07:00:00Z", "2026-06-01T11:00:00Z"), "Job Execution", {}),
    ("server_jobs", runs_since("2026-05-01T09:30:00+02:00"), "restarted while the job ran", SERVICE),
    ("server_jobs", server_says(listed({"State": 1}), {"status": 401, "body": ""}), "may not read agents", {}),
    ("job_ran", ran(), "CronTabExpression", {}),
    ("job_ran", ran("2026-06-01T07:00:00Z"), "Scheduler.Enabled", {}),
    ("job_ran", {"jobs": None}, "does not accept the agent's client", {}),
    ("mail", waiting("a.eml"), "no pickup folder", {}),
    ("mail", waiting("a.eml", "b.eml"), "has not come by yet", {}),
    ("mail", waiting("imops-test-1.eml"), "no pickup folder", {}),
]
CONSEQUENCES = {
    ("service_running", "agent_answers"),
    ("agent_answers", "certificate"),
    ("agent_answers", "certificate_usable"),
    ("identity", "folder_rights"),
    ("folder_rights", "identity"),
    ("certificate", "agent_answers"),
    ("client_credentials", "server_knows_agent"),
    ("client_credentials", "server_jobs"),
}
"""Checks that a fault of another one may fail too."""
STEPS = {"start_without_request", "stop"}
"""Those of a restart, whose faults are planted in test_constant_checks.py."""
SYSTEMS = {"connection_needs", "connection_reached", "mail_folder", "mail_waiting", "mail_server", "key_rights"}
SYSTEMS |= {"launched_job"}
"""Those whose faults are planted in test_connections.py, test_sql_server.py, test_mail.py, test_key_rights.py and
test_launched_job.py.
"""


def bad(checks):
    return [c for c in checks if c.state in {State.FAILED, State.UNKNOWN}]


@pytest.mark.parametrize("arguments", [{}, SERVICE], ids=["iis", "service"])
def test_a_world_without_a_fault_passes(arguments):
    assert [c.sentence for c in bad(verify({}, arguments))] == []


@pytest.mark.parametrize("fault", FAULTS, ids=[f"{number}-{fault[0]}" for number, fault in enumerate(FAULTS)])
def test_a_planted_fault_is_found_by_its_check_which_names_the_cause(fault):
    id_, changes, cause, arguments = fault
    found = bad(verify(changes, arguments))
    assert id_ in {c.id for c in found}
    assert {c.id for c in found} - {id_} <= {other for one, other in CONSEQUENCES if one == id_}
    assert cause in " ".join(c.sentence for c in found if c.id == id_)


def test_each_check_has_at_least_three_faults():
    counted = collections.Counter(fault[0] for fault in FAULTS)
    assert {name for name in check.NOT_ASKED if counted[name] < 3} == STEPS | SYSTEMS
