"""The log on disk: rendered by several processes, in order of time, in one file or in several.

Up to ``ONE_FILE`` exchanges this process writes what others render. Of more, every process renders and writes parts of its
own, so that nothing large passes between processes. A chunk is a pure function of the world and its rows: the rows are the
same for any number of processes.
"""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError, OutputError
from stillwatch.lab.figures import Gathered, Hashes, fingerprints
from stillwatch.lab.rows import exchange_rows, truth_rows
from stillwatch.lab.schedule import Exchanges
from stillwatch.lab.world import World

CHUNK = 100_000
"""Exchanges rendered at once."""
ONE_FILE = 2_000_000
"""Exchanges in one file at most; of more, the log is a folder of files."""
PART = 500_000
"""Exchanges in each of several files."""
ALONE = 200_000
"""Exchanges up to which starting further processes takes longer than doing the work."""
_RANDOM = ("exchange_id", "ts", "conversation_id", "context_in", "context_out", "prompt", "response")
"""Columns in which a dictionary saves nothing."""
Progress = Callable[[str, int, int], None]
"""Told how far the work is: stage, done, total."""
_worlds: list[World] = []
"""The world of a rendering process, set once when it starts."""
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


class _Chunk(NamedTuple):
    """Rows to render: the first one's number in the log, and one in how many texts is compared with others."""

    rows: Exchanges
    first: int
    one_in: int


class _Part(NamedTuple):
    """Rows to render and write to a file of their own."""

    rows: Exchanges
    first: int
    one_in: int
    step: int
    log: Path
    truth: Path


class _Rendered(NamedTuple):
    log: pa.Buffer
    truth: pa.Buffer
    prompts: Hashes
    skeletons: Hashes


def _adopt(world: World) -> None:
    _worlds[:] = [world]


def _packed(table: pa.Table) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return sink.getvalue()


def _unpacked(buffer: pa.Buffer) -> pa.Table:
    return pa.ipc.open_stream(buffer).read_all()


def _tables(chunk: _Chunk) -> tuple[pa.Table, pa.Table, Hashes, Hashes]:
    table = exchange_rows(_worlds[0], chunk.rows, chunk.first)
    truth = truth_rows(_worlds[0], chunk.rows, table["exchange_id"].combine_chunks())
    return table, truth, *fingerprints(table["prompt"].combine_chunks(), chunk.one_in)


def _render(chunk: _Chunk) -> _Rendered:
    table, truth, prompts, skeletons = _tables(chunk)
    return _Rendered(_packed(table), _packed(truth), prompts, skeletons)


def _chunks(rows: Exchanges, first: int, one_in: int, step: int) -> Iterator[_Chunk]:
    for at in range(0, len(rows), step):
        yield _Chunk(rows.cut(at, at + step), first + at, one_in)


class _Files:
    """The two files of a log or of a part of it: exchanges and their truth."""

    def __init__(self, log: Path, truth: Path) -> None:
        self._paths = (log, truth)
        self._writers: list[pq.ParquetWriter] = []

    def add(self, *tables: pa.Table) -> None:
        """Write one more chunk."""
        if not self._writers:
            self._writers = [_writer(path, table.schema) for path, table in zip(self._paths, tables, strict=True)]
        for writer, table in zip(self._writers, tables, strict=True):
            writer.write_table(table)

    def close(self) -> None:
        """End both files."""
        for writer in self._writers:
            writer.close()


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    coded = [field.name for field in schema if field.name not in _RANDOM]
    return pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=coded, write_statistics=["ts"])


def _write_part(part: _Part) -> Gathered:
    gathered = Gathered()
    files = _Files(part.log, part.truth)
    try:
        for chunk in _chunks(part.rows, part.first, part.one_in, part.step):
            table, truth, *hashes = _tables(chunk)
            files.add(table, truth)
            gathered.take_in(table, truth, *hashes)
    finally:
        files.close()
    return gathered


@contextmanager
def _done(
    world: World, work: Callable[[_Task], _Result], tasks: Iterable[_Task], processes: int
) -> Iterator[Iterator[_Result]]:
    """Results of ``work`` on ``tasks`` in order, by other processes where ``processes`` is more than 1."""
    if processes <= 1:
        _adopt(world)
        yield map(work, tasks)
        return
    places = threading.Semaphore(processes + 3)  # rendered chunks must not pile up where the writer is behind
    over = threading.Event()

    def admitted() -> Iterator[_Task]:
        for task in tasks:
            places.acquire()
            if over.is_set():
                return
            yield task

    def released(results: Iterable[_Result]) -> Iterator[_Result]:
        for result in results:
            places.release()
            yield result

    with multiprocessing.get_context("spawn").Pool(processes, _adopt, (world,)) as pool:
        try:
            yield released(pool.imap(work, admitted()))
        finally:
            over.set()
            places.release()


def write_exchanges(world: World, exchanges: Exchanges, out: Path, *, processes: int, progress: Progress) -> Gathered:
    """Write ``exchanges`` and ``truth_exchanges`` into the folder ``out``: files, or folders of files.

    Args:
        world: What the rows follow from.
        exchanges: The rows, in order of time.
        out: An existing folder.
        processes: Rendering processes; 1 renders in this one.
        progress: Told the rows written.

    Returns:
        Figures about the log, gathered on the way.

    Raises:
        InputError: there is no row.
        OutputError: the folder cannot be written.
    """
    if len(exchanges) == 0:
        raise InputError(
            "The scenario yields no exchange at this scale.",
            hint="Use a larger --scale, or raise 'least' of its groups.",
        )
    write = _one if len(exchanges) <= ONE_FILE else _many
    try:
        return write(world, exchanges, out, 1 if len(exchanges) <= ALONE else processes, progress)
    except OSError as error:
        raise OutputError(
            f"Cannot write the log to {out}: {error}.", hint="Free some space, or name another folder with --out."
        ) from error


def _one(world: World, exchanges: Exchanges, out: Path, processes: int, progress: Progress) -> Gathered:
    gathered = Gathered()
    files = _Files(out / "exchanges.parquet", out / "truth_exchanges.parquet")
    done = 0
    try:
        with _done(world, _render, _chunks(exchanges, 0, 1, CHUNK), processes) as chunks:
            for rendered in chunks:
                table, truth = _unpacked(rendered.log), _unpacked(rendered.truth)
                files.add(table, truth)
                gathered.take_in(table, truth, rendered.prompts, rendered.skeletons)
                done += len(table)
                progress("write", done, len(exchanges))
    finally:
        files.close()
    return gathered


def _many(world: World, exchanges: Exchanges, out: Path, processes: int, progress: Progress) -> Gathered:
    folders = [out / name for name in ("exchanges", "truth_exchanges")]
    for folder in folders:
        folder.mkdir()

    def parts() -> Iterator[_Part]:
        for number, first in enumerate(range(0, len(exchanges), PART)):
            log, truth = (folder / f"part-{number:05d}.parquet" for folder in folders)
            yield _Part(exchanges.cut(first, first + PART), first, 10, CHUNK, log, truth)

    gathered = Gathered()
    with _done(world, _write_part, parts(), processes) as written:
        for part in written:
            gathered.merge(part)
            progress("write", gathered.rows, len(exchanges))
    return gathered
