# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that gathers what other people need of an agent: from the inventory, and the server once if need be."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleConnectionFailure, AnsibleError

from .._certificates import cert_pairs
from .._core.plan import Refused
from .._core.scrub import scrubbed
from .._handover import account, certificates, sheet
from .._handover.given import Given
from .._handover.wanted import Wanted
from .._inventory import agent_info
from .._inventory.vocabulary import Finding
from .._settings import agent_settings
from . import connection_options, inventory_check, role_tasks, vaulted
from .action import AgentAction
from .foretelling import ForetellingAction
from .host import Host
from .inventory_check import Read
from .look import Look
from .refusal import VOCABULARY
from .variables import SettledVariables

_ROLES = ("im_agent", "im_certificates", "im_settings")
_OF_INSTALLATION = tuple(
    f"{VOCABULARY}{name}"
    for name in ("archive_source", "archive_checksum", "hosting_bundle_source", "hosting_bundle_checksum")
)
"""Variables that papers need not: they are written before anybody installs."""


class HandingOverAction(ForetellingAction):
    """Gathers an agent's sheet with at most one execution, and writes nothing on the server."""

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """Run as every action does, with the defaults of the roles that describe an agent."""
        variables = role_tasks.with_defaults(_ROLES, self._templar.available_variables)
        self._templar = self._templar.copy_with_new_env(available_variables=variables)
        return AgentAction.run(self, tmp, task_vars)

    def carry_out(self, host: Host, wanted: Wanted) -> dict[str, t.Any]:
        """Return the sheet; raises Refused for an inventory that cannot be right."""
        variables = self._templar.available_variables
        given = inventory_check.read(variables, self._templar)
        secrets = set(agent_info.secrets({"inventory": given.inventory}))
        secrets |= vaulted.of({"inventory": given.inventory}, variables).secrets
        self._refuse_wrong(given, variables, secrets)
        settled = SettledVariables(self._templar, variables, given.templated)
        pairs = self._wanted("im_certificates", cert_pairs, settled)
        settled.set("im_certificates_result", cert_pairs.promised(pairs))
        settings = self._wanted("im_settings", agent_settings, settled)
        look, unknown = Look(host), list[str]()
        asked = wanted.ask and self._ask(look, pairs, unknown)
        held, untold = certificates.of(pairs, look.ask, asked=asked)
        values = {name.removeprefix(VOCABULARY): value for name, value in given.values.items()}
        made = sheet.made(
            Given(
                host.name,
                self._with_reverse_proxy(values, settled),
                settings,
                pairs,
                held,
                connection_options.way(self._connection, _address(variables)),
                look.snapshot.host if asked else {},
                (*unknown, *untold),
            ),
            wanted,
        )
        return {"changed": False, "sheet": scrubbed(made, secrets)}

    @staticmethod
    def _refuse_wrong(given: Read, variables: t.Mapping[str, t.Any], secrets: t.Collection[str]) -> None:
        found: list[Finding] = [
            one
            for one in inventory_check.findings(given, variables)
            if one.variable not in _OF_INSTALLATION or one.variable in given.values
        ]
        if found:
            told = "; ".join(f"{one.variable}: {one.text}" for one in found)
            raise Refused(f"the inventory is refused: {scrubbed(told, secrets)}")

    def _wanted(self, role: str, subject: t.Any, settled: SettledVariables) -> t.Any:
        """Return what the first task of a role wants; raises Refused."""
        task = role_tasks.read(role)[0]
        try:
            known = self._checked(task, settled)
        except AnsibleError as error:
            raise Refused(f"{role}: {error}") from None
        if known is None or known.subject is not subject:
            raise Refused(f"{role}: found no task that says what is wanted")
        return known.wanted

    @staticmethod
    def _ask(look: Look, pairs: cert_pairs.Wanted, unknown: list[str]) -> bool:
        """Ask the server where the inventory is not enough; return whether it answered."""
        if not certificates.need_server(pairs) and not account.is_computer(pairs.identity.name):
            return False
        look.prepare(certificates.questions(pairs))
        try:
            look.take(first=True)
        except AnsibleConnectionFailure:
            unknown.append("what only the server knows: it was not reached; the playbook ping tells why")
            return False
        return True

    @staticmethod
    def _with_reverse_proxy(values: dict[str, t.Any], settled: SettledVariables) -> dict[str, t.Any]:
        """Return variables with those that the check of the inventory does not read where they have their defaults."""
        more = ("reverse_proxy", "https_proxy", "openid_clients")
        return {**{name: settled.value(VOCABULARY + name) for name in more}, **values}


def _address(variables: t.Mapping[str, t.Any]) -> str:
    return str(variables.get("ansible_host") or variables.get("inventory_hostname") or "")
