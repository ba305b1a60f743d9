"""A warning: a sentence that is a text everywhere, and keeps what it is about."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.warned import Warned, WarningKind

WARNED = Warned("C:\\x: found that Users may write", WarningKind.WRITABLE, "C:\\x")


@pytest.mark.parametrize("copied", [copy.deepcopy, copy.copy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_about_the_same(copied):
    made = copied(WARNED)
    assert (made, made.kind, made.about) == (WARNED, WarningKind.WRITABLE, "C:\\x")


def test_it_is_its_sentence():
    assert str(WARNED) == WARNED
    assert type(f"{WARNED}") is str
    assert json.loads(json.dumps([WARNED])) == [str(WARNED)]
    assert {WARNED: 1}[str(WARNED)] == 1


def test_no_two_kinds_are_the_same_text():
    assert len({str(kind) for kind in WarningKind}) == len(WarningKind)
