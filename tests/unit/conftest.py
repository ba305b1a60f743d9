"""What all unit tests share."""

from __future__ import annotations

import typing as t

import opened_once
import pytest
import ready_keys
import templates_once
from ansible_collections.imops.identity_manager.plugins.plugin_utils._certificates import key_container
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(scope="session", autouse=True)
def _quick() -> t.Iterator[None]:
    """Neither make keys nor make passwords hard to guess, and compile templates once: all take their time."""
    with pytest.MonkeyPatch.context() as patched:
        templates_once.compiled_once(patched)
        opened_once.opened_once(patched)
        patched.setattr(rsa, "generate_private_key", ready_keys.generate)
        patched.setattr(key_container, "ROUNDS", 50)
        yield
