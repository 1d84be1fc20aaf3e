"""The reading side: batches out of the source, prompts hidden, into a short queue.

The queue is the back-pressure: while it is full, nothing further is read, and a source that is pushed at says so.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from stillwatch.apps.watch.batch import Batch, Source
from stillwatch.apps.watch.prompts import Hidden, Prompts, sketching
from stillwatch.errors import InputError, StillwatchError

AHEAD = 2
"""Batches that may wait for their commit."""
POLL = 0.25


class Ready(NamedTuple):
    """A batch that can be committed."""

    batch: Batch
    hidden: Hidden


class Intake:
    """A thread that reads."""

    def __init__(self, source: Source, key: bytes, *, keep_text: bool, metadata_only: bool, sketchers: int) -> None:
        """Nothing is read before :meth:`start`."""
        self._source = source
        self._key = key
        self._keep_text = keep_text
        self._metadata_only = metadata_only
        self._sketchers = 0 if metadata_only else sketchers
        self._queue: queue.Queue[Ready] = queue.Queue(AHEAD)
        self._stop = threading.Event()
        self._drained = threading.Event()
        self._thread = threading.Thread(target=self._run, name="intake", daemon=True)
        self._ended = threading.Event()
        self._prompts: Prompts | None = None
        self.broken: BaseException | None = None

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def next(self, timeout: float) -> Ready | None:
        """The next batch that can be committed, if one comes in time."""
        with contextlib.suppress(queue.Empty):
            return self._queue.get(timeout=timeout)
        return None

    def committed(self, ready: Ready) -> None:
        """The sketches of this batch are kept: its prompts need no further ones."""
        if self._prompts is not None:
            self._prompts.remember(ready.hidden.sketches)

    @property
    def waiting(self) -> int:
        """Batches that wait."""
        return self._queue.qsize()

    @property
    def drained(self) -> bool:
        """Whether all that was there has been handed on and taken."""
        return self._drained.is_set() and self._queue.empty()

    @property
    def ended(self) -> bool:
        """Whether the thread is done and all it read was taken."""
        return self._ended.is_set() and self._queue.empty()

    def stop(self) -> None:
        """Read nothing further; what is read already can still be taken."""
        self._stop.set()

    def join(self, timeout: float) -> None:
        """Wait for the thread."""
        self._thread.join(timeout)

    def _run(self) -> None:
        try:
            with sketching(self._key, self._sketchers) as pool:
                prompts = Prompts(self._key, keep_text=self._keep_text, leave_out=self._metadata_only, pool=pool)
                self._prompts = prompts
                while not self._stop.is_set():
                    batch = self._source.next(POLL)
                    if batch is None:
                        if self._source.drained():
                            self._drained.set()
                        continue
                    self._drained.clear()
                    hidden = prompts.hide(batch.table)
                    self._put(Ready(batch, hidden))
        except BrokenProcessPool:
            self.broken = InputError(
                "a process that sketches prompts ended unexpectedly",
                hint="Often memory ran out. What was committed is whole: start the watch again.",
            )
        except (StillwatchError, Exception) as error:  # noqa: BLE001 - told to the loop, which ends the watch with it
            self.broken = error
        finally:
            self._ended.set()

    def _put(self, ready: Ready) -> None:
        while not self._stop.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(ready, timeout=POLL)
                return
