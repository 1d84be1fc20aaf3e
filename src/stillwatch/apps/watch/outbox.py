"""Changes on their way out. They stand in the state until they are delivered, so that a kill loses none.

A look's changes are committed together with what then stands, so each change is made once; it keeps its id at every attempt.
Each output has a thread; a failed attempt is repeated with growing pauses, in order, and given up after :data:`GIVE_UP`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence

import msgspec

from stillwatch.apps.watch.changes import Change, Flag, Found, Standing, changes, flags, message, standing
from stillwatch.apps.watch.outputs.protocol import Message, NotDelivered, Output
from stillwatch.apps.watch.state import State
from stillwatch.errors import StillwatchError

PAUSES = (1, 5, 30, 120, 600, 1_800, 3_600)
"""Seconds after the first failed attempt, the second, and so on; the last holds for all that follow."""
GIVE_UP = 3 * 86_400 * 1_000_000
"""Microseconds after which an undelivered change is given up, and counted."""
_log = logging.getLogger(__name__)

Tell = Callable[[str, str, int], None]
"""Told (output, outcome, messages): ``delivered``, ``failed`` or ``given up``."""


def standing_of(state: State) -> dict[str, Standing]:
    """Campaigns that stood after the last look."""
    return {
        str(name): msgspec.json.decode(bytes(value), type=Standing)
        for name, value in state.rows("SELECT campaign_id, value FROM campaign")
    }


def flagged_of(state: State) -> dict[str, Flag]:
    """Accounts that were flagged after the last look."""
    rows = state.rows("SELECT account_id, campaign_id, kind, flagged_at_us FROM flagged")
    return {str(account): Flag(campaign, kind, at) for account, campaign, kind, at in rows}


def record(state: State, found: Found, outputs: Sequence[str], *, now_us: int) -> list[Change]:
    """Commit what a look found, with the changes that follow from it, to be delivered to each of ``outputs``."""
    before, flagged = standing_of(state), flagged_of(state)
    made = changes(before, flagged, found)
    now = {each.campaign_id: standing(each) for each in found.campaigns}
    present = flags(found.verdicts)
    if not made and before == now and flagged == present:
        return []
    first, name = int(state.fact("changes") or 0), state.fact("id") or ""
    with state.transaction() as base:
        base.execute("DELETE FROM campaign")
        for each, value in now.items():
            base.execute("INSERT INTO campaign VALUES (?, ?)", [each, msgspec.json.encode(value)])
        base.execute("DELETE FROM flagged")
        rows = [[account, flag.campaign_id, flag.kind, flag.flagged_at_us] for account, flag in present.items()]
        if rows:
            base.executemany("INSERT INTO flagged VALUES (?, ?, ?, ?)", rows)
        for number, change in enumerate(made, start=first + 1):
            ident, body = message(change, state=name, number=number, now_us=now_us)
            for output in outputs:
                base.execute(
                    "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, 0, ?)", [output, number, ident, body, now_us, now_us]
                )
        base.execute("INSERT OR REPLACE INTO fact VALUES ('changes', ?)", [str(first + len(made))])
    return made


class Outbox:
    """Delivers what stands in the state."""

    def __init__(self, state: State, outputs: Sequence[Output], clock: Callable[[], int], tell: Tell) -> None:
        """Nothing moves before :meth:`start`."""
        self._state = state
        self._outputs = outputs
        self._clock = clock
        self._tell = tell
        self._stop = threading.Event()
        self._news = {output.name: threading.Event() for output in outputs}
        self._threads: list[threading.Thread] = []
        self.broken: StillwatchError | None = None

    @property
    def names(self) -> list[str]:
        """The outputs."""
        return [output.name for output in self._outputs]

    def start(self) -> None:
        """Go on where the last delivery ended, in threads.

        Raises:
            OutputError: A file of changes cannot be written.
        """
        gone = self._forget()
        if gone:
            _log.warning("changes dropped: their output is not named any more", extra={"changes": gone})
        for output in self._outputs:
            kept = self._state.rows("SELECT value FROM mark WHERE output = ?", [output.name])
            mark = output.resume(int(kept[0][0]) if kept else None)
            if mark is not None:  # before the first line: a kill after it must find where it began
                with self._state.transaction() as base:
                    base.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", [output.name, mark])
        for output in self._outputs:
            thread = threading.Thread(target=self._run, args=(output,), name=f"output {output.name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _forget(self) -> int:
        """Drop what waits for outputs that an earlier watch had and this one has not."""
        ask = "FROM outbox WHERE NOT list_contains(?::VARCHAR[], output)"
        found = self._state.rows(f"SELECT count(*) {ask}", [self.names])
        if found[0][0]:
            with self._state.transaction() as base:
                base.execute(f"DELETE {ask}", [self.names])
        return int(found[0][0])

    def wake(self) -> None:
        """There may be something new."""
        for event in self._news.values():
            event.set()

    def waiting(self) -> Mapping[str, int]:
        """Changes not delivered yet, by output."""
        found = dict(self._state.rows("SELECT output, count(*) FROM outbox GROUP BY output"))
        return {name: int(found.get(name, 0)) for name in self.names}

    def stop(self, grace: float) -> None:
        """Deliver what can be delivered at once, wait for it up to ``grace`` seconds, and end the threads."""
        self._stop.set()
        self.wake()
        for thread in self._threads:
            thread.join(grace)
        for output in self._outputs:
            output.close()

    def _run(self, output: Output) -> None:
        try:
            while True:
                pause = self._deliver(output)
                if pause is None:
                    continue
                if self._stop.is_set():
                    return
                self._news[output.name].wait(pause)
                self._news[output.name].clear()
        except StillwatchError as error:
            self.broken = error

    def _deliver(self, output: Output) -> float | None:
        """One attempt. Returns seconds until the next is due; None: at once."""
        found = self._state.rows(
            "SELECT number, id, body, created_us, attempts, due_us FROM outbox WHERE output = ? ORDER BY number LIMIT ?",
            [output.name, output.most],
        )
        if not found:
            return PAUSES[-1]
        now, (_, _, _, created, attempts, due) = self._clock(), found[0]
        if due > now:
            return float(min((due - now) / 1e6, PAUSES[-1]))
        messages = [Message(number=row[0], id=row[1], body=bytes(row[2])) for row in found]
        try:
            mark = output.deliver(messages)
        except NotDelivered as error:
            if now - created > GIVE_UP:
                self._settle(output, messages, None)
                self._tell(output.name, "given up", len(messages))
                return None
            pause = max(float(PAUSES[min(attempts, len(PAUSES) - 1)]), error.after or 0.0)
            self._put_off(output, messages, now + round(pause * 1e6))
            self._tell(output.name, "failed", len(messages))
            _log.warning("not delivered", extra={"output": output.name, "reason": error.reason, "again_in": pause})
            return pause
        self._settle(output, messages, mark)
        self._tell(output.name, "delivered", len(messages))
        return None

    def _settle(self, output: Output, messages: Sequence[Message], mark: int | None) -> None:
        with self._state.transaction() as base:
            numbers = [messages[0].number, messages[-1].number]
            base.execute("DELETE FROM outbox WHERE output = ? AND number BETWEEN ? AND ?", [output.name, *numbers])
            if mark is not None:
                base.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", [output.name, mark])

    def _put_off(self, output: Output, messages: Sequence[Message], due_us: int) -> None:
        with self._state.transaction() as base:
            base.execute(
                "UPDATE outbox SET attempts = attempts + 1, due_us = ? WHERE output = ? AND number BETWEEN ? AND ?",
                [due_us, output.name, messages[0].number, messages[-1].number],
            )
