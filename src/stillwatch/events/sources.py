"""What an ingest reads: files, folders, globs, standard input; and whether a file mentions something at all."""

from __future__ import annotations

import glob
import re
from collections.abc import Iterable
from hashlib import blake2b, file_digest
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from stillwatch.errors import InputError
from stillwatch.events.raw_records import CHUNK, SourceBroken, chunks_of

if TYPE_CHECKING:
    from collections.abc import Callable

_OVERLAP = 128


class Source(NamedTuple):
    """One thing to read: a file, or standard input."""

    name: str
    path: Path | None
    size: int

    @property
    def identity(self) -> str:
        """What the record of a folder calls it."""
        return str(self.path.resolve()) if self.path else "-"


def find_sources(source: str | Path, out: Path) -> list[Source]:
    """The files that ``source`` names, in the order of their names, without hidden ones and those below ``out``.

    Raises:
        InputError: There are none.
    """
    if str(source) == "-":
        return [Source("-", None, 0)]
    path = Path(source)
    if path.is_file():
        return [Source(path.name, path, path.stat().st_size)]
    folder = path.is_dir()
    names = () if folder else glob.glob(str(source), recursive=True)  # noqa: PTH207 - takes no absolute pattern
    found: Iterable[Path] = path.rglob("*") if folder else map(Path, names)
    target = out.resolve()
    kept = []
    for each in sorted(found):
        parts = each.relative_to(path).parts if folder else (each.name,)
        hidden = any(part.startswith((".", "_")) for part in parts)
        if each.is_file() and not hidden and target not in each.resolve().parents:
            kept.append(Source("/".join(parts) if folder else str(each), each, each.stat().st_size))
    if not kept:
        raise InputError(
            f"Cannot read {source}: {'the folder holds no file' if folder else 'there is no such file'}.",
            hint="Name a file, a folder, a quoted glob such as 'logs/*.jsonl.gz', or - for standard input.",
        )
    return kept


def digest_of(source: Source) -> str:
    """A digest of a file's bytes; nothing for a stream.

    Raises:
        InputError: The file cannot be read.
    """
    if source.path is None:
        return ""
    try:
        with source.path.open("rb") as stream:
            return file_digest(stream, lambda: blake2b(digest_size=16)).hexdigest()
    except OSError as error:
        raise InputError(f"Cannot read {source.path}: {error.strerror}.", hint="Check the permissions.") from error


def mentions(path: Path, words: re.Pattern[bytes]) -> bool:
    """Whether a file's text, unpacked, holds one of some words of up to 128 bytes. A Parquet file may hold anything."""
    last = b""
    try:
        for chunk in chunks_of(path):
            if chunk is None:
                return True
            text = last + chunk
            if words.search(text):
                return True
            last = text[-_OVERLAP:]
    except SourceBroken:
        return False  # the reading itself says what is broken
    return False


class Rewindable:
    """A stream whose beginning can be read twice."""

    def __init__(self, stream: BinaryIO) -> None:
        """Keep what is read, until :meth:`rewind`."""
        self._stream = stream
        self._kept: list[bytes] | None = []
        self._again = b""

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes, at least one before the end."""
        if self._again:
            taken = self._again if size < 0 else self._again[:size]
            self._again = self._again[len(taken) :]
            return taken + self._stream.read() if size < 0 else taken
        data = self._stream.read(size)
        if self._kept is not None:
            self._kept.append(data)
        return data

    def rewind(self) -> None:
        """Go back to the beginning, once."""
        self._again, self._kept = b"".join(self._kept or []), None

    def pour(self, path: Path, told: Callable[[int], None]) -> None:
        """Write all that is left to a file that only its owner can read.

        Raises:
            OSError: It cannot be written.
        """
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        with path.open("wb") as file:
            while chunk := self.read(CHUNK):
                file.write(chunk)
                told(len(chunk))
