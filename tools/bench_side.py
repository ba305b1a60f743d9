"""One of the two playbooks of `make bench` on emulated servers of its own, and what a run of it costs."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import json
import math
import os
import subprocess
import time
import typing as t
from pathlib import Path

import emulated
import standin_archive
import yaml
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import new_pair  # type: ignore
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs12

ROOT = emulated.ROOT
FOLDER, SOURCES = ROOT / "build" / "bench", ROOT / "tests" / "bench"
PFX_PHRASE = "bench-pfx"
FORKS, LATENCY = 10, 0.8
VERIFY_FROM = "26 HTTP request on target"
CHANGED = "https://other.contoso.com"
ACCOUNT, ACCOUNT_PASSWORD = "CONTOSO\\svc-agent", "bench-secret-3"
SIDES = ("ours", "baseline")
FLOOR = "win_ping"
"""The case of the floor: what Ansible alone costs for one task with one connection on each server."""


@dataclasses.dataclass(frozen=True)
class Cost:
    """What one run cost, for all servers together."""

    executions: int
    connections: int
    messages: int
    bytes: int
    payload: int
    cpu_s: float
    peak_mb: float
    wall_0: float
    wall_800: float


@dataclasses.dataclass(frozen=True)
class Setting:
    """What servers a turn has and the variables of both playbooks beside the inventory.

    Attributes:
        servers: how many.
        hosting: how the agent is hosted, ``iis`` or ``service``.
        connections: how many connections the settings have.
        certificates: how many certificates of others are in the servers' store.
        latency: seconds that each remote execution really takes longer.
    """

    servers: int
    hosting: str = "iis"
    connections: int = 1
    certificates: int = 0
    latency: float = 0

    def scenario(self, name: str) -> Path:
        """Write the scenario of these servers."""
        files = ("runtime.zip", "hosting.exe")
        data: dict[str, t.Any] = {
            "domain": "contoso.com",
            "identity_servers": {"https://identitymanager.contoso.com": {}, CHANGED: {}},
            "web": {f"https://files.contoso.com/{file}": {"file": str(FOLDER / file)} for file in files},
            "accounts": [{"name": ACCOUNT, "password": ACCOUNT_PASSWORD}],
            "certificates": [{"subject": f"CN=other{i}", "store": "My"} for i in range(self.certificates)],
            "hosts": {f"agent{i:03}.contoso.com": {} for i in range(self.servers)},
        }
        path = FOLDER / f"{name}.yml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), "utf-8")
        return path

    def variables(self) -> dict[str, t.Any]:
        """Return the variables of both playbooks beside the inventory."""
        variables: dict[str, t.Any] = {}
        if self.hosting == "service":
            variables |= {"im_agent_hosting": "service", "im_agent_identity_username": ACCOUNT}
            variables |= {"im_agent_identity_password": ACCOUNT_PASSWORD}
        if self.connections != 1:
            variables["im_agent_connections"] = {
                f"ADExport{i}": {
                    "Servers": [{"Server": f"dc{i}.contoso.com", "BaseDN": f"DC=site{i},DC=com"}],
                    "AuthType": "Basic",
                    "Login": "CONTOSO\\svc",
                    "Password": f"bench-secret-{i}",
                    "Filter": "(objectclass=*)",
                }
                for i in range(self.connections)
            }
        return variables


def prepare() -> dict[str, t.Any]:
    """Create the files that both playbooks install, and return the variables that name them."""
    files = standin_archive.make(ROOT / "build" / "standin")
    FOLDER.mkdir(parents=True, exist_ok=True)
    now = datetime.datetime.now(datetime.UTC)
    variables: dict[str, t.Any] = {"bench_files": str(FOLDER), "pfx_password": PFX_PHRASE}
    sealed = (  # as `openssl pkcs12 -export` seals one; Windows takes 2,000 rounds
        serialization.PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(2048)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(PFX_PHRASE.encode())
    )
    pairs: tuple[tuple[str, str, list[str]], ...] = (("s", "server", ["agent.contoso.com"]), ("e", "encryption", []))
    for name, use, hosts in pairs:
        key, certificate = new_pair.create(f"CN={use}", now, uses={use}, hosts=hosts)
        container = pkcs12.serialize_key_and_certificates(None, key, certificate, None, sealed)
        (FOLDER / f"{name}.pfx").write_bytes(container)
        der = certificate.public_bytes(serialization.Encoding.DER)
        variables[f"thumb_{name}"] = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    for source, name in ((files.archive, "runtime.zip"), (files.bundle, "hosting.exe")):
        (FOLDER / name).write_bytes(source.read_bytes())
        kind = "archive" if name == "runtime.zip" else "hosting_bundle"
        variables[f"im_agent_{kind}_source"] = f"https://files.contoso.com/{name}"
        variables[f"im_agent_{kind}_checksum"] = hashlib.sha256(source.read_bytes()).hexdigest()
    for playbook in ("baseline.yml", "baseline_service.yml", f"{FLOOR}.yml"):
        (FOLDER / playbook).write_text((SOURCES / playbook).read_text("utf-8"), "utf-8")
    return variables


class Side:
    """One of the two playbooks on a fleet of its own."""

    def __init__(
        self, name: str, fleet: emulated.Fleet, setting: Setting, variables: dict[str, t.Any], *, forks: int = FORKS
    ) -> None:
        self.name, self._fleet, self._setting, self._forks = name, fleet, setting, forks
        self._variables = variables | setting.variables()

    def run(self, case: str) -> Cost:
        """Run a case and return its cost; raises RuntimeError when the playbook fails."""
        extra = self._variables | ({"im_agent_server_url": CHANGED} if case == "one_change" else {})
        self._fleet.command("reset")
        command = [str(emulated.ansible_playbook()), *self._words(case), "--forks", str(self._forks)]
        command += ["--extra-vars", json.dumps(extra)]
        for inventory in (self._fleet.inventory, SOURCES / "inventory.yml"):
            command += ["-i", str(inventory)]
        log = FOLDER / f"{self.name}-{case}.log"
        began = time.monotonic()
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, cwd=FOLDER, env=emulated.environment(self._fleet), stdout=output, stderr=subprocess.STDOUT
            )
            _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{self.name}, {case}: see {log}:\n{log.read_text('utf-8', 'replace')[-2000:]}")
        counted = [self._fleet.counters(host) for host in self._fleet.ready["hosts"]]
        most = max(c["remote_executions"] for c in counted)
        waits = 0 if self._setting.latency else LATENCY * most * math.ceil(len(counted) / self._forks)
        return Cost(
            executions=sum(c["remote_executions"] for c in counted),
            connections=sum(c["connections"] for c in counted),
            messages=sum(c["messages"] for c in counted),
            bytes=sum(c["bytes"] for c in counted),
            payload=sum(c["payload"] for c in counted),
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_mb=usage.ru_maxrss / 1024,
            wall_0=wall,
            wall_800=wall + waits,
        )

    def _words(self, case: str) -> list[str]:
        more = {"check": ["--check", "--diff"], "unverified": ["--skip-tags", "verify"]}.get(case, [])
        if case == FLOOR:
            return [str(FOLDER / f"{FLOOR}.yml")]
        if self.name == "ours":
            return [f"imops.identity_manager.{'verify' if case == 'verify' else 'install'}", *more]
        if case == "verify":
            more = ["--tags", "verify"] if self._setting.hosting == "service" else ["--start-at-task", VERIFY_FROM]
        return [str(FOLDER / ("baseline_service.yml" if self._setting.hosting == "service" else "baseline.yml")), *more]
