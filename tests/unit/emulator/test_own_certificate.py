"""The certificate that an agent with its own web server serves: of several with its subject, the one valid longest."""

from __future__ import annotations

import chain
import pytest
from emulator.windows.security.descriptors import service_sid


@pytest.mark.parametrize(("days", "serves_new"), [(5000, True), (20, False)])
def test_of_two_certificates_with_one_subject_the_one_that_is_valid_longest_is_served(days, serves_new):
    server = chain.server()
    done = chain.converge(server, chain.inventory(hosting="service", service_urls=[f"https://{chain.HOST}:8443"]))
    assert chain.failures(done) == []
    machine = server.machine
    before = machine.service_agents.thumbprint(chain.SERVICE)
    made = machine.certificates.make(subject=f"CN={chain.HOST}", days=days, names=[chain.HOST])
    machine.files.set_sddl(made.key_path, f"O:BAD:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;FR;;;{service_sid(chain.SERVICE)})")
    machine.services.stop(chain.SERVICE)
    machine.services.start(chain.SERVICE)
    assert machine.service_agents.thumbprint(chain.SERVICE) == (made.thumbprint if serves_new else before)
