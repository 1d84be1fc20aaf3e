"""The seam between providers: what one publishes, and when the others get it.

Whoever plugs in a real exchange of indicators implements :class:`Exchange`; the simulation knows nothing else of it.
:class:`InMemoryExchange` delivers everything to everybody else after a fixed propagation delay.
Times are seconds from the start of the simulated campaign.
"""

from __future__ import annotations

import heapq
import math
from typing import NamedTuple, Protocol

import msgspec

from stillwatch.errors import UsageError


class Indicator(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider tells the others about a set of accounts that it has evidence against.

    ``tokens`` are opaque fingerprints of infrastructure, ``kind:value`` (address pool, payment instrument, client,
    template); a set is recognised by any of them. No account, no text, no count leaves the provider.
    """

    indicator_id: str
    provider: str
    tokens: tuple[str, ...]


class Delivery(NamedTuple):
    """An indicator reaches a provider at a moment."""

    at: float
    provider: str
    indicator: Indicator


class Exchange(Protocol):
    """What providers share through.

    Contract: ``publish`` is called in the order of time. ``deliveries(until)`` returns what arrived at or before
    ``until`` and was not returned before, in the order of arrival, never to the provider that published it, and never
    before it was published.
    """

    def publish(self, indicator: Indicator, at: float) -> None:
        """Hand over an indicator at the time ``at``."""
        ...

    def deliveries(self, until: float) -> list[Delivery]:
        """What reached somebody since the last call, up to and including ``until``."""
        ...


class InMemoryExchange:
    """Delivers to all other members after ``delay`` seconds; an infinite delay is no sharing at all."""

    def __init__(self, members: tuple[str, ...], delay: float) -> None:
        """Take the members' names and the propagation delay.

        Raises:
            UsageError: The delay is negative or not a number.
        """
        if not delay >= 0:
            raise UsageError(f"expected a delay of 0 or more seconds, found {delay}", hint="never means no sharing")
        self._members = members
        self._delay = delay
        self._waiting: list[tuple[float, int, str, Indicator]] = []
        self._sent = 0

    def publish(self, indicator: Indicator, at: float) -> None:
        """Queue it for everybody but its publisher."""
        if math.isinf(self._delay):
            return
        for member in self._members:
            if member != indicator.provider:
                self._sent += 1
                heapq.heappush(self._waiting, (at + self._delay, self._sent, member, indicator))

    def deliveries(self, until: float) -> list[Delivery]:
        """Take what has arrived."""
        out = []
        while self._waiting and self._waiting[0][0] <= until:
            at, _, member, indicator = heapq.heappop(self._waiting)
            out.append(Delivery(at, member, indicator))
        return out
