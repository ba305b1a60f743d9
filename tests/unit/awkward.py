"""Awkward servers: the scenario files of `tests/scenarios`, converged in process, with what came of each.

A file holds

- ``about``: what is awkward, for people,
- ``server``: the emulated server (tests/emulator/README.md),
- ``installed``: changes to the example's inventory with which an agent is installed first; absent: none is,
- ``installed_fails``: true where that first run cannot succeed,
- ``before``: modules that somebody runs by hand afterwards, by name with arguments,
- ``by_hand``: further deeds, names of ``DEEDS``,
- ``inventory``: changes to the example's inventory of the run that is looked at,
- ``refused``: a regular expression of the failure; absent: the run converges,
- ``changes``: exactly the tasks that change something; absent: any,
- ``warns``: a text of a warning.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import typing as t
from pathlib import Path

import chain
import yaml
from emulator.windows.agent.process import MODULE as IIS_MODULE
from emulator.windows.installed import packages
from in_process import Server

FOLDER = Path(__file__).resolve().parents[1] / "scenarios"
KEYS = frozenset(
    {"about", "server", "installed", "installed_fails", "before", "by_hand", "inventory", "refused", "changes", "warns"}
)
STARTED = {(IIS_MODULE, 1032), ("Usercube-Agent", 0)}


def _remove_server_certificate(server: Server) -> None:
    stores = server.machine.certificates
    for held in stores.all("LocalMachine", "My") or ():
        if chain.HOST in held.subject:
            stores.remove("LocalMachine", "My", held.thumbprint)


def _write(name: str, text: str) -> t.Callable[[Server], None]:
    return lambda server: server.machine.files.write(f"{chain.RUNTIME}\\{name}", text.encode())


PRODUCTION = {"IdentityServer": {"X509Thumbprint": "0" * 40}}
DEEDS: dict[str, t.Callable[[Server], None]] = {
    "remove_server_certificate": _remove_server_certificate,
    "lock_settings": lambda server: server.machine.files.lock(f"{chain.RUNTIME}\\appsettings.json"),
    "write_production_settings": _write("appsettings.Production.json", json.dumps(PRODUCTION)),
    "remove_program": lambda server: server.machine.files.remove(f"{chain.RUNTIME}\\Usercube-Agent.dll"),
    "break_settings": _write("appsettings.agent.json", '{"OpenId": }'),
    "break_web_config": _write("web.config", "<configuration><system.webServer></configuration>"),
}


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came of a scenario.

    Attributes:
        result: "converged", or "refused: …" with the failure.
        check_equals_apply: check mode left the server alone and said what the run then did.
        second_run_executions: remote executions of a second run; None where the first was refused.
        second_run_changed: tasks that a second run changed.
        restarts: how often an agent that ran was started again, or a pool recycled.
        changed: the tasks that changed something.
        warnings: of all tasks.
    """

    result: str
    check_equals_apply: bool
    second_run_executions: int | None
    second_run_changed: tuple[str, ...]
    restarts: int
    changed: tuple[str, ...]
    warnings: tuple[str, ...]

    def summary(self) -> dict[str, t.Any]:
        """Return the entry of ``build/scenarios/summary.json``."""
        end = {"refused": self.result.removeprefix("refused: ")} if self.result != "converged" else {"converged": True}
        return {
            **end,
            "check_equals_apply": self.check_equals_apply,
            "second_run_executions": self.second_run_executions,
            "restarts": self.restarts,
        }


def names() -> list[str]:
    """Return all scenarios' names."""
    return sorted(path.stem for path in FOLDER.glob("*.yml"))


def read(name: str) -> dict[str, t.Any]:
    """Return a scenario; raises ValueError for a key that means nothing."""
    data = t.cast("dict[str, t.Any]", yaml.safe_load((FOLDER / f"{name}.yml").read_text("utf-8")))
    unknown = sorted(set(data) - KEYS)
    if unknown or "about" not in data:
        raise ValueError(f"{name}.yml: found {unknown or 'no about'}, known keys: {', '.join(sorted(KEYS))}")
    return data


def run(name: str) -> Outcome:
    """Build the server, predict, converge, converge again; return what came of it."""
    scenario = read(name)
    server = _prepared(name, scenario)
    inventory = chain.inventory(**_filled(scenario.get("inventory") or {}))
    before = _state(server)
    predicted = chain.converge(server, inventory, check=True)
    untouched = _state(server) == before
    ran = _starts(server)
    runs = _answers(server)
    done = chain.converge(server, inventory)
    failed = chain.failures(done)
    recycled = max(server.machine.iis.recycles.values(), default=0) if server.machine.iis else 0
    restarts = max(0, recycled, _starts(server) - ran - (0 if runs else 1))
    warnings = tuple(warning for result in done.values() for warning in result.get("warnings", ()))
    same = _same_failure(predicted, done) if failed else chain.changed(predicted) == chain.changed(done)
    again = {} if failed else chain.converge(server, inventory)
    return Outcome(
        f"refused: {failed[0]}" if failed else "converged",
        untouched and same and not (again and chain.failures(again)),
        None if failed else server.executions,
        tuple(sorted(chain.changed(again))),
        restarts,
        tuple(sorted(chain.changed(done))),
        warnings,
    )


def _prepared(name: str, scenario: t.Mapping[str, t.Any]) -> Server:
    data = dict(scenario.get("server") or {})
    data["web"] = {**chain.web(), **data.get("web", {})}
    server = chain.server(data)
    if "installed" in scenario:
        failed = chain.failures(chain.converge(server, chain.inventory(**_filled(scenario["installed"]))))
        if bool(failed) != bool(scenario.get("installed_fails")):
            raise ValueError(f"{name}.yml: the installation before gave {failed or 'no failure'}")
    server.new_run()
    for step in scenario.get("before") or ():
        ((module, arguments),) = step.items()
        result = server.engine.call(module, dict(arguments))
        if result.get("failed"):
            raise ValueError(f"{name}.yml: {module} by hand failed: {result['msg']}")
    for deed in scenario.get("by_hand") or ():
        DEEDS[deed](server)
    if server.machine.iis:
        server.machine.iis.recycles.clear()
    return server


def _filled(changes: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Put the checksum of an emulated bundle where ``{bundle VERSION}`` stands."""

    def filled(value: t.Any) -> t.Any:
        match = re.fullmatch(r"\{bundle ([\d.]+)\}", value) if isinstance(value, str) else None
        return hashlib.sha256(packages.hosting_bundle(match[1])).hexdigest() if match else value

    return {key: filled(value) for key, value in changes.items()}


def _state(server: Server) -> str:
    return json.dumps(server.machine.dump(), sort_keys=True)


def _starts(server: Server) -> int:
    return sum((event.provider, event.id) in STARTED for event in server.machine.events.entries)


def _answers(server: Server) -> bool:
    """Tell whether an agent runs: a worker of its pool, or its service."""
    iis, service = server.machine.iis, server.machine.services.get(chain.SERVICE)
    worker = bool(iis and any(worker.pool == chain.POOL for worker in iis.workers()))
    return worker or bool(service and service.state == "Running")


def _same_failure(predicted: dict[str, dict[str, t.Any]], done: dict[str, dict[str, t.Any]]) -> bool:
    """Tell whether check mode said the same, or came to where only a real run can tell: a write, or the proof."""
    task = next(name for name, result in done.items() if result.get("failed"))
    told = predicted.get(task, {})
    if told.get("failed"):
        return bool(told["msg"] == done[task]["msg"])
    return not chain.failures(predicted) and (task == "win_im_agent_health" or bool(told.get("changed")))
