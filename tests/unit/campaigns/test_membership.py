"""Membership: who belongs to a campaign that was found, by links and behaviour together."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.campaigns import membership as module
from stillwatch.campaigns.membership import MOST_AGAINST, MOST_LINK, enough, link_odds, membership

BYSTANDERS = 6
"""People who sometimes use an address of the campaign."""


@pytest.fixture(scope="module")
def view(hunted):
    return hunted.outcome.view


@pytest.fixture(scope="module")
def everybody(hunted, view):
    return membership(view, hunted.campaign, everybody=True)


def bystanders(hunted):
    return np.flatnonzero(np.isin(hunted.names, [f"p{i:03d}" for i in range(BYSTANDERS)]))


def test_members_have_enough(hunted, view, everybody):
    assert (everybody.odds[hunted.campaign] >= enough(view)).mean() > 0.9


def test_people_have_not(hunted, view, everybody):
    assert everybody.odds[hunted.people].max() < enough(view)


def test_an_address_shared_with_the_campaign_is_not_enough(hunted, view):
    scored = membership(view, hunted.campaign)
    near = np.isin(scored.parties, bystanders(hunted))
    assert near.sum() == BYSTANDERS
    assert scored.odds[near].max() < enough(view) - 1


def test_parties_without_a_link_are_left_out_or_far_below(hunted, everybody, view):
    scored = membership(view, hunted.campaign)
    linked = np.union1d(hunted.campaign, bystanders(hunted))
    assert scored.parties.tolist() == linked.tolist()
    strangers = np.setdiff1d(hunted.people, linked)
    assert everybody.parties.tolist() == list(range(len(hunted.names)))
    assert everybody.odds[strangers].max() < everybody.odds[hunted.campaign].min()


def test_scoring_everybody_changes_no_score_of_the_linked(hunted, view, everybody):
    scored = membership(view, hunted.campaign)
    assert scored.odds[np.isin(scored.parties, hunted.campaign)] == pytest.approx(everybody.odds[hunted.campaign])


def test_the_parts_say_what_carried_it(hunted, everybody):
    for part in ("payment", "address", "handoff", "resemblance"):
        values = getattr(everybody, part)
        assert np.median(values[hunted.campaign]) > 0, part
        assert np.median(values[hunted.campaign]) > np.median(values[hunted.people]), part
    assert everybody.link == pytest.approx(everybody.payment + everybody.address + everybody.handoff)
    assert np.median(everybody.individuality[hunted.people]) < -5
    assert everybody.payment[hunted.people].max() <= 0


def test_links_are_bounded(hunted, view):
    for odds in link_odds(view, np.arange(len(hunted.names)), hunted.campaign):
        assert odds.min() >= -MOST_AGAINST
        assert odds.max() <= MOST_LINK


def test_no_member_is_held_by_its_own_values(hunted, view):
    """A person taken for a member by mistake is judged by what the others show."""
    for person in np.setdiff1d(hunted.people, bystanders(hunted))[::20]:
        scored = membership(view, np.union1d(hunted.campaign, [person]))
        at = scored.parties == person
        assert scored.payment[at] < 0
        assert scored.address[at] <= 0
        assert scored.odds[at] < 0


def test_companions_widen_the_links_and_not_the_corpus(hunted, view):
    half, rest = hunted.campaign[::2], hunted.campaign[1::2]
    alone, wider = membership(view, half), membership(view, half, rest)
    assert np.isin(rest, wider.parties).all()
    common = np.intersect1d(alone.parties, wider.parties)
    before, after = np.isin(alone.parties, common), np.isin(wider.parties, common)
    assert wider.resemblance[after] == pytest.approx(alone.resemblance[before])
    assert wider.individuality[after] == pytest.approx(alone.individuality[before])
    assert wider.setup[after] == pytest.approx(alone.setup[before])
    assert (wider.odds[np.isin(wider.parties, rest)] >= enough(view)).mean() > 0.8


def test_without_text_more_is_asked(view, textless):
    assert enough(textless.outcome.view) > enough(view)


def test_without_text_people_are_not_flagged_either(textless):
    view = textless.outcome.view
    scored = membership(view, textless.campaign, everybody=True)
    assert scored.odds[textless.people].max() < enough(view)
    assert (scored.odds[textless.campaign] >= enough(view)).mean() > 0.8


def test_behaviour_alone_flags_nobody_whom_no_link_speaks_for(hunted, view, everybody, monkeypatch):
    """One that stands for many people resembles any pool of customers; a set that needs no link is bound."""
    sure, *_ = hunted.campaign[np.argsort(-everybody.odds[hunted.campaign])]

    def links(view, parties, members):
        here = parties == sure
        return tuple(np.where(here, -0.1, part) for part in link_odds(view, parties, members))

    monkeypatch.setattr(module, "link_odds", links)
    bound = np.isin(np.arange(len(hunted.names)), [sure])
    for given, flagged in ((None, False), (bound, True)):
        scored = membership(view, hunted.campaign, bound=given)
        (odds,) = scored.odds[scored.parties == sure]
        assert (odds >= enough(view)) is np.bool_(flagged)
