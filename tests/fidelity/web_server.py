"""IIS's configuration as a part of a world: one applicationHost.config laid down on both sides and read back parsed."""

from __future__ import annotations

import io
import json
import re
import typing as t
import xml.etree.ElementTree as ET

from emulator.windows.iis.defaults import APPLICATION_HOST, CONFIG_PATH
from emulator.windows.iis.httpsys import ADDRESSES, NAMES
from emulator.windows.iis.states import UNKNOWN
from emulator.windows.machine import Machine

from .world import Runs, State, quoted

INSTALL = "& 'Z:\\imps\\iis\\install-iis.ps1'"
"""The double of IIS, put into a Wine drive; on a real server the role is there."""
STATES_FILE = CONFIG_PATH.replace("applicationHost.config", "runstate.json")
"""Where the double of IIS notes what runs."""
PARAMETERS = "SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters"
Configuration = t.Mapping[str, t.Any]
"""``pools``: by name their attributes (dotted names) and ``state``. ``sites``: by name ``attributes``, ``bindings``
(protocol, information, flags), ``applications`` (by path ``pool`` and ``directories``: by path their attributes) and
``state``.
"""

_LAY = """
[IO.File]::WriteAllText('{config}', {text})
[IO.File]::WriteAllText('{states_file}', {states})
foreach ($kind in 'SslBindingInfo', 'SslSniBindingInfo') {{
  [Microsoft.Win32.Registry]::LocalMachine.DeleteSubKeyTree('{parameters}\\' + $kind, $false)
}}
"""
_READ = """
function Add-Values($into, $element, [string]$path) {
  foreach ($attribute in $element.Attributes) { $into["$path@$($attribute.Name)"] = $attribute.Value }
  $counts = @{}
  foreach ($child in $element.ChildNodes) {
    if ($child -isnot [Xml.XmlElement]) { continue }
    $number = [int]$counts[$child.LocalName]
    $counts[$child.LocalName] = $number + 1
    Add-Values $into $child "$path/$($child.LocalName)[$number]"
  }
}
$ErrorActionPreference = 'Stop'
$running = ConvertFrom-Json ([IO.File]::ReadAllText('<states>'))
$document = [xml][IO.File]::ReadAllText('<config>')
$found = [ordered]@{}
foreach ($pool in $document.SelectNodes('/configuration/system.applicationHost/applicationPools/add')) {
  $name = $pool.GetAttribute('name')
  $values = [ordered]@{}
  Add-Values $values $pool ''
  $known = $running.Pools.($name.ToLowerInvariant())
  $values['state'] = $(
    if ($known) { $known } elseif ($pool.GetAttribute('autoStart') -eq 'false') { 'Stopped' } else { 'Started' }
  )
  $found["pool $name"] = $values
}
foreach ($site in $document.SelectNodes('/configuration/system.applicationHost/sites/site')) {
  $name = $site.GetAttribute('name')
  $values = [ordered]@{}
  Add-Values $values $site ''
  $known = $running.Sites.($site.GetAttribute('id'))
  $web = $site.SelectNodes("bindings/binding[@protocol='http' or @protocol='https']").Count
  $values['state'] = $(
    if (-not $web) { '' }
    elseif ($known) { $known }
    elseif ($site.GetAttribute('serverAutoStart') -eq 'false') { 'Stopped' }
    else { 'Started' }
  )
  $found["site $name"] = $values
}
foreach ($kind in 'SslBindingInfo', 'SslSniBindingInfo') {
  $key = [Microsoft.Win32.Registry]::LocalMachine.OpenSubKey('<parameters>\\' + $kind)
  if ($null -eq $key) { continue }
  foreach ($endpoint in $key.GetSubKeyNames()) {
    $below = $key.OpenSubKey($endpoint)
    $found["$kind $($endpoint.ToLowerInvariant())"] = [ordered]@{
      hash = [BitConverter]::ToString($below.GetValue('SslCertHash')).Replace('-', '')
      store = $below.GetValue('SslCertStoreName')
      application = $below.GetValue('AppId')
    }
  }
}
ConvertTo-Json $found -Depth 4 -Compress
"""


def prepare(real: Runs) -> None:
    """Install the double of IIS on the drive."""
    real.script(INSTALL)


def server() -> Machine:
    """Return a server of the model with IIS."""
    machine = Machine("srv")
    machine.features.install(["Web-Server"], management_tools=True)
    return machine


def anywhere(message: t.Any) -> str:
    """Return a message without the computer's name in paths of the drive IIS:, the Windows folder in one spelling."""
    text = re.sub(r"\\\\[^\\]+\\(?=AppPools|Sites)", "IIS:", str(message))
    return re.sub(r"C:\\windows\\", r"C:\\Windows\\", text)


def lay_script(configuration: Configuration) -> str:
    """Return the PowerShell that lays a configuration down, in the place of all that was there.

    The double takes a pool or site of which no state is noted for one that runs as its configuration says at that
    moment; a running one on Windows goes on when it shall no longer start by itself, so that states are noted.
    """
    states = {
        "Pools": {"defaultapppool": "Started"}
        | {name.lower(): pool.get("state") or _begins(pool) for name, pool in _pools(configuration)},
        "Sites": {"1": "Started"}
        | {
            str(number): site["state"]
            for number, (_, site) in enumerate(_sites(configuration), start=2)
            if site.get("state")
        },
    }
    return _LAY.format(
        config=CONFIG_PATH,
        text=quoted(_text(configuration)),
        states_file=STATES_FILE,
        states=quoted(json.dumps(states)),
        parameters=PARAMETERS,
    )


def _begins(pool: t.Mapping[str, t.Any]) -> str:
    starts = str(pool.get("attributes", {}).get("autoStart", "true")).lower()
    return "Stopped" if starts == "false" else "Started"


def lay(machine: Machine, configuration: Configuration) -> None:
    """Lay the same down in the model."""
    iis = machine.iis
    assert iis is not None
    machine.files.write(CONFIG_PATH, _text(configuration).encode())
    for name, pool in _pools(configuration):
        machine.accounts.add_pool(name)
        if pool.get("state") == "Stopped" and iis.pool_state(name) != "Stopped":
            iis.stop_pool(name)
    for name, site in _sites(configuration):
        if site.get("state") == "Stopped":
            iis.stop_site(name)


def read_script() -> str:
    """Return the PowerShell that prints pools and sites with all that the file has of them, whether they run, and the
    certificates that HTTP.sys knows.
    """
    return _READ.replace("<config>", CONFIG_PATH).replace("<states>", STATES_FILE).replace("<parameters>", PARAMETERS)


def read(machine: Machine) -> State:
    """Return the same from the model."""
    iis = machine.iis
    assert iis is not None
    root = ET.fromstring(machine.files.read(CONFIG_PATH))
    found: State = {}
    for element in root.iterfind("system.applicationHost/applicationPools/add"):
        name = element.get("name", "")
        found[f"pool {name}"] = {**_values(element, ""), "state": iis.pool_state(name)}
    for element in root.iterfind("system.applicationHost/sites/site"):
        name = element.get("name", "")
        found[f"site {name}"] = {**_values(element, ""), "state": iis.site_state(name).replace(UNKNOWN, "")}
    for folder in (ADDRESSES, NAMES):
        kind = folder.rpartition("\\")[2]
        key = machine.registry.key(folder)
        for endpoint in key.key_names() if key else ():
            below = machine.registry.key(f"{folder}\\{endpoint}")
            assert below is not None
            found[f"{kind} {endpoint.lower()}"] = {
                "hash": below.value("SslCertHash").hex().upper(),
                "store": below.value("SslCertStoreName"),
                "application": below.value("AppId"),
            }
    return found


def _values(element: ET.Element, path: str) -> dict[str, str]:
    found = {f"{path}@{name}": value for name, value in element.attrib.items()}
    counts: dict[str, int] = {}
    for child in element:
        number = counts.get(child.tag, 0)
        counts[child.tag] = number + 1
        found.update(_values(child, f"{path}/{child.tag}[{number}]"))
    return found


def _pools(configuration: Configuration) -> t.Iterable[tuple[str, t.Mapping[str, t.Any]]]:
    return t.cast("t.Mapping[str, t.Mapping[str, t.Any]]", configuration.get("pools", {})).items()


def _sites(configuration: Configuration) -> t.Iterable[tuple[str, t.Mapping[str, t.Any]]]:
    return t.cast("t.Mapping[str, t.Mapping[str, t.Any]]", configuration.get("sites", {})).items()


def _text(configuration: Configuration) -> str:
    """Return the fresh configuration with pools and sites added; sites are numbered from 2."""
    root = ET.fromstring(APPLICATION_HOST)
    pools, sites = (root.find(f"system.applicationHost/{tag}") for tag in ("applicationPools", "sites"))
    assert pools is not None and sites is not None
    for name, pool in _pools(configuration):
        element = ET.Element("add", {"name": name})
        pools.insert(len(pools.findall("add")), element)
        for attribute, value in pool.get("attributes", {}).items():
            *path, last = attribute.split(".")
            _below(element, path).set(last, value)
    for number, (name, site) in enumerate(_sites(configuration), start=2):
        element = ET.Element("site", {"name": name, "id": str(number)})
        sites.insert(len(sites.findall("site")), element)
        for attribute, value in site.get("attributes", {}).items():
            *path, last = attribute.split(".")
            _below(element, path).set(last, value)
        for path, application in site.get("applications", {}).items():
            made = ET.SubElement(element, "application", {"path": path})
            if application.get("pool"):
                made.set("applicationPool", application["pool"])
            for below, attributes in application["directories"].items():
                ET.SubElement(made, "virtualDirectory", {"path": below, **attributes})
        bindings = ET.SubElement(element, "bindings")
        for protocol, information, *flags in site.get("bindings", ()):
            attributes = {"protocol": protocol, "bindingInformation": information}
            ET.SubElement(bindings, "binding", attributes | ({"sslFlags": str(flags[0])} if flags else {}))
    ET.indent(root, "    ")
    out = io.BytesIO()
    ET.ElementTree(root).write(out, encoding="UTF-8", xml_declaration=True)
    return out.getvalue().decode().replace("\n", "\r\n")


def _below(element: ET.Element, path: t.Sequence[str]) -> ET.Element:
    for tag in path:
        found = element.find(tag)
        element = ET.SubElement(element, tag) if found is None else found
    return element
