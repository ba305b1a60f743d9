# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The key pairs that an agent uses, as entries of ``im_agent_certificates``."""

from __future__ import annotations

import base64
import re
import typing as t

from .._certificates import in_settings
from .._certificates.in_settings import Named
from .._core import probe
from .._core.probe import Ask
from .._windows.certificate import Certificate, describe_readable
from .._windows.iis_config import Served
from .settings_found import Found
from .variable import Description, Secret

MACHINE, MY = "LocalMachine", "My"
NEEDED = ("encryption", "identity_server")


def entries(
    runtime: str, settings: Found, served: Served | None, described: Description, ask: Ask, *, https: bool
) -> list[dict[str, t.Any]]:
    """Return the entries, and tell what is lacking or cannot be said.

    Args:
        runtime: the agent's Runtime folder.
        settings: what its settings files hold.
        served: the certificate of its https binding.
        described: gets what is told.
        ask: answers questions.
        https: whether it listens on https, so that a pair for it is needed.
    """
    named = {} if settings.unreadable else in_settings.by_use(runtime, ask)
    found = []
    for use in ("encryption", "identity_server", "password_reset"):
        if use in named:
            entry = (
                _in_file(runtime, use, named[use], described, ask) if named[use].file else _entry(use, named[use], ask)
            )
            found.append(entry)
        elif use in NEEDED:
            described.lacking.append(f"a key pair for use {use}: the settings name none, so one is created")
            found.append({"use": use})
    if https:
        found.append(_of_binding(served, described))
    return _shared(found)


def _of_binding(served: Served | None, described: Description) -> dict[str, t.Any]:
    if served is None:
        described.lacking.append("a certificate of the https binding: none was found, so one is created")
        return {"use": "server"}
    return _in_store("server", served.thumbprint, MACHINE, served.store)


def _in_store(use: str, thumbprint: str, location: str, store: str) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {"use": use, "source": "store", "thumbprint": thumbprint}
    if location.lower() not in {"", MACHINE.lower()}:
        entry["store_location"] = "CurrentUser"
    if store.lower() not in {"", MY.lower()}:
        entry["store_name"] = store
    return entry


def _entry(use: str, named: Named, ask: Ask) -> dict[str, t.Any]:
    """Return a pair of a store: by its thumbprint, where the settings name one certificate."""
    if named.thumbprint:
        return _in_store(use, named.thumbprint, named.location, named.store)
    found = matching(named, ask)
    if len(found) == 1:
        return _in_store(use, found[0].thumbprint, named.location, named.store)
    entry = _in_store(use, "", named.location, named.store)
    del entry["thumbprint"]
    return {**entry, "subject": named.subject if "=" in named.subject else f"CN={named.subject}"}


def matching(named: Named, ask: Ask) -> list[Certificate]:
    """Return the certificates of the store that the settings name by a subject."""
    answer = ask(probe.certificates(named.location or MACHINE, named.store or MY)) or ()
    ders = [base64.b64decode(item["certificate"]) for item in answer if item["has_private_key"]]
    return [certificate for certificate in describe_readable(ders) if named.matches(certificate)]


def names(served: Served, ask: Ask) -> list[str]:
    """Return the host names that the certificate of a binding is for, but for those with a wildcard."""
    answer = ask(probe.certificates(MACHINE, served.store)) or ()
    ders = [base64.b64decode(item["certificate"]) for item in answer]
    found = [certificate for certificate in describe_readable(ders) if certificate.thumbprint == served.thumbprint]
    return [name for name in (found[0].names if found else ()) if re.fullmatch(r"[a-z0-9.-]*[a-z][a-z0-9.-]*", name)]


def _in_file(runtime: str, use: str, named: Named, described: Description, ask: Ask) -> dict[str, t.Any]:
    """Return a pair that is a PFX file of the server, whose password the settings have."""
    password = in_settings.password(runtime, use, ask)
    if not password:
        described.beyond.append(
            f"the password of {named.file} (use {use}): the settings do not have it in clear, and the controller opens"
            " the file with it: give it as file_password"
        )
    return {"use": use, "place": "file", "path": named.file, "file_password": Secret(password or None)}


def _shared(entries: list[dict[str, t.Any]]) -> list[dict[str, t.Any]]:
    """Return the entries, those of one pair of a store as one that others share."""
    first: dict[str, str] = {}
    found = []
    for entry in entries:
        place = str([entry.get(key) for key in ("thumbprint", "store_location", "store_name")])
        shared = entry.get("thumbprint") and place in first and entry["use"] != "server"
        found.append({"use": entry["use"], "same_as": first[place]} if shared else entry)
        if entry.get("thumbprint"):
            first.setdefault(place, entry["use"])
    return found
