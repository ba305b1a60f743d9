"""The tasks of `playbooks/install.yml` for one Contoso server, as the roles pass them: what matrices run in process.

`tests/integration/test_install.py` holds the roles against it: both must need the same remote executions.
"""

from __future__ import annotations

import functools
import hashlib
import json
import typing as t
from pathlib import Path
from urllib.parse import urlsplit

import standin_archive
from emulator.windows.machine import Machine
from in_process import Server, machine

ROOT = standin_archive.ROOT
ARCHIVE_URL = "https://files.contoso.com/identitymanager/usercube-agent-runtime.zip"
BUNDLE_URL = "https://files.contoso.com/dotnet/dotnet-hosting-8.0.22-win.exe"
WORKING, POOL, SITE = "C:\\identitymanagerContoso", "Identity Manager Contoso", "Identity Manager AgentContoso"
SERVICE, FINGERPRINT_KEY = "IdentityManagerAgentContoso", "canary-fingerprint-key-6b17"
SERVER_URL, OTHER_SERVER_URL = "https://identitymanager.contoso.com", "https://other.contoso.com"
RUNTIME, HOST = f"{WORKING}\\Runtime", "agent-paris.contoso.com"
CANARIES = {
    "job": "canary-openid-job-71fd",
    "admin": "canary-openid-admin-93ab",
    "ad": "canary-ad-password-5c2e",
    "sap": "canary-sap-password-e804",
    "pfx": standin_archive.PFX_PASSWORD,
    "fingerprint": FINGERPRINT_KEY,
}
FILES = standin_archive.make(ROOT / "build" / "standin")
COMMON = ("win_im_agent_info", "win_im_prerequisites", "win_im_working_directory", "win_im_cert_pair")
UNDER_IIS = (
    *COMMON,
    "win_im_apppool",
    "win_im_permissions",
    "win_im_agent_settings",
    "win_im_web_config",
    "remove service",
    "win_im_site",
    "start",
    "win_im_agent_health",
)
AS_SERVICE = (
    *COMMON,
    "win_im_service",
    "win_im_permissions",
    "win_im_agent_settings",
    "remove site",
    "remove pool",
    "start service",
    "win_im_agent_health",
)
PAIRS = ("encryption", "identity_server")
MODULES = {
    "remove service": "win_im_service",
    "start": "win_im_apppool",
    "remove site": "win_im_site",
    "remove pool": "win_im_apppool",
    "start service": "win_im_service",
}


def tasks(i: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    """Return the tasks of an inventory's hosting."""
    return AS_SERVICE if i["hosting"] == "service" else UNDER_IIS


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def web() -> dict[str, t.Any]:
    """Return what the servers can download."""
    return {ARCHIVE_URL: {"file": str(FILES.archive)}, BUNDLE_URL: {"file": str(FILES.bundle)}}


def identity_servers() -> dict[str, t.Any]:
    """Return the Identity Manager servers that the agents report to, which take every client."""
    return {SERVER_URL: {}, OTHER_SERVER_URL: {}}


def server(data: t.Mapping[str, t.Any] | None = None, faults: t.Sequence[t.Mapping[str, t.Any]] = ()) -> Server:
    """Build a server that can download the example's files and reaches the Identity Manager server."""
    return Server(machine({"web": web(), "identity_servers": identity_servers(), **(data or {})}), faults)


def inventory(**changes: t.Any) -> dict[str, t.Any]:
    """Return the inventory of one server, by names without im_agent_."""
    return {
        "organization": "Contoso",
        "host_name": HOST,
        "identifier": "Paris",
        "server_url": SERVER_URL,
        "openid_clients": {"Job": CANARIES["job"], "Admin": CANARIES["admin"]},
        "default_openid_client": "Job",
        "hosting": "iis",
        "working_directory": WORKING,
        "folders": {},
        "archive_source": ARCHIVE_URL,
        "archive_checksum": sha256(FILES.archive),
        "hosting_bundle_source": BUNDLE_URL,
        "hosting_bundle_checksum": sha256(FILES.bundle),
        "hosting_bundle_version": "8.0.22",
        "pool_name": POOL,
        "site_name": SITE,
        "https_port": "443",
        "service_name": SERVICE,
        "service_urls": ["http://localhost:5000"],
        "identity_username": "",
        "identity_password": "",
        "certificates": [
            {"use": "encryption"},
            {"use": "identity_server", "source": "pfx", "file": str(FILES.key_pair), "password": CANARIES["pfx"]},
            {"use": "server", "alternative_names": [HOST]},
        ],
        "connections": {
            "ADExport": {
                "Servers": [{"Server": "paris.contoso.com", "BaseDN": "DC=paris,DC=com"}],
                "AuthType": "Basic",
                "Login": "CONTOSO\\svc-identitymanager",
                "Password": CANARIES["ad"],
                "Filter": "(objectclass=*)",
                "EnableSSL": True,
            },
            "SAPExportFulfillment": {"Server": "sap.contoso.com", "Login": "IM", "Password": CANARIES["sap"]},
        },
        "sources_root_paths": [f"{WORKING}\\Sources"],
        "scheduler_enabled": True,
        "settings": {},
        "agent_settings": {},
        "environment": {},
        "https_proxy": "",
        "no_proxy": [],
        "strict": False,
        **changes,
    }


def arguments(task: str, i: t.Mapping[str, t.Any], certificates: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return what the roles pass to a task's module."""
    user = i["identity_username"]
    is_service = i["hosting"] == "service"
    own = {"service": i["service_name"]} if is_service else {"pool": i["pool_name"]}
    identity = {"account": user} if user else own
    possible = [{"pool": i["pool_name"]}, {"service": i["service_name"]}]
    listens = urlsplit((i["service_urls"] or ["http://localhost:1"])[0].replace("://*", "://any"))
    service: dict[str, t.Any] = {
        "name": i["service_name"],
        "path": RUNTIME,
        "urls": i["service_urls"],
        "username": user or None,
        "password": i["identity_password"] or None,
        "fingerprint_key": i.get("fingerprint_key"),
        "https_proxy": i.get("https_proxy"),
        "no_proxy": i.get("no_proxy") or [],
        "replaces_site": i["site_name"],
    }
    drained = {"settings_path": RUNTIME, "drain": i.get("drain", "wait"), "drain_minutes": i.get("drain_minutes", 30)}
    https = is_service and any(url.startswith("https") for url in i["service_urls"])
    pool: dict[str, t.Any] = {"name": i["pool_name"]}
    if user:
        pool |= {"identity": "specific_user", "username": user, "password": i["identity_password"] or None}
    folders = {"working_directory": i["working_directory"], "folders": i["folders"]}
    way = {"https_proxy": i.get("https_proxy"), "no_proxy": i.get("no_proxy") or []}
    bundle = {name: i[f"hosting_bundle_{name}"] for name in ("source", "checksum", "version")}
    server_certificate = certificates.get("server", {})
    passwords = {pair["use"]: pair["file_password"] for pair in i["certificates"] if pair.get("file_password")}
    named = {
        use: {**certificates[use], "password": passwords.get(use)} for use in PAIRS if certificates.get(use) is not None
    }
    hosted = {"service": i["service_name"]} if is_service else {"site": i["site_name"], "pool": i["pool_name"]}
    found: dict[str, dict[str, t.Any]] = {
        "win_im_agent_info": {"inventory": dict(i)},
        "win_im_prerequisites": {
            "hosting_bundle": bundle,
            **way,
            **({"features": ["RSAT-ADDS-Tools"]} if is_service else {}),
        },
        "win_im_working_directory": {
            "path": i["working_directory"],
            "folders": i["folders"],
            "archive": {"source": i["archive_source"], "checksum": i["archive_checksum"]},
            **way,
        },
        "win_im_cert_pair": {
            "pairs": i["certificates"],
            "identity": identity,
            "former_identities": possible,
            "grant_server": is_service,
            "host_name": i["host_name"],
            "organization": i["organization"],
            "settings_path": RUNTIME,
        },
        "win_im_apppool": {**pool, "change": "at_start"},
        "win_im_permissions": {**folders, "identity": identity, "former_identities": possible},
        "win_im_agent_settings": {
            "path": RUNTIME,
            "identity": identity,
            "server_url": i["server_url"],
            "agent_identifier": i["identifier"],
            "openid_clients": i["openid_clients"],
            "default_openid_client": i["default_openid_client"],
            "encryption_certificate": named.get("encryption"),
            "identity_server_certificate": named.get("identity_server"),
            "https_certificate": certificates["server"] if https and "server" in certificates else None,
            "temp_folder": i["folders"].get("Temp", f"{WORKING}\\Temp" if is_service else None),
            "work_folder": i["folders"].get("Work", f"{WORKING}\\Work" if is_service else None),
            "connections": i["connections"],
            "sources_root_paths": i["sources_root_paths"],
            "scheduler": {"Enabled": i["scheduler_enabled"]},
            "fingerprint_key": i.get("fingerprint_key"),
            "hosting": i["hosting"],
            "service": i["service_name"],
            "settings": i["settings"],
            "agent_settings": i["agent_settings"],
            **i.get("settings_options", {}),
        },
        "win_im_web_config": {
            "path": RUNTIME,
            "identity": identity,
            "environment": i["environment"],
            "https_proxy": i.get("https_proxy"),
            "no_proxy": i.get("no_proxy") or [],
        },
        "win_im_site": {
            "name": i["site_name"],
            "path": RUNTIME,
            "pool": i["pool_name"],
            "state": "started",
            "replaces_service": i["service_name"],
            "bindings": [
                {
                    "port": i["https_port"],
                    "host_name": i["host_name"],
                    "certificate_thumbprint": server_certificate.get("thumbprint"),
                    "certificate_store": server_certificate.get("store_name") or "My",
                }
            ],
        },
        "start": {**pool, "state": "started", **drained},
        "win_im_service": service,
        "start service": {**service, "state": "started", **drained},
        "remove service": {"name": i["service_name"], "state": "absent", **drained},
        "remove site": {"name": i["site_name"], "state": "absent"},
        "remove pool": {"name": i["pool_name"], "state": "absent", **drained},
        "win_im_agent_health": {
            **folders,
            **hosted,
            "scheme": listens.scheme if is_service else "https",
            "host_name": i["host_name"],
            "port": listens.port if is_service else i["https_port"],
            "thumbprint": server_certificate.get("thumbprint"),
            "openid": {
                "server_url": i["server_url"],
                "client": i["default_openid_client"],
                "secret": i["openid_clients"].get(i["default_openid_client"], ""),
                "proxy": i.get("https_proxy") or None,
                "no_proxy": i.get("no_proxy") or [],
            },
            "identity": identity,
            "timeout": 0,
        },
    }
    return found[task]


def converge(
    server: Server, i: t.Mapping[str, t.Any] | None = None, *, check: bool = False, until: str = ""
) -> dict[str, dict[str, t.Any]]:
    """Run the chain as one playbook run; return each task's result, up to the first that failed."""
    server.new_run()
    results: dict[str, dict[str, t.Any]] = {}
    certificates: t.Mapping[str, t.Any] = {}
    i = i or inventory()
    for task in tasks(i):
        results[task] = server.run(MODULES.get(task, task), arguments(task, i, certificates), check=check)
        if results[task].get("failed") or task == until:
            break
        certificates = results[task].get("certificates", certificates)
    return results


@functools.cache
def _installed(hosting: str) -> Machine:
    made = server()
    assert failures(converge(made, inventory(hosting=hosting))) == []
    return made.machine


def installed(hosting: str = "iis") -> Server:
    """Return a copy of a server with an agent, which is installed once for all tests of a process."""
    return Server(_installed(hosting).copy())


def foretold(run: t.Callable[..., dict[str, t.Any]], target: Server, **options: t.Any) -> dict[str, t.Any]:
    """Run in check mode and for real; return the real result after holding the two together.

    Args:
        run: takes the server, ``check`` and the options.
        target: the server.
        options: of the module.
    """
    before = json.dumps(target.machine.dump(), sort_keys=True)
    predicted = run(target, check=True, **options)
    assert json.dumps(target.machine.dump(), sort_keys=True) == before
    done = run(target, **options)
    assert not done.get("failed"), done
    assert (predicted["changed"], predicted.get("operations")) == (done["changed"], done.get("operations"))
    return done


def lasting(server: Server) -> str:
    """Return a server's state without what a request to a site leaves.

    IIS loads what it is asked for, with an event and the agent's files in Temp, and notices only then that a web.config
    is broken; the first probe asks the verification's questions too.
    """
    dump = server.machine.dump()
    dump.pop("events")
    dump["files"] = {path: entry for path, entry in dump["files"].items() if "\\temp" not in path.lower()}
    for key in ("workers", "app_restarts"):
        (dump["iis"] or {}).pop(key, None)
    return json.dumps(dump, sort_keys=True)


def changed(results: t.Mapping[str, t.Mapping[str, t.Any]]) -> set[str]:
    """Return the tasks that changed something."""
    return {task for task, result in results.items() if result["changed"]}


def failures(results: t.Mapping[str, t.Mapping[str, t.Any]]) -> list[str]:
    """Return the messages of failed tasks."""
    return [f"{task}: {result['msg']}" for task, result in results.items() if result.get("failed")]
