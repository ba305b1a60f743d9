"""An audit of 12 emulated servers with planted faults and drift, twice, and the report that comes of it."""

from __future__ import annotations

import datetime
import json
import shutil
import sys
import typing as t
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "unit"), str(ROOT / "tools")]

import audited  # type: ignore[import-not-found]  # noqa: E402
import chain  # type: ignore[import-not-found]  # noqa: E402
import conftest  # noqa: E402, F401  (the tests' folders come first; it makes the collection importable)

if t.TYPE_CHECKING:
    from in_process import Server  # type: ignore[import-not-found]

FOLDER = ROOT / "build" / "report-demo"
CITIES = (
    *(
        "amsterdam",
        "berlin",
        "copenhagen",
        "dublin",
        "edinburgh",
        "florence",
        "geneva",
        "hamburg",
        "istanbul",
        "lisbon",
    ),
    *("madrid", "naples"),
)
WAIVERS = [
    {
        "rule": "look.powershell-recording",
        "hosts": ["hamburg.*"],
        "reason": "The security team keeps these logs as secrets",
        "approved_by": "Jane Doe",
        "until": "2027-12-31",
    }
]
_POLICY = "HKLM:\\SOFTWARE\\Policies\\Microsoft\\Windows\\PowerShell\\ScriptBlockLogging"
RECORDS = {"registry": {_POLICY: {"EnableScriptBlockLogging": {"type": "DWord", "data": 1}}}}


def _file(name: str, content: str) -> t.Callable[[Server], None]:
    return lambda server: server.machine.files.write(f"{chain.RUNTIME}\\{name}", content.encode())


def _setting(server: Server) -> None:
    path = f"{chain.RUNTIME}\\appsettings.agent.json"
    text = server.machine.files.read(path).decode()
    server.machine.files.write(path, text.replace("sap.contoso.com", "sap-old.contoso.com").encode())


def _pool(server: Server) -> None:
    server.run("win_im_apppool", {"name": chain.POOL, "attributes": {"processModel.idleTimeout": "00:20:00"}})


FAULTS: dict[str, t.Callable[[Server], t.Any]] = {
    "berlin": _setting,
    "copenhagen": _file("appsettings.Production.json", json.dumps({"Scheduler": {"Enabled": False}})),
    "dublin": _file("appsettings.agent.json", '{"OpenId": }'),
    "edinburgh": _pool,
    "florence": lambda server: server.machine.files.remove(f"{chain.RUNTIME}\\Usercube-Agent.dll"),
}
"""What somebody does to a server between the two audits."""


def main() -> int:
    """Run the demo, print the report's path, and return 0 if all went well."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    servers = {f"{city}.contoso.com": _server(city) for city in CITIES}
    made: dict[str, t.Any] = {}
    for which in ("before", "after"):
        results = {name: _audit(name, server) for name, server in servers.items() if server}
        results["naples.contoso.com"] = {"unreachable": True, "msg": "Connection timed out"}
        any_server = next(filter(None, servers.values()))
        made = any_server.run(
            "im_report",
            {
                "folder": str(FOLDER),
                "results": results,
                "servers": list(servers),
                "waivers": WAIVERS,
                "operator": "demo",
            },
        )
        if made.get("failed"):
            print(made["msg"])
            return 1
        for city, fault in FAULTS.items() if which == "before" else ():
            fault(servers[f"{city}.contoso.com"])
    print(json.dumps(made["totals"], indent=2))
    print(made["report"])
    return 0


def _server(city: str) -> Server | None:
    """Return a server with an agent; one is bare, one records what PowerShell does, and one is not reached."""
    if city == "naples":
        return None
    if city == "lisbon":
        return chain.server()
    return audited.installed(RECORDS if city == "hamburg" else None)


def _audit(name: str, server: Server) -> dict[str, t.Any]:
    return t.cast(
        "dict[str, t.Any]", audited.audit(audited.catch_up(server), {**audited.variables(), "inventory_hostname": name})
    )


if __name__ == "__main__":
    began = datetime.datetime.now(datetime.UTC)
    status = main()
    print(f"{(datetime.datetime.now(datetime.UTC) - began).total_seconds():.0f} s; emulated servers, no Windows")
    sys.exit(status)
