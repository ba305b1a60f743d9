"""What the playbooks say where they fail: sentences, and no list in Python's spelling."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template

PLAYBOOKS = Path(__file__).resolve().parent.parent.parent / "playbooks"
TWO = ["the account is no administrator: add it", "the clock is wrong: correct it"]
FOUND = {
    "identity": {"im_identity_result": {"problems": TWO}},
    "ping": {"im_ping_result": {"problems": TWO[1:], "problem": TWO[0]}},
}


def message(name, variables):
    (play,) = yaml.safe_load((PLAYBOOKS / f"{name}.yml").read_text("utf-8"))
    (text,) = [task["ansible.builtin.fail"]["msg"] for task in play["tasks"] if "ansible.builtin.fail" in task]
    return Templar(DataLoader(), variables=variables).template(trust_as_template(text))


@pytest.mark.parametrize("name", FOUND)
def test_several_problems_are_one_sentence_after_another(name):
    assert message(name, FOUND[name]) == ". ".join(TWO)


def test_a_server_that_was_reached_has_only_what_is_in_the_way():
    assert message("ping", {"im_ping_result": {"problems": TWO[:1]}}) == TWO[0]
