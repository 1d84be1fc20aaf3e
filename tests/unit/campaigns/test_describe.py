"""Describing: figures that add up, names that stay, and nothing shown that was to be hidden."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from stillwatch._internal.times import microseconds, moment
from stillwatch.campaigns.describe import (
    ACTIVE_WITHIN,
    BINS,
    PLURAL,
    _last_day,
    _timeline,
    campaign_name,
    scaled,
    shared_values,
    summary,
)
from stillwatch.campaigns.links import LinkKind
from stillwatch.campaigns.model import Infrastructure, Kind, Share
from stillwatch.detect.log import MICROSECONDS_PER_HOUR
from stillwatch.evidence.claims import Interval

HOUR = MICROSECONDS_PER_HOUR
START = 497_500 * HOUR


@pytest.fixture(scope="module")
def campaign(whole):
    (campaign,) = whole.campaigns
    return campaign


@pytest.fixture(scope="module")
def rows(hunted, campaign):
    """Exchanges of the campaign's accounts."""
    return np.flatnonzero(np.isin(hunted.names[hunted.log.account], campaign.account_ids))


class TestFiguresAddUp:
    def test_accounts_and_exchanges_are_those_of_its_members(self, hunted, campaign, rows):
        assert campaign.accounts == len(campaign.account_ids) == len(set(campaign.account_ids))
        assert set(campaign.account_ids) == set(hunted.flagged)
        assert campaign.exchanges == len(rows)

    def test_times_are_its_own(self, hunted, campaign, rows):
        ts = hunted.log.ts[rows]
        assert (microseconds(campaign.first_seen), microseconds(campaign.last_seen)) == (ts[0], ts[-1])
        assert microseconds(campaign.flagged_at) == min(hunted.flagged.values())
        assert campaign.active

    def test_what_leaked_before_the_flag_is_counted_exchange_by_exchange(self, hunted, campaign, rows):
        log = hunted.log
        early = [log.ts[r] <= hunted.flagged[str(hunted.names[log.account[r]])] for r in rows]
        assert campaign.extraction_exchanges == campaign.exchanges
        assert campaign.leaked_before_flag == pytest.approx(np.mean(early))

    def test_every_interval_surrounds_its_value(self, campaign):
        assert campaign.extraction_exchanges_low <= campaign.extraction_exchanges <= campaign.extraction_exchanges_high
        assert campaign.extraction_exchanges_high <= campaign.exchanges
        for interval in (campaign.conversations, campaign.tokens, campaign.novel_prompts):
            assert 0 < interval.low <= interval.value <= interval.high

    def test_the_timeline_and_the_models_hold_everything_once(self, campaign):
        assert sum(each.exchanges for each in campaign.timeline) == campaign.exchanges
        assert sum(each.extraction for each in campaign.timeline) == pytest.approx(campaign.extraction_exchanges)
        assert sum(each.share for each in campaign.models) == pytest.approx(1)
        assert max(each.accounts for each in campaign.timeline) <= campaign.accounts

    def test_shares_of_labels_are_shares(self, campaign):
        for shares in (campaign.capabilities, campaign.elicitation, *(s.capabilities for s in campaign.slices)):
            assert sum(share.share for share in shares) == pytest.approx(1)
            assert [s.share for s in shares] == sorted((s.share for s in shares), reverse=True)

    def test_links_are_between_members(self, campaign):
        inside = set(campaign.account_ids)
        assert campaign.edges
        assert all(edge.a in inside and edge.b in inside and edge.a != edge.b for edge in campaign.edges)

    def test_neighbours_are_not(self, campaign):
        assert campaign.neighbours
        assert not {each.account_id for each in campaign.neighbours} & set(campaign.account_ids)

    def test_separate_people_and_each_explanation_tried_are_considered(self, hunted, campaign):
        (found,) = hunted.outcome.campaigns
        assert campaign.considered[0].name == "separate people who share infrastructure"
        assert campaign.considered[1:] == found.tried
        assert all(each.rejected for each in campaign.considered)

    def test_blocking_stops_what_leaks_and_throttling_half(self, campaign):
        half, block = campaign.effects
        assert block.extraction_stopped == campaign.leaking_per_hour == 2 * half.extraction_stopped > 0
        assert block.ordinary_hit == 0


class TestSharedValues:
    def test_are_counted_as_in_the_log(self, hunted, campaign, rows):
        log = hunted.log
        party = log.party
        for each in campaign.infrastructure:
            if each.kind == LinkKind.ADDRESS:
                shown = log.ip.codes == log.ip.values.to_pylist().index(each.value)
                assert each.population == len(np.unique(party[shown]))
                assert each.accounts == len(np.unique(party[rows][shown[rows]])) >= 2
        assert campaign.infrastructure

    def test_most_used_first_and_no_hand_off_among_them(self, campaign):
        used = [each.accounts for each in campaign.infrastructure]
        assert used == sorted(used, reverse=True)
        assert all(each.kind in PLURAL for each in campaign.infrastructure)
        assert LinkKind.HANDOFF in [link.kind for link in campaign.links]

    def test_what_one_member_alone_shows_links_nobody(self, hunted):
        view, kinds = hunted.outcome.view, hunted.looker.kinds
        assert shared_values(view, kinds, hunted.campaign[:1]) == ((), ())
        mail = [each for each in shared_values(view, kinds, hunted.people)[0] if each.kind == LinkKind.MAIL_DOMAIN]
        assert mail == [], "everybody's mail provider links nobody"


class TestName:
    def test_is_that_of_the_founders_in_whatever_order(self, hunted, campaign):
        log, (found,) = hunted.log, hunted.outcome.campaigns
        assert campaign.campaign_id == campaign_name(log.accounts, found)
        assert campaign_name(log.accounts, replace(found, founders=found.founders[::-1])) == campaign.campaign_id
        assert campaign_name(log.accounts, replace(found, since=found.since * 0)) == campaign.campaign_id
        assert campaign_name(log.accounts, replace(found, founders=found.founders[1:])) != campaign.campaign_id

    def test_says_nothing_of_its_accounts(self, campaign):
        assert campaign.campaign_id.startswith("cmp-")
        assert not any(name in campaign.campaign_id for name in campaign.account_ids)


class TestScaled:
    @given(st.floats(0, 1), st.floats(0.01, 1), st.floats(0.01, 1), st.integers(1, 400), st.floats(0, 1))
    @example(0.9, 0.95, 1.0, 50, 1.0)
    @example(0.9, 1.0, 1.0, 200, 1.0)
    def test_surrounds_its_value_and_never_exceeds_what_was_sent(self, low, middle, high, sent, share):
        """Conversations go on at other accounts, so theirs and the accounts' exchanges are not as many."""
        ends = sorted((100 * low, 100 * middle, 100 * high))
        found = scaled(Interval(ends[1], ends[0], ends[2]), np.full(sent, share), sent)
        assert -1e-9 <= found.low <= found.value + 1e-9
        assert found.value <= found.high + 1e-9 <= sent + 2e-9
        assert found.value == pytest.approx(sent * share, abs=0.005 * sent)

    def test_keeps_the_relative_width(self):
        assert scaled(Interval(50, 40, 60), np.full(200, 0.5), 200) == Interval(100, 80, 120)


def timeline(minutes, accounts=None):
    ts = np.array([START + m * HOUR // 60 for m in minutes])
    log = SimpleNamespace(ts=ts, account=np.array(accounts or [0] * len(ts)))
    return _timeline(log, SimpleNamespace(rows=np.arange(len(ts)), extraction=np.full(len(ts), 0.5)))


class TestTimeline:
    @given(st.lists(st.integers(0, 60 * 24 * 800), min_size=1, max_size=8).map(sorted))
    @example([59, 59 + 60 * BINS - 1])
    @example([0, 10**8])
    def test_holds_every_exchange_in_at_most_so_many_bins_of_one_length(self, minutes):
        bins = timeline(minutes)
        assert len(bins) <= BINS
        assert sum(each.exchanges for each in bins) == len(minutes)
        starts = np.array([microseconds(each.start) for each in bins])
        assert len(set(np.diff(starts).tolist())) <= 1
        assert starts[0] <= START + minutes[0] * HOUR // 60
        assert starts[-1] <= START + minutes[-1] * HOUR // 60

    def test_quiet_hours_are_bins_too_and_accounts_count_once(self):
        bins = timeline([0, 1, 2, 180], [5, 5, 6, 5])
        assert [each.exchanges for each in bins] == [3, 0, 0, 1]
        assert [each.accounts for each in bins] == [2, 0, 0, 1]
        assert [each.extraction for each in bins] == [1.5, 0, 0, 0.5]
        assert bins[0].start == moment(START)


class TestLastDay:
    def test_is_the_mean_of_the_last_active_day(self):
        ts = START + np.array([0, 30, 31, 40]) * HOUR
        assert _last_day(int(ts[-1]) + ACTIVE_WITHIN, ts, np.array([1.0, 2, 3, 4])) == pytest.approx(9 / 24)

    def test_of_a_campaign_that_has_ended_is_nothing(self):
        ts = np.array([START])
        assert _last_day(START + ACTIVE_WITHIN + 1, ts, np.ones(1)) == 0


def sentence(kind=Kind.EXTRACTION, *, hour=12.0, shares=(), tie=()):
    part = SimpleNamespace(
        kind=kind,
        accounts=np.arange(1200),
        rows=np.arange(5000),
        labels=SimpleNamespace(capabilities=lambda: shares),
    )
    return summary(part, Interval(4000, 3000, 4500), hour, np.array([START, START + 48 * HOUR]), tie)


class TestSummary:
    def test_of_a_harvest(self):
        tie = (Infrastructure("payment instrument", "card", 9),)
        assert sentence(shares=(Share("coding", 0.6), Share("maths", 0.4)), tie=tie) == (
            "1,200 accounts deal one corpus: about 4,000 extraction exchanges over 2.0 days, mostly coding, now 12 an hour;"
            " held together by payment instruments."
        )

    def test_of_a_pool_that_has_ended(self):
        assert sentence(Kind.BROKER, hour=0.0) == (
            "A pool of 1,200 accounts resells access: about 4,000 of 5,000 exchanges over 2.0 days are extraction, ended;"
            " they share nothing rare."
        )

    def test_names_no_subject_that_is_not_frequent(self):
        assert "mostly" not in sentence(shares=(Share("coding", 0.29),))

    @pytest.mark.parametrize("kind", [k for k in LinkKind if k is not LinkKind.HANDOFF])
    def test_has_a_word_for_every_kind_of_shared_value(self, kind):
        assert PLURAL[kind.value] in sentence(tie=(Infrastructure(kind.value, "v", 2),))
