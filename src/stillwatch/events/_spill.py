"""Columns of a large log: on disk while it is read, and numbers in place of names whose wording nobody asks for.

Text columns with few values (models, addresses, accounts) grow in memory as codes. All others wait in a file each, and are
brought back one after the other when the log is put together. Of names that only tell rows apart (``exchange_id``,
``conversation_id``, contexts) a 64-bit hash is kept, made by the engine while it reads; it never leaves the process.
Two of n names have one hash with a chance of about n^2 / 2^65: 7e-6 for 16 million.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.errors import OutputError
from stillwatch.events._columns import NONE, Growing, nullable
from stillwatch.events.model import Column
from stillwatch.events.text_store import NULL_KEY, TextStore, TextWriter

Keys = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Order = npt.NDArray[np.integer]

HASHED = frozenset({"exchange_id", "conversation_id", "context_in", "context_out"})
"""Names that only tell rows apart."""
CONTEXTS = ("context_in", "context_out")
"""Two columns that name the same things."""
KEY = "exchange_id"
NUMBERS = "prompt-numbers"
"""Name of the file with the number of each row's text."""
TEXT = "prompt"
_DTYPES: dict[str, np.dtype[Any]] = {
    "TIMESTAMPTZ": np.dtype(np.int64),
    "BIGINT": np.dtype(np.int64),
    "INTEGER": np.dtype(np.int32),
    "SMALLINT": np.dtype(np.int16),
    "BOOLEAN": np.dtype(np.uint8),
}
_SHIFT = 58
"""Bits of a key below those that choose its part."""
_BLOCK = 1 << 20
_KEY: np.dtype[Any] = np.dtype(np.int64)


def hashed(name: str) -> str:
    """Name of the engine's column that holds the hash of column ``name``."""
    return "_key_" + name


@dataclass
class Disk:
    """Where columns wait; ``parts`` counts the files of the log that were begun."""

    folder: Path
    texts: TextWriter
    parts: int = field(default=0)

    def next_part(self) -> int:
        """A number for the files of one more part."""
        self.parts += 1
        return self.parts


class Spilled(Growing):
    """The columns of a table while it is read; see :class:`Growing`."""

    def __init__(self, columns: Sequence[Column], disk: Disk) -> None:
        """Begin empty; columns are written to ``disk`` as they come."""
        on_disk = {c.name: _KEY if c.name in HASHED or c.name == TEXT else _DTYPES[c.sql] for c in columns if _waits(c)}
        super().__init__([c for c in columns if c.name not in on_disk], frozenset())
        self._dtypes = on_disk
        self._kinds = {c.name: c.sql for c in columns}
        self._disk = disk
        self._parts: list[int] = []
        self._open: dict[str, BinaryIO] = {}
        self._part = disk.next_part()
        self._names: pa.RecordBatchStreamWriter | None = None
        self.texts: TextStore | None = None

    @property
    def keyed(self) -> frozenset[str]:
        """Columns that wait as keys and are to be numbered."""
        return frozenset(name for name in self._dtypes if name == TEXT or name in HASHED - {KEY})

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append a batch that has (at least) these columns and the hashes of :data:`HASHED`.

        Raises:
            OutputError: the disk is full.
        """
        super().add(batch)
        try:
            for name, dtype in self._dtypes.items():
                if name == TEXT:
                    values, numbers = self._disk.texts.add(_one(batch.column(name)))
                    numbers.tofile(self._file(NUMBERS))
                elif name in HASHED:
                    values = _one(batch.column(hashed(name))).to_numpy().view(np.int64)
                else:
                    values = _plain(_one(batch.column(name)), dtype)
                values.tofile(self._file(name))
            if KEY in self._dtypes:
                self._write_names(_one(batch.column(KEY)))
        except OSError as error:
            raise OutputError(
                f"The log cannot be laid out in {self._disk.folder}: {error.strerror or error}.",
                hint="Free space there, or name another folder; a row takes about 100 bytes besides its text.",
            ) from error

    def _path(self, part: int, name: str) -> Path:
        return self._disk.folder / f"{part}-{name}"

    def _file(self, name: str) -> BinaryIO:
        if name not in self._open:
            self._open[name] = self._path(self._part, name).open("wb")
        return self._open[name]

    def _write_names(self, names: pa.Array) -> None:
        column = names.cast(pa.large_string())
        if self._names is None:
            self._names = pa.ipc.new_stream(self._file("names"), pa.schema([("name", pa.large_string())]))
        self._names.write_batch(pa.record_batch([column], names=["name"]))

    def close(self) -> None:
        """End the files of this part."""
        if self._names is not None:
            self._names.close()
        for file in self._open.values():
            file.close()
        if self._open:
            self._parts.append(self._part)
        self._open, self._names = {}, None

    def drop(self) -> None:
        """Forget everything: the file broke while it was read. What it wrote of texts stays behind, unused."""
        super().drop()
        self.close()
        for part in self._parts:
            for name in (*self._dtypes, "names", NUMBERS):
                self._path(part, name).unlink(missing_ok=True)
        self._parts, self.rows = [], 0

    def join(self, other: Growing) -> None:
        """Append all of ``other``."""
        assert isinstance(other, Spilled)
        other.close()
        super().join(other)
        self._parts += other._parts  # noqa: SLF001 - of the same class

    def waiting(self, name: str) -> npt.NDArray[Any]:
        """A column that waits on disk, whole; its files are let go."""
        out = np.empty(self.rows, np.uint32 if name == NUMBERS else self._dtypes[name])
        at = 0
        for part in self._parts:
            path = self._path(part, name)
            count = path.stat().st_size // out.itemsize
            with path.open("rb") as file:
                file.readinto(out[at : at + count].data.cast("B"))
            path.unlink()
            at += count
        return out

    def names(self, rows: npt.NDArray[np.integer]) -> pa.Array:
        """The row's own name, of some rows in ascending order."""
        found, at = [], 0
        for part in self._parts:
            with pa.OSFile(str(self._path(part, "names"))) as file, pa.ipc.open_stream(file) as batches:
                for batch in batches:
                    first, last = np.searchsorted(rows, [at, at + batch.num_rows])
                    if last > first:
                        found.append(batch.column(0).take(pa.array(rows[first:last] - at)))
                    at += batch.num_rows
        return pa.concat_arrays(found) if found else pa.array([], pa.large_string())

    def take(self, name: str, order: Order | None = None) -> pa.Array:
        """End the column ``name``: one array, its rows in the given order. The row's own name comes as its hash, unordered."""
        if name not in self._dtypes:
            return super().take(name, order)
        values = self.waiting(name)
        if name == KEY:
            return pa.array(values)
        if order is not None:
            values = values[order]
        kind = self._kinds[name]
        if name == TEXT:
            return self._text(values, order)
        if name in HASHED:
            return nullable(coded(values))
        if kind == "TIMESTAMPTZ":
            return pa.array(values).view(pa.timestamp("us", "UTC"))
        return pa.array(values.view(np.bool_) if kind == "BOOLEAN" else values)

    def _text(self, keys: Keys, order: Order | None) -> pa.DictionaryArray:
        """The column of texts, and the store that knows them."""
        first = first_rows(keys)
        fresh = fresh_rows(first)
        words = pa.array(keys[fresh])
        numbers = self.waiting(NUMBERS)[fresh if order is None else order[fresh]]
        self.texts = self._disk.texts.store(words, numbers)
        return pa.DictionaryArray.from_arrays(nullable(numbered(first, fresh)), words, safe=False)

    def take_shared(self, left: str, right: str, order: Order | None) -> tuple[pa.Array, pa.Array]:
        """Two columns of names as numbers that are equal where the names are, across both."""
        rows = self.rows if order is None else len(order)
        both = np.empty(2 * rows, np.int64)
        for name, half in ((left, both[:rows]), (right, both[rows:])):
            if order is None:
                half[:] = self.waiting(name)
            else:
                np.take(self.waiting(name), order, out=half, mode="clip")  # "clip" writes without a copy
        first = first_rows(both)
        del both, half
        codes = numbered(first, fresh_rows(first))
        del first
        return nullable(codes[:rows].copy()), nullable(codes[rows:].copy())


def _waits(column: Column) -> bool:
    """Whether a column waits on disk: keys, and numbers that are never null."""
    return column.name in HASHED or column.name == TEXT or (not column.nullable and column.sql in _DTYPES)


def _one(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
        return pa.concat_arrays(column.chunks) if isinstance(column, pa.ChunkedArray) else column
    return column


def _plain(column: pa.Array, dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    values: npt.NDArray[Any] = column.to_numpy(zero_copy_only=False).astype(dtype)
    return values


def coded(keys: Keys) -> Codes:
    """Keys as numbers by first appearance, :data:`NONE` for the null key."""
    first = first_rows(keys)
    return numbered(first, fresh_rows(first))


def first_rows(keys: Keys) -> Codes:
    """Row in which each row's key stands for the first time, :data:`NONE` for the null key.

    Keys are hashes, so a part of them by their highest bits is an even share: part by part the work fits in a cache, and
    needs little memory beside what goes in and comes out.
    """
    out = np.empty(len(keys), np.int32)
    part = ((keys >> _SHIFT) + (1 << (63 - _SHIFT))).astype(np.uint8)
    for number in range(1 << (64 - _SHIFT)):
        rows = np.flatnonzero(part == number).astype(np.int32)
        if not len(rows):
            continue
        mine = keys[rows]
        order = np.argsort(mine)
        mine, rows = mine[order], rows[order]
        starts = np.flatnonzero(np.r_[True, mine[1:] != mine[:-1]])
        earliest = np.minimum.reduceat(rows, starts)
        earliest[mine[starts] == NULL_KEY] = NONE
        out[rows] = np.repeat(earliest, np.diff(np.r_[starts, len(rows)]))
    return out


def fresh_rows(first: Codes) -> Codes:
    """Rows whose key stands there for the first time."""
    blocks = range(0, len(first), _BLOCK)
    found = [np.flatnonzero(first[b : b + _BLOCK] == np.arange(b, min(b + _BLOCK, len(first)))) + b for b in blocks]
    return np.concatenate(found).astype(np.int32) if found else np.zeros(0, np.int32)


def numbered(first: Codes, fresh: Codes) -> Codes:
    """Numbers by first appearance from :func:`first_rows` and :func:`fresh_rows`."""
    number = np.empty(len(first) + 1, np.int32)
    number[fresh] = np.arange(len(fresh), dtype=np.int32)
    number[NONE] = NONE
    return number[first]
