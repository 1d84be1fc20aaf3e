"""Set-up: how a party talks to the API (client product, tools, streaming, endpoint, channel), as one code per exchange.

Common to everybody who uses the same software, so it convicts nobody. It helps to tell apart people who merely share an
address with a campaign: someone in a browser behind the same exit is not the agent pool that uses it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from stillwatch.detect.log import NONE, Codes, Floats, Ints, Log

DISTINCT = 96
"""Set-ups told apart; those that appear later are gathered into one."""
_VERSION = re.compile(r"[\s/|].*$")
CLIP = 5.0


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
    """Exchanges per party and set-up, as of a moment."""

    counts: Floats
    party: Ints
    code: Ints
    population: Floats
    seen: int = 0

    @classmethod
    def start(cls, log: Log) -> SetupCounts:
        """Nothing counted yet."""
        return cls(np.zeros((log.parties, DISTINCT)), log.party, setups(log), np.zeros(DISTINCT))

    def advance(self, until: int) -> None:
        """Count the exchanges up to position ``until`` of the log."""
        part = slice(self.seen, max(until, self.seen))
        np.add.at(self.counts, (self.party[part], self.code[part]), 1)
        self.seen = max(until, self.seen)
        active = self.counts[self.counts.any(1)]
        self.population = (active / active.sum(1, keepdims=True)).mean(0) if len(active) else self.population

    def shares(self, parties: Ints) -> Floats:
        """Share of each set-up per party: (k, set-ups)."""
        rows = self.counts[parties]
        return np.asarray(rows / np.maximum(rows.sum(1, keepdims=True), 1))

    def lean(self, parties: Ints, weight: Floats) -> Floats:
        """Log ratio per party: its set-up among the weighted parties against all parties of the log, within +-5."""
        shares = self.shares(parties)
        total = max(float(weight.sum()), 1e-9)
        core = (weight[:, None] * shares).sum(0) / total
        return self.lean_to(shares, core, total)

    def lean_to(self, shares: Floats, core: Floats, members: float) -> Floats:
        """As :meth:`lean` for given shares, against a core's mean shares of so many members."""
        blur = 1 / (members + 2)
        ratio = np.log((core + blur * self.population + 1e-6) / (self.population * (1 + blur) + 1e-6))
        return np.asarray(np.clip(shares @ np.clip(ratio, -CLIP, CLIP), -CLIP, CLIP))
