"""What the controller holds for Kerberos instead of a password: a keytab, a ticket that has expired, a wrong clock."""

from __future__ import annotations

import json
import time

import emulated
import kdc
import pytest
import yaml
from by_day import these
from pairs import KINIT, SERVICES

PASSWORD = "canary-ticket-password-3c8e"
NEWER = "canary-newer-password-90fa"
WAYS = {"psrp": ("psrp", "http"), "winrm": ("winrm", "http")}
QUICK = {"ansible_psrp_connection_timeout": 5, "ansible_psrp_reconnection_retries": 0}
LACKS = kdc.missing()
pytestmark = pytest.mark.skipif(bool(LACKS), reason=LACKS)


@pytest.fixture(scope="module")
def realm(tmp_path_factory):
    with kdc.running(tmp_path_factory.mktemp("kdc")) as running:
        running.add_account("ansible", PASSWORD)
        running.add_account("changed", PASSWORD)
        running.add_service(*(f"{service}/{name}" for name in WAYS for service in SERVICES))
        yield running


@pytest.fixture(scope="module")
def fleet(tmp_path_factory, realm):
    folder = tmp_path_factory.mktemp("fleet")
    hosts = {
        name: {"connection": connection, "scheme": scheme, "auth": "kerberos", "user": f"ansible@{kdc.REALM}"}
        for name, (connection, scheme) in WAYS.items()
    }
    scenario = folder / "scenario.yml"
    scenario.write_text(yaml.safe_dump({"domain": "contoso.test", "hosts": hosts}), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in realm.environment.items():
            patch.setenv(name, value)
        with emulated.fleet(scenario, folder) as started:
            yield started


def pinged(fleet, tmp_path, way, environment, **variables):
    """Return the result of a ping of one server with an environment of the controller's own."""
    known = yaml.safe_load(fleet.inventory.read_text("utf-8"))["agents"]["hosts"][way]
    known.pop("ansible_password", None)
    inventory = tmp_path / "hosts.yml"
    hosts = {"tried": known | KINIT | QUICK | variables}
    inventory.write_text(yaml.safe_dump({"agents": {"hosts": hosts}}), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        done = emulated.playbook(
            emulated.Fleet(fleet.folder),
            "imops.identity_manager.ping",
            "-v",
            "--limit",
            "tried",
            inventories=[inventory],
        )
    assert not any(secret in done.output for secret in (PASSWORD, NEWER))
    lines = [line for line in done.output.splitlines() if line.startswith("ok: [tried] => ") and '"reached"' in line]
    assert lines, done.output[-3000:]
    return json.loads(lines[-1].partition(" => ")[2])


def only(realm, tmp_path, **more):
    """Return the realm's environment with a cache that holds nothing, and what is added to it."""
    return realm.environment | {"KRB5CCNAME": f"FILE:{tmp_path}/tickets"} | more


def test_a_keytab_stands_for_the_password(realm, fleet, tmp_path):
    file = tmp_path / "client.keytab"
    realm.add_keytab("ansible", file)
    result = pinged(fleet, tmp_path, "psrp", only(realm, tmp_path, KRB5_CLIENT_KTNAME=f"FILE:{file}"))
    assert (result["reached"], result["logon"], result["user"]) == (True, "Kerberos", "CONTOSO\\ansible"), result


@pytest.mark.nightly
def test_a_keytab_that_is_older_than_the_password_is_told(realm, fleet, tmp_path):
    file = tmp_path / "client.keytab"
    realm.add_keytab("changed", file)
    realm.administer(f"cpw -pw {NEWER} changed@{kdc.REALM}")
    environment = only(realm, tmp_path, KRB5_CLIENT_KTNAME=f"FILE:{file}")
    result = pinged(fleet, tmp_path, "psrp", environment, ansible_user=f"changed@{kdc.REALM}")
    assert (result["reached"], result["cause"]) == (False, "password"), result
    assert "keytab" in result["problem"]


@pytest.mark.parametrize("way", these({"psrp"}, WAYS))
def test_neither_ticket_nor_password_is_told(realm, fleet, tmp_path, way):
    manual = {"ansible_winrm_kinit_mode": "manual"}
    result = pinged(fleet, tmp_path, way, only(realm, tmp_path), **manual)
    assert (result["reached"], result["cause"]) == (False, "no ticket"), result


@pytest.mark.parametrize("way", these({"psrp"}, WAYS))
def test_a_ticket_that_has_expired_is_told(realm, fleet, tmp_path, way):
    environment = only(realm, tmp_path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kdc.Kdc, "environment", environment)
        assert realm.run("kinit", "-l", "1s", f"ansible@{kdc.REALM}", given=PASSWORD).returncode == 0
        deadline = time.monotonic() + 30
        while realm.run("klist", "-s").returncode == 0:
            assert time.monotonic() < deadline, "a ticket of one second is still valid"
            time.sleep(0.1)
    result = pinged(fleet, tmp_path, way, environment, ansible_winrm_kinit_mode="manual")
    assert (result["reached"], result["cause"]) == (False, "ticket"), result


@pytest.mark.skipif(bool(kdc.no_other_clock()), reason=kdc.no_other_clock())
@pytest.mark.parametrize("way", these({"psrp"}, WAYS))
def test_a_clock_that_differs_from_the_domains_is_told(fleet, tmp_path, way):
    folder = tmp_path / "kdc"
    folder.mkdir()
    with kdc.running(folder, clock="-20m") as late:
        late.add_account("ansible", PASSWORD)
        environment = late.environment | {"KRB5CCNAME": f"FILE:{tmp_path}/tickets"}
        result = pinged(fleet, tmp_path, way, environment, ansible_password=PASSWORD)
    assert (result["reached"], result["cause"]) == (False, "clock"), result
