"""Files of the state: written whole under another name, made durable, renamed; listed by the state or removed.

Three kinds, each named by its batch: ``rows-N.parquet`` (the exchanges, prompts as hashes), ``sketches-N.parquet`` (what
is known of prompts first seen in the batch), ``texts-N.parquet`` (raw prompts, only where they are kept for a while).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import OutputError

FOLDER = "partitions"
_PARTIAL = ".partial"
ROOM = "Everything committed so far is whole: make room and start the watch again."


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """Rows committed together: ``number`` orders partitions; times are microseconds, first and last of its rows."""

    number: int
    rows: int
    first_us: int
    last_us: int
    path: str
    sketches: str | None = None
    texts: str | None = None


class Partitions:
    """The folder of partitions."""

    def __init__(self, state: Path) -> None:
        """Make the folder where it is missing.

        Raises:
            OutputError: It cannot be made.
        """
        self.folder = state / FOLDER
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise failed(self.folder, error) from error

    def write(self, name: str, table: pa.Table) -> Path:
        """Write ``table`` as ``name``, durable before it has its name.

        Raises:
            OutputError: It cannot be written; nothing of it stays.
        """
        path = self.folder / name
        partial = path.with_name(name + _PARTIAL)
        try:
            pq.write_table(table, partial, compression="zstd", compression_level=1, store_schema=False)
            sync(partial)
            partial.rename(path)
            sync(self.folder)
        except (OSError, pa.ArrowException) as error:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)
            raise failed(self.folder, error) from error
        return path

    def sweep(self, listed: Iterable[str]) -> int:
        """Remove what the state does not list: left by a kill between writing and committing. Returns how many."""
        known = set(listed)
        strays = [path for path in self.folder.iterdir() if path.name not in known]
        self.remove(path.name for path in strays)
        return len(strays)

    def remove(self, names: Iterable[str]) -> None:
        """Remove files that are listed no more; one that cannot be removed now is swept at the next start."""
        for name in names:
            with contextlib.suppress(OSError):
                (self.folder / name).unlink(missing_ok=True)


def sync(path: Path) -> None:
    """Have the system write a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def failed(where: Path, error: Exception) -> OutputError:
    """The error for a place that cannot be written."""
    return OutputError(f"Cannot write to {where}: {getattr(error, 'strerror', None) or error}.", hint=ROOM)
