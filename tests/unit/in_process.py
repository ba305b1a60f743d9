"""Our action plugins against the emulator's core, in process: no wire, no ansible-playbook, so matrices run in
seconds.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import tempfile
import typing as t
from pathlib import Path
from unittest import mock

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader
from ansible.template import Templar
from ansible.utils.display import Display
from collection_tree import link
from emulator.handlers import HANDLERS
from emulator.model.model_engine import ModelEngine
from emulator.scenario import hosts
from emulator.windows.machine import Machine

PACKAGES = next(Path(sys.prefix).glob("lib/python*/site-packages"))
SEARCH = (link(), PACKAGES)


@functools.cache
def _runs() -> tempfile.TemporaryDirectory[str]:
    """Return the folder of all runs' folders: in memory where there is such a place, since each task writes its
    snapshot anew some times; and with nobody else's folders, since each run looks for what killed ones left beside it.
    """
    memory = Path("/dev/shm")
    return tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None)


def machine(data: t.Mapping[str, t.Any] | None = None, name: str = "paris.contoso.com") -> Machine:
    """Build one server of a scenario."""
    return hosts.load({"domain": "contoso.com", **(data or {})}, [name])[name].machine


@functools.cache
def _reboot() -> t.Any:
    """Return the action that restarts a server."""
    return action_loader.get("ansible.windows.win_reboot", class_only=True)


class Server:
    """An emulated server that modules are run on, as one ansible-playbook run after the other would."""

    def __init__(self, machine: Machine, faults: t.Sequence[t.Mapping[str, t.Any]] = ()) -> None:
        self.machine = machine
        self.engine = ModelEngine(machine, HANDLERS, faults, SEARCH)
        self.variables: dict[str, t.Any] = {"inventory_hostname": machine.name}
        self.verbosity = 1
        self.new_run()

    def new_run(self) -> None:
        """Begin another run: nothing is known of the server."""
        self._folder = tempfile.TemporaryDirectory(dir=_runs().name)
        self.engine.reset()

    @property
    def executions(self) -> int:
        """Return the remote executions of this run."""
        return self.engine.counters.remote_executions

    def run(
        self,
        module: str,
        arguments: t.Mapping[str, t.Any],
        *,
        check: bool = False,
        diff: bool = True,
        ignore_errors: bool = False,
    ) -> dict[str, t.Any]:
        """Run one of our modules; a failure is returned as a result with ``failed`` and ``msg``."""
        task = Task()
        task.args = dict(arguments)
        task.check_mode, task.diff, task.ignore_errors = check, diff, ignore_errors
        task._resolved_action = f"imops.identity_manager.{module}"
        loader = DataLoader()
        action = action_loader.get(
            f"imops.identity_manager.{module}",
            task=task,
            connection=mock.MagicMock(),
            play_context=mock.MagicMock(),
            loader=loader,
            templar=Templar(loader, variables=dict(self.variables)),
            shared_loader_obj=None,
        )

        def execute(
            _self: ActionBase, module_name: str, module_args: dict[str, t.Any], task_vars: dict[str, t.Any]
        ) -> dict[str, t.Any]:
            quiet = {"_ansible_no_log": True} if task_vars.get("ansible_no_target_syslog") else {}
            return self.engine.call(
                module_name, {**module_args, **quiet, "_ansible_check_mode": check}, check=check, diff=diff
            )

        def put_file(source: str, path: str) -> None:
            outcome = self.engine.put(path, Path(source).read_bytes())
            if outcome.exit_code:
                raise AnsibleError("\n".join(outcome.errors))

        def restart(_self: ActionBase, *_arguments: t.Any) -> dict[str, t.Any]:
            if not check:
                self.machine.restart()
            return {"changed": True, "rebooted": True}

        action._connection.put_file = put_file
        with contextlib.ExitStack() as patches:
            patches.enter_context(mock.patch.object(C, "DEFAULT_LOCAL_TMP", self._folder.name))
            patches.enter_context(mock.patch.object(Display(), "verbosity", self.verbosity))
            patches.enter_context(mock.patch.object(ActionBase, "_execute_module", execute))  # those that it calls too
            patches.enter_context(mock.patch.object(_reboot(), "run", restart))
            try:
                return action.run(None, dict(self.variables))
            except AnsibleError as error:
                return {"changed": False, **getattr(error, "result", {}), "failed": True, "msg": str(error)}
