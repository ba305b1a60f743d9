# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proxy by which the agent's own process goes to an https address, in the form of the probe's questions."""

from __future__ import annotations

import typing as t

from .._core import probe
from .._core.probe import Ask
from .._dotnet import proxy
from . import held_settings
from .wanted import Wanted


def to(host: str, wanted: Wanted, ask: Ask) -> dict[str, t.Any]:
    """Return the field ``proxy`` of a question to a host, or nothing where .NET takes no proxy: there is none, it is in
    a form that .NET ignores, or the host needs none.
    """
    found = {one.name.upper(): one.value for one in held_settings.variables_of(wanted, ask)}
    value, without = found.get(proxy.HTTPS_PROXY, ""), found.get(proxy.NO_PROXY, "").split(",")
    if not value or proxy.why_not_read(proxy.HTTPS_PROXY, value) or proxy.is_bypassed(host, without):
        return {}
    return probe.by_proxy(*proxy.address(value))
