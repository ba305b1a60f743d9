"""`playbooks/install.yml` on a real PowerShell with the double of IIS: foreseen, done, and nothing left to do.

A server of kind model runs beside it with the same variables, and has to come to the same.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re

import demo
import engine_chain
import pytest
import yaml
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet import json_text
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import iis_config
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import pkcs12
from emulator.process.powershell import NAMED
from emulator.windows.iis import defaults
from emulator.windows.security import descriptors
from emulator.windows.system import dotnet
from engine_chain import ENGINE, HOST, MODEL, WORKING

RUNTIME = f"{WORKING}\\Runtime"
BACKUP = re.compile(r"\.\d{8}T\d{9}\.bak$")
PROBE = "imops.identity_manager.win_im_probe"
OF_A_RUNNING_AGENT = (f"{WORKING}\\Temp\\JobLogs\\", f"{WORKING}\\Temp\\scheduler.lock")
"""Written by the agent that runs on the model; the engine serves no site, so that no agent runs there."""
LATER_LOOKS = {"check": 0, "first": 1, "second": 0}
"""How often the proof asks the model's server again after the look that fails on the engine for want of an event log:
in the first run the agent has to come up without a request before one is sent.
"""
POOL, SITE = "Identity Manager Contoso", "Identity Manager AgentContoso"
pytestmark = [
    pytest.mark.nightly,
    pytest.mark.xdist_group("rig"),
    pytest.mark.skipif(
        not os.environ.get("IMOPS_NIGHTLY"), reason="takes minutes: run by make test-all, and alone by make chain"
    ),
]


@pytest.fixture(scope="module", params=["psrp", "winrm"])
def chain(request, engine, tmp_path_factory):
    """Run the chain once over each connection."""
    if NAMED:
        pytest.skip("the chain needs the rig's own drive with the double of IIS, not a PowerShell named in IMOPS_PWSH")
    return engine_chain.run(tmp_path_factory.mktemp("chain"), connection=request.param)


@pytest.fixture
def left(chain):
    """Return what is on the drive in the end."""
    return chain.left["second"]


@pytest.fixture
def files(left):
    """Return the working directory's files, without backups."""
    below = {path: content for path, content in left["files"].items() if path.startswith(f"{WORKING}\\")}
    return {path: base64.b64decode(content) for path, content in below.items() if not BACKUP.search(path)}


def test_check_mode_predicts_the_run_changes_and_the_second_run_leaves_all_as_it_is(chain, capsys):
    with capsys.disabled():
        print("", *engine_chain.described(chain), sep="\n")
    found = list(engine_chain.problems(chain))
    assert not found, "\n".join(found)
    assert chain.counters["check"][ENGINE]["modules"].keys() == {PROBE}
    assert chain.counters["second"][ENGINE]["modules"].keys() == {PROBE}


def test_the_model_alone_answers_what_the_scenario_names_and_the_rest_is_real(chain):
    assert set(chain.modelled()) == {
        f"ansible.windows.{name}" for name in ("win_feature", "win_package", "win_service")
    }
    assert set(chain.real()) == {
        PROBE,
        "imops.identity_manager.win_im_write",
        "ansible.windows.win_get_url",
        "microsoft.iis.web_app_pool",
        "microsoft.iis.website",
    }


def test_no_secret_is_told(chain):
    made_up = yaml.safe_load((demo.CONTOSO / "group_vars" / "agents" / "vault.yml").read_text("utf-8")).values()
    for run in chain.runs.values():
        assert [secret for secret in (*made_up, engine_chain.FILE_PASSWORD) if secret in run.output] == []


def test_what_the_model_installs_is_on_the_drive(left):
    there = left["registry"]["SOFTWARE\\Microsoft\\InetStp\\Components"]
    assert there == {"W3SVC": 1, "ApplicationInitialization": 1, "ManagementScriptingTools": 1}
    assert dotnet.ANCM in left["files"]


def test_the_settings_are_the_agent_s(files):
    general, agent = (
        json_text.parse(files[f"{RUNTIME}\\appsettings.{name}"].decode()).data for name in ("json", "agent.json")
    )
    assert general["ApplicationUri"] == "https://identitymanager.contoso.com"
    assert general["Cors"]["AllowCredentials"] is True, "the archive's own settings were lost"
    assert general["EncryptionCertificate"]["File"] == f"{WORKING}\\encryption.pfx"
    assert agent["OpenId"]["AgentIdentifier"] == "Twin"
    assert agent["SourcesRootPaths"] == [f"{WORKING}\\Sources"]
    assert b'<add initializationPage="/" />' in files[f"{RUNTIME}\\web.config"]


def test_the_certificates_are_where_they_are_named(left, files):
    for name in ("encryption", "identity-server"):
        content = files[f"{WORKING}\\{name}.pfx"]
        key, certificate, _ = pkcs12.load_key_and_certificates(content, engine_chain.FILE_PASSWORD.encode())
        assert key.public_key() == certificate.public_key()
        assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    (held,) = left["certificates"]
    assert (held["subject"], held["has_key"]) == (f"CN={HOST}", True)
    served = left["registry"][engine_chain.KEYS[1]]
    assert (served["SslCertHash"], served["SslCertStoreName"]) == (held["thumbprint"], "My")


def test_pool_and_site_are_those_of_the_model(chain, left):
    real = iis_config.parse(left["iis"].encode())
    model = iis_config.parse(chain.model["files"][defaults.CONFIG_PATH]["text"].encode())
    assert [pool.name for pool in real.pools] == [pool.name for pool in model.pools] == [POOL]
    assert real.pool(POOL).attributes == model.pool(POOL).attributes
    assert [site.name for site in real.sites] == [SITE]
    assert real.sites == model.sites


def test_files_are_those_of_the_model_byte_by_byte(chain, files):
    model = {
        path: node["sha256"]
        for path, node in chain.model["files"].items()
        if path.startswith(f"{WORKING}\\")
        and "sha256" in node
        and not BACKUP.search(path)
        and not path.startswith(OF_A_RUNNING_AGENT)
    }
    assert files.keys() == model.keys()
    made = {path for path in files if path.endswith(".pfx")}  # by each server's run, so that no two are equal
    assert {path: hashlib.sha256(files[path]).hexdigest() for path in files.keys() - made} == {
        path: model[path] for path in model.keys() - made
    }


def test_rights_of_folders_are_those_of_the_model(chain, left):
    model = {
        path: (node["owner"], node.get("rights", []), node.get("protected", False))
        for path, node in chain.model["files"].items()
        if path in left["folders"]
    }
    real = {}
    for path, sddl in left["folders"].items():
        found = descriptors.parse(sddl)
        own = [str(ace) for ace in found.aces if "ID" not in ace.flags]
        real[path] = (found.owner, own, found.protected)
    assert real == model
    given = {path for path, (_, own, _) in real.items() if own}
    assert given == {WORKING, *(f"{WORKING}\\{name}" for name in ("Temp", "Work", "Mails"))}


def test_both_servers_needed_the_same_and_the_model_s_agent_runs(chain):
    for run in chain.runs.values():
        assert run.hosts[ENGINE]["changed_tasks"] == run.hosts[MODEL]["changed_tasks"]
    engine, model = (
        {name: counted[host]["modules"] for name, counted in chain.counters.items()} for host in (ENGINE, MODEL)
    )
    looks = {name: ran | {PROBE: ran[PROBE] + LATER_LOOKS[name]} for name, ran in engine.items()}
    assert looks == model
    assert chain.runs["second"].hosts[MODEL]["verified"] is True
    assert not chain.runs["second"].hosts[ENGINE]["verified"]
