"""The seam behind which detection stands, and its first implementation: hunt again over all that is there.

A detector lives in a process of its own (``worker``). It is told of committed partitions in their order, and asked for a look
now and then. What it says must be what a batch hunt over the same exchanges says; :class:`Rehunt` does so by construction.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Protocol

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.apps.known import Labels, read_known, read_labels
from stillwatch.apps.watch.batch import ROWS, in_order
from stillwatch.apps.watch.compaction import Merged
from stillwatch.apps.watch.partitions import Partition
from stillwatch.campaigns.service import Hunted, Settings, hunt
from stillwatch.campaigns.walks import Walks
from stillwatch.detect.log import Log
from stillwatch.detect.texts import SKETCHES, SketchedTexts, Texts, sketch
from stillwatch.events.read import read_accounts

Names = tuple[tuple[str, frozenset[str]], ...]
"""Campaigns that stand: name and accounts."""


class Looking(msgspec.Struct, frozen=True, kw_only=True):
    """What every look is told alike. Files are read anew at each look: they may change."""

    accounts: str | None = None
    labels: str | None = None
    known: str | None = None
    alpha: float = 0.01
    raw_text: bool = False


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """One look.

    ``since_us``: the window's first moment. ``end_us``: the moment until which the log is complete, None for its last
    exchange. ``earlier``: the campaigns that stand, so that their names stay.
    """

    since_us: int
    end_us: int | None = None
    earlier: Names = ()


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What a look found, and the log that it looked at."""

    hunted: Hunted
    log: Log


class Detector(Protocol):
    """A detector over a growing log. After a restart it is told all partitions again: they are all that it needs."""

    def absorb(self, partition: Partition) -> None:
        """Take in a committed partition; partitions come in the order of their numbers, each once."""
        ...

    def merged(self, merged: Merged) -> None:
        """Partitions absorbed before are one file now, with the same rows: nothing new."""
        ...

    def look(self, look: Look) -> Looked:
        """Find the campaigns among the exchanges absorbed so far."""
        ...


class Rehunt:
    """A batch hunt over all partitions of the window, at every look; it goes on from where the last one stood.

    Hours that were looked at are not looked at again, unless something in them has changed. After a restart, or when the
    window's beginning has moved, the first look walks through all hours anew, with the same result.
    """

    def __init__(self, looking: Looking) -> None:
        """Begin with nothing."""
        self._looking = looking
        self._parts: list[Partition] = []
        self._walks = Walks()

    def absorb(self, partition: Partition) -> None:
        """Note the partition; it is read at the look."""
        self._parts.append(partition)

    def merged(self, merged: Merged) -> None:
        """Note where the rows are now."""
        kept = [part for part in self._parts if part.number not in merged.numbers]
        self._parts = sorted([*kept, merged.into], key=lambda part: part.number)

    def look(self, look: Look) -> Looked:
        """Hunt in what is there."""
        looking = self._looking
        self._parts = [part for part in self._parts if part.sketches or part.last_us >= look.since_us]
        parts = [part for part in self._parts if Path(part.path).exists()]
        table = rows_of(parts, look.since_us)
        accounts = read_accounts(looking.accounts).table if looking.accounts else None
        sketches = sketches_of(parts)
        shown = texts_of(parts)
        log = Log.build(table, accounts, lambda values: _texts(sketches, values, shown))
        labels = read_labels(Path(looking.labels)) if looking.labels else Labels({}, {})
        known = read_known(Path(looking.known), log) if looking.known else {}
        settings = Settings(
            alpha=looking.alpha,
            redacted=not looking.raw_text,
            end=look.end_us,
            earlier=look.earlier,
            known={**known, **labels.malicious},
            legitimate=labels.legitimate,
        )
        return Looked(hunted=hunt(log, settings, walks=self._walks), log=log)


def rows_of(parts: list[Partition], since_us: int) -> pa.Table:
    """Rows of partitions within the window, in the order of a log."""
    fields = [field.with_type(pa.int64()) if field.name == "prompt" else field for field in ROWS]
    schema = pa.schema(fields)
    tables = [pq.read_table(part.path).cast(schema) for part in parts if part.last_us >= since_us]
    table = pa.concat_tables(tables).unify_dictionaries() if tables else schema.empty_table()
    first = pa.scalar(since_us, pa.int64())
    if tables and min(part.first_us for part in parts) < since_us:
        table = table.filter(pc.greater_equal(table["ts"].cast(pa.int64()), first))
    return in_order(table.combine_chunks())


def sketches_of(parts: list[Partition]) -> pa.Table:
    """Sketches of all prompts, each once."""
    tables = [pq.read_table(part.sketches).cast(SKETCHES) for part in parts if part.sketches]
    return pa.concat_tables(tables) if tables else SKETCHES.empty_table()


def texts_of(parts: list[Partition]) -> Mapping[int, str]:
    """Raw prompts that are still kept."""
    found: dict[int, str] = {}
    for part in parts:
        if part.texts and Path(part.texts).exists():
            table = pq.read_table(part.texts)
            found.update(zip(table["text"].to_pylist(), table["prompt"].to_pylist(), strict=True))
    return found


def completed(sketches: pa.Table, texts: pa.Array) -> tuple[pa.Table, int]:
    """Sketches with an empty one for each text that has none, and how many these are.

    Only openings are sketched. A later message is asked about where its conversation's opening is not in the log, at the
    edge of the window: it then counts as a message that says nothing.
    """
    missing = texts.filter(pc.invert(pc.is_in(texts, value_set=sketches["text"].combine_chunks())))
    if not len(missing):
        return sketches, 0
    empty = _empty()
    columns = [
        missing if name == "text" else empty[name].combine_chunks().take(pa.array(np.zeros(len(missing), np.int64)))
        for name in SKETCHES.names
    ]
    return pa.concat_tables([sketches, pa.table(columns, schema=SKETCHES)]), len(missing)


@cache
def _empty() -> pa.Table:
    """The sketch of no text; always the same, and dear to make."""
    return sketch([""])


class _Shown:
    """Sketches beside raw texts that are still kept."""

    def __init__(self, inner: SketchedTexts, values: pa.Array, shown: Mapping[int, str]) -> None:
        self._inner = inner
        self._values = values
        self._shown = shown
        self.vectors = inner.vectors
        self.benchmark = inner.benchmark
        self.capability = inner.capability
        self.elicitation = inner.elicitation
        self.skeleton = inner.skeleton
        self.beginning = inner.beginning

    def text(self, code: int) -> str | None:
        return self._shown.get(int(self._values[int(code)].as_py())) if code >= 0 else None


def _texts(sketches: pa.Table, values: pa.Array, shown: Mapping[int, str]) -> Texts:
    values = values.cast(pa.int64())
    inner = SketchedTexts.of(completed(sketches, values)[0], values)
    return _Shown(inner, values, shown) if shown else inner
