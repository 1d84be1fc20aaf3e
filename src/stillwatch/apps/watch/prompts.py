"""Prompts become hashes and sketches before anything is written; the text itself is let go, or kept for a while if told so.

Sketching is the dearest part of taking rows in. So only openings are sketched, the first messages of conversations, since a
hunt reads no other text (``detect.openings``); it runs in processes of its own; and texts that were sketched lately are known by
their hashes. A text sketched twice does no harm: its sketches are equal.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch._internal.parent import die_with_parent
from stillwatch.detect.texts import SKETCHES, Sketcher, text_hashes

CHUNK = 2_000
"""Texts that one process sketches at a time."""
REMEMBERED = 500_000
"""Hashes of texts of which it is remembered that they are sketched, at least."""

_DAY = 86_400_000_000
TEXTS = pa.schema([pa.field("text", pa.int64(), nullable=False), pa.field("prompt", pa.large_string(), nullable=False)])

_sketchers: list[Sketcher] = []
"""The one sketcher of a sketching process; empty elsewhere."""


@dataclass(frozen=True)
class Hidden:
    """Rows whose ``prompt`` is a hash (int64); ``sketches`` and ``texts`` of prompts not met lately, if any."""

    table: pa.Table
    sketches: pa.Table | None = None
    texts: pa.Table | None = None


class Prompts:
    """Hides prompts, under one key for all batches of a state."""

    def __init__(self, key: bytes, *, keep_text: bool, leave_out: bool, pool: ProcessPoolExecutor | None) -> None:
        """Begin.

        Args:
            key: Key of the hashes.
            keep_text: Give the raw texts too, for a file of their own.
            leave_out: Drop prompts unread.
            pool: Processes that sketch, each begun with :func:`begin`; None sketches here.
        """
        self._key = key
        self._keep = keep_text
        self._leave_out = leave_out
        self._pool = pool
        self._here: Sketcher | None = None
        self._recent: set[int] = set()
        self._older: set[int] = set()
        self._day = 0
        self._lock = threading.Lock()

    def hide(self, table: pa.Table) -> Hidden:
        """The table with hashes for prompts, and what is new about them."""
        at = table.schema.get_field_index("prompt")
        column = table.column(at).combine_chunks()
        words = column.dictionary
        if self._leave_out or not len(words):
            return Hidden(table.set_column(at, "prompt", pa.nulls(table.num_rows, pa.int64())))
        texts: list[str] = words.to_pylist()
        self._turn(table)
        found = text_hashes(texts, self._key)
        hidden = table.set_column(at, "prompt", pa.array(found).take(column.indices))
        opening = pc.less_equal(pc.fill_null(table["turn"], 1), 1)
        codes = pc.unique(column.indices.filter(opening.combine_chunks())).drop_null()
        new = self._unknown(found, np.sort(codes.to_numpy(zero_copy_only=False)))
        if not len(new):
            return Hidden(hidden)
        chosen = [texts[i] for i in new]
        sketches = self._sketched(chosen)
        kept = pa.table([pa.array(found[new]), pa.array(chosen, pa.large_string())], schema=TEXTS)
        return Hidden(hidden, sketches, kept if self._keep else None)

    def remember(self, sketches: pa.Table | None) -> None:
        """These sketches are committed: their texts need no further ones. May be called from another thread."""
        if sketches is None:
            return
        with self._lock:
            self._recent.update(sketches["text"].to_pylist())
            if len(self._recent) > REMEMBERED:
                self._older, self._recent = self._recent, set()

    def _turn(self, table: pa.Table) -> None:
        """Forget on another day of the log: sketches expire with the rows that they came with, so later rows need their own."""
        day = int(table["ts"][table.num_rows // 2].value) // _DAY
        with self._lock:
            if day != self._day:
                self._day, self._recent, self._older = day, set(), set()

    def _unknown(self, found: npt.NDArray[np.int64], codes: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
        """Those of the codes whose hashes are not known."""
        with self._lock:
            known = [value in self._recent or value in self._older for value in found[codes].tolist()]
        return np.asarray(codes[~np.array(known, bool)])

    def _sketched(self, texts: list[str]) -> pa.Table:
        pieces = [texts[start : start + CHUNK] for start in range(0, len(texts), CHUNK)]
        if self._pool is None:
            self._here = self._here or Sketcher.load(self._key)
            return pa.concat_tables([self._here.sketch(piece) for piece in pieces])
        waiting: list[Future[pa.Table]] = [self._pool.submit(_sketch, piece) for piece in pieces]
        return pa.concat_tables([each.result() for each in waiting])


@contextmanager
def sketching(key: bytes, processes: int) -> Iterator[ProcessPoolExecutor | None]:
    """Processes that sketch, ended with the block; None for no process of its own."""
    if processes < 1:
        yield None
        return
    pool = ProcessPoolExecutor(
        processes, mp_context=get_context("spawn"), initializer=begin, initargs=(key, os.getpid())
    )
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def begin(key: bytes, parent: int) -> None:
    """What a sketching process does first."""
    die_with_parent(parent)
    _sketchers[:] = [Sketcher.load(key)]


def _sketch(texts: list[str]) -> pa.Table:
    return _sketchers[0].sketch(texts).cast(SKETCHES)
