"""Candidates: communities of the link graph, judged by behaviour as of one moment.

``View`` is everything known at that moment; ``judge`` gives each community its e-value. No community is left out of the
count of hypotheses for what its members *said*: only those are skipped that are too small ever to reach the bar.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.sparse import coo_array, csr_array, triu

from stillwatch.campaigns.communities import communities
from stillwatch.campaigns.links import INFRASTRUCTURE, Graph, LinkKind, total_of
from stillwatch.detect.cells import CellCounts
from stillwatch.detect.families import COMMON_NIGHT, Family, State, night_in_common
from stillwatch.detect.individuality import (
    SetEvidence,
    Spread,
    evidence_of_sets,
    pair_evidence,
    reach,
    set_evidence,
)
from stillwatch.detect.log import Bools, Floats, Ints
from stillwatch.detect.party_sums import PartySums
from stillwatch.detect.setup import SetupCounts

SMALLEST_SET = 5
"""Parties below which a set is not decidable."""
PROMISING = 0.3
"""log10 e from which a community is worth joining with others."""
MOST_PIECES = 24
KNOWN = 0.95
"""Share of a community's possible evidence that must be flagged for it to need no judgement."""
STALE = 0.05
TIED = 0.03
"""Share of the links between two sets, relative to those within, from which they count as tied."""
TIED_WITHOUT_TEXT = 0.2
WORTH = 3.0
"""log10 e from which a set may be joined with one that no link ties to it: weak sets gathered by subject alone are an
interest group, which is as alike as a dealt pool looks."""
UNLINKED_LOSS = 0.3
TWO_PEOPLE = -1.0
"""A link is cut where the pair behaves as two people do: log ratio below this."""


@dataclass(frozen=True)
class View:
    """What is known as of ``ts``: sums per family, links, set-ups, hand-offs."""

    ts: int
    families: State
    graph: Graph
    infrastructure: csr_array
    setup: SetupCounts
    cells: CellCounts
    continued: Ints
    handoff_rate: float
    handoff_weight: float
    first_seen: Ints
    barred: Bools

    @property
    def leading(self) -> Family:
        """The family that chooses members: text where there is text, else rhythm."""
        return Family.TEXT if Family.TEXT in self.families else Family.RHYTHM


@dataclass(frozen=True, eq=False)
class Candidate:
    """A community and its evidence: ``log10_e`` of all families together, ``dealt`` the responsibility per member."""

    members: Ints
    log10_e: float
    by_family: dict[Family, float]
    dealt: Floats
    log_ratio: Floats
    handoffs: int
    handoffs_expected: float
    handoff_log10_e: float
    night: float
    rho: dict[Family, float]

    @property
    def core(self) -> Ints:
        """Members more likely dealt than not."""
        return self.members[self.dealt > 0.5]


def behavioural_graph(sums: PartySums, spread: Spread, links: csr_array) -> csr_array:
    """The links without those between parties that behave as two people do."""
    upper = triu(links, k=1).tocoo()
    parties, place = np.unique(np.r_[upper.row, upper.col], return_inverse=True)
    left, right = np.split(place, 2)
    alike = pair_evidence(sums.of(parties), spread, left, right) > TWO_PEOPLE
    kept = coo_array((upper.data[alike], (upper.row[alike], upper.col[alike])), shape=links.shape).tocsr()
    return csr_array(kept + kept.T)


def infrastructure_of(graph: Graph) -> csr_array:
    """Links of the kinds that strangers do not share by using the same software."""
    return total_of(graph.shape, (graph.by_kind[kind] for kind in INFRASTRUCTURE if kind in graph.by_kind))


def handoff_evidence(view: View, members: Ints) -> tuple[int, float, float]:
    """Conversations handed from member to member, how many were to be expected, and the log10 e-value.

    Null hypothesis: members continue other parties' conversations at the rate of the whole log, whoever the other is
    (Poisson; the tail by its Chernoff bound). The p-value becomes an e-value by the calibrator p -> p^(-1/2) / 2 (Vovk and Wang 2021, kappa = 1/2).
    """
    part = view.graph.by_kind.get(LinkKind.HANDOFF)
    if part is None:
        return 0, 0.0, 0.0
    inside = part[members][:, members]
    events = round(float(inside.sum()) / 2 / max(view.handoff_weight, 1e-9))
    expected = float(view.continued[members].sum()) * view.handoff_rate
    if events <= expected:
        return events, expected, 0.0
    log_p = -(events * np.log(events / max(expected, 1e-9)) - events + expected)
    return events, expected, max(float(-0.5 * log_p / np.log(10) - np.log10(2)), 0.0)


def judge(view: View, members: Ints) -> Candidate:
    """Evidence of one set of parties: see :func:`judge_all`."""
    return judge_all(view, [members])[0]


def judge_all(view: View, sets: Sequence[Ints]) -> list[Candidate]:
    """Evidence of each set: the mean of the e-values of its families (valid under any dependence).

    A first look at the leading family alone sorts out the sets in which fewer than :data:`SMALLEST_SET` look dealt.
    """
    if not sets:
        return []
    sums, spread, population = view.families[view.leading]
    joined, starts = np.concatenate(sets), _starts_of(sets)
    first = evidence_of_sets(sums.of(joined), starts, spread, population, steps=5)
    out: dict[int, Candidate] = {}
    able: list[int] = []
    for at, (members, lead) in enumerate(zip(sets, first, strict=True)):
        if (lead.dealt > 0.5).sum() >= SMALLEST_SET:
            able.append(at)
            continue
        weak = min(lead.log10_e, 0.0)
        by_family, rho = {view.leading: weak}, {view.leading: lead.rho}
        handed = handoff_evidence(view, members)
        out[at] = Candidate(members, weak, by_family, lead.dealt, lead.log_ratio, *handed, 0.0, rho)
    out |= dict(zip(able, _judge_able(view, [sets[i] for i in able], [first[i] for i in able]), strict=True))
    return [out[at] for at in range(len(sets))]


def _judge_able(view: View, sets: list[Ints], first: list[SetEvidence]) -> list[Candidate]:
    """Sets with enough members that look dealt, in all families, with what set-up and cells say of each member."""
    if not sets:
        return []
    sums, spread, population = view.families[view.leading]
    joined, starts = np.concatenate(sets), _starts_of(sets)
    dealt = np.concatenate([f.dealt for f in first])
    lean = view.setup.lean_of_sets(joined, starts, dealt) + view.cells.lean_of_sets(joined, starts, dealt)
    lead = evidence_of_sets(sums.of(joined), starts, spread, population, lean, steps=4)
    chosen = np.concatenate([f.dealt for f in lead])
    hours = view.families[Family.RHYTHM][0].of(joined)
    weighted, openings = (np.add.reduceat(chosen[:, None] * x, starts) for x in (hours.s, hours.n[:, None]))
    nights = [night_in_common(row / max(float(n), 1)) for row, n in zip(weighted, openings[:, 0], strict=True)]
    others = {
        family: _follow(view, family, joined, starts, chosen)
        for family in (Family.STYLE, Family.RHYTHM)
        if family in view.families and family is not view.leading
    }
    out = []
    for at, members in enumerate(sets):
        found, rho = {view.leading: lead[at].log10_e}, {view.leading: lead[at].rho}
        for family, evidence in others.items():
            if not (family is Family.RHYTHM and nights[at] > COMMON_NIGHT):
                found[family], rho[family] = evidence[at].log10_e, evidence[at].rho
        out.append(_candidate(view, members, lead[at], found, rho, nights[at]))
    return out


def _candidate(
    view: View, members: Ints, lead: SetEvidence, found: dict[Family, float], rho: dict[Family, float], night: float
) -> Candidate:
    if night > COMMON_NIGHT:
        found[Family.RHYTHM] = min(found.get(Family.RHYTHM, 0.0), 0.0)
    families = 3 if Family.TEXT in view.families else 1
    log10_e = float(np.logaddexp.reduce(np.array(list(found.values())) * np.log(10)) / np.log(10) - np.log10(families))
    handed = handoff_evidence(view, members)
    return Candidate(members, log10_e, found, lead.dealt, lead.log_ratio, *handed, night, rho)


def _follow(view: View, family: Family, joined: Ints, starts: Ints, chosen: Floats) -> list[SetEvidence]:
    """Evidence and correlation of another family with the members that the leading family chose."""
    sums, spread, population = view.families[family]
    return evidence_of_sets(sums.of(joined), starts, spread, population, np.where(chosen > 0.5, 4.0, -4.0), steps=3)


def _starts_of(sets: Sequence[Ints]) -> Ints:
    return np.cumsum([0, *(len(members) for members in sets[:-1])])


@dataclass
class Judged:
    """Judgements of the look before, kept while a community has hardly gained any openings: by members, with their size."""

    by_members: dict[bytes, tuple[float, Candidate]]
    used: set[bytes] = field(default_factory=set)

    def judge(self, view: View, members: Ints, bar: float) -> Candidate:
        """Judge one set: see :meth:`judge_all`."""
        return self.judge_all(view, [members], bar)[0]

    def judge_all(self, view: View, sets: Sequence[Ints], bar: float) -> list[Candidate]:
        """Judge, or take the last judgement where less than :data:`STALE` has been added and it was far below the bar."""
        n = view.families[view.leading][0].n
        size = [float(n[members].sum()) for members in sets]
        keys = [members.tobytes() for members in sets]
        due = [at for at in range(len(sets)) if not self._good(keys[at], size[at], bar)]
        for at, fresh in zip(due, judge_all(view, [sets[i] for i in due]), strict=True):
            self.by_members[keys[at]] = (size[at], fresh)
        self.used.update(keys)
        return [self.by_members[key][1] for key in keys]

    def forget(self) -> None:
        """Let go of the sets that were not asked for since the last time."""
        self.by_members = {key: self.by_members[key] for key in self.by_members if key in self.used}
        self.used = set()

    def _good(self, key: bytes, size: float, bar: float) -> bool:
        known = self.by_members.get(key)
        return known is not None and known[1].log10_e < bar / 2 and size < known[0] * (1 + STALE)


def candidates(view: View, bar: float, earlier: Judged, known: Bools) -> tuple[list[Candidate], int]:
    """Communities whose sizes let them reach ``bar`` (log10 e), judged, and the number of hypotheses they stand for.

    Communities of parties nearly all of whom are flagged already (``known``) are not judged again. Leiden cuts a large,
    loosely tied pool into arbitrary pieces. Pieces that show evidence of their own and are stronger together than apart
    are judged as one set as well; each attempt counts. Pieces without evidence are never gathered: picking, out of many
    ordinary groups, those that happen to fit together makes a set as alike as a dealt pool (it did, in a log without
    attackers).
    """
    sums, spread, _ = view.families[view.leading]
    graph = behavioural_graph(sums, spread, view.infrastructure)
    most = np.max([reach(s.n, sp) for s, sp, _ in view.families.values()], axis=0)
    handed = np.zeros(len(most))
    if LinkKind.HANDOFF in view.graph.by_kind:
        handed = np.asarray(view.graph.by_kind[LinkKind.HANDOFF].sum(1)).ravel()
    able = []
    for members in communities(graph):
        weight = most[members]
        if weight @ known[members] > KNOWN * weight.sum():
            continue
        if weight.sum() >= bar * np.log(10) or handed[members].sum() > 0:
            able.append(members)
    judged = earlier.judge_all(view, able, bar)
    pieces = [Piece(c.members, c.core, c.by_family[view.leading]) for c in judged if c.log10_e > PROMISING]
    joined, attempts = join(view, pieces)
    judged += earlier.judge_all(view, joined, bar)
    earlier.forget()
    return judged, len(judged) - len(joined) + attempts


@dataclass(frozen=True, eq=False)
class Piece:
    """A community on its way into a union: its members, those likely dealt, and log10 e of the leading family."""

    members: Ints
    core: Ints
    log10_e: float


def weigh(view: View, members: Ints) -> Piece:
    """The leading family's evidence of a set, without more ado."""
    sums, spread, population = view.families[view.leading]
    found = set_evidence(sums.of(members), spread, population, steps=4)
    return Piece(members, members[found.dealt > 0.5], found.log10_e)


def join(view: View, pieces: list[Piece]) -> tuple[list[Ints], int]:
    """Unions of pieces that are stronger together, greedily, and how many were tried."""
    left: list[Piece] = []
    taken = np.zeros(view.infrastructure.shape[0], bool)
    for piece in sorted(pieces, key=lambda p: (-p.log10_e, -len(p.core))):
        if len(piece.core) > 1 and taken[piece.core].sum() < 0.5 * len(piece.core):
            left.append(piece)
            taken[piece.core] = True
    left = left[:MOST_PIECES]
    joined: list[Ints] = []
    attempts = 0
    while left:
        union, grown = left.pop(0), False
        for piece in list(left):
            if not close(view, union.core, piece.core):
                continue
            attempts += 1
            both = weigh(view, np.union1d(union.core, piece.core))
            tie = tied(view.infrastructure, union.core, piece.core)
            if one_pool(view, tie, union.log10_e, piece.log10_e, both.log10_e):
                union, grown = both, True
                left.remove(piece)
        if grown:
            joined.append(union.members)
    return joined, attempts


def close(view: View, left: Ints, right: Ints) -> bool:
    """Do the corpora of two sets lie nearer to each other than to everybody's? A quick look before a test (unbiased)."""
    sums, spread, population = view.families[view.leading]
    a, b = sums.of(left), sums.of(right)
    noise_a, noise_b = (spread.variance / max(float(s.n.sum()), 1.0) for s in (a, b))
    centre_a, centre_b = (s.s.sum(0) / max(float(s.n.sum()), 1.0) for s in (a, b))
    apart = float(((centre_a - centre_b) ** 2).sum()) - noise_a - noise_b
    away_a = float(((centre_a - population) ** 2).sum()) - noise_a
    away_b = float(((centre_b - population) ** 2).sum()) - noise_b
    return apart < max(min(away_a, away_b), 0.0)


def one_pool(view: View, tie: float, left: float, right: float, together: float) -> bool:
    """Are two sets, of log10 e ``left`` and ``right`` and ``together`` as one, pieces of one pool dealt one corpus?

    Two corpora of their own pull the common centre apart, so the union is weaker than the parts. Tied by links, the union
    need only beat either part; without a link, both must stand for themselves and be worth as much together. Without text,
    everybody who works round the clock looks alike, and only strong ties make one pool.
    """
    if view.leading is Family.RHYTHM:
        return tie >= TIED_WITHOUT_TEXT and together > max(left, right)
    if tie >= TIED:
        return together > max(left, right)
    return min(left, right) >= WORTH and together >= left + right - UNLINKED_LOSS


def tied(links: csr_array, left: Ints, right: Ints) -> float:
    """Links between two sets relative to the links within them; 0 without any."""
    between = float(links[left][:, right].sum())
    within = np.sqrt(float(links[left][:, left].sum()) * float(links[right][:, right].sum()))
    return between / max(within, 1e-9) if between > 0 else 0.0
