"""Answers that IIS and HTTP.sys give by themselves, as they were reported: none of them verifies the agent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from test_planted_faults import answer, bad, verify

ANSWERS = json.loads((Path(__file__).parent / "reported" / "03_answers_of_iis_itself.json").read_text("utf-8"))
CAUSES = {
    "401.3": "rights",
    "403.14": "web.config",
    "403.7": "client certificate",
    "Invalid Hostname": "host name",
    "": "redirect",
    "<title>IIS Windows Server</title>": "Default Web Site",
}


@pytest.mark.parametrize("reported", ANSWERS, ids=[str(one["status"]) for one in ANSWERS])
def test_an_answer_of_iis_itself_verifies_nothing_and_names_its_cause(reported):
    headers = {"location": "https://other.contoso.com/"} if reported["status"] == 302 else {}
    given = answer(reported["status"], reported["body"], **headers) | {"reason": reported["reason"]}
    found = {one.id: one.sentence for one in bad(verify({"http": given}, {}))}
    (words,) = [words for part, words in CAUSES.items() if (part in reported["body"] if part else not reported["body"])]
    assert words.lower() in found["agent_answers"].lower()
