"""Sums per party in whole numbers: a quarter of the memory of real ones, the same in every order and on every engine.

A set's sums are taken out as real numbers (:meth:`PartySums.of`) when the set is judged; the rest stays whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

from stillwatch.detect.individuality import Floats, Ints, Sums
from stillwatch.detect.sketch.kept import UNIT, Kept

Numbers = npt.NDArray[np.int32] | npt.NDArray[np.int64] | npt.NDArray[np.float64]


class PartySums(Protocol):
    """Sums of one family for all parties of a log, from which sets are taken."""

    @property
    def n(self) -> Floats:
        """Openings per party: (parties,)."""

    @property
    def mean(self) -> Floats:
        """Mean of all openings: (d,)."""

    @property
    def dimensions(self) -> int:
        """D."""

    def of(self, members: Ints) -> Sums:
        """The sums of some parties."""


@dataclass
class Tally:
    """Sums of kept vectors: ``n`` (parties,), ``whole_s`` (parties, d) in 127ths, ``whole_q`` (parties,) in their squares.

    Vectors that are not whole are summed as they are (in 127ths as well).
    """

    n: Floats
    whole_s: Numbers
    whole_q: Numbers
    total: Floats

    @classmethod
    def zeros(cls, parties: int, like: Kept | Floats) -> Self:
        """Nothing summed yet; ``like`` are vectors of the kind to come."""
        width = like.shape[1]
        if np.issubdtype(like.dtype, np.integer):
            s, q = np.zeros((parties, width), np.int32), np.zeros(parties, np.int64)
            return cls(np.zeros(parties), s, q, np.zeros(width))
        return cls(np.zeros(parties), np.zeros((parties, width)), np.zeros(parties), np.zeros(width))

    def add(self, who: Ints, x: Kept | Floats) -> None:
        """Add openings ``x`` (k, d), in 127ths, of the parties ``who`` (k,), in place."""
        if not len(who):
            return
        order = np.argsort(who, kind="stable")
        ordered = who[order]
        starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
        party = ordered[starts]
        wide = np.asarray(x[order], np.int32 if np.issubdtype(x.dtype, np.integer) else np.float64)
        self.n[party] += np.diff(np.r_[starts, len(who)])
        self.whole_s[party] = self.whole_s[party] + np.add.reduceat(wide, starts)
        squares = np.square(wide).sum(1, dtype=self.whole_q.dtype)
        self.whole_q[party] = self.whole_q[party] + np.add.reduceat(squares, starts)
        self.total += wide.sum(0)

    @property
    def mean(self) -> Floats:
        """Mean of all openings: (d,)."""
        return np.asarray(self.total / UNIT / max(float(self.n.sum()), 1.0))

    @property
    def dimensions(self) -> int:
        """D."""
        return int(self.whole_s.shape[1])

    def of(self, members: Ints) -> Sums:
        """The sums of some parties, as real numbers."""
        return Sums(self.n[members], self.whole_s[members] / UNIT, self.whole_q[members] / UNIT**2)


@dataclass(frozen=True)
class Joined:
    """Two families side by side, each divided by its ``scale`` (a standard deviation)."""

    left: Tally
    right: Tally
    scale: tuple[float, float]

    @property
    def n(self) -> Floats:
        """Openings per party: (parties,)."""
        return self.left.n

    @property
    def mean(self) -> Floats:
        """Mean of all openings: (d,)."""
        return np.concatenate([self.left.mean / self.scale[0], self.right.mean / self.scale[1]])

    @property
    def dimensions(self) -> int:
        """D of both together."""
        return self.left.dimensions + self.right.dimensions

    def of(self, members: Ints) -> Sums:
        """The sums of some parties, as real numbers."""
        s, q, at = np.empty((len(members), self.dimensions)), np.zeros(len(members)), 0
        for part, scale in zip((self.left, self.right), self.scale, strict=True):
            np.multiply(part.whole_s[members], 1 / (UNIT * scale), out=s[:, at : at + part.dimensions])
            q += part.whole_q[members] / (UNIT * scale) ** 2
            at += part.dimensions
        return Sums(self.n[members], s, q)
