# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An agent of a server described as an inventory: the fewest variables with which a run would find it as wanted."""

from __future__ import annotations

import base64
import json
import typing as t

from .._agent.settings_files import AGENT, CYBERARK, GENERAL
from .._certificates.in_settings import Named
from .._certificates.on_server import AUTHORITIES
from .._core import probe
from .._core.probe import Ask, Query
from .._dotnet import proxy
from .._hosting import firewall_rules
from .._inventory import prefetch
from .._settings import protection
from .._settings.tree import get, section
from .._settings.web_config_shown import variables as web_variables
from .._windows import account_name, windows_path
from .._windows.iis_config import Served
from . import hosting_found, pairs_found, settings_found
from .agents import IIS, Agent
from .hosting_found import Hosting
from .settings_found import Found
from .variable import Description, Secret

_RUNTIME_CONFIG = "Usercube-Agent.runtimeconfig.json"
_USUAL_BUNDLE = "8.0"
DOWNLOADS = {
    "im_working_directory": ("im_agent_archive_source", "im_agent_archive_checksum"),
    "im_prerequisites": ("im_agent_hosting_bundle_source", "im_agent_hosting_bundle_checksum"),
}
"""Variables that no server knows, and without which a run is refused, by the role whose tasks need them."""


def questions(agent: Agent) -> tuple[Query, ...]:
    """Return what the description asks of an agent, beside what a run with it asks."""
    found = [*settings_found.questions(agent.runtime), _runtime_config(agent), _web_config(agent)]
    found += [probe.file(windows_path.join(agent.runtime, CYBERARK))]
    found += [probe.certificates(store=store) for store in ("My", "WebHosting", *AUTHORITIES)]
    if agent.site and len(agent.site.bindings) > 1:
        found += firewall_rules.questions({binding.port for binding in agent.site.bindings})
    return (*found, *([probe.service(agent.service)] if agent.service else []))


def draft(agent: Agent, given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what is known of an inventory before the agent's files are read: what a run would ask follows from it.

    Args:
        agent: the agent.
        given: the variables of downloads that the user has set already, by their names.
    """
    site, user = agent.site, _user(agent)
    main = hosting_found.main_binding(site.bindings) if site else None
    port = {} if main is None else {"https_port" if main.protocol == "https" else "http_port": main.port}
    return {
        "organization": agent.organization,
        "hosting": agent.hosting,
        "working_directory": agent.working_directory,
        "folders": {} if _is_usual(agent) else {"Runtime": agent.runtime},
        "pool_name": site.pool if site else f"Identity Manager {agent.organization}",
        "site_name": site.name if site else f"Identity Manager Agent{agent.organization}",
        "site_protocol": main.protocol if main else "https",
        "service_name": agent.service or f"IdentityManagerAgent{agent.organization}",
        "service_urls": hosting_found.urls(agent.command) or ["http://localhost:5000"],
        "https_port": 443,
        "http_port": 80,
        "host_name": (main.host if main else "") or "agent.invalid",
        "identity_username": user,
        "identity_password": "kept" if user and account_name.of(user).has_password else "",
        "certificates": [{"use": use} for use in ("encryption", "identity_server", "server")],
        "archive_source": given.get("im_agent_archive_source") or "C:\\archive.zip",
        "archive_checksum": given.get("im_agent_archive_checksum") or "0" * 64,
        "hosting_bundle_source": given.get("im_agent_hosting_bundle_source") or "C:\\bundle.exe",
        "hosting_bundle_checksum": "0" * 64,
        "hosting_bundle_version": _USUAL_BUNDLE,
        **port,
    }


def run_questions(agent: Agent, description: Description, given: t.Mapping[str, t.Any]) -> tuple[Query, ...]:
    """Return what a run with a description asks."""
    values = {name.removeprefix("im_agent_"): one for name, one in description.values(clear=False).items()}
    return prefetch.questions({**draft(agent, given), **values})


def _user(agent: Agent) -> str:
    if agent.pool and agent.pool.attributes.get("processModel.identityType") == "SpecificUser":
        return str(agent.pool.attributes.get("processModel.userName") or "")
    name = account_name.of(agent.account)
    is_given = name.has_password or name.form is account_name.Form.MANAGED  # the others follow from the service
    return agent.account if agent.service and agent.account and is_given else ""


def _is_usual(agent: Agent) -> bool:
    return windows_path.same(agent.runtime, windows_path.join(agent.working_directory, "Runtime"))


def _runtime_config(agent: Agent) -> Query:
    return probe.file(windows_path.join(agent.runtime, _RUNTIME_CONFIG))


def _web_config(agent: Agent) -> Query:
    return probe.file(windows_path.join(agent.runtime, "web.config"))


def of(agent: Agent, ask: Ask, given: t.Container[str]) -> Description:
    """Return the description of an agent.

    Args:
        agent: the agent.
        ask: answers questions.
        given: the variables that the user has set already.
    """
    found = Description(agent.organization, agent.where, agent.runtime, given)
    found.add("im_agent_organization", agent.organization, f"the names of {agent.where} and of its folders")
    settings = settings_found.read(agent.runtime, ask)
    hosting = (hosting_found.of_site if agent.hosting == IIS else hosting_found.of_service)(agent, found, ask)
    served = hosting.served if agent.hosting == IIS else _of_kestrel(settings, ask)
    _host_name(hosting, served, found, ask)
    _folders(agent, settings, found)
    _identity(settings, found)
    _server(settings, found)
    pairs = pairs_found.entries(agent.runtime, settings, served, found, ask, https=hosting.https)
    found.add("im_agent_certificates", pairs, f"{GENERAL} and {AGENT} in {agent.runtime}, and the https binding")
    _settings(settings, found)
    _encrypted(settings, found)
    _elsewhere(agent, settings, found, ask)
    _web(agent, found, ask)
    _bundle(agent, found, ask)
    for names in DOWNLOADS.values():
        lacking = [name for name in names if name not in given]
        if lacking:
            found.beyond.append(f"{' and '.join(lacking)}: no server knows them; set them for the group")
    found.beyond += settings.unreadable
    if settings.left:
        found.beyond.append(
            f"settings that stay on the server alone, since they may be secrets: {', '.join(sorted(settings.left))}"
        )
    return found


def _host_name(hosting: Hosting, served: Served | None, found: Description, ask: Ask) -> None:
    if hosting.host_name:
        found.add("im_agent_host_name", hosting.host_name, f"the address of {found.where}")
        return
    names = pairs_found.names(served, ask) if served else ()
    if names:
        found.add("im_agent_host_name", names[0], "the certificate for https, since no address of the agent has a name")
        return
    facts = ask(probe.host())
    name = ".".join(part for part in (facts["computer_name"], facts["domain"]) if part).lower()
    found.add("im_agent_host_name", name, "the server's own name, since no address of the agent has one")


def _folders(agent: Agent, settings: Found, found: Description) -> None:
    usual_folder = f"C:\\identitymanager{agent.organization}"
    folder = usual_folder if windows_path.same(agent.working_directory, usual_folder) else agent.working_directory
    found.add("im_agent_working_directory", folder, f"the folder of {agent.where}", usual_folder)
    elsewhere = {} if _is_usual(agent) else {"Runtime": agent.runtime}
    for name in ("Temp", "Work"):
        path = get(settings.general, f"{name}FolderPath")
        if isinstance(path, str) and windows_path.why_not_absolute(path) is None:
            usual = windows_path.join(agent.working_directory, name)
            if not windows_path.same(path, usual) or agent.hosting == IIS:
                elsewhere[name] = windows_path.normal(path)
    found.add("im_agent_folders", elsewhere, f"{agent.where}, and {GENERAL}: TempFolderPath, WorkFolderPath", {})


def _identity(settings: Found, found: Description) -> None:
    identifier = get(settings.agent, "OpenId", "AgentIdentifier")
    if identifier:
        found.add("im_agent_identifier", identifier, f"{AGENT}: OpenId:AgentIdentifier")
    else:
        found.lacking.append(f"OpenId:AgentIdentifier in {AGENT}: set im_agent_identifier")
    clients = settings.section(AGENT, "OpenId", "OpenIdClients")
    default = get(settings.agent, "OpenId", "DefaultOpenIdClient")
    if clients:
        found.add("im_agent_openid_clients", clients, f"{AGENT}: OpenId:OpenIdClients")
    else:
        found.lacking.append(f"OpenId:OpenIdClients in {AGENT}: set im_agent_openid_clients")
    if default:
        found.add("im_agent_default_openid_client", default, f"{AGENT}: OpenId:DefaultOpenIdClient", "Job")
    else:
        found.lacking.append(f"OpenId:DefaultOpenIdClient in {AGENT}: set im_agent_default_openid_client")
        first = "Job" if "Job" in clients else next(iter(clients), "Job")
        source = f"the clients of {AGENT}, which names no default"
        found.add("im_agent_default_openid_client", first, source, "Job")


def _server(settings: Found, found: Description) -> None:
    url = get(settings.general, "ApplicationUri")
    if isinstance(url, str) and url:
        found.add("im_agent_server_url", url.rstrip("/"), f"{GENERAL}: ApplicationUri")
    else:
        found.lacking.append(f"ApplicationUri in {GENERAL}: set im_agent_server_url")


def _of_kestrel(settings: Found, ask: Ask) -> Served | None:
    """Return the certificate that a service's Kestrel finds by its subject."""
    default = section(settings.general, "Kestrel", "Certificates", "Default")
    named = Named(
        subject=str(get(default, "Subject") or ""),
        location=str(get(default, "Location") or ""),
        store=str(get(default, "Store") or ""),
    )
    matching = pairs_found.matching(named, ask) if named.subject else []
    newest = max(matching, key=lambda certificate: certificate.not_after, default=None)
    return Served(newest.thumbprint, named.store or "My") if newest else None


def _settings(settings: Found, found: Description) -> None:
    connections = settings.section(AGENT, "Connections")
    found.add("im_agent_connections", connections, f"{AGENT}: Connections", {})
    roots = get(settings.agent, "SourcesRootPaths")
    folder = next((v.value for v in found.variables if v.name == "im_agent_working_directory"), None)
    folder = folder or f"C:\\identitymanager{found.organization}"
    usual = [windows_path.join(folder, "Sources")]
    if isinstance(roots, list) and roots:
        found.add("im_agent_sources_root_paths", roots, f"{AGENT}: SourcesRootPaths", usual)
    elif not roots:
        found.lacking.append(f"SourcesRootPaths in {AGENT}, without which file connections are blocked: it is written")
    runs = get(settings.general, "Scheduler", "Enabled") is not False
    found.add("im_agent_scheduler_enabled", runs, f"{GENERAL}: Scheduler:Enabled", True)
    for name, variable in ((GENERAL, "im_agent_settings"), (AGENT, "im_agent_agent_settings")):
        found.add(variable, settings.rest(name), f"{name}, what differs from the vendor's template", {})


def _encrypted(settings: Found, found: Description) -> None:
    """Describe which settings an encrypted file holds."""
    protections = {
        protection.words(path): protection.ENCRYPTED
        for name, path in ((AGENT, path) for path in settings.hidden.get(AGENT, ()))
        if path[0].lower() == "connections" or tuple(map(str.lower, path[:2])) == ("openid", "openidclients")
    }
    others = [
        protection.words(path)
        for paths in settings.hidden.values()
        for path in paths
        if protection.words(path) not in protections
    ]
    found.add("im_agent_protections", protections, "the encrypted file, whose values nobody reads back", {})
    if others:
        found.beyond.append(f"encrypted settings that stay as they are: {', '.join(sorted(others))}")


def _elsewhere(agent: Agent, settings: Found, found: Description, ask: Ask) -> None:
    """Describe secrets that are kept in CyberArk or in a Key Vault."""
    section_of = section(settings.general, "CyberArk")
    answer = ask(probe.file(windows_path.join(agent.runtime, CYBERARK)))
    if section_of and answer and answer.get("content"):
        try:
            accounts = section(json.loads(base64.b64decode(answer["content"])), "Connections")
        except ValueError:
            accounts = {}
        keys = {"safe_name": "SafeName", "application_id": "ApplicationId", "server": "Server"}
        value: dict[str, t.Any] = {name: get(section_of, key) for name, key in keys.items()}
        if accounts and all(value.values()):
            found.add(
                "im_agent_cyberark", {**value, "accounts": dict(accounts)}, f"{GENERAL}: CyberArk, and {CYBERARK}"
            )
        else:
            found.beyond.append(f"the section CyberArk of {GENERAL}, which is not whole: it stays as it is")
    vault = get(settings.general, "AzureKeyVault", "Vault")
    if vault:
        text = get(settings.general, "AzureKeyVault", "ConnectionString")
        more = {"connection_string": Secret(text if isinstance(text, str) else None)} if text else {}
        found.add("im_agent_azure_key_vault", {"vault": vault, **more}, f"{GENERAL}: AzureKeyVault")


def _web(agent: Agent, found: Description, ask: Ask) -> None:
    answer = ask(_web_config(agent)) if agent.hosting == IIS else None
    if not answer or not answer.get("content"):
        return
    values = {name.upper(): value for name, value in web_variables(base64.b64decode(answer["content"]))}
    url, beside = values.get(proxy.HTTPS_PROXY.upper(), ""), values.get(proxy.NO_PROXY.upper(), "")
    if "@" in url:
        found.beyond.append(
            "HTTPS_PROXY in web.config with a user and password: give it as im_agent_https_proxy, from a vault"
        )
    elif url:
        found.add("im_agent_https_proxy", url, "web.config, environmentVariables")
        if beside:
            found.add(
                "im_agent_no_proxy", [name for name in beside.split(",") if name], "web.config, environmentVariables"
            )


def _bundle(agent: Agent, found: Description, ask: Ask) -> None:
    """Describe which .NET the program needs, where it is not the usual one."""
    answer = ask(_runtime_config(agent))
    if not answer or not answer.get("content"):
        return
    try:
        frameworks = json.loads(base64.b64decode(answer["content"]))["runtimeOptions"]["frameworks"]
        versions = [str(one["version"]) for one in frameworks if one["name"] == "Microsoft.AspNetCore.App"]
    except (ValueError, KeyError, TypeError):
        return
    wanted = ".".join(versions[0].split(".")[:2]) if versions else _USUAL_BUNDLE
    if wanted != _USUAL_BUNDLE:  # the user may have named one precisely
        found.add("im_agent_hosting_bundle_version", wanted, _RUNTIME_CONFIG)
