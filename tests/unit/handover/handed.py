"""An inventory, with or without a server behind it, and the sheet and papers that come of it."""

from __future__ import annotations

import json
import typing as t

import audited
import chain
from ansible_collections.imops.identity_manager.plugins.plugin_utils._handover import pages
from in_process import Server

SERVER = audited.SERVER
ACCOUNT = {"identity_username": "CONTOSO\\agent$", "identity_password": ""}


def sheet(server: Server, *, executions: int, asks: bool = True, **changes: t.Any) -> dict[str, t.Any]:
    """Return the sheet of a server, which is asked that often and stays as it is."""
    result = gathered(server, executions=executions, asks=asks, **changes)
    assert "sheet" in result, result
    return t.cast("dict[str, t.Any]", result["sheet"])


def gathered(server: Server, *, executions: int, asks: bool = True, **changes: t.Any) -> dict[str, t.Any]:
    """Return the task's result; names with a capital letter in ``changes`` are options of the module."""
    options = {name.lower(): changes.pop(name) for name in list(changes) if name[0].isupper()}
    before = audited.state(server)
    server.new_run()
    server.variables = {**audited.variables(**changes)}
    result = server.run("win_im_agent_handover", {"ask": asks, **options})
    assert server.executions == executions
    assert audited.state(server) == before
    assert not [canary for canary in chain.CANARIES.values() if canary in json.dumps(result)]
    return result


def papers(*sheets: dict[str, t.Any], **missing: str) -> dict[str, str]:
    """Return the papers of some sheets."""
    return pages.files(sheets, missing)
