# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of a connection plugin, and how a server is reached by them."""

from __future__ import annotations

import typing as t

from ansible.errors import AnsibleError
from ansible.plugins.connection import ConnectionBase

from .._reach import connection
from .._reach.connection import Connection


def value(plugin: ConnectionBase, name: str) -> t.Any:
    """Return an option's value; None where the plugin has no such option, or nobody can say its value."""
    try:
        return plugin.get_option(name)
    except (KeyError, AnsibleError):
        return None


def way(plugin: ConnectionBase, address: str) -> Connection:
    """Return how a server is reached.

    Args:
        plugin: the task's connection.
        address: where the server is, as the inventory names it.
    """
    return connection.of(str(plugin._load_name), lambda name: value(plugin, name), address)
