"""Events that belong to spans, kept on disk while a log is read, so that memory does not grow with the log.

OpenTelemetry exports spans and their message events apart, often in different files and in any order. The ingest
first takes all events out of the log into this store, then reads the log again and completes each span as it comes.
The store is a hidden file of the output folder; it is removed at the end of a run, and by the next run after a kill,
so that no text outlives the run here, and a run can always be repeated from the log alone.

Source: SQLite; appended first and indexed once, which keeps writing sequential.
"""

from __future__ import annotations

import contextlib
import sqlite3
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.errors import OutputError
from stillwatch.events.adapters.fields import canonical
from stillwatch.events.adapters.protocol import SpanEvent

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType
    from typing import Self

FILE = ".span-events.tmp"
MOST_EVENTS = 10_000
"""Events of one span; one with more is no request's."""
MOST_BYTES = 64 << 20
"""Text of one span's events, as long as the longest record."""

_WAITING_ROWS = 1_000
_WAITING_BYTES = 4 << 20
_CACHE_KIB = 32 << 10


class SpanStore:
    """Events by span, and which spans are model calls. Filled first, then asked."""

    def __init__(self, folder: Path) -> None:
        """Begin empty.

        Raises:
            OutputError: The folder cannot be written.
        """
        self._path = folder / FILE
        self._events: list[tuple[bytes, int, int, str, bytes]] = []
        self._calls: list[tuple[bytes]] = []
        self._bytes = 0
        try:
            self._path.unlink(missing_ok=True)
            self._path.touch(mode=0o600)
            self._base = sqlite3.connect(self._path, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise self._failed(error) from error
        # Nothing here needs to survive: no journal, no waiting for the disk.
        for setting in ("journal_mode=OFF", "synchronous=OFF", "locking_mode=EXCLUSIVE", f"cache_size=-{_CACHE_KIB}"):
            self._run(f"PRAGMA {setting}")
        self._run("CREATE TABLE event (span BLOB, record INTEGER, time INTEGER, name TEXT, content BLOB)")
        self._run("CREATE TABLE call (span BLOB)")

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove it."""
        self.close()

    def add(self, span: str, event: SpanEvent | None, record: int) -> None:
        """Take an event of a span, or (None) the span of a model call; ``record`` tells deliveries apart.

        Raises:
            OutputError: The disk is full.
        """
        key = _key(span)
        if event is None:
            self._calls.append((key,))
        else:
            content = canonical(event.content).encode()
            self._events.append((key, record, event.time, event.name, content))
            self._bytes += len(content)
        if len(self._events) + len(self._calls) >= _WAITING_ROWS or self._bytes >= _WAITING_BYTES:
            self._flush()

    def settle(self) -> None:
        """After the last event: make it ready to be asked.

        Raises:
            OutputError: The disk is full.
        """
        self._flush()
        self._run("CREATE INDEX events ON event (span)")
        self._run("CREATE INDEX calls ON call (span)")

    def of(self, span: str) -> tuple[SpanEvent, ...] | None:
        """The events of a span in the order of their times, those delivered twice once; None where there are too many."""
        key = _key(span)
        count, size = self._run("SELECT count(*), total(length(content)) FROM event WHERE span = ?", key)[0]
        if not count:
            return ()
        if count > MOST_EVENTS or size > MOST_BYTES:
            return None
        rows = self._run("SELECT record, time, name, content FROM event WHERE span = ? ORDER BY time, rowid", key)
        first: dict[tuple[int, str, bytes], int] = {}
        found = []
        for record, time, name, content in rows:
            # The same event at the same time in another record was delivered twice; in one record it was said twice.
            if not time or first.setdefault((time, name, content), record) == record:
                found.append(SpanEvent(name, time, msgspec.json.decode(content)))
        return tuple(found)

    def is_call(self, span: str) -> bool:
        """Whether the span was met and is a model call."""
        return bool(self._run("SELECT 1 FROM call WHERE span = ? LIMIT 1", _key(span)))

    def close(self) -> None:
        """Remove the store."""
        self._base.close()
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _flush(self) -> None:
        try:
            self._base.execute("BEGIN")
            self._base.executemany("INSERT INTO event VALUES (?, ?, ?, ?, ?)", self._events)
            self._base.executemany("INSERT INTO call VALUES (?)", self._calls)
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._failed(error) from error
        self._events, self._calls, self._bytes = [], [], 0

    def _run(self, sql: str, *values: bytes) -> list[tuple[Any, ...]]:
        try:
            return self._base.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._failed(error) from error

    def _failed(self, error: Exception) -> OutputError:
        return OutputError(
            f"Cannot keep the events of spans in {self._path}: {error}.",
            hint="Messages logged apart from their spans need room for a copy while they are joined.",
        )


def _key(span: str) -> bytes:
    return blake2b(span.encode("utf-8", "replace"), digest_size=16, person=b"span").digest()
