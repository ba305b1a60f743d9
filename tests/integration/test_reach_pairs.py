"""Ansible's connections against listeners that encrypt messages: NTLM, and Kerberos with a real KDC."""

from __future__ import annotations

import contextlib
import json
import os

import emulated
import kdc
import pairs
import pytest
import yaml
from pairs import HOSTS, KINIT, PASSWORD, USER

NIGHTLY = bool(os.environ.get("IMOPS_NIGHTLY"))
WRONG = "canary-reach-wrong-41c7"
LACKS = kdc.missing()
# The others cost a second of CPU each, in every run of the tests.
AT_ONCE = {"psrp-ntlm-http", "psrp-credssp-http", "psrp-kerberos-http", "winrm-kerberos-http", "in-clear", "ticket"}
QUICK = {"ansible_psrp_connection_timeout": 5, "ansible_psrp_reconnection_retries": 0}


def needed(name):
    """Tell whether a pair can be tried here, and is tried in this run."""
    return (NIGHTLY or name in AT_ONCE) and not ("kerberos" in name and LACKS)


def cases(names):
    marks = {name: [] for name in names}
    for name, found in marks.items():
        if name not in WITHOUT_KDC and HOSTS.get(name, {"auth": "kerberos"})["auth"] == "kerberos" and LACKS:
            found.append(pytest.mark.skip(reason=LACKS))
        if name not in AT_ONCE:
            found += [pytest.mark.nightly, pytest.mark.skipif(not NIGHTLY, reason="run by make test-all")]
    return [pytest.param(name, marks=found) for name, found in marks.items()]


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    """The realm with an account and the servers' services; None where there is no KDC."""
    if LACKS:
        yield None
        return
    with kdc.running(tmp_path_factory.mktemp("kdc")) as running:
        running.add_account("ansible", PASSWORD)
        running.add_account("disabled", PASSWORD, "-allow_tix")
        running.add_account("outdated", PASSWORD, "-pwexpire yesterday")
        assert running.run("kinit", USER, given=PASSWORD).returncode == 0
        pairs.add_services(running)
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory, realm):
    """One run of the playbook ping against all pairs, and the ways to fail that belong to them."""
    folder = tmp_path_factory.mktemp("fleet")
    scenario = folder / "scenario.yml"
    there = {name: host for name, host in HOSTS.items() if needed(name)}
    scenario.write_text(yaml.safe_dump({"domain": "contoso.test", "hosts": there}), "utf-8")
    environment = realm.environment if realm else {}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        with emulated.fleet(scenario, folder) as fleet:
            known = yaml.safe_load(fleet.inventory.read_text("utf-8"))["agents"]["hosts"]
            more = folder / "more.yml"
            others = _failing(known) | _with_ticket(known)
            entries = {name: variables | QUICK for name, variables in others.items() if NIGHTLY or name in AT_ONCE}
            more.write_text(yaml.safe_dump({"agents": {"hosts": entries, "vars": KINIT}}), "utf-8")
            fleet.command("reset")
            done = emulated.playbook(fleet, "imops.identity_manager.ping", "--forks", "8", "-v", inventories=[more])
            counters = {name: fleet.counters(name) for name in there}
    found = {}
    for line in done.output.splitlines():
        name, arrow, shown = line.partition("] => ")
        if arrow and name.startswith("ok: [") and '"reached"' in shown:
            found[name.removeprefix("ok: [")] = json.loads(shown)
    return done, found, counters


def _with_ticket(known):
    """Return a host without a password: the ticket in the controller's cache is used."""
    pair = dict(known.get("psrp-kerberos-http", {}))
    pair.pop("ansible_password", None)
    return {"ticket": pair} if pair else {}


def _failing(known):
    """Return hosts that must not be reached, each a pair with one thing wrong."""
    ntlm = known["psrp-ntlm-http"]
    made = {
        "in-clear": ntlm | {"ansible_psrp_message_encryption": "never"},
        "basic-over-http": ntlm | {"ansible_psrp_auth": "basic"},
    }
    if "winrm-ntlm-http" in known:
        made["in-clear-winrm"] = known["winrm-ntlm-http"] | {"ansible_winrm_message_encryption": "never"}
    if "psrp-credssp-https" in known:
        made["wrong-logon-credssp"] = known["psrp-credssp-https"] | {"ansible_password": WRONG}
        made["wrong-logon-credssp-winrm"] = known["winrm-credssp-https"] | {"ansible_password": WRONG}
    if LACKS:
        return made
    psrp, winrm = known["psrp-kerberos-http"], known["winrm-kerberos-http"]
    alias = {"ansible_psrp_negotiate_hostname_override": "alias", "ansible_winrm_kerberos_hostname_override": "alias"}
    users = {
        "no-account": (psrp, f"nobody@{kdc.REALM}"),
        "no-realm": (psrp, "ansible@ELSEWHERE.TEST"),
        "dead-realm": (winrm, "ansible@NOWHERE.TEST"),
        "disabled": (psrp, f"disabled@{kdc.REALM}"),
        "disabled-winrm": (winrm, f"disabled@{kdc.REALM}"),
        "outdated": (psrp, f"outdated@{kdc.REALM}"),
        "outdated-winrm": (winrm, f"outdated@{kdc.REALM}"),
    }
    made |= {"no-spn": psrp | alias, "no-spn-winrm": winrm | alias}
    made |= {"wrong-logon": psrp | {"ansible_password": WRONG}}
    made |= {"wrong-logon-winrm": winrm | {"ansible_password": WRONG}}
    return made | {name: pair | {"ansible_user": user} for name, (pair, user) in users.items()}


CAUSES = {
    "in-clear": "unencrypted",
    "in-clear-winrm": "unencrypted",
    "basic-over-http": "authentication",
    "no-spn": "spn",
    "no-spn-winrm": "spn",
    "wrong-logon-credssp": "credentials",
    "wrong-logon-credssp-winrm": "credentials",
    "wrong-logon": "password",
    "wrong-logon-winrm": "password",
    "no-account": "account",
    "no-realm": "realm",
    "dead-realm": "realm",
    "disabled": "revoked",
    "disabled-winrm": "revoked",
    "outdated": "password expired",
    "outdated-winrm": "password expired",
}
WITHOUT_KDC = {"in-clear", "in-clear-winrm", "basic-over-http", "wrong-logon-credssp", "wrong-logon-credssp-winrm"}


@pytest.mark.parametrize("name", cases(HOSTS))
def test_a_pair_is_reached_in_one_execution(run, name):
    done, results, counters = run
    assert name in results, done.output[-3000:]
    result = results[name]
    assert result["reached"] is True, result
    by = result["reached_by"]
    connection, way, scheme = name.split("-")
    told = by["authentication"].lower().removeprefix("a client's ")
    assert (by["connection"], told, by["scheme"]) == (connection, way, scheme)
    assert by["encryption"] == ("TLS" if scheme == "https" else f"messages, by {by['authentication']}")
    assert result["logon"] == ("Kerberos" if way == "kerberos" else "NTLM")
    assert result["user"] == ("CONTOSO\\ansible" if way == "kerberos" else f"{name.upper()[:15]}\\Administrator")
    by_ticket = "ticket" in results and name == "psrp-kerberos-http"  # it reaches the same server
    assert counters[name]["remote_executions"] == 1 + by_ticket


@pytest.mark.skipif(bool(LACKS), reason=LACKS)
def test_without_a_password_the_ticket_in_the_cache_is_used(run):
    result = run[1]["ticket"]
    assert (result["reached"], result["logon"], result["user"]) == (True, "Kerberos", "CONTOSO\\ansible")


@pytest.mark.parametrize("name", cases(CAUSES))
def test_what_windows_and_the_domain_refuse_is_told_by_its_cause(run, name):
    result = run[1][name]
    assert (result["reached"], result["cause"]) == (False, CAUSES[name]), result
    assert run[0].output.count(PASSWORD) == run[0].output.count(WRONG) == 0


def test_the_kdc_leaves_nothing_behind(tmp_path):
    if LACKS:
        pytest.skip(LACKS)
    with kdc.running(tmp_path) as started:
        started.add_account("somebody", PASSWORD)
        assert started.run("kinit", f"somebody@{kdc.REALM}", given=PASSWORD).returncode == 0
        pid = int((tmp_path / "kdc.pid").read_text("ascii"))
        os.kill(pid, 0)
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        pytest.fail("krb5kdc still runs")
