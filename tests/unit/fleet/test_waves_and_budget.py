"""What the variables of a rollout may be: waves, order, budget and times."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest
import yaml
from ansible_collections.imops.identity_manager.plugins.plugin_utils._core.plan import Refused
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet import kinds, waves
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.budget import Budget
from ansible_collections.imops.identity_manager.plugins.plugin_utils._fleet.window import Window

SERVERS = tuple(f"s{number}" for number in range(200))


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        ([1, "10%", "25%", "100%"], [1, 19, 30, 150]),
        ("[1, 10%, 25%, 100%]", [1, 19, 30, 150]),
        ("1,100%", [1, 199]),
        (["100%"], [200]),
        ([300, "100%"], [200]),
    ],
)
def test_waves_are_cumulative(given, sizes):
    assert [len(wave.servers) for wave in waves.cut(SERVERS, waves.steps(given))] == sizes


def test_a_percentage_of_a_few_servers_is_one_of_them_and_a_step_that_adds_none_is_no_wave():
    found = waves.cut(("a", "b", "c"), waves.steps([1, "10%", "25%", "100%"]))
    assert [(wave.number, wave.upto, wave.servers) for wave in found] == [(1, "1", ("a",)), (2, "100%", ("b", "c"))]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ([], "found []"),
        ({}, "found {}"),
        ([1, "10%"], "found '10%' at the end"),
        ([1], "found '1' at the end"),
        (["0", "100%"], "found '0'"),
        (["120%"], "found '120%'"),
        (["25%", "10%", "100%"], "each has to be more"),
        (["ten", "100%"], "found 'ten'"),
        ([1, 2, 3, 4, 5, 6, "100%"], "found 7 waves"),
    ],
)
def test_waves_that_leave_servers_out_or_go_back_are_refused(given, found):
    with pytest.raises(Refused, match="im_rollout_waves") as refusal:
        waves.steps(given)
    assert found in str(refusal.value)


def test_servers_are_ordered_by_group_then_by_value_and_canaries_come_first():
    servers = ("a", "b", "c", "d", "e")
    keys = {"a": "9", "b": 10, "c": "west", "d": "", "e": "east"}
    assert waves.ordered(servers) == servers
    assert waves.ordered(servers, keys=keys) == ("a", "b", "e", "c", "d")
    assert waves.ordered(servers, [{"e"}, {"d", "e"}]) == ("e", "d", "a", "b", "c")
    assert waves.ordered(servers, [{"c", "b"}], keys, ["d"]) == ("d", "b", "c", "a", "e")
    with pytest.raises(Refused, match="im_rollout_canaries: found nobody"):
        waves.ordered(servers, canaries=["nobody"])


@pytest.mark.parametrize(
    ("given", "texts", "allowed"),
    [
        (1, ["1"], {0: 1, 199: 1}),
        ("3", ["3"], {0: 3}),
        ("10%", ["10%"], {0: 20}),
        ("10% after 20", ["1", "10% after 20"], {0: 1, 19: 1, 20: 20}),
        ("2, 5% after 40", ["2", "5% after 40"], {39: 2, 40: 10}),
        ([30, "5% after 40"], ["30", "5% after 40"], {39: 30, 40: 30}),
        (["2", "5% after 40"], ["2", "5% after 40"], {40: 10}),
    ],
)
def test_a_budget_never_shrinks(given, texts, allowed):
    budget = Budget.of(given)
    assert budget.texts == texts
    assert Budget.of(budget.texts) == budget
    assert {done: budget.allowed(200, done) for done in allowed} == allowed


@pytest.mark.parametrize(
    "given", [0, "", None, True, "-1", "1.5", "0%", "101%", "2, 10%", "1, 2", "10%, 20%", "ten", {}]
)
def test_a_budget_that_allows_nothing_or_is_ambiguous_is_refused(given):
    with pytest.raises(Refused, match="im_rollout_budget"):
        Budget.of(given)


def at(text):
    return datetime.datetime.fromisoformat(text).astimezone(datetime.UTC)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-30T21:59:59+01:00", False),  # a Monday
        ("2026-11-30T22:00:00+01:00", True),
        ("2026-12-01T03:59:59+01:00", True),
        ("2026-12-01T04:00:00+01:00", False),
        ("2026-12-05T03:00:00+01:00", True),  # Saturday morning belongs to Friday
        ("2026-12-05T22:30:00+01:00", False),
        ("2026-12-07T03:00:00+01:00", False),  # Monday morning belongs to Sunday
        ("2026-07-01T20:30:00+00:00", True),  # 22:30 in summer
        ("2026-12-01T20:30:00+00:00", False),  # 21:30 in winter
    ],
)
def test_a_window_is_of_its_zone_and_a_night_belongs_to_the_day_on_which_it_begins(moment, is_open):
    assert Window.of("Mon-Fri 22:00-04:00 Europe/Paris").is_open(at(moment)) is is_open


def test_a_window_tells_when_it_opens():
    window = Window.of(["sat,sun 08:00-24:00 UTC", "wed 01:00-02:00 UTC"])
    assert window.texts == ["sat,sun 08:00-24:00 UTC", "wed 01:00-02:00 UTC"]
    assert window.opens(at("2026-11-30T12:00:00+00:00")) == at("2026-12-02T01:00:00+00:00")
    assert window.opens(at("2026-12-02T02:00:00+00:00")) == at("2026-12-05T08:00:00+00:00")
    assert window.is_open(at("2026-12-05T23:59:59+00:00"))
    assert not window.is_open(at("2026-12-07T00:00:00+00:00"))
    assert Window.of([]).is_open(at("2026-12-07T00:00:00+00:00"))
    assert Window.of("").spans == ()
    assert Window.of("daily 00:00-24:00 UTC").is_open(at("2026-12-07T00:00:00+00:00"))


def test_a_window_over_the_change_of_the_clocks_goes_by_the_clock_on_the_wall():
    window = Window.of("sun 01:00-05:00 Europe/Paris")
    assert window.is_open(at("2026-10-25T03:59:59+00:00"))  # 04:59:59, five hours after it began
    assert not window.is_open(at("2026-10-25T04:00:00+00:00"))
    assert window.is_open(at("2026-03-29T02:59:59+00:00"))
    assert not window.is_open(at("2026-03-29T03:00:00+00:00"))


@pytest.mark.parametrize(
    "given",
    [
        "22:00-04:00",
        "mon 22:00-04:00",
        "mon 22:00-25:00 UTC",
        "mon 22:60-23:00 UTC",
        "funday 01:00-02:00 UTC",
        "mon-daily 01:00-02:00 UTC",
        "mon 01:00-02:00 Mars/Olympus",
        {"days": "mon"},
        [1],
    ],
)
def test_a_window_that_nobody_understands_is_refused(given):
    with pytest.raises(Refused, match="im_rollout_window"):
        Window.of(given)


def test_another_kind_is_refused_and_so_is_a_rollback_without_its_whole_version():
    for kind in kinds.KINDS:
        kinds.check(kind, "6.2.1.0")
        if kind != "rollback":
            kinds.check(kind, "")
    with pytest.raises(Refused, match="im_rollout: found 'remove', wanted install, upgrade, rollback or renew"):
        kinds.check("remove", "")
    for version in ("", "6", "6.2.1", "6.2.1.0-1"):
        with pytest.raises(Refused, match=r"im_agent_rollback_version: found .*wanted the whole version"):
            kinds.check("rollback", version)


def test_all_that_offers_a_rollout_offers_each_kind():
    root = Path(__file__).resolve().parents[3]
    specs = yaml.safe_load((root / "roles" / "im_rollout" / "meta" / "argument_specs.yml").read_text("utf-8"))
    assert specs["argument_specs"]["main"]["options"]["im_rollout"]["choices"] == list(kinds.KINDS)
    survey = json.loads((root / "docs" / "awx" / "rollout.json").read_text("utf-8"))
    (choices,) = [one["choices"] for one in survey["spec"] if one["variable"] == "im_rollout"]
    assert choices == list(kinds.KINDS)
    schema = json.loads((root / "docs" / "schema" / "rollout_record.json").read_text("utf-8"))
    assert schema["properties"]["kind"]["enum"] == list(kinds.KINDS)


def test_the_rollout_takes_a_kept_version_as_rollback_yml_does():
    playbooks = Path(__file__).resolve().parents[3] / "playbooks"
    first, second = yaml.safe_load((playbooks / "rollback.yml").read_text("utf-8"))
    (ours, *_others) = yaml.safe_load((playbooks / "tasks" / "rollout" / "replace.yml").read_text("utf-8"))
    assert ours["block"][:2] == first["tasks"]
    assert ours["block"][2]["vars"] | {"im_agent_upgrade": True} == second["vars"]


def test_the_rollout_installs_as_install_yml_does():
    playbooks = Path(__file__).resolve().parents[3] / "playbooks"
    (install,) = yaml.safe_load((playbooks / "install.yml").read_text("utf-8"))
    (ours,) = yaml.safe_load((playbooks / "tasks" / "rollout" / "install.yml").read_text("utf-8"))
    for name in ("_entries", "im_agent_foretell"):
        assert ours["vars"][name] == install["vars"][name]
