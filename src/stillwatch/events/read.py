"""Reading the contract's tables from Parquet and JSON Lines, whole or up to a time.

    >>> from stillwatch.events.read import read_exchanges
    >>> log = read_exchanges("log/*.parquet", until=None)        # doctest: +SKIP
    >>> log.check_budget(0.01)                                    # doctest: +SKIP

Every value ends in the contract's type. A row that cannot (no time, no account, a negative count) is set aside with
file, row, field and reason; an unusable value of a column that may be null is emptied and counted, and its row stays.
Rows later than ``until`` are not read, so a run over the past sees what a run at that time would have seen.
Source: the project's contract ``exchange-log``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa

from stillwatch.errors import InputError
from stillwatch.events import _columns, _files
from stillwatch.events._pass import Wanted
from stillwatch.events._scan import Limits, Scan
from stillwatch.events._spill import CONTEXTS, Disk, Spilled
from stillwatch.events.model import ACCOUNTS, EXCHANGES, TEXT_COLUMNS
from stillwatch.events.rejects import Ledger, Rejects
from stillwatch.events.text_store import TextStore, TextWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from numpy.typing import NDArray

    from stillwatch.events._columns import Growing
    from stillwatch.events.model import Column

MALFORMED_ADDRESS = "malformed address"
DUPLICATE = "duplicate"


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A contract table and how it was come by.

    Attributes:
        table: All contract columns in the contract's order and types, one chunk each. Text columns are
            dictionary arrays (``int32`` codes, ``large_string`` values; null has no code) except the row's own name
            (``exchange_id``; ``account_id`` of the accounts), which is plain. Exchanges are sorted by
            ``(ts, exchange_id)``.
        seen: Rows up to the end time, those set aside included.
        rejects: What was set aside and what was emptied.
        missing: Optional columns that no file has.
        absent: Columns without any value in ``table``: missing, not asked for, or null throughout.
        notes: What a reader should know, in sentences.
        files: The files read, as the rejects call them.
        texts: The prompts, where they were written to a file instead of being held (``spill``).
    """

    table: pa.Table
    seen: int
    rejects: Rejects
    missing: tuple[str, ...]
    absent: frozenset[str]
    notes: tuple[str, ...]
    files: tuple[str, ...]
    texts: TextStore | None = None

    def without_table(self) -> ReadResult:
        """The same without its rows, once they have been taken over: a large table need not be held twice."""
        return replace(self, table=self.table.slice(0, 0))

    def check_budget(self, max_rejects: float = 0.01) -> None:
        """Raise :class:`~stillwatch.errors.RejectedOverBudget` where a larger share of the rows was set aside."""
        self.rejects.check_budget(self.seen, max_rejects)


class _Table(NamedTuple):
    """Which table is read: its columns, the row's name, the time, the columns that hold addresses, and those passed over."""

    columns: tuple[Column, ...]
    key: str
    time: str
    sort: bool
    addresses: tuple[str, ...]
    unread: frozenset[str] = frozenset()


_EXCHANGES = _Table(EXCHANGES, "exchange_id", "ts", sort=True, addresses=("ip",))
_ACCOUNTS = _Table(ACCOUNTS, "account_id", "created_at", sort=False, addresses=("signup_ip",))


def read_exchanges(
    source: str | Path,
    *,
    until: datetime | None = None,
    metadata_only: bool = False,
    with_response: bool = False,
    columns: frozenset[str] | None = None,
    memory: str = "3GB",
    threads: int | None = None,
    spill: Path | None = None,
) -> ReadResult:
    """Read an exchange log.

    Args:
        source: A Parquet or JSON Lines file (plain, gzip or zstd), a folder or a glob of them.
        until: The last time to read, aware; later rows are not read. ``None`` reads all.
        metadata_only: Leave the text columns on disk; they are null in the result.
        with_response: Read the responses too, by far the largest column.
        columns: Names of the nullable columns to read; ``None`` reads all. Columns that may not be null are always read.
        memory: The engine's limit while it decodes, as DuckDB writes it.
        threads: Threads of the engine; ``None`` takes all cores.
        spill: A folder that is there and empty. Columns then wait on disk while the log is read, and texts stay there
            (:attr:`ReadResult.texts`): ``prompt`` holds their keys (int64) in place of strings, ``conversation_id``,
            ``context_in`` and ``context_out`` numbers (int32) that are equal where the names are (contexts across both
            columns), and ``exchange_id`` is left out. Everything else, and the order, are the same.
            The caller deletes the folder when nothing is asked of the texts any more.

    Of rows with the same ``exchange_id`` the earliest stays (whatever file it is in), so that the choice does not
    depend on ``until``. Times may be ISO 8601 text (UTC where it has no zone) or numbers since 1970 in seconds,
    milli-, micro- or nanoseconds.

    Raises:
        InputError: nothing to read, every file broken, or a required column missing.
        OutputError: ``spill`` cannot be written.
    """
    left_out = set(TEXT_COLUMNS) if metadata_only else set()
    if not with_response:
        left_out.add("response")
    table = _EXCHANGES
    if columns is not None:
        kept = tuple(c for c in table.columns if not c.nullable or c.name in columns)
        table = table._replace(columns=kept, unread=frozenset(c.name for c in table.columns if c not in kept))
    limits = Limits(memory, threads)
    if spill is None:
        return _read(source, table, frozenset(left_out), until, limits)
    with TextWriter(spill) as texts:
        return _read(source, table, frozenset(left_out), until, limits, Disk(spill, texts))


def read_accounts(source: str | Path, *, memory: str = "1GB", threads: int | None = None) -> ReadResult:
    """Read the account table; every column but ``account_id`` may be missing.

    It is read whole: what is on record about an account counts from its first exchange, whenever that is. Of rows with the same ``account_id`` the first stays.

    Raises:
        InputError: nothing to read, every file broken, or no ``account_id``.
    """
    return _read(source, _ACCOUNTS, frozenset(), None, Limits(memory, threads))


def _read(
    source: str | Path,
    table: _Table,
    left_out: frozenset[str],
    until: datetime | None,
    limits: Limits,
    disk: Disk | None = None,
) -> ReadResult:
    if until is not None and until.tzinfo is None:
        message = "until must have a time zone"
        raise ValueError(message)
    files = _files.find(source)
    wanted = Wanted(
        tuple(column for column in table.columns if column.name not in left_out),
        keys=frozenset({table.key, "account_id"}),
        plain=frozenset({table.key}),
        until=None if until is None else (table.time, until),
        left_out=left_out | table.unread,
        time=table.time if table.sort else None,
        disk=disk,
    )
    ledger = Ledger()
    with Scan(wanted, limits, ledger) as scan:
        for file in files:
            scan.read(file)
    if scan.read_files == 0:
        first = scan.broken_files[0]
        raise InputError(
            f"Cannot read {source}: {first.reason}.",
            hint=f"All {len(scan.broken_files)} files are broken; the first is {first.name}."
            if len(scan.broken_files) > 1
            else "The file is broken or was cut off; copy or export it again.",
        )
    return _finish(scan, table, ledger, left_out)


def _names_of(grown: Growing, names: pa.Array) -> Callable[[NDArray[np.integer]], pa.Array]:
    """What gives the names of some rows."""
    return grown.names if isinstance(grown, Spilled) else lambda rows: names.take(pa.array(rows))


def _bulky(
    grown: Spilled, table: _Table, left_out: frozenset[str], order: NDArray[np.integer] | None
) -> dict[str, pa.Array]:
    """The columns that take most memory to put together, before all others."""
    there = {c.name for c in table.columns} - left_out
    done: dict[str, pa.Array] = {}
    if there.issuperset(CONTEXTS):
        done |= zip(CONTEXTS, grown.take_shared(*CONTEXTS, order), strict=True)
    for name in sorted(grown.keyed & there - done.keys()):
        done[name] = grown.take(name, order)
        pa.default_memory_pool().release_unused()
    return done


def _finish(scan: Scan, table: _Table, ledger: Ledger, left_out: frozenset[str]) -> ReadResult:
    grown = scan.columns
    pa.default_memory_pool().release_unused()
    names = grown.take(table.key)
    time = None
    order: NDArray[np.integer] | None = None
    if table.sort:
        time = grown.take(table.time)
        order = _columns.in_order(time, _names_of(grown, names))
        if order is not None:
            names, time = names.take(pa.array(order)), time.take(pa.array(order))
    again = _columns.repeated(names)
    keep = np.flatnonzero(~again) if again.any() else None
    if keep is not None:
        positions = np.flatnonzero(again)
        scan.reject_rows(positions if order is None else order[positions], table.key, DUPLICATE)
        names = names.take(pa.array(keep))
        time = None if time is None else time.take(pa.array(keep))
        order = keep if order is None else order[keep]
    rows = len(names)
    done: dict[str, pa.Array] = {}
    if isinstance(grown, Spilled):
        names = None
        done |= _bulky(grown, table, left_out, order)
    for column in table.columns:
        if column.name in done:
            continue
        if column.name == table.key:
            if names is not None:
                done[column.name] = names
        elif time is not None and column.name == table.time:
            done[column.name] = time
        elif column.name in left_out:
            done[column.name] = _columns.nulls(column, rows)
        else:
            done[column.name] = grown.take(column.name, order)
            pa.default_memory_pool().release_unused()
        if column.name in table.addresses:
            done[column.name], bad = _columns.addresses(done[column.name])
            positions = np.flatnonzero(bad)
            scan.repair_rows(positions if order is None else order[positions], column.name, MALFORMED_ADDRESS)
    result = pa.table({column.name: done[column.name] for column in table.columns if column.name in done})
    pa.default_memory_pool().release_unused()
    absent = frozenset(name for name in result.column_names if result.column(name).null_count == rows)
    return ReadResult(
        table=result,
        seen=scan.seen,
        rejects=ledger.close(),
        missing=scan.missing(),
        absent=absent,
        notes=scan.notes(),
        files=tuple(scan.names),
        texts=grown.texts if isinstance(grown, Spilled) else None,
    )
