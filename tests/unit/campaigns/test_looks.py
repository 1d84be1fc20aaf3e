"""Looks: a small log hunted hour by hour, whole, up to a time, and without its campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns.candidates import judge
from stillwatch.campaigns.following import campaign_of
from stillwatch.campaigns.found import Found, adjusted, needed, strength_of
from stillwatch.campaigns.looks import ALIKE_EVERY, DISCOVER_EVERY, PACE, THOROUGH_EVERY, Outcome, _Look, hours
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.families import Family
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, Log
from stillwatch.detect.openings import openings
from stillwatch.testing.logs import EXCHANGE_SCHEMA, START, exchange

HOUR = MICROSECONDS_PER_HOUR


def looks_at(*minutes, end=None):
    """Hours after :data:`START` of the looks at a log with exchanges at these minutes, up to minute ``end``."""
    start = int(START.timestamp()) * 1_000_000
    rows = [exchange(i, ts=START + timedelta(minutes=m)) for i, m in enumerate(minutes)]
    log = Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)
    traffic = Traffic.of(log, openings(log))
    return [(ts - start) / HOUR for ts in hours(traffic, None if end is None else start + end * HOUR // 60)]


class TestHours:
    @pytest.mark.parametrize(
        ("minutes", "expected"),
        [
            ([], []),
            ([15], [0.25]),
            ([60], [1]),
            ([0, 30], [0.5]),
            ([15, 60], [1]),
            ([60, 61], [61 / 60]),
            ([15, 150], [1, 2, 2.5]),
            ([15, 180], [1, 2, 3]),
            ([15, 15], [0.25]),
        ],
    )
    def test_every_full_hour_and_the_last_moment(self, minutes, expected):
        assert looks_at(*minutes) == pytest.approx(expected)

    @pytest.mark.parametrize(
        ("end", "expected"), [(90, [1, 1.5]), (120, [1, 2]), (59, [1, 61 / 60]), (200, [1, 2, 3, 200 / 60])]
    )
    def test_go_on_to_an_end_that_is_given(self, end, expected):
        assert looks_at(15, 61, end=end) == pytest.approx(expected)

    @given(st.lists(st.integers(0, 10**5), min_size=1, max_size=9).map(sorted))
    def test_leave_no_hour_out_and_end_with_the_log(self, minutes):
        found = np.array(looks_at(*minutes))
        assert found[-1] == pytest.approx(minutes[-1] / 60)
        assert found[:-1] == pytest.approx(np.round(found[:-1]))
        assert (np.diff(np.r_[minutes[0] / 60, found]) <= 1 + 1e-9).all()
        assert (np.diff(found) > 0).all()


class TestPace:
    @pytest.mark.parametrize(("parties", "pace"), [(1, 1), (PACE[0][0], 1), (PACE[0][0] + 1, 2), (10**6, 6)])
    def test_among_more_parties_every_interval_is_longer(self, parties, pace):
        looks = [_Look.at(hour * HOUR, parties) for hour in range(24 * 6 * 6)]

        def every(kind):
            return set(np.diff([hour for hour, look in enumerate(looks) if getattr(look, kind)]))

        assert every("due") == {pace}
        assert every("discover") == {DISCOVER_EVERY * pace}
        assert every("thorough") == {THOROUGH_EVERY * pace}
        assert every("alike") == {ALIKE_EVERY * pace}

    def test_what_is_to_be_done_at_a_look_is_done_when_one_is_due(self):
        for parties in (1, 50_000, 10**6):
            for hour in range(24 * 6 * 6):
                look = _Look.at(hour * HOUR, parties)
                assert look.due or not (look.discover or look.thorough or look.alike)


class TestBar:
    @given(st.floats(1, 1e12))
    def test_needed_is_the_inverse_of_adjusted(self, hypotheses):
        """A set's two routes share its strength: what is needed of either passes after that as well."""
        by_behaviour = SimpleNamespace(log10_e=needed(hypotheses), handoff_log10_e=0.0)
        by_handoffs = SimpleNamespace(log10_e=1.0, handoff_log10_e=needed(hypotheses))
        for candidate in (by_behaviour, by_handoffs):
            assert adjusted(strength_of(candidate)) == pytest.approx(np.log10(hypotheses), abs=1e-9)

    @given(st.floats(-50, 300), st.floats(0, 50))
    def test_more_evidence_is_more_and_looking_often_costs(self, log10_e, more):
        assert adjusted(log10_e + more) >= adjusted(log10_e)
        assert adjusted(max(log10_e, 0)) < max(log10_e, 0) or log10_e <= 0

    def test_the_adjuster_makes_an_e_value_of_a_supremum(self):
        """Its integral over A(y) / y^2 from 1 on is 1 (Dawid and others 2011, the condition for an adjuster)."""
        steps = np.linspace(0, 60, 6001)
        adjusted_over_y = 10.0 ** np.array([adjusted(float(step)) - step for step in steps])
        assert np.trapezoid(adjusted_over_y, steps) * np.log(10) == pytest.approx(1, abs=1e-4)

    def test_handed_over_conversations_alone_convict_nobody(self):
        friends = SimpleNamespace(log10_e=0.5, handoff_log10_e=40.0)
        assert adjusted(strength_of(friends)) < 1


class TestCampaign:
    def test_is_found_as_one(self, hunted):
        (campaign,) = hunted.outcome.campaigns
        members = {str(name) for name in hunted.names[campaign.members]}
        assert members <= {str(name) for name in hunted.names[hunted.campaign]}
        assert len(members) >= 0.9 * len(hunted.campaign)
        assert Family.TEXT in campaign.evidence.by_family
        assert adjusted(campaign.log10_e) >= hunted.outcome.bar

    def test_nobody_honest_is_flagged(self, hunted):
        assert not [name for name in hunted.flagged if name.startswith("p")]

    def test_members_are_flagged_once_they_have_shown_something(self, hunted):
        (campaign,) = hunted.outcome.campaigns
        log = hunted.log
        looks = set(hours(hunted.looker.traffic))
        for party in campaign.members:
            since = int(campaign.since[party])
            assert since in looks
            assert since >= campaign.founded
            assert (log.ts[log.party == party] <= since).any()
        assert len(set(hunted.flagged.values())) > 3

    def test_without_it_nothing_is_found(self, quiet):
        assert quiet.outcome.campaigns == []
        assert quiet.outcome.looks == len(hours(quiet.looker.traffic))

    def test_the_accounts_of_one_owner_are_no_campaign(self, hunted, walk, build_world):
        world = build_world()
        owner = ["firm" if a.startswith("d") else None for a in world.accounts["account_id"].to_pylist()]
        accounts = world.accounts.append_column("owner_id", pa.array(owner, pa.string()))
        found = walk(type(world)(world.exchanges, accounts), codebook=hunted.codebook)
        assert found.outcome.campaigns == []

    def test_a_declared_and_verified_use_is_never_flagged(self, hunted, walk, build_world):
        world = build_world()
        names = world.accounts["account_id"].to_pylist()
        declared = {"d001", "d002", "d003"}
        accounts = world.accounts.append_column(
            "declared_use", pa.array(["research" if a in declared else None for a in names], pa.string())
        ).append_column("verified", pa.array([a in declared for a in names]))
        found = walk(type(world)(world.exchanges, accounts), codebook=hunted.codebook)
        assert not declared & set(found.flagged)
        assert len(found.flagged) >= 0.8 * 22

    def test_is_the_same_on_every_run(self, hunted, walk, build_world):
        again = walk(build_world())
        assert again.flagged == hunted.flagged
        assert again.outcome.bar == hunted.outcome.bar
        first, second = hunted.outcome.campaigns[0], again.outcome.campaigns[0]
        assert second.log10_e == first.log10_e
        assert second.founders.tolist() == first.founders.tolist()
        assert second.odds.tolist() == first.odds.tolist()

    def test_a_set_that_is_held_by_several_campaigns_is_no_new_one(self, hunted):
        """All of it is flagged, half here and half there, each with people who are no piece of it."""
        view, size = hunted.outcome.view, len(hunted.names)
        halves = (hunted.campaign[:6], hunted.campaign[6:12])
        campaigns = [
            Found(
                number=number,
                founders=half,
                founded=1,
                since=np.isin(np.arange(size), np.concatenate([half, hunted.people[number * 8 :][:8]])).astype(
                    np.int64
                ),
                odds=np.zeros(size),
                evidence=None,
                log10_e=9.0,
                tried=(),
            )
            for number, half in enumerate(halves, start=1)
        ]
        candidate = replace(judge(view, hunted.campaign[:12]), dealt=np.ones(12))
        assert campaign_of(view, candidate.core, campaigns) is None
        outcome = Outcome(list(campaigns), [], 4.0, 1, 1, view)
        hunted.looker._found(view, candidate, outcome)
        assert outcome.campaigns == campaigns


class TestWithoutText:
    def test_the_campaign_is_found_by_its_hours(self, textless):
        assert set(textless.outcome.view.families) == {Family.RHYTHM}
        flagged = set(textless.flagged)
        assert {name[0] for name in flagged} == {"d"}
        assert len(flagged) >= 0.8 * len(textless.campaign)

    def test_without_it_nothing_is_found(self, walk, build_world):
        assert walk(build_world(dealt=0, text=False)).outcome.campaigns == []


class TestHonestTime:
    """A hunt until an account was flagged flags it too, at the same time: nothing later was used."""

    @staticmethod
    def check(hunted, account, walk, codebook=None):
        until = hunted.flagged[account]
        then = walk(hunted.world, hunted.log.upto(until), codebook, end=until)
        assert then.flagged[account] == until
        for name, since in then.flagged.items():
            # the last look of a run does all there is to do, so it may find an hour or two before the next full look
            assert since == until <= hunted.flagged.get(name, until) or since == hunted.flagged[name]

    @staticmethod
    def spread_out(flagged, count=5):
        """Some accounts with different times, first and last among them."""
        by_time = {since: name for name, since in flagged.items()}
        times = sorted(by_time)
        return [by_time[times[round(i)]] for i in np.linspace(0, len(times) - 1, count)]

    def test_with_text(self, hunted, walk):
        for account in self.spread_out(hunted.flagged):
            self.check(hunted, account, walk, hunted.codebook)

    def test_without_text(self, textless, walk):
        for account in self.spread_out(textless.flagged):
            self.check(textless, account, walk)

    def test_with_a_codebook_of_its_own(self, hunted, walk):
        first, *_, last = self.spread_out(hunted.flagged)
        for account in (first, last):
            self.check(hunted, account, walk)


class TestWalk:
    def test_tells_how_far_it_is(self, walk, build_world):
        found = walk(build_world(people=12, dealt=0, days=1))
        told = []
        outcome = found.looker.walk(lambda done, every: told.append((done, every)))
        assert told == [(i + 1, outcome.looks) for i in range(outcome.looks)]

    @pytest.mark.parametrize("rows", [0, 1, 2, 5])
    def test_almost_no_log_has_almost_nothing_to_find(self, walk, build_world, rows):
        found = walk(build_world(people=6, dealt=2, late=0, days=1), rows)
        assert found.outcome.campaigns == []
        assert found.outcome.looks >= min(rows, 1)
        assert (found.outcome.view is None) is (rows == 0)
