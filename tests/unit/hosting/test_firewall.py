"""Whether the server's firewall lets the agent's ports in: every kind of rule, and what the site and service say."""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting import firewall_rules
from emulator.windows.system import firewall
from in_process import Server, machine

POLICY = firewall_rules.POLICY
PROGRAM = "C:\\im\\Runtime\\Usercube-Agent.exe"


def verdicts(lay, *, port=8443, program=firewall_rules.HTTP_SYS):
    """Return what the firewall of a fresh server does with a port in each profile, after ``lay`` has changed it."""
    server = Server(machine({"features": ["Web-Server"]}))
    lay(server.machine.registry)
    queries = firewall_rules.questions({port})
    reply = server.engine.call("imops.identity_manager.win_im_probe", {"queries": list(queries)})
    answers = {probe.key(q): a["value"] for q, a in zip(queries, reply["answers"], strict=True)}
    found = firewall_rules.verdicts({port}, program, lambda query: answers[probe.key(query)])
    return {v.profile: v.open for v in found}, " ".join(v.why for v in found)


def rule(**fields):
    return lambda registry: firewall.add_rule(registry, "{test}", Name="Agent", **fields)


def setting(name, value, *profiles, policy=False):
    root = POLICY if policy else firewall.POLICY

    def lay(registry):
        for profile in profiles or firewall.PROFILES:
            registry.set(f"{root}\\{profile}", name, "DWord", value)

    return lay


def both(*lays):
    return lambda registry: [lay(registry) for lay in lays]


def by_policy(**fields):
    def lay(registry):
        firewall.add_rule(registry, "{test}", Name="Agent", **fields)
        key = registry.key(firewall.RULES)
        registry.set(f"{POLICY}\\FirewallRules", "{policy}", "String", key.value("{test}"))
        registry.delete_value(firewall.RULES, "{test}")

    return lay


NOWHERE, EVERYWHERE = "", "domain private public"
TABLE = {
    "no rule": (lambda registry: None, NOWHERE, "no rule lets it in"),
    "a rule": (rule(LPort=8443), EVERYWHERE, "rule 'Agent' lets it in"),
    "a rule for HTTP.sys": (rule(LPort=8443, App="system"), EVERYWHERE, "lets it in"),
    "a rule for every port": (rule(), EVERYWHERE, "lets it in"),
    "a rule for a range": (rule(LPort2_10="8000-9000"), EVERYWHERE, "lets it in"),
    "a rule for another range": (rule(LPort2_10="9000-9999"), NOWHERE, "no rule"),
    "a rule for another port": (rule(LPort=443), NOWHERE, "no rule"),
    "a rule for a longer port": (rule(LPort=18443), NOWHERE, "no rule"),
    "a rule for RPC": (rule(LPort="RPC"), NOWHERE, "no rule"),
    "a rule for UDP": (rule(LPort=8443, Protocol=17), NOWHERE, "no rule"),
    "a rule that is off": (rule(LPort=8443, Active="FALSE"), NOWHERE, "no rule"),
    "a rule for outgoing": (rule(LPort=8443, Dir="Out"), NOWHERE, "no rule"),
    "a rule for another program": (rule(LPort=8443, App="C:\\nginx.exe"), NOWHERE, "no rule"),
    "a rule for a service": (rule(LPort=8443, Svc="nginx"), NOWHERE, "no rule"),
    "a rule for an app of the store": (rule(AppPkgId="S-1-15-2-2"), NOWHERE, "no rule"),
    "a rule for the domain": (rule(LPort=8443, Profile="Domain"), "domain", "no rule"),
    "a rule for some": (rule(LPort=8443, RA4="10.0.0.0/255.0.0.0"), NOWHERE, "lets it in for some only"),
    "a denial": (both(rule(LPort=8443, Action="Block"), by_policy(LPort=8443)), EVERYWHERE, "lets it in"),
    "off": (setting("EnableFirewall", 0), EVERYWHERE, "the firewall is off"),
    "off in one profile": (setting("EnableFirewall", 0, "StandardProfile"), "private", "the firewall is off"),
    "on by policy": (
        both(setting("EnableFirewall", 0), setting("EnableFirewall", 1, "DomainProfile", policy=True)),
        "private public",
        "no rule lets it in",
    ),
    "a rule by policy": (by_policy(LPort=8443), EVERYWHERE, "lets it in"),
    "only rules by policy count": (
        both(rule(LPort=8443), setting("AllowLocalPolicyMerge", 0, "PublicProfile", policy=True)),
        "domain private",
        "no rule",
    ),
    "everything is let in": (setting("DefaultInboundAction", 0), EVERYWHERE, "what no rule names is let in"),
    "nothing is let in": (
        both(rule(LPort=8443), setting("DoNotAllowExceptions", 1)),
        NOWHERE,
        "whatever the rules say",
    ),
}
TABLE["a denial"] = (
    both(by_policy(LPort=8443), rule(LPort=8443, Action="Block")),
    NOWHERE,
    "rule 'Agent' blocks it",
)


@pytest.mark.parametrize("name", TABLE)
def test_what_the_firewall_does_with_a_port(name):
    lay, profiles, why = TABLE[name]
    found, words = verdicts(lay)
    assert " ".join(p for p, is_open in found.items() if is_open) == profiles
    assert why in words


def test_the_rule_that_iis_brings_opens_its_port_to_iis_and_not_to_a_service():
    assert all(verdicts(lambda registry: None, port=443)[0].values())
    assert not any(verdicts(lambda registry: None, port=443, program=PROGRAM)[0].values())
    assert all(verdicts(rule(LPort=443, App=PROGRAM.upper()), port=443, program=PROGRAM)[0].values())


def test_without_a_firewall_in_the_registry_nothing_is_said():
    def bare(registry):
        registry.delete(firewall.POLICY)

    assert verdicts(bare) == ({}, "")


def test_a_site_on_a_closed_port_says_so_and_the_documented_example_opens_it():
    server = chain.server({"features": ["Web-Server"]})
    chain.converge(server, until="win_im_apppool")
    server.machine.files.make_folder("C:\\site")
    site = {"name": "Agent", "path": "C:\\site", "pool": chain.POOL, "bindings": [{"protocol": "http", "port": 8443}]}
    server.new_run()
    done = server.run("win_im_site", site)
    (warning,) = done["warnings"]
    assert "port 8443 (domain: no rule lets it in)" in warning
    assert "docs/hosting.md" in warning and "im_site_firewall" in warning
    assert {v["profile"]: v["open"] for v in done["firewall"]} == {"domain": False, "private": False, "public": False}
    server.new_run()
    assert "warnings" not in server.run("win_im_site", {**site, "firewall": "ignore"})
    opened = {
        "name": "Identity Manager agent",
        "localport": "8443",
        "protocol": "tcp",
        "direction": "in",
        "action": "allow",
        "profiles": ["domain"],
    }
    assert server.engine.call("community.windows.win_firewall_rule", opened)["changed"]
    server.new_run()
    done = server.run("win_im_site", site)
    assert (done["changed"], "warnings" in done) == (False, False)
    assert server.executions == 1


def test_a_port_behind_loopback_needs_no_way_in():
    server = chain.server({"features": ["Web-Server"]})
    chain.converge(server, until="win_im_apppool")
    binding = {"protocol": "http", "port": 8443, "ip": "127.0.0.1"}
    server.machine.files.make_folder("C:\\site")
    done = server.run("win_im_site", {"name": "Agent", "path": "C:\\site", "pool": chain.POOL, "bindings": [binding]})
    assert "warnings" not in done


@pytest.mark.parametrize(("url", "warns"), [("http://localhost:5000", False), ("http://*:5000", True)])
def test_a_service_says_it_too_where_others_reach_it(url, warns):
    server = chain.server()
    chain.converge(server, until="win_im_working_directory")
    done = server.run("win_im_service", {"name": "Agent", "path": chain.RUNTIME, "urls": [url]})
    assert any("port 5000" in text for text in done.get("warnings", ())) is warns
