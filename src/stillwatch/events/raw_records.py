"""Records out of files, whatever their packing, one at a time and in bounded memory.

JSON Lines, JSON arrays, single or concatenated JSON documents (also over many lines), plain or packed with gzip
or zstd; Parquet. Content decides, not the name. Every record is judged alone: a broken one yields its reason and
costs nothing else.
"""

from __future__ import annotations

import gzip
import json
import math
import zlib
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.events.json_split import LONGEST, Piece, split_documents, split_lines

if TYPE_CHECKING:
    from pathlib import Path

CHUNK = 1 << 20
"""Bytes taken from a file at a time."""
PARQUET_ROWS = 2_000
"""Rows of a Parquet file decoded at a time."""

NOT_JSON = "not JSON"
NOT_AN_OBJECT = "not a JSON object"
TOO_LONG = f"record longer than {LONGEST >> 20} MiB"
TOO_DEEP = "nested too deeply"
ENDS_EARLY = "file ends early or is broken"
CUT_RECORD = "record is cut off by the end of the file"
BAD_BYTES = "text: not UTF-8, replaced"

Told = Callable[[int], None]


class RawRecord(NamedTuple):
    """One record: its number from 1, its object or the reason why there is none, and what was mended on the way."""

    row: int
    value: Mapping[str, object] | None
    problem: str
    repair: str = ""


class SourceBroken(Exception):
    """The rest of a file cannot be read; the message says why, without the file's content."""


def read_file(path: Path, told: Told = lambda _bytes: None) -> Iterator[RawRecord]:
    """The records of a file.

    Args:
        path: A file.
        told: Called with the number of raw bytes taken since the last call.

    Raises:
        SourceBroken: The file is cut off, is not what its first bytes say, or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            yield from _records(stream, path, told)
    except OSError as error:
        raise SourceBroken(f"cannot be read: {error.strerror or ENDS_EARLY}") from error


def read_stream(stream: BinaryIO, told: Told = lambda _bytes: None) -> Iterator[RawRecord]:
    """The records of a stream such as standard input. Parquet needs a file.

    Raises:
        SourceBroken: The stream is cut off.
    """
    yield from _records(stream, None, told)


def chunks_of(path: Path) -> Iterator[bytes | None]:
    """The unpacked text of a file, piece by piece; one None for a Parquet file, which is no text.

    Raises:
        SourceBroken: The file is cut off or cannot be read.
    """
    try:
        with path.open("rb") as stream:
            counted = _Counted(stream, lambda _bytes: None)
            if counted.peek(4) == b"PAR1":
                yield None
            else:
                yield from _unpacked(counted)
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise SourceBroken(ENDS_EARLY) from error


def decode(text: bytes, row: int) -> RawRecord:
    """One record's bytes as an object; bytes that are no UTF-8 are replaced and the repair is named."""
    repair = ""
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        try:
            mended = text.decode("utf-8")
        except UnicodeDecodeError:
            mended, repair = text.decode("utf-8", "replace"), BAD_BYTES
        try:
            # The standard library also takes what Python's own writers leave: NaN, lone surrogates.
            value = json.loads(mended)
        except RecursionError:
            return RawRecord(row, None, TOO_DEEP)
        except ValueError:
            return RawRecord(row, None, NOT_JSON)
    if not isinstance(value, dict):
        return RawRecord(row, None, NOT_AN_OBJECT)
    return RawRecord(row, value, "", repair)


def _records(stream: BinaryIO, path: Path | None, told: Told) -> Iterator[RawRecord]:
    counted = _Counted(stream, told)
    head = counted.peek(4)
    if head == b"PAR1":
        if path is None:
            raise SourceBroken("Parquet needs a file, not a stream")
        yield from _parquet(path, told)
        return
    try:
        yield from _json(_unpacked(counted))
    except (EOFError, OSError, zlib.error, pa.ArrowException) as error:
        raise SourceBroken(ENDS_EARLY) from error


def _unpacked(counted: _Counted) -> Iterator[bytes]:
    head = counted.peek(4)
    if head[:2] == b"\x1f\x8b":
        return _chunks(gzip.GzipFile(fileobj=cast("BinaryIO", counted), mode="rb"))
    if head == b"\x28\xb5\x2f\xfd":
        return _chunks(pa.CompressedInputStream(pa.PythonFile(counted, "r"), "zstd"))
    return _chunks(counted)


def _chunks(stream: Any) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK):
        yield bytes(chunk)


def _json(chunks: Iterator[bytes]) -> Iterator[RawRecord]:
    """Lines or documents, told from the beginning of the text."""
    head = next(chunks, b"").removeprefix(b"\xef\xbb\xbf")
    if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise SourceBroken("UTF-16 text: convert it to UTF-8")
    pieces = split_lines(head, chunks) if _is_lines(head) else split_documents(head, chunks)
    row = 0
    for piece in pieces:
        row += 1
        match piece:
            case Piece.TOO_LONG:
                yield RawRecord(row, None, TOO_LONG)
            case Piece.CUT_OFF:
                yield RawRecord(row, None, CUT_RECORD)
            case Piece.STRAY:
                yield RawRecord(row, None, NOT_AN_OBJECT)
            case Piece.BLANK:
                continue
            case _:
                yield decode(piece, row)


def _is_lines(head: bytes) -> bool:
    """One object a line, unless the text is an array or its first line is the beginning of a longer object."""
    text = head.lstrip()
    if text.startswith(b"["):
        return False
    line, end, _ = text.partition(b"\n")
    if not end or not line.startswith(b"{"):
        return True
    return not decode(line, 1).problem or not line.rstrip().endswith((b"{", b"[", b",", b":"))


def _parquet(path: Path, told: Told) -> Iterator[RawRecord]:
    try:
        with pq.ParquetFile(path) as file:
            rows, size, row = max(file.metadata.num_rows, 1), path.stat().st_size, 0
            for batch in file.iter_batches(batch_size=PARQUET_ROWS):
                told(size * batch.num_rows // rows)
                for values, repair in _rows(batch):
                    row += 1
                    yield RawRecord(row, values, "", repair)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise SourceBroken(f"Parquet {ENDS_EARLY}") from error


def _rows(batch: pa.RecordBatch) -> Iterator[tuple[dict[str, object], str]]:
    """A batch's rows as objects; NaN reads as null, since data frames write missing whole numbers so."""
    columns = {}
    repair = ""
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        fine = pa.types.is_timestamp(column.type) and column.type.unit == "ns"
        known = column.cast(pa.timestamp("us", column.type.tz), safe=False) if fine else column
        try:
            values = known.to_pylist()
        except UnicodeDecodeError:
            repair = BAD_BYTES
            values = _mended(known)
        columns[name] = [None if isinstance(value, float) and math.isnan(value) else value for value in values]
    for at in range(batch.num_rows):
        yield {name: values[at] for name, values in columns.items()}, repair


def _mended(column: pa.Array) -> list[object]:
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        raise SourceBroken("Parquet holds nested text that is not UTF-8")
    wide = pa.large_binary() if pa.types.is_large_string(column.type) else pa.binary()
    return [None if raw is None else raw.decode("utf-8", "replace") for raw in column.cast(wide).to_pylist()]


class _Counted:
    """A stream that tells how much was taken from it and lets its first bytes be looked at."""

    closed = False

    def __init__(self, stream: BinaryIO, told: Told) -> None:
        self._stream = stream
        self._told = told
        self._held = b""

    def peek(self, size: int) -> bytes:
        while len(self._held) < size and (more := self._stream.read(size - len(self._held))):
            self._held += more
        return self._held[:size]

    def read(self, size: int = -1) -> bytes:
        if self._held:
            taken = self._held if size < 0 else self._held[:size]
            self._held = self._held[len(taken) :]
            taken += self._stream.read(size - len(taken) if size >= 0 else -1) if size != len(taken) else b""
        else:
            taken = self._stream.read(size)
        self._told(len(taken))
        return taken

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        """Whoever opened the stream closes it."""
