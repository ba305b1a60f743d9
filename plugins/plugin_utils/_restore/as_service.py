# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An agent's Windows service as it is, and what puts it back as it was."""

from __future__ import annotations

import struct
import typing as t
from urllib.parse import urlsplit

from .._agent import variables
from .._core import probe
from .._core.plan import Operation, Refused
from .._core.probe import Ask, Query
from .._hosting import service, service_environment, service_recovery, service_urls, wanted_service
from .._windows import account_name
from .wanted import Wanted

_MODES = {found: given for given, found in wanted_service.START_MODES.items()}
_ANY = {"", "any", "localhost", "0.0.0.0", "::"}  # noqa: S104  (names of all addresses)


def questions(wanted: Wanted) -> tuple[Query, ...]:
    """Return what has to be known."""
    return (
        probe.service(wanted.service),
        service_recovery.question(wanted.service),
        variables.service_question(wanted.service),
        probe.listeners(),
    )


def found(wanted: Wanted, ask: Ask) -> dict[str, t.Any]:
    """Return the service's values, empty where it is not there; raises Refused for recovery that cannot be read."""
    answer = ask(probe.service(wanted.service))
    if answer is None:
        return {}
    try:
        steps, reset = service_recovery.read(wanted.service, ask)
    except struct.error:
        raise Refused(
            f"service {wanted.service}: found recovery actions that cannot be read, wanted ones that can be put back:"
            " set them anew (services.msc, Recovery), then run again"
        ) from None
    names = ("path", "display_name", "description", "account", "start_mode")
    return {
        **{name: answer[name] for name in names},
        "recovery": [list(step) for step in steps],
        "reset": reset,
        "variables": list(service_environment.found(wanted.service, ask)),
    }


def asks(wanted: Wanted, values: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Return where the service answers, and whom it runs as."""
    listed = service_urls.listed(values["path"]) or ["http://localhost:5000"]
    parts = urlsplit(listed[0].replace("://*", "://any").replace("://+", "://any"))
    name = parts.hostname or ""
    address = "127.0.0.1" if name.lower() in _ANY else name
    port = parts.port or (443 if parts.scheme == "https" else 80)
    virtual = account_name.of_service(wanted.service).lower() == str(values["account"]).lower()
    identity = {"service": wanted.service} if virtual else {"account": values["account"]}
    return {"scheme": parts.scheme, "host_name": "", "address": address, "port": port, "identity": identity}


def put_back(wanted: Wanted, values: dict[str, t.Any], ask: Ask) -> tuple[list[Operation], str]:
    """Return what sets the service as it was, and what is not set, in words; raises Refused."""
    account, told = _possible(wanted, str(values["account"]), ask)
    planned = service.changes(_wanted(wanted, values, account), ask, check=False)
    before, now = tuple(values["variables"]), service_environment.found(wanted.service, ask)
    return [*planned.operations, *service_environment.operations(wanted.service, now, before)], told


def _possible(wanted: Wanted, account: str, ask: Ask) -> tuple[str, str]:
    """Return the account of before, or the one of now where nobody knows the former one's password."""
    now = str((ask(probe.service(wanted.service)) or {}).get("account", account))
    if now.lower() == account.lower() or not account_name.of(account).has_password:
        return account, ""
    told = (
        f"Service {wanted.service} keeps the account {now}, since nobody knows the password of {account}, which it had"
        " before: name both in the inventory and run install.yml."
    )
    return now, told


def _wanted(wanted: Wanted, values: t.Mapping[str, t.Any], account: str) -> wanted_service.Wanted:
    return wanted_service.Wanted(
        name=wanted.service,
        state="present",
        runtime=wanted.runtime,
        command=values["path"],
        account=account,
        password="",
        keeps_password=False,
        display_name=values["display_name"],
        description=values["description"],
        update_password=wanted_service.UPDATE[2],
        fingerprint_key="",
        force_identity=True,
        logon_right=False,
        start_mode=_MODES.get(values["start_mode"], "auto"),
        recovery=tuple((str(action), int(delay)) for action, delay in values["recovery"]),
        reset_seconds=values["reset"],
        replaces_site="",
        restart="auto",
        watch=(),
        drain=wanted.drain,
        guarded=frozenset(),
        environment=(),
    )
