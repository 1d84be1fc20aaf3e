"""What runs where the texts of a log are: from batches of prompts to sketches, on a cluster's workers or in this process.

This module and what it imports travel to workers (``stillwatch.events.engines.spark``): it needs the packages of a plain
install there, and nothing of an engine. A sketch depends on its text alone, so a task that runs again gives the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa

from stillwatch.detect.texts import Sketcher

PACKED = pa.schema(
    [
        ("text", pa.int64()),
        ("content", pa.binary()),
        ("style", pa.binary()),
        ("benchmark", pa.int64()),
        ("capability", pa.int64()),
        ("elicitation", pa.int64()),
        ("skeleton", pa.int64()),
        ("beginning", pa.int64()),
    ]
)
"""Sketches on their way: vectors as bytes, numbers of 64 bits, because engines agree on those.

Columns are those of :data:`stillwatch.detect.texts.SKETCHES`.
"""
NUMBERS = ("benchmark", "capability", "elicitation", "skeleton", "beginning")
"""Columns of numbers beside the vectors."""
_AT_A_TIME = 20_000


def sketch_batches(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Sketches (:data:`PACKED`) of batches (key, name) of distinct texts."""
    for whole in batches:
        for start in range(0, whole.num_rows, _AT_A_TIME):
            batch = whole.slice(start, _AT_A_TIME)
            made = _sketcher().sketch(batch.column("name").to_pylist())
            vectors = [_bytes(made[name]) for name in ("content", "style")]
            numbers = [made[name].combine_chunks().cast(pa.int64()) for name in NUMBERS]
            yield pa.RecordBatch.from_arrays([batch.column("key"), *vectors, *numbers], schema=PACKED)


@cache
def _sketcher() -> Sketcher:
    """The tables of a worker, loaded once."""
    return Sketcher.load()


def _bytes(column: pa.ChunkedArray) -> pa.Array:
    whole = column.combine_chunks()
    rows, wide = len(whole), whole.type.list_size
    flat = whole.flatten().to_numpy(zero_copy_only=False).astype(np.int8)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(wide), rows, [None, pa.py_buffer(flat.tobytes())]).cast(
        pa.binary()
    )
