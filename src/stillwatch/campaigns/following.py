"""Following: what becomes of campaigns that were found, look after look.

Parties join with evidence of their own, move where another campaign explains them far better, and are released where they
have shown a mind of their own; pieces of one pool are joined; a campaign whose evidence is gone is withdrawn.
"""

from __future__ import annotations

import numpy as np
from scipy.sparse.csgraph import connected_components

from stillwatch.campaigns.candidates import SMALLEST_SET, TIED, Candidate, View, close, judge, one_pool, tied
from stillwatch.campaigns.found import Found, flagged_of, strength_of
from stillwatch.campaigns.membership import BETTER, RELEASE, UNTIED, Membership, enough, membership
from stillwatch.detect.families import Family
from stillwatch.detect.individuality import set_evidence
from stillwatch.detect.log import Floats, Ints

MOSTLY = 0.9
"""Share of a set that must be flagged in a campaign for the set to be part of it without a test."""
ADDS = 0.5
"""log10 e that a piece must add to a campaign to be taken for a part of it."""
ADDS_APART = 2.0
"""The same for a piece that no link ties to the campaign: people with the campaign's interests are linked to each other too."""
STANDS = 1.0
"""log10 e below which a campaign that was reported is withdrawn."""
PIECE_BEHAVIOUR = -0.2
"""Log odds of behaviour from which a party may stand in a fragment."""
MOST_BEHAVIOUR = 3.0
LARGEST_PIECE = 30
UNDECIDED = 1.0
"""Log odds that decide about a party that comes with others (0.73): above, one of a fragment that stands is flagged, and a
flag that was given with others stays once only links to flagged ones count; below its negative, a party lends no link."""


def flag(campaign: Found, parties: Ints, odds: Floats, view: View, campaigns: list[Found]) -> None:
    """Flag the parties whose own evidence suffices, that no other campaign holds and whose use is not declared."""
    taken = view.barred | flagged_of(campaigns, len(view.barred))
    sure = parties[odds >= enough(view)]
    campaign.since[sure[~taken[sure]]] = view.ts


def inherit(campaign: Found, scored: Membership, view: View, campaigns: list[Found]) -> None:
    """Flag by a membership score."""
    flag(campaign, scored.parties, scored.odds, view, campaigns)


def come_together(view: View, members: Ints, fresh: Ints) -> Membership:
    """Score parties that come to a campaign at once: links to those of them that may belong count too.

    Which of them belong is not known beforehand: a set that is dealt on the whole can hold people, who are linked to each
    other as people are (a family's card, a team's address). So whoever more likely does not belong lends no link, and the
    rest are scored anew until nobody falls.
    """
    fresh = np.setdiff1d(fresh, members)
    while True:
        scored = membership(view, members, fresh)
        standing = fresh[scored.odds[np.searchsorted(scored.parties, fresh)] >= -UNDECIDED]
        if len(standing) == len(fresh):
            return scored
        fresh = standing


def inherit_together(campaign: Found, view: View, fresh: Ints, campaigns: list[Found]) -> None:
    """Flag out of parties that come at once; whoever then lacks the links of those that were not flagged is let go again."""
    before = campaign.since > 0
    inherit(campaign, come_together(view, campaign.members, fresh), view, campaigns)
    again = membership(view, campaign.members, bound=campaign.bound)
    alone = again.parties[again.odds < UNDECIDED]
    campaign.since[alone[~before[alone]]] = 0


def follow(view: View, campaigns: list[Found]) -> None:
    """Hold every campaign's members against what is known now.

    New parties are flagged, those who have shown a mind of their own are released, and those whom another campaign
    explains far better move there and keep the time at which they were flagged.
    """
    size = view.infrastructure.shape[0]
    odds = np.full((len(campaigns), size), UNTIED)
    for row, campaign in enumerate(campaigns):
        if len(campaign.members):
            scored = membership(view, campaign.members, bound=campaign.bound)
            odds[row, scored.parties] = scored.odds
    for row, campaign in enumerate(campaigns):
        campaign.odds = odds[row]
        members = campaign.members
        best = odds.argmax(0)
        moving = members[(best[members] != row) & (odds[best[members], members] > odds[row, members] + BETTER)]
        moving = moving[odds[best[moving], moving] >= enough(view)]
        for party in moving:
            campaigns[best[party]].since[party] = campaign.since[party]
        campaign.since[moving] = 0
        staying = campaign.members
        campaign.since[staying[odds[row, staying] < RELEASE]] = 0
    everybody = np.arange(size)
    for row, campaign in enumerate(campaigns):
        flag(campaign, everybody, odds[row], view, campaigns)
    campaigns[:] = [c for c in campaigns if len(c.members)]


def stands(view: View, campaign: Found) -> bool:
    """Is a campaign's evidence still there? Where its members have come to behave as people, it is withdrawn."""
    if not len(campaign.members):
        return False
    again = judge(view, campaign.members)
    if strength_of(again) > campaign.log10_e:
        campaign.log10_e, campaign.evidence = strength_of(again), again
    return strength_of(again) >= STANDS


def campaign_of(view: View, core: Ints, campaigns: list[Found]) -> Found | None:
    """The known campaign of which a set is a piece, if any: nearly all of it is flagged there, or both are one pool."""
    shared = [float(np.isin(core, c.members).mean()) for c in campaigns]
    for at in np.argsort(-np.array(shared), kind="stable"):
        campaign: Found = campaigns[int(at)]
        rest = np.setdiff1d(campaign.members, core)
        if shared[at] >= MOSTLY or len(rest) < 2 or same_pool(view, core, rest):
            return campaign
    return None


def take_piece(view: View, candidate: Candidate, campaigns: list[Found]) -> None:
    """A set too weak to be convicted by itself that is dealt a known campaign's corpus is a piece of it.

    Held against the campaign's corpus, the piece must add evidence of its own; its parties then stand or fall one by one.
    """
    sums, spread, population = view.families[view.leading]
    for campaign in campaigns:
        members = campaign.members
        fresh = np.setdiff1d(candidate.core, members)
        if len(fresh) < SMALLEST_SET or not close(view, fresh, members):
            continue
        alone = set_evidence(sums.of(members), spread, population).log10_e
        both = set_evidence(sums.of(np.concatenate([fresh, members])), spread, population).log10_e
        apart = tied(view.infrastructure, fresh, members) < TIED
        if both >= alone + (ADDS_APART if apart else ADDS):
            inherit_together(campaign, view, candidate.core, campaigns)
            return


def fragments(view: View, campaigns: list[Found]) -> None:
    """Small groups tied to each other, not to the campaign, that are dealt its corpus: they stand or fall together.

    A large pool has corners that share addresses among themselves only. Each party alone says little; that several
    parties tied by rare infrastructure all draw from the campaign's corpus says more. Log odds of the group: the prior of
    one party, the parties' behaviour (each at most 3, the strongest left out: two friends with one interest are no pool),
    and their set-up once, since neighbours share software. Of a group that stands, those join who show something of
    their own (:data:`UNDECIDED`): whoever merely shares an address with it is not swept along.
    """
    if view.leading is not Family.TEXT:
        return  # hours alone resemble everybody's
    taken = view.barred | flagged_of(campaigns, len(view.barred))
    for campaign in campaigns:
        members = campaign.members
        scored = membership(view, members, everybody=True)
        behaviour = scored.resemblance + np.clip(scored.individuality, -20, 2)
        able = np.flatnonzero(
            ~taken & (behaviour > PIECE_BEHAVIOUR) & (scored.setup > -1) & (view.first_seen <= view.ts)
        )
        if len(able) < 2:
            continue
        _, label = connected_components(view.infrastructure[able][:, able], directed=False)
        prior = float(np.log(len(members) / max(int((view.first_seen <= view.ts).sum()), len(members) + 1)))
        size = np.bincount(label)
        each = np.minimum(behaviour[able], MOST_BEHAVIOUR)
        top = np.full(len(size), -np.inf)
        np.maximum.at(top, label, each)
        behaved = np.bincount(label, each) - np.maximum(top, 0)
        setup = np.bincount(label, scored.setup[able]) / size
        odds = prior + behaved + setup
        whole = (size >= 2) & (size <= LARGEST_PIECE) & (odds >= enough(view))
        joining = _of_their_own(view, members, able[whole[label]])
        campaign.since[joining] = view.ts
        taken[joining] = True


def _of_their_own(view: View, members: Ints, standing: Ints) -> Ints:
    """Those of the groups that stand who show something of their own."""
    if not len(standing):
        return standing
    scored = membership(view, members, standing)
    return np.intersect1d(standing, scored.parties[scored.odds >= UNDECIDED])


def same_pool(view: View, left: Ints, right: Ints) -> bool:
    """Are two sets pieces of one pool? See :func:`stillwatch.campaigns.candidates.one_pool`."""
    if len(left) < 2 or len(right) < 2:
        return False
    sums, spread, population = view.families[view.leading]
    if not close(view, left, right):
        return False
    alone = [set_evidence(sums.of(part), spread, population).log10_e for part in (left, right)]
    together = set_evidence(sums.of(np.concatenate([left, right])), spread, population).log10_e
    return one_pool(view, tied(view.infrastructure, left, right), alone[0], alone[1], together)


def merge(view: View, campaigns: list[Found]) -> None:
    """Join campaigns that turn out to be pieces of one pool; the elder keeps its name."""
    for elder in list(campaigns):
        for younger in list(campaigns):
            if younger.number <= elder.number or younger not in campaigns or elder not in campaigns:
                continue
            if same_pool(view, younger.members, elder.members):
                elder.since = np.where(elder.since > 0, elder.since, younger.since)
                elder.odds = np.maximum(elder.odds, younger.odds)
                elder.bind(younger.bound)
                elder.absorbed += [younger.number, *younger.absorbed]
                campaigns.remove(younger)
