"""ClickHouse inside this process (chDB): shows that a log kept in ClickHouse gives the same numbers.

    >>> from stillwatch.events.engines.clickhouse import ClickHouseEngine
    >>> with ClickHouseEngine() as engine:                          # doctest: +SKIP
    ...     engine.load("log/*.parquet")

Files are read, checked and laid out as for the embedded engine. A server of ClickHouse is given the SQL text of
:func:`stillwatch.events.engines.dialects.sql` over a table of canonical rows of its own.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.errors import StillwatchError
from stillwatch.events import _sql
from stillwatch.events.canonical import COLUMNS
from stillwatch.events.engines.dialects import Dialect, sql
from stillwatch.events.engines.duck import DuckEngine

if TYPE_CHECKING:
    from datetime import datetime
    from types import TracebackType

    from ibis.expr.types import Table

    from stillwatch.events.engines.protocol import Loaded, TextWork


class ClickHouseEngine:
    """A session of chDB over the files of an embedded layout."""

    name = "clickhouse"

    def __init__(self, *, memory: str = "3GB", folder: Path | None = None) -> None:
        """Begin a session.

        Raises:
            StillwatchError: chDB is not installed.
        """
        try:
            from chdb import session  # noqa: PLC0415 - an extra
        except ImportError as error:
            raise StillwatchError("chDB is not installed.", hint="pip install chdb") from error
        self._files = DuckEngine(memory=memory, folder=folder)
        self._folder = Path(tempfile.mkdtemp(prefix="tables-", dir=self._files.folder))
        begin: Any = session.Session  # untyped
        self._session = begin()
        self._told("CREATE DATABASE IF NOT EXISTS stillwatch")
        self._told("USE stillwatch")

    def load(self, source: str | Path, *, until: datetime | None = None, metadata_only: bool = False) -> Loaded:
        """Turn a log into canonical rows on disk.

        Raises:
            InputError: the log cannot be read at all.
        """
        loaded = self._files.load(source, until=until, metadata_only=metadata_only)
        self._view("canonical_rows", self._files.folder / "rows" / "*" / "*.parquet", COLUMNS)
        return loaded

    def _view(self, name: str, files: Path, columns: tuple[str, ...]) -> None:
        kinds = _sql.literal(", ".join(f"{column} Int64" for column in columns))
        self._told(f"DROP VIEW IF EXISTS {name}")
        self._told(f"CREATE VIEW {name} AS SELECT * FROM file({_sql.literal(str(files))}, 'Parquet', {kinds})")

    def _told(self, text: str, form: str = "Null") -> Any:
        try:
            return self._session.query(text, form)
        except RuntimeError as error:
            raise _refused(error) from error
        except Exception as error:
            if type(error).__module__.startswith("chdb"):
                raise _refused(error) from error
            raise

    def run(self, query: Table, *, by_account: bool = False) -> pa.Table:  # noqa: ARG002 - one table
        """The result of a query."""
        raw = self._told(sql(query, Dialect.CLICKHOUSE), "ArrowStream").bytes()
        schema = pa.schema([(name, pa.int64()) for name in query.columns])
        return pa.ipc.open_stream(raw).read_all().cast(schema) if raw else schema.empty_table()

    def keep(self, name: str, query: Table) -> int:
        """Hold the result of a query; returns its rows."""
        found = self.run(query)
        self.put(name, found)
        return int(found.num_rows)

    def put(self, name: str, rows: pa.Table) -> None:
        """Hand over a small table."""
        path = self._folder / f"{name}.parquet"
        pq.write_table(rows, path)
        self._view(name, path, tuple(rows.column_names))

    def names(self, kind: str) -> pa.Table:
        """(key, name) of all values of a kind."""
        return self._files.names(kind)

    def texts(self, wanted: Table) -> pa.Table:
        """(key, name) of the prompts whose keys are in the column ``text`` of a query."""
        return self._files.texts_of(self.run(wanted.select("text").distinct())["text"])

    def each_text(self, wanted: Table, work: TextWork, made: pa.Schema) -> pa.Table:
        """What ``work`` makes of the prompts whose keys are in the column ``text`` of a query."""
        found = self.texts(wanted)
        return pa.Table.from_batches(work(iter(found.to_batches(max_chunksize=100_000))), made)

    def close(self) -> None:
        """End the session and remove the files."""
        self._session.close()
        self._files.close()

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _refused(error: Exception) -> StillwatchError:
    line = ascii((str(error).splitlines() or [""])[0][:300])[1:-1]
    return StillwatchError(f"ClickHouse refused a query: {line}", hint="Allow more memory, or report the query.")
