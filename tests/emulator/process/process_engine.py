"""The engine of kind process: pipelines go unread to a PowerShell, so that unmodified modules answer them."""

from __future__ import annotations

import functools
import typing as t

from ..counters import Counters
from ..engine import HostRestarts, Outcome, Pipeline
from ..model.model_engine import ALIASES, ModelEngine
from ..model.payload import Invocation, decode
from . import carried
from .carried import State
from .powershell import NAMED, Crashed, PowerShell, for_this_engine

REBOOT = "ansible.windows.win_reboot"
_JOBS = "ansible.windows.async_status"
_REBOOT_WORDS = ("shutdown.exe", "lastbootuptime", "autologonchecked")
_INSTALL_IIS = "& 'Z:\\imps\\iis\\install-iis.ps1'"


class ProcessEngine:
    """Hands pipelines to a PowerShell; what that cannot carry is answered by the model beside it.

    Args:
        name: the host's name, for messages.
        powershell: what runs the pipelines.
        model: what answers the modules in ``modelled``; it has a state of its own.
        modelled: full names of modules; ``ansible.windows.win_reboot`` takes the raw scripts of a reboot along.
        files: what the scenario puts on the drive of a PowerShell that is not the rig's (None for a folder).
    """

    waits = True

    def __init__(
        self,
        name: str,
        powershell: PowerShell,
        model: ModelEngine,
        modelled: t.Collection[str] = (),
        files: t.Mapping[str, bytes | None] | None = None,
    ) -> None:
        self._name, self._powershell, self.model = name, powershell, model
        self._modelled, self._files = frozenset(modelled), dict(files or {})

    @property
    def counters(self) -> Counters:
        """Return what was counted since the last reset."""
        return self.model.counters

    @property
    def faults(self) -> list[t.Mapping[str, t.Any]]:
        """The faults of what the model answers."""
        return self.model.faults

    @faults.setter
    def faults(self, faults: list[t.Mapping[str, t.Any]]) -> None:
        self.model.faults = faults

    def start(self) -> None:
        """Make the drive: the double of IIS where the scenario has the feature, and the scenario's files.

        Raises:
            Unavailable: there is no PowerShell.
            Crashed: it did not start, or could not make the drive.
        """
        if NAMED:  # somebody's own machine: nothing of the model's state comes there
            self._lay(State(), State(files=self._files))
        else:
            self._lay(State.fresh(self.model.machine), State.of(self.model.machine))
        done = self._powershell.script("$null")
        if done.exit or done.errors:
            raise Crashed(f"{self._name}: it does not answer: {done.errors or done.text}")

    def _lay(self, before: State, after: State) -> None:
        """Lay on the drive what the model's server got.

        Raises:
            Crashed: the drive did not take it.
        """
        scripts = [_INSTALL_IIS] if after.iis and not before.iis else []
        scripts += filter(None, [carried.script(before, after)])
        for script in scripts:
            done = self._powershell.script(script)
            if done.exit or done.errors:
                raise Crashed(f"{self._name}: the drive did not take what it shall hold: {done.errors or done.text}")

    def run(self, pipeline: Pipeline) -> Outcome:
        """Run one pipeline.

        Raises:
            ConnectionDropped: a fault of the model dropped it.
            HostRestarts: the model restarted, and so does the PowerShell.
        """
        invocation = decode(pipeline.script, pipeline.lines)
        if self._by_model(invocation):
            return self._by_the_model(pipeline)
        self.counters.remote_executions += 1
        self.counters.count(
            ALIASES.get(invocation.name, invocation.name) if _is_module(invocation) else invocation.kind
        )
        if invocation.become:
            message = (
                f"host {self._name} is a PowerShell process with one account and cannot become"
                f" {invocation.become.user}: run the task without become, or on a host of kind model"
            )
            return Outcome((), (message,), 1)
        lines = for_this_engine("\n".join(pipeline.lines)).split("\n") if pipeline.lines else []
        try:
            done = self._powershell.script(pipeline.script, lines)
        except Crashed as crash:
            message = f"host {self._name}: {crash} while it ran this task; it is started again for the next one"
            return Outcome((), (message,), 1)
        return Outcome(tuple(done.text.splitlines()), tuple(done.errors.splitlines()), done.exit)

    def _by_the_model(self, pipeline: Pipeline) -> Outcome:
        before = State.of(self.model.machine)
        try:
            try:
                return self.model.run(pipeline)
            finally:
                if not NAMED:
                    self._lay(before, State.of(self.model.machine))
        except Crashed as crash:
            return Outcome((), (str(crash),), 1)
        except HostRestarts as restart:
            raise HostRestarts(restart.outcome, functools.partial(self._boot, restart.boot)) from None

    def _boot(self, boot: t.Callable[[], None]) -> None:
        """Start the model's Windows again, with what that changes on the drive, and a new PowerShell."""
        before = State.of(self.model.machine)
        boot()
        self._powershell.end()
        if not NAMED:
            self._lay(before, State.of(self.model.machine))

    def _by_model(self, invocation: Invocation) -> bool:
        if _is_module(invocation):
            name = ALIASES.get(invocation.name, invocation.name)
            return name in self._modelled or (name == _JOBS and self.model.holds_job(invocation.arguments.get("jid")))
        text = invocation.name.lower()
        return REBOOT in self._modelled and invocation.kind == "raw" and any(word in text for word in _REBOOT_WORDS)

    def reset(self) -> None:
        """Begin counting anew."""
        self.model.reset()

    def dump(self) -> dict[str, t.Any]:
        """Return the counters, and the state that the model keeps; the drive's own is asked for by modules."""
        return {**self.model.dump(), "modelled": sorted(self._modelled)}

    def close(self) -> None:
        """End the PowerShell and remove its drive."""
        self._powershell.close()


def _is_module(invocation: Invocation) -> bool:
    return invocation.kind == "module"
