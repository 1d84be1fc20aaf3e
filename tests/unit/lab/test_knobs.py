from __future__ import annotations

from itertools import pairwise

import msgspec
import pytest

from stillwatch.errors import UsageError
from stillwatch.lab.knobs import KNOBS, apply, clean, knob_named, shortened, with_campaigns_of
from stillwatch.lab.scenario import Group, Hours, Infrastructure, Pivot, Role, Scenario, Tempo


def group(name, role=Role.EXTRACTION, **changes):
    values = {"label": name, "accounts": 100, "exchanges": 60_000, "campaign": "c" if role is not Role.BENIGN else None}
    return Group(name=name, role=role, **{**values, **changes})


def world(*groups):
    return Scenario(name="w", title="w", days=30, groups=groups)


PEOPLE = group("firm", Role.BENIGN, infrastructure=Infrastructure(common_with="a"))


class TestClean:
    def test_campaigns_leave_and_nobody_points_at_them(self):
        found = clean(world(group("a"), group("b", Role.BROKER), PEOPLE, group("club", Role.BENIGN)))
        assert [g.name for g in found.groups] == ["firm", "club"]
        assert found.groups[0].infrastructure.common_with is None

    def test_common_addresses_of_the_honest_stay(self):
        twin = group("twin", Role.BENIGN, infrastructure=Infrastructure(common_with="firm"))
        assert clean(world(PEOPLE, twin)).groups[1].infrastructure.common_with == "firm"


class TestShortened:
    def test_daily_rate_stays(self):
        found = shortened(world(group("a")), 10).groups[0]
        assert found.exchanges == 20_000
        assert found.tempo.active_days is None

    def test_a_short_campaign_is_left_whole(self):
        found = shortened(world(group("a", tempo=Tempo(active_days=3))), 10).groups[0]
        assert (found.exchanges, found.tempo.active_days) == (60_000, 3)

    def test_events_move_in_proportion(self):
        late = group("a", tempo=Tempo(start_day=15), pivot=Pivot(model="m", day=24))
        found = shortened(world(late), 10).groups[0]
        assert found.tempo.start_day == 5
        assert found.pivot is not None
        assert found.pivot.day == 8

    def test_never_longer(self):
        assert shortened(world(group("a")), 60).days == 30


class TestWithCampaignsOf:
    @pytest.mark.parametrize("scale", [0.01, 0.1, 0.4])
    def test_size_at_the_scale_with_the_accounts_own_rate(self, scale):
        found = with_campaigns_of(world(group("a"), PEOPLE), 40, scale)
        assert found.groups[0].accounts * scale == pytest.approx(40)
        assert found.groups[0].exchanges * scale == pytest.approx(40 * 600)
        assert found.groups[1] == PEOPLE

    def test_never_more_than_at_full_size(self):
        found = with_campaigns_of(world(group("a", accounts=2)), 40, 0.1)
        assert found.groups[0].accounts == 20

    def test_groups_of_a_campaign_keep_their_proportions(self):
        found = with_campaigns_of(world(group("a", accounts=300), group("b", accounts=100)), 40, 0.01)
        assert [g.accounts for g in found.groups] == [3_000, 1_000]

    def test_a_large_campaign_keeps_its_share_of_the_world(self):
        giant = world(group("a", accounts=25_000))
        assert with_campaigns_of(giant, 40, 0.01).groups[0].accounts == 25_000

    def test_a_rider_follows_its_pool(self):
        pool = group("pool", Role.BROKER, campaign="p", accounts=400)
        found = with_campaigns_of(world(pool, group("rider", rider="pool", accounts=400, exchanges=40_000)), 40, 0.01)
        assert [g.accounts for g in found.groups] == [4_000, 4_000]
        assert found.groups[1].exchanges == 400_000


class TestKnobs:
    @pytest.mark.parametrize("name", sorted(KNOBS))
    def test_every_value_makes_a_valid_scenario_and_leaves_the_honest_alone(self, name):
        before = world(group("a"), PEOPLE)
        for value in (*KNOBS[name].values, KNOBS[name].low, KNOBS[name].high):
            found = KNOBS[name].knob(before, value)
            assert found.groups[1] == PEOPLE
            assert msgspec.convert(msgspec.to_builtins(found), Scenario) == found

    @pytest.mark.parametrize("name", sorted(KNOBS))
    def test_every_knob_turns(self, name):
        before = world(group("a", tempo=Tempo(hours=Hours.FLAT, synchronised=True)))
        found = [KNOBS[name].knob(before, v).groups[0] for v in KNOBS[name].values]
        assert all(a != b for a, b in pairwise(found))
        assert KNOBS[name].words

    def test_one_knob_changes_one_thing(self):
        before = group("a", tempo=Tempo(hours=Hours.FLAT, synchronised=True))
        found = apply(world(before), {"dilution": 0.5}).groups[0]
        assert found.text.filler.share == 0.5
        assert (found.exchanges, found.accounts, found.tempo) == (before.exchanges, before.accounts, before.tempo)

    def test_accounts_at_fixed_volume(self):
        found = apply(world(group("a", least=10)), {"accounts": 4.0}).groups[0]
        assert (found.accounts, found.least, found.exchanges) == (400, 40, 60_000)

    def test_churn_is_a_share_a_day(self):
        assert apply(world(group("a")), {"churn": 0.25}).groups[0].tempo.lifetime_days == 4
        assert apply(world(group("a")), {"churn": 0.0}).groups[0].tempo.lifetime_days is None

    def test_human_tempo(self):
        machine = group("a", tempo=Tempo(hours=Hours.FLAT, synchronised=True, volume_spread=0.1))
        found = apply(world(machine), {"human-tempo": 1.0}).groups[0].tempo
        assert (found.hours, found.synchronised, found.volume_spread) == (Hours.DIURNAL, False, 0.9)
        assert apply(world(machine), {"human-tempo": 0.0}).groups[0] == machine

    def test_unknown(self):
        with pytest.raises(UsageError, match="no knob is called 'x'"):
            knob_named("x")
