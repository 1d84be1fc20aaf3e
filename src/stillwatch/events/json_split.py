"""JSON text cut into records without decoding it: by line, or by the brackets of documents and arrays.

A record longer than :data:`LONGEST` is passed over and named, so that no input can fill the memory.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST = 64 << 20

# A backslash with what it escapes, a quote, or a bracket.
_TOKEN = re.compile(rb'\\[\s\S]|["\[\]{}]')
_QUOTE = re.compile(rb'\\[\s\S]|"')
_BETWEEN = b" \t\r\n,"
_FILLING = 4 << 20


class Piece(Enum):
    """What stands where no record does."""

    BLANK = auto()
    TOO_LONG = auto()
    CUT_OFF = auto()
    STRAY = auto()


def split_lines(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes | Piece]:
    """The lines of a text; the last one may lack its line end. ``head`` was taken from ``chunks`` before."""
    held: list[bytes] = []
    size = 0
    for chunk in _joined(head, chunks):
        lines = chunk.split(b"\n")
        for at, line in enumerate(lines):
            size += len(line)
            if size <= LONGEST:
                held.append(line)
            else:
                held.clear()
            if at < len(lines) - 1:
                yield _line(held, size)
                held, size = [], 0
    if size:
        yield _line(held, size)


def split_documents(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes | Piece]:
    """Objects that follow one another, or the members of arrays; other values between them are strays."""
    scan = _Scan()
    for chunk in _joined(head, chunks):
        yield from scan.feed(chunk)
    yield from scan.end()


class _Scan:
    """Finds where objects begin and end, over the borders of chunks."""

    def __init__(self) -> None:
        self._text = b""
        self._at = 0  # scanned up to here
        self._start = -1  # where the open object begins; -1 between objects
        self._between = 0  # where the text after the last object begins
        self._depth = 0
        self._quoted = False
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[bytes | Piece]:
        """Take more text; yields the objects that it completes."""
        self._text += chunk
        # A backslash at the border waits for the character it escapes.
        end = len(self._text) - (self._text.endswith(b"\\"))
        while found := (_QUOTE if self._quoted else _TOKEN).search(self._text, self._at, end):
            self._at = found.end()
            token = found[0]
            if token == b'"':
                self._quoted = not self._quoted
            elif token in b"[{":
                yield from self._open(token, found.start())
            elif token in b"]}":
                yield from self._close(token)
        self._at = max(self._at, end)
        self._trim()

    def end(self) -> Iterator[Piece]:
        """After the last text."""
        if self._start >= 0:
            yield Piece.CUT_OFF
        elif self._text[self._between :].strip(_BETWEEN):
            yield Piece.STRAY

    def _open(self, token: bytes, at: int) -> Iterator[Piece]:
        if self._start >= 0:
            self._depth += 1
            return
        if self._text[self._between : at].strip(_BETWEEN):
            yield Piece.STRAY
        self._between = at + 1
        if token == b"{":
            self._start, self._depth = at, 1

    def _close(self, token: bytes) -> Iterator[bytes | Piece]:
        if self._start < 0:
            if self._text[self._between : self._at - len(token)].strip(_BETWEEN):
                yield Piece.STRAY
            self._between = self._at
            return
        self._depth -= 1
        if self._depth == 0:
            yield Piece.TOO_LONG if self._too_long else self._text[self._start : self._at]
            self._start, self._between, self._too_long = -1, self._at, False

    def _trim(self) -> None:
        """Forget text that no record needs any more."""
        if self._start >= 0 and len(self._text) - self._start > LONGEST:
            self._too_long = True
        keep = self._at if self._too_long else self._start if self._start >= 0 else self._between
        if self._start < 0 and self._at - keep > _FILLING:
            keep = self._at - 1  # endless filling between objects: one byte of it still tells a stray
        self._text = self._text[keep:]
        self._at -= keep
        self._between = max(0, self._between - keep)
        self._start = max(0, self._start - keep) if self._start >= 0 else -1


def _joined(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    if head:
        yield head
    yield from chunks


def _line(held: list[bytes], size: int) -> bytes | Piece:
    if size > LONGEST:
        return Piece.TOO_LONG
    line = b"".join(held).strip()
    return line or Piece.BLANK
