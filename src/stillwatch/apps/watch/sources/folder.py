"""A folder of arriving files: each new name is one batch.

A file counts when it is whole: renamed into place (a Parquet file with its footer, or a file that was not changed for
:data:`SETTLE` seconds), or unchanged in size and time for as long since it was first seen. Hidden files, and those that begin
with an underscore or end in ``.tmp``, ``.part`` or ``.partial``, are somebody's unfinished work. A file that cannot be read is
set aside whole, with its reason, and the watch goes on.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from stillwatch.apps.watch.batch import Batch, FileSeen, Resume, shaped
from stillwatch.apps.watch.sources.records import Read, Records
from stillwatch.detect.log import COLUMNS
from stillwatch.errors import InputError
from stillwatch.events.adapters.protocol import Adapter, AdapterContext
from stillwatch.events.raw_records import RawRecord, SourceBroken, read_file
from stillwatch.events.read import read_exchanges
from stillwatch.events.rejects import Ledger, Rejects

SETTLE = 2.0
"""Seconds without a change after which a file is whole."""
POLL = 0.5
"""Seconds between looks into the folder."""
TRIES = 5
"""Times that a file which the system does not let us open is tried before it is set aside."""
GROUP = 5_000
"""Records of a foreign format that are converted together."""
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".inprogress")

Clock = Callable[[], int]


class _Found(NamedTuple):
    """A file as the folder shows it."""

    name: str
    size: int
    modified_ns: int


class FolderSource:
    """Batches out of a folder."""

    def __init__(
        self,
        folder: Path,
        resume: Resume,
        context: AdapterContext,
        clock: Clock,
        *,
        metadata_only: bool = False,
        memory: str = "512MB",
        adapter: Adapter | None = None,
    ) -> None:
        """Begin; files known to ``resume`` are passed over.

        Raises:
            InputError: There is no such folder.
        """
        if not folder.is_dir():
            raise InputError(
                f"{folder} is no folder", hint="Name a folder into which log files are put, or a URL of a source."
            )
        self.name = folder.name
        self._folder = folder
        self._context = context
        self._clock = clock
        self._metadata_only = metadata_only
        self._memory = memory
        self._adapter = adapter
        self._known = set(resume.files)
        self._waiting: dict[str, tuple[_Found, float]] = {}
        self._tries: dict[str, int] = {}
        self._ready: list[_Found] = []
        self._looked = 0.0
        self._quiet = False
        self.backlog = frozenset(each.name for each in self._listed()) if resume.new else resume.backlog

    def next(self, timeout: float) -> Batch | None:
        """The next whole file, in the order of names."""
        until = time.monotonic() + timeout
        while True:
            if not self._ready:
                self._look()
            if self._ready:
                batch = self._read(self._ready.pop(0))
                if batch is not None:
                    return batch
                continue
            left = until - time.monotonic()
            if left <= 0:
                return None
            time.sleep(min(POLL, left))

    def done(self, batch: Batch) -> None:
        """Nothing is owed: the state knows the file's name."""

    def drained(self) -> bool:
        """Whether nothing is waiting to become whole."""
        return not self._ready and not self._waiting and self._quiet

    def problem(self) -> str:
        """The folder is gone."""
        return "" if self._folder.is_dir() else "the folder is not there"

    def close(self, *, failed: bool = False) -> None:
        """Nothing is held open."""

    def _listed(self) -> Iterator[_Found]:
        for folder, folders, files in os.walk(self._folder):
            folders[:] = sorted(name for name in folders if not name.startswith((".", "_")))
            for file in files:
                if file.startswith((".", "_")) or file.endswith(_UNFINISHED):
                    continue
                path = Path(folder, file)
                try:
                    seen = path.stat()
                except OSError:  # it went away between listing and looking
                    continue
                yield _Found(path.relative_to(self._folder).as_posix(), seen.st_size, seen.st_mtime_ns)

    def _look(self) -> None:
        """Find new files that are whole."""
        now = time.monotonic()
        waited = POLL - (now - self._looked)
        if self._looked and waited > 0:
            return
        self._looked = now
        wall = self._clock() / 1e6
        found = sorted(each for each in self._listed() if each.name not in self._known)
        self._quiet = not found
        waiting: dict[str, tuple[_Found, float]] = {}
        for each in found:
            before, since = self._waiting.get(each.name, (each, now))
            since = since if before == each else now
            old = wall - each.modified_ns / 1e9 >= SETTLE
            if old or now - since >= SETTLE or self._has_footer(each):
                self._ready.append(each)
            else:
                waiting[each.name] = (each, since)
        self._waiting = waiting

    def _has_footer(self, file: _Found) -> bool:
        """Whether it is a Parquet file that is whole."""
        try:
            with (self._folder / file.name).open("rb") as stream:
                if file.size < 12 or stream.read(4) != b"PAR1":
                    return False
                stream.seek(-4, os.SEEK_END)
                return stream.read(4) == b"PAR1"
        except OSError:
            return False

    def _read(self, file: _Found) -> Batch | None:
        """A file as a batch; one that cannot be read is a batch without rows that says why. None: tried again later."""
        path = self._folder / file.name
        arrived = self._clock()
        try:
            path.open("rb").close()
        except OSError as error:
            if isinstance(error, FileNotFoundError):
                return None
            self._tries[file.name] = self._tries.get(file.name, 0) + 1
            if self._tries[file.name] < TRIES:
                return None
            return self._aside(file, f"cannot be opened: {error.strerror}", arrived)
        self._known.add(file.name)
        self._tries.pop(file.name, None)
        if not file.size:
            return self._aside(file, "empty file", arrived)
        try:
            table, seen, rejects = self._rows(path, file.name)
        except InputError as error:
            return self._aside(file, _bare(error.message, path), arrived)
        except (pa.ArrowException, SourceBroken, ValueError, OverflowError) as error:
            return self._aside(file, f"cannot be read: {type(error).__name__}", arrived)
        return Batch(
            origin=file.name,
            table=table,
            seen=seen,
            rejects=rejects,
            files=(FileSeen(*file),),
            backlog=file.name in self.backlog,
            arrived_us=arrived,
        )

    def _rows(self, path: Path, name: str) -> Read:
        """Rows of a file: of the contract's columns at full speed, of other formats record by record."""
        if self._adapter is not None and self._adapter.name != "contract":
            return self._foreign(path, name) or Read(shaped(pa.table({})), 0, Rejects())
        try:
            read = read_exchanges(path, metadata_only=self._metadata_only, columns=COLUMNS, memory=self._memory)
        except InputError as error:
            foreign = self._foreign(path, name)
            if foreign is None:
                raise error from None
            return foreign
        return Read(shaped(read.table), read.seen, read.rejects)

    def _foreign(self, path: Path, name: str) -> Read | None:
        """A file of another known format; None where none is known."""
        records = Records(self._adapter, self._context, metadata_only=self._metadata_only)
        group: list[RawRecord] = []
        try:
            for record in read_file(path):
                group.append(record)
                if len(group) == GROUP:
                    records.add(group, name)
                    group = []
        except SourceBroken as error:
            records.ledger.reject(name, "", str(error), rows=1, first=[0])
        records.add(group, name)
        return records.read(name) if len(records) else None

    def _aside(self, file: _Found, problem: str, arrived: int) -> Batch:
        self._known.add(file.name)
        ledger = Ledger()
        ledger.reject(file.name, "", problem, rows=1, first=[0])
        return Batch(
            origin=file.name,
            table=shaped(pa.table({})),
            seen=1,
            rejects=ledger.close(),
            files=(FileSeen(*file, problem),),
            backlog=file.name in self.backlog,
            arrived_us=arrived,
        )


def _bare(message: str, path: Path) -> str:
    """A message without the path: reasons are counted, and a folder of a thousand poison files has few."""
    return (
        message.replace(f"Cannot read {path}: ", "").replace(f"{path}: ", "").replace(str(path), "the file").rstrip(".")
    )
