"""Each awkward server converges, or is refused with the named cause, as check mode says before anything is written."""

from __future__ import annotations

import dataclasses
import re

import awkward
import by_day
import pytest


@pytest.mark.parametrize("name", by_day.one_in(3, awkward.names()))
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


KINDS = {
    "bare": ("bare", "bare_2016", "bare_2025"),
    "IIS present": ("iis_present",),
    "bundle first": ("bundle_before_iis",),
    "wrong bundle major": ("bundle_of_a_wrong_major",),
    "default site customised": ("default_site_customised",),
    "port taken": ("port_taken", "host_name_taken"),
    "pool exists with other settings": ("pool_with_other_settings",),
    "SpecificUser to built-in": ("account_to_built_in_identity",),
    "password case": ("password_changed_in_case_only",),
    "gMSA": ("gmsa",),
    "Work on D:": ("work_on_another_disk",),
    "rights": ("rights_too_wide", "rights_too_narrow", "inheritance_switched_off", "foreign_deny"),
    "pool stopped by hand": ("pool_stopped_by_hand",),
    "site in another pool": ("site_in_another_pool",),
    "surplus bindings": ("surplus_binding",),
    "binding to a missing certificate": ("certificate_of_the_binding_gone",),
    "reboot pending": ("reboot_pending",),
    "locked file": ("locked_file",),
    "service mode fresh": ("service_fresh",),
    "mode switched both ways": ("iis_to_service", "service_to_iis"),
    "agent crashing at start": (
        "crash_by_environment_file",
        "crash_by_environment_variable",
        "crash_by_framework",
        "crash_by_missing_folder",
        "crash_by_unknown_client",
    ),
    "older Windows": ("older_windows",),
    "read-only disk": ("read_only_disk",),
}


@pytest.mark.parametrize("kind", KINDS)
def test_there_is_a_scenario_for_every_kind_of_awkward_server(kind):
    assert set(KINDS[kind]) <= set(awkward.names())


def test_a_scenario_with_a_key_that_means_nothing_is_refused(tmp_path, monkeypatch):
    (tmp_path / "odd.yml").write_text("about: odd\nsever: {}\n", "utf-8")
    monkeypatch.setattr(awkward, "FOLDER", tmp_path)
    with pytest.raises(ValueError, match="sever"):
        awkward.read("odd")
