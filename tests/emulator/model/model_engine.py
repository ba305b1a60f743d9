"""The model: an engine that answers pipelines from the handlers, without any PowerShell."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import ntpath
import re
import time
import typing as t
from pathlib import Path

from ..counters import Counters
from ..engine import ConnectionDropped, HostRestarts, Outcome, Pipeline
from ..windows.errors import WindowsError
from ..windows.machine import Machine
from . import argument_checks, spec, unmodelled
from .call import Call, Handler, ModuleFailure
from .installed_modules import source
from .payload import Invocation, decode

ALIASES = {
    f"ansible.{where}.{name}": f"ansible.windows.{windows}"
    for where in ("legacy", "builtin")
    for name, windows in (
        ("slurp", "slurp"),
        ("setup", "setup"),
        ("stat", "win_stat"),
        ("ping", "win_ping"),
        ("async_status", "async_status"),
    )
}
# Belief [nameless-json]: Windows PowerShell 5.1 reads no JSON that has a property without a name, so that the wrapper
# fails before the module runs; PowerShell/PowerShell, MshMemberInfo.cs and the reports on ConvertFrom-Json.
NAMELESS = (
    'failure during exec_wrapper: Cannot process argument because the value of argument "name" is not valid. Change the'
    ' value of the "name" argument and run the operation again.'
)
OUR_PROBE = "imops.identity_manager.win_im_probe"
_REMOVE = re.compile(r"Remove-Item\s+'?\"?([A-Za-z]:\\[^'\"]+?)(?:\\\.)?'?\"?\s+-Force\s+-Recurse", re.IGNORECASE)


class ModelEngine:
    """Runs pipelines on an emulated server.

    Args:
        machine: the server.
        handlers: what each module does, by full names.
        faults: what goes wrong, see "Faults" in the README.
        search: folders with collections, for modules that are called without a payload.
    """

    waits = False

    def __init__(
        self,
        machine: Machine,
        handlers: t.Mapping[str, Handler],
        faults: t.Sequence[t.Mapping[str, t.Any]] = (),
        search: t.Sequence[Path] = (),
    ) -> None:
        self.machine = machine
        self._handlers = handlers
        self.faults: list[t.Mapping[str, t.Any]] = list(faults)
        self.counters = Counters()
        self.calls: list[tuple[str, dict[str, t.Any], dict[str, t.Any]]] = []
        self._search = tuple(search)
        self._jobs: dict[str, dict[str, t.Any]] = {}
        self._writes = 0

    def start(self) -> None:
        """Be ready: there is nothing to start."""

    def close(self) -> None:
        """Hold nothing."""

    def reset(self) -> None:
        """Begin counting anew, faults' occurrences too."""
        self.counters = Counters()
        self._writes = 0

    # Pipelines

    def run(self, pipeline: Pipeline) -> Outcome:
        """Answer one pipeline."""
        self.counters.remote_executions += 1
        self.machine.clock.next_turn()
        invocation = decode(pipeline.script, pipeline.lines)
        if invocation.become and not self._may_become(invocation):
            return Outcome(
                (), (f"Failed to become user {invocation.become.user}: The user name or password is incorrect",), 1
            )
        if invocation.kind == "module":
            return self._module(invocation, pipeline.user)
        if invocation.kind == "put_file":
            path = self.machine.environment.expand(invocation.arguments["Path"])
            return self._put(path, b"".join(map(base64.b64decode, invocation.data)))
        self.counters.count(invocation.kind)
        try:
            return self._other(invocation)
        except WindowsError as error:
            return Outcome((), (error.message,), 1)

    def put(self, path: str, content: bytes) -> Outcome:
        """Take a file without the wire, as if a connection had sent it: counted, faults minded.

        Raises:
            ConnectionDropped: a fault dropped it.
        """
        self.counters.remote_executions += 1
        self.machine.clock.next_turn()
        return self._put(path, content)

    def _put(self, path: str, content: bytes) -> Outcome:
        """Take a file. The script makes it first and then writes what comes, so that a connection which breaks
        meanwhile leaves its beginning.
        """
        begun = content[: len(content) // 2]

        def take() -> dict[str, t.Any]:
            nonlocal begun
            self.machine.files.write(path, content)
            begun = content
            return {"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()}

        try:
            result = self._faulty("put_file", take)
        except WindowsError as error:
            return Outcome((), (error.message,), 1)
        except ConnectionDropped:
            self.machine.files.write(path, begun)
            raise
        return Outcome((), (result["msg"],), 1) if result.get("failed") else Outcome((json.dumps(result),))

    def _may_become(self, invocation: Invocation) -> bool:
        assert invocation.become
        user, password = invocation.become.user, invocation.become.password
        name = user.rpartition("\\")[2].upper()
        return name in {"SYSTEM", "LOCAL SERVICE", "NETWORK SERVICE"} or self.machine.accounts.check(
            user, password or ""
        )

    def _module(self, invocation: Invocation, user: str) -> Outcome:
        arguments = invocation.arguments
        check, diff = bool(arguments.get("_ansible_check_mode")), bool(arguments.get("_ansible_diff"))
        web = next((text for name, text in invocation.utilities.items() if name.endswith("WebRequest.psm1")), "")
        name = ALIASES.get(invocation.name, invocation.name)
        result = self._faulty(name, lambda: self._call(name, invocation.script, web, arguments, check, diff, user))
        if invocation.asynchronous:
            job = str(invocation.asynchronous.get("AsyncJid"))
            self._jobs[job] = result
            result = {
                "started": True,
                "finished": False,
                "ansible_job_id": job,
                "results_file": f"C:\\Users\\Administrator\\.ansible_async\\{job}",
                "_ansible_suppress_tmpdir_delete": True,
            }
        return Outcome((json.dumps(result),), (), 1 if result.get("failed") else 0)

    def call(
        self, module: str, arguments: t.Mapping[str, t.Any], *, check: bool = False, diff: bool = False
    ) -> dict[str, t.Any]:
        """Run one module without the wire, as if it had come over it: counted, checked against its spec, faults minded,
        and its result was JSON.

        Raises:
            ConnectionDropped: a fault dropped it.
        """
        self.counters.remote_executions += 1
        self.machine.clock.next_turn()
        script, web = source(module, self._search)
        result = self._faulty(module, lambda: self._call(module, script, web, arguments, check, diff, "Administrator"))
        return t.cast("dict[str, t.Any]", json.loads(json.dumps(result)))

    def _call(
        self, name: str, script: str, web: str, arguments: t.Mapping[str, t.Any], check: bool, diff: bool, user: str
    ) -> dict[str, t.Any]:
        if _nameless(arguments):
            return {"failed": True, "msg": NAMELESS}
        taken = spec.read(script, web)
        handler = self._handlers.get(name)
        try:
            if name == "ansible.windows.async_status":
                return self._async_status(dict(arguments))
            if handler is None:
                raise ModuleFailure(f"the emulator has no handler for {name}")
            if taken.options is not None and not arguments.get("_ansible_no_log"):
                self._note(name, spec.hidden(taken, arguments))
            asked = str(arguments.get("_ansible_module_name") or name)
            expand = self.machine.environment.expand
            checked = argument_checks.check(taken, asked, arguments, check_mode=check, expand=expand)
            unmodelled.check(name, taken, checked)
            result = handler(Call(self.machine, name, checked, check, diff, user))
        except argument_checks.Skipped as why:
            return {"changed": False, "skipped": True, "msg": str(why)}
        except ModuleFailure as failure:
            result = {"changed": False, **failure.values, "failed": True, "msg": str(failure)}
        except WindowsError as error:
            said = self.machine.language.said(error.message)
            message = f"Unhandled exception while executing module: {said}"
            result = {"failed": True, "msg": message, "exception": error.type_name}
        self.calls.append((name, dict(arguments), result))
        return result

    def _note(self, name: str, arguments: dict[str, t.Any]) -> None:
        """Write what Ansible.Basic writes to the event log: the module's arguments."""
        listed = " ".join(f"{key}: {json.dumps(value)}" for key, value in arguments.items())
        self.machine.events.add(
            "Application", "Ansible", 0, "Information", f"{name.rpartition('.')[2]} - Invoked with: {listed}"
        )

    def holds_job(self, job: t.Any) -> bool:
        """Tell whether a job was started here."""
        return str(job) in self._jobs

    def _async_status(self, arguments: dict[str, t.Any]) -> dict[str, t.Any]:
        job = str(arguments.get("jid"))
        if not self.holds_job(job):
            raise ModuleFailure("could not find job", ansible_job_id=job, started=True, finished=True)
        if arguments.get("mode") == "cleanup":
            self._jobs.pop(job)
            return {"changed": False, "ansible_job_id": job, "erased": job}
        return {"started": True, "finished": True, "ansible_job_id": job, **self._jobs[job]}

    # Faults

    def _faulty(self, name: str, run: t.Callable[[], dict[str, t.Any]]) -> dict[str, t.Any]:
        occurrence = self.counters.count(name)
        if name != OUR_PROBE:
            self._writes += 1
        due = [fault for fault in self.faults if self._due(fault, name, occurrence)]
        for fault in due:
            if fault["do"] == "slow":
                time.sleep(float(fault.get("seconds", 0)))
            elif fault["do"] == "fail":
                return {"failed": True, "changed": False, "msg": fault.get("message", "the scenario lets it fail")}
            elif fault["do"] == "deny":
                return {"failed": True, "changed": False, "msg": "Access is denied"}
            elif fault["do"] == "drop" and fault.get("when", "before") == "before":
                raise ConnectionDropped(name)
        result = run()
        if any(fault["do"] == "drop" for fault in due):
            raise ConnectionDropped(name)
        return result

    def _due(self, fault: t.Mapping[str, t.Any], name: str, occurrence: int) -> bool:
        if "write" in fault:
            return name != OUR_PROBE and fault["write"] == self._writes
        if fault["module"] not in {"*", name}:
            return False
        return "occurrence" not in fault or fault["occurrence"] == occurrence

    # Everything that is no module

    def _other(self, invocation: Invocation) -> Outcome:
        files, parameters = self.machine.files, invocation.arguments
        if invocation.kind == "fetch_file":
            return self._fetch(parameters)
        if invocation.kind == "mkdtemp":
            path = ntpath.join(self.machine.environment.expand(parameters["Directory"]), parameters["Name"])
            files.make_folder(path)
            return Outcome((path,))
        if invocation.kind == "expand_user":
            return Outcome((parameters["Path"].replace("~", "C:\\Users\\Administrator", 1),))
        if invocation.kind == "script":
            return Outcome((), (f"the emulator does not run scripts: {invocation.script[:2000]}",), 1)
        return self._raw(invocation.name)

    def _fetch(self, parameters: dict[str, t.Any]) -> Outcome:
        path = parameters["Path"]
        node = self.machine.files.find(path)
        if node is None:
            return Outcome((), (f"{path} does not exist",), 1)
        if node.folder:
            return Outcome(("[DIR]",))
        content, size = self.machine.files.read(path), int(parameters.get("BufferSize", 524288))
        if "Offset" in parameters:
            offset = int(parameters["Offset"])
            return Outcome((base64.b64encode(content[offset : offset + size]).decode(),))
        chunks = [base64.b64encode(content[i : i + size]).decode() for i in range(0, len(content), size)]
        return Outcome(("[FILE]", *chunks))

    def _raw(self, script: str) -> Outcome:
        removed = _REMOVE.search(script)
        if removed:
            path = removed[1].rstrip("\\").removesuffix("\\.")
            if self.machine.files.exists(path):
                self.machine.files.remove(path, recurse=True)
            return Outcome()
        if "shutdown" in script.lower() and "/r" in script:
            self.machine.ran("shutdown.exe /r")
            done = Outcome((json.dumps({"stdout": "", "stderr": "", "rc": 0}),))
            raise HostRestarts(done, self.machine.restart)
        if "LastBootUpTime" in script:
            return Outcome((str(int(self.machine.boot_time.timestamp() * 10**7) + 116444736000000000),))
        succeeded = re.search(r"success-[0-9a-f-]{36}", script)
        if "AutoLogonChecked" in script and succeeded:
            return Outcome((succeeded[0],))
        text = script.strip().removesuffix("exit $LASTEXITCODE").strip()
        echo = re.fullmatch(r"(?:Write-Output|echo)\s+'?([^';|&]+?)'?", text)
        if echo:
            return Outcome((echo[1],))
        if text.lower() == "whoami":
            return Outcome((f"{self.machine.computer_name.lower()}\\administrator",))
        return Outcome((), (f"the emulator does not run this script: {script[:2000]}",), 1)

    def dump(self) -> dict[str, t.Any]:
        """Return state and counters as JSON-able data."""
        return {"state": self.machine.dump(), "counters": dataclasses.asdict(self.counters)}


def _nameless(value: t.Any) -> bool:
    """Tell whether a key without a name is anywhere in a value."""
    if isinstance(value, dict):
        return "" in value or any(map(_nameless, value.values()))
    return isinstance(value, list) and any(map(_nameless, value))
