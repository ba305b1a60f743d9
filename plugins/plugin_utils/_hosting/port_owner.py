# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which process listens on a port of the server: asked only where somebody has to be told, since it takes seconds."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask

SYSTEM = 4
"""The process in which HTTP.sys listens, for IIS and for whichever other program asks it to."""


def of(port: int, ask: Ask) -> t.Mapping[str, t.Any]:
    """Return what is known of the process: ``process_id`` and ``process``, or nothing."""
    # Belief [listener-owners]: what HTTP.sys listens on belongs to process 4, learn.microsoft.com "HTTP Server API".
    return next((one for one in ask(probe.listeners(owners=True)) if one["port"] == port), {})


def is_http_sys(owner: t.Mapping[str, t.Any]) -> bool:
    """Tell whether IIS can listen there too: HTTP.sys tells apart by address and name whose request it is."""
    return owner.get("process_id") == SYSTEM


def words(owner: t.Mapping[str, t.Any]) -> str:
    """Return who it is, or how to find out."""
    if "process_id" not in owner:
        return "netstat -abno names it"
    return f"{owner['process'] or 'a process'}, number {owner['process_id']}"
