"""Set-up: how a party talks to the API (client product, tools, streaming, endpoint, channel), as one code per exchange.

Common to everybody who uses the same software, so it convicts nobody. It helps to tell apart people who merely share an
address with a campaign: someone in a browser behind the same exit is not the agent pool that uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from stillwatch.detect.log import NONE, Codes, Floats, Ints, Log, pairs

DISTINCT = 96
"""Set-ups told apart; those that appear later are gathered into one."""
_VERSION = re.compile(r"[\s/|].*$")
CLIP = 5.0
FINE = 1 << 32
"""Parts of a share that the mean over parties is kept in."""


def _products(client: Codes) -> Ints:
    """Client fingerprints reduced to their product (the part before a version)."""
    names = [_VERSION.sub("", str(v)).lower() for v in client.values.to_pylist()]
    distinct = {name: code for code, name in enumerate(dict.fromkeys(names))}
    table = np.array([distinct[name] for name in names] + [NONE], np.int64)
    return table[client.codes]


def setups(log: Log) -> Ints:
    """One code per exchange, numbered in order of appearance, below :data:`DISTINCT`."""
    columns = (_products(log.client), log.n_tools > 0, log.stream, log.endpoint.codes, log.channel.codes)
    key = np.zeros(len(log), np.int64)
    for column in columns:
        values = np.asarray(column, np.int64) + 1
        key = key * (int(values.max(initial=0)) + 1) + values
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first, kind="stable"), kind="stable")
    return np.minimum(rank[inverse], DISTINCT - 1).astype(np.int16)


@dataclass
class SetupCounts:
    """Exchanges per party and set-up, as of a moment: ``counts`` (parties, set-ups); ``sent`` (parties,) in all.

    Counted entry by entry (``party``, ``code``); an entry is one exchange, or as many as ``weight`` says.
    """

    counts: Ints
    sent: Ints
    party: Ints
    code: Ints
    total: Ints
    weight: Ints | None = None
    seen: int = 0

    @classmethod
    def start(cls, log: Log) -> SetupCounts:
        """Nothing counted yet of a log."""
        return cls.over(log.party, setups(log), log.parties)

    @classmethod
    def over(cls, party: Ints, code: Ints, parties: int, weight: Ints | None = None) -> SetupCounts:
        """Nothing counted yet of entries of so many parties."""
        width = int(code.max(initial=0)) + 1
        counts = np.zeros((parties, width), np.int32)
        return cls(counts, np.zeros(parties, np.int64), party, code, np.zeros(width, np.int64), weight)

    def advance(self, until: int) -> None:
        """Count the entries up to position ``until``."""
        if until <= self.seen:
            return
        part = slice(self.seen, until)
        width = self.counts.shape[1]
        who, where = np.unique(self.party[part], return_inverse=True)
        weight = None if self.weight is None else self.weight[part]
        new = np.bincount(pairs(where, self.code[part], width), weight, len(who) * width).reshape(len(who), width)
        new = new.astype(np.int64, copy=False)
        before, after = self.counts[who], self.counts[who] + new
        self.total += (_whole(_shares(after)) - _whole(_shares(before))).sum(0)
        self.counts[who] = after
        self.sent[who] += new.sum(1)
        self.seen = until

    @property
    def population(self) -> Floats:
        """Mean share of each set-up over the parties that have sent anything: (set-ups,)."""
        return self.total / FINE / max(int(np.count_nonzero(self.sent)), 1)

    def shares(self, parties: Ints) -> Floats:
        """Share of each set-up per party: (k, set-ups)."""
        return _shares(self.counts[parties])

    def lean(self, parties: Ints, weight: Floats) -> Floats:
        """Log ratio per party: its set-up among the weighted parties against all parties of the log, within +-5."""
        return self.lean_of_sets(parties, np.zeros(1, np.int64), weight)

    def lean_of_sets(self, members: Ints, starts: Ints, weight: Floats) -> Floats:
        """:meth:`lean` of the members of many sets, each among its own: ``members`` one set after the other, ``starts`` where each begins."""
        shares = self.shares(members)
        total = np.maximum(np.add.reduceat(weight, starts), 1e-9)
        core = np.add.reduceat(weight[:, None] * shares, starts) / total[:, None]
        of_set = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(members)]))
        return self._lean(shares, self._ratio(core, total[:, None])[of_set])

    def lean_to(self, shares: Floats, core: Floats, members: float) -> Floats:
        """As :meth:`lean` for given shares, against a core's mean shares of so many members."""
        return self._lean(shares, self._ratio(core, members))

    def _ratio(self, core: Floats, members: float | Floats) -> Floats:
        """Log ratio of each set-up within a core, or within several: (..., set-ups)."""
        blur, usual = 1 / (members + 2), self.population
        ratio = np.log((core + blur * usual + 1e-6) / (usual * (1 + blur) + 1e-6))
        return np.asarray(np.clip(ratio, -CLIP, CLIP))

    @staticmethod
    def _lean(shares: Floats, ratio: Floats) -> Floats:
        return np.asarray(np.clip((shares * ratio).sum(1), -CLIP, CLIP))


def _whole(shares: Floats) -> Ints:
    """Shares in whole parts: their sum is the same in whatever steps a log is counted."""
    return np.rint(shares * FINE).astype(np.int64)


def _shares(counts: Ints) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(1, keepdims=True), 1))
