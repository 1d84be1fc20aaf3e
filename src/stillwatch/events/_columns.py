"""Columns that grow batch by batch and end as one Arrow array each, text as 32-bit codes with a dictionary.

Why codes: a log repeats its texts, and everything later works on distinct values. Every batch is encoded as it
comes, so the whole log is never held as plain text.
"""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from stillwatch.events.model import Column

CODES = pa.dictionary(pa.int32(), pa.large_string())
"""Type of a text column."""

NONE = -1
"""Code under a null."""

_ARROW = {
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
    "VARCHAR": CODES,
}
_OCTET = "(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_PLAIN_IPV4 = rf"^{_OCTET}(\.{_OCTET}){{3}}$"


def arrow_type(column: Column, *, plain: bool) -> pa.DataType:
    """The Arrow type of a contract column; ``plain`` keeps text as text, for columns without repeats."""
    return pa.large_string() if plain and column.sql == "VARCHAR" else _ARROW[column.sql]


_MOST_CHUNKS = 32
"""Chunks of a text column from which their dictionaries are made one: each holds its own copy of common values."""


class Growing:
    """The columns of a table while it is read."""

    def __init__(self, columns: Sequence[Column], plain: frozenset[str]) -> None:
        """Begin empty; text columns in ``plain`` are not encoded."""
        self._types = {column.name: arrow_type(column, plain=column.name in plain) for column in columns}
        self._chunks: dict[str, list[pa.Array]] = {name: [] for name in self._types}
        self.rows = 0

    def add(self, batch: pa.RecordBatch | pa.Table) -> None:
        """Append a batch that has (at least) these columns."""
        self.rows += batch.num_rows
        for name, kind in self._types.items():
            chunks = self._chunks[name]
            column = batch.column(name)
            for piece in column.chunks if isinstance(column, pa.ChunkedArray) else [column]:
                if pa.types.is_dictionary(kind):
                    chunks.append(piece.cast(pa.large_string()).dictionary_encode())
                else:
                    chunks.append(_copied(piece.cast(kind)))
            self._unite(name)

    def _unite(self, name: str) -> None:
        """Let a text column with many chunks have one dictionary."""
        kind, chunks = self._types[name], self._chunks[name]
        if pa.types.is_dictionary(kind) and len(chunks) >= _MOST_CHUNKS:
            self._chunks[name] = _united(chunks, kind)

    def drop(self) -> None:
        """Forget everything: the file broke while it was read."""
        self._chunks = {name: [] for name in self._types}

    def join(self, other: Growing) -> None:
        """Append all of ``other``."""
        self.rows += other.rows
        for name, chunks in other._chunks.items():
            self._chunks[name] += chunks
            self._unite(name)

    def take(self, name: str, order: NDArray[np.integer] | None = None) -> pa.Array:
        """End the column ``name``: one array, its rows in the given order. It is let go here, to save memory."""
        kind, chunks = self._types[name], self._chunks.pop(name)
        if not chunks:
            return _nulls(kind, self.rows)
        array = _united(chunks, kind)[0]
        del chunks
        array = array if order is None else array.take(pa.array(order))
        return numbered_nulls(array) if pa.types.is_dictionary(kind) else array


def _united(chunks: list[pa.Array], kind: pa.DataType) -> list[pa.Array]:
    """One chunk with all values, text with one dictionary."""
    whole = pa.chunked_array(chunks, kind)
    if pa.types.is_dictionary(kind):
        whole = whole.unify_dictionaries()
    array = whole.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # one dictionary is larger than an array may be
        array = array.chunk(0) if array.num_chunks == 1 else pa.concat_arrays(array.chunks)
    return [array]


def nullable(codes: NDArray[np.int32]) -> pa.Array:
    """Codes as an Arrow array, null where -1, over the same memory: the number stays under the null."""
    missing = codes == NONE
    if not missing.any():
        return pa.array(codes)
    valid = pa.array(~missing).buffers()[1]
    return pa.Array.from_buffers(pa.int32(), len(codes), [valid, pa.py_buffer(codes)])


def numbered_nulls(column: pa.DictionaryArray) -> pa.DictionaryArray:
    """The same column with -1 under its nulls, so that its codes can be read in place (``Log`` does)."""
    if not column.indices.null_count:
        return column
    codes = pc.fill_null(column.indices, NONE).to_numpy(zero_copy_only=False)
    return pa.DictionaryArray.from_arrays(nullable(codes), column.dictionary, safe=False)


def _copied(array: pa.Array) -> pa.Array:
    """The array in memory of its own: a column of an engine's batch would keep all the batch's texts alive."""
    return pa.concat_arrays([array, array.slice(0, 0)])


def _nulls(kind: pa.DataType, rows: int) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(pa.nulls(rows, pa.int32()), pa.array([], pa.large_string()))
    return pa.nulls(rows, kind)


def nulls(column: Column, rows: int) -> pa.Array:
    """A column without values."""
    return _nulls(_ARROW[column.sql], rows)


def in_order(time: pa.Array, names: Callable[[NDArray[np.integer]], pa.Array]) -> NDArray[np.int32] | None:
    """Row numbers sorted by time and, at equal times, by name; ``None`` where the rows are so already.

    ``names`` gives the names of some rows, in ascending order.
    """
    ticks = time.cast(pa.int64()).to_numpy(zero_copy_only=False)
    order = np.argsort(ticks, kind="stable").astype(np.int32)  # a column of text has 32-bit codes: rows are no more
    sorted_ticks = ticks[order]
    same = sorted_ticks[1:] == sorted_ticks[:-1]
    if same.any():
        tied = np.flatnonzero(np.r_[same, False] | np.r_[False, same])
        ascending = np.argsort(order[tied])
        place = np.empty(len(tied), np.int64)
        place[ascending] = np.arange(len(tied))
        name = names(order[tied][ascending]).take(pa.array(place))
        rows = pa.table({"time": sorted_ticks[tied], "name": name})
        by = pc.sort_indices(rows, sort_keys=[("time", "ascending"), ("name", "ascending")]).to_numpy()
        order[tied] = order[tied][by]
    return None if (order[1:] > order[:-1]).all() else order


def repeated(name: pa.Array) -> NDArray[np.bool_]:
    """Which values (names, or whole numbers that stand for them) stood before, further up."""
    if pa.types.is_integer(name.type):
        values = name.to_numpy()
        ordered = np.sort(values)
        if not (ordered[1:] == ordered[:-1]).any():
            return np.zeros(len(values), np.bool_)
        del ordered
    codes = name.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    highest = np.maximum.accumulate(np.r_[-1, codes])[:-1]
    again: NDArray[np.bool_] = codes <= highest
    return again


def _address(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def addresses(column: pa.DictionaryArray) -> tuple[pa.DictionaryArray, NDArray[np.bool_]]:
    """Addresses in one spelling each, IPv4 in IPv6 as IPv4; and which rows held something that is no address."""
    words = column.dictionary
    odd = np.flatnonzero(~pc.match_substring_regex(words, _PLAIN_IPV4).to_numpy(zero_copy_only=False))
    if odd.size == 0:
        return column, np.zeros(len(column), bool)
    values = words.to_pylist()
    for i in odd:
        values[i] = _address(values[i])
    known = pa.array(values, pa.large_string()).dictionary_encode()
    codes = known.indices.take(column.indices)
    bad = pc.and_(codes.is_null(), column.indices.is_valid()).to_numpy(zero_copy_only=False)
    return pa.DictionaryArray.from_arrays(codes, known.dictionary), bad
