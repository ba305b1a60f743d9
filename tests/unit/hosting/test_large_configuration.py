"""applicationHost.config of any size, and with values that IIS itself refuses."""

from __future__ import annotations

import base64

import chain
import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._windows import iis_config


@pytest.mark.nightly
def test_an_agent_is_found_as_it_is_in_a_configuration_of_six_mebibytes():
    server = chain.server()
    assert chain.failures(chain.converge(server, chain.inventory())) == []
    files = server.machine.files
    text = files.read(iis_config.PATH)
    files.write(iis_config.PATH, text.replace(b"</configuration>", b"<!--" + b" " * 6 * 2**20 + b"--></configuration>"))
    again = chain.converge(server, chain.inventory(), check=True)
    assert (chain.failures(again), chain.changed(again)) == ([], set())


def test_a_configuration_that_is_not_read_is_refused_with_its_size():
    with pytest.raises(
        Refused, match=r"applicationHost\.config: found 99999999 bytes, wanted at most .*nothing was written"
    ):
        iis_config.content({"type": "file", "size": 99999999, "content": None})
    answer = {"type": "file", "size": 1, "content": base64.b64encode(b"x").decode()}
    assert iis_config.content(answer) == b"x"


BAD = ["Sni", "-1", "1.0"]


@pytest.mark.parametrize("flags", BAD)
def test_a_number_that_is_none_is_refused_by_its_place(flags):
    binding = f'<binding protocol="https" bindingInformation="*:443:a" sslFlags="{flags}" />'
    site = f'<site name="Shop" id="1"><bindings>{binding}</bindings></site>'
    text = f"<configuration><system.applicationHost><sites>{site}</sites></system.applicationHost></configuration>"
    found = rf"binding \*:443:a: found sslFlags='{flags}', wanted a whole number. IIS cannot read it"
    with pytest.raises(Refused, match=found):
        iis_config.parse(text.encode())
