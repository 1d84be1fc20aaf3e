"""The embedded engine: DuckDB over canonical rows on disk. The memory limit holds; what does not fit is spilled.

>>> from stillwatch.events.engines.duck import DuckEngine
>>> with DuckEngine(memory="2GB") as engine:                    # doctest: +SKIP
...     engine.load("log/*.parquet")
...     engine.run(integer_core(), by_account=True)
"""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.errors import InputError, OutputError, StillwatchError
from stillwatch.events import _files, _sql
from stillwatch.events._scan import Limits
from stillwatch.events.canonical import CANONICAL, COLUMNS, NAMES, keys
from stillwatch.events.engines.dialects import Dialect, sql
from stillwatch.events.engines.layout import Layout
from stillwatch.events.engines.scan import scan_to
from stillwatch.events.read import DUPLICATE
from stillwatch.events.rejects import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from types import TracebackType

    from ibis.expr.types import Table

    from stillwatch.events.engines.protocol import Loaded, TextWork

_ROWS = "canonical_rows"
_PER_QUERY = 500_000
"""Rows that a query by account is given at a time: buckets are put together up to this many, since each query is planned anew."""


class DuckEngine:
    """Canonical rows in a folder of their own, and a connection that reads them."""

    name = "duckdb"

    def __init__(self, *, memory: str = "3GB", threads: int | None = None, folder: Path | None = None) -> None:
        """Prepare.

        Args:
            memory: The engine's limit, as DuckDB writes it.
            threads: Threads of the engine; ``None`` takes all cores.
            folder: Where rows and spilled tables lie until the engine is closed; ``None`` takes the system's.
        """
        self.folder = Path(tempfile.mkdtemp(prefix="stillwatch-", dir=folder))
        self._limits = Limits(memory, threads)
        self._layout = Layout(self.folder)
        self._source: str | Path = ""
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": str(self.folder / "spilled"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
        if threads is not None:
            settings["threads"] = threads
        self._engine = duckdb.connect(":memory:", config=settings)
        self._engine.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")

    def load(self, source: str | Path, *, until: datetime | None = None, metadata_only: bool = False) -> Loaded:
        """Turn a log into canonical rows on disk; of rows with one ``exchange_id`` the earliest stays.

        Raises:
            InputError: the log cannot be read at all.
            OutputError: the disk is full.
        """
        self._source = source
        for old in ("rows", "names"):
            shutil.rmtree(self.folder / old, ignore_errors=True)
        self._layout = Layout(self.folder)
        loaded = scan_to(self._layout, source, until=until, metadata_only=metadata_only, limits=self._limits)
        self._view(self._layout.filled())
        twice = self._repeated()
        if twice:
            rejects = loaded.rejects
            tally = Tally(str(source), "exchange_id", DUPLICATE, twice)
            loaded = replace(
                loaded,
                rows=loaded.rows - twice,
                rejects=type(rejects)((*rejects.counts, tally), rejects.repairs, rejects.samples),
            )
            self._view(self._layout.filled())
        return loaded

    def open_rows(self, folder: Path) -> None:
        """Use canonical rows that lie in ``folder/rows/bucket-NN`` already."""
        self._layout = Layout(folder)
        self._view(self._layout.filled())

    def _view(self, buckets: list[int]) -> None:
        """Let the name of the rows mean these buckets."""
        names = [_sql.literal(str(self._layout.bucket(b) / "*.parquet")) for b in buckets]
        files = f"read_parquet([{', '.join(names)}])" if names else "(SELECT * FROM no_rows)"
        if not names:
            self._engine.register("no_rows", CANONICAL.empty_table())
        self._engine.execute(f"CREATE OR REPLACE TEMP VIEW {_ROWS} AS SELECT * FROM {files}")

    def _repeated(self) -> int:
        """Find exchanges that repeat an earlier one's key, and leave them out from now on; how many they are."""
        twice = "SELECT exchange FROM canonical_rows GROUP BY exchange HAVING count(*) > 1"
        order = ", ".join(["ts_us", *(name for name in COLUMNS if name not in {"exchange", "ts_us"})])
        self._execute(
            f"CREATE OR REPLACE TEMP TABLE repeated AS SELECT *, row_number() OVER (PARTITION BY exchange ORDER BY {order})"
            f" AS copy FROM canonical_rows WHERE exchange IN ({twice})"
        )
        (count,) = self._engine.execute("SELECT count(*) FROM repeated WHERE copy > 1").fetchall()[0]
        if count:
            self._settle_copies()
        return int(count)

    def _settle_copies(self) -> None:
        """Write every bucket that holds copies anew, without them."""
        for bucket in self._layout.filled():
            where = self._layout.bucket(bucket)
            inside = f"read_parquet({_sql.literal(str(where / '*.parquet'))})"
            (held,) = self._engine.execute(
                f"SELECT count(*) FROM {inside} WHERE exchange IN (SELECT exchange FROM repeated)"
            ).fetchall()[0]
            if not held:
                continue
            columns = ", ".join(COLUMNS)
            target = self.folder / "settled.parquet"
            self._execute(
                f"COPY (SELECT {columns} FROM {inside} WHERE exchange NOT IN (SELECT exchange FROM repeated) UNION ALL"
                f" SELECT {columns} FROM repeated WHERE copy = 1 AND account IN (SELECT account FROM {inside}) ORDER BY account, ts_us)"
                f" TO {_sql.literal(str(target))} (FORMAT parquet, COMPRESSION zstd)"
            )
            for old in where.iterdir():
                old.unlink()
            target.replace(where / "settled.parquet")

    def run(self, query: Table, *, by_account: bool = False) -> pa.Table:
        """The result of a query; ``by_account`` answers it bucket by bucket."""
        text = sql(query, Dialect.DUCKDB)
        if not by_account:
            return self._fetch(text)
        filled = self._layout.filled()
        try:
            (rows,) = self._fetch("SELECT count(*) AS rows FROM canonical_rows")["rows"].to_pylist()
            step = max(1, min(len(filled), len(filled) * _PER_QUERY // max(rows, 1)))
            parts = []
            for begin in range(0, len(filled), step):
                self._view(filled[begin : begin + step])
                parts.append(self._fetch(text))
        finally:
            self._view(filled)
        return pa.concat_tables(parts) if parts else self._fetch(text)

    def query(self, text: str) -> pa.Table:
        """The result of SQL text over the tables that are held."""
        return self._fetch(text)

    def keep(self, name: str, query: Table) -> int:
        """Hold the result of a query as a table; returns its rows."""
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql(query, Dialect.DUCKDB)}")
        return int(self._engine.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0])

    def put(self, name: str, rows: pa.Table) -> None:
        """Hand the engine a small table."""
        self._engine.register("handed", rows)
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM handed")
        self._engine.unregister("handed")

    def names(self, kind: str) -> pa.Table:
        """(key, name) of all values of a kind."""
        files = _sql.literal(str(self._layout.names_folder / "*.parquet"))
        if not any(self._layout.names_folder.iterdir()):
            return NAMES.empty_table().select(["key", "name"])
        return self._fetch(
            f"SELECT key, min(name) AS name FROM read_parquet({files}) WHERE kind = {_sql.literal(kind)} GROUP BY key"
        )

    def texts(self, wanted: Table) -> pa.Table:
        """(key, name) of the prompts whose keys are in the column ``text`` of a query: one more pass over the log's prompts."""
        return self.texts_of(self.run(wanted.select("text").distinct())["text"])

    def texts_of(self, wanted: pa.ChunkedArray) -> pa.Table:
        """(key, name) of the prompts with these keys."""
        asked = pc.unique(wanted)
        parts = [part for batch in self._prompts() for part in _chosen(batch, asked)]
        if not parts:
            return NAMES.empty_table().select(["key", "name"])
        return pa.concat_tables(parts).group_by("key").aggregate([("name", "min")]).rename_columns(["key", "name"])

    def each_text(self, wanted: Table, work: TextWork, made: pa.Schema) -> pa.Table:
        """What ``work`` makes of the prompts whose keys are in the column ``text`` of a query; a batch of them at a time."""
        asked = pc.unique(self.run(wanted.select("text").distinct())["text"])
        return pa.Table.from_batches(work(self._once(asked)), made)

    def _once(self, asked: pa.Array) -> Iterator[pa.RecordBatch]:
        """(key, name) of the prompts with these keys, each once."""
        left = np.sort(asked.to_numpy())
        given = np.zeros(len(left), bool)
        for batch in self._prompts():
            if given.all():
                return
            found = keys(batch)
            at = np.minimum(np.searchsorted(left, found), len(left) - 1)
            fresh = (left[at] == found) & ~given[at]
            given[at[fresh]] = True
            if fresh.any():
                names = batch.filter(pa.array(fresh)).cast(pa.string())
                yield pa.RecordBatch.from_arrays([pa.array(found[fresh]), names], names=["key", "name"])

    def _prompts(self) -> Iterator[pa.Array]:
        """The prompts of the log, a batch at a time, each distinct one of a batch once."""
        for file in _files.find(self._source):
            if file.form is not _files.Form.PARQUET:
                raise InputError(
                    f"{file.path}: texts are read again from Parquet only.",
                    hint="First run: stillwatch ingest SOURCE --out FOLDER",
                )
            try:
                with pq.ParquetFile(file.path) as opened:
                    for batch in opened.iter_batches(100_000, columns=["prompt"]):
                        yield pc.unique(batch.column(0).cast(pa.large_string())).drop_null()
            except (pa.ArrowException, OSError):  # set aside and counted when the log was read
                continue

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Errors of the engine as ours."""
        try:
            yield
        except duckdb.OutOfMemoryException as error:
            raise StillwatchError(
                f"The engine needs more than {self._limits.memory} of memory, or more disk to spill to.",
                hint="Allow more memory, or name a temporary folder with more room.",
            ) from error
        except duckdb.IOException as error:
            raise OutputError(
                f"The engine cannot spill to {self.folder}.", hint="Name a temporary folder with more room."
            ) from error

    def _execute(self, text: str) -> None:
        with self._told():
            self._engine.execute(text)

    def _fetch(self, text: str) -> pa.Table:
        with self._told():
            return self._engine.sql(text).to_arrow_table()

    def close(self) -> None:
        """Close the connection and remove rows and spilled tables."""
        self._engine.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _chosen(prompts: pa.Array, asked: pa.Array) -> list[pa.Table]:
    """Of a batch of texts, those whose key is asked for."""
    found = pa.array(keys(prompts))
    inside = pc.is_in(found, value_set=asked)
    if not pc.any(inside).as_py():
        return []
    return [pa.table({"key": found.filter(inside), "name": prompts.filter(inside).cast(pa.string())})]
