"""Alike without a link: sets that look dealt one corpus although their accounts share nothing rare.

Whoever buys an address, a card and a number for each account leaves no link to propose a set by. What the accounts send
still draws from one corpus. So parties with many openings are proposed by nearness: one half of each party's openings
chooses its neighbours, the other half is tested, so that what was near by chance in the first half is not in the second.

A set that no link ties must show more than one that links propose: twenty parties, each dealt by its own openings, and
every innocent explanation rejected, one popular template among them (:func:`stillwatch.campaigns.innocent.template`).

Null hypothesis: separate owners who were *picked for their likeness*: their means lie around the set's centre at
:data:`PICKED` times the distances of this log's people. Assumptions: as in :mod:`stillwatch.detect.individuality`.
Error rate: the adjusted e-value is compared with K / alpha for K proposed sets (Bonferroni), once a day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array

from stillwatch.campaigns.candidates import View
from stillwatch.campaigns.communities import communities
from stillwatch.campaigns.found import needed
from stillwatch.detect.families import Family, Gathering
from stillwatch.detect.individuality import Spread, Sums, dealt_against_people, mixture, squared_distance
from stillwatch.detect.log import Bools, Floats, Ints

LEAST_OPENINGS = 24
"""Openings from which a party is compared: a dozen on either side."""
NEIGHBOURS = 10
SMALLEST_ALIKE = 20
"""Parties below which a set without any link is left alone."""
OWN = 3.0
"""Log ratio of *dealt* against *a person* that each party must show by all of its openings."""
PICKED = 0.1
"""Distances of people who were picked for their likeness, relative to all people's: 0.001 to 0.013 of the variance.

Measured: the nearest groups of people lie at 0.03 in made-up worlds, at 0.003 to 0.01 where they draw from one pool of
short prompts; dealt ones at 0.
"""
MOST_PARTIES = 20_000
BLOCK = 1_000


@dataclass(frozen=True, eq=False)
class AlikeSet:
    """A set near in one half of its openings and dealt in the other: ``dealt`` is the log ratio per member."""

    members: Ints
    log10_e: float
    dealt: Floats


def alike_sets(view: View, gathering: Gathering, flagged: Bools, alpha: float) -> tuple[AlikeSet, ...]:
    """Sets among the parties that are not ``flagged`` that pass the bar, strongest first; none without text.

    A set is told by its parties that are dealt one by one (:data:`OWN`), at least :data:`SMALLEST_ALIKE` of them.
    """
    if view.leading is not Family.TEXT:
        return ()
    sums, spread, _ = view.families[Family.TEXT]
    able = np.flatnonzero((sums.n >= LEAST_OPENINGS) & ~flagged & ~view.barred)
    if len(able) < SMALLEST_ALIKE:
        return ()
    able = np.sort(able[np.argsort(-sums.n[able], kind="stable")[:MOST_PARTIES]])
    chosen_by, tested = halves(view, gathering, able)
    proposed = [m for m in communities(neighbours(chosen_by)) if len(m) >= SMALLEST_ALIKE]
    strict = Spread(spread.variance, spread.concentration, spread.people * PICKED, spread.learned)
    bar = needed(max(len(proposed), 1) / alpha)
    found = [judged(tested, members, able, strict) for members in proposed]
    found = sorted((s for s in found if s.log10_e >= bar), key=lambda s: (-s.log10_e, s.members.tobytes()))
    taken = np.zeros(len(sums.n), bool)
    distinct = []
    for candidate in found:
        if taken[candidate.members].mean() < 0.5:
            taken[candidate.members] = True
            distinct.append(_sure(view, candidate))
    return tuple(s for s in distinct if len(s.members) >= SMALLEST_ALIKE)


def _sure(view: View, candidate: AlikeSet) -> AlikeSet:
    sums, spread, _ = view.families[Family.TEXT]
    whole = judged(sums.of(candidate.members), np.arange(len(candidate.members)), candidate.members, spread)
    sure = whole.dealt >= OWN
    return AlikeSet(candidate.members[sure], candidate.log10_e, whole.dealt[sure])


def halves(view: View, gathering: Gathering, parties: Ints) -> tuple[Sums, Sums]:
    """Sums of every other opening of the parties, and of the rest: (k,) each."""
    place = np.full(len(view.first_seen), -1)
    place[parties] = np.arange(len(parties))
    rows = np.flatnonzero(place[gathering.party[: gathering.seen]] >= 0)
    who = place[gathering.party[rows]]
    order = np.argsort(who, kind="stable")
    turn = np.empty(len(rows), np.int64)
    turn[order] = np.arange(len(rows)) - np.searchsorted(who[order], who[order])
    width = view.families[Family.TEXT][0].dimensions
    out = []
    for side in (0, 1):
        mine = np.flatnonzero(turn % 2 == side)
        total = Sums.zeros(len(parties), width)
        for start in range(0, len(mine), BLOCK * 50):
            part = mine[start : start + BLOCK * 50]
            total.add(who[part], gathering.joined(rows[part], view.families))
        out.append(total)
    return out[0], out[1]


def neighbours(sums: Sums) -> csr_array:
    """Parties that are each among the other's nearest, by the unbiased distance of their means: weights of 1."""
    mean = (sums.s / sums.n[:, None]).astype(np.float32)
    norm = (mean**2).sum(1)
    noise = (sums.q / sums.n - norm) / (sums.n - 1)
    near: list[Ints] = []
    count = min(NEIGHBOURS, len(mean) - 1)
    for start in range(0, len(mean), BLOCK):
        part = slice(start, start + BLOCK)
        apart = norm[None] - noise[None] - 2 * mean[part] @ mean.T
        apart[np.arange(len(apart)), np.arange(start, start + len(apart))] = np.inf
        near.append(np.argpartition(apart, count - 1, axis=1)[:, :count])
    to = np.concatenate(near).ravel()
    way = coo_array((np.ones(len(to)), (np.repeat(np.arange(len(mean)), count), to)), shape=(len(mean),) * 2).tocsr()
    return csr_array(way.multiply(way.T))


def judged(sums: Sums, members: Ints, parties: Ints, strict: Spread) -> AlikeSet:
    """The e-value of a proposed set from openings that did not choose it; each against the centre of the others."""
    own = sums.of(members)
    centre = (own.s.sum(0) - own.s) / np.maximum(own.n.sum() - own.n, 1.0)[:, None]
    ratio = dealt_against_people(own.n, squared_distance(own, centre), strict)
    return AlikeSet(parties[members], float(mixture(ratio) / np.log(10)), ratio)
