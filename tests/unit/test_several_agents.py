"""Several agents on one server: each is an inventory host of its own, and none changes anything of another.

What belongs to an agent is compared byte for byte: its folders, pool, site, service, key pairs and their rights.
"""

from __future__ import annotations

import functools
import itertools
import json
import re
import xml.etree.ElementTree as ET

import by_day
import chain
import install_playbook
import pytest
from in_process import Server

HOSTINGS = ("iis", "service")
CONFIGURATION = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
SERVICES = "HKLM:\\SYSTEM\\CurrentControlSet\\Services"
TLS_NAMES = f"{SERVICES}\\HTTP\\Parameters\\SslSniBindingInfo"
BY_DEFAULT = ("working_directory", "pool_name", "site_name", "service_name", "https_port", "sources_root_paths")
PAIRS = [{"use": "encryption"}, {"use": "identity_server"}, {"use": "server"}]
ACCOUNT = {"name": "CONTOSO\\svc-agent", "password": "canary-account-5"}
PORTS = {"Paris": 5000, "Lyon": 5001, "Nice": 5002}


def agent(name, hosting, **changes):
    """Return the variables of an agent, whose names are those that the collection gives by default."""
    inventory = chain.inventory(
        organization=name,
        identifier=name,
        host_name=f"{name.lower()}.contoso.com",
        hosting=hosting,
        service_urls=[f"http://localhost:{PORTS[name]}"],
        certificates=PAIRS,
    )
    given = {key: value for key, value in inventory.items() if value is not None and key not in BY_DEFAULT}
    own = {"inventory_hostname": name.lower(), "im_agent_verify_timeout": 0}
    return {f"im_agent_{key}": value for key, value in (given | changes).items()} | own


def run(server, variables, **options):
    done = install_playbook.run(server, variables, **options)
    assert [(one.task, one.result.get("msg")) for one in done if one.result.get("failed")] == []
    return done


def changed(done):
    return {one.task for one in done if one.changed}


@functools.cache
def _machine(*pairs_of_name_and_hosting):
    *before, (name, hosting) = pairs_of_name_and_hosting
    server = Server(_machine(*before).copy()) if before else chain.server()
    run(server, agent(name, hosting))
    return server.machine


def installed(**hostings):
    """Return a server on which agents have been installed in turn, by name and hosting."""
    return Server(_machine(*hostings.items()).copy())


def root(name):
    return f"C:\\identitymanager{name}"


def own(server, name):
    """Return what belongs to an agent, as text."""
    machine = server.machine
    files = machine.files.dump()
    prefix = root(name).lower() + "\\"
    found = {path: item for path, item in files.items() if f"{path.lower()}\\".startswith(prefix)}
    pairs = {thumbprint: files[pair["key_path"]] for thumbprint, pair in named(server, name).items()}
    services = {key: value for key, value in machine.services.dump().items() if key.lower().endswith(name.lower())}
    registry = [str(vars(key)) for key in [machine.registry.key(f"{SERVICES}\\IdentityManagerAgent{name}")] if key]
    return json.dumps([found, pairs, in_iis(server, name), services, registry], sort_keys=True, indent=1, default=str)


def named(server, name):
    """Return the pairs that an agent's settings and its site's binding name, by thumbprint."""
    machine = server.machine
    texts = [machine.files.text(f"{root(name)}\\Runtime\\{file}") for file in ("appsettings.json",)]
    bound = machine.registry.key(f"{TLS_NAMES}\\{name.lower()}.contoso.com:443")
    hashes = [bytes(bound.values["sslcerthash"][1].data).hex().upper()] if bound else []
    present = machine.certificates.dump()["LocalMachine\\My"]
    return {t: pair for t, pair in present.items() if t in hashes or any(t in text for text in texts)}


def in_iis(server, name):
    """Return an agent's pool, site and run states in IIS."""
    machine = server.machine
    if machine.iis is None:
        return []
    tree = ET.fromstring(machine.files.read(CONFIGURATION))
    pool, site = f"Identity Manager {name}", f"Identity Manager Agent{name}"
    elements = [
        ET.tostring(element, "unicode").strip()
        for path in ("applicationPools/add", "sites/site")
        for element in tree.findall(f"system.applicationHost/{path}")
        if element.get("name") in {pool, site}
    ]
    workers = [str(vars(worker)) for worker in machine.iis.workers() if worker.pool == pool]
    return [*elements, machine.iis.pool_state(pool), *workers] if elements else []


def unchanged(server, *agents):
    """Check that agents answer as before, and that another run changes nothing of them."""
    for variables in agents:
        done = run(server, variables, check=True)
        assert (changed(done), done[-1].result["verified"]) == (set(), True)


BOTH = list(itertools.product(HOSTINGS, HOSTINGS))
ALIKE, UNLIKE = (BOTH[0], BOTH[3]), (BOTH[1],)
"""Which pairs run by day. At night all do."""
BY_DAY = {("iis", "service", "iis")}


@pytest.mark.parametrize(("first", "second"), by_day.these(ALIKE, BOTH))
def test_a_second_agent_leaves_the_first_as_it_was_and_finds_the_work_for_the_machine_done(first, second):
    server = installed(Paris=first)
    before = own(server, "Paris")
    done = run(server, agent("Lyon", second))
    if (first, second) != ("service", "iis"):
        assert "im_prerequisites : Install Windows features and the hosting bundle" not in changed(done)
    assert own(server, "Paris") == before
    unchanged(server, agent("Paris", first), agent("Lyon", second))
    assert own(server, "Paris") == before
    assert not set(named(server, "Paris")) & set(named(server, "Lyon")), "each has pairs of its own"


THREE = [
    pytest.param(hostings, marks=() if hostings in BY_DAY else pytest.mark.nightly, id="-".join(hostings))
    for hostings in itertools.product(HOSTINGS, repeat=3)
]


@pytest.mark.parametrize("hostings", THREE)
def test_three_agents_end_as_each_wants_it(hostings):
    hostings = dict(zip(PORTS, hostings, strict=True))
    server = installed(**hostings)
    unchanged(server, *(agent(name, hosting) for name, hosting in hostings.items()))


SHARED = [{**PAIRS[0], "subject": "CN=Identity Manager Agent encryption"}, *PAIRS[1:]]


RENEWED = [(PAIRS, *BOTH[0]), (SHARED, *BOTH[1]), (SHARED, *BOTH[2])]


@pytest.mark.parametrize(("pairs", "first", "second"), by_day.one_in(2, RENEWED))
def test_renewal_and_removal_of_former_pairs_leave_another_agent_its_pairs(pairs, first, second):
    server = chain.server()
    paris, lyon = (agent(n, h, certificates=pairs) for n, h in (("Paris", first), ("Lyon", second)))
    run(server, paris)
    run(server, lyon)
    before, had = own(server, "Lyon"), set(named(server, "Paris"))
    renewal = {"im_agent_certificates": [{**pair, "renew": "always"} for pair in pairs]}
    run(server, paris | renewal | {"im_agent_remove_former_pairs": True})
    assert own(server, "Lyon") == before
    assert not had & set(named(server, "Paris"))
    assert not had & set(server.machine.certificates.dump()["LocalMachine\\My"]), "the former pairs are gone"
    unchanged(server, paris, lyon)


def test_a_pair_that_two_agents_share_since_version_1_is_left_while_one_of_them_uses_it():
    """Both have one account, so the rights on the key cannot tell whose it is: the other's settings do."""
    account = {"identity_username": ACCOUNT["name"], "identity_password": ACCOUNT["password"]}
    server = chain.server({"accounts": [ACCOUNT]})
    first, second = agent("Paris", "iis", **account), agent("Lyon", "service", **account)
    for variables in (first, second):
        run(server, variables | {"im_certificates_organization": ""})
    shared, before = set(named(server, "Paris")) & set(named(server, "Lyon")), own(server, "Lyon")
    assert len(shared) == 2
    renewal = {"im_agent_certificates": [{**pair, "renew": "always"} for pair in PAIRS]}
    run(server, first | renewal | {"im_agent_remove_former_pairs": True})
    assert own(server, "Lyon") == before
    assert not shared & set(named(server, "Paris"))
    unchanged(server, second)


CHANGES = {
    "a setting": ({"agent_settings": {"Serilog": {"MinimumLevel": "Debug"}}}, *BOTH[0]),
    "another host name": ({"host_name": "rue.contoso.com"}, *BOTH[0]),
    "no jobs": ({"scheduler_enabled": False}, *BOTH[1]),
    "another folder": ({"folders": {"Mails": "C:\\identitymanagerParis\\Post"}}, *BOTH[2]),
    "another address": ({"service_urls": ["http://localhost:5005"]}, *BOTH[3]),
}


@pytest.mark.parametrize("what", by_day.these(("another folder",), CHANGES))
def test_a_change_of_one_agent_leaves_the_other_as_it_was(what):
    changes, first, second = CHANGES[what]
    server, paris = installed(Paris=first, Lyon=second), agent("Paris", first, **changes)
    before = own(server, "Lyon")
    assert changed(run(server, paris))
    assert own(server, "Lyon") == before
    unchanged(server, paris, agent("Lyon", second))


@pytest.mark.parametrize(("first", "second"), by_day.these(UNLIKE, BOTH))
def test_a_switch_of_hosting_of_one_agent_leaves_the_other_as_it_was(first, second):
    server = installed(Paris=first, Lyon=second)
    before = own(server, "Lyon")
    switched = agent("Paris", "service" if first == "iis" else "iis")
    assert changed(run(server, switched))
    assert own(server, "Lyon") == before
    unchanged(server, switched, agent("Lyon", second))


@pytest.mark.parametrize(("first", "second"), by_day.these(ALIKE, BOTH))
def test_the_removal_of_one_agent_leaves_the_other_as_it_was(first, second):
    """Its site and pool, or its service, as the roles' entry point ``remove`` does; folders and pairs stay."""
    server = installed(Paris=first, Lyon=second)
    before = own(server, "Lyon")
    under_iis = [("win_im_site", "Identity Manager AgentParis"), ("win_im_apppool", "Identity Manager Paris")]
    for module, name in under_iis if first == "iis" else [("win_im_service", "IdentityManagerAgentParis")]:
        server.new_run()
        done = server.run(module, {"name": name, "state": "absent"})
        assert (done.get("failed"), done["changed"]) == (None, True), done
    assert own(server, "Lyon") == before
    assert not in_iis(server, "Paris")
    assert server.machine.services.get("IdentityManagerAgentParis") is None
    unchanged(server, agent("Lyon", second))


@pytest.mark.parametrize("hosting", HOSTINGS)
def test_a_leftover_of_one_agent_is_swept_by_its_own_run_only(hosting):
    server = installed(Paris=hosting, Lyon=hosting)
    server.machine.files.write(f"{root('Lyon')}\\.im-archive.zip", b"{}")
    before = own(server, "Lyon")
    run(server, agent("Paris", hosting))
    assert own(server, "Lyon") == before


TAKEN = {
    "the address of a service": (
        *BOTH[3],
        {"service_urls": [f"http://localhost:{PORTS['Paris']}"]},
        "listens on port 5000",
    ),
    "the name and port of a site": (*BOTH[0], {"host_name": "paris.contoso.com"}, "belongs to site .*AgentParis"),
    "the pool": (*BOTH[0], {"pool_name": "Identity Manager Paris"}, "already serves Identity Manager AgentParis"),
}


@pytest.mark.parametrize("what", TAKEN)
def test_what_another_agent_has_is_refused_before_anything_is_written(what):
    first, second, changes, words = TAKEN[what]
    server = installed(Paris=first)
    before = json.dumps(server.machine.dump(), sort_keys=True)
    done = install_playbook.run(server, agent("Lyon", second, **changes))
    assert len(done) == 1
    assert re.search(words, done[0].result["msg"])
    assert json.dumps(server.machine.dump(), sort_keys=True) == before


@pytest.mark.parametrize(("first", "second"), BOTH)
def test_the_removal_of_one_agent_with_all_that_it_has_leaves_the_other_as_it_was(first, second):
    server = installed(Paris=first, Lyon=second)
    before = own(server, "Lyon")
    given = agent("Paris", first) | {"im_remove": "paris", "im_remove_data": True}
    done = install_playbook.run_roles(server, ["imops.identity_manager.im_remove"], given)[-1].result
    assert not done.get("failed"), done["msg"]
    assert own(server, "Lyon") == before
    assert not in_iis(server, "Paris")
    assert not server.machine.files.exists(root("Paris"))
    assert not named_by_subject(server, "Paris")
    unchanged(server, agent("Lyon", second))


def named_by_subject(server, name):
    """Return the pairs whose subject names an agent."""
    present = server.machine.certificates.dump()["LocalMachine\\My"]
    return [thumbprint for thumbprint, pair in present.items() if name.lower() in json.dumps(pair).lower()]
