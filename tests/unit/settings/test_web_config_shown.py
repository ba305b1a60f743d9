"""web.config as diffs show it: what IIS defines as harmless, and nothing of others."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.mask import CHANGED, MASK
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings import web_config, web_config_shown
from ansible_collections.imops.identity_manager.plugins.plugin_utils._settings.shown import Shown


def variable(attributes):
    return (
        '<aspNetCore processPath="dotnet"><environmentVariables>'
        f"<environmentVariable {attributes} /></environmentVariables></aspNetCore>"
    )


OTHERS = {
    "a setting of another program": '<appSettings><add key="Key" value="canary" /></appSettings>',
    "a connection string": '<connectionStrings><add name="M" connectionString="Server=canary" /></connectionStrings>',
    "a comment": "<!-- <add password='canary' /> -->",
    "a variable": variable('name="Any" value="canary"'),
    "a setting as a variable": variable('value="canary" name="Connections__AD__Password"'),
    "a variable in apostrophes": variable("name='Any' value='canary\">'"),
    "a proxy with a password": variable('name="HTTPS_PROXY" value="http://u:canary@p:1"'),
    "an argument": '<aspNetCore processPath="dotnet" arguments=".\\Usercube-Agent.dll --License=canary" />',
    "an attribute of nobody": '<aspNetCore processPath="dotnet" other="canary" />',
    "a password in a known attribute": '<location path="https://u:canary@host" />',
    "text": "<identity>canary</identity>",
    "character data": "<identity><![CDATA[canary]]></identity>",
    "an instruction": "<?other canary?>",
    "a login": '<identity impersonate="true" userName="u" password="canary" />',
    "a machine key": '<machineKey validationKey="canary" />',
}


def shown(content, before=""):
    return web_config_shown.text(content.encode(), Shown(), {}, before.encode())


@pytest.mark.parametrize("name", OTHERS)
def test_nothing_of_others_is_shown(name):
    text = shown(f"<configuration>\r\n  {OTHERS[name]}\r\n</configuration>")
    assert "canary" not in text
    assert MASK in text
    assert text.startswith("<configuration>\n  <") or name in {"character data", "an instruction"}


HARMLESS = (
    '<?xml version="1.0" encoding="utf-8"?>',
    '<location path="." inheritInChildApplications="false">',
    '<add name="aspNetCore" path="*" verb="*" modules="AspNetCoreModuleV2" resourceType="Unspecified" />',
    '<aspNetCore processPath="dotnet" arguments=".\\Usercube-Agent.dll" stdoutLogEnabled="false"'
    ' stdoutLogFile="..\\Temp\\stdout-agent.log" hostingModel="inprocess">',
    '<environmentVariable name="ASPNETCORE_ENVIRONMENT" value="Production" />',
    '<environmentVariable name="HTTPS_PROXY" value="http://proxy.contoso.com:3128" />',
    '<environmentVariable name="Scheduler__Enabled" value="true" />',
    '<applicationInitialization doAppInitAfterRestart="true">',
    '<add initializationPage="/" />',
)
OWN = """<?xml version="1.0" encoding="utf-8"?>
<configuration><location path="." inheritInChildApplications="false"><system.webServer>
<handlers>{2}</handlers>
{3}<environmentVariables>{4}{5}{6}</environmentVariables></aspNetCore>
{7}{8}</applicationInitialization>
</system.webServer></location></configuration>
"""


@pytest.mark.parametrize("line", HARMLESS)
def test_what_is_known_as_harmless_is_shown_as_it_is(line):
    assert line in shown(OWN.format(*HARMLESS))


def test_a_rotated_variable_is_shown_as_changed_without_either_value():
    file = '<configuration><environmentVariable name="A_B" value="{}" /></configuration>'
    text = shown(file.format("canary-new"), file.format("canary-old"))
    assert CHANGED in text
    assert "canary" not in text + shown(file.format("canary-old"), file.format("canary-old"))


def test_a_listed_variable_is_shown():
    listed = Shown((("Logging", "LogLevel"),))
    assert web_config_shown.may_show_variable("Logging__LogLevel__Default", "Debug", listed)
    assert not web_config_shown.may_show_variable("Logging__LogLevel__Default", "Debug", Shown())


def test_secrets_of_the_arguments_are_the_variables_that_are_not_shown():
    variables = {"HTTPS_PROXY": "http://proxy:3128", "Any": "canary", "NO_PROXY": ".contoso.com"}
    assert web_config.secrets({"environment": variables}) == {"canary"}
