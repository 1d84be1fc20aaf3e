"""Walks kept: a hunt over a log that has grown goes on where the last one stood, and finds what a hunt from the start finds.

A look reads only what came before it, so where a walk stood after the look of an hour holds for every log that begins
alike. Each place kept carries a digest of the rows and parties that it rests on; a log in which something earlier has
changed (a late row, accounts that turn out to have one owner) goes on from the last place before the change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import xxhash

from stillwatch.campaigns.looks import Walked
from stillwatch.detect.cells import FIT_ON, Cells
from stillwatch.detect.families import Family, Kept
from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, Ints, Log

DAY = HOURS_PER_DAY * MICROSECONDS_PER_HOUR
MOST_KEPT = 4
"""Places kept: the last one, and the ends of the three days before, for rows that come late."""


@dataclass(frozen=True)
class _Place:
    digest: str
    walked: Walked


@dataclass
class Walks:
    """Where earlier walks over the beginning of a log stood, and the codebook that its first openings gave."""

    places: list[_Place] = field(default_factory=list)
    codebook: tuple[str, Cells] | None = None

    def start(self, log: Log, told: str) -> Walked | None:
        """The last place that holds for this log; ``told`` is what else its looks depend on, in any words."""
        self.places = [place for place in self.places if _digest(log, place.walked.ts, told) == place.digest]
        return self.places[-1].walked if self.places else None

    def keeper(self, log: Log, told: str) -> Callable[[Walked], None]:
        """Keeps where a walk through this log stands."""

        def keep(walked: Walked) -> None:
            before = [place for place in self.places if place.walked.ts < walked.ts]
            ends_of_days = [place for place in before if place.walked.ts % DAY == 0]
            self.places = [*ends_of_days[1 - MOST_KEPT :], _Place(_digest(log, walked.ts, told), walked)]

        return keep

    def cells(self, log: Log, rows: Ints, found: dict[Family, Kept]) -> Cells:
        """The codebook of the first openings, fitted once."""
        parts = [np.ascontiguousarray(found[f][:FIT_ON]).tobytes() for f in sorted(found)]
        key = xxhash.xxh3_128_hexdigest(b"".join(parts) + str(min(len(rows), FIT_ON)).encode())
        if self.codebook is None or self.codebook[0] != key:
            self.codebook = (key, Cells.fit(log, rows, found))
        return self.codebook[1]


def _digest(log: Log, ts: int, told: str) -> str:
    """Of the rows until ``ts``, the records and parties of their accounts, and what the looks were told."""
    upto = log.upto(ts)
    accounts = int(log.account[:upto].max(initial=-1)) + 1
    records = log.accounts
    rows = (log.ts, log.account, log.turn, log.n_tools, log.stream, log.status, log.context_in, log.context_out)
    coded = (log.prompt, log.client, log.ja4, log.ip, log.endpoint, log.channel)
    on_record = (records.payment, records.email_domain, records.signup_ip, records.declared_use)
    digest = xxhash.xxh3_128(told.encode())
    for column in (*rows, *(each.codes for each in coded)):
        digest.update(np.ascontiguousarray(column[:upto]).tobytes())
    for column in (records.party, records.verified, *(each.codes for each in on_record)):
        digest.update(np.ascontiguousarray(column[:accounts]).tobytes())
    digest.update("\0".join(records.ids[:accounts].to_pylist()).encode())
    return digest.hexdigest()
