"""Following: campaigns look after look, on a small log with one campaign and on made-up odds."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.campaigns import following
from stillwatch.campaigns.candidates import judge
from stillwatch.campaigns.describe import campaign_name
from stillwatch.campaigns.following import (
    STANDS,
    UNDECIDED,
    campaign_of,
    come_together,
    flag,
    follow,
    fragments,
    inherit_together,
    merge,
    same_pool,
    stands,
    take_piece,
)
from stillwatch.campaigns.found import Found, strength_of
from stillwatch.campaigns.membership import BETTER, FLAG, RELEASE, UNTIED
from stillwatch.detect.families import Family

NOW = 1000
LONG_AGO = 7


@pytest.fixture(scope="module")
def view(hunted):
    return hunted.outcome.view


def found_of(size, members, number=1, since=LONG_AGO, **more):
    """A campaign whose members were flagged long ago."""
    times = np.zeros(size, np.int64)
    times[np.asarray(members, np.int64)] = since
    values = {
        "founders": np.asarray(members, np.int64),
        "founded": LONG_AGO,
        "odds": np.full(size, UNTIED),
        "evidence": None,
        "log10_e": 9.0,
        "tried": (),
    }
    return Found(number=number, since=times, **values | more)


def real(hunted, members, number=1, **more):
    """A campaign of parties of the small log."""
    return found_of(len(hunted.names), members, number, **more)


def some_people(hunted, count, seed):
    return np.sort(np.random.default_rng(seed).choice(hunted.people, count, replace=False))


def followed(odds, *campaigns, barred=()):
    """Follow campaigns, each a list of members, where membership scores as in the rows of ``odds``."""
    table = np.asarray(odds, float)
    size = table.shape[1]
    seen = np.zeros(size, bool)
    seen[list(barred)] = True
    view = SimpleNamespace(infrastructure=np.zeros((size, size)), barred=seen, ts=NOW, leading=Family.TEXT)
    held = [found_of(size, members, number) for number, members in enumerate(campaigns, start=1)]
    scores = iter(table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            following,
            "membership",
            lambda _view, _members, bound=None: SimpleNamespace(parties=np.arange(size), odds=next(scores)),
        )
        follow(view, held)
    return held


class TestRelease:
    def test_a_person_flagged_by_mistake_is_released_and_the_members_stay(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        person = some_people(hunted, 1, 1)
        campaign = real(hunted, np.union1d(known.members, person))
        follow(view, [campaign])
        assert not np.isin(person, campaign.members).any()
        assert np.isin(known.members, campaign.members).mean() > 0.95

    def test_a_party_that_merely_weakens_keeps_its_flag_and_its_time(self):
        (campaign,) = followed([[9, RELEASE + 0.1, 9]], [0, 1])
        assert campaign.since.tolist() == [LONG_AGO, LONG_AGO, NOW]

    def test_a_party_with_a_mind_of_its_own_loses_both(self):
        (campaign,) = followed([[9, RELEASE - 0.1, 0]], [0, 1])
        assert campaign.since.tolist() == [LONG_AGO, 0, 0]

    def test_a_campaign_that_loses_everybody_is_gone(self):
        assert [c.number for c in followed([[-9, -9, 0], [-9, 0, 9]], [0, 1], [2])] == [2]


class TestFlag:
    def test_own_evidence_is_what_it_takes(self):
        (campaign,) = followed([[9, FLAG, FLAG - 0.1]], [0])
        assert campaign.since.tolist() == [LONG_AGO, NOW, 0]

    def test_a_declared_use_is_never_flagged(self):
        (campaign,) = followed([[9, 30, 30]], [0], barred=[1])
        assert campaign.members.tolist() == [0, 2]

    def test_whom_another_campaign_holds_is_left_there(self):
        first, second = followed([[9, 9], [3, 9]], [0], [1])
        assert (first.members.tolist(), second.members.tolist()) == ([0], [1])

    def test_a_time_that_was_given_stays(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        campaign = real(hunted, known.members)
        flag(campaign, known.members, np.full(len(known.members), 30.0), view, [campaign])
        assert set(campaign.since[known.members]) == {LONG_AGO}


class TestMoves:
    def test_a_party_moves_where_it_is_explained_far_better_and_keeps_its_time(self):
        first, second = followed([[9, 0, 0], [0, BETTER + 0.1, 9]], [0, 1], [2])
        assert first.members.tolist() == [0]
        assert second.since.tolist() == [0, LONG_AGO, LONG_AGO]

    def test_also_to_an_elder_campaign(self):
        first, second = followed([[9, BETTER + 3.1, 0], [0, 3, 9]], [0], [1, 2])
        assert first.since.tolist() == [LONG_AGO, LONG_AGO, 0]
        assert second.members.tolist() == [2]

    @pytest.mark.parametrize("other", [BETTER, 3.0])
    def test_a_little_better_is_not_enough(self, other):
        first, second = followed([[9, 0, 0], [0, other, 9]], [0, 1], [2])
        assert (first.members.tolist(), second.members.tolist()) == ([0, 1], [2])

    def test_nobody_moves_to_where_it_would_not_be_flagged(self):
        first, second = followed([[9, -3.9, 0], [0, FLAG - 0.5, 9]], [0, 1], [2])
        assert (first.members.tolist(), second.members.tolist()) == ([0, 1], [2])


ODDS = st.lists(st.lists(st.floats(-12, 12), min_size=6, max_size=6), min_size=3, max_size=3)


class TestAnyOdds:
    @given(ODDS, st.lists(st.integers(0, 3), min_size=6, max_size=6), st.sets(st.integers(0, 5), max_size=2))
    def test_nobody_belongs_to_two_campaigns_and_no_time_is_made_up(self, odds, holder, barred):
        held = [[p for p in range(6) if holder[p] == number] for number in (1, 2, 3)]
        rows = [row for row, members in zip(odds, held, strict=True) if members]
        campaigns = followed(rows, *(m for m in held if m), barred=barred) if rows else []
        since = np.array([c.since for c in campaigns]).reshape(-1, 6)
        assert ((since > 0).sum(0) <= 1).all()
        assert set(since.ravel().tolist()) <= {0, LONG_AGO, NOW}
        fresh = np.flatnonzero((since == NOW).any(0))
        assert not set(fresh.tolist()) & barred
        assert all(len(c.members) for c in campaigns)


class TestStands:
    def test_a_campaign_stands(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        assert stands(view, real(hunted, known.members))

    def test_one_whose_members_have_come_to_behave_as_people_is_withdrawn(self, hunted, view):
        for seed in range(5):
            assert not stands(view, real(hunted, some_people(hunted, 20, seed), log10_e=50.0))

    def test_one_without_members_too(self, hunted, view):
        assert not stands(view, real(hunted, []))

    def test_the_strongest_evidence_seen_is_kept(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        now = strength_of(judge(view, known.members))
        assert now > STANDS
        weaker, stronger = (real(hunted, known.members, log10_e=e) for e in (now - 1, now + 1))
        assert stands(view, weaker)
        assert stands(view, stronger)
        assert weaker.log10_e == now
        assert weaker.evidence.members.tolist() == known.members.tolist()
        assert (stronger.log10_e, stronger.evidence) == (now + 1, None)


class TestPieces:
    def test_a_set_that_is_flagged_already_is_part_of_its_campaign(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        others = real(hunted, some_people(hunted, 8, 1), number=2)
        campaign = real(hunted, known.members)
        assert campaign_of(view, known.members[:8], [others, campaign]) is campaign

    def test_half_of_a_pool_belongs_to_the_other_half(self, hunted, view):
        campaign = real(hunted, hunted.campaign[::2])
        assert campaign_of(view, hunted.campaign[1::2], [campaign]) is campaign

    def test_people_belong_to_no_campaign(self, hunted, view):
        (known,) = hunted.outcome.campaigns
        campaign = real(hunted, known.members)
        for seed in range(5):
            assert campaign_of(view, some_people(hunted, 12, seed), [campaign]) is None
        assert campaign_of(view, hunted.campaign, []) is None

    def test_a_piece_is_taken_party_by_party(self, hunted, view):
        kept, rest = hunted.campaign[:12], hunted.campaign[12:]
        campaign = real(hunted, kept)
        take_piece(view, judge(view, rest), [campaign])
        assert np.isin(kept, campaign.members).all()
        assert np.isin(rest, campaign.members).mean() > 0.5
        assert set(campaign.since[np.setdiff1d(campaign.members, kept)]) == {view.ts}

    def test_people_are_no_piece(self, hunted, view):
        campaign = real(hunted, hunted.campaign)
        for seed in range(5):
            people = some_people(hunted, 12, seed)
            candidate = replace(judge(view, people), dealt=np.ones(len(people)))
            take_piece(view, candidate, [campaign])
        assert campaign.members.tolist() == hunted.campaign.tolist()

    def test_two_parties_are_too_few_for_a_piece(self, hunted, view):
        campaign = real(hunted, hunted.campaign[2:])
        take_piece(view, replace(judge(view, hunted.campaign[:2]), dealt=np.ones(2)), [campaign])
        assert campaign.members.tolist() == hunted.campaign[2:].tolist()


class TestFragments:
    def test_corners_of_the_pool_join_and_people_never_do(self, hunted, view):
        kept, rest = hunted.campaign[:-6], hunted.campaign[-6:]
        campaign = real(hunted, kept)
        fragments(view, [campaign])
        joined = np.setdiff1d(campaign.members, kept)
        assert len(joined) >= 2
        assert np.isin(joined, rest).all()
        assert set(campaign.since[joined]) == {view.ts}

    def test_a_declared_use_does_not_join(self, hunted, view):
        barred = np.zeros(len(hunted.names), bool)
        barred[hunted.campaign[-6:]] = True
        campaign = real(hunted, hunted.campaign[:-6])
        fragments(replace(view, barred=barred), [campaign])
        assert campaign.members.tolist() == hunted.campaign[:-6].tolist()

    def test_whom_another_campaign_holds_does_not_join(self, hunted, view):
        first, second = real(hunted, hunted.campaign[:-6]), real(hunted, hunted.campaign[-6:], number=2)
        fragments(view, [first, second])
        assert second.members.tolist() == hunted.campaign[-6:].tolist()
        assert not np.isin(second.members, first.members).any()

    def test_without_text_hours_alone_add_nobody(self, textless):
        campaign = real(textless, textless.campaign[:-6])
        fragments(textless.outcome.view, [campaign])
        assert campaign.members.tolist() == textless.campaign[:-6].tolist()

    @pytest.mark.parametrize(("own", "joins"), [(UNDECIDED, True), (UNDECIDED - 0.1, False), (-3.0, False)])
    def test_whoever_shows_nothing_of_its_own_is_not_swept_along(self, hunted, view, own, joins, monkeypatch):
        kept = hunted.campaign[:-6]
        before = real(hunted, kept)
        fragments(view, [before])
        passer_by, *others = np.setdiff1d(before.members, kept)
        score = following.membership

        def scored(view, members, also=None, **more):
            found = score(view, members, also, **more)
            if also is None:
                return found
            mine = found.parties == passer_by
            return replace(found, odds=np.where(mine, own, np.where(np.isin(found.parties, others), 2.0, found.odds)))

        monkeypatch.setattr(following, "membership", scored)
        campaign = real(hunted, kept)
        fragments(view, [campaign])
        assert np.isin(others, campaign.members).all()
        assert (passer_by in campaign.members) is joins


class TestComingTogether:
    @staticmethod
    def scored(links, fresh):
        """Party 0 is the campaign. ``links``: log odds of each party without others, and (party that lends, how much)."""
        asked = []

        def membership(_view, members, also=None):
            asked.append(set(also.tolist()))
            parties = np.union1d(members, also)
            odds = [links[p][0] + sum(much for lender, much in links[p][1:] if lender in also) for p in parties]
            return SimpleNamespace(parties=parties, odds=np.array(odds, float))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(following, "membership", membership)
            found = come_together(None, np.array([0]), np.array(fresh))
        return dict(zip(found.parties.tolist(), found.odds.tolist(), strict=True)), asked

    def test_whoever_does_not_belong_lends_no_link(self):
        odds, asked = self.scored({0: [9], 1: [-3], 2: [-1.5, (1, 4)], 3: [5]}, [1, 2, 3])
        assert asked[:2] == [{1, 2, 3}, {2, 3}]
        assert 2 not in odds
        assert odds[3] == 5

    def test_one_falls_after_the_other(self):
        odds, asked = self.scored({0: [9], 1: [-3], 2: [-2, (1, 4)], 3: [-2, (2, 4)]}, [1, 2, 3])
        assert len(asked) == 4
        assert odds == {0: 9}

    def test_those_that_may_belong_hold_each_other(self):
        odds, asked = self.scored({0: [9], 1: [-UNDECIDED, (2, 4)], 2: [-UNDECIDED, (1, 4)]}, [0, 1, 2])
        assert len(asked) == 1
        assert odds[1] == odds[2] == 4 - UNDECIDED

    @pytest.mark.parametrize(("afterwards", "stays"), [(UNDECIDED, True), (UNDECIDED - 0.1, False), (-3.0, False)])
    def test_whoever_needs_the_links_of_those_that_were_not_flagged_is_let_go(self, afterwards, stays, monkeypatch):
        """0 was flagged before, 1 and 2 come at once: 1 is not flagged, and without its links 2 has ``afterwards``."""

        def membership(_view, members, also=None, bound=None):
            odds = [0.5, 2.0, FLAG + 1] if also is not None else [0.5, 2.0, afterwards]
            return SimpleNamespace(parties=np.arange(3), odds=np.array(odds))

        monkeypatch.setattr(following, "membership", membership)
        view = SimpleNamespace(barred=np.zeros(3, bool), ts=NOW, leading=Family.TEXT)
        campaign = found_of(3, [0])
        inherit_together(campaign, view, np.array([1, 2]), [campaign])
        assert campaign.since.tolist() == [LONG_AGO, 0, NOW if stays else 0]

    def test_people_who_come_with_a_piece_stay_out(self, hunted, view):
        kept, rest = hunted.campaign[:15], hunted.campaign[15:]
        for seed in range(5):
            people = some_people(hunted, 4, seed)
            scored = come_together(view, kept, np.concatenate([rest, people]))
            sure = scored.parties[scored.odds >= FLAG]
            assert not np.isin(people, sure).any()
            assert np.isin(rest, sure).mean() > 0.5


class TestMerge:
    def test_pieces_of_one_pool_become_one_and_the_elder_keeps_its_name(self, hunted, view):
        elder = real(hunted, hunted.campaign[::2], number=3, since=20)
        younger = real(hunted, hunted.campaign[1::2], number=5, since=40)
        name, founders = campaign_name(hunted.log.accounts, elder), elder.founders.tolist()
        campaigns = [younger, elder]
        merge(view, campaigns)
        assert campaigns == [elder]
        assert (elder.number, elder.absorbed, elder.founders.tolist()) == (3, [5], founders)
        assert campaign_name(hunted.log.accounts, elder) == name
        assert elder.members.tolist() == hunted.campaign.tolist()
        assert elder.since[hunted.campaign].tolist() == ([20, 40] * len(hunted.campaign))[: len(hunted.campaign)]

    def test_what_the_younger_had_absorbed_is_not_forgotten(self, hunted, view):
        elder = real(hunted, hunted.campaign[::2], number=1)
        younger = real(hunted, hunted.campaign[1::2], number=3, absorbed=[7])
        campaigns = [elder, younger]
        merge(view, campaigns)
        assert elder.absorbed == [3, 7]

    def test_three_pieces_become_one(self, hunted, view):
        campaigns = [real(hunted, hunted.campaign[start::3], number=start + 1) for start in range(3)]
        merge(view, campaigns)
        (only,) = campaigns
        assert only.number == 1
        assert sorted(only.absorbed) == [2, 3]
        assert only.members.tolist() == hunted.campaign.tolist()

    def test_a_campaign_and_a_group_of_people_stay_two(self, hunted, view):
        for seed in range(5):
            campaigns = [
                real(hunted, hunted.campaign, number=1),
                real(hunted, some_people(hunted, 15, seed), number=2),
            ]
            merge(view, campaigns)
            assert [c.number for c in campaigns] == [1, 2]

    def test_nothing_is_one_pool_with_a_single_party(self, hunted, view):
        assert not same_pool(view, hunted.campaign, hunted.campaign[:1])
        assert not same_pool(view, hunted.campaign[:0], hunted.campaign)
