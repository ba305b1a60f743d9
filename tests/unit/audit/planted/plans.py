"""Faults that plans find: what differs from the inventory, what cannot become what it wants, and what is warned of."""

from __future__ import annotations

import chain
from ansible_collections.imops.identity_manager.plugins.plugin_utils._audit import plan_findings
from emulator.windows.system import firewall
from in_process import Server

from .fault import (
    EDITED,
    RUNTIME,
    WORKING,
    Deed,
    agent,
    both,
    call,
    installed,
    planted,
    registry,
    remove,
    replace,
    write,
)

CONFIGURATION = "C:\\Windows\\System32\\inetsrv\\config\\applicationHost.config"
COMPONENTS = "HKLM:\\SOFTWARE\\Microsoft\\InetStp\\Components"
RUNTIMES = "C:\\Program Files\\dotnet\\shared"
POOL, SITE, SERVICE, HOST = chain.POOL, chain.SITE, chain.SERVICE, chain.HOST
ACL, FEATURE, WINDOWS_SERVICE = (f"ansible.windows.{name}" for name in ("win_acl", "win_feature", "win_service"))
ENCRYPTION, IDENTITY_SERVER, OF_SITE = chain.inventory()["certificates"]
LISTENS = {"service_urls": ["http://*:5000"]}
NOBODY = {"identity_username": "CONTOSO\\svc-nobody", "identity_password": "canary-nobody"}


def shop(pool: str, port: int, host: str) -> Deed:
    """Return the making of another site on the server."""

    def deed(server: Server) -> None:
        iis = server.machine.iis
        assert iis
        server.machine.files.make_folder("C:\\shop")
        iis.create_pool(pool)
        iis.create_site("Shop", "C:\\shop", pool)
        iis.add_binding("Shop", "https", f"*:{port}:{host}", 1)

    return deed


def conditional(path: str) -> Deed:
    """Return a right of a folder that counts only under a condition."""

    def deed(server: Server) -> None:
        files = server.machine.files
        files.set_sddl(path, f"{files.sddl(path)}(XA;OICI;FR;;;AU;(Member_of {{SID(BA)}}))")

    return deed


def closed(server: Server) -> None:
    """Block the service's port in the firewall."""
    rule = {"Action": "Block", "Dir": "In", "Protocol": 6, "LPort": 5000, "Active": "TRUE"}
    firewall.add_rule(server.machine.registry, "blocked", **rule)


def refused(subject: str, how: str, deed: Deed = lambda server: None, *also: str, **options):
    """Return a fault with which a subject has no plan, so that nobody knows what differs and what is warned of."""
    silent = subject in plan_findings.SILENT
    names = ("as-wanted",) if silent else ("as-wanted", "warned")
    unknown = (*(f"{subject}.{name}" for name in names), *options.pop("unknown", ()))
    return planted(f"{subject}.possible", how, deed, *also, unknown=unknown, **options)


OF_SERVER = (
    # The settings name the agent too.
    planted(
        "inventory.sound",
        "no name of the agent",
        lambda server: None,
        "settings.possible",
        unknown=("settings.as-wanted", "settings.warned"),
        identifier="",
    ),
    planted(
        "prerequisites.as-wanted",
        "a feature is gone",
        both(
            call(FEATURE, name="Web-AppInit", state="absent"),
            registry(COMPONENTS, "ApplicationInitialization", 0),
        ),
    ),
    refused("prerequisites", "an installer of another version", hosting_bundle_version="9.0.1"),
    # The installer of the missing runtime restarts IIS, which the plan tells.
    planted(
        "prerequisites.warned",
        "no runtime",
        remove(RUNTIMES),
        "prerequisites.as-wanted",
        hosting_bundle_version="8.0.22",
    ),
    planted("folders.as-wanted", "Sources is gone", remove(f"{WORKING}\\Sources"), "health.folder-rights"),
    refused("folders", "another version is wanted", archive_checksum="0" * 64),
)
OF_RIGHTS = (
    # An agent whose rights change is started again.
    planted(
        "rights.as-wanted",
        "none in Work",
        call(ACL, path=f"{WORKING}\\Work", user=f"IIS AppPool\\{POOL}", rights="Modify", type="allow", state="absent"),
        "health.folder-rights",
        "pool.as-wanted",
    ),
    planted("rights.warned", "under a condition", conditional(f"{WORKING}\\Sources")),
    # The account has to get rights on the files and on the key pairs too, and the site gets one of these. Whoever else
    # may read or write is judged by who the agent is.
    refused(
        "rights",
        "an account that nobody knows",
        lambda server: None,
        "pool.as-wanted",
        "certificates.possible",
        "settings.possible",
        "web-config.possible",
        unknown=(
            *(f"{subject}.{name}" for subject in ("certificates", "settings") for name in ("as-wanted", "warned")),
            "web-config.as-wanted",
            "site.as-wanted",
            *(f"health.{name}" for name in ("folder-rights", "identity")),
            *(
                f"look.{name}"
                for name in (
                    "folders-replaceable",
                    "folders-writable",
                    "orphan-rights",
                    "runtime-writable",
                    "secrets-readable",
                )
            ),
        ),
        **NOBODY,
    ),
)
OF_CERTIFICATES = (
    # The site gets the new certificate, and the agent is started with its new pairs.
    planted(
        "certificates.as-wanted",
        "a name more",
        lambda server: None,
        "pool.as-wanted",
        "site.as-wanted",
        certificates=[ENCRYPTION, IDENTITY_SERVER, {"use": "server", "alternative_names": ["other.contoso.com"]}],
    ),
    # The site serves another one than the inventory names. Which thumbprints belong into the settings is not known.
    refused(
        "certificates",
        "the store has none",
        lambda server: None,
        "health.certificate",
        unknown=("settings.as-wanted", "site.as-wanted"),
        certificates=[ENCRYPTION, IDENTITY_SERVER, {"use": "server", "source": "store", "thumbprint": "0" * 40}],
    ),
    planted(
        "certificates.warned",
        "its end is near",
        certificates=[{**ENCRYPTION, "warn_days": 4000}, IDENTITY_SERVER, OF_SITE],
    ),
)
OF_HOSTING = (
    planted(
        "pool.as-wanted",
        "it ends when idle",
        call("microsoft.iis.web_app_pool", name=POOL, attributes={"processModel.idleTimeout": "00:20:00"}),
    ),
    refused(
        "pool",
        "another site uses it",
        both(call(FEATURE, name="Web-Server", state="present"), shop(POOL, 8080, "shop.contoso.com")),
        # The pool could be the agent's; and IIS came after the bundle, whose module it lacks.
        "look.second-scheduler",
        "look.dotnet-support",
        "prerequisites.as-wanted",
        "prerequisites.warned",
        hosting="service",
        hosting_bundle_version="8.0.22",
    ),
    planted(
        "pool.warned",
        "it inherits",
        replace(CONFIGURATION, "<applicationPoolDefaults ", '<applicationPoolDefaults enable32BitAppOnWin64="true" '),
    ),
    planted(
        "service.as-wanted",
        "it starts by hand",
        call(WINDOWS_SERVICE, name=SERVICE, start_mode="manual"),
        "health.starts-with-windows",
        hosting="service",
    ),
    refused(
        "service",
        "of another program",
        call(WINDOWS_SERVICE, name=SERVICE, path="C:\\shop\\shop.exe"),
        hosting="service",
    ),
    planted(
        "service.warned",
        "the firewall",
        both(installed(hosting="service", **LISTENS), closed),
        hosting="service",
        alone=True,
        **LISTENS,
    ),
    planted("site.as-wanted", "no preload", lambda server: server.machine.iis.set_preload(SITE, False)),
    # The agent is looked for at the port that it was to have.
    refused(
        "site",
        "another site has its address",
        shop("Shop", 8443, HOST),
        "health.agent-answers",
        unknown=("health.certificate",),
        https_port=8443,
    ),
    planted(
        "site.warned",
        "an address with a certificate of its own",
        lambda server: server.machine.iis.httpsys.set("10.1.2.3:443", "A" * 40, "My", sni=False),
    ),
    planted(
        "web-config.as-wanted",
        "no warm-up",
        replace(f"{RUNTIME}\\web.config", 'doAppInitAfterRestart="true"', 'doAppInitAfterRestart="false"'),
        "pool.as-wanted",
    ),
    refused(
        "web-config",
        "a section twice",
        replace(f"{RUNTIME}\\web.config", "<aspNetCore", '<aspNetCore processPath="dotnet" /><aspNetCore'),
        "health.agent-answers",
        "health.serves-agent",
    ),
)
OF_SETTINGS = (
    planted("settings.as-wanted", "other sources", agent("SourcesRootPaths", ["D:\\Other"]), *EDITED),
    refused(
        "settings",
        "a name that the product refuses",
        agent("Connections.AD_Export", {"Server": "x"}),
        *EDITED,
        "product.connection-name",
    ),
    # Whoever lays a file with secrets into Work lets Users read it.
    planted(
        "settings.warned",
        "a file of the server's pages",
        write(f"{WORKING}\\Work\\appsettings.connection.json", '{"Connections": {"ADExport": {"Filter": "x"}}}'),
        "look.secrets-readable",
        "rights.as-wanted",
    ),
)
FAULTS = (*OF_SERVER, *OF_RIGHTS, *OF_CERTIFICATES, *OF_HOSTING, *OF_SETTINGS)
