"""When conversations begin: people's days, offices, scheduled jobs, machines, and the arrivals of real business clients.

All functions work on one block of a group: ``seat`` (position among the block's seats), ``nth`` (how-manieth of the seat)
and ``count`` (of the seat) of every conversation give its start in microseconds since 1970.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.lab.corpora import Arrivals
from stillwatch.lab.draws import Floats, Ints, Keys, below, choose, draw, exponential, normal, uniform, whole
from stillwatch.lab.network import COUNTRIES
from stillwatch.lab.population import DAY, HOUR
from stillwatch.lab.scenario import Deal, Group, Hours

_SECOND = 1_000_000
_AHEAD = np.array([country.ahead for country in COUNTRIES], dtype=np.float64)
_GRID = 15 * 60 * _SECOND


@dataclass(frozen=True)
class Block:
    """Some seats of a group and their conversations."""

    group: Group
    party: Keys
    """Key of the group."""
    keys: Keys
    """Of the seats."""
    low: Ints
    high: Ints
    """First and last moment of each seat."""
    country: Ints
    seat: Ints
    nth: Ints
    count: Ints
    talk: Keys
    """Keys of the conversations."""
    start: int
    """Of the log."""


def begin(block: Block, arrivals: Arrivals) -> Ints:
    """Start of every conversation of the block."""
    tempo = block.group.tempo
    if tempo.hours is Hours.FLAT:
        at = _sticky(block) if block.group.text.deal is Deal.STICKY else _machine(block)
    elif tempo.hours is Hours.TRACE:
        at = _traced(block, arrivals)
    elif tempo.hours is Hours.BURST:
        share = np.clip(uniform(draw(block.talk, "burst")) ** 1.5, 0, 1)
        ramp = uniform(draw(block.keys, "late"))[block.seat] * 0.3
        at = block.low[block.seat] + ((ramp + share * 0.7) * tempo.burst_hours * HOUR).astype(np.int64)
    elif tempo.hours is Hours.NIGHT:
        at = _nightly(block)
    else:
        at = _daily(block)
    low, high = block.low[block.seat], block.high[block.seat]
    if tempo.synchronised:
        at = _together(block, at)
    late = at >= high
    at = np.where(late, low + (at - low) % np.maximum(1, high - low), at)
    return np.maximum(at, low)


def _days(block: Block) -> tuple[Floats, Floats]:
    """Cumulative weight of each day for each seat (seats x days), and the first hour of the working window."""
    first = block.start
    total = int(np.ceil((block.high.max() - first) / DAY))
    number = np.arange(total)
    keys = block.keys[:, None]
    opens = first + number * DAY
    inside = np.clip(np.minimum(block.high[:, None], opens + DAY) - np.maximum(block.low[:, None], opens), 0, DAY) / DAY
    weekday = ((opens // DAY) + 3) % 7  # 1970-01-01 was a Thursday
    free = weekday >= 5
    if block.group.tempo.hours is Hours.OFFICE:
        weekend = np.where(free, 0.02, 1.0)[None, :]
        wave = np.exp(0.25 * normal(draw(keys, "day", number[None, :])))
    else:
        habit = np.exp(0.6 * normal(draw(block.keys, "weekend")))[:, None]
        weekend = np.where(free[None, :], habit, 1.0)
        busy = 0.35 + 0.6 * uniform(draw(block.keys, "days"))[:, None]
        here = uniform(draw(keys, "here", number[None, :])) < busy
        wave = np.where(here, np.exp(0.7 * normal(draw(keys, "day", number[None, :]))), 0.02)
    weights = inside * weekend * wave + inside * 1e-6 + 1e-12
    return np.cumsum(weights, axis=1), inside


def _rows(heights: Floats, row: Ints, share: Floats) -> tuple[Ints, Floats]:
    """For each ``share`` of a row's total, the column it falls into, and how far into it."""
    total = heights[:, -1]
    scaled = heights / total[:, None] + np.arange(len(heights))[:, None]
    flat = scaled.ravel()
    at = np.searchsorted(flat, row + share, side="right").clip(0, len(flat) - 1)
    column = (at % heights.shape[1]).astype(np.int64)
    before = np.where(column > 0, flat[np.maximum(at - 1, 0)], row)
    width = np.maximum(flat[at] - before, 1e-15)
    return column, np.clip((row + share - before) / width, 0, 1 - 1e-9)


def _sessions(block: Block, mean: Floats, gap: Floats) -> tuple[Keys, Ints]:
    """Conversations cluster: the key of each one's session and how long after the session's start it begins.

    Args:
        block: The conversations, those of a seat next to each other.
        mean: Mean conversations a session of each seat.
        gap: Mean seconds between conversations of a session of each seat.
    """
    opens = (block.nth == 0) | (uniform(draw(block.talk, "new session")) < 1 / mean[block.seat])
    begins = np.flatnonzero(opens)
    number = np.cumsum(opens) - 1
    step = exponential(draw(block.talk, "gap")) * gap[block.seat] * np.where(opens, 0, 1) * _SECOND
    total = np.cumsum(step)
    return block.talk[begins][number], (total - total[begins][number]).astype(np.int64)


def _daily(block: Block) -> Ints:
    """A person's or an office's day in local time."""
    keys = block.keys
    mean = 1 + 4 * uniform(draw(keys, "session")) ** 2
    gap = 120 + 900 * uniform(draw(keys, "pause"))
    session, offset = _sessions(block, mean, gap)
    heights, _ = _days(block)
    day, _ = _rows(heights, block.seat, uniform(draw(session, "day")))
    if block.group.tempo.hours is Hours.OFFICE:
        ahead = np.full(len(keys), _AHEAD[block.country[0]])
        early = 8.0 + uniform(draw(keys, "early")) * 2
        hour = early[block.seat] + 8.5 * uniform(draw(session, "hour"))
        hour = np.where(np.abs(hour - 12.7) < 0.4, hour + 1.1, hour)
    else:
        ahead = _AHEAD[block.country]
        first = 13 + 3.5 * normal(draw(keys, "peak"))
        second = 20.5 + 2 * normal(draw(keys, "evening"))
        liking = uniform(draw(keys, "evening person"))
        evening = uniform(draw(session, "when")) < liking[block.seat]
        width = 0.7 + 2.2 * uniform(draw(keys, "regularity"))
        hour = np.where(evening, second[block.seat], first[block.seat])
        hour = hour + width[block.seat] * normal(draw(session, "hour"))
    utc = np.mod(hour - ahead[block.seat], 24.0)
    return whole(block.start + day * DAY + (utc * HOUR).astype(np.int64) + offset)


def _machine(block: Block) -> Ints:
    """A queue worked off evenly, at a level that differs from day to day; ``jitter_s`` spreads the gaps."""
    total = int(np.ceil((block.high.max() - block.start) / DAY))
    number = np.arange(total)
    opens = block.start + number * DAY
    inside = np.clip(np.minimum(block.high[:, None], opens + DAY) - np.maximum(block.low[:, None], opens), 0, DAY)
    level = np.exp(0.35 * normal(draw(block.keys[:, None], "level", number[None, :])))
    phase = uniform(draw(block.keys, "phase"))[block.seat]
    day, into = _rows(np.cumsum(inside * level + 1e-9, axis=1), block.seat, (block.nth + phase) / block.count)
    from_, span = np.maximum(block.low[:, None], opens), inside
    at = from_[block.seat, day] + (into * span[block.seat, day]).astype(np.int64)
    return whole(at + (normal(draw(block.talk, "jitter")) * block.group.tempo.jitter_s * _SECOND).astype(np.int64))


def _sticky(block: Block) -> Ints:
    """A dealer's sessions of about an hour on one account, then another account goes on."""
    mean = np.full(len(block.keys), 10.0)
    session, offset = _sessions(block, mean, np.full(len(block.keys), 330.0))
    low, high = block.low[block.seat], block.high[block.seat]
    share = uniform(draw(session, "when"))
    jitter = (normal(draw(block.talk, "jitter")) * block.group.tempo.jitter_s * _SECOND).astype(np.int64)
    return low + (share * (high - low)).astype(np.int64) + offset + np.abs(jitter)


def _traced(block: Block, arrivals: Arrivals) -> Ints:
    """The two-week shape of a real client, from the same weekday on, its bursts as clumps of requests."""
    client = below(draw(block.keys, "client"), len(arrivals.heights))
    clump = arrivals.clump[client]
    session, offset = _sessions(block, clump, np.full(len(block.keys), 4.0))
    shift = below(draw(block.keys, "shift"), 14)
    weeks = np.maximum(1, np.ceil((block.high - block.low) / (14 * DAY)).astype(np.int64))
    share = uniform(draw(session, "when"))
    fortnight = below(draw(session, "fortnight"), weeks[block.seat])
    column, into = _rows(arrivals.heights[client][:, 1:], block.seat, share)
    turned = (column + shift[block.seat] * 144) % 2016
    at = (fortnight * 2016 + turned + into) * (600 * _SECOND)
    low, high = block.low[block.seat], block.high[block.seat]
    return whole(low + (at.astype(np.int64) + offset) % np.maximum(1, high - low))


def _nightly(block: Block) -> Ints:
    """A scheduled job: the same hour every day, most often 02:00 UTC, requests one after another."""
    heights, _ = _days(block)
    favourite = choose(draw(block.keys, "cron"), (1, 1, 6, 2, 2, 1))
    minute = np.array([0, 0, 0, 5, 15, 30])[below(draw(block.keys, "minute"), 6)]
    inside = heights > 0
    del inside
    days = heights.shape[1]
    day = (block.nth * days) // np.maximum(block.count, 1)
    within = block.nth - np.ceil(day * block.count / days).astype(np.int64)
    pace = 2 + 20 * uniform(draw(block.keys, "pace"))
    at = favourite[block.seat] * HOUR + minute[block.seat] * 60 * _SECOND
    seconds = np.maximum(0, within) * pace[block.seat] + exponential(draw(block.talk, "delay")) * 3
    return whole(block.start + day * DAY + at + (seconds * _SECOND).astype(np.int64))


def _together(block: Block, at: Ints) -> Ints:
    """Accounts act in the same minutes: starts move into the first half minute of a grid that the group shares."""
    phase = below(draw(block.party, "grid"), 15 * 60)[0] * _SECOND
    slot = (at - block.start) // _GRID
    jitter = np.abs(normal(draw(block.talk, "with others"))) * min(30.0, 5.0 + block.group.tempo.jitter_s)
    return whole(block.start + slot * _GRID + phase + (jitter * _SECOND).astype(np.int64))
