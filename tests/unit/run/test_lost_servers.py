"""While a rollout is at a server, one that is not reached fails its task, and the rollout's rescue notes it."""

from __future__ import annotations

import pypsrp.exceptions
import pytest
import requests
from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure
from ansible_collections.imops.identity_manager.plugins.plugin_utils._run import action


@pytest.mark.parametrize(
    ("error", "is_lost"),
    [
        (AnsibleConnectionFailure("no route"), True),
        (requests.exceptions.ConnectionError("reset"), True),
        (pypsrp.exceptions.WinRMTransportError("http", 500, "fault"), True),
        (AnsibleActionFail("the pool is not there"), False),
        (OSError("a file of the controller"), False),
    ],
)
def test_errors_of_the_connection_are_told_from_others(error, is_lost):
    assert action._is_of_the_connection(error) is is_lost
