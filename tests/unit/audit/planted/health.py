"""Faults that the checks of the verification find."""

from __future__ import annotations

import authorities
import chain
from in_process import Server

from .fault import RUNTIME, WORKING, Deed, both, call, planted, remove, replace
from .plans import ACL, CONFIGURATION

POOL, SITE, SERVICE = chain.POOL, chain.SITE, chain.SERVICE
TEMP = f"{WORKING}\\Temp"
WEB_CONFIG = f"{RUNTIME}\\web.config"


def logged(server: Server) -> None:
    """Log what the module of IIS logs of an agent that fails."""
    message = f"Application '{RUNTIME}\\' failed to start."
    server.machine.events.add("Application", "IIS AspNetCore Module V2", 1018, "Error", message)


def error_in_own_log(server: Server) -> None:
    """Let the agent log an error, once a request has let IIS start it again with its log."""
    server.run("win_im_agent_health", chain.arguments("win_im_agent_health", chain.inventory(), {}))
    newest = sorted(name for name in server.machine.files.children(TEMP) if name.startswith("stdout-agent"))[-1]
    server.machine.files.write(f"{TEMP}\\{newest}", b"fail: no way\r\n")


def bound(*names: str) -> Deed:
    """Return the binding of another certificate to the site, for some names."""

    def deed(server: Server) -> None:
        made = server.machine.certificates.make(subject=f"CN={names[0]}", names=names)
        server.machine.iis.httpsys.set(f"{chain.HOST}:443", made.thumbprint, "My", sni=True)

    return deed


def goes_on_as_another(server: Server) -> None:
    """Let the agent's process begin as another account, and set the pool back while it runs."""
    kind, stays = "processModel.identityType", "recycling.disallowRotationOnConfigChange"
    for name, value in ((kind, "NetworkService"), (stays, True), (kind, "ApplicationPoolIdentity")):
        server.machine.iis.set_pool_attribute(POOL, name, value)


def of_nobody(server: Server) -> None:
    """Bind a certificate of an authority whose own certificate is nowhere."""
    machine = server.machine
    leaf = authorities.path(machine.clock.now(), 3, names=[chain.HOST])[0]
    held = machine.certificates.add("LocalMachine", "My", leaf.der, leaf.pem)
    machine.iis.httpsys.set(f"{chain.HOST}:443", held.thumbprint, "My", sni=True)


FAULTS = (
    planted(
        "health.service-running",
        "stopped",
        lambda server: server.machine.services.stop(SERVICE),
        "health.agent-answers",
        "service.as-wanted",
        hosting="service",
    ),
    planted(
        "health.pool-started",
        "stopped",
        lambda server: server.machine.iis.stop_pool(POOL),
        "health.agent-answers",
        "pool.as-wanted",
    ),
    planted(
        "health.site-started",
        "stopped",
        lambda server: server.machine.iis.stop_site(SITE),
        "health.agent-answers",
        "site.as-wanted",
        unknown=("health.certificate",),
    ),
    planted(
        "health.serves-agent",
        "another folder",
        both(
            lambda server: server.machine.files.make_folder("C:\\shop"),
            lambda server: server.machine.iis.set_site_path(SITE, "C:\\shop"),
        ),
        "health.agent-answers",
        "site.as-wanted",
    ),
    planted(
        "health.identity",
        "Windows itself",
        call("microsoft.iis.web_app_pool", name=POOL, attributes={"processModel.identityType": "LocalSystem"}),
        "health.process-identity",  # IIS recycles the pool for it
        "pool.as-wanted",
    ),
    planted("health.process-identity", "one that goes on as another", goes_on_as_another),
    planted(
        "health.starts-with-windows",
        "a site that does not",
        replace(CONFIGURATION, f'<site name="{SITE}"', f'<site serverAutoStart="false" name="{SITE}"'),
        "site.warned",
    ),
    planted(
        "health.agent-answers",
        "HTTP.sys listens elsewhere",
        lambda server: server.machine.iis.httpsys.listen_only("10.1.2.3"),
        "site.warned",
        unknown=("health.certificate",),
    ),
    planted("health.certificate", "another one", bound(chain.HOST), "site.as-wanted"),
    planted(
        "health.certificate-usable",
        "of another name",
        bound("other.contoso.com"),
        "health.certificate",
        "site.as-wanted",
    ),
    planted("health.certificate-chain", "no issuer", of_nobody, "health.certificate", "site.as-wanted"),
    planted("health.application-log", "an error of the module", logged),
    planted(
        "health.own-log",
        "an error",
        both(replace(WEB_CONFIG, 'stdoutLogEnabled="false"', 'stdoutLogEnabled="true"'), error_in_own_log),
        "pool.as-wanted",
        "web-config.as-wanted",
    ),
    planted(
        "health.folder-rights",
        "denied",
        call(ACL, path=f"{WORKING}\\Work", user=f"IIS AppPool\\{POOL}", rights="Write", type="deny", state="present"),
        "pool.as-wanted",
        "rights.as-wanted",
    ),
    planted("health.job-ran", "no log of a job", remove(f"{TEMP}\\JobLogs"), im_verify_jobs=True),
)
