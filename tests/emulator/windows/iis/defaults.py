"""What a fresh IIS 10 has: its applicationHost.config, folders and registry."""

from __future__ import annotations

CONFIG_PATH = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
FILES = (
    "C:\\Windows\\System32\\inetsrv\\w3wp.exe",
    "C:\\Windows\\System32\\inetsrv\\appcmd.exe",
    "C:\\Windows\\System32\\inetsrv\\Microsoft.Web.Administration.dll",
    "C:\\inetpub\\wwwroot\\iisstart.htm",
)
FOLDERS = (
    "C:\\inetpub\\logs\\LogFiles",
    "C:\\inetpub\\temp\\appPools",
    "C:\\Windows\\System32\\inetsrv\\config\\schema",
)

APPLICATION_HOST = """<?xml version="1.0" encoding="UTF-8"?>
<configuration>
    <configSections>
        <sectionGroup name="system.applicationHost">
            <section name="applicationPools" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
            <section name="sites" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
        </sectionGroup>
        <sectionGroup name="system.webServer">
            <section name="globalModules" allowDefinition="AppHostOnly" overrideModeDefault="Deny" />
            <section name="handlers" overrideModeDefault="Deny" />
            <section name="modules" allowDefinition="MachineToApplication" overrideModeDefault="Deny" />
        </sectionGroup>
    </configSections>
    <system.applicationHost>
        <applicationPools>
            <add name="DefaultAppPool" />
            <applicationPoolDefaults managedRuntimeVersion="v4.0">
                <processModel identityType="ApplicationPoolIdentity" loadUserProfile="true" />
            </applicationPoolDefaults>
        </applicationPools>
        <sites>
            <site name="Default Web Site" id="1">
                <application path="/">
                    <virtualDirectory path="/" physicalPath="%SystemDrive%\\inetpub\\wwwroot" />
                </application>
                <bindings>
                    <binding protocol="http" bindingInformation="*:80:" />
                </bindings>
            </site>
            <siteDefaults>
                <logFile logFormat="W3C" directory="%SystemDrive%\\inetpub\\logs\\LogFiles" />
            </siteDefaults>
            <applicationDefaults applicationPool="DefaultAppPool" />
            <virtualDirectoryDefaults allowSubDirConfig="true" />
        </sites>
    </system.applicationHost>
    <system.webServer>
        <globalModules>
            <add name="StaticFileModule" image="%windir%\\System32\\inetsrv\\static.dll" />
        </globalModules>
    </system.webServer>
</configuration>
"""
