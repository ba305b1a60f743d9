"""Servers that somebody installed by hand, as inventories: a run with them changes what the files announce."""

from __future__ import annotations

import json
import os
from pathlib import Path

import by_hand
import chain
import install_playbook
import pytest
from ansible.parsing.dataloader import DataLoader
from by_hand import DOWNLOADS, NAME, SECRETS, Agent

SERVICE = Agent(site="", service="IdentityManagerAgentContoso")
ODD = Agent(
    organization="Röst & Söhne",
    root="D:\\Apps\\IM Agent",
    runtime="bin",
    site="Zugang {{ intern }}",
    pool="Zugang",
    bindings=(("https", "*:8443:agent.contoso.com", 1),),
)
SECOND = Agent(
    organization="Fabrikam",
    root="C:\\identitymanagerFabrikam",
    site="Identity Manager AgentFabrikam",
    pool="Identity Manager Fabrikam",
    bindings=(("https", "*:443:fabrikam.contoso.com", 1),),
)
DISK = {"drives": {"D": {}}}
ACCOUNT = {"accounts": [{"name": "CONTOSO\\svc-agent", "password": SECRETS["account"]}]}
GMSA = {"accounts": [{"name": "CONTOSO\\agent$", "kind": "gmsa"}]}
COMMENTS = b"""// by hand
{
  "ApplicationUri": "https://identitymanager.contoso.com/", /* with a slash */
  "Scheduler": {"Enabled": false},
}
"""
SERVERS = {
    "as the guide says": ((Agent(),), {}),
    "a service": ((SERVICE,), {}),
    "a service elsewhere": (
        (Agent(site="", service="IMAgent", root="D:\\IM", urls="http://*:6001;http://localhost:6002"),),
        DISK,
    ),
    "odd names": ((ODD,), DISK),
    "two organisations": ((Agent(), SECOND), {}),
    "a site and a service": ((Agent(), Agent("Lyon", "C:\\identitymanagerLyon", site="", service="L")), {}),
    "an account": ((Agent(account="CONTOSO\\svc-agent"),), ACCOUNT),
    "a gMSA": ((Agent(account="CONTOSO\\agent$"),), GMSA),
    "a service as an account": (
        (Agent(site="", service="IdentityManagerAgentContoso", account="CONTOSO\\svc-agent"),),
        {**ACCOUNT, "user_rights": {"SeServiceLogonRight": ["CONTOSO\\svc-agent"]}},
    ),
    "http behind a proxy": ((Agent(bindings=(("http", "*:8080:agent.contoso.com", 0),)),), {}),
    "a binding for all names": ((Agent(bindings=(("https", "*:443:", 0),)),), {}),
    "several bindings": (
        (Agent(bindings=(("https", "*:443:agent.contoso.com", 1), ("http", "*:8081:agent.contoso.com", 0))),),
        {},
    ),
    "certificates in another store": ((Agent(store="WebHosting"),), {}),
    "pairs by subject": ((Agent(named="subject"),), {}),
    "pairs in a file": ((Agent(named="file"),), {}),
    "a pool of habit": (
        (Agent(attributes={"startMode": "OnDemand", "processModel.idleTimeout": "00:20:00"}),),
        {},
    ),
    "comments and little else": ((Agent(files={"appsettings.json": COMMENTS}),), {}),
    "no client and no roots": ((Agent(agent={"OpenId": {"AgentIdentifier": "A"}, "SourcesRootPaths": []}),), {}),
    "an encrypted file": (
        (
            Agent(
                agent={"OpenId": {"AgentIdentifier": "Contoso", "DefaultOpenIdClient": "Job"}, "Connections": {}},
                files={
                    "appsettings.encrypted.agent.json": json.dumps(
                        {
                            "OpenId": {"OpenIdClients": {"Job": "enc:1"}},
                            "Connections": {"AD": {"Login": "enc:2", "Password": "enc:3"}},
                        }
                    )
                },
            ),
        ),
        {},
    ),
    "settings of their own": (
        (
            Agent(
                general={"Jobs": {"MaxTaskBatchSize": 8}, "Unknown": {"Key": "canary-adopt-unknown-44"}},
                agent={"Databases": {"Hr": {"ConnectionString": SECRETS["sql"]}}},
                files={"agent.pfx": b"x", "Export-Exchange.ps1": b"# mine"},
            ),
        ),
        {},
    ),
    "folders elsewhere": (
        (Agent(general={"WorkFolderPath": "D:\\Work"}),),
        {**DISK, "files": {"D:\\Work": {"folder": True}}},
    ),
    "an untidy service": ((Agent(site="", service="S", account="LocalSystem", urls="http://localhost:5000"),), {}),
}


def adopt(server, folder, known=None, **options):
    server.new_run()
    server.variables = {"inventory_hostname": NAME, **DOWNLOADS, **(known or {})}
    return server.run("win_im_agent_adopt", {"folder": str(folder), **options}, diff=False)


def variables(found):
    loaded = DataLoader().load_from_file(found["file"], trusted_as_template=True)
    return {"inventory_hostname": found["inventory_host"], "im_agent_verify_timeout": 0, **DOWNLOADS, **loaded}


def operations(done):
    return {operation for one in done[1:] for operation in one.result.get("operations", ())}


def failures(done):
    return [(one.task, one.result.get("msg")) for one in done if one.result.get("failed")]


BY_DAY = ("a service elsewhere", "two organisations", "pairs in a file", "an encrypted file", "settings of their own")
"""What is run in every test run; the others at night."""
A_THIRD = {"pairs in a file", "folders elsewhere"}
"""Whose settings name files or folders elsewhere, which only a third execution can ask for."""
REFUSED = {"no client and no roots"}
"""What no run can make right before somebody adds a value."""


def by_night(name):
    skipped = pytest.mark.skipif(not os.environ.get("IMOPS_NIGHTLY"), reason="takes a second: run by make test-all")
    return pytest.param(name, marks=() if name in BY_DAY else (pytest.mark.nightly, skipped))


def installed(server, found, *, check):
    done = install_playbook.run(server, variables(found), check=check)
    return [one for one in done if one.module != "win_im_agent_health"]


@pytest.mark.parametrize("name", [by_night(name) for name in SERVERS])
def test_a_run_with_the_inventory_changes_what_the_file_announces_and_the_next_nothing(name, tmp_path):
    agents, data = SERVERS[name]
    server = by_hand.server(*agents, **data)
    before = chain.lasting(server)
    result = adopt(server, tmp_path)
    assert not result.get("failed"), result
    assert server.executions <= (3 if name in A_THIRD else 2)
    assert len(result["agents"]) == len(agents)
    for found in result["agents"]:
        seen = Path(found["file"]).read_text("utf-8") + json.dumps(result)
        assert not [secret for secret in SECRETS.values() if secret in seen]
        assert bool(found["refusals"]) is (name in REFUSED), found["refusals"]
        done = installed(server, found, check=True)
        if found["refusals"]:
            assert failures(done)
            continue
        assert failures(done) == []
        assert operations(done) == set(found["changes"])
    assert chain.lasting(server) == before
    if name in REFUSED or not os.environ.get("IMOPS_NIGHTLY"):
        return
    for found in result["agents"]:
        assert failures(installed(server, found, check=False)) == []
    for found in result["agents"]:
        assert operations(installed(server, found, check=True)) == set()
    assert [found["changes"] for found in adopt(server, tmp_path / "again")["agents"]] == [[]] * len(agents)
