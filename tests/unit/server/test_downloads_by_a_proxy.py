"""The server fetches archive and hosting bundle by the proxy of the inventory, unless their host needs none."""

from __future__ import annotations

import json
import re

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._agent.download import Download

PROXY, CANARY = "proxy.contoso.com:3128", "canary-proxy-31c7"
WITH_USER = f"http://svc:{CANARY}@{PROXY}"
MODULES = {"win_get_url", "win_package"}


def server(*, passes=""):
    """Return a server that reaches the files by the proxy alone."""
    web = {url: {**content, "proxy": PROXY} for url, content in chain.web().items()}
    return chain.server({"web": web, "proxies": [f"{passes}{PROXY}"]})


def fetched(target):
    calls = [(name.rpartition(".")[2], arguments) for name, arguments, _check in target.engine.calls]
    return {name: arguments for name, arguments in calls if name in MODULES}


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_a_server_that_reaches_the_files_by_the_proxy_alone_is_installed(hosting):
    target, inventory = server(passes=f"svc:{CANARY}@"), chain.inventory(hosting=hosting, https_proxy=WITH_USER)
    predicted = chain.converge(target, inventory, check=True)
    done = chain.converge(target, inventory)
    assert chain.failures(done) == []
    assert chain.changed(predicted) == chain.changed(done)
    for arguments in fetched(target).values():
        given = [arguments[f"proxy_{name}"] for name in ("url", "username", "password")]
        assert given == [f"http://{PROXY}", "svc", CANARY]
        assert arguments["_ansible_no_log"], "it stays out of the server's event log"
    assert fetched(target).keys() == MODULES
    dump = target.machine.dump()
    assert CANARY not in json.dumps([predicted, done, dump["events"], dump["processes"]])
    assert chain.changed(chain.converge(target, inventory)) == set()


def test_without_the_variable_the_way_is_the_accounts_own():
    target = server()
    (message,) = chain.failures(chain.converge(target))
    assert "as the server itself asks for it" in message
    direct = chain.server()
    assert chain.failures(chain.converge(direct)) == []
    assert not [name for arguments in fetched(direct).values() for name in arguments if name.startswith("proxy")]


REFUSED = {
    "another user": (f"svc:{CANARY}@", {"https_proxy": f"http://svc:canary-wrong-9@{PROXY}"}, r"\(407\)"),
    "a proxy that is not there": ("", {"https_proxy": "none.contoso.com:1"}, "by the proxy none.contoso.com:1"),
    "a host that needs none": ("", {"https_proxy": PROXY, "no_proxy": [".contoso.com"]}, "as the server itself asks"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("check", [False, True])
def test_what_the_proxy_does_not_bring_is_refused_before_anything_is_written(name, check):
    passes, variables, words = REFUSED[name]
    target = server(passes=passes)
    before = json.dumps(target.machine.dump(), sort_keys=True)
    (message,) = chain.failures(chain.converge(target, chain.inventory(**variables), check=check))
    assert json.dumps(target.machine.dump(), sort_keys=True) == before
    assert re.search(words, message)
    assert "canary" not in message
    if "by the proxy" in words:
        assert "or add files.contoso.com to no_proxy" in message


ESCAPED = "CONTOSO%5Csvc:canary%40b"
USER = {"proxy_username": "CONTOSO\\svc", "proxy_password": "canary@b"}
WAYS = [
    ("https://files.contoso.com/a.zip", {"https_proxy": "proxy"}, {"proxy_url": "http://proxy:80"}),
    ("https://files.contoso.com/a.zip", {"https_proxy": "http://p:8080"}, {"proxy_url": "http://p:8080"}),
    (
        "https://files.contoso.com/a.zip",
        {"https_proxy": f"http://{ESCAPED}@p:1"},
        {"proxy_url": "http://p:1", **USER},
    ),
    ("https://files.contoso.com/a.zip", {"https_proxy": "p:1", "no_proxy": ["FILES.contoso.com"]}, {}),
    (
        "https://files.contoso.com/a.zip",
        {"https_proxy": "p:1", "no_proxy": ["contoso.com"]},
        {"proxy_url": "http://p:1"},
    ),
    ("http://files.contoso.com/a.zip", {"https_proxy": "p:1"}, {}),
    ("C:\\a.zip", {"https_proxy": "p:1"}, {}),
    ("\\\\server\\share\\a.zip", {"https_proxy": "p:1"}, {}),
    ("https://files.contoso.com/a.zip", {}, {}),
]


@pytest.mark.parametrize(("source", "way", "options"), WAYS)
def test_the_way_is_the_one_that_dotnet_takes(source, way, options):
    given = {"source": source, "checksum": "0" * 64}
    assert Download.of("archive", given, way).web_options == options
