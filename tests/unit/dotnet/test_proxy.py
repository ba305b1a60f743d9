"""The forms of a proxy that .NET reads, and those that it ignores silently."""

from __future__ import annotations

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._dotnet.proxy import (
    address,
    is_bypassed,
    why_not_read,
)

READ = [
    ("HTTPS_PROXY", "proxy"),
    ("HTTPS_PROXY", "proxy.contoso.com:8080"),
    ("https_proxy", "http://proxy.contoso.com:8080"),
    ("HTTPS_PROXY", "http://user:pass%40word@proxy:8080"),
    ("NO_PROXY", "localhost,.contoso.com, im.fabrikam.com:8443"),
    ("OTHER", "https://anything/"),
]
IGNORED = [
    ("HTTPS_PROXY", "https://proxy:8080", "an https:// proxy"),
    ("HTTPS_PROXY", "http://proxy:8080/", "a '/' after the host"),
    ("HTTPS_PROXY", "proxy:8080/path", "a '/' after the host"),
    ("HTTPS_PROXY", "socks5://proxy", "another scheme"),
    ("HTTPS_PROXY", "proxy:99999", "no address"),
    ("HTTPS_PROXY", "pro xy", "no address"),
    ("HTTPS_PROXY", "", "no address"),
    ("NO_PROXY", "*.contoso.com", "a '*'"),
    ("NO_PROXY", "a;b", "something else than names"),
    ("NO_PROXY", "a,,b", "something else than names"),
]


@pytest.mark.parametrize(("name", "value"), READ)
def test_forms_that_are_read(name, value):
    assert why_not_read(name, value) is None


@pytest.mark.parametrize(("name", "value", "words"), IGNORED)
def test_forms_that_are_ignored(name, value, words):
    assert words in why_not_read(name, value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("proxy", ("proxy", 80, "")),
        ("http://proxy.contoso.com:3128", ("proxy.contoso.com", 3128, "")),
        ("http://svc%40contoso.com:canary%2Fb%3Ac@proxy:3128", ("proxy", 3128, "svc@contoso.com:canary/b:c")),
        ("http://CONTOSO\\svc:x@proxy", ("proxy", 80, "CONTOSO\\svc:x")),
    ],
)
def test_an_address_is_what_dotnet_makes_of_it(value, wanted):
    assert address(value) == wanted


@pytest.mark.parametrize(
    ("names", "bypassed"),
    [
        ([".contoso.com"], True),
        ([" .Contoso.COM "], True),
        (["im.contoso.com"], True),
        (["IM.contoso.com"], True),
        ([".im.contoso.com"], True),  # a domain's own name is in it
        (["contoso.com"], False),
        ([".toso.com"], False),
        (["", "."], False),
        ([], False),
    ],
)
def test_a_host_needs_no_proxy_as_dotnet_reads_the_list(names, bypassed):
    assert is_bypassed("im.contoso.com", names) is bypassed


def test_the_proxy_stands_in_web_config_and_an_ignored_form_is_refused_without_telling_its_password():
    server = chain.installed()
    arguments = {"path": chain.RUNTIME, "https_proxy": "http://u:canary-proxy@proxy:8080", "no_proxy": ["localhost"]}
    done = server.run("win_im_web_config", arguments)
    assert done["changed"]
    assert "canary-proxy" not in str(done)
    assert 'name="NO_PROXY" value="localhost"' in server.machine.files.text(f"{chain.RUNTIME}\\web.config")
    refused = server.run("win_im_web_config", {**arguments, "https_proxy": "https://u:canary-proxy@proxy:8080"})
    assert "an https:// proxy" in refused["msg"]
    assert "canary-proxy" not in refused["msg"]


def test_a_variable_of_the_machine_that_is_ignored_is_told():
    server = chain.server({"environment": {"HTTPS_PROXY": "https://proxy:8080"}})
    results = chain.converge(server)
    warnings = results["win_im_agent_settings"]["warnings"]
    assert any("the server's variable HTTPS_PROXY" in warning for warning in warnings)
