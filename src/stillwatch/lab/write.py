"""The log on disk: chunks rendered by several processes, written in order of time by one.

A chunk is a pure function of the world and its rows, so the files are the same for any number of processes.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError, OutputError
from stillwatch.lab.figures import Hashes, fingerprints
from stillwatch.lab.rows import exchange_rows, truth_rows
from stillwatch.lab.schedule import Exchanges
from stillwatch.lab.world import World

CHUNK = 50_000
"""Exchanges rendered at once."""
PART = 2_000_000
"""Exchanges in one file at most."""
_RANDOM = ("exchange_id", "ts", "conversation_id", "context_in", "context_out", "prompt", "response")
"""Columns in which a dictionary saves nothing."""
FEW = 2_000_000
"""Exchanges up to which the texts of all are compared with each other; of more, a tenth."""
Rendered = tuple[pa.Buffer, pa.Buffer, Hashes, Hashes]
_worlds: list[World] = []
"""The world of a rendering process, set once when it starts."""


Progress = Callable[[str, int, int], None]
"""Told how far the work is: stage, done, total."""


def _adopt(world: World) -> None:
    _worlds[:] = [world]


def _packed(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _unpacked(buffer: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(buffer).read_all()


def _render(task: tuple[Exchanges, int, int]) -> Rendered:
    chunk, first, one_in = task
    table = exchange_rows(_worlds[0], chunk, first)
    truth = truth_rows(_worlds[0], chunk, table["exchange_id"].combine_chunks())
    return _packed(table), _packed(truth), *fingerprints(table["prompt"].combine_chunks(), one_in)


def _tasks(exchanges: Exchanges, places: threading.Semaphore) -> Iterator[tuple[Exchanges, int, int]]:
    """Chunks to render; waits where the writer is behind, so that rendered chunks do not pile up."""
    for first in range(0, len(exchanges), CHUNK):
        places.acquire()
        yield exchanges.cut(first, first + CHUNK), first, 1 if len(exchanges) <= FEW else 10


@contextmanager
def _rendered(world: World, exchanges: Exchanges, processes: int) -> Iterator[Iterator[Rendered]]:
    places = threading.Semaphore(processes + 3)

    def released(chunks: Iterable[Rendered]) -> Iterator[Rendered]:
        for chunk in chunks:
            places.release()
            yield chunk

    if processes <= 1 or len(exchanges) <= 4 * CHUNK:
        _adopt(world)
        yield released(map(_render, _tasks(exchanges, places)))
        return
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _adopt, (world,)) as pool:
        try:
            yield released(pool.imap(_render, _tasks(exchanges, places)))
        finally:
            for _ in range(0, len(exchanges) + CHUNK, CHUNK):  # a feeder that still waits must be able to end
                places.release()


class _Parts:
    """Files of one table, a new one begun when the last is full; renamed into place when all is written."""

    def __init__(self, out: Path, name: str, total: int) -> None:
        self._out, self._name = out, name
        self._many = total > PART
        self._rows = 0
        self._writer: pq.ParquetWriter | None = None
        self.paths: list[Path] = []

    def _next(self, schema: pa.Schema) -> pq.ParquetWriter:
        name = f"{self._name}/part-{len(self.paths):05d}.parquet" if self._many else f"{self._name}.parquet"
        path = self._out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.paths.append(path)
        coded = [field.name for field in schema if field.name not in _RANDOM]
        return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=coded, write_statistics=["ts"])

    def add(self, table: pa.Table) -> None:
        """Write one more chunk."""
        if self._writer is None or (self._many and self._rows + len(table) > PART):
            self.close()
            self._writer = self._next(table.schema)
            self._rows = 0
        self._writer.write_table(table)
        self._rows += len(table)

    def close(self) -> None:
        """End the file that is open."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def write_exchanges(
    world: World,
    exchanges: Exchanges,
    out: Path,
    *,
    processes: int,
    progress: Progress,
    seen: Callable[[pa.Table, pa.Table, Hashes, Hashes], None],
) -> Path:
    """Write ``exchanges`` and ``truth_exchanges`` into the folder ``out``.

    Args:
        world: What the rows follow from.
        exchanges: The rows, in order of time.
        out: An existing folder.
        processes: Rendering processes; 1 renders in this one.
        progress: Told the rows written.
        seen: Called with each chunk and its truth, for figures about the log.

    Returns:
        The log: a file, or a folder of files where one would hold more than ``PART`` rows.
    """
    log, truth = _Parts(out, "exchanges", len(exchanges)), _Parts(out, "truth_exchanges", len(exchanges))
    done = 0
    try:
        with _rendered(world, exchanges, processes) as chunks:
            for rows, labels, *hashes in chunks:
                table, facts = _unpacked(rows), _unpacked(labels)
                log.add(table)
                truth.add(facts)
                seen(table, facts, *hashes)
                done += len(table)
                progress("write", done, len(exchanges))
    except OSError as error:
        raise OutputError(
            f"Cannot write the log to {out}: {error}.", hint="Free some space, or name another folder with --out."
        ) from error
    finally:
        log.close()
        truth.close()
    if not log.paths:
        raise InputError(
            "The scenario yields no exchange at this scale.",
            hint="Use a larger --scale, or raise 'least' of its groups.",
        )
    return log.paths[0].parent if len(exchanges) > PART else log.paths[0]
