"""The simulated agent: a process that loads its settings as .NET does, opens its certificates, needs its folders, and
then answers.

It is our model of the product from the vendor's pages, not the product.
"""

from __future__ import annotations

import datetime
import json
import typing as t
import xml.etree.ElementTree as ET

from . import iis_defaults, protect_tools, security
from .dotnet_config import BadConfiguration, Configuration, loads
from .network import HttpAnswer, HttpRequest

if t.TYPE_CHECKING:
    from .machine import Machine

MODULE = "IIS AspNetCore Module V2"
PAGE = (
    b"<!DOCTYPE html><html><head><title>Identity Manager Agent</title></head><body>Identity Manager Agent"
    b" (simulated)</body></html>"
)
AGENT_DLL, AGENT_EXE = "usercube-agent.dll", "Usercube-Agent.exe"


class CannotStart(Exception):
    """The agent does not come up.

    Attributes:
        status: the HTTP status line that IIS answers with ("500.30").
        event: the id of the module's event.
    """

    def __init__(self, reason: str, status: str = "500.30", event: int = 1007) -> None:
        super().__init__(reason)
        self.status, self.event = status, event


class Agent:
    """One agent process.

    Attributes:
        state: running, failed or stopped.
        failure: why it failed.
        status: what is answered when it failed.
    """

    def __init__(self, machine: Machine, folder: str, sids: t.Collection[str], process_id: int) -> None:
        self._machine, self._folder, self._sids, self._process_id = machine, folder, sids, process_id
        self.started = machine.clock.now()
        self.state = "running"
        self.failure = ""
        self.status = "200"
        self._stdout: str | None = None
        self._base = folder
        self._settings: Configuration | None = None

    @classmethod
    def under_iis(cls, machine: Machine, site: str, pool: str, folder: str, process_id: int) -> Agent:
        """Start the application of a site, in process, as the pool's identity."""
        assert machine.iis is not None
        agent = cls(machine, folder, machine.iis.pool_token(pool), process_id)
        try:
            agent._start_in_process()
        except CannotStart as failure:
            agent._fail(failure, f"/LM/W3SVC/{machine.iis.site_id(site)}/ROOT")
        else:
            agent._note(
                MODULE,
                1001,
                "Information",
                f"Application '/LM/W3SVC/{machine.iis.site_id(site)}/ROOT' started successfully.",
            )
        return agent

    @classmethod
    def as_service(cls, machine: Machine, folder: str, account: str) -> Agent:
        """Start the agent of a folder as a Windows service; raises CannotStart.

        A service's current directory is not its program's, so relative paths lead elsewhere.
        """
        agent = cls(machine, folder, machine.accounts.service_token(account), 5000)
        agent._base = "C:\\Windows\\System32"
        if not machine.files.is_file(f"{folder}\\{AGENT_EXE}"):
            raise CannotStart(f"The file '{folder}\\{AGENT_EXE}' does not exist.")
        agent._check_frameworks()
        agent._load(machine.environment_variables())
        agent._note("Usercube-Agent", 0, "Information", "Service started successfully.")
        return agent

    def own_certificate(self) -> bytes | None:
        """Return the certificate that Kestrel's own settings name, as DER; None where there is none it may use."""
        settings = self._settings
        name = "Kestrel:Certificates:Default"
        subject = settings.get(f"{name}:Subject") if settings else None
        if not settings or not subject:
            return None
        store, location = settings.get(f"{name}:Store") or "My", settings.get(f"{name}:Location") or "CurrentUser"
        held = self._machine.certificates.all(location, store) or []
        for found in held:
            parsed = found.certificate
            trusted = parsed.issuer != parsed.subject or (settings.get(f"{name}:AllowInvalid") or "").lower() == "true"
            usable = found.key and self._machine.certificates.readable(found, self._sids)
            if subject.lower() in found.subject.lower() and trusted and usable:
                return found.der
        return None

    def stop(self) -> None:
        """End the process."""
        if self.state == "running":
            self.state = "stopped"

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request."""
        if self.state != "running":
            return HttpAnswer(
                500, "Internal Server Error", {"server": "Microsoft-IIS/10.0"}, f"HTTP Error {self.status}".encode()
            )
        headers = {"Content-Type": "text/html", "Server": "Microsoft-IIS/10.0"}
        return HttpAnswer(200, "OK", headers, b"" if request.method == "HEAD" else PAGE)

    # Starting

    def _start_in_process(self) -> None:
        files = self._machine.files
        if not files.is_file(self._folder + "\\web.config"):
            raise CannotStart("There is no web.config, so no application.", "404", 0)
        try:
            root = ET.fromstring(files.read(self._folder + "\\web.config"))
        except ET.ParseError as error:
            raise CannotStart(f"web.config is not well-formed: {error}", "500.19", 0) from None
        servers = [*root.findall("system.webServer"), *root.findall("location/system.webServer")]
        for server in servers:
            names = [child.tag for child in server]
            twice = {name for name in names if isinstance(name, str) and names.count(name) > 1}
            if twice:
                raise CannotStart(f"web.config has the section {min(twice)} twice.", "500.19", 0)
        core = next((e for s in servers for e in s.findall("aspNetCore")), None)
        if core is None or not files.is_file(iis_defaults.ANCM):
            raise CannotStart(
                "The module AspNetCoreModuleV2 is not installed.", "500.21" if core is not None else "404", 0
            )
        self._open_stdout(core)
        self._check_program(core)
        variables = self._machine.environment_variables()
        for e in core.findall("environmentVariables/environmentVariable"):
            variables[e.get("name", "")] = e.get("value", "")
        self._load(variables)

    def _check_program(self, core: ET.Element) -> None:
        files = self._machine.files
        if not files.is_file("C:\\Program Files\\dotnet\\dotnet.exe"):
            raise CannotStart("Could not find 'dotnet.exe'.", "500.31", 1031)
        arguments = core.get("arguments", "").replace("/", "\\")
        program = arguments.rpartition("\\")[2].lower()
        if not files.is_file(f"{self._folder}\\{arguments.removeprefix('.').lstrip(chr(92))}"):
            raise CannotStart(f"The application '{arguments}' does not exist.", "500.30", 1018)
        if program != AGENT_DLL:
            raise CannotStart(f"{arguments} is the server: it finds no database connection.")
        if core.get("hostingModel", "inprocess").lower() not in {"inprocess", "outofprocess"}:
            raise CannotStart("Unknown hosting model.", "500.0", 1032)
        if not files.allowed(self._folder, self._sids, security.READ_EXECUTE):
            raise CannotStart("Access to the application's folder is denied.", "500.30", 1018)
        self._check_frameworks()

    def _check_frameworks(self) -> None:
        files = self._machine.files
        try:
            wanted = json.loads(files.text(self._folder + "\\Usercube-Agent.runtimeconfig.json"))
            frameworks = wanted["runtimeOptions"]["frameworks"]
        except Exception:
            raise CannotStart("Usercube-Agent.runtimeconfig.json cannot be read.", "500.31", 1031) from None
        for framework in frameworks:
            asked = [int(part) for part in framework["version"].split(".")]
            present = [[int(p) for p in v.split("-")[0].split(".")] for v in self._machine.packages.versions()]
            if not any(v[0] == asked[0] and v >= asked for v in present):
                raise CannotStart(
                    f"Framework: '{framework['name']}', version '{framework['version']}' was not found.", "500.31", 1031
                )

    def _load(self, variables: t.Mapping[str, str]) -> None:
        environment = next((v for n, v in variables.items() if n.upper() == "ASPNETCORE_ENVIRONMENT"), "Production")
        settings = Configuration()
        try:
            for name in ("appsettings.json", f"appsettings.{environment}.json"):
                self._add(settings, name)
            self._add_sealed(settings, "appsettings.encrypted.json")
            for name in ("appsettings.agent.json", f"appsettings.agent.{environment}.json"):
                self._add(settings, name)
            self._add_sealed(settings, "appsettings.encrypted.agent.json")
            self._add_elsewhere(settings)
            work = self._resolve(settings.get("WorkFolderPath") or "../Work")
            self._add(settings, "appsettings.connection.json", work)
        except (BadConfiguration, UnicodeDecodeError) as error:
            raise CannotStart(str(error)) from None
        settings.add_environment(variables)
        self._settings = settings
        self._check_settings(settings)
        for section, words in (("EncryptionCertificate", _PLAIN_KEYS), ("IdentityServer", _X509_KEYS)):
            self._open_pair(settings, section, words)
        for name in ("Temp", "Work"):
            self._check_folder(settings.get(f"{name}FolderPath") or f"../{name}")
        if (settings.get("Scheduler:Enabled") or "").lower() == "true":
            self._run_job(self._resolve(settings.get("TempFolderPath") or "../Temp"))

    def _run_job(self, temp: str) -> None:
        """Let the scheduler run a job at once, which leaves its log; vendor page "appsettings", TempFolderPath."""
        self._machine.files.make_folder(f"{temp}\\JobLogs")
        stamp = self.started.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S%f")
        self._machine.files.write(f"{temp}\\JobLogs\\{stamp}.log", b"Job started.\r\n")

    def _add(self, settings: Configuration, name: str, folder: str = "") -> dict[str, t.Any]:
        path = f"{folder or self._folder}\\{name}"
        if not self._machine.files.is_file(path):
            return {}
        if not self._machine.files.allowed(path, self._sids, security.READ_DATA):
            raise CannotStart(f"Access to '{name}' is denied.")
        data = loads(self._machine.files.read(path).decode("utf-8-sig"), name)
        settings.add(data)
        return data

    def _add_sealed(self, settings: Configuration, name: str) -> None:
        """Add a file of encrypted settings, opened with the pair of EncryptionCertificate."""
        if (settings.get("EncryptionCertificate:UseEncryptedAppsettings") or "").lower() != "true":
            return
        sealed = Configuration()
        if not self._add(sealed, name):
            return
        found = protect_tools.pair(self._machine, settings)
        if found is None or not found.key or not self._machine.certificates.readable(found, self._sids):
            raise CannotStart(f"{name}: the certificate of EncryptionCertificate cannot be used.")
        try:
            for path, text in sealed.below("").items():
                settings.set(path, protect_tools.opened(text, found))
        except protect_tools.CannotOpen as error:
            raise CannotStart(f"{name}: {error}.") from None

    def _add_elsewhere(self, settings: Configuration) -> None:
        """Add what a Key Vault and CyberArk hold."""
        if settings.get("AzureKeyVault:Vault"):
            for name, value in self._machine.network.key_vault.items():
                settings.set(name.replace("--", ":"), value)
        if (settings.get("CyberArk:UseCyberArkSetting") or "").lower() == "true":
            accounts = Configuration()
            self._add(accounts, "appsettings.cyberArk.agent.json")
            for path, account in accounts.below("").items():
                if account not in self._machine.network.cyberark:
                    raise CannotStart(f"CyberArk has no account '{account}'.")
                settings.set(path, self._machine.network.cyberark[account])

    def _check_settings(self, settings: Configuration) -> None:
        uri = settings.get("ApplicationUri")
        if not uri or uri.endswith("/"):
            raise CannotStart("ApplicationUri is missing or ends with a slash.")
        identifier = settings.get("OpenId:AgentIdentifier")
        if not identifier or identifier.lower() == "local":
            raise CannotStart("OpenId:AgentIdentifier is missing or reserved.")
        client = settings.get("OpenId:DefaultOpenIdClient")
        if not client or not settings.get(f"OpenId:OpenIdClients:{client}"):
            raise CannotStart("OpenId:DefaultOpenIdClient is not one of OpenId:OpenIdClients.")

    def _open_pair(self, settings: Configuration, section: str, words: dict[str, str]) -> None:
        def value(name: str) -> str:
            return settings.get(f"{section}:{words[name]}") or ""

        if value("file"):
            path = self._resolve(value("file"))
            if not self._machine.files.is_file(path) or not self._machine.files.allowed(
                path, self._sids, security.READ_DATA
            ):
                raise CannotStart(f"{section}: the certificate's file cannot be opened.")
            try:
                key = protect_tools.container(self._machine.files.read(path), value("password"))[0]
            except (ValueError, protect_tools.CannotOpen):
                raise CannotStart(f"{section}: the certificate's file cannot be read with its password.") from None
            if key is None:
                raise CannotStart(f"{section}: the certificate has no private key.")
            return
        held = self._machine.certificates.all(value("location") or "none", value("store") or "none")
        if not (value("thumbprint") or value("subject")) or held is None:
            raise CannotStart(f"{section}: incomplete certificate settings.")
        found = [
            c
            for c in held
            if (
                c.thumbprint == value("thumbprint").upper()
                if value("thumbprint")
                else value("subject").lower() in c.subject.lower()
            )
        ]
        if not found:
            raise CannotStart(f"{section}: the certificate is not in the store.")
        now = self._machine.clock.now()
        if not any(c.key and self._machine.certificates.readable(c, self._sids) for c in found):
            raise CannotStart(f"{section}: the private key cannot be used (Keyset does not exist or access denied).")
        if all(c.certificate.not_valid_after_utc < now for c in found):
            raise CannotStart(f"{section}: the certificate has expired.")

    def _check_folder(self, path: str) -> None:
        folder = self._resolve(path)
        needed = security.READ_EXECUTE | security.WRITE_DATA | security.APPEND_DATA
        if not self._machine.files.is_folder(folder) or not self._machine.files.allowed(folder, self._sids, needed):
            raise CannotStart(f"The folder '{folder}' is missing or cannot be written.")

    def _resolve(self, path: str) -> str:
        from .files import normal

        path = path.replace("/", "\\")
        return normal(path if path[1:2] == ":" or path.startswith("\\\\") else f"{self._base}\\{path}")

    # Telling

    def _open_stdout(self, core: ET.Element) -> None:
        if core.get("stdoutLogEnabled", "").lower() != "true":
            return
        base = self._resolve(core.get("stdoutLogFile", "logs/stdout")).removesuffix(".log")
        folder = base.rpartition("\\")[0]
        if self._machine.files.is_folder(folder) and self._machine.files.allowed(
            folder, self._sids, security.WRITE_DATA
        ):
            stamp = self.started.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S")
            self._stdout = f"{base}_{stamp}_{self._process_id}.log"
            self._machine.files.write(self._stdout, b"")

    def _fail(self, failure: CannotStart, application: str) -> None:
        self.state, self.failure, self.status = "failed", str(failure), failure.status
        if self._stdout:
            self._machine.files.write(self._stdout, f"Unhandled exception. {failure}\r\n")
        if failure.event:
            self._note(
                MODULE,
                failure.event,
                "Error",
                f"Application '{application}' with physical root '{self._folder}\\' failed to load coreclr. Exception"
                f" message:\r\n{failure}",
            )

    def _note(self, provider: str, event: int, level: str, message: str) -> None:
        self._machine.events.add("Application", provider, event, level, message)


_PLAIN_KEYS = {
    "file": "File",
    "password": "Password",
    "thumbprint": "Thumbprint",
    "subject": "DistinguishedName",
    "location": "StoreLocation",
    "store": "StoreName",
}
_X509_KEYS = {
    "file": "X509KeyFilePath",
    "password": "X509KeyFilePassword",
    "thumbprint": "X509Thumbprint",
    "subject": "X509SubjectDistinguishedName",
    "location": "X509StoreLocation",
    "store": "X509StoreName",
}
