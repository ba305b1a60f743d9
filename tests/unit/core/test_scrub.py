"""Known secrets are masked inside what people read; what the next task reads stays as it is."""

from __future__ import annotations

import pytest
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core import scrub


@pytest.mark.parametrize(
    ("data", "secrets", "expected"),
    [
        ("found 'canary-1'", {"canary-1"}, "found '********'"),
        (["a canary-12", {"k": "canary-1"}], {"canary-1", "canary-12"}, ["a ********", {"k": "********"}]),
        ("My store", {"My", "e", "1", "store"}, "My store"),  # too short to be told from words
        ({"canary-1": 7}, {"canary-1"}, {"canary-1": 7}),
        ("text", set(), "text"),
        # Values that look like secrets, quoted by messages.
        ("found 'https://u:canary@host', wanted", set(), "found ********, wanted"),
        ('found "it\'s password=canary", wanted', set(), "found ********, wanted"),
        ("the server's password: it's the agent's", set(), "the server's password: it's the agent's"),
        ("found 'https://host', wanted 'a'", set(), "found 'https://host', wanted 'a'"),
        (['"Password": "********"'], set(), ['"Password": "********"']),
    ],
)
def test_secrets_of_six_characters_are_masked_inside_texts(data, secrets, expected):
    assert scrub.scrubbed(data, secrets) == expected


def test_what_the_next_task_reads_is_not_changed():
    result = {"certificates": {"file": "C:\\identitymanagerContoso\\a.pfx"}, "msg": "wrong: Contoso", "changed": True}
    assert scrub.for_people(result, {"Contoso"}) == {**result, "msg": "wrong: ********"}
