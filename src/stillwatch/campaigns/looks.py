"""Looks: the hunt as it happens, hour by hour of the log, with nothing known beforehand.

At each look links and behaviour as of that hour are judged. A set whose e-value passes the bar becomes a campaign; its
members are flagged when their own evidence suffices, and stay flagged. Since a look reads only what came before it,
``flagged_at`` is honest by construction: a hunt until that time makes the same looks.

Bar. e-BH (Wang and Ramdas 2022) at level alpha over the candidate sets of a look: the r strongest are reported if
each has an adjusted e-value of at least K / (alpha r). Because one looks at every hour and flags stick, what counts is the
supremum of an e-value over the looks, and the adjuster A(y) = kappa y^(1 - kappa), kappa = 0.1, turns a supremum into an
e-value again (Dawid, de Rooij, Shafer, Shen, Vereshchagin and Vovk 2011).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from stillwatch.campaigns.candidates import PROMISING, SMALLEST_SET, Candidate, Judged, View, candidates, infrastructure_of, judge, one_pool, tied
from stillwatch.campaigns.innocent import Facts, examine, holding
from stillwatch.campaigns.links import Incidence, LinkKind, graph_at
from stillwatch.campaigns.membership import BETTER, RELEASE, UNTIED, Membership, enough, membership
from stillwatch.campaigns.model import Alternative
from stillwatch.detect.cells import CellCounts
from stillwatch.detect.families import Gathering, State
from stillwatch.detect.individuality import set_evidence
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, NONE, Floats, Ints, Log
from stillwatch.detect.setup import SetupCounts

KAPPA = 0.1
DISCOVER_EVERY = 2
"""Hours between searches for new sets; known campaigns are followed every hour."""
MOSTLY = 0.9
"""Share of a set that must be flagged in a campaign for the set to be part of it without a test."""
STANDS = 1.0
"""log10 e below which a campaign that was reported is withdrawn."""
HANDOFF_NEEDS = 1.0
"""log10 e of dealt behaviour that a set convicted by hand-offs must show besides (colleagues share conversations too)."""


def adjusted(log10_e: float) -> float:
    """log10 of the adjusted e-value of a supremum."""
    return float(np.log10(KAPPA) + (1 - KAPPA) * log10_e)


def needed(hypotheses: float) -> float:
    """log10 e that a set needs to pass a bar of so many hypotheses per alpha: the inverse of :func:`adjusted`."""
    return float((np.log10(hypotheses) - np.log10(KAPPA)) / (1 - KAPPA) + np.log10(2))


@dataclass(eq=False)
class Found:
    """A campaign while it is followed. Times are microseconds; ``since`` per party is 0 where not flagged."""

    number: int
    founders: Ints
    founded: int
    since: Ints
    odds: Floats
    evidence: Candidate
    log10_e: float
    tried: tuple[Alternative, ...]
    absorbed: list[int] = field(default_factory=list)

    @property
    def members(self) -> Ints:
        """Parties flagged so far."""
        return np.flatnonzero(self.since > 0)


@dataclass
class Outcome:
    """What the looks leave behind: campaigns, and the last look's candidates and view for explaining."""

    campaigns: list[Found]
    near: list[Candidate]
    bar: float
    hypotheses: int
    looks: int
    view: View | None
    numbered: int = 1
    held: dict[bytes, tuple[Candidate, Alternative]] = field(default_factory=dict)


def hours(log: Log) -> list[int]:
    """Times of the looks: every full hour after the first exchange, and the last moment of the log."""
    if not len(log):
        return []
    first = int(log.ts[0]) // MICROSECONDS_PER_HOUR + 1
    last = int(log.ts[-1]) // MICROSECONDS_PER_HOUR
    times = [h * MICROSECONDS_PER_HOUR for h in range(first, last + 1)]
    return times if times and times[-1] == int(log.ts[-1]) else [*times, int(log.ts[-1])]


@dataclass
class Looker:
    """Walks through the log; one instance per hunt."""

    log: Log
    rows: Ints
    gathering: Gathering
    cells: CellCounts
    facts: Facts
    kinds: dict[LinkKind, Incidence]
    alpha: float = 0.01
    judged: Judged = field(default_factory=lambda: Judged({}))

    def walk(self, progress: Callable[[int, int], None] | None = None) -> Outcome:
        """All looks in order of time. ``progress`` is told (looks done, looks in all)."""
        setup, times = SetupCounts.start(self.log), hours(self.log)
        first_seen = np.full(self.log.parties, np.iinfo(np.int64).max)
        np.minimum.at(first_seen, self.log.party, self.log.ts)
        opened = self.log.ts[self.rows]
        outcome = Outcome([], [], np.log10(1 / self.alpha), 0, 0, None)
        families: State | None = None
        for number, ts in enumerate(times):
            upto = int(np.searchsorted(opened, ts, side="right"))
            self.gathering.advance(upto)
            self.cells.advance(upto)
            setup.advance(self.log.upto(ts))
            last = number == len(times) - 1
            discover = last or (ts // MICROSECONDS_PER_HOUR) % DISCOVER_EVERY == 0
            if discover or outcome.campaigns:
                families = self.gathering.state(None if discover else families)
                view = self._view(ts, setup, first_seen, families)
                if discover:
                    merge(view, outcome.campaigns)
                    self._discover(view, outcome)
                follow(view, outcome.campaigns)
                outcome.view = view
            outcome.looks += 1
            if progress:
                progress(number + 1, len(times))
        return outcome

    def _view(self, ts: int, setup: SetupCounts, first_seen: Ints, families: State) -> View:
        active = int((first_seen <= ts).sum())
        graph = graph_at(self.log, self.kinds, ts, active)
        upto = self.log.upto(ts)
        going_on = self.log.context_in[:upto] != NONE
        continued = np.bincount(self.log.party[:upto][going_on], minlength=self.log.parties)
        weight = float(np.log(max(active, 2) / 2))
        part = graph.by_kind.get(LinkKind.HANDOFF)
        pairs = float(part.sum()) / 2 / max(weight, 1e-9) if part is not None else 0.0
        return View(
            ts=ts,
            families=families,
            graph=graph,
            infrastructure=infrastructure_of(graph),
            setup=setup,
            cells=self.cells,
            barred=self.facts.declared,
            continued=continued,
            handoff_rate=_usual_rate(part, continued, pairs, weight),
            handoff_weight=weight,
            first_seen=first_seen,
        )

    def _discover(self, view: View, outcome: Outcome) -> None:
        """Judge the candidates of this look and found campaigns on those that pass."""
        judged, hypotheses = candidates(view, needed(1 / self.alpha), self.judged)
        outcome.hypotheses = max(hypotheses, 1)
        strength = np.array([adjusted(_strength(c)) for c in judged])
        order = np.argsort(-strength, kind="stable")
        passed = 0
        for rank in range(len(order), 0, -1):
            if strength[order[rank - 1]] >= np.log10(outcome.hypotheses / (self.alpha * rank)):
                passed = rank
                break
        outcome.bar = float(np.log10(outcome.hypotheses / (self.alpha * max(passed, 1))))
        for position in order[:passed]:
            self._found(view, judged[position], outcome)
        outcome.near = [judged[p] for p in order[passed:]]
        outcome.campaigns[:] = [c for c in outcome.campaigns if stands(view, c)]
        for candidate in outcome.near:
            if candidate.log10_e > 0 and len(candidate.core) >= SMALLEST_SET:
                _same_corpus(view, candidate, outcome.campaigns)

    def _found(self, view: View, candidate: Candidate, outcome: Outcome) -> None:
        """A candidate that passed: part of a known campaign, or a new one."""
        core = candidate.core
        if len(core) < SMALLEST_SET:
            return
        flagged = np.flatnonzero(sum(c.since > 0 for c in outcome.campaigns)) if outcome.campaigns else core[:0]
        known = campaign_of(view, core, outcome.campaigns)
        if known is None and np.isin(core, flagged).any():
            candidate = judge(view, np.setdiff1d(candidate.members, flagged))
            core = candidate.core
            if len(core) < SMALLEST_SET or adjusted(_strength(candidate)) < outcome.bar:
                return
        if known is not None:
            if _strength(candidate) > known.log10_e:
                known.log10_e, known.evidence = _strength(candidate), candidate
            if not bool(np.isin(core, known.members).all()):
                inherit(known, membership(view, known.members, core), view, outcome.campaigns)
            return
        tried = examine(self.facts, core, view.ts)
        if (held := holding(tried)) is not None:
            outcome.held[core.tobytes()] = (candidate, held)
            return
        size = self.log.parties
        new = Found(
            number=outcome.numbered,
            founders=core,
            founded=view.ts,
            since=np.zeros(size, np.int64),
            odds=np.full(size, -20.0),
            evidence=candidate,
            log10_e=_strength(candidate),
            tried=tried,
        )
        inherit(new, membership(view, core), view, outcome.campaigns)
        if len(new.members) >= SMALLEST_SET:
            outcome.numbered += 1
            outcome.campaigns.append(new)


def flag(campaign: Found, parties: Ints, odds: Floats, view: View, campaigns: list[Found]) -> None:
    """Flag the parties whose own evidence suffices, that no other campaign holds and whose use is not declared."""
    taken = view.barred.copy()
    for other in campaigns:
        taken |= other.since > 0
    sure = parties[odds >= enough(view)]
    campaign.since[sure[~taken[sure]]] = view.ts


def inherit(campaign: Found, scored: Membership, view: View, campaigns: list[Found]) -> None:
    """Flag by a membership score."""
    flag(campaign, scored.parties, scored.odds, view, campaigns)


def follow(view: View, campaigns: list[Found]) -> None:
    """Hold every campaign's members against what is known now.

    New parties are flagged, those who have shown a mind of their own are released, and those whom another campaign
    explains far better move there and keep the time at which they were flagged.
    """
    size = view.infrastructure.shape[0]
    odds = np.full((len(campaigns), size), UNTIED)
    for row, campaign in enumerate(campaigns):
        if len(campaign.members):
            scored = membership(view, campaign.members)
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
    return _strength(again) >= STANDS


def campaign_of(view: View, core: Ints, campaigns: list[Found]) -> Found | None:
    """The known campaign of which a set is a piece, if any: nearly all of it is flagged there, or both are one pool."""
    shared = [float(np.isin(core, c.members).mean()) for c in campaigns]
    for at in np.argsort(-np.array(shared), kind="stable"):
        campaign = campaigns[at]
        rest = np.setdiff1d(campaign.members, core)
        if shared[at] >= MOSTLY or len(rest) < 2 or same_pool(view, core, rest):  # noqa: PLR2004
            return campaign
    return None


def _same_corpus(view: View, candidate: Candidate, campaigns: list[Found]) -> None:
    """A set too weak to be convicted by itself that is dealt a known campaign's corpus is a piece of it."""
    for campaign in campaigns:
        fresh = np.setdiff1d(candidate.core, campaign.members)
        if len(fresh) >= SMALLEST_SET and same_pool(view, fresh, campaign.members):
            inherit(campaign, membership(view, campaign.members, candidate.core), view, campaigns)
            return


def _strength(candidate: Candidate) -> float:
    """The candidate's log10 e: of behaviour, or of hand-offs where behaviour agrees; two routes, so halved."""
    handed = candidate.handoff_log10_e if candidate.log10_e >= HANDOFF_NEEDS else 0.0
    return float(max(candidate.log10_e, handed) - np.log10(2))


def _usual_rate(part: object, continued: Ints, pairs: float, weight: float) -> float:
    """Hand-offs per continued exchange among ordinary parties: the rate without the busiest hundredth of parties."""
    if part is None or not pairs:
        return 1.0 / max(float(continued.sum()), 1.0)
    per_party = np.asarray(part.sum(1)).ravel() / weight  # type: ignore[attr-defined]
    usual = per_party <= max(np.quantile(per_party[per_party > 0], 0.8), 1.0)
    return float((per_party[usual].sum() / 2 + 1) / max(continued[usual].sum(), 1))


def same_pool(view: View, left: Ints, right: Ints) -> bool:
    """Are two sets pieces of one pool? See :func:`stillwatch.campaigns.candidates.one_pool`."""
    if len(left) < 2 or len(right) < 2:  # noqa: PLR2004
        return False
    sums, spread, population = view.families[view.leading]
    tie = tied(view.infrastructure, left, right)
    a, b = sums.of(left), sums.of(right)
    centre_a, centre_b = a.s.sum(0) / max(a.n.sum(), 1), b.s.sum(0) / max(b.n.sum(), 1)
    if ((centre_a - centre_b) ** 2).sum() > ((centre_a - population) ** 2).sum():
        return False  # nearer to everybody than to the other set: no need to look closer
    alone = [set_evidence(part, spread, population).log10_e for part in (a, b)]
    together = set_evidence(sums.of(np.concatenate([left, right])), spread, population).log10_e
    return one_pool(view, tie, alone[0], alone[1], together)


def merge(view: View, campaigns: list[Found]) -> None:
    """Join campaigns that turn out to be pieces of one pool; the elder keeps its name."""
    for elder in list(campaigns):
        for younger in list(campaigns):
            if younger.number <= elder.number or younger not in campaigns or elder not in campaigns:
                continue
            if same_pool(view, younger.members, elder.members):
                elder.since = np.where(elder.since > 0, elder.since, younger.since)
                elder.odds = np.maximum(elder.odds, younger.odds)
                elder.absorbed.append(younger.number)
                campaigns.remove(younger)
