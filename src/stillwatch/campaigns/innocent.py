"""Innocent explanations: looked for as hard as guilt, before a set is reported.

Separate people are excluded by the set's e-value. What else makes accounts alike without any wrong is tried here, each
with its own test; while one of them holds, the set is not reported, whatever its e-value (an intersection-union test:
every innocent null must be rejected). Each explanation tried is kept with what was found, for the reader to judge.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.stats import poisson

from stillwatch.campaigns.links import instruments
from stillwatch.campaigns.model import Alternative
from stillwatch.detect.log import NONE, Accounts, Bools, Codes, Ints, Log
from stillwatch.detect.openings import ranks
from stillwatch.detect.sketch import BenchmarkMatcher
from stillwatch.detect.texts import LiveTexts, Texts

ASSIGNMENT = "classroom or shared assignment"
ASSIGNMENT_RATE = 1e-3
"""Equal pairs among openings of different accounts from which a shared assignment explains a set: a list of at most a
thousand tasks. Classrooms measured on real prompts lie near 2e-3, dealt corpora near 1e-4 and below."""
COPIES = 3
TEMPLATES = 3
TEMPLATE_SHARE = 0.5
"""Share of distinct openings with one of three beginnings from which a template explains a set that no link ties."""
SURE = 0.01
ONE_CUSTOMER = 0.8
"""Share of a set behind one payment instrument, or behind one mail domain that is not a public provider."""
BENCHMARK_SHARE = 0.5
AT_A_TIME = 8
"""Openings of a party that are compared with benchmarks before it is asked whether more are needed."""
DECLARED_SHARE = 0.5
PUBLIC_PROVIDER = 0.01
"""A mail domain that more than this share of all parties use outside of a set, and more than within it, is a public provider
and says nothing."""
OPEN_USES = frozenset({"research", "evaluation", "red-team", "synthetic-data", "reseller"})


@dataclass(frozen=True)
class Items:
    """Which texts are items of public benchmarks, found out when it is asked: ``known`` (texts,) is -1 until then."""

    texts: Texts | None
    known: npt.NDArray[np.int8]

    @classmethod
    def of(cls, log: Log, matcher: BenchmarkMatcher | None) -> Items:
        """Nothing asked yet; without a ``matcher`` no text is an item."""
        texts: Texts | None = None
        if matcher is not None and log.with_text:
            texts = log.texts.using(matcher=matcher) if isinstance(log.texts, LiveTexts) else log.texts
        return cls.among_texts(texts, len(log.prompt))

    @classmethod
    def among_texts(cls, texts: Texts | None, count: int) -> Items:
        """Nothing asked yet of so many texts; without ``texts`` none is an item."""
        return cls(texts, np.full(count + 1, NONE if texts is not None else 0, np.int8))

    def among(self, codes: Ints) -> Bools:
        """Whether each text is one; a null is none."""
        self.known[NONE] = 0
        fresh = np.unique(codes[self.known[codes] == NONE])
        if self.texts is not None and len(fresh):
            self.known[fresh] = self.texts.benchmark(fresh)
        return np.asarray(self.known[codes] == 1)


@dataclass(frozen=True)
class Asked:
    """Openings in order of time, as who sent which text when: ``party``, ``text`` (a code, or :data:`NONE`), ``since``."""

    party: Ints
    text: Ints
    since: Ints

    @classmethod
    def of(cls, log: Log, rows: Ints) -> Asked:
        """Of some rows of a log."""
        return cls(log.party[rows], log.prompt.codes[rows], log.ts[rows])

    def by(self, core: Ints, parties: int, ts: int) -> Ints:
        """Positions of a set's openings until ``ts``."""
        inside = np.zeros(parties, bool)
        inside[core] = True
        return np.flatnonzero(inside[self.party[: int(np.searchsorted(self.since, ts, side="right"))]])


@dataclass(frozen=True)
class Facts:
    """What the explanations are tried on; built once per log.

    ``asked``: all openings, where a text that a party repeats may stand once; ``counted``: the openings that count.
    """

    accounts: Accounts
    asked: Asked
    counted: Asked
    texts: Texts
    with_text: bool
    items: Items
    payment: Ints
    domain: Ints
    declared: Bools
    first_seen: Ints

    @property
    def parties(self) -> int:
        """Number of parties."""
        return len(self.first_seen)

    def with_legitimate(self, parties: Ints) -> Facts:
        """The same facts with parties that an analyst has found legitimate."""
        cleared = self.declared.copy()
        cleared[parties] = True
        return replace(self, declared=cleared)

    def benchmark(self, positions: Ints) -> Bools:
        """Whether some openings that count, by their positions, are items of public benchmarks."""
        return self.items.among(self.counted.text[positions])

    def evaluators(self, share: float, least: int) -> Ints:
        """Parties with at least ``least`` openings that count of which ``share`` or more are benchmark items.

        Openings are looked at a few at a time, and no longer than it takes to know.
        """
        openings = np.bincount(self.counted.party, minlength=self.parties)
        positions = np.flatnonzero((openings >= least)[self.counted.party])
        party = self.counted.party[positions]
        rank = ranks(party)
        items, seen = np.zeros(self.parties), np.zeros(self.parties)
        undecided = openings >= least
        for start in range(0, int(rank.max(initial=NONE)) + 1, AT_A_TIME):
            now = np.flatnonzero((rank >= start) & (rank < start + AT_A_TIME) & undecided[party])
            items += np.bincount(party[now], self.benchmark(positions[now]), self.parties)
            seen += np.bincount(party[now], minlength=self.parties)
            undecided &= (items < share * openings) & (items + openings - seen >= share * openings)
        return np.flatnonzero((openings >= least) & (items >= share * openings))

    @classmethod
    def build(cls, log: Log, rows: Ints, sample: Ints, matcher: BenchmarkMatcher | None) -> Facts:
        """``rows`` are all openings in order of time, repeated texts included; ``sample`` those that count."""
        first_seen = np.full(log.parties, np.iinfo(np.int64).max)
        np.minimum.at(first_seen, log.party, log.ts)
        return cls.of(log, Asked.of(log, rows), Asked.of(log, sample), Items.of(log, matcher), first_seen)

    @classmethod
    def of(cls, log: Log, asked: Asked, counted: Asked, items: Items, first_seen: Ints) -> Facts:
        """From openings whose texts are those of ``log``, which need not have their rows."""
        accounts = log.accounts
        declared = np.zeros(len(first_seen), bool)
        stated = np.array([str(v) in OPEN_USES for v in accounts.declared_use.values.to_pylist()] + [False])
        declared[accounts.party[stated[accounts.declared_use.codes] & accounts.verified]] = True
        return cls(
            accounts=accounts,
            asked=asked,
            counted=counted,
            texts=log.texts,
            with_text=log.with_text,
            items=items,
            payment=_of_party(accounts, instruments(accounts.payment), len(first_seen)),
            domain=_of_party(accounts, accounts.email_domain, len(first_seen)),
            declared=declared,
            first_seen=first_seen,
        )


def _of_party(accounts: Accounts, codes: Codes, parties: int) -> Ints:
    """One value per party: its first account's."""
    out = np.full(parties, NONE, np.int64)
    for account in range(len(accounts) - 1, -1, -1):
        if codes.codes[account] != NONE:
            out[accounts.party[account]] = codes.codes[account]
    return out


def examine(facts: Facts, core: Ints, ts: int) -> tuple[Alternative, ...]:
    """Try every innocent explanation of a set as of ``ts``; ``rejected`` is False where one holds."""
    return (
        _assignment(facts, core, ts),
        _benchmark(facts, core, ts),
        _one_customer(facts, core, ts),
        _declared(facts, core),
    )


def _assignment(facts: Facts, core: Ints, ts: int) -> Alternative:
    """Null: a shared assignment, equal pairs at :data:`ASSIGNMENT_RATE` or more (Poisson, lower tail)."""
    name = ASSIGNMENT
    if not facts.with_text:
        return Alternative(
            name, "not testable without text; a set without a common night is not a class", rejected=True
        )
    mine = facts.asked.by(core, facts.parties, ts)
    mine = mine[facts.asked.text[mine] != NONE]
    pairs, possible = equal_pairs(facts.asked.text[mine], facts.asked.party[mine])
    p = float(poisson.cdf(pairs, possible * ASSIGNMENT_RATE)) if possible else 1.0
    found = f"{pairs:,.0f} equal pairs among {possible:,.0f}, at least {possible * ASSIGNMENT_RATE:,.0f} expected"
    return Alternative(name, found, rejected=p < SURE)


def equal_pairs(text: Ints, party: Ints) -> tuple[float, float]:
    """Pairs of equal openings between different parties, each text once per party, and the pairs there are.

    A text counts as if at most :data:`COPIES` parties had sent it: an assignment is many texts shared by some, a greeting
    is one text shared by all, and must not clear a pool that opens with it.
    """
    once = np.unique(np.stack([text, party], axis=1), axis=0) if len(text) else np.zeros((0, 2), np.int64)
    same = np.minimum(np.unique(once[:, 0], return_counts=True)[1], COPIES).astype(float)
    each = np.unique(once[:, 1], return_counts=True)[1].astype(float)
    return float((same * (same - 1) / 2).sum()), float((each.sum() ** 2 - (each**2).sum()) / 2)


def _benchmark(facts: Facts, core: Ints, ts: int) -> Alternative:
    name = "benchmark run split over accounts"
    if not facts.with_text:
        return Alternative(name, "not testable without text", rejected=True)
    mine = facts.counted.by(core, facts.parties, ts)
    share = float(facts.benchmark(mine).mean()) if len(mine) else 0.0
    found = f"{share:.0%} of the openings are items of public benchmarks"
    return Alternative(name, found, rejected=share < BENCHMARK_SHARE)


def _one_customer(facts: Facts, core: Ints, ts: int) -> Alternative:
    """One customer who does not hide it: most of the set behind one private mail domain, or behind one instrument and one provider.

    Accounts that pay with one instrument and sign up under several mail providers are one customer who does hide it.
    """
    domain = facts.domain[core]
    known = int((domain != NONE).sum())
    payment = _largest(facts.payment[core]) if _largest(domain) >= ONE_CUSTOMER * known else 0.0
    seen = facts.first_seen <= ts
    width = len(facts.accounts.email_domain) + 1
    users = np.bincount(facts.domain[seen & (facts.domain != NONE)], minlength=width)
    within = np.bincount(domain[domain != NONE], minlength=width)
    own = users - within <= np.maximum(PUBLIC_PROVIDER * int(seen.sum()), within)
    private = np.where((domain != NONE) & own[np.maximum(domain, 0)], domain, NONE)
    share = max(payment, _largest(private)) / max(len(core), 1)
    found = (
        f"{share:.0%} of the accounts share one payment instrument (and one mail provider) or one private mail domain"
    )
    return Alternative("one customer's own keys", found, rejected=share < ONE_CUSTOMER)


def _largest(values: Ints) -> float:
    known = values[values != NONE]
    return float(np.unique(known, return_counts=True)[1].max()) if len(known) else 0.0


def _declared(facts: Facts, core: Ints) -> Alternative:
    share = float(facts.declared[core].mean()) if len(core) else 0.0
    found = f"{share:.0%} of the accounts have a declared use and are verified"
    return Alternative("declared and verified use", found, rejected=share < DECLARED_SHARE)


def template(facts: Facts, core: Ints, ts: int) -> Alternative:
    """One popular template: owners who know nothing of each other fill the same text with records of their own.

    Tried only for sets that no link ties. Distinct openings are counted by their first 32 characters.
    """
    name = "one popular template"
    codes = np.unique(facts.asked.text[facts.asked.by(core, facts.parties, ts)])
    codes = codes[codes != NONE]
    counts = np.unique(facts.texts.beginning(codes), return_counts=True)[1]
    share = float(np.sort(counts)[-TEMPLATES:].sum()) / max(len(codes), 1)
    found = f"{share:.0%} of the distinct openings begin in one of {TEMPLATES} ways"
    return Alternative(name, found, rejected=share < TEMPLATE_SHARE)


def holding(tried: tuple[Alternative, ...]) -> Alternative | None:
    """The explanation that holds, if one does."""
    return next((alternative for alternative in tried if not alternative.rejected), None)
