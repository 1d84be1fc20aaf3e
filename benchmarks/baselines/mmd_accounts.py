"""MMD calibrated on whole accounts, and pooled over linked sets: the fair forms of arXiv 2606.05725 for a log.

Account-calibrated: an account's discrepancy is compared with those of benign accounts that have as many prompts.
Pooled: the prompts of all members of a set are one window, compared with pools of as many unrelated benign accounts.
Both keep people whole, so the null holds for people with interests of their own. Tuning may pick the tail: a corpus
dealt over accounts lies *nearer* to the population than a person does, so the published upper tail looks the wrong way.

Null hypotheses: the account is exchangeable with benign accounts of its size; the set's members are unrelated benign
accounts, or like the benign sets seen. Neither form states an error rate; thresholds come from the tuning half.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np

from benchmarks.baselines.mmd import Null, Prepared, null_of, prepare

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from benchmarks.baselines.log import Log
    from benchmarks.baselines.protocol import Half
    from benchmarks.baselines.sets import Sets

TAILS = {"upper": 1.0, "lower": -1.0}
EDGES = (2, 4, 7, 12, 20, 35, 60, 100, 150, 201)
POOL_LIMIT = 1500
"""Prompts of a pool: the paper's window."""


def account_null(ready: Prepared, half: Half) -> Null:
    """Discrepancy of the benign accounts of the tuning half by number of prompts."""
    sizes = ready.windows.sizes()
    own = [i for i, a in enumerate(ready.windows.accounts) if a in half.benign and sizes[i] >= EDGES[0]]
    values = np.array([ready.of_rows(ready.rows(i)) for i in own])
    counts = sizes[own]
    middles: list[int] = []
    samples: list[list[float]] = []
    for low, high in pairwise(EDGES):
        inside = (counts >= low) & (counts < high)
        if inside.sum() >= 5:
            middles.append(max(int(np.median(counts[inside])), (middles[-1] + 1) if middles else 1))
            samples.append(values[inside].tolist())
    return null_of(middles, samples)


@dataclass(frozen=True)
class AccountScorer:
    """Discrepancy in spreads of benign accounts of the same size."""

    ready: Prepared
    null: Null
    tail: str

    @property
    def as_published(self) -> float | None:
        """The 95th percentile of benign accounts, in the published (upper) tail only."""
        return self.null.upper if self.tail == "upper" else None

    @property
    def settings(self) -> str:
        """The tail."""
        return f"{self.tail} tail, {len(self.null.sizes)} size classes"

    def score(self, _log: Log) -> dict[str, float]:
        """A score for each account with at least two prompts."""
        sign, sizes = TAILS[self.tail], self.ready.windows.sizes()
        return {
            a: sign * self.null.standard(self.ready.of_rows(self.ready.rows(i)), int(sizes[i]))
            for i, a in enumerate(self.ready.windows.accounts)
            if sizes[i] >= 2
        }


@dataclass(frozen=True)
class MmdAccounts:
    """MMD calibrated on benign accounts of the tuning half; tuning picks the tail."""

    name: str = "mmd-accounts"
    title: str = "MMD, account-calibrated"
    seed: int = 0

    def candidates(self, log: Log, half: Half) -> Iterator[AccountScorer]:
        """One scorer for each tail."""
        if log.windows is None:
            return
        ready = prepare(log.windows, half, np.random.default_rng(self.seed))
        null = account_null(ready, half)
        for tail in TAILS:
            yield AccountScorer(ready, null, tail)


def pooled_rows(ready: Prepared, members: NDArray[np.int64] | list[int], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of a pool: an equal share of each member's prompts, at most ``POOL_LIMIT`` in all."""
    share = max(1, POOL_LIMIT // max(1, len(members)))
    starts, parts = ready.windows.starts, []
    for i in members:
        rows = np.arange(starts[i], starts[i + 1])
        parts.append(rows if len(rows) <= share else rng.choice(rows, share, replace=False))
    rows = np.concatenate(parts) if parts else np.empty(0, dtype=np.int64)
    return rows if len(rows) <= POOL_LIMIT else rng.choice(rows, POOL_LIMIT, replace=False)


def stranger_null(ready: Prepared, half: Half, rng: np.random.Generator, *, draws: int = 60) -> Null:
    """Pools of unrelated benign accounts of the tuning half, by number of accounts."""
    sizes = ready.windows.sizes()
    benign = np.array([i for i, a in enumerate(ready.windows.accounts) if a in half.benign and sizes[i] >= 2])
    grid = [k for k in (1, 2, 4, 8, 16, 32, 64, 128) if k <= len(benign)]
    return null_of(
        grid,
        [
            [ready.of_rows(pooled_rows(ready, rng.choice(benign, k, replace=False), rng)) for _ in range(draws)]
            for k in grid
        ],
    )


def linked_null(ready: Prepared, half: Half, sets: Sets, rng: np.random.Generator) -> Null | None:
    """Benign sets of the tuning half (members known to be malicious left out), by number of accounts.

    None where no size class has five sets.
    """
    number = {a: i for i, a in enumerate(ready.windows.accounts)}
    found: list[tuple[int, float]] = []
    for members in sets.with_loners(number):
        own = [a for a in members if a in half.benign]
        if own and not any(a in half.malicious for a in members):
            rows = pooled_rows(ready, [number[a] for a in own if a in number], rng)
            if len(rows) >= 2:
                found.append((len(own), ready.of_rows(rows)))
    middles: list[int] = []
    samples: list[list[float]] = []
    for low, high in ((1, 2), (2, 5), (5, 10), (10, 30), (30, 10_000)):
        inside = [(k, v) for k, v in found if low <= k < high]
        if len(inside) >= 5:
            middles.append(int(np.median([k for k, _ in inside])))
            samples.append([v for _, v in inside])
    return null_of(middles, samples) if middles else None


@dataclass(frozen=True)
class PoolScorer:
    """A set's discrepancy in spreads of benign pools of as many accounts; members share it."""

    ready: Prepared
    sets: Sets
    null: Null
    kind: str
    tail: str
    smallest: int
    raw: dict[str, float]

    @property
    def as_published(self) -> float | None:
        """The 95th percentile of benign pools, in the published (upper) tail only."""
        return self.null.upper if self.tail == "upper" else None

    @property
    def settings(self) -> str:
        """Tail, null, smallest set that is judged, and where the sets come from."""
        return f"{self.tail} tail, null of {self.kind}, {self.smallest}+ accounts, sets of {self.sets.origin}"

    def score(self, _log: Log) -> dict[str, float]:
        """The set's score for its members; an account in no set is a set of one, judged where ``smallest`` is 1."""
        sign = TAILS[self.tail]
        out: dict[str, float] = {}
        for members in self.sets.with_loners(self.ready.windows.accounts):
            value = self.raw.get(members[0])
            if value is not None and len(members) >= self.smallest:
                out.update(dict.fromkeys(members, sign * self.null.standard(value, len(members))))
        return out


def raw_pools(ready: Prepared, sets: Sets, rng: np.random.Generator) -> dict[str, float]:
    """Discrepancy of every set, under the name of its first member; sets with fewer than two prompts are missing."""
    number = {a: i for i, a in enumerate(ready.windows.accounts)}
    out: dict[str, float] = {}
    for members in sets.with_loners(number):
        rows = pooled_rows(ready, [number[a] for a in members if a in number], rng)
        if len(rows) >= 2:
            out[members[0]] = ready.of_rows(rows)
    return out


@dataclass(frozen=True)
class MmdPooled:
    """MMD over the linked sets; tuning picks the tail, the null and the smallest set."""

    sets: Sets
    name: str = "mmd-sets"
    title: str = "MMD, pooled over linked sets"
    seed: int = 0

    def candidates(self, log: Log, half: Half) -> Iterator[PoolScorer]:
        """One scorer for each tail and null: pools of strangers, or the benign linked sets of the tuning half."""
        if log.windows is None:
            return
        rng = np.random.default_rng(self.seed)
        ready = prepare(log.windows, half, rng)
        raw = raw_pools(ready, self.sets, rng)
        nulls: dict[str, Null | None] = {
            "strangers": stranger_null(ready, half, rng),
            "linked sets": linked_null(ready, half, self.sets, rng),
        }
        for kind, null in nulls.items():
            if null is not None:
                for tail, smallest in product(TAILS, (1, 5)):
                    yield PoolScorer(ready, self.sets, null, kind, tail, smallest, raw)
