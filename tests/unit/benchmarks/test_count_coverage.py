"""Coverage of count intervals: worlds made shorter, and what is summed up."""

from __future__ import annotations

import pytest
from benchmarks.count_coverage import WORLDS, Counted, World, shortened, summary

from stillwatch.campaigns.model import Kind
from stillwatch.lab.check import problems
from stillwatch.lab.load import read_scenario, shipped


@pytest.mark.parametrize("name", WORLDS)
def test_a_shorter_world_is_sound_and_keeps_each_accounts_volume_a_day(name):
    whole, days = read_scenario(name), WORLDS[name][0]
    short = shortened(whole, days)
    assert short.days == days
    assert not list(problems(short, shipped()))
    for before, after in zip(whole.groups, short.groups, strict=True):
        assert after.accounts == before.accounts
        assert after.exchanges / short.days == pytest.approx(before.exchanges / whole.days, rel=0.01)


def test_a_world_is_never_made_longer():
    scenario = read_scenario("demo")
    assert shortened(scenario, scenario.days + 1) is scenario


def campaign(true=50, low=40.0, high=60.0, said=Kind.EXTRACTION, kind="extraction", accounts=10, scenario="C3"):
    return Counted(
        scenario=scenario,
        seed=1,
        accounts=accounts,
        exchanges=100,
        true=true,
        value=50.0,
        low=low,
        high=high,
        said=said,
        kind=kind,
        holds={},
    )


def world(*campaigns, false_flags=0):
    return World(
        scenario="C3", seed=1, exchanges=9, benign=100, false_flags=false_flags, campaigns=campaigns, seconds=1.0
    )


def test_campaigns_are_counted_whose_interval_holds_the_truth_ends_included():
    found = summary([world(campaign(true=40), campaign(true=60)), world(campaign(true=39), campaign(true=61))])
    assert (found["worlds"], found["campaigns"], found["intervals that hold the truth"]) == (2, 4, 2)
    assert found["coverage, with its 95 % interval"][0] == 0.5


def test_kinds_are_counted_by_campaign_and_by_account():
    wrong = campaign(said=Kind.BROKER, accounts=30)
    found = summary([world(campaign(), wrong, campaign(scenario="demo"))])
    assert found["campaigns of the right kind"] == 2
    assert found["accounts of the right kind, share"] == 0.4
    assert found["by scenario: campaigns, covered, right kind"] == {"C3": [2, 2, 1], "demo": [1, 1, 1]}


def test_campaigns_of_benign_accounts_are_told_apart():
    found = summary([world(campaign(kind="benign"), false_flags=10)])
    assert (found["campaigns"], found["campaigns of benign accounts"]) == (0, 1)
    assert (found["benign accounts"], found["benign accounts flagged"]) == (100, 10)
