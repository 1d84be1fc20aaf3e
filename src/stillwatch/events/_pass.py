"""One pass over one file: cast, check, set aside, collect."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError
from stillwatch.events import _lines, _sql
from stillwatch.events._columns import Growing
from stillwatch.events._files import Form
from stillwatch.events._spill import HASHED, Disk, Spilled
from stillwatch.events.nearest import nearest_formats, shown

if TYPE_CHECKING:
    from datetime import datetime

    import duckdb
    from numpy.typing import NDArray

    from stillwatch.events._files import LogFile
    from stillwatch.events.model import Column
    from stillwatch.events.rejects import Ledger

BATCH = 100_000
"""Rows decoded at a time."""


class Wanted(NamedTuple):
    """What is read of each file."""

    columns: tuple[Column, ...]
    keys: frozenset[str]
    plain: frozenset[str]
    until: tuple[str, datetime] | None
    left_out: frozenset[str]
    time: str | None
    disk: Disk | None = None
    """Where columns wait while the log is read; ``None`` holds them in memory."""

    def growing(self) -> Growing:
        """The columns, empty."""
        return Growing(self.columns, self.plain) if self.disk is None else Spilled(self.columns, self.disk)

    @property
    def hashed(self) -> frozenset[str]:
        """Columns of which only a hash is kept."""
        return frozenset() if self.disk is None else HASHED & {column.name for column in self.columns}


class RowNumbers:
    """Numbers of the kept rows of a file; where they follow one another, first and last suffice."""

    def __init__(self) -> None:
        """None yet."""
        self._parts: list[NDArray[np.int64] | range] = []
        self.count = 0

    def add(self, rows: NDArray[np.int64]) -> None:
        """Add the numbers of some more rows."""
        self.count += rows.size
        if rows.size and (np.diff(rows) == 1).all():
            begin, last = int(rows[0]), self._parts[-1] if self._parts else None
            if isinstance(last, range) and last.stop == begin:
                begin = last.start
                self._parts.pop()
            self._parts.append(range(begin, int(rows[-1]) + 1))
        else:
            self._parts.append(rows.astype(np.int64, copy=True))  # a view would keep the batch alive

    def whole(self) -> NDArray[np.int64]:
        """All numbers, in the order in which they were added."""
        parts = [np.arange(p.start, p.stop) if isinstance(p, range) else p for p in self._parts]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)


class FilePass:
    """The pass over one file."""

    def __init__(self, engine: duckdb.DuckDBPyConnection, wanted: Wanted, ledger: Ledger, file: LogFile) -> None:
        """Begin; the file is opened by :meth:`run`."""
        self._engine = engine
        self._wanted = wanted
        self._ledger = ledger
        self._file = file
        self.columns = wanted.growing()
        self.seen = 0
        self.backwards = 0
        self.fields: set[str] = set()
        self.others: set[str] = set()
        self._last: int | None = None
        self.numbers = RowNumbers()
        self._rejected: dict[tuple[str, str], tuple[int, list[int]]] = {}
        self._repaired: dict[tuple[str, str], int] = {}

    def close(self) -> None:
        """Hand the counts to the ledger; not called for a file that broke."""
        for (field, reason), (rows, first) in self._rejected.items():
            self._ledger.reject(self._file.name, field, reason, rows=rows, first=first)
        for (field, reason), rows in self._repaired.items():
            self._ledger.repair(self._file.name, field, reason, rows)

    def run(self) -> None:
        """Read the file; engine and file errors are the caller's to judge."""
        if self._file.form is not Form.PARQUET:
            self._run_lines()
            return
        relation = f"read_parquet({_sql.literal(_unglobbed(str(self._file.path)))}, file_row_number=true)"
        types = self._types(relation)
        types.pop("file_row_number", None)
        self._check(types)
        self._take(relation, types, row="file_row_number + 1")

    def _types(self, relation: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self._engine.sql(f"DESCRIBE SELECT * FROM {relation}").fetchall()}

    def _check(self, types: dict[str, str]) -> None:
        wanted = {column.name for column in self._wanted.columns}
        self.fields |= types.keys() & wanted
        self.others |= types.keys() - wanted - self._wanted.left_out
        lacking = [c.name for c in self._wanted.columns if not c.nullable and c.name not in types]
        if lacking:
            # Of lines only the wanted fields have types; what else they hold is in ``others``.
            found = types.keys() | self.others
            near = nearest_formats(found) if "exchange_id" in wanted else ()
            looks = f" Nearest formats: {', '.join(near)}." if near else ""
            raise InputError(
                f"{self._file.path}: required columns are missing: {', '.join(lacking)}.",
                hint=f"Columns found: {shown(found)}.{looks} "
                "For other formats, first run: stillwatch ingest SOURCE --out FOLDER",
            )

    def _run_lines(self) -> None:
        reader = _lines.LineReader(self._file, [column.name for column in self._wanted.columns])
        lines = 0
        for block in reader.blocks():
            for line, reason in block.broken:
                self._reject("", reason, 1, [line])
            self.seen += len(block.broken)
            lines += block.table.num_rows
            if block.table.num_rows:
                self._take_block(block.table)
        self.others |= reader.others - self._wanted.left_out
        if lines:
            self._check(dict.fromkeys(self.fields, ""))

    def _take_block(self, block: pa.Table) -> None:
        self._engine.register("block", block)
        try:
            types = self._types("block")
            types.pop(_lines.ROW)
            self.fields |= {name for name, kind in types.items() if kind != _sql.NO_TYPE}
            self._take("block", types, row=_sql.quoted(_lines.ROW))
        finally:
            self._engine.unregister("block")

    def run_salvage(self) -> None:
        """Read a Parquet file of which some texts are not UTF-8: those are emptied, the rest is kept.

        Otherwise one broken text, which anyone with an account can send, would hide a whole file.
        """
        with pq.ParquetFile(self._file.path) as source:
            names = source.schema_arrow.names
            self._check(dict.fromkeys(names, ""))
            read = [c.name for c in self._wanted.columns if c.name in names]
            begin = 1
            for batch in source.iter_batches(BATCH, columns=read):
                arrays = {name: self._valid_text(name, batch.column(name)) for name in read}
                numbers = pa.array(np.arange(begin, begin + batch.num_rows))
                self._take_block(pa.table({**arrays, _lines.ROW: numbers}))
                begin += batch.num_rows

    def _valid_text(self, name: str, column: pa.Array) -> pa.Array:
        kind = column.type
        if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
            return column
        try:
            column.validate(full=True)
        except pa.ArrowInvalid:
            raw = column.cast(pa.large_binary()).to_pylist()
            texts = [_decoded(value) for value in raw]
            lost = sum(text is None and value is not None for text, value in zip(texts, raw, strict=True))
            self._repair(name, _lines.NOT_UTF8, lost)
            return pa.array(texts, pa.large_string())
        return column

    def _take(self, relation: str, types: dict[str, str], *, row: str) -> None:
        wanted = self._wanted
        plan = _sql.plan(
            relation, wanted.columns, types, row=row, keys=wanted.keys, until=wanted.until, hashed=wanted.hashed
        )
        for batch in self._engine.sql(plan.sql).to_arrow_reader(BATCH):
            if batch.num_rows:
                self._take_batch(batch, plan)

    def _take_batch(self, batch: pa.RecordBatch, plan: _sql.Plan) -> None:
        self.seen += batch.num_rows
        rows = batch.column("_row").to_numpy(zero_copy_only=False)
        verdict = batch.column("_reject").to_numpy(zero_copy_only=False)
        if verdict.any():
            for number in np.unique(verdict[verdict > 0]).tolist():
                rule, where = plan.rules[number - 1], rows[verdict == number]
                self._reject(rule.field, rule.reason, where.size, where[:100].tolist())
            good = verdict == 0
            batch, rows = batch.filter(pa.array(good)), rows[good]
        kinds = {column.name: column.sql for column in self._wanted.columns}
        for name in plan.repaired:
            lost = pc.sum(batch.column("_bad_" + name)).as_py() or 0
            self._repair(name, _sql.REASONS[kinds[name]], lost)
        self._watch_clock(batch)
        self.numbers.add(rows)
        self.columns.add(batch)

    def _watch_clock(self, batch: pa.RecordBatch) -> None:
        if self._wanted.time is None or not batch.num_rows:
            return
        ticks = batch.column(self._wanted.time).cast(pa.int64()).to_numpy(zero_copy_only=False)
        self.backwards += int((np.diff(ticks) < 0).sum())
        if self._last is not None:
            self.backwards += int(ticks[0] < self._last)
        self._last = int(ticks[-1])

    def _repair(self, field: str, reason: str, rows: int) -> None:
        self._repaired[field, reason] = self._repaired.get((field, reason), 0) + rows

    def _reject(self, field: str, reason: str, rows: int, first: list[int]) -> None:
        before, places = self._rejected.get((field, reason), (0, []))
        self._rejected[field, reason] = (before + rows, [*places, *first][:100])


def _decoded(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _unglobbed(path: str) -> str:
    """A path as the engine's glob that matches it alone."""
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in path)
