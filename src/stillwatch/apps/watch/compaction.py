"""Small partitions put together, so that a watch of months does not end with a hundred thousand files.

Rows stay as they are, in the order in which they were committed; only the files become fewer. Merged rows are durable under
their own name before a transaction lists them in the place of the small ones.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.apps.watch.partitions import Partition
from stillwatch.apps.watch.state import State

SMALL = 50_000
"""Rows below which a partition is small."""
FULL = 200_000
"""Rows that a merged partition has at most, so that a merge takes no longer than a second."""
FEWEST = 8
"""Small partitions in a row from which a merge is worth its writing."""


class Merged(msgspec.Struct, frozen=True):
    """Partitions by their numbers, and the one that holds their rows now. Its number is the last of theirs."""

    numbers: tuple[int, ...]
    into: Partition


def worth(parts: list[Partition]) -> list[Partition]:
    """The first run of small partitions that is long enough, or none. Those with raw texts wait until these are gone."""
    run: list[Partition] = []
    rows = 0
    for part in parts:
        if part.rows >= SMALL or part.texts is not None or rows + part.rows > FULL:
            if len(run) >= FEWEST:
                return run
            run, rows = [], 0
        if part.rows < SMALL and part.texts is None:
            run.append(part)
            rows += part.rows
    return run if len(run) >= FEWEST else []


def merge(state: State, parts: list[Partition]) -> Merged:
    """Put partitions together.

    Raises:
        OutputError: The disk is full; nothing changed.
    """
    name = f"{parts[0].number:08d}-{parts[-1].number:08d}.parquet"
    table = pa.concat_tables([pq.read_table(part.path) for part in parts]).unify_dictionaries()
    sketches = [pq.read_table(part.sketches) for part in parts if part.sketches]
    path = state.partitions.write(f"rows-{name}", table)
    sketched = str(state.partitions.write(f"sketches-{name}", pa.concat_tables(sketches))) if sketches else None
    into = Partition(
        number=parts[-1].number,
        rows=table.num_rows,
        first_us=min(part.first_us for part in parts),
        last_us=max(part.last_us for part in parts),
        path=str(path),
        sketches=sketched,
    )
    numbers = [part.number for part in parts]
    with state.transaction() as base:
        arrived = base.execute("SELECT max(arrived_us) FROM part WHERE number IN ?", [numbers]).fetchone()
        base.execute("DELETE FROM part WHERE number IN ?", [numbers])
        names = [path.name, Path(sketched).name if sketched else None, None]
        base.execute(
            "INSERT INTO part VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [into.number, into.rows, into.first_us, into.last_us, arrived[0] if arrived else 0, *names],
        )
    state.partitions.remove(Path(each).name for part in parts for each in (part.path, part.sketches) if each)
    return Merged(tuple(numbers), into)
