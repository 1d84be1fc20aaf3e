"""Families: what is compared when accounts are asked whether they differ as people do.

With text: *content* (what about), *style* (how it is typed) and both together (*text*). Without: *rhythm* (when), which
counts only where the set has no night in common, since colleagues keep the same hours. Each family is a vector per
opening and three sums per party, gathered in the order of time (:class:`Gathering`).

Vectors are kept in whole 127ths of a unit (``sketch/kept.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from stillwatch.detect.individuality import Spread
from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, NONE, Floats, Ints, Log
from stillwatch.detect.party_sums import Joined, PartySums, Tally
from stillwatch.detect.sketch.embed import StaticEmbedding
from stillwatch.detect.sketch.kept import UNIT, Kept, kept, real
from stillwatch.detect.texts import LiveTexts

__all__ = [
    "UNIT",
    "Family",
    "Gathering",
    "Kept",
    "Spreads",
    "State",
    "kept",
    "night_in_common",
    "real",
    "rhythm",
    "spreads_of",
    "vectors",
]

HARMONICS = 4
CHUNK = 50_000
"""Distinct texts that are embedded at a time."""
COMMON_NIGHT = 0.5
"""Resultant length of the hours of a set above which its members keep the same hours."""


class Family(StrEnum):
    """Names of the families, as reasons and reports show them."""

    TEXT = "text"
    CONTENT = "content"
    STYLE = "style"
    RHYTHM = "rhythm"


LEARN_FROM = 20_000
"""Parties, the first of the log, from which the spread of people is learned: more would not change it."""
State = dict[Family, tuple[PartySums, Spread, Floats]]
"""Per family: sums per party, spread of people, mean of the population."""
Spreads = dict[Family, Spread]


def spreads_of(state: State) -> Spreads:
    """The spreads of a state, for a later one."""
    return {name: spread for name, (_, spread, _) in state.items()}


def vectors(log: Log, rows: Ints, embedding: StaticEmbedding | None = None) -> dict[Family, Kept]:
    """Vectors of the openings ``rows``: family -> (openings, d), in 127ths. Depends on each opening alone.

    ``embedding``: another table than the one that the log's texts have.
    """
    found = {Family.RHYTHM: kept(rhythm(log.ts[rows]))}
    if log.with_text and len(rows):
        texts = log.texts
        if embedding is not None and isinstance(texts, LiveTexts):
            texts = texts.using(embedding=embedding)
        codes = log.prompt.codes[rows]
        known = np.flatnonzero(codes != NONE)
        content, style = texts.vectors(codes[known])
        if len(known) < len(rows):  # a null text is nothing
            whole = [np.zeros((len(rows), x.shape[1]), np.int8) for x in (content, style)]
            whole[0][known], whole[1][known] = content, style
            content, style = whole
        found[Family.CONTENT], found[Family.STYLE] = content, style
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
    """Sums per party of every family over the openings seen so far; grows by :meth:`advance`.

    ``outer``, ``cross``: sums of products of the vectors of the first parties (:data:`LEARN_FROM`), in squares of 127ths.
    """

    rows: Ints
    party: Ints
    vectors: dict[Family, Kept]
    sums: dict[Family, Tally]
    outer: dict[Family, Floats]
    cross: Floats | None
    seen: int = 0

    @classmethod
    def start(cls, log: Log, rows: Ints, found: dict[Family, Kept]) -> Gathering:
        """Nothing seen yet. ``rows`` are the openings, ``found`` their vectors."""
        return cls.over(rows, log.party[rows], log.parties, found)

    @classmethod
    def over(cls, rows: Ints, party: Ints, parties: int, found: dict[Family, Kept]) -> Gathering:
        """As :meth:`start` for openings of the parties ``party`` (openings,) out of so many."""
        cross = None
        if Family.CONTENT in found:
            cross = np.zeros((found[Family.CONTENT].shape[1], found[Family.STYLE].shape[1]))
        sums = {name: Tally.zeros(parties, v) for name, v in found.items()}
        return cls(rows, party, found, sums, {name: np.zeros((v.shape[1],) * 2) for name, v in found.items()}, cross)

    def advance(self, until: int) -> None:
        """Take in the openings up to position ``until``."""
        for start in range(self.seen, until, CHUNK):
            self._add(slice(start, min(start + CHUNK, until)))
        self.seen = max(until, self.seen)

    def _add(self, part: slice) -> None:
        """Products are summed as whole numbers, so that the steps in which a log is taken in do not show in the last digit."""
        who = self.party[part]
        learned = who < LEARN_FROM
        whole = {name: np.asarray(x[part][learned], np.float64) for name, x in self.vectors.items()}
        for name, x in self.vectors.items():
            self.sums[name].add(who, x[part])
            self.outer[name] += whole[name].T @ whole[name]
        if self.cross is not None:
            self.cross += whole[Family.CONTENT].T @ whole[Family.STYLE]

    def joined(self, rows: Ints, families: State) -> Floats:
        """Vectors of some openings as the leading family compares them: (k, d)."""
        if Family.CONTENT not in self.vectors:
            return real(self.vectors[Family.RHYTHM][rows])
        parts = (Family.CONTENT, Family.STYLE)
        return np.hstack([real(self.vectors[f][rows]) / np.sqrt(families[f][1].variance) for f in parts])

    def state(self, before: Spreads | None = None) -> State:
        """Per family: sums, spread of people, mean of the population. *Text* joins content and style at equal variance.

        ``before``: earlier spreads that are good enough (they move slowly and take time to learn).
        """
        out: State = {}
        for name, sums in self.sums.items():
            spread = before[name] if before else self._learn(sums, self.outer[name])
            out[name] = (sums, spread, sums.mean)
        if Family.CONTENT in out:
            out[Family.TEXT] = self._text(out, before)
        return out

    def _text(self, out: State, before: Spreads | None) -> tuple[PartySums, Spread, Floats]:
        """Content and style side by side, each divided by its standard deviation."""
        assert self.cross is not None
        va, vb = out[Family.CONTENT][1].variance, out[Family.STYLE][1].variance
        sums = Joined(self.sums[Family.CONTENT], self.sums[Family.STYLE], (float(np.sqrt(va)), float(np.sqrt(vb))))
        if before:
            return sums, before[Family.TEXT], sums.mean
        size_a = sums.left.dimensions
        outer = np.zeros((sums.dimensions,) * 2)
        outer[:size_a, :size_a] = self.outer[Family.CONTENT] / va
        outer[size_a:, size_a:] = self.outer[Family.STYLE] / vb
        outer[:size_a, size_a:] = self.cross / float(np.sqrt(va * vb))
        outer[size_a:, :size_a] = outer[:size_a, size_a:].T
        return sums, self._learn(sums, outer), sums.mean

    @staticmethod
    def _learn(sums: PartySums, outer: Floats) -> Spread:
        return Spread.learn(sums.of(np.arange(min(len(sums.n), LEARN_FROM))), outer / UNIT**2)
