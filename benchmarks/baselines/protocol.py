"""The common protocol: split the accounts, tune each detector on one half, measure all of them on the other.

Every baseline sees the same tuning half with its labels, so each may pick the best of its settings knowing the
campaigns. Campaigns fall into both halves, which favours the baselines. What is measured is a property of the
ranking (true-positive rate at a false-positive rate, ties counted against the detector) and of one threshold
carried over from the tuning half. No interpolation: a rate between two thresholds is the one that was reached.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from stillwatch.lab.roc import Roc, roc_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from benchmarks.baselines.log import Log


class Scorer(Protocol):
    """A tuned detector."""

    @property
    def settings(self) -> str:
        """The settings that tuning chose, in words."""
        ...

    @property
    def as_published(self) -> float | None:
        """The score above which the method as published raises its alarm; None where the paper names no rule."""
        ...

    def score(self, log: Log, /) -> dict[str, float]:
        """A number for each account, more is worse; accounts may be missing where the method cannot judge them."""
        ...


class Baseline(Protocol):
    """A published detector and what is needed to tune it."""

    @property
    def name(self) -> str:
        """Short name, as in the results."""
        ...

    @property
    def title(self) -> str:
        """Name as people read it."""
        ...

    def candidates(self, log: Log, half: Half, /) -> Iterable[Scorer]:
        """One scorer for each setting, each fitted on accounts of ``half`` only."""
        ...


@dataclass(frozen=True)
class Half:
    """Half of the accounts, with the truth about them."""

    benign: frozenset[str]
    malicious: frozenset[str]


def split(truth: Mapping[str, bool], accounts: Iterable[str], *, salt: str = "halves") -> tuple[Half, Half]:
    """The tuning half and the evaluation half, by hash of ``salt`` and account; accounts without truth are left out."""
    parts: tuple[list[str], ...] = ([], [], [], [])
    for account in accounts:
        if account in truth:
            bit = hashlib.blake2b(f"{salt}:{account}".encode(), digest_size=1).digest()[0] & 1
            parts[2 * bit + truth[account]].append(account)
    b0, m0, b1, m1 = (frozenset(p) for p in parts)
    return Half(b0, m0), Half(b1, m1)


def values(scores: Mapping[str, float], accounts: Iterable[str]) -> NDArray[np.float64]:
    """Scores of ``accounts``; an account without a score, or with one that is no number, ranks below all others."""
    found = np.array([scores.get(a, -np.inf) for a in accounts], dtype=np.float64)
    return np.where(np.isnan(found), -np.inf, found)


def roc(scores: Mapping[str, float], half: Half) -> Roc:
    """Receiver operating characteristic over ``half``; equal scores share one operating point."""
    return roc_of(values(scores, half.benign), values(scores, half.malicious))


def threshold(scores: Mapping[str, float], benign: Iterable[str], fpr: float) -> float:
    """The smallest score that at most ``fpr`` of ``benign`` exceed."""
    found = np.sort(values(scores, benign))[::-1]
    return float(found[min(int(fpr * found.size), found.size - 1)]) if found.size else float("inf")


def choose(baseline: Baseline, log: Log, half: Half, *, fpr: float = 1e-2) -> Scorer:
    """The candidate with the best true-positive rate at ``fpr`` on the tuning half; area under the curve breaks ties."""
    best: tuple[float, float] | None = None
    chosen: Scorer | None = None
    for candidate in baseline.candidates(log, half):
        curve = roc(candidate.score(log), half)
        worth = (curve.tpr_at(fpr), curve.auc())
        if best is None or worth > best:
            best, chosen = worth, candidate
    if chosen is None:
        raise ValueError(f"{baseline.name} offers no candidate")
    return chosen


@dataclass(frozen=True)
class Outcome:
    """What one detector reached on the evaluation half."""

    name: str
    title: str
    settings: str
    tpr_at: dict[str, float]
    auc: float
    threshold_tpr: float
    threshold_false_flags: int
    published_tpr: float | None
    published_false_flags: int | None
    benign: int
    malicious: int
    curve: Roc


RATES: Sequence[float] = (1e-3, 1e-2)


def measure(
    name: str, title: str, settings: str, scores: Mapping[str, float], tuning: Half, held: Half,
    as_published: float | None = None,
) -> Outcome:  # fmt: skip
    """Measure ``scores`` on ``held``; the threshold is the one that 1e-2 of the benign tuning accounts exceed."""
    curve = roc(scores, held)
    cut = threshold(scores, tuning.benign, 1e-2)
    pos, neg = values(scores, held.malicious), values(scores, held.benign)
    share = float((pos > cut).mean()) if pos.size else 0.0
    return Outcome(
        name=name,
        title=title,
        settings=settings,
        tpr_at={f"{r:g}": curve.tpr_at(r) for r in RATES},
        auc=curve.auc(),
        threshold_tpr=share,
        threshold_false_flags=int((neg > cut).sum()),
        published_tpr=float((pos > as_published).mean()) if as_published is not None and pos.size else None,
        published_false_flags=int((neg > as_published).sum()) if as_published is not None else None,
        benign=curve.benign,
        malicious=curve.malicious,
        curve=curve,
    )


def ahead(ours: Roc, theirs: Roc, *, up_to: float = 1.0) -> tuple[float, float]:
    """Smallest lead of ``ours`` over ``theirs`` at the false-positive rates the log resolves, and where it occurs.

    The rates are k / benign for k = 0, 1, ... up to ``up_to``. A negative lead means that the other is ahead there.
    """
    rates = np.arange(0, int(up_to * ours.benign) + 1) / max(1, ours.benign)
    leads = np.array([ours.tpr_at(r) - theirs.tpr_at(r) for r in rates])
    worst = int(leads.argmin())
    return float(leads[worst]), float(rates[worst])
