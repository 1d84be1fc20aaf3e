"""From files of the contract to canonical rows on disk, a batch at a time, with the checks of every reader.

Same rows as :func:`stillwatch.events.read.read_exchanges`: a bad row is set aside with file, row, field and reason, a broken
file leaves nothing behind. Rows that repeat an ``exchange_id`` are found later, by the engine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stillwatch.errors import InputError
from stillwatch.events import _files
from stillwatch.events._pass import FilePass, Wanted
from stillwatch.events._scan import Limits, Scan
from stillwatch.events.canonical import READ
from stillwatch.events.engines.layout import CanonicalColumns, Collected, Layout
from stillwatch.events.engines.protocol import Loaded
from stillwatch.events.model import EXCHANGES
from stillwatch.events.read import MALFORMED_ADDRESS
from stillwatch.events.rejects import Ledger

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import duckdb

    from stillwatch.events._files import LogFile
    from stillwatch.events.model import Column


class _Pass(FilePass):
    """A pass whose batches become canonical rows."""

    def __init__(
        self, engine: duckdb.DuckDBPyConnection, wanted: Wanted, ledger: Ledger, file: LogFile, layout: Layout
    ) -> None:
        super().__init__(engine, wanted, ledger, file)
        self.made = CanonicalColumns(wanted.columns, layout)
        self.columns = self.made

    def close(self) -> None:
        self._ledger.repair(self._file.name, "ip", MALFORMED_ADDRESS, self.made.bad_addresses)
        super().close()


class CanonicalScan(Scan):
    """Reads files into a layout."""

    def __init__(self, wanted: Wanted, limits: Limits, ledger: Ledger, layout: Layout) -> None:
        """Prepare an engine for reading."""
        super().__init__(wanted, limits, ledger)
        self.columns = Collected.start()
        self._layout = layout

    def _begin(self, file: LogFile) -> FilePass:
        return _Pass(self._engine, self._wanted, self._ledger, file, self._layout)


def wanted_columns(*, metadata_only: bool) -> tuple[Column, ...]:
    """The contract's columns that canonical rows are made from."""
    read = READ - {"prompt"} if metadata_only else READ
    return tuple(column for column in EXCHANGES if not column.nullable or column.name in read)


def scan_to(
    layout: Layout, source: str | Path, *, until: datetime | None, metadata_only: bool, limits: Limits
) -> Loaded:
    """Read a log into a layout.

    Raises:
        InputError: nothing to read, every file broken, or a required column missing.
        OutputError: the layout's disk is full.
    """
    if until is not None and until.tzinfo is None:
        message = "until must have a time zone"
        raise ValueError(message)
    columns = wanted_columns(metadata_only=metadata_only)
    wanted = Wanted(
        columns,
        keys=frozenset({"exchange_id", "account_id"}),
        plain=frozenset({"exchange_id"}),
        until=None if until is None else ("ts", until),
        left_out=frozenset(c.name for c in EXCHANGES if c not in columns),
        time="ts",
    )
    ledger = Ledger()
    files = _files.find(source)
    with CanonicalScan(wanted, limits, ledger, layout) as scan:
        for file in files:
            scan.read(file)
    layout.flush()
    if scan.read_files == 0:
        raise InputError(
            f"Cannot read {source}: {scan.broken_files[0].reason}.",
            hint=f"All {len(scan.broken_files)} files are broken; copy or export them again.",
        )
    return Loaded(scan.seen, layout.rows, ledger.close(), scan.notes())
