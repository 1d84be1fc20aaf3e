"""Openings: the first user message of each conversation, the only text that individuality is read from.

Follow-ups ("shorter, please") belong to the conversation, not to the person. Of the openings

* failed requests are left out (a retry would count twice),
* each distinct text counts for the first :data:`PARTIES_PER_TEXT` parties that send it, and once for each: a classroom's
  assignment, a popular prompt and a party's own repetition say nothing about who is alike,
* a party counts at most :data:`PER_DAY` openings a day and :data:`PER_PARTY` in all, so that no large account dominates.

The choice looks only backwards, so what was chosen until T does not depend on what came after T.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stillwatch.detect.log import HOURS_PER_DAY, MICROSECONDS_PER_HOUR, NONE, Ints, Log, pairs

PARTIES_PER_TEXT = 3
PER_DAY = 32
PER_PARTY = 64
FAILED = 400


def openings(log: Log) -> Ints:
    """Rows of the log that open a conversation and count, in order of time."""
    rows = np.flatnonzero((log.turn <= 1) & (log.status < FAILED))
    if log.with_text:
        text = log.prompt.codes[rows]
        rows = rows[text != NONE]
        rows = rows[_first_of(pairs(log.prompt.codes[rows], log.party[rows], log.parties))]
        rows = rows[ranks(log.prompt.codes[rows]) < PARTIES_PER_TEXT]
    day = log.ts[rows] // (MICROSECONDS_PER_HOUR * HOURS_PER_DAY)
    rows = rows[ranks(pairs(log.party[rows], day, int(day.max(initial=0)) + 1)) < PER_DAY]
    return rows[ranks(log.party[rows]) < PER_PARTY]


def _first_of(values: Ints) -> npt.NDArray[np.bool_]:
    """Marks the first occurrence of each value."""
    out = np.zeros(len(values), bool)
    out[np.unique(values, return_index=True)[1]] = True
    return out


def ranks(groups: Ints) -> Ints:
    """0, 1, 2, ... within each group, in the given order."""
    order = np.argsort(groups, kind="stable")
    ordered = groups[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(ordered) else np.zeros(0, np.int64)
    lengths = np.diff(np.r_[starts, len(ordered)])
    rank = np.empty(len(groups), np.int64)
    rank[order] = np.arange(len(groups)) - np.repeat(starts, lengths)
    return rank
