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
from dataclasses import dataclass, field, replace

import numpy as np

from stillwatch.campaigns.alike import alike_sets
from stillwatch.campaigns.candidates import (
    PROMISING,
    SMALLEST_SET,
    Candidate,
    Judged,
    View,
    candidates,
    infrastructure_of,
    judge,
)
from stillwatch.campaigns.following import (
    campaign_of,
    follow,
    fragments,
    inherit,
    inherit_together,
    merge,
    stands,
    take_piece,
)
from stillwatch.campaigns.found import UNKNOWN_ODDS, Found, adjusted, flagged_of, needed, strength_of
from stillwatch.campaigns.innocent import Facts, examine, holding, template
from stillwatch.campaigns.links import Graph, Incidence, LinkKind
from stillwatch.campaigns.membership import membership
from stillwatch.campaigns.model import Alternative
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.cells import CellCounts
from stillwatch.detect.families import Gathering, Spreads, State, spreads_of
from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, Ints
from stillwatch.detect.setup import SetupCounts

DISCOVER_EVERY = 2
"""Hours between searches for new sets; known campaigns are followed every hour."""
THOROUGH_EVERY = 6
"""Hours between searches for the corners of known campaigns."""


ALIKE_EVERY = 24
"""Hours between searches for sets that share nothing rare."""
PACE = ((20_000, 1), (60_000, 2), (1 << 62, 6))
"""(parties seen so far up to which it holds, factor): among more parties all of these intervals are so many times longer,
so that a log of 16 million exchanges is walked in minutes."""


@dataclass(frozen=True)
class _Look:
    """What is done at a look: known campaigns are always followed."""

    due: bool
    discover: bool
    thorough: bool
    alike: bool

    @classmethod
    def at(cls, ts: int, active: int) -> _Look:
        """By the hour and the parties seen until then alone, so that a look does not depend on what comes after it."""
        hour = ts // MICROSECONDS_PER_HOUR
        pace = next(factor for most, factor in PACE if active <= most)
        thorough = hour % (THOROUGH_EVERY * pace) == 0
        discover = hour % (DISCOVER_EVERY * pace) == 0 or thorough
        return cls(hour % pace == 0, discover, thorough, hour % (ALIKE_EVERY * pace) == 0)

    @classmethod
    def last(cls) -> _Look:
        """All there is, for the end of a log."""
        return cls(due=True, discover=True, thorough=True, alike=True)


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


@dataclass
class Walked:
    """Where a walk stands after the look at ``ts``: all that later looks need of earlier ones."""

    ts: int
    outcome: Outcome
    spreads: Spreads | None
    judged: Judged = field(default_factory=lambda: Judged({}))

    def copy(self, parties: int, judged: Judged | None = None) -> Walked:
        """One that goes its own way, in a log of so many parties: those that came later have new numbers at the end."""
        outcome = replace(
            self.outcome,
            campaigns=[found.copy(parties) for found in self.outcome.campaigns],
            near=list(self.outcome.near),
            held=dict(self.outcome.held),
            view=None,
        )
        return Walked(self.ts, outcome, self.spreads, Judged(dict((judged or self.judged).by_members)))


def hours(traffic: Traffic, end: int | None = None) -> list[int]:
    """Times of the looks: every full hour after the first exchange, and the end: of the log, or as given (microseconds)."""
    if not len(traffic.sent):
        return []
    end = traffic.last_us if end is None else max(end, traffic.last_us)
    first = traffic.first_us // MICROSECONDS_PER_HOUR + 1
    last = end // MICROSECONDS_PER_HOUR
    times = [h * MICROSECONDS_PER_HOUR for h in range(first, last + 1)]
    return times if times and times[-1] == end else [*times, end]


@dataclass
class Looker:
    """Walks through the log; one instance per hunt."""

    traffic: Traffic
    gathering: Gathering
    cells: CellCounts
    facts: Facts
    kinds: dict[LinkKind, Incidence]
    alpha: float = 0.01
    end: int | None = None
    judged: Judged = field(default_factory=lambda: Judged({}))
    continued: Ints = field(init=False)

    def __post_init__(self) -> None:
        """Nobody has continued a conversation yet."""
        self.continued = np.zeros(self.traffic.parties, np.int64)

    def walk(
        self,
        progress: Callable[[int, int], None] | None = None,
        start: Walked | None = None,
        keep: Callable[[Walked], None] | None = None,
    ) -> Outcome:
        """All looks in order of time.

        Args:
            progress: Is told (hours done, hours in all).
            start: Where a walk over the beginning of this log stood; this one goes on from there.
            keep: Is given where the walk stands at the end of each day, and before its end.
        """
        done = self.traffic.activity
        setup = SetupCounts.over(done.party, done.setup, self.traffic.parties, done.exchanges)
        times = hours(self.traffic, self.end)
        walked = Walked(0, Outcome([], [], np.log10(1 / self.alpha), 0, 0, None), None)
        if start is not None:
            walked = start.copy(self.traffic.parties)
            self._advance(walked.ts, setup)
            self.judged = walked.judged
        for number, ts in enumerate(times):
            if ts <= walked.ts:
                continue
            last = number == len(times) - 1
            if keep and walked.ts and (last or walked.ts % (HOURS_PER_DAY * MICROSECONDS_PER_HOUR) == 0):
                keep(walked.copy(self.traffic.parties, self.judged))
            self._hour(ts, setup, walked, last=last)
            if progress:
                progress(number + 1, len(times))
        return walked.outcome

    def _hour(self, ts: int, setup: SetupCounts, walked: Walked, *, last: bool) -> None:
        """The look of an hour, if one is due; the last one does all there is besides."""
        outcome = walked.outcome
        kind = _Look.at(ts, int((self.facts.first_seen <= ts).sum()))
        walked.ts = ts
        if not kind.due and not last:
            return
        self._advance(ts, setup)
        if kind.discover or outcome.campaigns:
            families = self.gathering.state(None if kind.discover else walked.spreads)
            walked.spreads = spreads_of(families)
            self._look(self._view(ts, setup, families), kind, outcome)
        if last and not kind.alike:  # what this hour's look finds, and then all there is
            self._look(self._view(ts, setup, self.gathering.state()), _Look.last(), outcome)
        outcome.looks += 1

    def _advance(self, ts: int, setup: SetupCounts) -> None:
        """Count what arrived until ``ts``."""
        upto = int(np.searchsorted(self.traffic.opening_ts, ts, side="right"))
        self.gathering.advance(upto)
        self.cells.advance(upto)
        done, entries = self.traffic.activity, self.traffic.upto(ts)
        new = slice(setup.seen, entries)
        going_on = np.bincount(done.party[new], done.continued[new], self.traffic.parties)
        self.continued += going_on.astype(np.int64)
        setup.advance(entries)

    def _look(self, view: View, kind: _Look, outcome: Outcome) -> None:
        if kind.discover:
            merge(view, outcome.campaigns)
            self._discover(view, outcome)
        if kind.alike:
            self._alike(view, outcome)
        follow(view, outcome.campaigns)
        if kind.thorough:
            fragments(view, outcome.campaigns)
        outcome.view = view

    def _view(self, ts: int, setup: SetupCounts, families: State) -> View:
        first_seen = self.facts.first_seen
        active = int((first_seen <= ts).sum())
        graph = Graph(self.traffic.parties, self.kinds, ts, active)
        continued = self.continued
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
        outcome.campaigns[:] = [c for c in outcome.campaigns if stands(view, c)]
        known = flagged_of(outcome.campaigns, self.traffic.parties)
        judged, hypotheses = candidates(view, needed(1 / self.alpha), self.judged, known)
        reported = len(outcome.campaigns)
        outcome.hypotheses = max(hypotheses + reported, 1)
        strength = np.array([adjusted(strength_of(c)) for c in judged])
        order = np.argsort(-strength, kind="stable")
        passed = 0
        for rank in range(len(order), 0, -1):
            if strength[order[rank - 1]] >= np.log10(outcome.hypotheses / (self.alpha * (rank + reported))):
                passed = rank
                break
        outcome.bar = float(np.log10(outcome.hypotheses / (self.alpha * max(passed + reported, 1))))
        for position in order[:passed]:
            self._found(view, judged[position], outcome)
        outcome.near = [judged[p] for p in order[passed:]]
        for candidate in outcome.near:
            if candidate.log10_e > PROMISING and len(candidate.core) >= SMALLEST_SET:
                take_piece(view, candidate, outcome.campaigns)

    def _alike(self, view: View, outcome: Outcome) -> None:
        """Sets that no link ties: held against every innocent explanation, and against the campaigns that are known."""
        flagged = flagged_of(outcome.campaigns, self.traffic.parties)
        for found in alike_sets(view, self.gathering, flagged, self.alpha):
            core = found.members
            evidence = judge(view, core)
            tried = (*examine(self.facts, core, view.ts), template(self.facts, core, view.ts))
            if (held := holding(tried)) is not None:
                outcome.held[core.tobytes()] = (evidence, held)
                continue
            bound = np.zeros(self.traffic.parties, bool)
            bound[core] = True
            known = campaign_of(view, core, outcome.campaigns)
            if known is None:
                known = self._new(view, core, evidence, outcome, tried)
                outcome.campaigns.append(known)
                outcome.numbered += 1
            known.bind(bound)
            inherit(known, membership(view, core, bound=bound), view, outcome.campaigns)

    def _new(
        self, view: View, core: Ints, evidence: Candidate, outcome: Outcome, tried: tuple[Alternative, ...]
    ) -> Found:
        size = self.traffic.parties
        return Found(
            number=outcome.numbered,
            founders=core,
            founded=view.ts,
            since=np.zeros(size, np.int64),
            odds=np.full(size, UNKNOWN_ODDS),
            evidence=evidence,
            log10_e=strength_of(evidence),
            tried=tried,
        )

    def _found(self, view: View, candidate: Candidate, outcome: Outcome) -> None:
        """A candidate that passed: part of a known campaign, or a new one."""
        core = candidate.core
        if len(core) < SMALLEST_SET:
            return
        flagged = np.flatnonzero(flagged_of(outcome.campaigns, self.traffic.parties))
        known = campaign_of(view, core, outcome.campaigns)
        if known is None and np.isin(core, flagged).any():
            rest = np.setdiff1d(candidate.members, flagged)
            if len(rest) < SMALLEST_SET:  # the rest of it is held by other campaigns
                return
            candidate = judge(view, rest)
            core = candidate.core
            if len(core) < SMALLEST_SET or adjusted(strength_of(candidate)) < outcome.bar:
                return
        if known is not None:
            if strength_of(candidate) > known.log10_e:
                known.log10_e, known.evidence = strength_of(candidate), candidate
            if not bool(np.isin(core, known.members).all()):
                inherit_together(known, view, core, outcome.campaigns)
            return
        tried = examine(self.facts, core, view.ts)
        if (held := holding(tried)) is not None:
            outcome.held[core.tobytes()] = (candidate, held)
            return
        new = self._new(view, core, candidate, outcome, tried)
        inherit(new, membership(view, core), view, outcome.campaigns)
        if len(new.members) >= SMALLEST_SET:
            outcome.numbered += 1
            outcome.campaigns.append(new)


def _usual_rate(part: object, continued: Ints, pairs: float, weight: float) -> float:
    """Hand-offs per continued exchange among ordinary parties: the rate without the busiest hundredth of parties."""
    if part is None or not pairs:
        return 1.0 / max(float(continued.sum()), 1.0)
    per_party = np.asarray(part.sum(1)).ravel() / weight  # type: ignore[attr-defined]
    usual = per_party <= max(np.quantile(per_party[per_party > 0], 0.8), 1.0)
    return float((per_party[usual].sum() / 2 + 1) / max(continued[usual].sum(), 1))
