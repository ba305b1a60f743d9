# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that writes the agents of a server down as an inventory, and tells what a run with it would do."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t
from pathlib import Path

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import match_encrypt_secret

from .._adopt import adoption, described, inventory_text
from .._adopt.adoption import Wanted
from .._adopt.agents import Agent
from .._adopt.inventory_text import Encrypt, Forecast
from .._adopt.variable import Description
from .._core.plan import ControllerFile, Refused
from .._core.scrub import for_people, scrubbed
from . import controller_file, found_file, inventory_check, role_tasks
from .action import AgentAction
from .foretelling import ForetellingAction
from .held_files import HeldFiles
from .host import Host
from .variables import SettledVariables

_INSTALL = role_tasks.ROLES.parent / "playbooks" / "install.yml"
_ENTRIES: dict[str, list[str]] = DataLoader().load_from_file(str(_INSTALL))[0]["vars"]["_entries"]
# Read when the action is found, as the roles' tasks are.


@dataclasses.dataclass(frozen=True)
class Adopted:
    """One agent that was found, and its file.

    Attributes:
        host: its name in the inventory.
        path: the file on the controller.
        text: what it shall contain.
        before: what it contains; None where there is none.
        result: what the task returns of it.
    """

    host: str
    path: Path
    text: str
    before: str | None
    result: dict[str, t.Any]

    @property
    def differs(self) -> bool:
        """Tell whether the file has to be written."""
        return self.text != self.before


class AdoptingAction(ForetellingAction):
    """Reads a server in two executions, a third where its settings name files elsewhere, and writes nothing on it."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run as every action does: no inventory has to be right, since one is made."""
        return AgentAction.run(self, tmp, task_vars)

    def place(self, variable: str) -> str:
        """Return nothing: where a variable of a file that is only made now was set, everybody knows."""
        del variable
        return ""

    def carry_out(self, host: Host, wanted: Wanted) -> dict[str, t.Any]:
        """Find, describe, foretell, and write the files; return the task's result."""
        encrypt = self._encrypt() if wanted.encrypts else None
        host.prepare(adoption.questions(wanted))
        given = self._downloads()
        host.prepare(adoption.further(host.ask, given))
        found, told = adoption.descriptions(host.ask, set(self._templar.available_variables))
        host.prepare(query for agent, one in found for query in described.run_questions(agent, one, given))
        secrets = {
            s for _agent, one in found for variable in one.variables for s in adoption.known_secrets(variable.value)
        }
        made = [self._adopted(host, wanted, agent, one, found, encrypt, secrets) for agent, one in found]
        _refuse_twice(made)
        if not self._task.check_mode:
            for one in made:
                if one.differs:
                    controller_file.replace(ControllerFile(str(one.path), one.text.encode()))
        result: dict[str, t.Any] = {"changed": any(one.differs for one in made), "agents": [one.result for one in made]}
        if self._task.diff:
            result["diff"] = [
                {
                    "before_header": str(one.path),
                    "after_header": str(one.path),
                    "before": "",  # the former file may have secrets of the user's own
                    "after": one.text,
                }
                for one in made
                if one.differs
            ]
        if not made:
            told.append("found no agent: no site's folder and no service's program is the agent's")
        if told:
            result["warnings"] = [f"{host.name}: {text}" for text in told]
        return for_people(result, frozenset(secrets))

    def _downloads(self) -> dict[str, t.Any]:
        """Return the variables of downloads that are set, as far as they can be templated."""
        variables, found = self._templar.available_variables, dict[str, t.Any]()
        for name in (name for names in described.DOWNLOADS.values() for name in names):
            with contextlib.suppress(AnsibleError):
                if name in variables:
                    found[name] = self._templar.template(variables[name])
        return found

    def _encrypt(self) -> Encrypt:
        """Return what encrypts a secret; raises Refused without a vault identity."""
        vault = self._loader._vault
        secrets = getattr(vault, "secrets", None)
        if not secrets:
            raise Refused(
                "secrets: found 'vault' and no vault identity of this run, wanted one to encrypt with: give --vault-id"
                " or --vault-password-file, or set secrets (im_adopt_secrets) to 'kept'"
            )
        try:
            name, secret = match_encrypt_secret(secrets, C.DEFAULT_VAULT_ENCRYPT_IDENTITY)  # type: ignore[attr-defined]  # as in action.py
        except AnsibleError as error:
            raise Refused(f"secrets: found no vault identity to encrypt with: {error}") from None
        return lambda text: vault.encrypt(text, secret, name).decode()

    def _adopted(
        self,
        host: Host,
        wanted: Wanted,
        agent: Agent,
        description: Description,
        all_found: t.Sequence[tuple[Agent, Description]],
        encrypt: Encrypt | None,
        secrets: t.Collection[str],
    ) -> Adopted:
        """Return an agent's file and result; raises Refused for a file that is there and must not be overwritten."""
        name = inventory_text.file_name(host.name, description.organization, several=len(all_found) > 1)
        path = self._inventory_folder(wanted) / name
        forecast = self._foretold(host, agent, description, clear=wanted.encrypts, secrets=secrets)
        text = inventory_text.text(description, host.name, forecast, encrypt)
        before = path.read_text("utf-8") if path.exists() else None
        if before is not None and before != text and not wanted.force:
            raise Refused(
                f"found {path} on the controller, wanted no file there, since it would be overwritten: nothing was"
                " written. Set force (im_adopt_force) to overwrite it, or move it away"
            )
        result = {
            "organization": description.organization,
            "hosting": agent.hosting,
            "runtime": agent.runtime,
            "inventory_host": path.parent.name,
            "file": str(path),
            "variables": [variable.name for variable in description.variables],
            "lacking": description.lacking,
            "beyond": description.beyond,
            "changes": list(forecast.changes),
            "refusals": list(forecast.refusals),
        }
        return Adopted(path.parent.name, path, text, before, result)

    def _inventory_folder(self, wanted: Wanted) -> Path:
        if wanted.folder:
            return Path(HeldFiles(self).folder(wanted.folder))
        beside = found_file.inventories(self._templar.available_variables)
        if not beside:
            raise Refused(
                "folder: found no inventory file that host_vars could lie beside, wanted its folder: set folder"
                " (im_adopt_folder)"
            )
        return beside[0]

    def _foretold(
        self, host: Host, agent: Agent, description: Description, *, clear: bool, secrets: t.Collection[str]
    ) -> Forecast:
        """Return what install.yml would do with the variables of a description."""
        entries = list(_ENTRIES[agent.hosting])
        known = self._templar.available_variables
        for role, names in described.DOWNLOADS.items():
            if any(name not in known for name in names):
                entries.remove(role)
        variables = {
            **role_tasks.defaults("im_agent"),
            **role_tasks.with_defaults(entries, self._templar.available_variables),
            **description.values(clear=clear),
        }
        templar = self._templar.copy_with_new_env(available_variables=variables)
        unset = {name for names in described.DOWNLOADS.values() for name in names if name not in known}
        given = inventory_check.read(variables, templar)
        problems = [one for one in inventory_check.findings(given, variables) if one.variable not in unset]
        if problems:
            return Forecast(refusals=tuple(scrubbed(f"{one.variable}: {one.text}", secrets) for one in problems))
        tasks = [task for entry in entries for task in role_tasks.read(entry)]
        found = self._forecast(host, tasks, SettledVariables(templar, variables), {})
        changes = [operation for step in found.steps.values() for operation in step]
        return Forecast(
            tuple(scrubbed(text, secrets) for text in changes),
            tuple(scrubbed(str(one), secrets) for one in found.refusals),
        )


def _refuse_twice(made: t.Sequence[Adopted]) -> None:
    """Raise Refused where two agents would be one host of the inventory."""
    for number, one in enumerate(made):
        for other in made[:number]:
            if one.path == other.path:
                raise Refused(
                    f"found two agents of the organisation {one.result['organization']}, in {other.result['runtime']}"
                    f" and {one.result['runtime']}, wanted one: both would be the inventory host {one.host}. Nothing"
                    " was written: describe one of them by hand"
                )
