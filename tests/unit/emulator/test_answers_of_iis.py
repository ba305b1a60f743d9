"""What IIS answers by itself, and what of its configuration reaches an application."""

from __future__ import annotations

import pytest
from emulator.windows.iis.defaults import CONFIG_PATH
from emulator.windows.iis.pool_settings import PoolSettings
from emulator.windows.network.network import HttpRequest
from in_process import machine

HANDLER = '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />'
CORE = '<aspNetCore processPath="dotnet" arguments=".\\Shop.dll" hostingModel="inprocess" />'
PATH = "C:\\inetpub\\shop"


def laid(handlers=HANDLER, core=CORE, more=""):
    sections = f"<handlers>{handlers}</handlers>{core}{more}"
    return f"<configuration><system.webServer>{sections}</system.webServer></configuration>"


def shop(config=None, *, host=""):
    """Return a server with the neighbour's site, its web.config replaced."""
    target = machine({"behaviours": {"neighbour_site": {}}}, "srv")
    if config is not None:
        target.files.write(f"{PATH}\\web.config", config)
    if host:
        target.iis.set_binding("Shop", 0, "bindingInformation", f"*:8090:{host}")
    return target


def answer(target, host="localhost"):
    return target.network.request(HttpRequest("127.0.0.1", 8090, tls=False, server_name=host, host=host))


@pytest.mark.parametrize(
    ("config", "status", "body"),
    [
        (laid(), 200, "Shop"),
        (laid(HANDLER.replace("V2", "")), 500, "500.21"),
        (laid(HANDLER + '<remove name="aspNetCore" />'), 403, "403.14"),
        (laid(HANDLER + "<clear />" + HANDLER), 200, "Shop"),
        (laid("<clear />"), 403, "403.14"),
        (laid(HANDLER * 2), 500, "500.19"),
        (laid('<remove name="StaticFile" />' + HANDLER), 200, "Shop"),
        (laid('<add name="first" path="*" modules="StaticFileModule" />' + HANDLER), 403, "403.14"),
        (laid(HANDLER + '<add name="StaticFile" path="x" modules="StaticFileModule" />'), 500, "500.19"),
        (laid(core='<aspNetCore configSource="core.config" processPath="dotnet" />'), 500, "500.19"),
        (laid(core='<aspNetCore configSource="core.config" />'), 500, "500.19"),
        (laid(core=CORE * 2), 500, "500.19"),
        (laid(more='<httpRedirect enabled="true" destination="https://x" />'), 302, ""),
        ("<configuration>", 500, "500.19"),
        (laid(core=CORE.replace("Shop", "None")), 500, "500.30"),
    ],
)
def test_iis_judges_web_config(config, status, body):
    answered = answer(shop(config))
    assert answered.status == status
    assert body in answered.body.decode()


def test_a_section_comes_from_the_file_of_its_configsource():
    target = shop(laid(core='<aspNetCore configSource="core.config" />'))
    target.files.write(f"{PATH}\\core.config", CORE)
    assert answer(target).status == 200


def test_a_redirect_leads_where_it_says():
    target = shop(laid(more='<httpRedirect enabled="true" destination="https://x" />'))
    assert answer(target).headers["Location"] == "https://x"


def test_another_host_name_is_refused_by_http_sys():
    target = shop(host="shop.contoso.com")
    assert answer(target, "shop.contoso.com").status == 200
    refused = answer(target)
    assert (refused.status, refused.headers["Server"]) == (400, "Microsoft-HTTPAPI/2.0")
    assert b"Invalid Hostname" in refused.body


def test_without_web_config_there_is_a_start_page_or_no_list():
    target = shop()
    target.files.remove(f"{PATH}\\web.config")
    assert answer(target).status == 403
    target = shop()
    target.files.remove(f"{PATH}\\web.config")
    target.files.write(f"{PATH}\\iisstart.htm", "x")
    assert b"IIS Windows Server" in answer(target).body
    target = shop()
    target.files.remove(f"{PATH}\\web.config")
    target.files.write(f"{PATH}\\iisstart.htm", "x")
    target.files.set_sddl(f"{PATH}\\iisstart.htm", "O:BAD:P(A;;FA;;;BA)")
    assert b"401.3" in answer(target).body


def test_a_web_config_that_the_pool_may_not_read_is_an_error():
    target = shop()
    target.files.set_sddl(f"{PATH}\\web.config", "O:BAD:P(A;;FA;;;BA)")
    assert b"500.19" in answer(target).body


def configured(old, new):
    """Return a server whose applicationHost.config has a text replaced, with the application not yet started."""
    target = shop()
    target.iis.stop_pool("Shop")
    text = target.files.read(CONFIG_PATH).decode()
    assert old in text
    target.files.write(CONFIG_PATH, text.replace(old, new, 1))
    target.iis.start_pool("Shop")
    return target


def test_a_module_that_is_not_registered_is_an_error_although_its_dll_is_there():
    assert b"500.21" in answer(configured('name="AspNetCoreModuleV2"', 'name="Other"')).body


def test_a_locked_section_is_an_error_in_web_config():
    locked = '<location path="Shop" overrideMode="Deny"><system.webServer><handlers /></system.webServer></location>'
    assert b"500.19" in answer(configured("</configuration>", f"{locked}</configuration>")).body


def test_variables_of_a_pool_reach_its_applications():
    target = shop()
    text = target.files.read(CONFIG_PATH).decode()
    own = '<environmentVariables><add name="A" value="pool" /></environmentVariables>'
    of_all = '<environmentVariables><add name="A" value="all" /><add name="B" value="all" /></environmentVariables>'
    text = text.replace('<add name="DefaultAppPool" />', f'<add name="DefaultAppPool">{own}</add>', 1)
    target.files.write(
        CONFIG_PATH, text.replace("<processModel identityType", f"{of_all}<processModel identityType", 1)
    )
    assert PoolSettings(target.iis.file).variables("DefaultAppPool") == {"A": "pool", "B": "all"}


def test_a_second_application_in_process_in_a_pool_is_an_error():
    target = shop()
    target.files.make_folder("C:\\second")
    for name in ("web.config", "Shop.dll"):
        target.files.copy(f"{PATH}\\{name}", f"C:\\second\\{name}")
    target.iis.create_site("Second", "C:\\second", "Shop")
    target.iis.add_binding("Second", "http", "*:8092:")
    assert answer(target).status == 200
    refused = target.network.request(HttpRequest("127.0.0.1", 8092, tls=False, server_name="x", host="x"))
    assert b"500.35" in refused.body
    assert target.events.entries[-1].id == 1008
