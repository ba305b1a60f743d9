# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the agent runs as, what that account needs, and which account other machines see."""

from __future__ import annotations

import dataclasses

from .._windows import account_name
from .._windows.account_name import Form
from .given import Given

_KINDS = {
    Form.LOCAL: "local account",
    Form.DOMAIN: "domain account",
    Form.PRINCIPAL: "domain account",
    Form.PLAIN: "account",
    Form.MANAGED: "group managed service account",
    Form.SERVICE: "virtual account of the service",
    Form.POOL: "virtual account of the application pool",
    Form.WINDOWS: "account of Windows",
    Form.SID: "account, by its SID",
}
_AS_THE_COMPUTER = frozenset({Form.SERVICE, Form.POOL})


@dataclasses.dataclass(frozen=True)
class Account:
    """The account of an agent.

    Attributes:
        name: its name on the server.
        kind: what it is.
        on_the_network: what other machines see.
        needs: what somebody has to arrange for it.
    """

    name: str
    kind: str
    on_the_network: str
    needs: tuple[str, ...]


def of(given: Given) -> Account:
    """Return the account of an agent."""
    identity = given.pairs.identity
    known = account_name.of(identity.name)
    return Account(identity.name, _KINDS[known.form], _on_the_network(given, known), tuple(_needs(given, known.form)))


def is_computer(name: str) -> bool:
    """Tell whether an account is the computer's on the network, whose name the inventory does not say."""
    known = account_name.of(name)
    return known.form in _AS_THE_COMPUTER or known.sid in {account_name.LOCAL_SYSTEM, account_name.NETWORK_SERVICE}


def _on_the_network(given: Given, known: account_name.AccountName) -> str:
    if known.sid == account_name.LOCAL_SERVICE:
        return "nobody: it has no credentials on the network"
    if known.form is Form.LOCAL:
        return "nobody in the domain: it is known on this server only"
    if not is_computer(known.text):
        return known.text
    name, domain = given.host.get("computer_name"), given.host.get("domain")
    if not name:
        return f"the computer account of {given.server}"
    return f"the computer account {name}$ of {domain}" if domain else f"nobody: {name} is in no domain"


def _needs(given: Given, form: Form) -> list[str]:
    found = ["the folder rights that playbooks/identity.yml shows"]
    if form is Form.MANAGED:
        found.append("this server among its PrincipalsAllowedToRetrieveManagedPassword")
    if given.is_service and form not in {Form.SERVICE, Form.WINDOWS}:
        found.append('the user right "Log on as a service"')
    return found
