# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Fragments of the agent's settings, put together as the product does when it starts. Docs: merged_settings.yml."""

from __future__ import annotations

import typing as t

from .._agent.settings_files import KEY_VAULT, chain
from .._core.plan import Refused
from .._core.value_kind import kind
from .._dotnet import configuration
from .._dotnet.configuration import SEPARATOR, VAULT_SEPARATOR, RepeatedKey, Source


def merged(fragments: t.Any, environment: str) -> dict[str, t.Any]:
    """Return what the agent sees.

    Args:
        fragments: settings by the name of their file, or ``settings_files.KEY_VAULT``, in any order; None for a
            file that is missing.
        environment: the value of ASPNETCORE_ENVIRONMENT.

    Raises:
        Refused: a fragment whose place is not known, or that is no section; a key twice in a fragment; a key that is a
            value in one fragment and a section in another.
    """
    order = chain(environment)
    if not isinstance(fragments, dict):
        raise Refused(f"found {kind(fragments)}, wanted a dictionary of settings by the name of their file")
    known = {name.lower(): name for name in order}
    given: dict[str, t.Any] = {}
    for name, data in fragments.items():
        own = known.get(str(name).lower())
        if own is None:
            raise Refused(f"found the fragment {name!r}, wanted names among {', '.join(order)}")
        if own in given:
            raise Refused(f"found the fragment {own} twice; Windows ignores the case of file names: keep one")
        if data is not None and not isinstance(data, dict):
            raise Refused(f"{own}: found {kind(data)}, wanted a dictionary of settings")
        given[own] = data
    try:
        settings = configuration.merged(
            Source(name, given.get(name) or {}, VAULT_SEPARATOR if name == KEY_VAULT else SEPARATOR) for name in order
        )
    except RepeatedKey as error:
        raise Refused(f"{error}; .NET refuses such a file: keep one") from None
    for conflict in settings.conflicts():
        raise Refused(
            f"{conflict.path}: found a value in {conflict.value_source} and a section in {conflict.section_source};"
            " .NET keeps both, and the product reads only one. Keep one of them"
        )
    return settings.tree()
