# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The addresses that HTTP.sys listens on, where somebody has limited them (netsh http add iplisten)."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask, Query
from .._core.warned import Warned, WarningKind
from .wanted_site import Wanted

# Belief [iplisten]: the list is this value, and where it has an entry HTTP.sys listens nowhere else, not on 127.0.0.1
# either; learn.microsoft.com "netsh http", add iplisten.
PARAMETERS, LIST = "HKLM:\\SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters", "ListenOnlyList"
_ALL = frozenset({"0.0.0.0", "::"})  # noqa: S104  # what a list may have
_LOCAL = frozenset({"127.0.0.1", "::1"})


def question() -> Query:
    """Ask for the list."""
    return probe.registry(PARAMETERS, LIST)


def warnings(wanted: Wanted, ask: Ask) -> t.Iterator[Warned]:
    """Yield what the list leaves out: addresses of bindings, and the one that the verification asks."""
    answer = ask(question())
    listed = frozenset((answer or {"values": {}})["values"].get(LIST, {}).get("data") or ())
    if not listed or listed & _ALL:
        return
    only = f"HTTP.sys listens on {', '.join(sorted(listed))} only (netsh http show iplisten)"
    for b in wanted.bindings:
        if b.binding.address not in {"*", *listed}:
            text = f"{only}, which leaves out the binding {b.binding.key}: nobody reaches it until its address is added"
            yield Warned(text, WarningKind.LISTENS_ELSEWHERE, b.binding.key)
    if not listed & _LOCAL:
        yield Warned(
            f"{only}, which leaves out 127.0.0.1: set im_verify_address to one of these, or add it (netsh http add"
            " iplisten 127.0.0.1), or the verification gets no answer",
            WarningKind.LISTENS_ELSEWHERE,
            "127.0.0.1",
        )
