"""A Runtime folder whose inheritance somebody switched off: the agent runs until its next start, and not after it."""

from __future__ import annotations

import chain
import pytest

ADMINISTRATORS_ONLY = "O:BAG:SYD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
"""As it was reported: SYSTEM and Administrators, and nothing from the working directory."""


@pytest.mark.parametrize("hosting", ["iis", "service"])
def test_it_is_told_by_the_verification_and_granted_by_the_next_run(hosting):
    server, inventory = chain.server(), chain.inventory(hosting=hosting)
    done = chain.converge(server, inventory)
    assert chain.failures(done) == []
    server.machine.files.set_sddl(chain.RUNTIME, ADMINISTRATORS_ONLY)
    server.new_run()
    certificates = done["win_im_cert_pair"]["certificates"]
    health = server.run("win_im_agent_health", chain.arguments("win_im_agent_health", inventory, certificates))
    assert health["failed"]
    assert f"on {chain.RUNTIME}" in health["msg"]
    assert "Run im_permissions" in health["msg"]
    again = chain.converge(server, inventory)
    assert chain.failures(again) == []
    assert "win_im_permissions" in chain.changed(again)
    assert chain.changed(chain.converge(server, inventory)) == set()
