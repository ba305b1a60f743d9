# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that is looked at twice at most, and never written to: what is not known then stays unknown."""

from __future__ import annotations

import typing as t

from ansible import constants as C
from ansible.errors import AnsibleActionFail

from .._core import probe
from .._core.probe import NotAnswered, Query
from .host import Host
from .snapshot import Snapshot

OF_THE_CONTROLLER = frozenset({"pending_restart", "settled", "done", "container", "host"})
"""Kinds of questions that are never sent."""


class Look:
    """What is known of a server, and what somebody would like to know. It has no way to write.

    Args:
        host: the server.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        self._missing: dict[str, Query] = {}

    @property
    def snapshot(self) -> Snapshot:
        """Return what is known."""
        return self._host.snapshot

    def ask(self, query: Query) -> t.Any:
        """Return a question's value.

        Raises:
            NotAnswered: the server could not answer it, or was not asked; then ``missing`` has it.
        """
        if query["kind"] == "host" and not self.snapshot.host:
            query = probe.policies()  # every answer comes with the facts of the host
        if query["kind"] in OF_THE_CONTROLLER:
            return self._host.ask(query)
        if query["kind"] == "controller":
            raise NotAnswered(query, "NotAsked", "an audit asks nobody but the server")
        if probe.key(query) not in self.snapshot.answers:
            self._missing[probe.key(query)] = query
            raise NotAnswered(query, "NotAsked", "the server was looked at twice, and a third look is not taken")
        return self.snapshot.value(query)

    def prepare(self, queries: t.Iterable[Query]) -> None:
        """Count questions that were not put yet as missing."""
        unknown = {probe.key(query): query for query in queries if query["kind"] not in OF_THE_CONTROLLER}
        self._missing |= {key: query for key, query in unknown.items() if key not in self.snapshot.answers}

    def take(self, *, first: bool) -> bool:
        """Ask all that is missing, in one execution; return whether anything was.

        Where a policy may keep secrets from being sent, they wait for the second look, which knows what is recorded.
        """
        missing, self._missing = list(self._missing.values()), {}
        harmless = [query for query in missing if not probe.carries_secret(query)]
        if first and (self._host.sends_no_secrets or C.DEFAULT_KEEP_REMOTE_FILES):  # type: ignore[attr-defined]  # made at run time
            missing = harmless
        if missing:
            try:
                self._host.prepare(missing)
            except AnsibleActionFail:
                if first or len(harmless) == len(missing):
                    raise
                self._host.prepare(harmless)
        return bool(missing)
