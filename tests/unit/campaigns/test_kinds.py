"""Kinds: a pool that resells access, or a harvest, read from behaviour."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from stillwatch.campaigns.kinds import CUSTOMERS, HANDOFF_EVIDENCE, MOSTLY_ORDINARY, kind_of
from stillwatch.campaigns.model import Kind
from stillwatch.detect.families import Family


def told(hunted, members, ordinary, *, handoffs=0.0, gathering=None):
    """Kind of a campaign of these parties; ``ordinary`` for all of its openings, or one value each."""
    gathering = gathering or hunted.looker.gathering
    rows = np.flatnonzero(np.isin(gathering.party, members))
    odds = np.full(len(rows), ordinary) if np.isscalar(ordinary) else ordinary(rows)
    candidate = SimpleNamespace(handoff_log10_e=handoffs)
    return kind_of(hunted.outcome.view, candidate, gathering, np.asarray(members), odds, rows)


def with_hours(hunted, order):
    """The small log's openings with the hours of other rows."""
    gathering = hunted.looker.gathering
    hours = gathering.vectors[Family.RHYTHM][order]
    return replace(gathering, vectors={**gathering.vectors, Family.RHYTHM: hours})


def round_the_clock(hunted):
    gathering = hunted.looker.gathering
    return with_hours(hunted, np.random.default_rng(1).permutation(len(gathering.party)))


def hours_of_their_own(hunted):
    """Every party sends all of its openings at the moment of its first one."""
    _, first, inverse = np.unique(hunted.looker.gathering.party, return_index=True, return_inverse=True)
    return with_hours(hunted, first[inverse])


@pytest.mark.parametrize("ordinary", [CUSTOMERS, 0.7, 1.0])
def test_a_pool_that_hands_its_customers_conversations_on_is_a_broker(hunted, ordinary):
    assert told(hunted, hunted.campaign, ordinary, handoffs=HANDOFF_EVIDENCE) is Kind.BROKER


@pytest.mark.parametrize("ordinary", [0.0, 0.59, CUSTOMERS - 0.01])
def test_a_harvest_that_hands_its_sessions_on_is_not_its_customers(hunted, ordinary):
    assert told(hunted, hunted.campaign, ordinary, handoffs=HANDOFF_EVIDENCE) is Kind.EXTRACTION


def test_without_text_nobody_can_say_who_has_customers(textless):
    assert told(textless, textless.campaign, 0.0, handoffs=HANDOFF_EVIDENCE) is Kind.BROKER


@pytest.mark.parametrize("ordinary", [0.0, 0.5, MOSTLY_ORDINARY - 0.01])
def test_where_not_most_of_it_can_be_ordinary_it_is_extraction(hunted, ordinary):
    assert told(hunted, hunted.campaign, ordinary, handoffs=HANDOFF_EVIDENCE - 0.1) is Kind.EXTRACTION


def test_ordinary_use_that_is_dealt_over_the_accounts_is_a_pools(hunted):
    assert told(hunted, hunted.campaign, 0.9) is Kind.BROKER


def test_also_where_each_account_keeps_hours_of_its_own(hunted):
    assert told(hunted, hunted.campaign, 0.9, gathering=hours_of_their_own(hunted)) is Kind.BROKER


def test_ordinary_use_that_differs_from_account_to_account_is_filler(hunted):
    assert told(hunted, hunted.people[:30], 0.9) is Kind.EXTRACTION


def test_also_where_it_is_sent_round_the_clock(hunted):
    """Filler of one's own does not become a pool's by a script that never sleeps."""
    assert told(hunted, hunted.people[:30], 0.9, gathering=round_the_clock(hunted)) is Kind.EXTRACTION


def test_only_the_ordinary_part_is_compared(hunted):
    """People who share a corpus besides: the corpus is dealt, what they ask of their own is not."""
    members = np.union1d(hunted.people[:30], hunted.campaign[:5])
    party = hunted.looker.gathering.party
    assert told(hunted, members, lambda rows: np.where(np.isin(party[rows], hunted.campaign), 0.4, 1.0)) is (
        Kind.EXTRACTION
    )


def test_without_text_hours_are_compared(textless):
    assert told(textless, textless.campaign, 0.9) is Kind.BROKER
    assert told(textless, textless.people[:30], 0.9) is Kind.EXTRACTION


def test_too_little_to_compare_is_no_pool(hunted):
    assert told(hunted, hunted.campaign[:1], 1.0) is Kind.EXTRACTION
    assert told(hunted, hunted.campaign, lambda rows: rows[:0] * 1.0) is Kind.EXTRACTION
