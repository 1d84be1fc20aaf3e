"""The contract's checks on a batch of rows that an engine has read itself: which rows are set aside, and why.

Same rules and reasons, in the same order, as the readers of files (``stillwatch.events._sql``); the columns must have the
contract's types, or types that convert without loss.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.errors import InputError

EARLIEST_US = 0
LATEST_US = 4_102_444_800_000_000
MISSING = "missing"
NOT_A_TIME = "not a time between 1970 and 2100"
NOT_A_COUNT = "not a whole number of at least 0"
EMPTY = "empty"
NAMES = ("exchange_id", "account_id", "model", "endpoint")
COUNTS = ("turn", "n_tools", "input_tokens", "output_tokens", "status")
MAY_BE_EMPTY = frozenset({"model", "endpoint"})
REQUIRED = (
    *("exchange_id", "ts", "account_id", "model", "endpoint", "turn", "n_tools", "stream"),
    *("input_tokens", "output_tokens", "status"),
)
"""Columns that may not be null, in the order in which they are checked."""


class Checked(NamedTuple):
    """The good rows, and how many others failed first at which (field, reason)."""

    good: pa.Table
    rejected: Counter[tuple[str, str]]


def check_schema(schema: pa.Schema, source: str) -> None:
    """Raise :class:`~stillwatch.errors.InputError` where required columns are missing or a type cannot be the contract's."""
    lacking = [name for name in REQUIRED if name not in schema.names]
    if lacking:
        raise InputError(
            f"{source}: required columns are missing: {', '.join(lacking)}.",
            hint="For other formats, first run: stillwatch ingest SOURCE --out FOLDER",
        )
    ts = schema.field("ts").type
    wrong = [name for name in COUNTS if not pa.types.is_integer(schema.field(name).type)]
    wrong += [] if pa.types.is_timestamp(ts) else ["ts"]
    wrong += [] if pa.types.is_boolean(schema.field("stream").type) else ["stream"]
    if wrong:
        raise InputError(
            f"{source}: columns without the contract's type: {', '.join(wrong)}.",
            hint="Read the log on one machine, or first run: stillwatch ingest SOURCE --out FOLDER",
        )


def checked(batch: pa.Table) -> Checked:
    """Set aside the rows that the contract does not allow."""
    bad = np.zeros(batch.num_rows, bool)
    rejected: Counter[tuple[str, str]] = Counter()
    for name in REQUIRED:
        for reason, failing in _tests(batch, name):
            fresh = failing & ~bad
            if fresh.any():
                rejected[name, reason] += int(fresh.sum())
                bad |= fresh
    return Checked(batch.filter(pa.array(~bad)) if bad.any() else batch, rejected)


def _tests(batch: pa.Table, name: str) -> list[tuple[str, np.ndarray[tuple[int], np.dtype[np.bool_]]]]:
    column = batch[name]
    tests = [(MISSING, _true(column.is_null()))]
    if name == "ts":
        ticks = column.cast(pa.timestamp("us", "UTC")).cast(pa.int64())
        outside = pc.or_(pc.less(ticks, EARLIEST_US), pc.greater_equal(ticks, LATEST_US))
        tests.append((NOT_A_TIME, _true(outside)))
    elif name in COUNTS:
        tests.append((NOT_A_COUNT, _true(pc.less(column, 0))))
    elif name in NAMES and name not in MAY_BE_EMPTY:
        tests.append((EMPTY, _true(pc.equal(column, ""))))
    return tests


def _true(values: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.asarray(pc.fill_null(values, False).to_numpy(), bool)  # noqa: FBT003 - null is not true
