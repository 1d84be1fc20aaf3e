"""One pass over the files of a log.

A file that breaks while it is read leaves nothing behind: its rows are collected apart and joined when it is done.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import duckdb
import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.events._files import Form
from stillwatch.events._pass import FilePass, RowNumbers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType

    from numpy.typing import NDArray

    from stillwatch.events._files import LogFile
    from stillwatch.events._pass import Wanted
    from stillwatch.events.rejects import Ledger

BROKEN_PARQUET = "broken or truncated Parquet file"
BROKEN_LINES = "broken or truncated compressed file"


class Limits(NamedTuple):
    """What the engine may use."""

    memory: str
    threads: int | None


class BrokenFile(NamedTuple):
    """A file that was set aside whole."""

    name: str
    reason: str
    size: int


class _Part(NamedTuple):
    """Rows of one file that were kept, by their numbers in the file."""

    name: str
    rows: RowNumbers


class Scan:
    """Reads files one after another; the context manager closes the engine."""

    def __init__(self, wanted: Wanted, limits: Limits, ledger: Ledger) -> None:
        """Prepare an engine of our own: in memory, without temporary files and without loading extensions."""
        self._wanted = wanted
        self._limits = limits
        self._ledger = ledger
        self._engine = self._connect()
        self.columns = wanted.growing()
        self.seen = 0
        self.backwards = 0
        self.read_files = 0
        self.names: list[str] = []
        self.broken_files: list[BrokenFile] = []
        self._bytes = 0
        self._parts: list[_Part] = []
        self._fields: set[str] = set()
        self._others: set[str] = set()
        self._ignored: list[str] = []

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the engine; what was lost with broken files is counted in rows, by their size."""
        self._engine.close()
        if kind is None and self.read_files:
            per_row = max(self._bytes, 1) / max(self.seen, 1)
            for file in self.broken_files:
                rows = max(1, round(file.size / per_row)) if self.seen else 1
                self.seen += rows
                self._ledger.reject(file.name, "", file.reason, rows=rows, first=[0])

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": self._limits.memory,
            "temp_directory": "",
            "enable_external_file_cache": False,
            "arrow_large_buffer_size": True,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if self._limits.threads is not None:
            settings["threads"] = self._limits.threads
        engine = duckdb.connect(":memory:", config=settings)
        engine.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET enable_progress_bar_print = false")
        return engine

    def read(self, file: LogFile) -> None:
        """Read one file, or set it aside whole."""
        if file.form is Form.UNKNOWN:
            self._ignored.append(file.name)
            return
        self.names.append(file.name)
        try:
            part = self._pass(file)
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            if "Out of Memory" in str(error):
                raise InputError(
                    f"Reading {file.path} needs more than {self._limits.memory} of memory.",
                    hint="Allow more memory, or leave the texts out with --metadata-only.",
                ) from error
            reason = BROKEN_PARQUET if file.form is Form.PARQUET else BROKEN_LINES
            self.broken_files.append(BrokenFile(file.name, reason, file.size))
            self._engine.close()  # an engine that met damaged data is not trusted with the next file
            self._engine = self._connect()
            return
        part.close()
        self.read_files += 1
        self._bytes += file.size
        self.seen += part.seen
        self.backwards += part.backwards
        self._fields |= part.fields
        self._others |= part.others
        self._parts.append(_Part(file.name, part.numbers))
        self.columns.join(part.columns)

    def _pass(self, file: LogFile) -> FilePass:
        done = self._begin(file)
        try:
            try:
                done.run()
            except (duckdb.Error, pa.ArrowException, OSError) as error:
                if file.form is not Form.PARQUET or "UTF8" not in str(error):
                    raise
                done.columns.drop()
                done = self._begin(file)
                done.run_salvage()
        except BaseException:
            done.columns.drop()
            raise
        return done

    def _begin(self, file: LogFile) -> FilePass:
        return FilePass(self._engine, self._wanted, self._ledger, file)

    def _place(self, positions: NDArray[np.integer]) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Rows of the collected columns as file and row numbers."""
        begin = 0
        for part in self._parts:
            end = begin + part.rows.count
            inside = positions[(positions >= begin) & (positions < end)] - begin
            if inside.size:
                yield part.name, np.sort(part.rows.whole()[inside])
            begin = end

    def reject_rows(self, positions: NDArray[np.integer], field: str, reason: str) -> None:
        """Count rows set aside after collecting, by their positions in the collected columns."""
        for name, rows in self._place(positions):
            self._ledger.reject(name, field, reason, rows=rows.size, first=rows[:100].tolist())

    def repair_rows(self, positions: NDArray[np.integer], field: str, reason: str) -> None:
        """Count fields emptied after collecting."""
        for name, rows in self._place(positions):
            self._ledger.repair(name, field, reason, rows.size)

    def missing(self) -> tuple[str, ...]:
        """Optional columns that no file has."""
        return tuple(c.name for c in self._wanted.columns if c.nullable and c.name not in self._fields)

    def notes(self) -> tuple[str, ...]:
        """What a reader should know about the source."""
        notes = []
        if self.missing():
            notes.append(f"Not in the source: {', '.join(self.missing())}.")
        if self._others:
            shown = sorted(self._others)[:20]
            more = f" and {len(self._others) - 20} more" if len(self._others) > len(shown) else ""
            notes.append(f"Not in the contract, left unread: {', '.join(map(ascii, shown))}{more}.")
        if self.backwards:
            notes.append(
                f"Clocks ran backwards: {self.backwards:,} rows are earlier than the row before; all were sorted."
            )
        if self._ignored:
            notes.append(f"Neither Parquet nor JSON Lines, left unread: {len(self._ignored)} files.")
        if self.broken_files:
            names = ", ".join(file.name for file in self.broken_files[:5])
            notes.append(
                f"Set aside whole, their rows estimated from their size: {len(self.broken_files)} files ({names})."
            )
        return tuple(notes)
