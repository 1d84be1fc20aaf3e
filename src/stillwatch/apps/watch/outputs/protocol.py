"""The seam behind which every output stands, and text of strangers made harmless for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """One change on its way: its id stays the same at every attempt, its ``body`` is JSON."""

    number: int
    id: str
    body: bytes


class NotDelivered(Exception):
    """An attempt failed; ``after`` are the seconds that the other side asks us to wait, if it does."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        """Keep the reason, which holds no address and no secret."""
        super().__init__(reason)
        self.reason = reason
        self.after = after


class Output(Protocol):
    """A place to which changes are delivered, in their order."""

    @property
    def name(self) -> str:
        """What the state and the metrics call it."""
        ...

    @property
    def most(self) -> int:
        """Messages that are delivered together."""
        ...

    def resume(self, mark: int | None) -> int | None:
        """Go on after what was delivered last; ``mark`` is what was returned then, None at first. Returns a mark to keep."""
        ...

    def deliver(self, messages: Sequence[Message]) -> int | None:
        """Deliver; returns a mark to keep.

        Raises:
            NotDelivered: Not now; the same messages are given again later.
        """
        ...

    def close(self) -> None:
        """Let go of what is held open."""
        ...
