"""An odd inventory that is right is not refused, and its plan is that of the plain inventory which says the same.

The inventories are files, read as Ansible reads them. The plan is the whole one that the first task makes.
"""

from __future__ import annotations

import base64
import functools
import json
import re
import typing as t
import unittest.mock

import by_day
import chain
import install_playbook
import pytest
import written
from ansible._internal._datatag import _tags
from ansible.template import trust_as_template
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import foretelling

PLAIN = chain.inventory()
THUMBPRINT = re.compile(rb"[0-9A-Fa-f]{40}")
"""Of the pair that the server makes itself."""
VARYING = re.compile(r"\d{8}T\d{4,}\w*|\d{4}-\d\d-\d\dT[\d:.]+Z")
"""The time of a run, in the names of backups."""
ACCOUNT = "CONTOSO\\svc-agent"
FOLDERS = {"Work": "D:\\Work", "Temp": "D:\\Temp"}
PROXY = "http://proxy.contoso.com:8080"


class Odd(t.NamedTuple):
    """An odd inventory.

    Attributes:
        changes: the variables by name; None leaves one out.
        plain: what an inventory without oddities would have in their place.
        beside: variables that another file gives.
    """

    changes: dict[str, t.Any]
    plain: t.Mapping[str, t.Any] = {}
    beside: t.Mapping[str, t.Any] = {}


def ours(**changes):
    return {f"im_agent_{name}": value for name, value in changes.items()}


def survey(name, answer, plain):
    """Return a variable as a survey gives it, which is a text."""
    return Odd(ours(**{name: answer}), ours(**{name: plain}))


def same(name, value):
    """Return a variable that says what the plain inventory says without it."""
    return Odd(ours(**{name: value}))


def templated(name, template, **beside):
    return Odd(ours(**{name: template}), beside=beside)


SURVEYS = {
    "a port as text": same("https_port", "443"),
    "another port as text": survey("https_port", "8443", 8443),
    "a port with spaces": survey("https_port", " 8443 ", 8443),
    **{
        f"{answer} for true": survey("scheduler_enabled", answer, True) for answer in ("true", "yes", "True", "on", "1")
    },
    **{f"{answer} for false": survey("scheduler_enabled", answer, False) for answer in ("false", "no", "off", "0")},
    "0 as a number": survey("scheduler_enabled", 0, False),
    **{f"strict is {answer}": survey("strict", answer, False) for answer in ("false", "no", "0")},
    **{f"behind a proxy is {answer}": survey("reverse_proxy", answer, False) for answer in ("false", "no")},
    "backups as text": survey("backup_count", "3", 3),
    "days as text": survey("renew_days", "30", 30),
    "seconds as text": survey("verify_timeout", "0", 0),
    "a version as text": same("hosting_bundle_version", "8.0.22"),
    "a version as a number": survey("hosting_bundle_version", 8.0, "8.0"),
    **{
        f"nothing typed for {name}": same(name, "")
        for name in ("https_proxy", "fingerprint_key", "certificates_folder")
    },
    **{f"nothing typed for {name}": same(name, "") for name in ("identity_username", "identity_password")},
}
JSON = {
    **{
        f"JSON for {name}": same(name, json.dumps(PLAIN[name]))
        for name in ("connections", "openid_clients", "settings")
    },
    **{
        f"JSON for {name}": same(name, json.dumps(PLAIN[name]))
        for name in ("certificates", "folders", "agent_settings")
    },
    **{f"JSON for {name}": same(name, json.dumps(PLAIN[name])) for name in ("service_urls", "sources_root_paths")},
    "JSON of folders": survey("folders", json.dumps(FOLDERS), FOLDERS),
    "JSON of settings": survey("settings", '{"A": {"B": [1, true, null]}}', {"A": {"B": [1, True, None]}}),
    "JSON of protections": survey("protections", "{}", {}),
    "JSON of names": survey("no_proxy", '["localhost"]', ["localhost"]),
    "names with commas": Odd(
        ours(https_proxy=PROXY, no_proxy="localhost,.contoso.com"),
        ours(https_proxy=PROXY, no_proxy=["localhost", ".contoso.com"]),
    ),
    "one name that is no list": Odd(
        ours(https_proxy=PROXY, no_proxy=".contoso.com"), ours(https_proxy=PROXY, no_proxy=[".contoso.com"])
    ),
}
TEMPLATES = {
    "a secret of a vault": Odd(
        ours(openid_clients={"Job": "{{ vaulted }}", "Admin": chain.CANARIES["admin"]}),
        ours(openid_clients={"Job": "canary-vaulted-45", "Admin": chain.CANARIES["admin"]}),
    ),
    "all clients in a template": templated("openid_clients", "{{ clients }}", clients=PLAIN["openid_clients"]),
    "a dictionary combined": templated(
        "connections", "{{ shared | combine(own) }}", shared=PLAIN["connections"], own={}
    ),
    "a list joined": templated(
        "certificates", "{{ first + rest }}", first=PLAIN["certificates"][:1], rest=PLAIN["certificates"][1:]
    ),
    "a name by upper and lower case": templated("host_name", "{{ fqdn | lower }}", fqdn=chain.HOST.upper()),
    "a template of a template": templated("identifier", "{{ a }}", a=trust_as_template("{{ b }}"), b="Paris"),
    "a port that is calculated": templated("https_port", "{{ base + 3 }}", base=440),
    "a truth value that is calculated": templated("scheduler_enabled", "{{ 1 == 1 }}"),
    "a default for what is not set": templated("identifier", "{{ not_set | default('Paris') }}"),
    "a default for a dictionary": templated("folders", "{{ not_set | default({}) }}"),
    "a choice by a condition": templated("hosting", "{{ 'service' if own == 'x' else 'iis' }}", own="y"),
    "a value of another variable": templated("site_name", "Identity Manager Agent{{ im_agent_organization }}"),
    "the server's own name": templated("identifier", "{{ 'Paris' if inventory_hostname is search('paris') else 'x' }}"),
    "a file's name from a variable": templated(
        "archive_source", "{{ mirror }}/usercube-agent-runtime.zip", mirror=chain.ARCHIVE_URL.rpartition("/")[0]
    ),
    "a checksum in a template": templated(
        "archive_checksum", "{{ sums.agent }}", sums={"agent": PLAIN["archive_checksum"]}
    ),
    "a loop that makes a dictionary": templated(
        "openid_clients",
        "{{ dict(names | zip(words)) }}",
        names=[*PLAIN["openid_clients"]],
        words=[*PLAIN["openid_clients"].values()],
    ),
    "a value from another server": templated(
        "server_url", "{{ groups_of.a.url }}", groups_of={"a": {"url": chain.SERVER_URL}}
    ),
}
LEFT_OUT = {
    **{f"the default {name}": Odd(ours(**{name: None})) for name in ("hosting", "working_directory", "pool_name")},
    **{f"the default {name}": Odd(ours(**{name: None})) for name in ("site_name", "service_name", "service_urls")},
    **{f"the default {name}": Odd(ours(**{name: None})) for name in ("https_port", "folders", "settings", "strict")},
    **{f"the default {name}": Odd(ours(**{name: None})) for name in ("scheduler_enabled", "agent_settings")},
    **{f"the default {name}": Odd(ours(**{name: None})) for name in ("default_openid_client", "sources_root_paths")},
    "no connection": survey("connections", {}, {}),
    "an empty list of names": same("no_proxy", []),
    "an empty dictionary of protections": same("protections", {}),
}
ONE_CLIENT = {"job@im.contoso.com": "canary-x"}
NAMES = {
    "a checksum in capitals": same("archive_checksum", PLAIN["archive_checksum"].upper()),
    "a checksum with its kind": same("archive_checksum", f"sha256:{PLAIN['archive_checksum']}"),
    "a variable of one's own": Odd({"im_agent_owner": "The team"}),
    "a variable of one's own that is like ours": Odd(
        {"im_agent_host_names": ["a"], "im_agent_own_variables": ["im_agent_host_names"]}
    ),
}
AS_THEY_ARE = {
    **{f"the identifier {name}": (ours(identifier=name), name) for name in ("Zürich", "agent 7", "O'Neil", "東京")},
    "an identifier that looks like a template's end": (ours(identifier="Paris }}"), "Paris }}"),
    "a client with @ and a dot": (
        ours(openid_clients=ONE_CLIENT, default_openid_client="job@im.contoso.com"),
        *ONE_CLIENT,
    ),
    "an organisation with a space": (
        ours(organization="Contoso Nord", site_name=None),
        "Identity Manager AgentContoso Nord",
    ),
    "a site with a dash": (ours(site_name="Agents - Paris"), "Agents - Paris"),
    "a working directory with spaces": (ours(working_directory="C:\\Program Files\\im"), "C:\\Program Files\\im"),
    "a working directory with an umlaut": (ours(working_directory="C:\\Überblick"), "C:\\Überblick"),
    "a secret that looks like a number": (
        ours(openid_clients={"Job": "12345678901234567890", "Admin": "x"}),
        "12345678901234567890",
    ),
    "a secret with braces": (ours(openid_clients={"Job": "a{b}c%d$e", "Admin": "x"}), "a{b}c%d$e"),
    "two addresses for a service": (
        ours(hosting="service", service_urls=["http://a:1", "http://b:2"], certificates=PLAIN["certificates"][:2]),
        "http://b:2",
    ),
    "a site without https": (ours(site_protocol="http", certificates=PLAIN["certificates"][:2]), "http"),
}
"""Names and values that are odd and right, each with a text that has to arrive in an operation."""
ALL = SURVEYS | JSON | TEMPLATES | LEFT_OUT | NAMES
EXTRA = ("another port as text", "JSON of folders", "true for true", "a secret of a vault", "names with commas")
VAULTED = ("identity_password", "fingerprint_key")
INSTALLED = ("a list joined", "no for false")


@functools.cache
def server():
    return chain.server({"drives": {"D": {}}})


def settled(arguments):
    """Return an operation's arguments without the encryption of a PFX, which is another each time."""
    made = {"content", "password"} if arguments.get("operation") == "certificate" else set()
    return {key: value for key, value in arguments.items() if key not in made}


def plan(variables):
    """Return what the first task plans, each operation with its arguments; it fails nothing."""
    plans = []

    class Watched(foretelling.Picture):
        def add(self, planned):
            plans.append([[one.does, one.module, settled(one.arguments), one.secret] for one in planned.operations])
            super().add(planned)

    with unittest.mock.patch.object(foretelling, "Picture", Watched):
        result = install_playbook.run(server(), variables, only_first=True)[0].result
    assert not result.get("failed"), result["msg"]
    texts = json.dumps([result["plan"], plans], default=str, ensure_ascii=False, sort_keys=True)
    return json.loads(VARYING.sub("#", texts))


def texts(planned):
    """Return all texts of operations, one a line, and what JSON files among them say."""
    if isinstance(planned, str):
        try:
            inside = json.loads(base64.b64decode(planned, validate=True).decode("utf-8-sig"))
        except ValueError:
            return planned
        return texts(inside)
    if isinstance(planned, dict):
        return "\n".join([*planned, *map(texts, planned.values())])
    return "\n".join(map(texts, planned)) if isinstance(planned, list) else str(planned)


@functools.cache
def plain_plan(changes, folder):
    return plan(written.write(folder, json.loads(changes)))


def expected(odd, tmp_path_factory):
    changes = json.dumps(dict(odd.plain))
    return plain_plan(changes, tmp_path_factory.getbasetemp())


@pytest.mark.parametrize("name", by_day.one_in(4, ALL))
def test_an_odd_inventory_is_planned_as_the_plain_one(name, tmp_path, tmp_path_factory):
    odd = ALL[name]
    assert plan(written.write(tmp_path, odd.changes) | dict(odd.beside)) == expected(odd, tmp_path_factory)


@pytest.mark.parametrize("name", AS_THEY_ARE)
def test_an_odd_name_arrives_as_it_is(name, tmp_path):
    changes, value = AS_THEY_ARE[name]
    assert value in texts(plan(written.write(tmp_path, changes))[1])


@pytest.mark.parametrize("name", EXTRA)
def test_what_the_command_line_set_is_planned_as_a_file_s(name, tmp_path, tmp_path_factory):
    odd = ALL[name]
    given = written.write(tmp_path, {}) | {key: written.extra(value) for key, value in odd.changes.items()}
    assert plan(given) == expected(odd, tmp_path_factory)


def test_a_vaulted_text_is_what_it_holds(tmp_path, tmp_path_factory):
    vaulted = _tags.VaultedValue(ciphertext="$ANSIBLE_VAULT;1.1;AES256\n00").tag("canary-vaulted-fingerprint")
    given = written.write(tmp_path, {}) | {"im_agent_fingerprint_key": vaulted}
    assert plan(given) == expected(survey("fingerprint_key", vaulted, "canary-vaulted-fingerprint"), tmp_path_factory)


@pytest.mark.parametrize("number", range(4))
def test_each_of_several_agents_on_one_server_is_planned(number, tmp_path):
    names = ours(organization=f"Contoso{number}", identifier=f"Paris {number}", host_name=f"agent{number}.contoso.com")
    names |= ours(working_directory=None, pool_name=None, site_name=None, service_name=None)
    given = written.write(tmp_path, names) | {"inventory_hostname": f"agent{number}"}
    assert f"identitymanagerContoso{number}" in json.dumps(plan(given))


@pytest.mark.parametrize("name", INSTALLED)
def test_what_is_installed_is_what_the_plain_inventory_installs(name, tmp_path):
    odd = ALL[name]
    states = []
    for folder, changes, beside in (("odd", odd.changes, odd.beside), ("plain", odd.plain, {})):
        one = chain.server()
        done = install_playbook.run(one, written.write(tmp_path / folder, changes) | dict(beside))
        assert not [task for task in done if task.result.get("failed")]
        files = one.machine.files
        written_files = [files.read(f"{chain.RUNTIME}\\{file}") for file in ("appsettings.json", "web.config")]
        states.append([THUMBPRINT.sub(b"", content) for content in written_files])
    assert states[0] == states[1]


def test_the_table_is_long_enough():
    assert len(ALL) + len(AS_THEY_ARE) >= 80
