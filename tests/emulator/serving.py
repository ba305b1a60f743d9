"""A fleet in the foreground: its files, its listeners, and the address that takes commands."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import typing as t
from pathlib import Path

import yaml
from aiohttp import web

from . import control, fleet
from .scenario.hosts import HostSpec
from .wire.http import Front
from .wire.tls import Authority

JOB_START_SECONDS = 60
"""How long a job in the background may take to start on a host of kind powershell: a new process under Wine."""


def _write(path: Path | None, text: str) -> None:
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(path.name + ".part")
        temporary.write_text(text, "utf-8")
        temporary.chmod(0o600)
        temporary.replace(path)


async def serve(options: argparse.Namespace) -> None:
    """Start the servers that a parsed command line names, and return when they were stopped."""
    names = [f"host{number}" for number in range(1, options.hosts + 1)]
    hosts = fleet.build(options.scenario or {}, names)
    folder = options.ready_file.resolve().parent
    front = Front(hosts, folder, options.latency_ms / 1000, running_clock=options.running_clock)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    _write(options.pid_file, f"{os.getpid()}\n")
    runner = web.AppRunner(control.application(hosts, stopping))
    await front.start()
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address, port = runner.addresses[0][:2]
    ready = {
        "pid": os.getpid(),
        "control": f"http://{address}:{port}",
        "ca_file": str(front.authority.file),
        "hosts": {
            name: {
                "address": h.address,
                "port": h.spec.listener.port,
                "connection": h.spec.connection,
                "auth": h.spec.auth,
                "user": h.spec.user,
                "listeners": [{"port": w.port, "scheme": w.scheme, "auth": w.auth} for w in h.spec.listeners],
            }
            for name, h in hosts.items()
        },
    }
    _write(options.inventory, yaml.safe_dump(inventory(hosts, front.authority), sort_keys=False))
    _write(options.ready_file, json.dumps(ready, indent=1))
    print(f"{len(hosts)} emulated Windows servers listen; stop with SIGTERM to {os.getpid()}", flush=True)
    await stopping.wait()
    await runner.cleanup()
    await front.stop()


def inventory(hosts: t.Mapping[str, fleet.Host], authority: Authority) -> dict[str, t.Any]:
    """Return an Ansible inventory that reaches the hosts."""
    found = {}
    for name, host in hosts.items():
        spec = host.spec
        variables: dict[str, t.Any] = {
            "ansible_host": host.address,
            "ansible_port": spec.listener.port,
            "ansible_connection": spec.connection,
            "ansible_user": spec.user,
            "ansible_password": spec.password,
        }
        variables |= _of_psrp(spec, authority.file) if spec.connection == "psrp" else _of_winrm(spec, authority.file)
        if spec.auth == "certificate":
            variables |= _with_certificate(spec, authority)
            variables.pop("ansible_password")
        if spec.kind == "powershell":
            variables["ansible_win_async_startup_timeout"] = JOB_START_SECONDS
        found[name] = variables
    return {"agents": {"hosts": found}}


def _of_psrp(spec: HostSpec, authority: Path) -> dict[str, t.Any]:
    """Return the variables of the connection psrp; a ticket is for the server's name, not for its address."""
    trust = {"ansible_psrp_cert_validation": "validate", "ansible_psrp_ca_cert": str(authority)}
    name = {"ansible_psrp_negotiate_hostname_override": spec.name} if spec.auth == "kerberos" else {}
    ways = {"ansible_psrp_protocol": spec.scheme, "ansible_psrp_auth": spec.auth}
    return ways | (trust if spec.listener.is_https else {}) | name


def _with_certificate(spec: HostSpec, authority: Authority) -> dict[str, t.Any]:
    certificate, key = map(str, authority.client(spec.user))
    if spec.connection == "psrp":
        return {"ansible_psrp_certificate_pem": certificate, "ansible_psrp_certificate_key_pem": key}
    return {"ansible_winrm_cert_pem": certificate, "ansible_winrm_cert_key_pem": key}


def _of_winrm(spec: HostSpec, authority: Path) -> dict[str, t.Any]:
    """Return the variables of the connection winrm, likewise."""
    trust = {"ansible_winrm_server_cert_validation": "validate", "ansible_winrm_ca_trust_path": str(authority)}
    name = {"ansible_winrm_kerberos_hostname_override": spec.name} if spec.auth == "kerberos" else {}
    ways = {"ansible_winrm_scheme": spec.scheme, "ansible_winrm_transport": spec.auth}
    return ways | (trust if spec.listener.is_https else {}) | name
