"""What all unit tests share."""

from __future__ import annotations

import typing as t

import pytest
import ready_keys
from ansible_collections.imops.identity_manager.plugins.plugin_utils import _key_container
from cryptography.hazmat.primitives.asymmetric import rsa


@pytest.fixture(scope="session", autouse=True)
def _quick_keys() -> t.Iterator[None]:
    """Neither make keys nor make passwords hard to guess, which both take their time."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rsa, "generate_private_key", ready_keys.generate)
        patched.setattr(_key_container, "ROUNDS", 50)
        yield
