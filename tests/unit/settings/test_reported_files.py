"""Files of public reports, personal details replaced: used, or refused before anything is written."""

from __future__ import annotations

import json
from pathlib import Path

import chain
import one_task
import pytest
from cryptography import x509

FILES = Path(__file__).with_name("reported")
V1, V2 = 'modules="AspNetCoreModule"', 'modules="AspNetCoreModuleV2"'
WEB_CONFIGS = {
    "config-source": "line 3: found <handlers> in another file (handlers.config), wanted it in web.config",
    "name-taken": "line 4: found the handler aspNetCore with the module httpPlatformHandler, wanted AspNetCoreModuleV2",
    "removed-after": "line 5: found <remove> behind the handler of line 4, so IIS gives the agent no requests",
}


def with_web_config(content):
    target = chain.server()
    target.machine.files.make_folder(chain.RUNTIME)
    target.machine.files.write(f"{chain.RUNTIME}\\web.config", content)
    return target


def web_config(target, *, check=False):
    target.new_run()
    return target.run("win_im_web_config", {"path": chain.RUNTIME}, check=check)


@pytest.mark.parametrize("name", WEB_CONFIGS)
def test_a_web_config_with_which_no_request_reaches_the_agent_is_refused(name):
    content = (FILES / f"{name}.web.config").read_bytes()
    target = with_web_config(content)
    for check in (True, False):
        result = web_config(target, check=check)
        assert result["failed"]
        assert f"{chain.RUNTIME}\\web.config, {WEB_CONFIGS[name]}" in result["msg"]
    assert target.machine.files.read(f"{chain.RUNTIME}\\web.config") == content


LISTS = {
    "cleared behind it": ("{v2}<clear />", False),
    "cleared in front": ("<clear />{v2}", True),
    "removed in front": ('<remove name="aspNetCore" />{v2}', True),
    "another removed": ('{v2}<remove name="WebDAV" />', True),
    "removed in another case": ('{v2}<remove name="ASPNETCORE" />', False),
    "removed and added again": ('{v2}<remove name="aspNetCore" />{v2}', True),
    "of another name": ('<add name="agent" path="*" verb="*" modules="AspNetCoreModuleV2" />', True),
    "the name of another, removed": ('<add name="aspNetCore" modules="x" /><remove name="aspNetCore" />', True),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_list_of_handlers_is_read_in_its_order(name):
    entries, works = LISTS[name]
    handler = f'<add name="aspNetCore" path="*" verb="*" {V2} resourceType="Unspecified" />'
    text = f"<configuration><system.webServer><handlers>{entries.format(v2=handler)}</handlers>"
    target = with_web_config(f"{text}</system.webServer></configuration>".encode())
    assert bool(web_config(target).get("failed")) is not works
    if works:
        assert web_config(target)["changed"] is False


def test_the_former_module_which_the_bundle_lacks_is_replaced_and_the_diff_shows_it():
    target = with_web_config((FILES / "v1-module.web.config").read_bytes())
    (diff,) = web_config(target)["diff"]
    assert (V1 in diff["before"], V2 in diff["after"]) == (True, True)
    assert web_config(target)["changed"] is False


def test_an_agent_with_the_former_module_answers_after_the_next_run():
    target = chain.installed()
    target.machine.files.write(f"{chain.RUNTIME}\\web.config", (FILES / "v1-module.web.config").read_bytes())
    results = chain.converge(target)
    assert chain.failures(results) == []
    assert "win_im_web_config" in chain.changed(results)
    assert results["win_im_agent_health"]["verified"] is True


LEAF = x509.load_der_x509_certificate((FILES / "pathlen-on-leaf.cer").read_bytes())


def test_a_pair_whose_certificate_has_a_path_length_is_used_and_then_kept():
    with pytest.raises(ValueError, match="path_length"):
        LEAF.extensions  # noqa: B018  (it is read when it is asked for)
    target = one_task.server()
    given = {"use": "identity_server", "source": "pfx", "file": str(FILES / "pathlen-on-leaf.pfx"), "password": "case"}
    found = one_task.run(target, given)["certificates"]["identity_server"]
    assert one_task.thumbprint(LEAF) == found["thumbprint"]
    assert one_task.usable(target, found)
    named = {"use": "encryption", "source": "store", "thumbprint": found["thumbprint"]}
    assert one_task.run(target, named)["certificates"]["encryption"]["thumbprint"] == found["thumbprint"]
    place = {"X509Thumbprint": found["thumbprint"], "X509StoreLocation": "LocalMachine", "X509StoreName": "My"}
    target.machine.files.make_folder(one_task.RUNTIME)
    settings = json.dumps({"IdentityServer": place}).encode()
    target.machine.files.write(f"{one_task.RUNTIME}\\appsettings.json", settings)
    again = one_task.run(target, {"use": "identity_server"})
    assert (again["changed"], again["certificates"]["identity_server"]["thumbprint"]) == (False, found["thumbprint"])
