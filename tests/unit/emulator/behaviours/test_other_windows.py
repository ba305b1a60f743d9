"""Windows in other languages and editions, and scripts of accounts that may less."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, load_pem_private_key, pkcs12
from emulator.windows.agent import demands
from emulator.windows.agent.context import CannotStart, Context
from emulator.windows.agent.dotnet_config import Configuration
from in_process import Server, machine

PROBE = "imops.identity_manager.win_im_probe"


def server(scenario=None, **behaviours):
    return machine({"domain": None, **(scenario or {}), "behaviours": behaviours}, "srv")


def asked(target, **query):
    answer = Server(target).engine.call(PROBE, {"queries": [query]})
    return answer["answers"][0], answer["host"]


@pytest.mark.parametrize(
    ("name", "administrators", "system"),
    [
        ("german", "VORDEFINIERT\\Administratoren", "NT-AUTORITÄT\\SYSTEM"),
        ("french", "BUILTIN\\Administrateurs", "AUTORITE NT\\Système"),
    ],
)
def test_built_in_accounts_have_other_names(name, administrators, system):
    accounts = server(language={"name": name}).accounts
    assert accounts.name("S-1-5-32-544") == administrators
    assert accounts.sid(administrators) == accounts.sid(administrators.split("\\")[1]) == "S-1-5-32-544"
    assert accounts.find("BUILTIN\\Administrators") is None
    assert accounts.find("Administrators") is None
    assert accounts.name("S-1-5-18") == system
    assert accounts.sid("NT AUTHORITY\\SYSTEM") == "S-1-5-18", "understood in every language"


def test_dot_nets_messages_are_translated():
    target = server({"files": {"C:\\x": {"text": "x"}}}, language={"name": "french"})
    target.files.lock("C:\\x")
    answer, _ = asked(target, kind="file", path="C:\\x")
    assert "en cours d'utilisation" in answer["error"]["message"]
    assert answer["error"]["type"] == "System.IO.IOException"


@pytest.mark.parametrize("name", ["german", "french"])
def test_events_of_was_are_translated_and_name_the_pool(name):
    target = server(language={"name": name}, neighbour_site={}, crashing_worker={})
    target.clock.wait(6)
    events = [event for event in target.events.entries if event.provider == "Microsoft-Windows-WAS"]
    assert {event.id for event in events} == {5002, 5009}
    assert all("Shop" in event.message and "application pool" not in event.message.lower() for event in events)


def test_a_domain_controller_has_no_accounts_of_its_own():
    target = server(domain_controller={})
    assert target.accounts.name("S-1-5-32-544") == "BUILTIN\\Administrators"
    assert target.accounts.find("SRV\\Administrator") is None
    assert target.accounts.find("Administrator") == target.accounts.find("CONTOSO\\Administrator") is not None
    assert target.features.installed("RSAT-ADDS-Tools")
    facts = Server(target).engine.call("ansible.windows.setup", {"gather_subset": ["windows_domain"]})["ansible_facts"]
    assert facts["ansible_windows_domain_role"] == "Primary domain controller"


def test_a_workgroup_server_with_a_suffix_is_in_no_domain():
    assert asked(server(), kind="policies")[1]["domain"] is None
    assert asked(server(dns_suffix={"suffix": "x.net"}), kind="policies")[1]["domain"] is None


def test_on_server_core_a_feature_leaves_no_console():
    target = server(server_core={})
    target.features.install(["RSAT-ADDS-Tools"])
    assert target.features.installed("RSAT-ADDS-Tools")
    assert not target.files.exists("C:\\Windows\\System32\\dsa.msc")


def test_without_the_privilege_start_times_are_unknown():
    target = server(neighbour_site={}, no_debug_privilege={})
    answer, _ = asked(target, kind="iis")
    assert [worker["started"] for worker in answer["value"]["workers"]] == [None]
    assert asked(target, kind="service", name="W3SVC")[0]["value"]["started"] is None


def test_without_the_privilege_wmi_may_tell_start_times():
    target = server(neighbour_site={}, no_debug_privilege={"told_by_wmi": True})
    answer, _ = asked(target, kind="iis")
    assert all(worker["started"] for worker in answer["value"]["workers"])
    assert asked(target, kind="service", name="W3SVC")[0]["value"]["started"]


def test_who_is_no_administrator_sees_no_configuration():
    target = server({"features": ["Web-Server"]}, not_elevated={})
    path = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
    answer, host = asked(target, kind="file", path=path)
    assert (answer["value"], host["elevated"]) == (None, False)
    assert asked(target, kind="iis")[0]["error"]["type"] == "System.UnauthorizedAccessException"


@pytest.mark.parametrize(("behaviours", "there"), [({}, False), ({"kept_key_files": {}}, True)])
def test_a_removed_certificate_may_leave_its_key(behaviours, there):
    target = server(**behaviours)
    made = target.certificates.make()
    target.certificates.remove("LocalMachine", "My", made.thumbprint)
    assert target.files.exists(made.key_path) == there


@pytest.mark.parametrize(
    ("names", "behaviours", "fails"),
    [
        ((b"same", b"same"), {"shared_key_containers": {}}, True),
        ((b"one", b"two"), {"shared_key_containers": {}}, False),
        ((None, None), {"shared_key_containers": {}}, False),
        ((b"same", b"same"), {}, False),
    ],
)
def test_two_pfx_files_of_one_name_lose_a_key(names, behaviours, fails):
    target = server(**behaviours)
    target.files.make_folder("C:\\work")
    settings = Configuration()
    for number, (name, section, file, password) in enumerate(
        zip(
            names,
            ("EncryptionCertificate", "IdentityServer"),
            ("File", "X509KeyFilePath"),
            ("Password", "X509KeyFilePassword"),
            strict=True,
        )
    ):
        made = target.certificates.make(subject=f"CN={number}")
        key = load_pem_private_key(made.key, None)
        assert isinstance(key, rsa.RSAPrivateKey)
        encryption = BestAvailableEncryption(b"demo-only")
        content = pkcs12.serialize_key_and_certificates(name, key, made.certificate, None, encryption)
        target.files.write(f"C:\\work\\{number}.pfx", content)
        settings.set(f"{section}:{file}", f"C:\\work\\{number}.pfx")
        settings.set(f"{section}:{password}", "demo-only")
    context = Context(target.surroundings, "C:\\work", "C:\\work", frozenset())
    if fails:
        with pytest.raises(CannotStart, match="Keyset does not exist"):
            demands._check_containers(context, settings)
    else:
        demands._check_containers(context, settings)


@pytest.mark.parametrize(
    ("behaviours", "display"),
    [
        ({}, "Web Server (IIS)"),
        ({"language": {}}, "Webserver (IIS)"),
        ({"language": {"name": "french"}}, "Serveur Web (IIS)"),
    ],
)
def test_features_have_display_names_and_identifiers(behaviours, display):
    target = server({"features": ["Web-Server"]}, **behaviours)
    answer, _ = asked(target, kind="features", names=[display, "Web-Server"])
    assert answer["value"] == {display: False, "Web-Server": True}
    assert target.features.identifiers() == {2}
