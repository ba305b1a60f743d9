"""The survey specifications: what AWX accepts, and what the roles' argument specs say of each variable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

ROOT = Path(__file__).resolve().parents[2]
SURVEYS = sorted((ROOT / "docs" / "awx").glob("*.json"))
# After AWX's own check of a survey: the type of a question, and that of its default.
TYPES = {"text": str, "textarea": str, "password": str, "multiplechoice": str, "integer": int, "float": float}
FITTING = {
    "integer": {"int"},
    "float": {"float"},
    "multiplechoice": {"str", "bool"},
    "text": {"str", "path"},
    "password": {"str"},
}
SPECS = [yaml.safe_load(path.read_text("utf-8")) for path in (ROOT / "roles").glob("*/meta/argument_specs.yml")]
OPTIONS = {name: option for spec in SPECS for name, option in spec["argument_specs"]["main"]["options"].items()}
WITHOUT = {"ping", "start", "remove"}
"""Playbooks with nothing to ask, and one that wants each host named by hand."""
QUESTIONS = [
    pytest.param(question, id=f"{path.stem}-{question['variable']}")
    for path in SURVEYS
    for question in json.loads(path.read_text("utf-8"))["spec"]
]


def understood(variable, value):
    """Return a value as the role gets it; fails the test where the role refuses it."""
    found = ArgumentSpecValidator({variable: OPTIONS[variable] | {"required": False}}).validate({variable: value})
    assert found.error_messages == []
    return found.validated_parameters[variable]


def test_there_is_a_survey_for_each_playbook_with_variables():
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert {path.stem for path in SURVEYS} == playbooks - WITHOUT


@pytest.mark.parametrize("path", SURVEYS, ids=lambda path: path.stem)
def test_awx_accepts_the_survey(path):
    survey = json.loads(path.read_text("utf-8"))
    assert set(survey) == {"name", "description", "spec"}
    assert survey["spec"]
    variables = [question["variable"] for question in survey["spec"]]
    assert len(variables) == len(set(variables))
    for question in survey["spec"]:
        assert isinstance(question["required"], bool)
        assert isinstance(question["default"], TYPES[question["type"]])
        if question["type"] == "multiplechoice":
            assert question["default"] in question["choices"]
        for limit in ("min", "max"):
            assert question.get(limit) is None or type(question[limit]) is int


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_question_is_a_variable_of_the_role_and_every_answer_is_understood(question):
    variable = question["variable"]
    option = OPTIONS[variable]
    assert option.get("type", "str") in FITTING[question["type"]]
    assert bool(option.get("no_log")) is (question["type"] == "password")
    assert understood(variable, str(question["default"])) == understood(variable, option["default"])
    if option.get("choices"):
        assert sorted(question["choices"]) == sorted(option["choices"])
    for answer in (*question.get("choices", ()), question.get("min"), question.get("max")):
        if answer is not None:
            understood(variable, str(answer))
