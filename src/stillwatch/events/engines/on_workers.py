"""What runs on a cluster's workers: from batches of the contract to canonical rows, names and counts of bad rows.

This module and what it imports travel to the workers in a zip, so it needs no more than pyarrow, numpy and xxhash there.
Every function takes and yields record batches, and its result depends on the batch alone: a task that is run again after a
worker died gives the same rows, and nothing is counted twice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.events.canonical import CANONICAL, NAMES, canonical, keys
from stillwatch.events.engines.checks import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

REJECTS = pa.schema([("field", pa.string()), ("reason", pa.string()), ("rows", pa.int64())])
BAD_ADDRESS = "malformed address"


def to_rows(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Canonical rows of the good rows."""
    for batch in batches:
        made = canonical(checked(pa.Table.from_batches([batch])).good)
        yield from made.rows.cast(pa.schema([pa.field(f.name, f.type) for f in CANONICAL])).to_batches()


def to_names(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Names of the good rows, each key of a kind once a batch."""
    for batch in batches:
        yield from canonical(checked(pa.Table.from_batches([batch])).good).names.to_batches()


def to_rejects(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """How many rows were seen (field and reason empty), and how many were set aside for which reason."""
    for batch in batches:
        found = checked(pa.Table.from_batches([batch]))
        lines = [("", "", batch.num_rows), *((field, why, n) for (field, why), n in found.rejected.items())]
        if "ip" in batch.schema.names and (bad := canonical(found.good.select(_ADDRESS)).bad_addresses):
            lines.append(("ip", BAD_ADDRESS, bad))
        yield pa.RecordBatch.from_pylist(
            [dict(zip(REJECTS.names, line, strict=True)) for line in lines], schema=REJECTS
        )


_ADDRESS = ["exchange_id", "ts", "account_id", "model", "endpoint", "ip"]


def prompts_of(wanted: bytes) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    """A function that picks the prompts whose keys are in ``wanted`` (sorted 64-bit numbers as bytes)."""

    def pick(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        asked = pa.array(np.frombuffer(wanted, np.int64))
        for batch in batches:
            prompts = pc.unique(batch.column(0).cast(pa.large_string())).drop_null()
            found = pa.array(keys(prompts))
            inside = pc.is_in(found, value_set=asked)
            yield pa.RecordBatch.from_arrays(
                [found.filter(inside), prompts.filter(inside).cast(pa.string())], names=list(NAMES.names[1:])
            )

    return pick
