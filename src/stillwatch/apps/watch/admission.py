"""Which rows of a batch may come in: not too late, not from the future, not twice.

Late: earlier than the watch's high-water mark by more than the watermark. The mark is the highest *median* time of a
batch, so that a few rows of a producer whose clock is wrong cannot lift it and make everybody else late.

From the future: beyond the wall clock by more than :data:`AHEAD`; and, in a batch of at least :data:`MANY` rows whose middle
nine tenths lie within :data:`AHEAD`, which is how live traffic arrives, beyond the batch's median by more than that. A batch
that spans hours, or has few rows, says nothing about single rows by its median.

What was there when the watch first began is history: it is never late, and only the wall clock limits it.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]
Times = npt.NDArray[np.int64]

SECOND = 1_000_000
HOUR = 3_600 * SECOND
AHEAD = 300 * SECOND
"""How far ahead a clock may be."""
MANY = 100
"""Rows of a batch from which its median says what time it is."""
LATE = "later than the watermark allows"
FUTURE = "time lies in the future"


class Timely(NamedTuple):
    """Rows by their times: ``late`` and ``future`` are masks; ``high`` is the mark after this batch (None: still none)."""

    late: Bools
    future: Bools
    high: int | None


def timely(ts: Times, *, high: int | None, now: int, watermark: int, backlog: bool) -> Timely:
    """Judge the times of a batch (microseconds, ascending). ``high`` is the mark before it, ``now`` the wall clock."""
    none = np.zeros(len(ts), bool)
    if not len(ts):
        return Timely(none, none, high)
    future = ts > now + AHEAD
    low, middle, top = np.quantile(ts, (0.05, 0.5, 0.95), method="lower").tolist()
    if not backlog and len(ts) >= MANY and top - low <= AHEAD:
        future |= ts > middle + AHEAD
    late = none if backlog or high is None else ts < high - watermark
    kept = ts[~(late | future)]
    if len(kept):
        mark = int(kept[(len(kept) - 1) // 2])
        high = mark if high is None else max(high, mark)
    return Timely(late, future, high)


def hashes(names: Sequence[str], key: bytes) -> Times:
    """Keyed 64-bit hashes of ids.

    Two of n ids are taken for one with a chance of about n²/2^65; the key keeps customers, who may choose ids, from
    steering it.
    """
    raw = b"".join(
        blake2b(name.encode("utf-8", "surrogatepass"), key=key, digest_size=8, person=b"exchange").digest()
        for name in names
    )
    return np.frombuffer(raw, np.int64)
