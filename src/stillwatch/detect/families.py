"""Families: what is compared when accounts are asked whether they differ as people do.

With text: *content* (what about), *style* (how it is typed) and both together (*text*). Without: *rhythm* (when), which
counts only where the set has no night in common, since colleagues keep the same hours. Each family is a vector per
opening and three sums per party, gathered in the order of time (:class:`Gathering`).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from stillwatch.detect.individuality import Spread, Sums
from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, NONE, Floats, Ints, Log
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.style import style_vectors

HARMONICS = 4
COMMON_NIGHT = 0.5
"""Resultant length of the hours of a set above which its members keep the same hours."""


class Family(StrEnum):
    """Names of the families, as reasons and reports show them."""

    TEXT = "text"
    CONTENT = "content"
    STYLE = "style"
    RHYTHM = "rhythm"


State = dict[Family, tuple[Sums, Spread, Floats]]
"""Per family: sums per party, spread of people, mean of the population."""


def vectors(log: Log, rows: Ints, embedding: StaticEmbedding) -> dict[Family, Floats]:
    """Vectors of the openings ``rows``: family -> (openings, d). Depends on each opening alone."""
    found = {Family.RHYTHM: rhythm(log.ts[rows])}
    if log.with_text and len(rows):
        codes, where = np.unique(log.prompt.codes[rows], return_inverse=True)
        known = codes != NONE
        texts = log.prompt.values.take(codes[known]).to_pylist() if known.any() else []
        content = np.zeros((len(codes), embedding.dimensions))
        content[known] = embedding.encode(texts)
        style_known = style_vectors(texts).astype(np.float64)
        style = np.zeros((len(codes), style_known.shape[1] if len(texts) else 1))
        style[known] = style_known
        found[Family.CONTENT] = content[where]
        found[Family.STYLE] = style[where]
    return found


def rhythm(ts: Ints) -> Floats:
    """Hour of the day as harmonics 1 to 4: (openings, 8), each row of norm 1."""
    angle = 2 * np.pi * (ts % (MICROSECONDS_PER_HOUR * HOURS_PER_DAY)) / (MICROSECONDS_PER_HOUR * HOURS_PER_DAY)
    waves = [wave(k * angle) for k in range(1, HARMONICS + 1) for wave in (np.cos, np.sin)]
    return np.asarray(np.stack(waves, axis=1) / np.sqrt(HARMONICS))


def night_in_common(rhythm_centre: Floats) -> float:
    """How concentrated a set's hours are: 0 round the clock, 1 one moment of the day (resultant length, harmonic 1)."""
    return float(np.hypot(rhythm_centre[0], rhythm_centre[1]) * np.sqrt(HARMONICS))


@dataclass
class Gathering:
    """Sums per party of every family over the openings seen so far; grows by :meth:`advance`."""

    rows: Ints
    party: Ints
    vectors: dict[Family, Floats]
    sums: dict[Family, Sums]
    outer: dict[Family, Floats]
    cross: Floats | None
    seen: int = 0

    @classmethod
    def start(cls, log: Log, rows: Ints, found: dict[Family, Floats]) -> Gathering:
        """Nothing seen yet. ``rows`` are the openings, ``found`` their vectors."""
        party = log.party[rows]
        cross = None
        if Family.CONTENT in found:
            cross = np.zeros((found[Family.CONTENT].shape[1], found[Family.STYLE].shape[1]))
        sums = {
            name: Sums(np.zeros(log.parties), np.zeros((log.parties, v.shape[1])), np.zeros(log.parties))
            for name, v in found.items()
        }
        return cls(rows, party, found, sums, {name: np.zeros((v.shape[1],) * 2) for name, v in found.items()}, cross)

    def advance(self, until: int) -> None:
        """Take in the openings up to position ``until``."""
        if until <= self.seen:
            return
        part = slice(self.seen, until)
        who = self.party[part]
        for name, x in self.vectors.items():
            new = x[part]
            total = self.sums[name]
            np.add.at(total.n, who, 1)
            np.add.at(total.s, who, new)
            np.add.at(total.q, who, (new**2).sum(1))
            self.outer[name] += new.T @ new
        if self.cross is not None:
            self.cross += self.vectors[Family.CONTENT][part].T @ self.vectors[Family.STYLE][part]
        self.seen = until

    def state(self, before: State | None = None) -> State:
        """Per family: sums, spread of people, mean of the population. *Text* joins content and style at equal variance.

        ``before`` is an earlier state whose spreads are good enough (they move slowly and take time to learn).
        """
        out: State = {}
        for name, sums in self.sums.items():
            spread = before[name][1] if before else Spread.learn(sums, self.outer[name])
            out[name] = (sums, spread, sums.s.sum(0) / max(sums.n.sum(), 1))
        if Family.CONTENT in out:
            out[Family.TEXT] = self._text(out, before)
        return out

    def _text(self, out: State, before: State | None) -> tuple[Sums, Spread, Floats]:
        """Content and style side by side, each divided by its standard deviation."""
        assert self.cross is not None
        (a, spread_a, _), (b, spread_b, _) = out[Family.CONTENT], out[Family.STYLE]
        va, vb = spread_a.variance, spread_b.variance
        sums = Sums(a.n, np.hstack([a.s / np.sqrt(va), b.s / np.sqrt(vb)]), a.q / va + b.q / vb)
        population = sums.s.sum(0) / max(sums.n.sum(), 1)
        if before:
            return sums, before[Family.TEXT][1], population
        size_a = a.s.shape[1]
        outer = np.zeros((sums.s.shape[1],) * 2)
        outer[:size_a, :size_a] = self.outer[Family.CONTENT] / va
        outer[size_a:, size_a:] = self.outer[Family.STYLE] / vb
        outer[:size_a, size_a:] = self.cross / np.sqrt(va * vb)
        outer[size_a:, :size_a] = outer[:size_a, size_a:].T
        return sums, Spread.learn(sums, outer), population
