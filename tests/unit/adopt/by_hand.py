"""Servers on which somebody installed agents by hand, from the vendor's guide and from habit."""

from __future__ import annotations

import dataclasses
import json
import typing as t
import zipfile

import chain
import standin_archive
from in_process import Server

NAME = "paris.contoso.com"
SECRETS = {
    "client": "canary-adopt-client-3f71",
    "ad": "canary-adopt-ad-90bc",
    "sql": "canary-adopt-sql-77aa",
    "account": "canary-adopt-account-12ce",
    "pfx": "canary-adopt-pfx-5d08",
}
DOWNLOADS = {
    "im_agent_archive_source": chain.ARCHIVE_URL,
    "im_agent_archive_checksum": chain.sha256(chain.FILES.archive),
    "im_agent_hosting_bundle_source": chain.BUNDLE_URL,
    "im_agent_hosting_bundle_checksum": chain.sha256(chain.FILES.bundle),
}
HAND_MADE = "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"


@dataclasses.dataclass
class Agent:
    """One agent as somebody installed it.

    Attributes:
        organization: in its names, and its identifier.
        root: its working directory.
        runtime: its Runtime folder's name.
        site: the site, empty for a service.
        pool: its pool.
        attributes: what the pool sets.
        bindings: protocol, information and flags; https ones get the certificate.
        service: the service; empty under IIS.
        account: whom it runs as.
        urls: of the service.
        store: of its certificates.
        named: how the settings name its pairs: thumbprint, subject or file.
        general: further settings of appsettings.json.
        agent: further settings of appsettings.agent.json.
        files: further files of Runtime; None removes one.
    """

    organization: str = "Contoso"
    root: str = "C:\\identitymanagerContoso"
    runtime: str = "Runtime"
    site: str = "Identity Manager AgentContoso"
    pool: str = "Identity Manager Contoso"
    attributes: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    bindings: tuple[tuple[str, str, int], ...] = (("https", "*:443:agent.contoso.com", 1),)
    service: str = ""
    account: str = ""
    urls: str = "http://localhost:5000"
    store: str = "My"
    named: str = "thumbprint"
    general: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    agent: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    files: dict[str, t.Any] = dataclasses.field(default_factory=dict)

    @property
    def folder(self) -> str:
        """Return its Runtime folder."""
        return f"{self.root}\\{self.runtime}"


GUIDE = {
    "managedRuntimeVersion": "",
    "startMode": "AlwaysRunning",
    "processModel.idleTimeout": "00:00:00",
    "processModel.loadUserProfile": True,
    "recycling.periodicRestart.time": "00:00:00",
}


def server(*agents: Agent, **data: t.Any) -> Server:
    """Build a server with agents."""
    iis = any(agent.site for agent in agents)
    features = ["RSAT-ADDS-Tools", *(["Web-Server", "Web-AppInit", "Web-Scripting-Tools"] if iis else [])]
    made = chain.server({"features": features, "packages": [{"version": "8.0.22"}], **data})
    for agent in agents:
        _install(made, agent)
    made.variables = {"inventory_hostname": NAME, **DOWNLOADS}
    made.new_run()
    return made


def _install(made: Server, agent: Agent) -> None:
    machine = made.machine
    for name in ("Temp", "Work", "Mails", "Sources"):
        machine.files.make_folder(f"{agent.root}\\{name}")
    with zipfile.ZipFile(chain.FILES.archive) as archive:
        content = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    content["web.config"] = content["Agent/web.config"]
    names = [name for _protocol, information, _flags in agent.bindings if (name := information.rpartition(":")[2])]
    pairs = {
        use: machine.certificates.make(
            store=agent.store, subject=f"CN={agent.organization} {use}", names=names or [NAME] if use == "site" else ()
        )
        for use in ("encryption", "identity", "site")
    }
    content["appsettings.json"] = json.dumps(_general(agent, pairs)).encode()
    content["appsettings.agent.json"] = json.dumps(_agent(agent)).encode()
    if agent.named == "file":
        content["agent.pfx"] = standin_archive.key_pair("By hand", SECRETS["pfx"])
    for name, data in (content | agent.files).items():
        path = f"{agent.folder}\\{name}".replace("/", "\\")
        machine.files.make_folder(path.rpartition("\\")[0])
        if data is not None:
            machine.files.write(path, data)
    if agent.service:
        command = f'"{agent.folder}\\Usercube-Agent.exe" --service --urls "{agent.urls}"'
        machine.services.create(agent.service, path=command, account=agent.account or f"NT SERVICE\\{agent.service}")
        if agent.account.startswith("CONTOSO") and not agent.account.endswith("$"):
            machine.services.passwords[agent.service.lower()] = SECRETS["account"]
    if agent.site:
        _host(machine, agent, pairs["site"])


def _general(agent: Agent, pairs: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    def name(prefix: str, use: str) -> dict[str, str]:
        place = {f"{prefix}StoreLocation": "LocalMachine", f"{prefix}StoreName": agent.store}
        if agent.named == "file":
            file, password = ("X509KeyFilePath", "X509KeyFilePassword") if prefix else ("File", "Password")
            return {file: "./agent.pfx", password: SECRETS["pfx"]}
        if agent.named == "subject":
            key = "X509SubjectDistinguishedName" if prefix else "DistinguishedName"
            return {key: f"CN={agent.organization} {use}", **place}
        return {f"{prefix}Thumbprint": pairs[use].thumbprint, **place}

    return {
        "ApplicationUri": chain.SERVER_URL,
        "EncryptionCertificate": name("", "encryption"),
        "IdentityServer": name("X509", "identity"),
        "Scheduler": {"Enabled": True},
        **agent.general,
    }


def _agent(agent: Agent) -> dict[str, t.Any]:
    return {
        "OpenId": {
            "AgentIdentifier": agent.organization,
            "OpenIdClients": {"Job": SECRETS["client"]},
            "DefaultOpenIdClient": "Job",
        },
        "SourcesRootPaths": [f"{agent.root}\\Sources"],
        "Connections": {
            "AD": {
                "Servers": [{"Server": "dc.contoso.com", "BaseDN": "DC=contoso,DC=com"}],
                "AuthType": "Basic",
                "Login": "CONTOSO\\svc",
                "Password": SECRETS["ad"],
            }
        },
        **agent.agent,
    }


def _host(machine: t.Any, agent: Agent, certificate: t.Any) -> None:
    if not machine.iis.has_pool(agent.pool):
        machine.iis.create_pool(agent.pool)
    identity = {}
    if agent.account:
        identity = {"processModel.identityType": "SpecificUser", "processModel.userName": agent.account}
        if not agent.account.endswith("$"):
            identity["processModel.password"] = SECRETS["account"]
    for attribute, value in (GUIDE | identity | agent.attributes).items():
        machine.iis.set_pool_attribute(agent.pool, attribute, value)
    machine.iis.create_site(agent.site, agent.folder, agent.pool)
    for protocol, information, flags in agent.bindings:
        machine.iis.add_binding(agent.site, protocol, information, flags)
        if protocol == "https":
            address, port, host = information.split(":")
            where = host if flags & 1 else address.replace("*", "0.0.0.0")
            machine.iis.httpsys.set(f"{where}:{port}", certificate.thumbprint, agent.store, sni=bool(flags & 1))
