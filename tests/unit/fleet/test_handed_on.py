"""What a play of a rollout hands on to the next ones."""

from __future__ import annotations

from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet import handed_on

ORDER = {"verify": handed_on.NOBODY, "order": ["agent1", "agent2"], "serial": [1], "over": False}


class Counting(dict):
    """The variables of all servers, which count how often one of them is asked for its own."""

    asked = 0

    def __getitem__(self, name):
        self.asked += 1
        return super().__getitem__(name)


def test_the_variables_of_one_server_are_enough():
    known = Counting({f"agent{number}": {"im_rollout_next": {**ORDER, "changed": False}} for number in range(100)})
    assert handed_on.found(known, list(known)) == ORDER
    assert known.asked == 1


def test_a_server_that_has_none_is_passed_over():
    known = {"other": {}, "agent1": {"im_rollout_next": {"failed": True}}, "agent2": {"im_rollout_next": ORDER}}
    assert handed_on.found(known, ["not there", *known]) == ORDER


def test_without_any_nobody_is_meant_and_nothing_is_over():
    nobody = {"verify": ["!all"], "order": ["!all"], "serial": [1], "over": False}
    assert handed_on.found({}, []) == handed_on.found({"agent1": {}}, ["agent1"]) == nobody


def test_it_is_over_where_nothing_is_verified_or_begun():
    assert handed_on.result([], [], []) == {"verify": ["!all"], "order": ["!all"], "serial": [1], "over": True}
    assert not handed_on.result(["agent1"], [], [])["over"]
    assert handed_on.result([], ["agent1"], [1]) == {
        "verify": ["!all"],
        "order": ["agent1"],
        "serial": [1],
        "over": False,
    }
