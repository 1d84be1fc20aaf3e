"""What a source hands over, and the seam behind which every source stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.detect.log import COLUMNS
from stillwatch.events import model
from stillwatch.events.rejects import Rejects

TEXT = pa.dictionary(pa.int32(), pa.large_string())
_TYPES: Mapping[str, pa.DataType] = {
    "VARCHAR": TEXT,
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
}
ROWS = pa.schema(
    [
        pa.field(
            column.name,
            pa.large_string() if column.name == "exchange_id" else _TYPES[column.sql],
            nullable=column.nullable,
        )
        for column in model.EXCHANGES
        if not column.nullable or column.name in COLUMNS
    ]
)
"""The contract's columns that a hunt reads. Others are left where they came from: what is not needed is not kept."""


class FileSeen(msgspec.Struct, frozen=True):
    """A file that was dealt with: ``problem`` says why it was set aside, empty where it was taken."""

    name: str
    size: int
    modified_ns: int
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Rows that belong together, and the place up to which the source is read once they are committed.

    Attributes:
        origin: What set-aside records call it (a file's name, a topic).
        table: Rows of :data:`ROWS`, in order of (ts, exchange_id), no id twice.
        seen: Records read, those set aside included.
        rejects: What was set aside or emptied while reading.
        positions: Place in each part of a stream: what to read next.
        files: Files that this batch settles.
        backlog: Rows that were there when the watch first began: history, which is never late.
        arrived_us: When the source had all of it.
        tickets: The source's own handles, given back when the batch is committed.
    """

    origin: str
    table: pa.Table
    seen: int
    arrived_us: int
    rejects: Rejects = field(default_factory=Rejects)
    positions: Mapping[str, int] = field(default_factory=dict)
    files: tuple[FileSeen, ...] = ()
    backlog: bool = False
    tickets: tuple[object, ...] = ()


@dataclass(frozen=True)
class Resume:
    """What the state knows of a source: places in its parts, names of files dealt with, and the first files ever seen.

    ``name`` is the state's own, for a consumer that another watch does not share. ``new``: nothing was ever read.
    """

    positions: Mapping[str, int]
    files: frozenset[str]
    backlog: frozenset[str]
    new: bool
    name: str = ""


class Source(Protocol):
    """Where exchanges come from. ``next`` is called by one thread, ``done`` by another."""

    @property
    def name(self) -> str:
        """What logs call it; without credentials."""
        ...

    def next(self, timeout: float) -> Batch | None:
        """The next batch, or None after ``timeout`` seconds without one. A batch is handed out once.

        Raises:
            InputError: the source is gone for good.
        """
        ...

    def done(self, batch: Batch) -> None:
        """The batch is committed: acknowledge it to whoever sent it."""
        ...

    def drained(self) -> bool:
        """Whether everything that was there has been handed out; asked after ``next`` gave None."""
        ...

    def problem(self) -> str:
        """Why nothing can come in just now; empty while it can."""
        ...

    def close(self, *, failed: bool = False) -> None:
        """Stop taking in. ``failed``: what was handed out last will not be committed."""
        ...


def shaped(table: pa.Table) -> pa.Table:
    """A contract table as :data:`ROWS`: texts as codes, columns that are missing null."""
    columns = []
    for each in ROWS:
        if each.name not in table.column_names:
            columns.append(_nulls(each.type, table.num_rows))
            continue
        column = table[each.name]
        if each.type == TEXT and not pa.types.is_dictionary(column.type):
            column = column.cast(pa.large_string()).dictionary_encode()
        columns.append(column if column.type == each.type else column.cast(each.type))
    return pa.table(columns, names=ROWS.names).combine_chunks()


def _nulls(kind: pa.DataType, rows: int) -> pa.Array:
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(pa.nulls(rows, kind.index_type), pa.array([], kind.value_type))
    return pa.nulls(rows, kind)


def in_order(table: pa.Table) -> pa.Table:
    """Rows in order of (ts, exchange_id); of rows with one id the earliest stays."""
    table = table.take(pc.sort_indices(table, sort_keys=[("ts", "ascending"), ("exchange_id", "ascending")]))
    ids = table["exchange_id"].combine_chunks()
    codes = ids.dictionary_encode().indices.to_numpy(zero_copy_only=False).astype(np.int64)
    first = codes > np.maximum.accumulate(np.r_[-1, codes])[:-1]
    return table if first.all() else table.filter(pa.array(first))
