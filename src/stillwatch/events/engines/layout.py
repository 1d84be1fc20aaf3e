"""Canonical rows on disk, laid out by account: each bucket holds some accounts whole, in runs sorted by (account, time).

Why: nine of ten sums are per account. With an account's rows in one bucket and near each other, an engine's hash tables stay
small, a sort finds runs instead of disorder, and a bucket can be answered by itself, so that memory does not grow with the log.
Rows of a file that breaks while it is read are taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import OutputError
from stillwatch.events._columns import Growing
from stillwatch.events.canonical import CANONICAL, NAMES, canonical

if TYPE_CHECKING:
    from pathlib import Path

    from stillwatch.events.model import Column

BUCKETS = 32
_RANDOM = frozenset({"exchange", "ts_us", "text", "conversation", "context_in", "context_out"})
"""Columns of keys that hardly repeat: packing them takes time and saves nothing."""
RUN = 1_000_000
"""Rows that are sorted and written together (about 190 MB)."""


class Layout:
    """Writes canonical rows into ``folder/rows/bucket-NN`` and their names into ``folder/names``."""

    def __init__(self, folder: Path, buckets: int = BUCKETS, run: int = RUN) -> None:
        """Make the folders."""
        self._folder, self._run = folder, run
        self.buckets = buckets
        self._written = 0
        self._waiting: list[pa.Table] = []
        self._count = 0
        self.rows = 0
        for bucket in range(buckets):
            self.bucket(bucket).mkdir(parents=True, exist_ok=True)
        self.names_folder.mkdir(exist_ok=True)

    def bucket(self, number: int) -> Path:
        """The folder of a bucket."""
        return self._folder / "rows" / f"bucket-{number:02d}"

    @property
    def names_folder(self) -> Path:
        """The folder of the names."""
        return self._folder / "names"

    def filled(self) -> list[int]:
        """Buckets that hold rows."""
        return [b for b in range(self.buckets) if any(self.bucket(b).iterdir())]

    def add(self, tables: list[pa.Table], rows: int) -> None:
        """Take rows in for good; they are written when a run is full."""
        self._waiting += tables
        self._count += rows
        if self._count >= self._run:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        self.write(self._waiting)
        self._waiting, self._count = [], 0

    def write(self, tables: list[pa.Table]) -> list[Path]:
        """Sort and write tables as one run; returns the files, so that they can be taken back.

        Raises:
            OutputError: the disk is full or may not be written.
        """
        if not tables:
            return []
        rows = {name: np.concatenate([t[name].to_numpy() for t in tables]) for name in CANONICAL.names}
        account, ts = rows["account"], rows["ts_us"]
        bucket = (account.view(np.uint64) >> np.uint64(32)) % np.uint64(self.buckets)
        order = np.lexsort((ts, account, bucket))
        edges = np.searchsorted(bucket[order], np.arange(self.buckets + 1, dtype=np.uint64))
        rows = {name: values[order] for name, values in rows.items()}
        made: list[Path] = []
        for number in range(self.buckets):
            begin, end = int(edges[number]), int(edges[number + 1])
            if begin < end:
                arrays = [pa.array(values[begin:end]) for values in rows.values()]
                made.append(self._file(self.bucket(number), pa.Table.from_arrays(arrays, schema=CANONICAL)))
        self._written += 1
        self.rows += len(order)
        return made

    def write_names(self, tables: list[pa.Table]) -> list[Path]:
        """Write names, each key of a kind once."""
        found = pa.concat_tables(tables).group_by(["kind", "key"]).aggregate([("name", "min")])
        self._written += 1
        named = found.select(["kind", "key", "name_min"]).rename_columns(NAMES.names)
        return [self._file(self.names_folder, named)] if found.num_rows else []

    def _file(self, folder: Path, part: pa.Table) -> Path:
        path = folder / f"run-{self._written:06d}.parquet"
        try:
            coded = [name for name in part.column_names if name not in _RANDOM]
            packed = {name: "none" if name in _RANDOM else "zstd" for name in part.column_names}
            pq.write_table(part, path, compression=packed, use_dictionary=coded)
        except OSError as error:
            raise OutputError(
                f"Cannot write canonical rows to {folder}: {error.strerror or error}.",
                hint="About 60 bytes of disk are needed for each exchange; name a folder with more room.",
            ) from error
        return path


class CanonicalColumns(Growing):
    """The columns of one file on their way into a :class:`Layout`: nothing of it stays if the file breaks."""

    def __init__(self, columns: tuple[Column, ...], layout: Layout) -> None:
        """Begin empty."""
        super().__init__(columns, frozenset())
        self._layout = layout
        self._tables: list[pa.Table] = []
        self._names: list[pa.Table] = []
        self._files: list[Path] = []
        self._pending = 0
        self.bad_addresses = 0

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Make a batch canonical."""
        made = canonical(batch)
        self.rows += made.rows.num_rows
        self._pending += made.rows.num_rows
        self._tables.append(made.rows)
        self._names.append(made.names)
        self.bad_addresses += made.bad_addresses
        if self._pending >= RUN:
            self._write()

    def _write(self) -> None:
        self._files += self._layout.write(self._tables)
        self._names = [pa.concat_tables(self._names).group_by(["kind", "key"]).aggregate([("name", "min")])]
        self._names = [self._names[0].select(["kind", "key", "name_min"]).rename_columns(NAMES.names)]
        self._tables, self._pending = [], 0

    def drop(self) -> None:
        """Forget everything: the file broke while it was read."""
        for path in self._files:
            path.unlink(missing_ok=True)
        self._layout.rows -= self.rows - self._pending

    def hand_over(self) -> None:
        """The file was read to its end."""
        self._layout.add(self._tables, self._pending)
        if self._names:
            self._layout.write_names(self._names)


class Collected(Growing):
    """What a scan joins its files into: the layout has them already."""

    def join(self, other: Growing) -> None:
        """Hand a finished file over."""
        self.rows += other.rows
        assert isinstance(other, CanonicalColumns)
        other.hand_over()

    @classmethod
    def start(cls) -> Self:
        """Nothing yet."""
        return cls((), frozenset())


__all__ = ["BUCKETS", "CANONICAL", "CanonicalColumns", "Collected", "Layout"]
