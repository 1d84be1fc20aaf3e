"""Columns of text put together piece by piece, without a loop over rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.lab.draws import Ints

Mask = npt.NDArray[np.bool_]


def take(table: pa.Array | Sequence[str], rows: Ints) -> pa.Array:
    """Entries of a table, one for each row."""
    array = table if isinstance(table, pa.Array) else pa.array(table, pa.string())
    return array.take(pa.array(rows))


def join(*pieces: pa.Array | str) -> pa.Array:
    """Pieces side by side."""
    return pc.binary_join_element_wise(*(pa.scalar(p) if isinstance(p, str) else p for p in pieces), "")


def where(mask: Mask, yes: pa.Array | str, no: pa.Array | str) -> pa.Array:
    """``yes`` where the mask holds, ``no`` elsewhere."""
    return pc.if_else(pa.array(mask), yes, no)


def scatter(total: int, parts: Sequence[tuple[Ints, pa.Array]]) -> pa.Array:
    """Columns of some rows each, put back into the order of all ``total`` rows; rows in no part are null."""
    if not parts:
        return pa.nulls(total, pa.string())
    joined = pa.concat_arrays([part.cast(pa.string()) for _, part in parts])
    rows = np.concatenate([rows for rows, _ in parts])
    place = np.full(total, -1, dtype=np.int64)
    place[rows] = np.arange(len(rows))
    return joined.take(pa.array(place, mask=place < 0))


def framed(frames: Sequence[tuple[str, str, str]], rows: Ints, first: pa.Array, second: pa.Array) -> pa.Array:
    """Frames of two gaps, filled."""
    start, middle, end = (pa.array(column) for column in zip(*frames, strict=True))
    return join(take(start, rows), first, take(middle, rows), second, take(end, rows))
