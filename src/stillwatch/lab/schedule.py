"""Who sends what when, as numbers: about forty bytes for each exchange, no text yet.

Groups are worked through in blocks of seats, so that what is needed besides the result stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from stillwatch.lab.draws import Floats, Ints, Keys, below, draw, normal, uniform
from stillwatch.lab.population import DAY, HOUR, Party
from stillwatch.lab.scenario import Deal, Role, Voice
from stillwatch.lab.schedule_times import Block, begin
from stillwatch.lab.world import World

_BLOCK = 600_000
"""Conversations worked on at once."""
MALICIOUS, FILLER = 1, 2
"""Bits of ``flags``."""


@dataclass(frozen=True)
class Exchanges:
    """One entry per exchange in each column, in order of time once scheduled."""

    ts: Ints
    account: npt.NDArray[np.int32]
    talk: Keys
    """Key of the conversation."""
    turn: npt.NDArray[np.int16]
    party: npt.NDArray[np.int16]
    """The group whose text it is; not the account's own where a rider goes through a pool."""
    speaker: npt.NDArray[np.int32]
    """Which of an account's people speaks; for a corpus, the how-manieth task that the group deals."""
    flags: npt.NDArray[np.uint8]

    def __len__(self) -> int:
        """Exchanges."""
        return len(self.ts)

    def cut(self, first: int, last: int) -> Exchanges:
        """The exchanges from ``first`` to below ``last``."""
        return Exchanges(*(getattr(self, f.name)[first:last] for f in fields(self)))


def schedule(world: World) -> Exchanges:
    """All exchanges of the world, in order of time."""
    parts: list[Exchanges] = []
    sizes: dict[str, int] = {}
    for party in sorted(world.parties, key=lambda p: p.group.rider is not None):
        own = list(_party(world, party, sizes))
        sizes[party.group.name] = sum(map(len, own))
        if party.group.text.voice in {Voice.CORPUS, Voice.BENCHMARK}:
            own = [_dealt(own)]
        parts += own
    columns = [np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Exchanges)]
    parts.clear()
    order = np.argsort(columns[0], kind="stable")
    for at, column in enumerate(columns):
        columns[at] = column[order]
    return Exchanges(*columns)


def mean_turns(party: Party) -> float:
    """Expected turns of a conversation: geometric, cut at the most."""
    stop = 1 / party.group.text.turns
    return float((1 - (1 - stop) ** party.group.text.most_turns) / stop)


def _party(world: World, party: Party, sizes: dict[str, int]) -> Iterator[Exchanges]:
    """Exchanges of a group, block by block."""
    host = party
    total = party.exchanges
    if party.group.rider is not None:
        host = next(p for p in world.parties if p.group.name == party.group.rider)
        total = sizes[host.group.name] * party.group.rider_share / (1 - party.group.rider_share)
    accounts = slice(host.first, host.first + host.accounts)
    seat = world.accounts.seat[accounts]
    opening = np.flatnonzero(np.diff(seat, prepend=-1))  # first account of every seat
    closing = np.append(opening[1:], len(seat)) - 1
    if party is not host:
        chosen = np.argsort(draw(party.key, "through", np.arange(len(opening))), kind="stable")[: party.seats]
        opening, closing = opening[np.sort(chosen)], closing[np.sort(chosen)]
    born, died = world.accounts.born[accounts], world.accounts.died[accounts]
    low, high = born[opening], died[closing]
    if party is not host:
        low, high = _span(world, party, low, high)
    volume = world.accounts.volume[accounts][opening]
    keys = draw(party.key, "seat", seat[opening])
    talks = volume / volume.sum() * total / mean_turns(party)
    count = np.floor(talks + uniform(draw(keys, "rounding"))).astype(np.int64)
    ends = np.cumsum(count)
    at = 0
    while at < len(count):
        done = ends[at - 1] if at else 0
        upto = max(at + 1, int(np.searchsorted(ends, done + _BLOCK, side="right")))
        upto = min(upto, at + 20_000, len(count))
        some = slice(at, upto)
        country = world.accounts.country[accounts][opening[some]]
        yield _block(world, party, host, keys[some], low[some], high[some], country, count[some], seat[opening[some]])
        at = upto


def _span(world: World, party: Party, low: Ints, high: Ints) -> tuple[Ints, Ints]:
    """A rider's own time within that of the pool's accounts."""
    tempo = party.group.tempo
    first = world.start + int(tempo.start_day * DAY)
    last = high if tempo.active_days is None else np.minimum(high, first + int(tempo.active_days * DAY))
    return np.maximum(low, np.minimum(first, last - 1)), last


def _block(
    world: World,
    party: Party,
    host: Party,
    keys: Keys,
    low: Ints,
    high: Ints,
    country: Ints,
    count: Ints,
    seats: Ints,
) -> Exchanges:
    group = party.group
    seat = np.repeat(np.arange(len(count)), count)
    nth = np.arange(len(seat)) - np.repeat(np.cumsum(count) - count, count)
    talk = draw(keys[seat], "talk", nth)
    block = Block(group, party.key, keys, low, high, country, seat, nth, count[seat], talk, world.start)
    at = begin(block, world.corpora.arrivals)
    account, at = _holder(world, host, seats[seat], at, talk)
    stop = np.log1p(-1 / group.text.turns) if group.text.turns > 1 else -np.inf
    turns = 1 + np.floor(np.log(uniform(draw(talk, "turns"))) / stop).astype(np.int64)
    turns = np.minimum(turns, group.text.most_turns)
    row = np.repeat(np.arange(len(talk)), turns)
    turn = np.arange(len(row)) - np.repeat(np.cumsum(turns) - turns, turns) + 1
    ts = at[row] + _waits(group.text.voice, group.size.tools, talk[row], turn)
    flags = _flags(party, talk)[row]
    speaker = _speakers(party, keys[seat], talk, at)[row]
    sender = _handed(world, host, group.text.handoff, talk[row], turn, ts, account[row])
    end = world.start + world.scenario.days * DAY
    keep = (ts < end) & (ts <= world.accounts.died[sender])
    return Exchanges(
        ts[keep],
        sender[keep].astype(np.int32),
        talk[row][keep],
        turn[keep].astype(np.int16),
        np.full(int(keep.sum()), party.number, dtype=np.int16),
        speaker[keep].astype(np.int32),
        flags[keep],
    )


def _flags(party: Party, talk: Keys) -> npt.NDArray[np.uint8]:
    filler = uniform(draw(talk, "filler")) < party.group.text.filler.share
    taking = party.group.role is Role.EXTRACTION
    return np.where(filler, FILLER, MALICIOUS if taking else 0).astype(np.uint8)


def _speakers(party: Party, line: Keys, talk: Keys, at: Ints) -> Ints:
    """Which of the people behind an account, or behind a whole pool, speaks.

    Where sessions stick, whoever has the line of an account keeps it for an hour.
    """
    group = party.group
    many = group.text.speakers * (party.seats if group.role is Role.BROKER else 1)
    if many == 1:
        return np.zeros(len(talk), dtype=np.int64)
    sticks = group.text.deal is Deal.STICKY
    bits = draw(line, "line", at // HOUR) if sticks else draw(talk, "speaker")
    return np.floor(uniform(bits) ** 1.7 * many).astype(np.int64)


def _waits(voice: Voice, tools: int, talk: Keys, turn: Ints) -> Ints:
    """Time from the first turn: minutes for people, seconds for machines."""
    people = voice in {Voice.PERSONAL, Voice.ASSIGNMENT} and tools == 0
    middle, spread = (80.0, 1.0) if people else (11.0, 0.7)
    gaps = middle * np.exp(spread * normal(draw(talk, "wait", turn)))
    gaps[turn == 1] = 0
    total = np.cumsum(gaps)
    begins = np.maximum.accumulate(np.where(turn == 1, np.arange(len(turn)), 0))
    since: Floats = total - total[begins] if len(total) else total
    return (since * 1e6).astype(np.int64)


def _holder(world: World, host: Party, seat: Ints, at: Ints, talk: Keys) -> tuple[Ints, Ints]:
    """The account that holds a seat at a moment; what falls between two accounts waits for the next one."""
    accounts = world.accounts
    account = _on_seat(world, host, seat, at)
    gone = at > accounts.died[account]
    if not gone.any():
        return account, at
    following = np.minimum(account + 1, host.first + host.accounts - 1)
    next_there = gone & (accounts.seat[following] == accounts.seat[account]) & (following > account)
    share = uniform(draw(talk, "moved"))
    holder = np.where(next_there, following, account)
    life = np.maximum(1, accounts.died[holder] - accounts.born[holder])
    return holder, np.where(gone, accounts.born[holder] + (share * life).astype(np.int64), at)


def _on_seat(world: World, host: Party, seat: Ints, at: Ints) -> Ints:
    """Number of the last account of a seat that began before a moment."""
    step = np.int64(1_000 * DAY)
    own = slice(host.first, host.first + host.accounts)
    places = world.accounts.seat[own] * step + (world.accounts.born[own] - world.start)
    found = np.searchsorted(places, seat * step + (at - world.start), side="right") - 1
    first = np.searchsorted(world.accounts.seat[own], seat)
    return host.first + np.maximum(found, first)


def _handed(world: World, host: Party, share: float, talk: Keys, turn: Ints, ts: Ints, account: Ints) -> Ints:
    """Let another account of the group go on with a share of the continued exchanges."""
    if share == 0:
        return account
    moved = (turn > 1) & (uniform(draw(talk, "handed", turn)) < share)
    last = int(world.accounts.seat[host.first + host.accounts - 1])
    other = _on_seat(world, host, below(draw(talk, "to", turn), last + 1), ts)
    living = (ts <= world.accounts.died[other]) & (ts >= world.accounts.born[other])
    return np.where(moved & living, other, account)


def _dealt(parts: list[Exchanges]) -> Exchanges:
    """Number the conversations of a corpus in order of their start: the order in which its tasks are dealt."""
    whole = Exchanges(*(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(Exchanges)))
    first = np.flatnonzero(whole.turn == 1)
    rank = np.empty(len(first), dtype=np.int32)
    rank[np.argsort(whole.ts[first], kind="stable")] = np.arange(len(first), dtype=np.int32)
    opens = np.cumsum(whole.turn == 1) - 1
    whole.speaker[:] = rank[np.maximum(opens, 0)] if len(rank) else 0
    return whole
