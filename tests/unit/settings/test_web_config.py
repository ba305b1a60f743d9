"""web.config: the smallest change that makes IIS run the agent."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import web_config

CORPUS = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "webconfig"
FILES = sorted(CORPUS.glob("*")) if CORPUS.is_dir() else []
RUNTIME = "C:\\im\\Runtime"
DEFAULTS = {name: option.get("default") for name, option in web_config.ARGUMENT_SPEC["argument_spec"].items()}
SERVER = """<?xml version="1.0" encoding="utf-8"?>\r
<!-- kept -->\r
<configuration>\r
\t<location path="." inheritInChildApplications="false">\r
\t\t<system.webServer>\r
\t\t\t<aspNetCore processPath="dotnet"   arguments=".\\Usercube-Server.dll" stdoutLogEnabled='false'\r
\t\t\t\tstdoutLogFile="..\\Temp\\stdout-server.log" hostingModel="InProcess" />\r
\t\t</system.webServer>\r
\t</location>\r
</configuration>\r
"""


def planned(content, **options):
    wanted = web_config.Wanted.of({**DEFAULTS, "path": RUNTIME, **options})
    answer = None
    if content is not None:
        encoded = base64.b64encode(content).decode()
        answer = {"type": "file", "content": encoded, "sha256": hashlib.sha256(content).hexdigest()}
    plan = web_config.plan(wanted, lambda query: answer, check=False)
    return plan, base64.b64decode(plan.operations[0].arguments["content"]) if plan.operations else content


def test_the_archives_file_for_the_server_is_turned_to_the_agent_and_nothing_else_moves():
    plan, after = planned(SERVER.encode())
    text = after.decode()
    assert "Usercube-Agent.dll" in text
    assert "Usercube-Server.dll" not in text
    untouched = [line for line in SERVER.split("\r\n") if "Server.dll" not in line and "stdout-server" not in line]
    assert all(line in text.split("\r\n") for line in untouched)
    assert 'processPath="dotnet"   arguments=' in text
    assert text.count("<aspNetCore") == text.count("<applicationInitialization") == 1
    assert planned(after)[0].operations == ()
    assert plan.restart


def test_a_file_that_is_too_large_to_be_read_is_refused_as_that_and_a_folder_as_no_xml():
    wanted = web_config.Wanted.of({**DEFAULTS, "path": RUNTIME})
    for answer, words in (
        (
            {"type": "file", "size": 2**21, "content": None},
            "found 2097152 bytes, wanted at most 1048576: it is not read",
        ),
        ({"type": "folder", "size": None, "content": None}, "Nothing was written: fix the file"),
    ):
        with pytest.raises(Refused, match=words):
            web_config.plan(wanted, lambda query, answer=answer: answer, check=False)


def test_a_missing_file_is_made_whole():
    plan, after = planned(None, environment={"HTTPS_PROXY": "http://proxy:3128"})
    root = ET.fromstring(after)
    core = root.find("system.webServer/aspNetCore")
    assert core.get("arguments") == ".\\Usercube-Agent.dll"
    assert root.find("system.webServer/applicationInitialization/add").get("initializationPage") == "/"
    assert core.find("environmentVariables/environmentVariable").get("value") == "http://proxy:3128"
    assert plan.operations[0].arguments["expect"] == "absent"
    assert planned(after, environment={"HTTPS_PROXY": "http://proxy:3128"})[0].operations == ()


@pytest.mark.parametrize(
    "inside", ["<handlers />", "<handlers>\n      <clear />\n    </handlers>", "<httpErrors />", "<!-- none -->"]
)
def test_requests_are_given_to_the_agent_whatever_the_file_has(inside):
    _, after = planned(
        f"<configuration>\n  <system.webServer>\n    {inside}\n  </system.webServer>\n</configuration>".encode()
    )
    handlers = ET.fromstring(after).findall("system.webServer/handlers")
    assert len(handlers) == 1
    assert handlers[0].findall("add")[-1].get("modules") == "AspNetCoreModuleV2"
    assert planned(after)[0].operations == ()


def test_a_part_of_the_site_is_left_alone():
    part = '<location path="static"><system.webServer><handlers><clear /></handlers></system.webServer></location>'
    _, after = planned(f"<configuration>\n  {part}\n</configuration>\n".encode())
    assert part in after.decode()
    assert ET.fromstring(after).find("system.webServer/aspNetCore") is not None


def test_a_variable_without_a_value_is_taken_away_with_its_line():
    _, with_all = planned(SERVER.encode(), environment={"HTTPS_PROXY": "proxy:1", "A": True, "B": "x"})
    assert b'name="A" value="true"' in with_all
    plan, after = planned(with_all, environment={"https_proxy": None, "B": None, "C": None, "D": "new"})
    variables = [line.strip() for line in after.decode().split("\r\n") if "environmentVariable " in line]
    assert variables == [
        '<environmentVariable name="A" value="true" />',
        '<environmentVariable name="D" value="new" />',
    ]
    assert "\r\n\r\n" not in after.decode()
    assert plan.restart
    assert planned(after, environment={"HTTPS_PROXY": None, "D": "new"})[0].operations == ()


BROKEN = {
    "not closed": (
        '<configuration><system.webServer><add initializationPage="/"></system.webServer></configuration>',
        "line 1",
    ),
    "empty": ("", "line 1"),
    "a section twice": (
        "<configuration><system.webServer><aspNetCore/><aspNetCore/></system.webServer></configuration>",
        "again in line 1",
    ),
    "two places": (
        (
            "<configuration><system.webServer><aspNetCore/></system.webServer>"
            "<location><system.webServer><aspNetCore/></system.webServer></location></configuration>"
        ),
        "lines 1 and 1",
    ),
    "document type": ('<!DOCTYPE x [<!ENTITY a "b">]><configuration/>', "document type"),
    "another root": (
        "<!-- \u00e9 -->\n<!-- \u00e9 --> <settings/>",
        "line 2, column 12: found <settings>, wanted <conf",
    ),
    "text first": ("...\n<configuration/>", "line 1, column 1: syntax error: expected '<'"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_file_that_iis_would_refuse_is_refused_with_its_place(name):
    content, reason = BROKEN[name]
    with pytest.raises(Refused, match=reason) as refused:
        planned(content.encode())
    assert f"{RUNTIME}\\web.config" in str(refused.value)


def test_a_variable_that_xml_cannot_hold_is_refused_without_its_value():
    with pytest.raises(Refused, match="HTTPS_PROXY") as refused:
        planned(SERVER.encode(), environment={"HTTPS_PROXY": "http://u:canary\x1b@proxy:1", "A": "b"})
    assert "canary" not in str(refused.value)
    assert "fix the file" not in str(refused.value)


def test_a_proxy_with_a_password_is_masked_in_the_diff():
    secret = "http://user:canary-proxy@proxy:3128"
    plan, _ = planned(SERVER.encode(), environment={"HTTPS_PROXY": secret})
    assert plan.operations[0].secret
    assert "canary-proxy" not in "".join(d.before + d.after for d in plan.diffs)


@pytest.mark.parametrize("name", ["API_KEY", "Connections__AD__OAuth_Token", "X509_KEY_FILE_PASSWORD", "License"])
def test_a_variable_whose_name_is_a_secret_s_is_masked_in_the_diff(name):
    plan, after = planned(SERVER.encode(), environment={name: "canary-variable"})
    assert b"canary-variable" in after
    assert plan.operations[0].secret
    assert "canary-variable" not in "".join(d.before + d.after for d in plan.diffs)


@pytest.mark.skipif(not FILES, reason="no corpus of web.config files beside the checkout (../shared/corpus)")
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name[:30])
def test_real_files_are_turned_once_or_refused_with_the_reason(path):
    content = path.read_bytes()
    try:
        plan, after = planned(content)
    except Refused as refused:
        assert "line" in str(refused)
        return
    ET.fromstring(after)
    assert plan.operations
    assert planned(after)[0].operations == ()


WARM = '<applicationInitialization{}><add initializationPage="/" /></applicationInitialization>'


@pytest.mark.parametrize(
    ("attributes", "options", "changed"),
    [
        (' doAppInitAfterRestart="TRUE"', {}, False),
        (' doAppInitAfterRestart="false"', {}, True),
        ("", {}, True),
        ("", {"warm_up": False}, False),
    ],
)
def test_the_warm_up_is_set_where_it_is_wanted_only(attributes, options, changed):
    _, whole = planned(None)
    once = re.sub(
        r"(?s)<applicationInitialization.*</applicationInitialization>", WARM.format(attributes), whole.decode()
    )
    plan, after = planned(once.encode(), **options)
    assert plan.changed is changed
    if changed:
        assert b'doAppInitAfterRestart="true"' in after
        assert after.count(b"initializationPage") == 1


def test_a_warm_up_of_other_pages_gets_ours_too():
    _, whole = planned(None)
    _, after = planned(whole.replace(b'initializationPage="/"', b'initializationPage="/other"'))
    pages = [e.get("initializationPage") for e in ET.fromstring(after).iter("add")]
    assert sorted(page for page in pages if page) == ["/", "/other"]
    assert planned(after)[0].changed is False


def test_without_warm_up_a_new_file_has_none():
    assert b"applicationInitialization" not in planned(None, warm_up=False)[1]


def test_a_variable_is_changed_or_added_beside_the_others():
    _, one = planned(None, environment={"A": "1"})
    _, two = planned(one, environment={"a": "2", "B": "3"})
    found = {e.get("name"): e.get("value") for e in ET.fromstring(two).iter("environmentVariable")}
    assert found == {"A": "2", "B": "3"}
    assert planned(two, environment={"A": "2"})[0].changed is False, "one that is not listed stays"
