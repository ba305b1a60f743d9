"""Agents that run as Windows services: the logon of their account, their process, and the addresses they listen on."""

from __future__ import annotations

import hashlib
import re
import typing as t
from urllib.parse import urlsplit

from .. import errors
from ..certificates import chains
from ..network.network import HttpAnswer, HttpRequest, Listener, is_address
from ..security import descriptors
from ..security.accounts import Accounts
from ..system.running import RunningProgram
from ..system.services import Service, Services
from .context import CannotStart
from .process import AGENT_EXE, Agent
from .surroundings import Surroundings

PROGRAM = "usercube-agent.exe"
CONTROLLER = "Service Control Manager"
EVERY, LOOPBACK = "0.0.0.0", ("127.0.0.1", "::1")
LOGON_RIGHT, DENIED = "SeServiceLogonRight", "SeDenyServiceLogonRight"
VIRTUAL, ALL_SERVICES = "nt service\\", "S-1-5-80-0"
"""A virtual account logs on by the right of NT SERVICE\\ALL SERVICES, which a group policy may take away."""
NEEDS_NO_PASSWORD = ("nt service\\", "nt authority\\", "localsystem")
_COMMAND = re.compile(r'^"?(?P<folder>[^"]*?)\\(?P<program>[^"\\]+\.exe)"?(?P<arguments>.*)$', re.IGNORECASE)


class ServiceAgents:
    """What the service controller does when a service that runs the agent is started or stopped.

    Args:
        services: those of Windows.
        accounts: whom they log on as.
        surroundings: what agents use of the server.
    """

    def __init__(self, services: Services, accounts: Accounts, surroundings: Surroundings) -> None:
        self._services, self._accounts, self._surroundings = services, accounts, surroundings
        self._running: dict[str, tuple[Agent, tuple[str, ...]]] = {}

    def behave(self, name: str, what: str) -> None:
        """Start or stop; raises WindowsError as ServiceController does."""
        if what == "stop":
            found = self._running.pop(name.lower(), None)
            if found:
                found[0].order_to_stop()
                found[0].stop()
            return
        service = self._services.get(name)
        assert service is not None
        self._log_on(service)
        command = _COMMAND.match(service.path)
        if command and command["program"].lower() == PROGRAM:
            self._start(service, command["folder"], command["arguments"])

    def _log_on(self, service: Service) -> None:
        account, rights = service.account, self._accounts.rights.get(LOGON_RIGHT, set())
        if self._accounts.denied(DENIED, self._accounts.service_token(account)):
            self._refuse(service, 7041, f"The account {account} has not been granted the right to log on as a service.")
        if account.lower().startswith(VIRTUAL) and not {ALL_SERVICES, descriptors.service_sid(service.name)} & rights:
            self._refuse(service, 7041, f"The account {account} has not been granted the right to log on as a service.")
        if account.lower().startswith(NEEDS_NO_PASSWORD):
            return
        found = self._accounts.find(account)
        allowed = found and {found.sid, *found.groups} & rights
        if not allowed:
            self._refuse(service, 7041, f"The account {account} has not been granted the right to log on as a service.")
        password = self._services.passwords.get(service.name.lower(), "")
        if found and found.kind != "gmsa" and not self._accounts.check(account, password):
            message = f"The {service.name} service was unable to log on as {account}: The password is incorrect."
            self._refuse(service, 7038, message)

    def _refuse(self, service: Service, event: int, message: str) -> t.NoReturn:
        self._surroundings.events.add("System", CONTROLLER, event, "Error", message)
        self._services.set_state(service.name, "Stopped")
        raise errors.WindowsError(
            "Microsoft.PowerShell.Commands.ServiceCommandException",
            f"Service '{service.display_name} ({service.name})' cannot be started due to the following error: Cannot"
            f" start service {service.name} on computer '.'.",
            -2146233087,
        )

    def _start(self, service: Service, folder: str, arguments: str) -> None:
        listed = re.search(r'--urls\s+"?([^"]+)"?', arguments)
        urls = tuple(part.strip() for part in (listed[1] if listed else "http://localhost:5000").split(";"))
        try:
            if "--service" not in arguments:
                raise CannotStart("The process did not answer the service controller: it was not started as a service.")
            token, own = self._accounts.service_token(service.account), self._services.environment(service.name)
            agent = Agent.as_service(self._surroundings, folder, token, own)
            for url in urls:
                self._bind(agent, url)
        except CannotStart as failure:
            self._surroundings.events.add(
                "Application", ".NET Runtime", 1026, "Error", f"Application: Usercube-Agent.exe\r\n{failure}"
            )
            self._refuse(service, 7034, f"The {service.display_name} service terminated unexpectedly.")
        self._running[service.name.lower()] = (agent, urls)

    def _bind(self, agent: Agent, url: str) -> None:
        scheme, port = _scheme_and_port(url)
        if any(listener.port == port for listener in self._surroundings.network.listeners()):
            raise CannotStart(f"Failed to bind to address {url}: address already in use.")
        if scheme == "https" and agent.own_certificate() is None:
            raise CannotStart("Unable to configure HTTPS endpoint. No server certificate was specified.")

    def folders(self) -> list[str]:
        """Return the folders that running agents were started from."""
        return [agent.folder for agent, _urls in self._running.values()]

    def processes(self) -> list[RunningProgram]:
        """Return the processes of running agents."""
        agents = [agent for agent, _urls in self._running.values()]
        return [RunningProgram(f"{a.folder}\\{AGENT_EXE}", a.process_id, a.started, None) for a in agents]

    def listeners(self) -> list[Listener]:
        """Return the ports that running agents hold."""
        return [
            Listener(address, _scheme_and_port(url)[1], "Usercube-Agent")
            for _, urls in self._running.values()
            for url in urls
            for address in _addresses(url)
        ]

    def respond(self, request: HttpRequest) -> HttpAnswer | None:
        """Answer a request to a port of theirs."""
        for agent, urls in self._running.values():
            for url in urls:
                scheme, port = _scheme_and_port(url)
                heard = {EVERY, request.address} & {*_addresses(url)}
                if heard and port == request.port and (scheme == "https") == request.tls:
                    served = agent.own_certificate() if scheme == "https" else None
                    request.accept(served)
                    answer = agent.answer(request)
                    headers = {**answer.headers, "Server": "Kestrel"}
                    sent = chains.sent_along(self._surroundings.certificates, served) if served else ()
                    return HttpAnswer(answer.status, answer.reason, headers, answer.body, served, sent=sent)
        return None

    def thumbprint(self, name: str) -> str | None:
        """Return the thumbprint that a running service's https address serves."""
        found = self._running.get(name.lower())
        served = found[0].own_certificate() if found else None
        return hashlib.sha1(served, usedforsecurity=False).hexdigest().upper() if served else None


def _addresses(url: str) -> tuple[str, ...]:
    """Return the addresses that Kestrel listens on for a URL: localhost is both loopback addresses, an address itself,
    and any other name all of them; learn.microsoft.com "Configure endpoints for the ASP.NET Core Kestrel web server".
    """
    host = (urlsplit(url.replace("://*", "://any").replace("://+", "://any")).hostname or "").lower()
    if host == "localhost":
        return LOOPBACK
    return (host,) if is_address(host) and host not in {EVERY, "::"} else (EVERY,)


def _scheme_and_port(url: str) -> tuple[str, int]:
    parts = urlsplit(url.replace("://*", "://any").replace("://+", "://any"))
    return parts.scheme, parts.port or (443 if parts.scheme == "https" else 80)
