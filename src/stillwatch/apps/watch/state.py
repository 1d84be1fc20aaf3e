"""The state of a watch: one DuckDB file, and partitions that it lists.

A batch is one transaction: the partition file is durable under its name before, the transaction lists it together with the
source's place, the counts and the ids; after it, the source is told. A kill before the commit leaves a file that nobody lists,
which is removed at the next start, and a source that is read again from the same place. A kill after it leaves a source that
delivers again what was committed, and the ids say so. So every exchange counts once.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from stillwatch.apps.watch.admission import FUTURE, HOUR, LATE, Times, hashes, timely
from stillwatch.apps.watch.batch import Batch, FileSeen, Resume
from stillwatch.apps.watch.partitions import Partition, Partitions, failed
from stillwatch.apps.watch.prompts import Hidden
from stillwatch.apps.watch.schema import SAMPLES, TABLES, VERSION
from stillwatch.errors import InputError, UsageError

BASE = "state.duckdb"
KEY = "_state.key"
AGAIN = HOUR
"""An exchange that is delivered again carries its own time; ids are compared with those of times this near."""
DAY = 24 * HOUR
SKETCHES_OUTLIVE = 3 * DAY
"""Sketches stay longer than the rows they came with: rows of the next days may rely on them."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How far back things go, in microseconds: lateness, rows, raw texts; and the memory of the state's engine."""

    watermark: int = 48 * HOUR
    window: int = 60 * DAY
    texts: int = 0
    memory: str = "512MB"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a batch."""

    accepted: int
    duplicates: int
    late: int
    future: int
    partition: Partition | None


class State:
    """The state in a folder. Methods may be called from several threads; one process at a time."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Open the state, new or of an earlier watch, and remove what no transaction lists.

        Raises:
            UsageError: Another watch has it open, or it is of another version.
            OutputError: It cannot be written.
        """
        self.folder = folder
        self.limits = limits
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise failed(folder, error) from error
        self.partitions = Partitions(folder)
        self.key = _key(folder)
        self._lock = threading.RLock()
        self._base = self._open()
        self._next = int(self.fact("next") or 1)
        high = self.fact("high_us")
        self.high: int | None = int(high) if high else None
        self.partitions.sweep(
            name for row in self.rows("SELECT file, sketches, texts FROM part") for name in row if name
        )

    def _open(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self.limits.memory,
            "threads": 2,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        path = self.folder / BASE
        try:
            base = duckdb.connect(str(path), config=settings)
        except duckdb.Error as error:
            if "lock" in str(error).lower():
                raise UsageError(
                    f"another watch is using {self.folder}", hint="Stop it first, or name another folder with --state."
                ) from error
            raise InputError(
                f"The state {path} cannot be read: {_first_line(error)}.",
                hint="It was made by a newer version or is damaged: name a new folder with --state.",
            ) from error
        base.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
        base.execute(TABLES)
        row = base.execute("SELECT value FROM fact WHERE name = 'version'").fetchone()
        if row is None:
            base.execute("INSERT INTO fact VALUES ('version', ?), ('id', ?)", [VERSION, secrets.token_hex(8)])
        elif row[0] != VERSION:
            raise UsageError(
                f"{path} is a state of version {row[0]}, expected {VERSION}", hint="Name a new folder with --state."
            )
        return base

    def close(self) -> None:
        """Close the file; what is committed is on disk already."""
        with self._lock:
            self._base.close()

    # -- asking and telling, one transaction at a time

    def rows(self, sql: str, values: list[object] | None = None) -> list[tuple[Any, ...]]:
        """Ask."""
        with self._lock:
            return self._base.execute(sql, values or []).fetchall()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing.

        Raises:
            OutputError: The disk is full; nothing changed.
        """
        with self._lock:
            try:
                self._base.execute("BEGIN")
                yield self._base
                self._base.execute("COMMIT")
            except BaseException as error:
                with contextlib.suppress(duckdb.Error):
                    self._base.execute("ROLLBACK")
                if isinstance(error, (duckdb.IOException, duckdb.FatalException, OSError)):
                    raise failed(self.folder, _Said(_first_line(error))) from error
                raise

    def fact(self, name: str) -> str | None:
        """A single value."""
        found = self.rows("SELECT value FROM fact WHERE name = ?", [name])
        return str(found[0][0]) if found else None

    # -- batches

    def resume(self) -> Resume:
        """Where the source is to go on."""
        return Resume(
            positions={str(part): int(place) for part, place in self.rows("SELECT part, next FROM place")},
            files=frozenset(str(row[0]) for row in self.rows("SELECT name FROM file")),
            backlog=frozenset(str(row[0]) for row in self.rows("SELECT name FROM backlog")),
            new=self.fact("begun") is None,
            name=self.fact("id") or "",
        )

    def begin(self, backlog: Iterable[str]) -> None:
        """Note what was there when the watch first began."""
        names = sorted(backlog)
        with self.transaction() as base:
            base.execute("INSERT INTO fact VALUES ('begun', '1') ON CONFLICT DO NOTHING")
            if names:
                base.execute("INSERT INTO backlog SELECT unnest(?::VARCHAR[]) ON CONFLICT DO NOTHING", [names])

    def take(self, batch: Batch, hidden: Hidden, *, now_us: int) -> Taken:
        """Commit a batch: rows that may come in, the source's place, and what was set aside.

        Raises:
            OutputError: The disk is full; the state is as it was.
        """
        table = hidden.table
        ts = _times(table)
        ids = hashes(table["exchange_id"].to_pylist(), self.key)
        limits = self.limits
        judged = timely(ts, high=self.high, now=now_us, watermark=limits.watermark, backlog=batch.backlog)
        again = self._known(ids, ts) & ~judged.late & ~judged.future
        keep = ~(judged.late | judged.future | again)
        high = timely(ts[~again], high=self.high, now=now_us, watermark=limits.watermark, backlog=batch.backlog).high
        part = self._write(hidden, keep, ts)
        counts = {(LATE): int(judged.late.sum()), FUTURE: int(judged.future.sum()), "duplicate": int(again.sum())}
        try:
            with self.transaction() as base:
                if part is not None:
                    _list(base, part, batch.arrived_us)
                    _insert_seen(base, ids[keep], ts[keep])
                _settle(base, batch, counts, self._next)
                facts = {"next": str(self._next + (part is not None)), "high_us": "" if high is None else str(high)}
                for name, value in facts.items():
                    base.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", [name, value])
        except BaseException:
            self.partitions.remove(_files(part))
            raise
        self._next += part is not None
        self.high = high
        return Taken(
            accepted=int(keep.sum()),
            duplicates=counts["duplicate"],
            late=counts[LATE],
            future=counts[FUTURE],
            partition=part,
        )

    def _known(self, ids: Times, ts: Times) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Which of these were committed before."""
        known = np.zeros(len(ids), bool)
        if not len(ids):
            return known
        batch = pa.table({"spot": np.arange(len(ids)), "hash": ids})
        with self._lock:
            self._base.register("batch", batch)
            try:
                found = self._base.execute(
                    "SELECT spot FROM batch SEMI JOIN (SELECT hash FROM seen WHERE ts_us BETWEEN ? AND ?) USING (hash)",
                    [int(ts[0]) - AGAIN, int(ts[-1]) + AGAIN],
                ).fetchnumpy()["spot"]
            finally:
                self._base.unregister("batch")
        known[np.asarray(found, np.int64)] = True
        return known

    def _write(self, hidden: Hidden, keep: np.ndarray[Any, np.dtype[np.bool_]], ts: Times) -> Partition | None:
        if not keep.any():
            return None
        number, kept = self._next, ts[keep]
        table = hidden.table if keep.all() else hidden.table.filter(pa.array(keep))
        path = self.partitions.write(f"rows-{number:08d}.parquet", table)
        sketches = texts = None
        try:
            if hidden.sketches is not None:
                sketches = str(self.partitions.write(f"sketches-{number:08d}.parquet", hidden.sketches))
            if hidden.texts is not None:
                texts = str(self.partitions.write(f"texts-{number:08d}.parquet", hidden.texts))
        except BaseException:
            self.partitions.remove(Path(each).name for each in (path, sketches) if each)
            raise
        return Partition(
            number=number,
            rows=table.num_rows,
            first_us=int(kept[0]),
            last_us=int(kept[-1]),
            path=str(path),
            sketches=sketches,
            texts=texts,
        )

    def listed(self, after: int = 0) -> list[Partition]:
        """Partitions with a number above ``after``, in order."""
        found = self.rows(
            "SELECT number, rows, first_us, last_us, file, sketches, texts FROM part WHERE number > ? ORDER BY number",
            [after],
        )
        folder = self.partitions.folder
        return [
            Partition(
                number=number,
                rows=rows,
                first_us=first,
                last_us=last,
                path=str(folder / file),
                sketches=str(folder / sketches) if sketches else None,
                texts=str(folder / texts) if texts else None,
            )
            for number, rows, first, last, file, sketches, texts in found
        ]

    def since(self) -> int:
        """The first moment of the window: rows before it are not looked at any more. Whole days, so that it moves seldom."""
        return -(2**62) if self.high is None else (self.high - self.limits.window) // DAY * DAY

    def expire(self, now_us: int) -> None:
        """Let go of what is older than the window, the watermark or the retention of texts."""
        if self.high is None:
            return
        gone: list[str] = []
        old = self.since()
        with self.transaction() as base:
            ask = "SELECT file, sketches, texts FROM part WHERE last_us < ?"
            for row in base.execute(ask, [old - SKETCHES_OUTLIVE]).fetchall():
                gone += [name for name in row if name]
            base.execute("DELETE FROM part WHERE last_us < ?", [old - SKETCHES_OUTLIVE])
            ask = "SELECT texts FROM part WHERE texts IS NOT NULL AND arrived_us < ?"
            gone += [str(row[0]) for row in base.execute(ask, [now_us - self.limits.texts]).fetchall()]
            base.execute(
                "UPDATE part SET texts = NULL WHERE texts IS NOT NULL AND arrived_us < ?", [now_us - self.limits.texts]
            )
            base.execute("DELETE FROM seen WHERE ts_us < ?", [self.high - self.limits.watermark - AGAIN])
        self.partitions.remove(gone)

    def asides(self) -> dict[str, int]:
        """Records set aside so far, by reason."""
        return {str(reason): int(rows) for reason, rows in self.rows("SELECT reason, rows FROM aside ORDER BY reason")}


class _Said(Exception):
    """An engine's message in the place of a system error's."""


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def _times(table: pa.Table) -> Times:
    return np.asarray(table["ts"].cast(pa.int64()).to_numpy(), np.int64)


def _files(part: Partition | None) -> list[str]:
    paths = () if part is None else (part.path, part.sketches, part.texts)
    return [Path(each).name for each in paths if each]


def _list(base: duckdb.DuckDBPyConnection, part: Partition, arrived_us: int) -> None:
    names = [Path(each).name if each else None for each in (part.path, part.sketches, part.texts)]
    base.execute(
        "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [part.number, part.rows, part.first_us, part.last_us, arrived_us, *names],
    )


def _insert_seen(base: duckdb.DuckDBPyConnection, ids: Times, ts: Times) -> None:
    base.register("new_ids", pa.table({"hash": ids, "ts_us": ts}))
    try:
        base.execute("INSERT INTO seen SELECT hash, ts_us FROM new_ids")
    finally:
        base.unregister("new_ids")


def _settle(base: duckdb.DuckDBPyConnection, batch: Batch, counts: dict[str, int], number: int) -> None:
    """The source's place, and what was set aside."""
    for part, place in batch.positions.items():
        base.execute("INSERT OR REPLACE INTO place VALUES (?, ?)", [part, place])
    for file in batch.files:
        _settle_file(base, file)
    reasons = dict(counts)
    for tally in batch.rejects.counts:
        reason = f"{tally.field}: {tally.reason}" if tally.field else tally.reason
        reasons[reason] = reasons.get(reason, 0) + tally.rows
    for reason, rows in reasons.items():
        if rows:
            base.execute(
                "INSERT INTO aside VALUES (?, ?) ON CONFLICT DO UPDATE SET rows = aside.rows + excluded.rows",
                [reason, rows],
            )
    if batch.rejects.samples:
        values = [[each.file, each.row, each.field, each.reason, number] for each in batch.rejects.samples]
        base.executemany("INSERT INTO sample VALUES (?, ?, ?, ?, ?)", values)
        base.execute("DELETE FROM sample WHERE rowid <= (SELECT max(rowid) FROM sample) - ?", [SAMPLES])


def _settle_file(base: duckdb.DuckDBPyConnection, file: FileSeen) -> None:
    base.execute(
        "INSERT OR REPLACE INTO file VALUES (?, ?, ?, ?)", [file.name, file.size, file.modified_ns, file.problem]
    )
    base.execute("DELETE FROM backlog WHERE name = ?", [file.name])


def _key(folder: Path) -> bytes:
    """The key of all hashes of a state, made when it is new."""
    path = folder / KEY
    try:
        if path.is_file():
            return path.read_bytes()
        key = secrets.token_bytes(32)
        partial = folder / f".{KEY}.partial"
        partial.unlink(missing_ok=True)
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(handle, key)
            os.fsync(handle)
        finally:
            os.close(handle)
        partial.rename(path)
    except OSError as error:
        raise failed(folder, error) from error
    return key
