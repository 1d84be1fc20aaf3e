"""JSON Lines as blocks of Arrow columns, with the number of every line that cannot be read.

Each line is judged alone: broken text, broken JSON or a line that is no object costs that line, not the file.
"""

from __future__ import annotations

import gzip
import zlib
from operator import attrgetter
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import msgspec
import pyarrow as pa

from stillwatch.events._files import Form

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from stillwatch.events._files import LogFile

BLOCK = 16 << 20
"""Bytes decoded at a time."""
PIECE = 64 << 10
"""Bytes decompressed at a time."""
LONGEST = 64 << 20
"""A longer line is set aside, so that a file without line ends cannot fill the memory."""

NOT_UTF8 = "not UTF-8"
NOT_JSON = "not JSON"
NOT_AN_OBJECT = "not a JSON object"
TOO_LONG = "line longer than 64 MiB"
CUT_OFF = "file ends early or is broken"

ROW = "_line"


class Broken(NamedTuple):
    """A line that was set aside."""

    line: int
    reason: str


class Block(NamedTuple):
    """Some lines of a file: their columns (with the line number in ``ROW``) and those set aside."""

    table: pa.Table
    broken: list[Broken]


def _open(file: LogFile) -> BinaryIO | gzip.GzipFile:
    if file.form is Form.LINES_GZIP:
        return gzip.open(file.path, "rb")
    if file.form is Form.LINES_ZSTD:
        stream: BinaryIO = pa.CompressedInputStream(pa.OSFile(str(file.path), "rb"), "zstd")
        return stream
    return file.path.open("rb")


class _Splitter:
    """Cuts a stream into numbered lines; a line that grows over ``LONGEST`` is dropped as it comes."""

    def __init__(self) -> None:
        self.line = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes, broken: list[Broken]) -> list[tuple[int, bytes]]:
        *ended, rest = data.split(b"\n")
        lines = []
        for piece in ended:
            self._keep(piece)
            lines += self.end(broken)
        self._keep(rest)
        return lines

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > LONGEST:
            self._parts = []
        elif piece:
            self._parts.append(piece)

    def end(self, broken: list[Broken]) -> list[tuple[int, bytes]]:
        """Close the line that is open."""
        self.line += 1
        if self._size > LONGEST:
            broken.append(Broken(self.line, TOO_LONG))
        text = b"".join(self._parts)
        self._parts, self._size = [], 0
        if self.line == 1:
            text = text.removeprefix(b"\xef\xbb\xbf")
        return [(self.line, text)] if text.strip() else []


def _column(values: list[Any]) -> pa.Array:
    """Values of one field as an Arrow column; where they are nested or their types differ, each as (JSON) text."""
    try:
        column = pa.array(values, from_pandas=False)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        column = None
    if column is None or pa.types.is_nested(column.type):
        texts = (v if v is None or isinstance(v, str) else msgspec.json.encode(v).decode() for v in values)
        column = pa.array(list(texts), pa.large_string())
    return column


def _reason(error: Exception) -> str:
    if isinstance(error, UnicodeDecodeError):
        return NOT_UTF8
    return (
        NOT_AN_OBJECT if isinstance(error, msgspec.ValidationError) and "Expected `object`" in str(error) else NOT_JSON
    )


class LineReader:
    """Reads the fields ``names`` of one file, block by block; ``others`` are field names seen and not asked for."""

    def __init__(self, file: LogFile, names: Sequence[str]) -> None:
        """Prepare; nothing is opened before :meth:`blocks`."""
        self._file = file
        self._names = tuple(names)
        fields = [(f"f{i}", Any, msgspec.field(default=None, name=name)) for i, name in enumerate(self._names)]
        self._decoder = msgspec.json.Decoder(msgspec.defstruct("Line", fields))
        self.others: set[str] = set()

    def blocks(self) -> Iterator[Block]:
        """All lines; a compressed file that ends early yields what came before, and one broken line.

        Raises:
            OSError: nothing can be read.
        """
        splitter = _Splitter()
        broken: list[Broken] = []
        for data in self._data():
            if data is None:
                broken.append(Broken(splitter.line + 1, CUT_OFF))
                yield self._decode([], broken)
                return
            lines = splitter.feed(data, broken)
            yield self._decode(lines, broken)
            broken = []
        yield self._decode(splitter.end(broken), broken)

    def _data(self) -> Iterator[bytes | None]:
        """The file in blocks; ``None`` at the end if it ends early."""
        # Small pieces, so that little is lost where a compressed file breaks.
        piece = BLOCK if self._file.form is Form.LINES else PIECE
        size, started = 0, False
        with _open(self._file) as stream:
            gathered: list[bytes] = []
            try:
                while data := stream.read(piece):
                    gathered.append(data)
                    size += len(data)
                    started = True
                    if size >= BLOCK:
                        yield b"".join(gathered)
                        gathered, size = [], 0
            except (OSError, EOFError, zlib.error) as error:
                if not started:
                    raise OSError(CUT_OFF) from error
                yield b"".join(gathered)
                yield None
                return
            yield b"".join(gathered)

    def _decode(self, lines: list[tuple[int, bytes]], broken: list[Broken]) -> Block:
        rows, numbers = [], []
        for number, text in lines:
            try:
                rows.append(self._decoder.decode(text))
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
                broken.append(Broken(number, _reason(error)))
            else:
                numbers.append(number)
                if len(numbers) == 1:
                    self.others |= msgspec.json.decode(text).keys() - set(self._names)
        columns = {name: _column(list(map(attrgetter(f"f{i}"), rows))) for i, name in enumerate(self._names)}
        return Block(pa.table({**columns, ROW: pa.array(numbers, pa.int64())}), broken)
