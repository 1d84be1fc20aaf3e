"""The loop of a watch: commit what was read, look when it is time, hand on what changed, stop cleanly.

One thread commits. Reading, delivering and serving have threads of their own, detection and sketching processes of their own.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Sequence
from threading import Event

from stillwatch.apps.watch.admission import FUTURE, LATE
from stillwatch.apps.watch.batch import Source
from stillwatch.apps.watch.compaction import Merged, merge, worth
from stillwatch.apps.watch.detector import Look, Rehunt
from stillwatch.apps.watch.gauges import Gauges, Unmeasured
from stillwatch.apps.watch.intake import Intake, Ready
from stillwatch.apps.watch.outbox import Outbox, flagged_of, record, standing_of
from stillwatch.apps.watch.outputs.protocol import Output
from stillwatch.apps.watch.pulse import Pulse
from stillwatch.apps.watch.settings import WatchSettings
from stillwatch.apps.watch.state import State, Taken
from stillwatch.apps.watch.worker import Answer, Maker, Question, Setup, Worker
from stillwatch.errors import StillwatchError

_log = logging.getLogger(__name__)
TURN = 0.2
"""Seconds that a turn of the loop waits for a batch."""
GRACE = 5.0
"""Seconds that outputs have at the end."""
TIDY = 60.0
"""Seconds between tidyings."""
CRASHES = 3
"""Looks in a row that may fail before a watch that runs once gives up."""


class Watch:
    """A watch over one source. :meth:`run` returns when ``stop`` is set, or with ``once`` when there is no more to do."""

    def __init__(
        self,
        settings: WatchSettings,
        state: State,
        source: Source,
        outputs: Sequence[Output],
        clock: Callable[[], int],
        *,
        gauges: Gauges | None = None,
        maker: Maker = Rehunt,
    ) -> None:
        """Put together; nothing runs yet. ``clock`` gives microseconds since 1970."""
        self.settings = settings
        self.state = state
        self.source = source
        self.clock = clock
        self.stop = Event()
        self.pulse = Pulse()
        self.gauges: Gauges = gauges or Unmeasured()
        out = str(settings.out) if settings.out else None
        self._worker = Worker(Setup(looking=settings.looking, out=out, settings=settings.shown), maker)
        self._outbox = Outbox(state, outputs, clock, self._delivered)
        self._intake = Intake(
            source,
            state.key,
            keep_text=settings.limits.texts > 0,
            metadata_only=settings.metadata_only,
            sketchers=settings.sketchers,
        )
        self._fresh = bool(state.listed()) and state.fact("looked") != state.fact("next")
        self._arrivals: list[int] = []
        self._looking_at: list[int] = []
        self._looked, self._tidied = time.monotonic(), -1e9
        self._merged: list[Merged] = []
        self._failures = 0

    def run(self) -> None:
        """Watch.

        Raises:
            OutputError: The state cannot be written; it is whole.
            InputError: The source is gone for good.
        """
        failed = True
        try:
            self._outbox.start()
            self._intake.start()
            self.pulse.say("watch", "")
            self._show()
            self._loop()
            self._drain()
            failed = False
        finally:
            self.pulse.say("watch", "stopping")
            self._intake.stop()
            self.source.close(failed=failed)
            self._intake.join(GRACE)
            self._worker.stop()
            self._outbox.stop(GRACE)

    # -- the loop

    def _loop(self) -> None:
        while not self.stop.is_set():
            self.pulse.beat()
            ready = self._intake.next(TURN)
            if ready is not None:
                self._take(ready)
            self._check()
            self._hear()
            if time.monotonic() - self._tidied >= TIDY and not self._worker.busy:
                self._tidy()  # a look would be reading what goes away
            if self._due():
                self._ask()
            if self.settings.once and self._finished():
                return

    def _check(self) -> None:
        if self._intake.broken is not None and self._intake.ended:
            raise self._intake.broken
        if self._outbox.broken is not None:
            raise self._outbox.broken
        self.pulse.say("source", self.source.problem())
        self.gauges.set("stillwatch_watch_queue", self._intake.waiting)

    def _drain(self) -> None:
        """Commit what was read before the stop."""
        self._intake.stop()
        while not self._intake.ended:
            ready = self._intake.next(TURN)
            if ready is not None:
                self._take(ready)
        if self._intake.broken is not None:
            raise self._intake.broken

    def _finished(self) -> bool:
        if not self._intake.drained or self._fresh or self._worker.busy:
            return False
        return not self.state.rows("SELECT 1 FROM outbox WHERE attempts = 0 LIMIT 1")  # each change was tried

    # -- batches

    def _take(self, ready: Ready) -> None:
        batch = ready.batch
        taken = self.state.take(batch, ready.hidden, now_us=self.clock())
        self.source.done(batch)
        if taken.partition is not None:
            self._intake.committed(ready)
            self._fresh = True
            self._arrivals.append(batch.arrived_us)
        self._count(ready, taken)

    def _count(self, ready: Ready, taken: Taken) -> None:
        batch, gauges = ready.batch, self.gauges
        gauges.add("stillwatch_watch_batches_total")
        gauges.add("stillwatch_watch_records_total", batch.seen)
        gauges.add("stillwatch_watch_exchanges_total", taken.accepted)
        for reason, rows in ((LATE, taken.late), (FUTURE, taken.future), ("duplicate", taken.duplicates)):
            if rows:
                gauges.add("stillwatch_watch_set_aside_total", rows, reason=reason)
        for tally in batch.rejects.counts:
            gauges.add(
                "stillwatch_watch_set_aside_total", tally.rows, reason=f"{tally.field}: {tally.reason}".strip(": ")
            )
        seconds = (self.clock() - batch.arrived_us) / 1e6
        gauges.time("stillwatch_watch_batch_seconds", seconds)
        if self.state.high is not None:
            gauges.set("stillwatch_watch_high_seconds", self.state.high / 1e6)
        problems = [file.problem for file in batch.files if file.problem]
        if problems:
            gauges.add("stillwatch_watch_files_set_aside_total", len(problems))
            _log.warning("file set aside", extra={"origin": batch.origin, "reason": problems[0]})
            return
        _log.info(
            "batch committed",
            extra={
                "origin": batch.origin,
                "accepted": taken.accepted,
                "duplicates": taken.duplicates,
                "late": taken.late,
                "future": taken.future,
                "rejected": batch.rejects.rows,
                "seconds": round(seconds, 3),
            },
        )

    # -- looks

    def _due(self) -> bool:
        if not self._fresh or self._worker.busy:
            return False
        if self.settings.once:
            return self._intake.drained
        return time.monotonic() - self._looked >= self.settings.every

    def _ask(self) -> None:
        self._looked = time.monotonic()
        self._fresh = False
        self._looking_at, self._arrivals = self._arrivals, []
        standing = standing_of(self.state)
        partitions = tuple(self.state.listed(self._worker.told))
        asides = self.state.asides()
        look = Look(
            since_us=self.state.since(),
            earlier=tuple((name, frozenset(each.account_ids)) for name, each in standing.items()),
        )
        merged = tuple(each for each in self._merged if each.into.number <= self._worker.told)
        self._merged = []
        self._worker.ask(Question(partitions=partitions, merged=merged, look=look, asides=asides))

    def _hear(self) -> None:
        answer = self._worker.answer(0)
        if answer is None:
            return
        if answer.problem:
            self._failed(answer)
            return
        changes = record(self.state, answer.found, self._outbox.names, now_us=self.clock())
        with self.state.transaction() as base:
            base.execute("INSERT OR REPLACE INTO fact VALUES ('looked', ?)", [str(answer.upto + 1)])
        self._outbox.wake()
        self._failures = 0
        self._told(answer, [change.type for change in changes])

    def _told(self, answer: Answer, types: list[str]) -> None:
        now = self.clock()
        self.pulse.say("detection", "")
        self.pulse.say("run folder", answer.unwritten)
        if answer.unwritten:
            _log.error("run folder not written", extra={"reason": answer.unwritten})
        self.gauges.add("stillwatch_watch_looks_total", outcome="done")
        self.gauges.time("stillwatch_watch_look_seconds", answer.seconds)
        for arrived in self._looking_at:
            self.gauges.time("stillwatch_watch_verdict_seconds", (now - arrived) / 1e6)
        for kind in types:
            self.gauges.add("stillwatch_watch_changes_total", type=kind)
        self._show()
        oldest = max(((now - arrived) / 1e6 for arrived in self._looking_at), default=0.0)
        _log.info(
            "looked",
            extra={
                "exchanges": answer.exchanges,
                "accounts": answer.accounts,
                "campaigns": len(answer.found.campaigns),
                "changes": len(types),
                "seconds": answer.seconds,
                "arrived": round(oldest, 3),
            },
        )

    def _failed(self, answer: Answer) -> None:
        """A look gave nothing: it is made again when it is due."""
        self._fresh = True
        self._arrivals = self._looking_at + self._arrivals
        self._failures += 1
        self.gauges.add("stillwatch_watch_looks_total", outcome="failed")
        self.pulse.say("detection", answer.problem)
        _log.error("look failed", extra={"reason": answer.problem, "hint": answer.hint})
        if self.settings.once and self._failures >= CRASHES:
            raise StillwatchError(f"no look succeeded: {answer.problem}", hint=answer.hint)

    def _show(self) -> None:
        self.gauges.set("stillwatch_watch_campaigns", len(standing_of(self.state)))
        self.gauges.set("stillwatch_watch_flagged_accounts", len(flagged_of(self.state)))

    # -- the rest

    def _delivered(self, output: str, outcome: str, messages: int) -> None:
        self.gauges.add("stillwatch_watch_deliveries_total", messages, output=output, outcome=outcome)

    def _tidy(self) -> None:
        self._tidied = time.monotonic()
        self.state.expire(self.clock())
        told = self._worker.told or sys.maxsize  # what it has not been told of does not go into what it has
        while parts := worth([part for part in self.state.listed() if part.number <= told]):
            self._merged.append(merge(self.state, parts))
        for output, waiting in self._outbox.waiting().items():
            self.gauges.set("stillwatch_watch_outbox", waiting, output=output)
