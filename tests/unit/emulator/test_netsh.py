"""netsh of an emulated server: a certificate of HTTP.sys is deleted at the place that is named, and nowhere else."""

from __future__ import annotations

import chain
import pytest
from emulator.handlers import HANDLERS
from emulator.model.model_engine import ModelEngine
from in_process import SEARCH

NAME, ADDRESS, THUMBPRINT = "a.contoso.com:443", "0.0.0.0:443", "AB" * 20
CASES = [
    (["http", "delete", "sslcert", f"hostnameport={NAME}"], 0, (False, True)),
    (["http", "delete", "sslcert", f"ipport={ADDRESS}"], 0, (True, False)),
    (["http", "delete", "sslcert", f"ipport={NAME}"], 1, (True, True)),
    (["http", "delete", "sslcert", "hostnameport=b.contoso.com:443"], 1, (True, True)),
    (["http", "delete", "sslcert"], 1, (True, True)),
    (["http", "show", "sslcert", f"ipport={ADDRESS}"], 1, (True, True)),
]


@pytest.mark.parametrize(("arguments", "code", "left"), CASES)
def test_only_the_entry_that_is_named_is_deleted(arguments, code, left):
    machine = chain.server({"features": ["Web-Server"]}).machine
    bindings = machine.iis.httpsys
    bindings.set(NAME, THUMBPRINT, "My", sni=True)
    bindings.set(ADDRESS, THUMBPRINT, "My", sni=False)
    engine = ModelEngine(machine, HANDLERS, (), SEARCH)
    done = engine.call("ansible.windows.win_command", {"argv": ["netsh.exe", *arguments]}, check=False, diff=False)
    assert done["rc"] == code
    assert bool(done.get("failed")) is bool(code)
    found = (bindings.get(NAME, sni=True), bindings.get(ADDRESS, sni=False))
    assert tuple(entry is not None for entry in found) == left
