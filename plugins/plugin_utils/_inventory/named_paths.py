# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Paths of settings that variables name, such as ``Connections:ADExport:Password``: which of them are misspelt.

A path that names nothing is no mistake by itself: variables of a group are shared by agents with other connections.
"""

from __future__ import annotations

import typing as t

from .._agent.connectors import CONNECTORS, connector_of
from .._dotnet.json_text import fold
from .._settings import protection
from .._settings.rules.known import KNOWN_AGENT, KNOWN_BELOW, KNOWN_GENERAL
from . import spelling
from .rules import Problem

Values = t.Mapping[str, t.Any]
Tree = dict[str, t.Any]
_DIGITS = str.maketrans("", "", "0123456789")


def problems(values: Values) -> t.Iterator[Problem]:
    """Yield the paths in which a name is misspelt for one that is there.

    Args:
        values: the values of all variables by name.
    """
    named = {f"im_agent_protections.{path}": str(path) for path in values.get("im_agent_protections") or {}}
    for variable in ("im_agent_plain_accepted", "im_agent_show"):
        paths = values.get(variable) or ()
        named |= {f"{variable}, entry {number}": str(path) for number, path in enumerate(paths, start=1)}
    tree = _known(values) if named else {}
    for variable, path in named.items():
        wrong, meant = _misspelt(protection.path_of(path), tree)
        if meant:
            yield Problem(variable, f"{path!r}, though there is no {wrong}", f"{meant}: correct the path")


def _misspelt(path: t.Iterable[str], tree: Tree) -> tuple[str, str]:
    """Return the first name of a path that is misspelt, and the one that is meant; empty for none."""
    node: t.Any = tree
    for name in path:
        if not isinstance(node, dict) or not node:
            break
        names = {fold(str(key)): key for key in node}
        if fold(name) in names:
            node = node[names[fold(name)]]
            continue
        near = spelling.nearest(fold(name), (key for key in names if _differs_in_letters(key, fold(name))))
        return (name, str(names[near])) if near else ("", "")
    return "", ""


def _differs_in_letters(first: str, second: str) -> bool:
    """Tell whether names differ in more than their numbers: ADExport2 is no slip of the keyboard for ADExport1."""
    return first.translate(_DIGITS) != second.translate(_DIGITS)


def _known(values: Values) -> Tree:
    """Return the names that a path may have: of the product, and of what the variables give."""
    tree: Tree = {name: {} for name in (*KNOWN_GENERAL, *KNOWN_AGENT)}
    for _file, section, keys in KNOWN_BELOW:
        _add(tree, section.split("."), {key: {} for key in keys})
    for variable, section in (
        ("im_agent_settings", ""),
        ("im_agent_agent_settings", ""),
        ("im_agent_connections", "Connections"),
        ("im_settings_databases", "Databases"),
        ("im_agent_openid_clients", "OpenId.OpenIdClients"),
    ):
        given = values.get(variable)
        if isinstance(given, dict):
            _add(tree, section.split(".") if section else [], given)
    for name, connection in (values.get("im_agent_connections") or {}).items():
        if isinstance(connection, dict):
            _add(tree, ["Connections", str(name)], {key: {} for key in _keys_of(connection)})
    return tree


def _keys_of(connection: Values) -> set[str]:
    """Return the keys that a connection may have; of all connectors where none recognises it."""
    connector = connector_of(connection)
    return {key for one in CONNECTORS if connector is None or connector is one for key in one.known}


def _add(tree: Tree, path: t.Iterable[str], more: t.Mapping[t.Any, t.Any]) -> None:
    """Add names below a path of a tree of names."""
    for name in path:
        tree = tree.setdefault(_same(tree, name), {})
    for key, value in more.items():
        inside = tree.setdefault(_same(tree, str(key)), {})
        if isinstance(value, dict) and isinstance(inside, dict):
            _add(tree, [str(key)], value)


def _same(tree: Tree, name: str) -> str:
    """Return the name as a tree has it, upper and lower case aside."""
    return next((key for key in tree if fold(key) == fold(name)), name)
