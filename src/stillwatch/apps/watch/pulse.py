"""Whether a watch lives and whether it can work, for those who ask from outside."""

from __future__ import annotations

import threading
import time

STUCK = 60.0
"""Seconds without a turn of the loop after which a watch counts as stuck."""


class Pulse:
    """Told by the loop, asked by the health pages."""

    def __init__(self) -> None:
        """Alive, and not ready yet."""
        self._lock = threading.Lock()
        self._beat = time.monotonic()
        self._problems: dict[str, str] = {"watch": "starting"}

    def beat(self) -> None:
        """The loop turned."""
        with self._lock:
            self._beat = time.monotonic()

    def say(self, part: str, problem: str) -> None:
        """What keeps a part from working; empty when nothing does."""
        with self._lock:
            if problem:
                self._problems[part] = problem
            else:
                self._problems.pop(part, None)

    def alive(self) -> bool:
        """Whether the loop turned lately."""
        with self._lock:
            return time.monotonic() - self._beat < STUCK

    def problems(self) -> dict[str, str]:
        """What keeps the watch from working, by part."""
        with self._lock:
            return dict(self._problems)
