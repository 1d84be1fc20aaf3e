"""Scenario files: what is wrong in them is told with the file's name, its line, and what would be right."""

from __future__ import annotations

import pytest

from stillwatch.errors import ConfigurationError, ExitCode
from stillwatch.lab.load import each_shipped, load_scenario, read_scenario, shipped

GOOD = """\
name: small
title: A small world
days: 4
people: 0
groups:
  - name: lab
    label: C1
    role: extraction
    campaign: lab
    accounts: 10
    exchanges: 400
    text:
      voice: corpus
      elicitation: {rationale: 1}
      filler: {share: 0.2}
  - name: pool
    label: pool
    role: broker
    campaign: pool
    accounts: 5
    exchanges: 100
"""


@pytest.fixture
def written(tmp_path):
    def write(text):
        path = tmp_path / "mine.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


def test_a_good_file_is_read(written):
    scenario = read_scenario(written(GOOD))
    assert [group.name for group in scenario.groups] == ["lab", "pool"]
    assert scenario.groups[0].text.filler.share == 0.2


WRONG = {
    "unknown key": (("filler: {share", "filer: {share"), 14 + 1, "filer", "'filler'"),
    "unknown key at the top": (("days: 4", "dais: 4"), 3, "dais", "'days'"),
    "wrong type": (("accounts: 10", "accounts: many"), 10, "expected `int`", "reference/scenarios.md"),
    "out of range": (("share: 0.2", "share: 1.2"), 15, "<= 1", "reference/scenarios.md"),
    "unknown choice": (("voice: corpus", "voice: corpse"), 13, "invalid enum value", "reference/scenarios.md"),
    "unknown elicitation": (("rationale: 1", "rational: 1"), 14, "rational", "'rationale'"),
    "no campaign": (("    campaign: lab\n", ""), 8, "without a campaign", "campaign: NAME"),
    "two of a name": (("name: pool", "name: lab"), 6, "two groups", "own name"),
    "twice the same key": (("days: 4", "days: 4\ndays: 5"), 4, "twice", "Remove"),
    "no YAML": (("days: 4", "days: [4"), 4, "no valid YAML", ""),
    "bad date": (("days: 4", "days: 4\nstart: 2026-13-01"), 4, "no date", "2026-10-01"),
    "nobody to ride on": (("campaign: lab", "campaign: lab\n    rider: pol"), 10, "to ride on", "'pool'"),
    "rides on no pool": (("campaign: pool", "campaign: pool\n    rider: lab"), 20, "no broker pool", "pool"),
    "common with nobody": (
        ("exchanges: 400", "exchanges: 400\n    infrastructure: {common_with: poool}"),
        12,
        "no group",
        "'pool'",
    ),
    "longer than the log": (
        ("exchanges: 400", "exchanges: 400\n    tempo: {active_days: 9}"),
        12,
        "end after",
        "At most 4",
    ),
    "pivot after the end": (
        ("exchanges: 400", "exchanges: 400\n    pivot: {model: m, day: 9}"),
        12,
        "lies after",
        "day",
    ),
    "unknown look-alike": (("people: 0", "people: 0\ninclude: [B99]"), 5, "no shipped scenario", "B9"),
    "nothing to choose from": (("exchanges: 400", "exchanges: 400\n    models: {}"), 12, "nothing to choose", "weight"),
}


@pytest.mark.parametrize("name", WRONG)
def test_errors_name_line_and_fix(written, name):
    (old, new), line, what, fix = WRONG[name]
    assert old in GOOD
    with pytest.raises(ConfigurationError) as caught:
        read_scenario(written(GOOD.replace(old, new, 1)))
    assert f"mine.yaml, line {line}:" in caught.value.message
    assert what in caught.value.message
    assert fix in caught.value.hint
    assert caught.value.exit_code is ExitCode.USAGE


def test_a_missing_name_is_told_with_the_nearest():
    with pytest.raises(ConfigurationError, match="There is no scenario 'C33'") as caught:
        read_scenario("C33")
    assert "C3" in caught.value.hint


class TestSettings:
    def test_values_change(self, written):
        changed = load_scenario(
            written(GOOD), ["groups.lab.text.filler.share=0.5", "groups.pool.text.elicitation={rubric: 2}", "days=9"]
        )
        assert changed.days == 9
        assert changed.groups[0].text.filler.share == 0.5
        assert changed.groups[1].text.elicitation == {"rubric": 2.0}

    def test_people_are_settable(self, written):
        changed = load_scenario(written(GOOD), ["people=1000"])
        assert sum(group.accounts for group in changed.groups if group.label == "person") == 1000

    def test_a_part_that_is_not_there_is_made(self, written):
        changed = load_scenario(written(GOOD), ["groups.lab.pivot={model: new, day: 2}"])
        assert changed.groups[0].pivot.model == "new"

    @pytest.mark.parametrize(
        ("setting", "near"),
        [
            ("groups.lap.text.filler.share=0.5", "'lab'"),
            ("groups.lab.text.filler.sahre=0.5", "'share'"),
            ("groups.lab.txt.filler.share=0.5", "'text'"),
            ("dais=3", "'days'"),
            ("days", "For example"),
            ("groups.lab.text.filler.share=7", "reference/scenarios.md"),
            ("groups.lab.tempo.active_days=30", "raise days"),
        ],
    )
    def test_wrong_settings_are_told(self, written, setting, near):
        with pytest.raises(ConfigurationError) as caught:
            load_scenario(written(GOOD), [setting])
        assert "--set" in caught.value.message
        assert near in caught.value.hint


def test_included_groups_keep_their_daily_rate(written):
    own = read_scenario("B3")
    world = load_scenario(written(GOOD.replace("people: 0", "people: 0\ninclude: [B3]")))
    for group in own.groups:
        here = next(g for g in world.groups if g.name == group.name)
        if group.tempo.active_days is None and group.tempo.start_day == 0:
            assert here.exchanges / 4 == pytest.approx(group.exchanges / own.days, rel=0.01)


def test_every_shipped_scenario_is_read():
    names = [name for name, scenario in each_shipped() if scenario.days > 0]
    assert set(names) == set(shipped())
