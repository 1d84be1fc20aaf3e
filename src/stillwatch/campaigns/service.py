"""A hunt over a log in memory: sketch, look hour by hour, describe what was found. No file is read or written here."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from stillwatch.campaigns.candidates import Candidate, View, tied
from stillwatch.campaigns.claims import claims_of
from stillwatch.campaigns.context import EVERYBODY
from stillwatch.campaigns.counting import Conversations, crowd_of, estimate
from stillwatch.campaigns.describe import Material, Part, campaign_name, describe, shared_values
from stillwatch.campaigns.evidence_shown import texts_shown
from stillwatch.campaigns.found import Found, adjusted, flagged_of, needed
from stillwatch.campaigns.guarantee import guarantee_of
from stillwatch.campaigns.innocent import Facts
from stillwatch.campaigns.kinds import kind_of
from stillwatch.campaigns.labels import Labels
from stillwatch.campaigns.links import Incidence, LinkKind, incidences
from stillwatch.campaigns.looks import Looker, Outcome
from stillwatch.campaigns.model import Alternative, Campaign, Kind, NearMiss, Verdict
from stillwatch.campaigns.traffic import Traffic
from stillwatch.campaigns.verdicts import Answers, innocents, verdicts
from stillwatch.campaigns.walks import Walks
from stillwatch.detect.cells import CellCounts, Cells
from stillwatch.detect.conversations import openings_of
from stillwatch.detect.families import Gathering, vectors
from stillwatch.detect.log import NONE, Accounts, Bools, Floats, Ints, Log
from stillwatch.detect.openings import FAILED, openings
from stillwatch.detect.sketch import BenchmarkMatcher, StaticEmbedding
from stillwatch.evidence.claims import Guarantee

NEAR = 12
RIDES = 0.2


@dataclass(frozen=True)
class Settings:
    """What a hunt is told. ``end``: the moment (microseconds) until which the log is complete. ``earlier``: names and accounts of campaigns of an earlier run, so that names stay."""

    alpha: float = 0.01
    redacted: bool = True
    end: int | None = None
    earlier: tuple[tuple[str, frozenset[str]], ...] = ()
    known: dict[str, str] = field(default_factory=dict)
    legitimate: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Hunted:
    """What a hunt found, and how long its stages took."""

    campaigns: tuple[Campaign, ...]
    near: tuple[NearMiss, ...]
    verdicts: tuple[Verdict, ...]
    guarantee: Guarantee
    seconds: dict[str, float]


Progress = Callable[[str, int, int], None]
"""Told (stage, done, all)."""


class Clock:
    """Seconds per stage."""

    def __init__(self) -> None:
        """Begin."""
        self.seconds: dict[str, float] = {}
        self._since = time.perf_counter()

    def stage(self, name: str) -> None:
        """A stage ends here."""
        now = time.perf_counter()
        self.seconds[name] = round(now - self._since, 3)
        self._since = now


@dataclass(frozen=True)
class Basis:
    """What a hunt rests on, however the log was read: its traffic, its openings and what is known of them, its links."""

    traffic: Traffic
    gathering: Gathering
    codebook: Cells
    counts: CellCounts
    facts: Facts
    kinds: dict[LinkKind, Incidence]
    embedding: StaticEmbedding

    def looker(self, settings: Settings) -> Looker:
        """What walks through it."""
        return Looker(
            traffic=self.traffic,
            gathering=self.gathering,
            cells=self.counts,
            facts=self.facts,
            kinds=self.kinds,
            alpha=settings.alpha,
            end=settings.end,
        )


@dataclass(frozen=True)
class Rows:
    """The exchanges at hand when campaigns are described: the whole log, or what was fetched of it.

    ``log`` has every account of the log on record, all exchanges of the suspects, and every opening that counts;
    ``gathering`` and ``cells`` are the openings by their rows there. ``beside``, ``whose``, ``elsewhere``: see
    :class:`~stillwatch.campaigns.describe.Material`. ``show`` is told which texts will be shown.
    """

    log: Log
    gathering: Gathering
    cells: Ints
    beside: Bools
    whose: str
    elsewhere: Ints
    show: Callable[[Ints], None] = lambda _codes: None

    @classmethod
    def whole(cls, log: Log, basis: Basis, suspects: Bools) -> Rows:
        """All of a log in memory."""
        elsewhere = np.unique(log.prompt.codes[~suspects[log.party]])
        return cls(log, basis.gathering, basis.counts.cell, np.ones(len(log), bool), EVERYBODY, elsewhere)


def hunt(log: Log, settings: Settings, progress: Progress | None = None, walks: Walks | None = None) -> Hunted:
    """Find the campaigns of a log.

    ``walks``: of hunts over the beginning of this log, which this one goes on from (and adds to); the result is the same.
    """
    tell = progress or (lambda _stage, _done, _all: None)
    clock = Clock()
    tell("sketch", 0, 1)
    embedding = StaticEmbedding.load()
    rows = openings(log)
    found_vectors = vectors(log, rows, embedding)
    gathering = Gathering.start(log, rows, found_vectors)
    codebook = Cells.fit(log, rows, found_vectors) if walks is None else walks.cells(log, rows, found_vectors)
    every = np.flatnonzero((log.turn <= 1) & (log.status < FAILED))
    facts = Facts.build(log, every, rows, BenchmarkMatcher.load() if log.with_text else None)
    facts = facts.with_legitimate(parties_of(log.accounts, settings.legitimate))
    kinds = incidences(log)
    traffic = Traffic.of(log, rows)
    tell("sketch", 1, 1)
    clock.stage("sketch")
    counts = CellCounts.start(log, rows, codebook.of(log, rows, found_vectors), codebook.needs)
    basis = Basis(traffic, gathering, codebook, counts, facts, kinds, embedding)
    told = f"{settings.alpha} {sorted(settings.legitimate)}"
    outcome = basis.looker(settings).walk(
        lambda done, all_: tell("looks", done, all_),
        start=walks.start(log, told) if walks is not None else None,
        keep=walks.keeper(log, told) if walks is not None else None,
    )
    clock.stage("looks")
    return answered(basis, outcome, settings, tell, clock, lambda suspects: Rows.whole(log, basis, suspects))


def answered(
    basis: Basis,
    outcome: Outcome,
    settings: Settings,
    tell: Progress,
    clock: Clock,
    rows_of: Callable[[Bools], Rows],
) -> Hunted:
    """Describe what the looks found, and answer for every account; ``rows_of`` gives the rows, once it is known who is suspect."""
    tell("describe", 0, 1)
    traffic = basis.traffic
    guarantee = guarantee_of(outcome, settings.alpha, traffic)
    if outcome.view is None:
        return Hunted((), (), (), guarantee, clock.seconds)
    rows = rows_of(flagged_of(outcome.campaigns, traffic.parties))
    campaigns, extraction = _describe(basis, outcome.view, outcome, rows, settings, guarantee)
    answers = Answers(
        log=rows.log,
        traffic=traffic,
        facts=basis.facts,
        view=outcome.view,
        outcome=outcome,
        campaigns=campaigns,
        extraction=extraction,
        innocent=innocents(traffic, basis.facts, outcome),
        known=settings.known,
        labels=settings.legitimate,
    )
    said = verdicts(answers)
    near = _near(basis, outcome)
    tell("describe", 1, 1)
    clock.stage("describe")
    return Hunted(campaigns, near, said, guarantee, clock.seconds)


def parties_of(accounts: Accounts, names: Iterable[str]) -> Ints:
    """Parties of the accounts with these names."""
    wanted = set(names)
    ids = accounts.ids.to_pylist()
    return np.unique(accounts.party[[at for at, name in enumerate(ids) if name in wanted]])


def _describe(
    basis: Basis, view: View, outcome: Outcome, rows: Rows, settings: Settings, guarantee: Guarantee
) -> tuple[tuple[Campaign, ...], Floats]:
    """Describe every campaign; also the extraction share of each exchange at hand."""
    log = rows.log
    extraction = np.zeros(len(log))
    if not outcome.campaigns:
        return (), extraction
    suspects = flagged_of(outcome.campaigns, log.parties)
    opening_of = openings_of(log)
    opened = np.unique(opening_of)
    theirs = opened[suspects[log.party[opened]]]
    cell = np.full(len(log), NONE, np.int64)
    cell[rows.gathering.rows] = rows.cells  # a fair sample of everybody else: their openings that count
    cell[theirs] = basis.codebook.of_rows(log, theirs, basis.embedding)
    material = Material(
        log=log,
        traffic=basis.traffic,
        view=view,
        kinds=basis.kinds,
        talk=Conversations.build(log, opening_of, cell),
        suspects=suspects,
        beside=rows.beside,
        whose=rows.whose,
        elsewhere=rows.elsewhere,
        redacted=settings.redacted,
        guarantee=guarantee.statement,
    )
    parts = []
    for found in outcome.campaigns:
        part = _part(material, found, rows.gathering, basis.embedding)
        extraction[part.rows] = part.extraction
        parts.append(part)
    rows.show(texts_shown(log, view, suspects, [(part.found, part.labels) for part in parts]))
    names = _names(log.accounts, outcome.campaigns, settings.earlier)
    brokers = [(names[i][0], p.found.members) for i, p in enumerate(parts) if p.kind is Kind.BROKER]
    described = []
    for part, (name, previous) in zip(parts, names, strict=True):
        rides = None
        if part.kind is Kind.EXTRACTION:
            rides = next((b for b, m in brokers if tied(view.infrastructure, part.found.members, m) >= RIDES), None)
        described.append(describe(material, part, name, rides, previous))
    return tuple(described), extraction


def _part(material: Material, found: Found, gathering: Gathering, embedding: StaticEmbedding) -> Part:
    log, view = material.log, material.view
    crowd = crowd_of(view.setup.lean(np.arange(log.parties), _mask(log, found.members)))
    counted = estimate(material.talk, found.members, material.suspects, crowd)
    if not log.with_text:
        counted = counted.without_text(material.talk)
    inside = np.zeros(log.parties, bool)
    inside[found.members] = True
    rows = np.flatnonzero(inside[log.party])
    ordinary = counted.ordinary[material.talk.of_exchange[rows]]
    extraction = 1 - np.where(np.isfinite(ordinary), ordinary, counted.ordinary_share)
    mine = np.flatnonzero(inside[gathering.party])
    place = np.searchsorted(material.talk.opening, gathering.rows[mine])
    place = np.minimum(place, len(material.talk.opening) - 1)
    odds = np.nan_to_num(counted.ordinary[place], nan=counted.ordinary_share)
    kind = kind_of(view, found.evidence, gathering, found.members, odds, mine)
    opened = np.flatnonzero(inside[material.talk.party])
    weight = (1 - counted.ordinary[opened]) * material.talk.size[opened]
    labels = Labels.read(log, material.talk.opening[opened], weight, embedding)
    return Part(found, kind, counted, np.flatnonzero(inside[log.accounts.party]), rows, extraction, labels)


def _mask(log: Log, members: Ints) -> Floats:
    out = np.zeros(log.parties)
    out[members] = 1
    return out


def _names(
    on_record: Accounts, campaigns: list[Found], earlier: tuple[tuple[str, frozenset[str]], ...]
) -> list[tuple[str, tuple[str, ...]]]:
    """A name per campaign: that of the earlier campaign it shares most accounts with, else one of its own.

    Beside it the names of other earlier campaigns that went into it. Every name is given once.
    """
    ids = [str(i) for i in on_record.ids.to_pylist()]
    used: set[str] = set()
    named: list[tuple[str, list[str]]] = []
    for found in campaigns:
        accounts = {ids[a] for a in np.flatnonzero(np.isin(on_record.party, found.members))}
        shared = sorted(
            ((len(accounts & theirs), name, theirs) for name, theirs in earlier), key=lambda s: (-s[0], s[1])
        )
        old = [name for count, name, theirs in shared if count >= 0.5 * len(theirs) and count]
        name = next((name for name in old if name not in used), None) or campaign_name(on_record, found)
        while name in used:  # its founders gave an earlier campaign a name that the rest of that campaign keeps
            name += "-2"
        used.add(name)
        named.append((name, old))
    out: list[tuple[str, tuple[str, ...]]] = []
    for name, old in named:
        previous = tuple(each for each in old if each not in used)
        used.update(previous)
        out.append((name, previous))
    return out


def _near(basis: Basis, outcome: Outcome) -> tuple[NearMiss, ...]:
    """The sets nearest to being reported, and those that an innocent explanation kept from it."""
    view = outcome.view
    if view is None:
        return ()
    flagged = flagged_of(outcome.campaigns, basis.traffic.parties)
    held = [(c, h) for c, h in outcome.held.values() if not flagged[c.core].any()]
    listed: dict[bytes, tuple[Candidate, Alternative | None]] = {c.members.tobytes(): (c, None) for c in outcome.near}
    listed |= {c.members.tobytes(): (c, h) for c, h in held}
    ranked = sorted(listed.values(), key=lambda p: -p[0].log10_e)
    out: list[NearMiss] = []
    seen = flagged.copy()
    for candidate, why in ranked:
        core = candidate.core
        if len(core) < 2 or seen[core].mean() > 0.5:
            continue
        seen[core] = True
        out.append(_miss(basis, outcome, view, candidate, why, len(out) + 1))
        if len(out) == NEAR:
            break
    return tuple(out)


def _miss(
    basis: Basis, outcome: Outcome, view: View, candidate: Candidate, held: Alternative | None, number: int
) -> NearMiss:
    core, on_record = candidate.core, basis.traffic.accounts
    accounts = np.flatnonzero(np.isin(on_record.party, core))
    _, links = shared_values(view, basis.kinds, core)
    need = needed(10**outcome.bar)
    reason = f"{held.name} holds: {held.finding}" if held else f"log10 e {candidate.log10_e:.1f}, needed {need:.1f}"
    people = {f: float(np.median(sp.people)) for f, (_, sp, _) in view.families.items()}
    return NearMiss(
        set_id=f"set-{number}",
        accounts=len(accounts),
        exchanges=int(basis.traffic.sent[accounts].sum()),
        evidence=round(adjusted(candidate.log10_e), 2),
        needed=round(outcome.bar, 2),
        links=links,
        claims=claims_of(candidate, people),
        innocent=held.name if held else "separate people who share infrastructure",
        why_not=reason,
        account_ids=tuple(str(on_record.ids[int(a)].as_py()) for a in accounts),
    )


__all__ = ["NONE", "Basis", "Clock", "Hunted", "Progress", "Rows", "Settings", "answered", "hunt"]
