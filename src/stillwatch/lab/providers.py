"""The same campaign at several providers, with and without sharing: how much leaks, and whom a lie can hit.

An event-driven simulation over linked sets (:class:`stillwatch.lab.split.Split`). At each provider a set runs until it is
blocked: by the provider's own detector, after the exchanges that it needs, or because indicators of others name the set's
infrastructure and are corroborated (:class:`stillwatch.lab.split.Policy`). Who blocks on evidence of its own publishes the
set's tokens; what it hears from others it never repeats, so no report counts twice. A blocked set returns on other
infrastructure after a pause.

Accounting is exact: the *j*-th exchange of a set (from 0, over all its returns) happens when the set has run for ``j / r``
hours in all, at ``r`` exchanges an hour. It leaks if the set is not blocked by then. A detector that needs *n* exchanges
blocks after ``n / r`` hours of a return, so exactly *n* leak.

Common random numbers: starts, needed exchanges and pauses are drawn per provider, set and return, whatever the delay and
whatever the policy. So two runs differ by what is compared alone, and from a shorter delay, or from more common
infrastructure, no run leaks more (a test holds it; the argument: every block time is built of minima, maxima, order
statistics and sums of the others, and an earlier block only lengthens the pauses that fall into the time looked at).

What the model leaves out: an attacker who changes infrastructure *because* another provider blocked, honest customers on
the same address pool, and the exchange's own failures.
"""

from __future__ import annotations

import heapq
import math
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import numpy as np

from stillwatch.lab.indicators import Exchange, Indicator, InMemoryExchange
from stillwatch.lab.split import HOUR, Detector, Part, Policy, Split

KINDS = ("addresses", "payment", "client", "template")
FIRM = "firm"
_TOLERANCE = 1e-6
"""Of an exchange: what rounding of times may not turn into one."""


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """What happened at one provider. Exchanges are counts of one run.

    ``leaked`` were answered; ``refused`` were not, because their set was blocked or away; the two add up to what the
    campaign would have taken undisturbed. ``after_first`` leaked after another provider had blocked the same
    infrastructure: what sharing can save at all. ``own``, ``shared``, ``at_door``: blocks by the provider's own
    detector, by corroborated indicators, and those of sets that were known before their first exchange.
    """

    provider: str
    leaked: int
    refused: int
    after_first: int
    own: int
    shared: int
    at_door: int
    first_block_hour: float | None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """One run. ``firm_hit``: benign accounts blocked at all providers; ``firm_hours``: account-hours of it."""

    accounts: tuple[Account, ...]
    published: int
    firm_hit: int
    firm_hours: float

    @property
    def leaked(self) -> int:
        """Exchanges answered at all providers."""
        return sum(each.leaked for each in self.accounts)

    @property
    def after_first(self) -> int:
        """Exchanges answered after another provider had blocked the same infrastructure."""
        return sum(each.after_first for each in self.accounts)


@dataclass(order=True)
class _Event:
    at: float
    number: int
    act: Callable[[float], None] = field(compare=False)


@dataclass
class _Running:
    """A return of a set at a provider. ``before``: exchanges, as a real number, that the set's earlier returns had time for."""

    provider: int
    slot: int
    back: int
    start: float
    rate: float
    before: float
    tokens: tuple[str, ...]
    pause: float
    seen_own: bool = False
    ended: bool = False

    def time_for(self, at: float) -> float:
        """Exchanges, as a real number, that the set had time for until ``at``, its earlier returns included."""
        return self.before + max(0.0, at - self.start) * self.rate / HOUR

    def by(self, at: float) -> int:
        """Exchanges of this return before the time ``at``."""
        return math.ceil(self.time_for(at) - _TOLERANCE) - math.ceil(self.before - _TOLERANCE)

    def after(self, exchanges: int) -> float:
        """When this return has had time for so many exchanges."""
        return self.start + exchanges * HOUR / self.rate


class _World:
    """One run's state; each event changes it and may schedule others."""

    def __init__(self, split: Split, detector: Detector, policy: Policy, exchange: Exchange, seed: int) -> None:
        self.split, self.detector, self.policy, self.exchange, self.seed = split, detector, policy, exchange, seed
        self.end = split.hours * HOUR
        self.events: list[_Event] = []
        self.number = 0
        self.place = {part.provider: at for at, part in enumerate(split.parts)}
        self.reports: list[dict[str, set[str]]] = [defaultdict(set) for _ in split.parts]
        self.alive: list[dict[str, _Running]] = [{} for _ in split.parts]
        self.first_block: dict[str, float] = {}
        self.tally = [dict.fromkeys(("leaked", "after_first", "own", "shared", "at_door"), 0) for _ in split.parts]
        self.first_own: list[float | None] = [None] * len(split.parts)
        self.firm_at: dict[int, float] = {}
        self.published = 0
        self.draws: dict[tuple[int, int], np.random.Generator] = {}
        self.work: dict[tuple[int, int], float] = defaultdict(float)
        self.commons: dict[int, tuple[np.random.Generator, list[bool]]] = {}

    def at(self, when: float, act: Callable[[float], None]) -> None:
        """Schedule, unless it is after the end."""
        if when < self.end:
            self.number += 1
            heapq.heappush(self.events, _Event(when, self.number, act))

    def run(self) -> Outcome:
        """All events in order of time; what the exchange delivers comes before what happens later."""
        for provider, part in enumerate(self.split.parts):
            for slot in range(_sets(part, self.split)):
                rng = self.draws[provider, slot] = np.random.default_rng([self.seed, 1, provider, slot])
                start = (part.first_hour + rng.uniform(0, self.split.ramp_hours)) * HOUR
                self.at(start, self._starting(provider, slot, 0))
        self._poison()
        while self.events or self._take(self.end):
            following = self.events[0].at if self.events else self.end
            if self._take(following):
                continue
            event = heapq.heappop(self.events)
            event.act(event.at)
        return self._outcome()

    def _take(self, until: float) -> bool:
        """Schedule what the exchange delivers until then; true where there was anything."""
        arrived = [d for d in self.exchange.deliveries(until) if d.at < self.end]
        for delivery in arrived:
            self.at(delivery.at, self._arriving(delivery.provider, delivery.indicator))
        return bool(arrived)

    def _starting(self, provider: int, slot: int, back: int) -> Callable[[float], None]:
        return lambda now: self._start(provider, slot, back, now)

    def _start(self, provider: int, slot: int, back: int, now: float) -> None:
        part = self.split.parts[provider]
        rng = self.draws[provider, slot]
        size = _size(part, self.split, slot)
        found = rng.random() >= self.detector.missed
        per_account = self.detector.exchanges_per_account[int(rng.integers(len(self.detector.exchanges_per_account)))]
        needed = max(1, math.ceil(per_account * size))
        pause = rng.uniform(*self.split.respawn) * HOUR if self.split.respawn else math.inf
        rate = part.exchanges_per_hour * size / part.accounts
        tokens = self._tokens(provider, slot, back)
        running = _Running(provider, slot, back, now, rate, self.work[provider, slot], tokens, pause)
        for token in tokens:
            self.alive[provider][token] = running
        self._check(running, now)
        if running.ended or not found:  # what is never found gives nothing away here: only others can stop it
            return
        self.at(running.after(needed), lambda then: self._own(running, then))
        corroborating = max(1, math.ceil(self.policy.own_share * needed))
        self.at(running.after(corroborating), lambda then: self._corroborate(running, then))

    def _tokens(self, provider: int, slot: int, back: int) -> tuple[str, ...]:
        """Infrastructure of a set's so-manieth return; common to all providers or this one's alone."""
        if slot not in self.commons:
            self.commons[slot] = np.random.default_rng([self.seed, 2, slot]), []
        rng, drawn = self.commons[slot]
        while len(drawn) <= back:  # in the order of returns, whichever provider comes to one first
            drawn.append(bool(rng.random() < self.split.common))
        where = "common" if drawn[back] else self.split.parts[provider].provider
        return tuple(f"{kind}:{where}/{slot}/{back}" for kind in KINDS)

    def _own(self, running: _Running, now: float) -> None:
        """The provider's own detector has the set."""
        if not running.ended:
            if self.first_own[running.provider] is None:
                self.first_own[running.provider] = now
            self._block(running, now, "own")

    def _corroborate(self, running: _Running, now: float) -> None:
        """The provider has seen enough to back what others report."""
        if not running.ended:
            running.seen_own = True
            self._check(running, now)

    def _arriving(self, name: str, indicator: Indicator) -> Callable[[float], None]:
        return lambda now: self._arrive(self.place[name], indicator, now)

    def _arrive(self, provider: int, indicator: Indicator, now: float) -> None:
        touched: dict[int, _Running] = {}
        for token in indicator.tokens:
            self.reports[provider][token].add(indicator.provider)
            running = self.alive[provider].get(token)
            if running is not None:
                touched[id(running)] = running
            elif token.partition(":")[2] == FIRM:
                self._firm(provider, token, now)
        for running in touched.values():
            self._check(running, now)

    def _check(self, running: _Running, now: float) -> None:
        """Block where enough providers have evidence of their own."""
        heard = max(len(self.reports[running.provider].get(token, ())) for token in running.tokens)
        if self._enough(heard, own=running.seen_own):
            self._block(running, now, "shared" if running.by(now) else "at_door")

    def _enough(self, heard: int, *, own: bool) -> bool:
        if not heard or (self.policy.own_needed and not own):
            return False
        return heard + int(own) >= self.policy.corroboration

    def _block(self, running: _Running, now: float, how: str) -> None:
        running.ended = True
        for token in running.tokens:
            self.alive[running.provider].pop(token, None)
        self.tally[running.provider][how] += 1
        self._count(running, now)
        self.work[running.provider, running.slot] = running.time_for(now)
        self.first_block.setdefault(running.tokens[0], now)
        if how == "own" or running.seen_own:
            self._publish(self.split.parts[running.provider].provider, running.tokens, now)
        self.at(now + running.pause, self._starting(running.provider, running.slot, running.back + 1))

    def _count(self, running: _Running, end: float) -> None:
        tally, leaked = self.tally[running.provider], running.by(end)
        tally["leaked"] += leaked
        first = self.first_block.get(running.tokens[0], end)
        tally["after_first"] += leaked - running.by(first) if first < end else 0

    def _publish(self, provider: str, tokens: Sequence[str], now: float) -> None:
        self.published += 1
        indicator = Indicator(indicator_id=f"indicator-{self.published}", provider=provider, tokens=tuple(tokens))
        self.exchange.publish(indicator, now)

    def _poison(self) -> None:
        poison = self.split.poison
        if poison is None:
            return
        token = (f"addresses:{FIRM}", f"template:{FIRM}")
        for part in self.split.parts[: poison.reporters]:
            self.at(poison.at_hour * HOUR, lambda now, name=part.provider: self._publish(name, token, now))  # type: ignore[misc]

    def _firm(self, provider: int, token: str, now: float) -> None:
        """A benign firm behaves as itself, so the provider never has evidence of its own against it."""
        if self._enough(len(self.reports[provider][token]), own=False):
            self.firm_at.setdefault(provider, now)

    def _outcome(self) -> Outcome:
        living = {id(running): running for alive in self.alive for running in alive.values()}
        for running in living.values():
            self._count(running, self.end)
        poison = self.split.poison
        undone = poison.undone_hours if poison else 0.0
        each = poison.firm_accounts if poison else 0
        hours = sum(min(undone, (self.end - at) / HOUR) for at in self.firm_at.values())
        return Outcome(
            accounts=tuple(self._account(at) for at in range(len(self.split.parts))),
            published=self.published,
            firm_hit=each * len(self.firm_at),
            firm_hours=each * hours,
        )

    def _account(self, provider: int) -> Account:
        part, tally = self.split.parts[provider], self.tally[provider]
        first = self.first_own[provider]
        return Account(
            provider=part.provider,
            refused=undisturbed(self.split, provider, self.seed) - tally["leaked"],
            first_block_hour=None if first is None else first / HOUR,
            **tally,
        )


def _sets(part: Part, split: Split) -> int:
    return math.ceil(part.accounts / split.set_accounts)


def _size(part: Part, split: Split, slot: int) -> int:
    """Accounts of a set; the last one takes what is left."""
    return min(split.set_accounts, part.accounts - slot * split.set_accounts)


def undisturbed(split: Split, provider: int, seed: int) -> int:
    """Exchanges that the campaign would take at a provider that never blocks anything."""
    part = split.parts[provider]
    total = 0
    for slot in range(_sets(part, split)):
        start = (part.first_hour + np.random.default_rng([seed, 1, provider, slot]).uniform(0, split.ramp_hours)) * HOUR
        rate = part.exchanges_per_hour * _size(part, split, slot) / part.accounts
        whole = _Running(provider, slot, 0, start, rate, 0.0, (), 0.0)
        total += whole.by(split.hours * HOUR)
    return total


def simulate_split(
    split: Split,
    detector: Detector,
    policy: Policy,
    *,
    seed: int,
    delay: float = math.inf,
    exchange: Exchange | None = None,
) -> Outcome:
    """Run one campaign at all its providers.

    Args:
        split: The campaign.
        detector: Each provider's own delay.
        policy: When a provider acts on what others tell it.
        seed: Starts, needed exchanges and pauses depend on it alone.
        delay: Seconds from publication to the others; infinite for no sharing. Not used where ``exchange`` is given.
        exchange: What to share through; in memory where left out.
    """
    members = tuple(part.provider for part in split.parts)
    return _World(split, detector, policy, exchange or InMemoryExchange(members, delay), seed).run()
