"""What other people made of IIS: default sites in use, attributes that beat ours, certificates that are shared."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting.site import ARGUMENT_SPEC, Wanted
from ansible_collections.imops.identity_manager.plugins.plugin_utils._hosting.site import plan as site_plan
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import iis_config

OURS, FOREIGN = "A" * 40, "B" * 40
DEFAULT = '<binding protocol="http" bindingInformation="*:80:" />'
HTTPS = '<binding protocol="https" bindingInformation="*:443:a.contoso.com" sslFlags="1" />'
WITHOUT_SNI = '<binding protocol="https" bindingInformation="*:443:" sslFlags="0" />'
WANTED = {
    "name": "S",
    "path": "C:\\s",
    "pool": "P",
    "state": "present",
    "bindings": [{"protocol": "https", "host_name": "a.contoso.com", "certificate_thumbprint": OURS}],
    "preload": True,
    "remove_defaults": False,
    "force_remove_defaults": False,
    "backup_count": 0,
    "firewall": "ignore",
}


def site(name, path="C:\\s", pool="P", bindings=HTTPS, preload="", more=""):
    own = f' preloadEnabled="{preload}"' if preload else ""
    return (
        f'<site name="{name}" id="1"><application path="/" applicationPool="{pool}"{own}>'
        f'<virtualDirectory path="/" physicalPath="{path}" /></application>{more}<bindings>{bindings}</bindings></site>'
    )


def default_site(**changes):
    return site(
        "Default Web Site",
        **{"path": "%SystemDrive%\\inetpub\\wwwroot", "pool": "DefaultAppPool", "bindings": DEFAULT, **changes},
    )


def host(*sites, state="Started", thumbprint=OURS, endpoint="a.contoso.com:443"):
    """Return how a server with these sites answers."""
    content = (
        "<configuration><system.applicationHost><applicationPools><add name='P' /><add name='DefaultAppPool' />"
        f"</applicationPools><sites>{''.join(sites)}</sites></system.applicationHost></configuration>"
    ).encode()
    tls = {"SslCertHash": {"type": "Binary", "data": base64.b64encode(bytes.fromhex(thumbprint)).decode()}}
    served = {"values": {}, "keys": [endpoint], "children": {endpoint: {"values": tls, "keys": []}}}

    def ask(query):
        if query["kind"] == "file" and query["path"] == iis_config.BACKUPS:
            return None
        if query["kind"] == "file":
            return {"type": "file", "content": base64.b64encode(content).decode()}
        if query["kind"] == "iis":
            return {"pools": [], "sites": [{"name": "S", "state": state}], "workers": []}
        if query["kind"] == "registry":
            return served if (query["key"] == iis_config.TLS_NAMES) == ("contoso" in endpoint) else None
        return {"listeners": [], "certificates": [], "done": [], "host": {"domain": "contoso.com"}}.get(query["kind"])

    return ask


SPEC = ARGUMENT_SPEC["argument_spec"]


def plan(ask, check=True, **changes):
    given = {**defaults(SPEC), **WANTED, **changes}
    given["bindings"] = [defaults(SPEC["bindings"]["options"]) | binding for binding in given["bindings"]]
    return site_plan(Wanted.of(given), ask, check=check)


def defaults(spec):
    return {name: option.get("default") for name, option in spec.items()}


def does(made):
    return [operation.does for operation in made.operations]


@pytest.mark.parametrize(
    ("touched", "why"),
    [
        ({"path": "D:\\web"}, "its folder is D:\\web"),
        ({"bindings": HTTPS.replace("a.c", "b.c")}, "its bindings are *:443:b.contoso.com"),
        ({"bindings": ""}, "its bindings are none"),
        (
            {"bindings": DEFAULT + '<binding protocol="net.tcp" bindingInformation="808:*" />'},
            "its bindings are *:80:",
        ),
        ({"more": '<application path="/shop" />'}, "it has the applications /shop"),
        ({"pool": "P"}, "its pool is P"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_default_site_that_somebody_uses_stays_unless_forced(touched, why):
    ask = host(default_site(**touched), site("S"))
    with pytest.raises(Refused) as refused:
        plan(ask, remove_defaults=True)
    assert why in str(refused.value)
    assert "remove site Default Web Site" in does(plan(ask, remove_defaults=True, force_remove_defaults=True))
    assert "remove site Default Web Site" not in does(plan(ask))


def test_an_untouched_default_site_goes():
    assert "remove site Default Web Site" in does(plan(host(default_site(), site("S")), remove_defaults=True))


def test_a_preload_of_the_root_application_overrides_the_sites():
    with pytest.raises(Refused, match="the root application of site S sets preloadEnabled=false itself"):
        plan(host(site("S", preload="false")))
    assert plan(host(site("S", preload="false")), preload=False).changed is False


def test_a_binding_of_the_central_store_is_not_touched():
    with pytest.raises(Refused, match="sslFlags 7"):
        plan(host(site("S", bindings=HTTPS.replace('sslFlags="1"', 'sslFlags="7"'))))


def test_a_certificate_that_others_share_is_replaced_with_a_warning():
    wanted = [{"protocol": "https", "certificate_thumbprint": OURS, "sni": False}]
    sites = (
        site("S", bindings=WITHOUT_SNI, preload="true"),
        site("Shop", pool="Other", bindings=WITHOUT_SNI.replace(":443:", ":443:b.contoso.com")),
        site("Alone", pool="Other", bindings=DEFAULT),
    )
    made = plan(host(*sites, thumbprint=FOREIGN, endpoint="0.0.0.0:443"), bindings=wanted)
    (warning,) = made.warnings
    assert warning.startswith("the certificate of 0.0.0.0:443 is replaced for Shop too, which share it: give one of")
    new = plan(host(*sites[1:], thumbprint=FOREIGN, endpoint="0.0.0.0:443"), bindings=wanted)
    assert new.warnings == made.warnings
    alone = plan(host(sites[0], thumbprint=FOREIGN, endpoint="0.0.0.0:443"), bindings=wanted)
    assert (alone.changed, alone.warnings) == (True, ())
    same = plan(host(*sites, thumbprint=OURS, endpoint="0.0.0.0:443"), bindings=wanted)
    assert (same.changed, same.warnings) == (False, ())


@pytest.mark.parametrize(
    ("wanted", "state", "expected"),
    [
        ("started", "Started", []),
        ("started", "Stopped", ["start site S"]),
        ("stopped", "Started", ["stop site S"]),
        ("stopped", "Stopped", []),
        ("present", "Started", []),
        ("present", "Stopped", []),
        ("absent", "Started", ["remove site S"]),
    ],
)
def test_the_run_state(wanted, state, expected):
    made = plan(host(site("S", preload="true"), state=state), state=wanted)
    assert does(made) == expected
    if expected and wanted != "absent":
        (shown,) = [diff for diff in made.diffs if diff.title == "site S"]
        assert (f"state: {state}" in shown.before, f"state: {wanted.capitalize()}" in shown.after) == (True, True)


def test_a_new_site_is_stopped_again_unless_it_shall_run():
    assert does(plan(host(), state="present")) == ["create site S", "stop site S"]
    assert does(plan(host(), state="stopped")) == ["create site S", "stop site S"]
    assert does(plan(host(), state="started"))[0] == "create site S"


def test_without_iis_a_real_run_says_what_to_run_first():
    with pytest.raises(Refused, match="IIS is not installed: run win_im_prerequisites"):
        plan(lambda query: None, check=False)
    assert plan(lambda query: None, state="absent").changed is False


def test_a_configuration_that_iis_cannot_read_is_refused_with_its_line():
    broken = {"type": "file", "content": base64.b64encode(b"<configuration>\n<sites>").decode()}
    with pytest.raises(Refused, match="line 2, column"):
        plan(lambda query: broken if query["kind"] == "file" else None)
