"""applicationHost.config as it may be: written by hand, bindings of other protocols, no certificate behind them."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import iis_config


def parsed(inner):
    return iis_config.parse(
        f"<configuration><system.applicationHost>{inner}</system.applicationHost></configuration>".encode()
    )


def pool(own="", defaults=""):
    made = parsed(
        f"<applicationPools><add name='P' {own} /><applicationPoolDefaults {defaults} /></applicationPools>"
    ).pool("p")
    assert made is not None
    return made


def test_a_pools_own_value_beats_the_default_of_the_server_which_beats_iiss():
    assert pool().attributes["queueLength"] == 1000
    assert pool(defaults="queueLength='70'").attributes["queueLength"] == 70
    assert pool("queueLength='80'", "queueLength='70'").attributes["queueLength"] == 80
    assert pool("queueLength='80'").own == {"queueLength"}


@pytest.mark.parametrize("written", ["many", "-1", "99999999999"])
def test_a_value_that_is_none_differs_from_all_that_can_be_wanted(written):
    assert pool(f"queueLength='{written}'").attributes["queueLength"] == written


@pytest.mark.parametrize(
    ("binding", "key"),
    [
        ('protocol="http" bindingInformation="*:80:"', "*:80:"),
        ('protocol="https" bindingInformation="10.0.0.1:443:a.b" sslFlags=""', "10.0.0.1:443:a.b"),
        ('protocol="http" bindingInformation=":80:a.b"', "*:80:a.b"),
        ('protocol="http" bindingInformation="[::1]:80:"', "[::1]:80:"),
        ('protocol="net.tcp" bindingInformation="808:*"', None),
        ('protocol="http" bindingInformation="*:http:"', None),
        ('protocol="http" bindingInformation="80"', None),
        ('protocol="http"', None),
    ],
)
def test_a_binding_is_one_of_http_or_another(binding, key):
    site = parsed(
        '<sites><site name="S" id="1"><application path="/"><virtualDirectory path="/" physicalPath="C:\\s" />'
        f"</application><bindings><binding {binding} /></bindings></site></sites>"
    ).site("s")
    assert site is not None
    assert [b.key for b in site.bindings] == ([key] if key else [])
    assert bool(site.other_bindings) is (key is None)


def test_a_site_without_a_root_application_has_no_folder():
    site = parsed('<sites><site name="S" id="1" /></sites>').site("S")
    assert site is not None
    assert (site.path, site.own_preload, site.bindings) == ("", None, ())


def test_what_http_sys_serves_where_it_knows_a_certificate():
    key = {"SslCertHash": {"type": "Binary", "data": "qrs="}}
    store = {"sslcertstorename": {"type": "String", "data": "WebHosting"}}
    answer = {
        "children": {"0.0.0.0:443": {"values": key}, "A.B:443": {"values": key | store}, "0.0.0.0:444": {"values": {}}}
    }
    found = iis_config.served(answer, None)
    assert {e: (s.thumbprint, s.store) for e, s in found.items()} == {
        "0.0.0.0:443": ("AABB", "MY"),
        "a.b:443": ("AABB", "WebHosting"),
    }
    assert iis_config.served(None, {"children": None}) == {}


@pytest.mark.parametrize("content", [b"", b"<configuration>", b"\x00", "<a>\ud7ff</b>".encode()])
def test_a_broken_file_is_refused_with_its_place(content):
    with pytest.raises(Refused, match=r"cannot be read: line \d+, column \d+"):
        iis_config.parse(content)


@pytest.mark.parametrize(
    ("address", "host", "flags", "endpoint"),
    [
        ("*", "A.contoso.com", 1, "a.contoso.com:443"),
        ("*", "A.contoso.com", 3, "a.contoso.com:443"),
        ("*", "a.contoso.com", 0, "0.0.0.0:443"),
        ("10.0.0.1", "a.contoso.com", 0, "10.0.0.1:443"),
        ("10.0.0.1", "a.contoso.com", 2, "10.0.0.1:443"),
    ],
)
def test_where_http_sys_keeps_a_bindings_certificate(address, host, flags, endpoint):
    assert iis_config.Binding("https", address, 443, host, flags).endpoint == endpoint


def test_the_place_of_a_fault_counts_from_one():
    with pytest.raises(Refused, match=r"line 2, column 4: "):
        iis_config.parse(b"<a>\n  <<")


def test_a_name_finds_its_own_among_others():
    made = parsed(
        "<applicationPools><add name='b' /><add name='a' /><add name='c' /></applicationPools><sites>"
        + "".join(
            f'<site name="{name}" id="1"><application path="/"><virtualDirectory path="" physicalPath="C:\\none" />'
            f'<virtualDirectory path="/" physicalPath="C:\\{name}" /></application></site>'
            for name in "bac"
        )
        + "</sites>"
    )
    for name in "abc":
        pool, site = made.pool(name.upper()), made.site(name.upper())
        assert pool is not None
        assert site is not None
        assert (pool.name, site.name, site.path) == (name, name, f"C:\\{name}")
    assert made.pool("d") is made.site("") is None


def test_how_many_bindings_are_none_of_ours():
    ours = "".join(f'<binding protocol="http" bindingInformation="*:{port}:" />' for port in (80, 81, 82))
    others = '<binding protocol="net.pipe" bindingInformation="*" />' * 2
    site = parsed(f'<sites><site name="S" id="1"><bindings>{others}{ours}</bindings></site></sites>').site("S")
    assert site is not None
    assert (len(site.bindings), site.other_bindings) == (3, 2)
