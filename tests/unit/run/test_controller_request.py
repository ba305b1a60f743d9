"""The controller's own request to the agent: a name that nobody has is told from a DNS that does not answer."""

from __future__ import annotations

import socket

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import probe
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import controller_request


@pytest.mark.parametrize(
    ("number", "kind"), [(socket.EAI_NONAME, probe.NAME_UNKNOWN), (socket.EAI_AGAIN, "gaierror")], ids=["none", "again"]
)
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_only_a_name_that_has_no_address_is_unknown(monkeypatch, scheme, number, kind):
    def lookup(*_arguments, **_options):
        raise socket.gaierror(number, "told by the resolver")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    with pytest.raises(probe.NotAnswered) as raised:
        controller_request.answer(probe.controller(scheme, "agent.contoso.com", 443, "/", 1))
    assert raised.value.kind == kind
    assert "told by the resolver" in raised.value.message
