"""The simulated agent: a process that loads its settings as .NET does, opens its certificates, needs its folders, and
then answers.

It is our model of the product from the vendor's pages, not the product.
"""

from __future__ import annotations

import dataclasses
import datetime
import typing as t
import xml.etree.ElementTree as ET
from types import MappingProxyType

from ..network.network import HttpAnswer, HttpRequest
from ..security import descriptors
from . import demands, hosting, iis_answers, jobs, settings, web_config
from .context import CannotStart, Context
from .dotnet_config import Configuration
from .scheduler import Scheduler
from .surroundings import Surroundings
from .web_config import Hosted

MODULE = "IIS AspNetCore Module V2"
PAGE = (
    b"<!DOCTYPE html><html><head><title>Identity Manager Agent</title></head><body>Identity Manager Agent"
    b" (simulated)</body></html>"
)
OTHER_PAGE = b"<!DOCTYPE html><html><head><title>Shop</title></head><body>Shop (simulated)</body></html>"
AGENT_EXE = "Usercube-Agent.exe"


class Agent:
    """One agent process.

    Attributes:
        state: running, failed or stopped.
        failure: why it failed.
        status: what is answered when it failed.
    """

    def __init__(self, context: Context, process_id: int) -> None:
        self._context, self._process_id = context, process_id
        self.started = context.surroundings.clock.now()
        self.state = "running"
        self.failure = ""
        self.status = "200"
        self._page, self._location, self._server = PAGE, "", "Microsoft-IIS/10.0"
        self._stdout: str | None = None
        self._settings: Configuration | None = None
        self._jobs: jobs.Jobs | None = None
        self._scheduler: Scheduler | None = None

    @classmethod
    def under_iis(cls, surroundings: Surroundings, hosted: Hosted) -> Agent:
        """Start an application in process, as its pool's identity."""
        agent = cls(Context(surroundings, hosted.folder, hosted.folder, hosted.sids), hosted.process_id)
        try:
            agent._start_in_process(hosted)
        except CannotStart as failure:
            agent._fail(failure, hosted.name)
        else:
            # ASPNETCORE_EVENT_INPROCESS_START_SUCCESS, with the physical path: dotnet/aspnetcore, resources.h and
            # inprocessapplication.cpp.
            agent._note(MODULE, 1032, "Information", f"Application '{hosted.folder}\\' started successfully.")
        return agent

    @classmethod
    def as_service(
        cls,
        surroundings: Surroundings,
        folder: str,
        sids: t.Collection[str],
        own: t.Mapping[str, str] = MappingProxyType({}),
    ) -> Agent:
        """Start the agent of a folder as a Windows service, with variables of its own; raises CannotStart.

        A service's current directory is not its program's, so relative paths lead elsewhere.
        """
        context = Context(surroundings, folder, "C:\\Windows\\System32", sids)
        agent = cls(context, 5000)
        agent._server = "Kestrel"
        if not surroundings.files.is_file(f"{folder}\\{AGENT_EXE}"):
            raise CannotStart(f"The file '{folder}\\{AGENT_EXE}' does not exist.")
        hosting.check_frameworks(context)
        agent._load({**surroundings.environment.variables(), **own})
        agent._note("Usercube-Agent", 0, "Information", "Service started successfully.")
        return agent

    @property
    def process_id(self) -> int:
        """Return the number of its process."""
        return self._process_id

    @property
    def folder(self) -> str:
        """Return the folder that it was started from."""
        return self._context.folder

    def own_certificate(self) -> bytes | None:
        """Return the certificate that Kestrel's own settings name, as DER; None where there is none it may use."""
        settings, certificates = self._settings, self._context.surroundings.certificates
        name = "Kestrel:Certificates:Default"
        subject = settings.get(f"{name}:Subject") if settings else None
        if not settings or not subject:
            return None
        store, location = settings.get(f"{name}:Store") or "My", settings.get(f"{name}:Location") or "CurrentUser"
        held = certificates.all(location, store) or []
        # Of several the one that is valid longest: dotnet/aspnetcore, CertificateLoader.LoadFromStoreCert.
        for found in sorted(held, key=lambda one: one.certificate.not_valid_after_utc, reverse=True):
            parsed = found.certificate
            trusted = parsed.issuer != parsed.subject or (settings.get(f"{name}:AllowInvalid") or "").lower() == "true"
            usable = found.key and certificates.readable(found, self._context.sids)
            if subject.lower() in found.subject.lower() and trusted and usable:
                return found.der
        return None

    def stop(self) -> None:
        """End the process."""
        if self.state == "running":
            self.state = "stopped"
        if self._scheduler:
            self._scheduler.stop()

    def order_to_stop(self) -> None:
        """Tell it that it is about to end."""
        if self._scheduler:
            self._scheduler.order_to_stop()

    def answer(self, request: HttpRequest) -> HttpAnswer:
        """Answer a request."""
        if self.state != "running":
            return iis_answers.answer(self.status, self._location)
        # In process IIS names itself, as a service Kestrel does: KestrelServerOptions.AddServerHeader.
        headers = {"Content-Type": "text/html", "Server": self._server}
        ran = self._jobs.answer(request) if self._jobs else None
        if ran:
            return dataclasses.replace(ran, headers={**ran.headers, "Server": self._server})
        return HttpAnswer(200, "OK", headers, b"" if request.method == "HEAD" else self._page)

    # Starting

    def _start_in_process(self, hosted: Hosted) -> None:
        core = web_config.asp_net_core(self._context, hosted)
        self._open_stdout(core)
        if not hosting.check_program(self._context, core):
            self._page = OTHER_PAGE
            return
        variables = {**self._context.surroundings.environment.variables(), **hosted.variables}
        for e in core.findall("environmentVariables/environmentVariable"):
            variables[e.get("name", "")] = e.get("value", "")
        self._load(variables)

    def _load(self, variables: t.Mapping[str, str]) -> None:
        self._settings = settings.load(self._context, variables)
        demands.check(self._context, self._settings)
        self._jobs = jobs.Jobs(self._context, self._settings)
        self._scheduler = Scheduler(self._context, self._settings, self._jobs)
        self._scheduler.start(self.started)

    # Telling

    def _open_stdout(self, core: ET.Element) -> None:
        if core.get("stdoutLogEnabled", "").lower() != "true":
            return
        base = self._context.resolve(core.get("stdoutLogFile", "logs/stdout")).removesuffix(".log")
        folder, files = base.rpartition("\\")[0], self._context.surroundings.files
        if files.is_folder(folder) and self._context.may(folder, descriptors.WRITE_DATA):
            stamp = self.started.astimezone(datetime.UTC).strftime("%Y%m%d%H%M%S")
            self._stdout = f"{base}_{stamp}_{self._process_id}.log"
            files.write(self._stdout, b"")

    def _fail(self, failure: CannotStart, application: str) -> None:
        self.state, self.failure, self.status = "failed", str(failure), failure.status
        self._location = failure.location if isinstance(failure, web_config.NotOurs) else ""
        if self._stdout:
            self._context.surroundings.files.write(self._stdout, f"Unhandled exception. {failure}\r\n")
        if failure.event:
            self._note(
                MODULE,
                failure.event,
                "Error",
                f"Application '{application}' with physical root '{self._context.folder}\\' failed to load coreclr."
                f" Exception message:\r\n{failure}",
            )

    def _note(self, provider: str, event: int, level: str, message: str) -> None:
        self._context.surroundings.events.add("Application", provider, event, level, message)
