"""Where ingested exchanges land: a folder of Parquet parts, a list of rejects, and a record of what is done.

``part-00001.parquet`` and so on hold exchanges, ``_rejects.jsonl`` one line per record set aside, ``_ingest.json``
which files are done and what was found in them. A part is written under a hidden name and renamed when it is
whole, then the record is; so a killed run leaves whole parts only, and the next run takes up where it ended:
exchanges of a file that was half done are recognised by their ids.
"""

from __future__ import annotations

import contextlib
import os
from hashlib import blake2b
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import InputError, OutputError, UsageError
from stillwatch.events.model import EXCHANGES, Exchange, Reject

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

ROWS_PER_PART = 20_000
TEXT_PER_PART = 64 << 20
MANIFEST = "_ingest.json"
REJECTS = "_rejects.jsonl"

_TYPES: dict[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
}
SCHEMA = pa.schema([pa.field(column.name, _TYPES[column.sql], nullable=column.nullable) for column in EXCHANGES])


class FileDone(msgspec.Struct, frozen=True, kw_only=True):
    """One source file that was read to its end, or to where it broke.

    ``repairs`` are counts; ``repair_rows`` are the first rows in which each was made.
    """

    file: str
    path: str
    size: int
    digest: str
    format: str
    records: int
    exchanges: int
    already_present: int
    rejects: dict[str, int]
    not_exchanges: dict[str, int]
    repairs: dict[str, int]
    times_stepping_back: int
    reading: str
    rejects_start: int
    rejects_end: int
    repair_rows: dict[str, list[int]] = msgspec.field(default_factory=dict)


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The record of a folder: under which settings it was written, what is done, how many parts there are."""

    version: int
    settings: dict[str, str | bool]
    parts: int
    files: tuple[FileDone, ...]


class SeenIds:
    """Which ids were met, in 8 bytes each: sorted runs of keyed hashes and a small set of the newest.

    Two ids are taken for one with a chance of about n²/2^65 among n: 7e-6 for 16 million. The key keeps customers,
    who choose ids of batches, from steering it.
    """

    _NEWEST = 100_000

    def __init__(self, key: bytes) -> None:
        """Begin empty."""
        self._key = key
        self._newest: set[int] = set()
        self._runs: list[npt.NDArray[np.uint64]] = []

    def add(self, name: str) -> bool:
        """Take an id in; False when it was there."""
        hashed = self._hash(name)
        if hashed in self._newest or self._in_runs(hashed):
            return False
        self._newest.add(hashed)
        if len(self._newest) >= self._NEWEST:
            self.settle()
        return True

    def __contains__(self, name: str) -> bool:
        """Whether an id was met."""
        hashed = self._hash(name)
        return hashed in self._newest or self._in_runs(hashed)

    def add_all(self, names: Iterable[str]) -> None:
        """Take many ids in."""
        self._newest.update(map(self._hash, names))
        if len(self._newest) >= self._NEWEST:
            self.settle()

    def settle(self) -> None:
        """Sort the newest into the runs; runs of like length are merged, so that there are few."""
        run = np.fromiter(self._newest, np.uint64, len(self._newest))
        run.sort()
        self._newest = set()
        while self._runs and len(self._runs[-1]) <= 2 * len(run):
            run = np.sort(np.concatenate([self._runs.pop(), run]))
        self._runs.append(run)

    def _in_runs(self, hashed: int) -> bool:
        value = np.uint64(hashed)
        for run in self._runs:
            at = int(run.searchsorted(value))
            if at < len(run) and run[at] == value:
                return True
        return False

    def _hash(self, name: str) -> int:
        digest = blake2b(name.encode("utf-8", "replace"), key=self._key, digest_size=8, person=b"seen-ids")
        return int.from_bytes(digest.digest(), "big")


class Landing:
    """Writes parts, rejects and the record into one folder. Not for two processes at once."""

    def __init__(self, out: Path, settings: dict[str, str | bool]) -> None:
        """Open a folder, new or of an earlier run under the same settings.

        Raises:
            UsageError: The folder was written under other settings, or holds something else.
            OutputError: It cannot be written.
        """
        self.out = out
        self.settings = settings
        self.earlier = self._open()
        self.files: list[FileDone] = list(self.earlier.files)
        self.parts = self._count_parts()
        self._rows: list[Exchange] = []
        self._text = 0
        self._waiting: list[FileDone] = []
        self._lines: list[bytes] = []
        self._rejects_end = self._cut_rejects()

    def earlier_ids(self, seen: SeenIds) -> None:
        """Take the ids of the parts that are there into ``seen``.

        Raises:
            InputError: A part cannot be read.
        """
        for path in self.part_paths():
            try:
                seen.add_all(pq.read_table(path, columns=["exchange_id"]).column(0).to_pylist())
            except (pa.ArrowException, OSError) as error:
                raise InputError(f"Cannot read {path}.", hint="Ingest into a new folder.") from error

    def part_paths(self) -> list[Path]:
        """The parts that are there."""
        return [self.out / _part_name(number) for number in range(1, self.parts + 1)]

    def add(self, exchange: Exchange) -> None:
        """Take one exchange; a full part is written."""
        self._rows.append(exchange)
        self._text += sum(len(text) for text in (exchange.prompt, exchange.system_prompt, exchange.response) if text)
        if len(self._rows) >= ROWS_PER_PART or self._text >= TEXT_PER_PART:
            self.commit()

    def reject(self, reject: Reject) -> None:
        """Take one reject."""
        self._lines.append(msgspec.json.encode(reject) + b"\n")
        self._rejects_end += len(self._lines[-1])
        if len(self._lines) >= 500:
            self._write_rejects()

    @property
    def rejects_end(self) -> int:
        """Where the list of rejects ends now, in bytes."""
        return self._rejects_end

    def forget(self, paths: set[str]) -> None:
        """Drop what is recorded of files that are about to be read again, with their lines in the list of rejects.

        Raises:
            OutputError: The list cannot be written.
        """
        if not any(done.path in paths for done in self.files):
            return
        whole = (self.out / REJECTS).read_bytes()
        kept: list[FileDone] = []
        lines = b""
        for done in self.files:
            if done.path not in paths:
                start = len(lines)
                lines += whole[done.rejects_start : done.rejects_end]
                kept.append(msgspec.structs.replace(done, rejects_start=start, rejects_end=len(lines)))
        self._write_whole(REJECTS, lines)
        self.files, self._rejects_end = kept, len(lines)
        self.commit()

    def file_done(self, done: FileDone) -> None:
        """A file was read to its end; it counts as done with the next commit."""
        self._waiting = [*self._waiting, done]

    def commit(self) -> None:
        """Write what was taken and record it.

        Raises:
            OutputError: It cannot be written; nothing half-written stays.
        """
        if self._rows:
            self._write_part(self._rows, self.parts + 1)
            self.parts += 1
        self._rows, self._text = [], 0
        self._write_rejects()
        again = {done.path for done in self._waiting}
        self.files = [done for done in self.files if done.path not in again] + self._waiting
        self._waiting = []
        manifest = Manifest(version=1, settings=self.settings, parts=self.parts, files=tuple(self.files))
        self._write_whole(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")

    def _open(self) -> Manifest:
        try:
            self.out.mkdir(parents=True, exist_ok=True)
            for stale in self.out.glob(".*.tmp"):
                stale.unlink()
            path = self.out / MANIFEST
            if path.is_file():
                manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
            elif any(self.out.glob("*.parquet")) and not (self.out / REJECTS).exists():
                raise UsageError(
                    f"{self.out} holds Parquet files that no ingest wrote",
                    hint="Name a new or empty folder with --out.",
                )
            else:
                manifest = Manifest(version=1, settings=self.settings, parts=0, files=())
        except OSError as error:
            raise OutputError(f"Cannot write to {self.out}: {error.strerror}.") from error
        except msgspec.MsgspecError as error:
            raise UsageError(
                f"{self.out / MANIFEST} is no record of an ingest", hint="Name a new folder with --out."
            ) from error
        if manifest.settings != self.settings:
            other = sorted(name for name in self.settings if manifest.settings.get(name) != self.settings[name])
            raise UsageError(
                f"{self.out} was written under other settings: {', '.join(other)}",
                hint="Hashes and pseudonyms of one folder must be of one key: name a new folder with --out.",
            )
        return manifest

    def _count_parts(self) -> int:
        """Parts that are there. One more than recorded may be: it was whole before the record was written."""
        number = self.earlier.parts
        while (self.out / _part_name(number + 1)).is_file():
            number += 1
        return number

    def _cut_rejects(self) -> int:
        """Rejects of a file that was not done are found again: they are cut off."""
        path = self.out / REJECTS
        end = max((done.rejects_end for done in self.files), default=0)
        try:
            if path.is_file():
                os.truncate(path, min(end, path.stat().st_size))
            else:
                path.touch()
        except OSError as error:
            raise OutputError(f"Cannot write {path}: {error.strerror}.") from error
        return path.stat().st_size

    def _write_rejects(self) -> None:
        if not self._lines:
            return
        try:
            # Whole lines in one call to the system: a kill leaves none half-written.
            with (self.out / REJECTS).open("ab", buffering=0) as stream:
                stream.write(b"".join(self._lines))
        except OSError as error:
            raise OutputError(f"Cannot write {self.out / REJECTS}: {error.strerror}.") from error
        self._lines = []

    def _write_part(self, rows: Sequence[Exchange], number: int) -> None:
        columns = {name: [getattr(row, name) for row in rows] for name in SCHEMA.names}
        table = pa.Table.from_pydict(columns, schema=SCHEMA)
        temporary = self.out / f".{_part_name(number)}.tmp"
        try:
            pq.write_table(table, temporary, compression="zstd")
            temporary.replace(self.out / _part_name(number))
        except (OSError, pa.ArrowException) as error:
            _remove(temporary)
            raise OutputError(
                f"Cannot write a part to {self.out}: {getattr(error, 'strerror', None) or error}.",
                hint="What was written before is whole: make room and run the same command again.",
            ) from error
        except BaseException:
            _remove(temporary)
            raise

    def _write_whole(self, name: str, content: bytes) -> None:
        temporary = self.out / f".{name}.tmp"
        try:
            temporary.write_bytes(content)
            temporary.replace(self.out / name)
        except OSError as error:
            _remove(temporary)
            raise OutputError(f"Cannot write {self.out / name}: {error.strerror}.") from error


def _part_name(number: int) -> str:
    return f"part-{number:05d}.parquet"


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
