"""What an engine does for the definitions: hold canonical rows, run a query, keep a result, take in a small table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, Self

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    import pyarrow as pa
    from ibis.expr.types import Table

    from stillwatch.events.rejects import Rejects

TextWork = Callable[[Iterator["pa.RecordBatch"]], Iterator["pa.RecordBatch"]]
"""From batches (key, name) of prompts to batches of what is made of them."""


@dataclass(frozen=True)
class Loaded:
    """What was read: rows up to the end time (those set aside included), rows kept, what was set aside, and notes."""

    seen: int
    rows: int
    rejects: Rejects
    notes: tuple[str, ...]


class Engine(Protocol):
    """An engine with one log loaded.

    Names of tables are those of :mod:`stillwatch.detect.core.rows`. Every result column is a 64-bit whole number.
    """

    @property
    def name(self) -> str:
        """What people call the engine."""

    def load(self, source: str | Path, *, until: datetime | None = None, metadata_only: bool = False) -> Loaded:
        """Turn a log of the contract into canonical rows that later queries read."""

    def run(self, query: Table, *, by_account: bool = False) -> pa.Table:
        """The result of a query, in memory: for results far smaller than the log.

        ``by_account``: every grouping and join of the query stays within accounts, so an engine whose rows lie by account
        may answer part by part.
        """

    def keep(self, name: str, query: Table) -> int:
        """Hold the result of a query on the engine as table ``name``; returns its rows."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Hand the engine a table of whole numbers; it replaces an earlier one of the name."""

    def names(self, kind: str) -> pa.Table:
        """(key, name) of all values of a kind: ``account``, ``address``, ``fingerprint``, ``model``, ``endpoint``, ``channel``."""

    def texts(self, wanted: Table) -> pa.Table:
        """(key, name) of the prompts whose keys are in the column ``text`` of a query."""

    def each_text(self, wanted: Table, work: TextWork, made: pa.Schema) -> pa.Table:
        """What ``work`` makes of the prompts whose keys are in the column ``text`` of a query, where the prompts are.

        ``work`` gets batches (key, name), every prompt once, in any order and any number of pieces; ``made`` is the schema
        of what it yields. It must be a function of a module, so that it can travel.
        """

    def close(self) -> None:
        """Let go of memory, processes and temporary files."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
