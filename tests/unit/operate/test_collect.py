"""A support bundle of one agent: what it tells, that the server stays as it is, and that no secret is in it."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import audited
import canaries
import chain
import pytest

LOG = f"{chain.WORKING}\\Temp\\agent.log"
LOGGING = {"Serilog": {"WriteTo": [{"Name": "File", "Args": {"path": LOG}}]}}
LINES = (
    "2026-11-24 08:00:00.123 +00:00 [INF] Starting\n"
    f"2026-11-24 08:00:01.123 +00:00 [ERR] bind of svc with {chain.CANARIES['ad']} failed\n"
    "2026-11-24 08:00:02.123 +00:00 [ERR] Pwd=canary-unknown-1; the rest\n"
    "2026-11-24 08:00:03.123 +00:00 [INF] The job Export has ended\n"
)
HOSTINGS = ("iis", "service")


def agent(hosting="iis", **changes):
    """Return a server with an agent that has written logs, and its variables."""
    given = {"hosting": hosting, "settings": LOGGING, **changes}
    server = audited.installed(**given)
    server.machine.files.write(f"{chain.WORKING}\\Temp\\agent20261124.log", LINES.encode())
    server.machine.files.make_folder(f"{chain.WORKING}\\Temp\\JobLogs\\Export")
    server.machine.files.write(
        f"{chain.WORKING}\\Temp\\JobLogs\\Export\\1.log", b"a job with token=canary-job-7\nend\n"
    )
    server.machine.files.write(f"{chain.WORKING}\\Temp\\JobLogs\\Export\\2.log", b"\x00\x01canary-encrypted")
    return server, audited.variables(**given)


def collected(server, variables, folder, *, check=False, **options):
    """Return a bundle's result and files; the server stays as it is, and is asked twice at most."""
    before = chain.lasting(server)
    server.new_run()
    server.variables = dict(variables)
    result = server.run("win_im_agent_collect", {"folder": str(folder), **options}, check=check)
    assert chain.lasting(server) == before
    assert server.executions <= 2
    if result.get("failed") or check:
        return result, {}
    archive = zipfile.ZipFile(io.BytesIO(Path(result["file"]).read_bytes()))
    return result, {name: archive.read(name).decode() for name in archive.namelist()}


@pytest.fixture(scope="module", params=HOSTINGS)
def bundle(request, tmp_path_factory):
    server, variables = agent(request.param)
    result, texts = collected(server, variables, tmp_path_factory.mktemp("bundle"))
    assert not result.get("failed"), result
    return request.param, result, texts


def test_a_bundle_has_what_support_asks_for(bundle):
    hosting, result, texts = bundle
    assert result["files"] == list(texts)
    assert result["left_out"] == []
    versions = json.loads(texts["versions.json"])
    assert versions["archive_sha256"] == chain.sha256(chain.FILES.archive)
    assert versions["host"]["os_version"].startswith("10.0.")
    assert "Usercube-Agent.dll" in {one["name"] for one in versions["programs"]}
    assert {one["rule"] for one in json.loads(texts["findings.json"])["findings"]} > {
        "settings.as-wanted",
        "look.dotnet-support",
    }
    assert "0 operations" not in texts["plan.txt"]
    assert "im_permissions : Grant the rights" in texts["plan.txt"].partition("wants it already:")[2]
    rights = json.loads(texts["rights.json"])
    assert chain.RUNTIME in json.dumps(rights).replace("\\\\", "\\")
    hosted = json.loads(texts["hosting.json"])
    if hosting == "service":
        assert hosted["service"]["state"] == "Running"
    else:
        assert (hosted["site"]["name"], hosted["states"]["pools"][0]["state"]) == (chain.SITE, "Started")
        assert "settings/web.config" in texts
        assert "events/system.txt" in texts
    assert "events/application.txt" in texts


def test_the_settings_are_those_that_the_agent_sees_with_their_secrets_masked(bundle):
    _hosting, _result, texts = bundle
    effective = json.loads(texts["settings/effective.json"])
    assert effective["OpenId"]["OpenIdClients"]["Job"] == "********"
    assert effective["ApplicationUri"] == chain.SERVER_URL
    assert effective["Connections"]["ADExport"]["Password"] == "********"
    assert effective["Serilog"]["WriteTo"][0]["Name"] == "File"
    (general,) = [json.loads(text) for name, text in texts.items() if name == "settings/appsettings.json"]
    assert general["ApplicationUri"] == chain.SERVER_URL
    assert texts["settings/appsettings.agent.json"].count("********") >= 4


def test_the_plan_of_a_bundle_has_what_differs_and_says_so_where_nothing_does(tmp_path):
    server, variables = agent()
    _result, texts = collected(server, variables, tmp_path)
    assert texts["plan.txt"].startswith("Nothing differs: install.yml would change nothing.\n")
    _result, texts = collected(server, variables | {"im_agent_scheduler_enabled": "false"}, tmp_path)
    first, _gap, rest = texts["plan.txt"].partition("\n\n")
    assert first.startswith("im_settings : Write the agent's settings:\n  write ")
    assert "Nothing differs" not in first + rest


def test_logs_are_there_without_secrets_and_what_is_no_text_is_told(bundle):
    _hosting, _result, texts = bundle
    log = texts["logs/agent20261124.log"]
    assert "bind of svc with ******** failed" in log
    assert "The job Export has ended" in log
    assert "the rest" not in log
    assert texts["logs/Export-1.log"].endswith("end\n")
    assert "this file is no text" in texts["logs/Export-2.log"]


def test_no_secret_is_in_the_zip(bundle):
    _hosting, result, texts = bundle
    assert canaries.seen(*texts.values(), *texts, json.dumps(result)) == []


def test_the_zip_is_nobody_else_s_and_check_mode_writes_none(tmp_path):
    server, variables = agent()
    predicted, _texts = collected(server, variables, tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []
    done, _texts = collected(server, variables, tmp_path)
    assert (predicted["changed"], done["changed"]) == (False, False)
    assert predicted["files"] == done["files"]
    (path,) = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == done["size"]


@pytest.mark.nightly
def test_what_does_not_fit_is_left_out_with_a_warning_and_a_line_in_the_readme(tmp_path):
    server, variables = agent()
    for number in range(5):
        text = "".join(f"{number} line {line} of a job\n" for line in range(20000)).encode()
        server.machine.files.write(f"{chain.WORKING}\\Temp\\JobLogs\\Export\\big{number}.log", text)
    settings = f"{chain.RUNTIME}\\appsettings.Production.json"
    server.machine.files.write(
        settings, json.dumps({"Filler": {f"Some{number}": 1 for number in range(20000)}}).encode()
    )
    result, texts = collected(server, variables, tmp_path, most_mebibytes=1)
    readme = texts.pop("README.txt")
    assert sum(len(text.encode()) for text in texts.values()) <= 2**20
    assert result["left_out"]
    assert all(one in readme for one in result["left_out"])
    assert "the bundle is not whole" in json.dumps(result["warnings"])


BROKEN = {
    "a file that .NET refuses": ("appsettings.json", b'{"OpenId": {"canary": "canary-broken"'),
    "a web.config that is no XML": ("web.config", b"<configuration canary-broken"),
    "an agent's file that is no text": ("appsettings.agent.json", b"\x00\xffcanary"),
}


@pytest.mark.parametrize("damage", BROKEN.values(), ids=BROKEN)
def test_a_damaged_agent_gives_a_bundle_too(damage, tmp_path):
    name, content = damage
    server, variables = agent()
    server.machine.files.write(f"{chain.RUNTIME}\\{name}", content)
    result, texts = collected(server, variables, tmp_path)
    assert not result.get("failed"), result
    assert canaries.seen(*texts.values(), *texts) == []
    assert "logs/Export-1.log" in texts


def test_a_bare_server_and_an_inventory_that_is_wrong_give_a_bundle_that_says_so(tmp_path):
    result, texts = collected(chain.server(), audited.variables(identifier=""), tmp_path)
    assert not result.get("failed"), result
    assert "identifier" in texts["findings.json"]
    assert json.loads(texts["versions.json"])["programs"] is None


def test_an_inventory_that_names_no_agent_is_refused(tmp_path):
    variables = audited.variables(working_directory="")
    result, _texts = collected(chain.server(), variables, tmp_path)
    assert "does not tell which agent is meant, so nothing was collected" in result["msg"]


@pytest.mark.parametrize("most", [0, 1025])
def test_a_size_that_is_none_is_refused(most, tmp_path):
    result, _texts = collected(chain.server(), audited.variables(), tmp_path, most_mebibytes=most)
    assert f"found {most}, wanted 1 to 1024" in result["msg"]
