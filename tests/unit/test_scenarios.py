"""Each awkward server converges, or is refused with the named cause, as check mode says before anything is written."""

from __future__ import annotations

import dataclasses
import re

import awkward
import pytest


@pytest.mark.parametrize("name", awkward.names())
def test_an_awkward_server_converges_or_is_refused_with_its_cause(name):
    scenario, outcome = awkward.read(name), awkward.run(name)
    if "refused" in scenario:
        assert re.search(scenario["refused"], outcome.result), outcome.result
    else:
        assert outcome.result == "converged"
        assert outcome.second_run_changed == ()
        assert outcome.second_run_executions <= 2, "one probe, and one for the proof"
    assert outcome.check_equals_apply
    assert outcome.restarts <= 1
    if "changes" in scenario:
        assert list(outcome.changed) == sorted(scenario["changes"])
    if "warns" in scenario:
        assert any(scenario["warns"] in warning for warning in outcome.warnings)


def test_the_summary_of_a_scenario_says_converged_or_why_it_was_refused():
    rest = {"check_equals_apply": True, "second_run_executions": 2, "restarts": 1}
    converged = awkward.Outcome("converged", True, 2, (), 1, (), ())
    assert converged.summary() == {"converged": True, **rest}
    refused = dataclasses.replace(converged, result="refused: win_im_site: why").summary()
    assert refused == {"refused": "win_im_site: why", **rest}


def test_there_is_a_scenario_for_every_kind_of_server_that_the_issue_of_hosting_names():
    assert len(awkward.names()) >= 25


def test_a_scenario_with_a_key_that_means_nothing_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odd.yml").write_text("about: odd\nsever: {}\n", "utf-8")
    monkeypatch.setattr(awkward, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="sever"):
        awkward.read("odd")
