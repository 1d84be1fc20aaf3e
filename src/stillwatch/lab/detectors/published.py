"""What the published detectors have in common: a statistic by account over time, and a threshold from a clean log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stillwatch.lab.detectors.traffic import Traffic, View
from stillwatch.lab.detectors.verdicts import Looks, threshold_of, write_verdicts
from stillwatch.lab.detectors.windows import Ints, Vectors, Windows

Look = Callable[[Traffic], Looks]
SIZES = (10, 20, 50, 100, 200)
"""Numbers of prompts after which a detector of windows looks at an account; last of all at those it has."""


@dataclass(frozen=True)
class Ranked:
    """A fitted statistic; ``threshold`` is the one that the stated share of the reference's accounts exceeds."""

    name: str
    settings: str
    look: Look
    threshold: float

    def write(self, log: View, out: Path) -> None:
        """Write the verdicts of every account of ``log``."""
        write_verdicts(self.name, log.traffic, self.look(log.traffic), self.threshold, out)


def ranked(name: str, settings: str, look: Look, reference: Traffic, fpr: float) -> Ranked:
    """Set the threshold on the reference; its accounts without a look count as not exceeding it."""
    scores = look(reference).scores(len(reference.accounts))
    cut = threshold_of(scores, fpr)
    if not np.isfinite(cut):  # fewer accounts were judged than may be flagged
        judged = scores[np.isfinite(scores)]
        cut = float(judged.min()) if judged.size else float("inf")
    return Ranked(name, f"{settings}; threshold: {fpr:g} of the reference's accounts", look, cut)


def texts(traffic: Traffic) -> Windows:
    """Windows of a log, or none where it holds no text."""
    return traffic.windows or Windows((), np.zeros(1, np.int64), np.zeros((0, 1), np.float32))


def numbers(traffic: Traffic) -> Ints:
    """Number in the traffic of each account that has windows."""
    at = {name: i for i, name in enumerate(traffic.accounts)}
    return np.array([at[a] for a in texts(traffic).accounts], dtype=np.int64)


def gather(found: list[tuple[int, int, float]]) -> Looks:
    """Looks of (account, time, value) in the order given; values that are no number are left out."""
    kept = [f for f in found if np.isfinite(f[2])]
    account, ts, value = zip(*kept, strict=True) if kept else ((), (), ())
    return Looks(np.array(account, np.int64), np.array(ts, np.int64), np.array(value, np.float64))


def by_window(statistic: Callable[[Vectors], float], *, least: int = 2) -> Look:
    """Looks at an account's first 10, 20, 50, 100, 200 prompts and at all it has, each time as one window."""

    def look(traffic: Traffic) -> Looks:
        windows, number = texts(traffic), numbers(traffic)
        found = []
        for i, account in enumerate(number.tolist()):
            vectors, start = windows.of(i), int(windows.starts[i])
            sizes = sorted({*(s for s in SIZES if s < len(vectors)), len(vectors)})
            found += [(account, int(traffic.times[start + s - 1]), statistic(vectors[:s])) for s in sizes if s >= least]
        return gather(found)

    return look
