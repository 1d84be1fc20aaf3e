"""Membership: which parties belong to a campaign that has been found.

A set is convicted by evidence; an account inherits only with evidence of its own: a link to the campaign's members that
strangers do not share, and behaviour like the campaign's corpus rather than like a person of its own. The score is a log
odds: prior, link, resemblance, set-up. Its parts are kept, so that ``explain`` can say which one carried it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.campaigns.candidates import View
from stillwatch.campaigns.links import LinkKind
from stillwatch.detect.families import Family
from stillwatch.detect.individuality import Pool, against_centre
from stillwatch.detect.log import Bools, Floats, Ints

FLAG = 3.0
"""Log odds from which a party is flagged (0.95)."""
FLAG_WITHOUT_TEXT = 5.0
RELEASE = -4.0
"""Log odds below which a party that was flagged is released: it has shown a mind of its own since."""
BETTER = 6.0
"""How much better another campaign must explain a party for the party to move there."""
MOST_LINK = 8.0
MOST_AGAINST = 3.0
MOST_OWN = 12.0
"""Most that a mind of its own may count against a party: corpora change, and strong links outweigh that."""
ADDRESSES = (LinkKind.ADDRESS, LinkKind.SIGNUP_ADDRESS)
UNTIED = -20.0
"""Log odds of a party without any link to the members: behaviour alone adds nobody."""


@dataclass(frozen=True)
class Membership:
    """Log odds per party and their parts, aligned with ``parties``."""

    parties: Ints
    odds: Floats
    payment: Floats
    address: Floats
    handoff: Floats
    resemblance: Floats
    individuality: Floats
    setup: Floats

    @property
    def link(self) -> Floats:
        """All links together."""
        return self.payment + self.address + self.handoff


def enough(view: View) -> float:
    """Log odds from which a party is flagged; more without text, where less is known of each."""
    return FLAG if view.leading is Family.TEXT else FLAG_WITHOUT_TEXT


def link_odds(view: View, parties: Ints, members: Ints) -> tuple[Floats, Floats, Floats]:
    """Log ratios (payment, address, hand-off) of a party's links to the members: as many as a member has, or as few as a stranger by coincidence.

    Per kind, a party shows m values of which k are shown by a member too. Members share a value with another member with
    probability p1 (leave one out), strangers with p0, both counted in this log: the ratio is binomial, within -3 and +8,
    since the values of one party are not independent. Addresses of use and of sign-up are one kind of fact: the larger
    counts. Hand-offs are counted per continued exchange (:func:`_handoff_odds`).
    """
    inside = np.zeros(view.infrastructure.shape[0])
    inside[members] = 1
    by_kind = {kind: _kind_odds(view, kind, parties, inside) for kind in (LinkKind.PAYMENT, *ADDRESSES)}
    address = np.maximum(by_kind[ADDRESSES[0]], by_kind[ADDRESSES[1]])
    return by_kind[LinkKind.PAYMENT], address, _handoff_odds(view, parties, inside)


def _shared(view: View, kind: LinkKind, parties: Ints, inside: Floats) -> tuple[Floats, Floats, float]:
    """Per party: values shared with a member, values shown; and the values shown by everybody."""
    shown = view.graph.shown.get(kind)
    if shown is None:
        return np.zeros(len(parties)), np.zeros(len(parties)), 0.0
    by_members = shown.T @ inside
    theirs = shown[parties].tocsr()
    who = np.repeat(np.arange(len(parties)), np.diff(theirs.indptr))
    others = by_members[theirs.indices] - inside[parties][who]
    shared = np.asarray(np.bincount(who, others > 0, len(parties)), np.float64)
    return shared, np.bincount(who, minlength=len(parties)).astype(float), float(shown.nnz)


def _kind_odds(view: View, kind: LinkKind, parties: Ints, inside: Floats) -> Floats:
    shared, values, everybody = _shared(view, kind, parties, inside)
    of_members = inside[parties] > 0
    p1 = np.clip((shared[of_members].sum() + 0.5) / (values[of_members].sum() + 1), 0.02, 0.98)
    strange = everybody - values[of_members].sum()
    p0 = np.clip((shared[~of_members].sum() + 0.5) / (strange + 1), 1e-4, 0.5)
    if p1 <= p0:
        return np.zeros(len(parties))
    ratio = shared * np.log(p1 / p0) + (values - shared) * np.log((1 - p1) / (1 - p0))
    return np.asarray(np.clip(ratio, -MOST_AGAINST, MOST_LINK))


def _handoff_odds(view: View, parties: Ints, inside: Floats) -> Floats:
    """Poisson log ratio of conversations passed to or from members, per exchange that continues a conversation."""
    events, _, _ = _shared(view, LinkKind.HANDOFF, parties, inside)
    of_members = inside[parties] > 0
    exposure = view.continued[parties].astype(float)
    strange = float(view.continued.sum()) - exposure[of_members].sum()
    member_rate = (events[of_members].sum() + 0.5) / (exposure[of_members].sum() + 1)
    stranger_rate = (events[~of_members].sum() + 0.5) / (strange + 1)
    if member_rate < 3 * stranger_rate or events[of_members].sum() < 3:
        return np.zeros(len(parties))
    ratio = events * np.log(member_rate / stranger_rate) - exposure * (member_rate - stranger_rate)
    return np.asarray(np.clip(ratio, -MOST_AGAINST, MOST_LINK))


def membership(
    view: View, members: Ints, also: Ints | None = None, *, everybody: bool = False, bound: Bools | None = None
) -> Membership:
    """Score the members and every party linked to them.

    Links propose, behaviour decides: where behaviour does not speak for membership, no link suffices; and where no kind of
    link speaks for it, no behaviour does, since an account behind which many people stand is like any pool of customers.
    ``members`` give the corpus and the set-up; ``also`` are parties that came with a new piece of the same pool: links
    to them count as well, but they do not move the corpus they are measured against. ``everybody``: score all parties,
    tied or not, for an order among those who are not flagged. ``bound``: parties that count as tied without a link.
    """
    size = view.infrastructure.shape[0]
    lawful, inside = np.zeros(size), np.zeros(size)
    lawful[members] = 1
    wider = members if also is None else np.union1d(members, also)
    inside[wider] = 1
    near = view.infrastructure @ inside > 0
    if bound is not None:
        near |= bound
    parties = np.arange(size) if everybody else np.union1d(np.flatnonzero(near), wider)
    sums, spread, population = view.families[view.leading]
    core = sums.of(members)
    pool = Pool(float(core.n.sum()), core.s.sum(0))
    near_corpus, ratio = against_centre(sums.of(parties), population, spread, pool, lawful[parties])
    alike = (near_corpus + view.cells.lean(parties, members, np.ones(len(members)))) / 2
    core_setup = view.setup.shares(members).mean(0)
    setup = view.setup.lean_to(view.setup.shares(parties), core_setup, float(len(members)))
    links = link_odds(view, parties, wider)
    prior = np.log(len(wider) / max(int((view.first_seen <= view.ts).sum()), len(wider) + 1))
    behaviour = alike + np.clip(ratio, -MOST_OWN, 2)
    odds = prior + sum(links) + behaviour + setup
    odds = np.where(behaviour + np.minimum(setup, 0) > 0, odds, np.minimum(odds, 0.0))
    linked = np.max(links, axis=0) > 0
    if bound is not None:
        linked |= bound[parties]
    odds = np.where(linked, odds, np.minimum(odds, 0.0))
    untied = odds + UNTIED if everybody else np.full(len(odds), UNTIED)
    return Membership(parties, np.where(near[parties], odds, untied), *links, alike, ratio, setup)
