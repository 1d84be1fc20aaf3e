"""Apache Spark: the same definitions where the log lies already, on one machine (``local[2]``) or a cluster by its master's URL.

    >>> from stillwatch.events.engines.spark import SparkEngine
    >>> with SparkEngine("spark://host:7077", scratch="s3a://bucket/scratch") as engine:      # doctest: +SKIP
    ...     engine.load("s3a://bucket/log/")

Workers turn batches into canonical rows (Arrow in, Arrow out); our code travels to them in a zip, and their Python needs
the packages of a plain install. Only results come back: a table per account or party, never the rows.
Canonical rows and kept tables are written to ``scratch``, so a worker that dies costs its tasks and not the run.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import tempfile
import warnings
import zipfile
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pyarrow as pa

import stillwatch
from stillwatch.errors import InputError, StillwatchError
from stillwatch.events.canonical import COLUMNS, SOURCE
from stillwatch.events.engines import on_workers
from stillwatch.events.engines.checks import REQUIRED, check_schema
from stillwatch.events.engines.dialects import Dialect, sql
from stillwatch.events.engines.protocol import Loaded
from stillwatch.events.rejects import Rejects, Tally

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    from ibis.expr.types import Table
    from pyspark.sql import DataFrame, SparkSession

    from stillwatch.events.engines.protocol import TextWork

DUPLICATE = "duplicate"
_ROWS = "canonical_rows"
_SHIPPED = ("__init__.py", "errors.py", "_internal", "events", "detect")
"""Modules, and folders of them with their tables, that workers need."""
_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "100000",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "0",
}
_LOCAL = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}


class SparkEngine:
    """A session, and a scratch place for canonical rows."""

    name = "spark"

    def __init__(
        self,
        master: str = "local[2]",
        *,
        memory: str = "3g",
        scratch: str | None = None,
        settings: Mapping[str, str] | None = None,
        session: SparkSession | None = None,
    ) -> None:
        """Begin a session.

        Args:
            master: Where Spark runs: ``local[2]``, ``spark://host:port``, ``yarn``, ``k8s://...``.
            memory: The driver's heap; in local mode all of Spark's.
            scratch: Where canonical rows are written: a folder or URL that all workers reach. ``None``: a temporary folder,
                for local masters only.
            settings: Further settings of Spark, which win over ours.
            session: A session that is there already (a notebook's); it is not stopped.

        Raises:
            StillwatchError: PySpark or Java is not there, or the master cannot be reached.
        """
        local = master.startswith("local")
        if scratch is None and not (local or session):
            raise StillwatchError(
                f"A cluster ({master}) needs a place for canonical rows that all its workers reach.",
                hint="Name a folder or URL (--spark-scratch), such as s3a://bucket/scratch.",
            )
        self._local = Path(tempfile.mkdtemp(prefix="stillwatch-spark-"))
        self._scratch = scratch.rstrip("/") if scratch else str(self._local)
        self._ours = session is None
        with _quiet():
            self.session = session or _begin(master, memory, local=local, settings=settings or {})
            self.session.sparkContext.addPyFile(str(_shipped(self._local)))
        self._source: DataFrame | None = None

    def load(self, source: str | Path, *, until: datetime | None = None, metadata_only: bool = False) -> Loaded:
        """Write canonical rows of a Parquet log to the scratch place; of rows with one ``exchange_id`` the earliest stays.

        Raises:
            InputError: the log is not there, is broken, or has not the contract's columns and types.
        """
        with self._told(source):
            self._source = self._read(str(source), until=until, metadata_only=metadata_only)
            kinds = ", ".join(f"{name} bigint" for name in COLUMNS)
            self._write(self._source.mapInArrow(on_workers.to_rows, kinds), _ROWS)
            seen, rejects = self._rejects(str(source))
            twice = self._settle_copies()
        if twice:
            rejects = Rejects(
                (*rejects.counts, Tally(str(source), "exchange_id", DUPLICATE, twice)), rejects.repairs, rejects.samples
            )
        return Loaded(seen, seen - rejects.rows, rejects, ())

    def _read(self, source: str, *, until: datetime | None, metadata_only: bool) -> DataFrame:
        from pyspark.sql import functions  # noqa: PLC0415 - an extra
        from pyspark.sql.pandas.types import to_arrow_schema  # noqa: PLC0415

        found = self.session.read.option("recursiveFileLookup", "true").parquet(source)
        check_schema(to_arrow_schema(found.schema, timezone="UTC"), source)
        if until is not None:
            found = found.filter(functions.col("ts").isNull() | (functions.col("ts") <= functions.lit(until)))
        left_out = {"prompt"} if metadata_only else set()
        return found.select(*(name for name in SOURCE if name in found.columns and name not in left_out))

    def _rejects(self, source: str) -> tuple[int, Rejects]:
        """Rows seen and set aside, from one more pass over the columns that are checked."""
        assert self._source is not None
        columns = [name for name in (*REQUIRED, "ip") if name in self._source.columns]
        lines = self._source.select(*columns).mapInArrow(
            on_workers.to_rejects, "field string, reason string, rows bigint"
        )
        counts: Counter[tuple[str, str]] = Counter()
        for line in lines.groupBy("field", "reason").sum("rows").toArrow().to_pylist():
            counts[line["field"], line["reason"]] += line["sum(rows)"]
        seen = counts.pop(("", ""), 0)
        tallies = [Tally(source, *key, rows) for key, rows in counts.most_common()]
        repairs = tuple(t for t in tallies if t.reason == on_workers.BAD_ADDRESS)
        return seen, Rejects(tuple(t for t in tallies if t not in repairs), repairs)

    def _settle_copies(self) -> int:
        """Leave out exchanges that repeat an earlier one's key; how many they are."""
        twice = f"SELECT exchange FROM {_ROWS} GROUP BY exchange HAVING count(*) > 1"
        self._write(self.session.sql(twice), "repeated_exchanges")
        repeated = self.session.table("repeated_exchanges").count()
        if not repeated:
            return 0
        order = ", ".join(["ts_us", *(name for name in COLUMNS if name not in {"exchange", "ts_us"})])
        columns = ", ".join(COLUMNS)
        before = self.session.table(_ROWS).count()
        settled = (
            f"SELECT {columns} FROM {_ROWS} LEFT ANTI JOIN repeated_exchanges USING (exchange) UNION ALL"
            f" SELECT {columns} FROM (SELECT r.*, row_number() OVER (PARTITION BY exchange ORDER BY {order}) AS copy"
            f" FROM {_ROWS} r LEFT SEMI JOIN repeated_exchanges USING (exchange)) WHERE copy = 1"
        )
        self._write(self.session.sql(settled), "settled_rows")
        self.session.table("settled_rows").createOrReplaceTempView(_ROWS)
        return int(before - self.session.table(_ROWS).count())

    def _write(self, frame: DataFrame, name: str) -> None:
        path = f"{self._scratch}/{name}"
        frame.write.mode("overwrite").option("compression", "zstd").parquet(path)
        self.session.read.schema(frame.schema).parquet(path).createOrReplaceTempView(name)

    def run(self, query: Table, *, by_account: bool = False) -> pa.Table:  # noqa: ARG002 - Spark spreads by account itself
        """The result of a query, in the driver's memory."""
        with self._told(""):
            return self.session.sql(sql(query, Dialect.SPARK)).toArrow().cast(_whole(query))

    def keep(self, name: str, query: Table) -> int:
        """Write the result of a query to the scratch place; returns its rows."""
        with self._told(""):
            self._write(self.session.sql(sql(query, Dialect.SPARK)), name)
            return int(self.session.table(name).count())

    def put(self, name: str, rows: pa.Table) -> None:
        """Hand Spark a small table."""
        with self._told(""):
            self._write(self.session.createDataFrame(rows), name)

    def names(self, kind: str) -> pa.Table:
        """(key, name) of all values of a kind: one pass over the columns they stand in."""
        assert self._source is not None
        with self._told(""):
            without = self._source.drop("prompt")
            named = without.mapInArrow(on_workers.to_names, "kind string, key bigint, name string")
            frame = named.filter(named.kind == kind).groupBy("key").agg({"name": "min"})
            return frame.toArrow().rename_columns(["key", "name"])

    def texts(self, wanted: Table) -> pa.Table:
        """(key, name) of the prompts whose keys are in the column ``text`` of a query."""
        picked = self._picked(wanted)
        if picked is None:
            return pa.table({"key": pa.array([], pa.int64()), "name": pa.array([], pa.string())})
        with self._told(""):
            return picked.toArrow()

    def _picked(self, wanted: Table) -> DataFrame | None:
        """(key, name) of the prompts whose keys are in the column ``text`` of a query; None where there are none."""
        assert self._source is not None
        asked = np.sort(self.run(wanted.select("text").distinct())["text"].to_numpy())
        if "prompt" not in self._source.columns or not len(asked):
            return None
        with self._told(""):
            picked = self._source.select("prompt").mapInArrow(
                on_workers.prompts_of(asked.astype(np.int64).tobytes()), "key bigint, name string"
            )
            return picked.groupBy("key").agg({"name": "min"}).withColumnRenamed("min(name)", "name")

    def each_text(self, wanted: Table, work: TextWork, made: pa.Schema) -> pa.Table:
        """What ``work`` makes of the prompts whose keys are in the column ``text`` of a query: on the workers."""
        from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415 - an extra

        picked = self._picked(wanted)
        if picked is None:
            return made.empty_table()
        with self._told(""):
            return picked.mapInArrow(work, from_arrow_schema(made)).toArrow().cast(made)

    @contextmanager
    def _told(self, source: str | Path) -> Iterator[None]:
        """Errors of Spark as ours: what failed, in one line, and what to do."""
        from pyspark.errors import AnalysisException, PySparkException  # noqa: PLC0415 - an extra

        with _quiet():
            try:
                yield
            except AnalysisException as error:
                raise InputError(
                    f"Spark cannot read {source}: {_one_line(error)}" if source else f"Spark: {_one_line(error)}",
                    hint="Name a Parquet file or folder that every worker can reach.",
                ) from error
            except PySparkException as error:
                raise _engine_error(error) from error
            except Exception as error:
                if type(error).__module__.startswith("py4j"):
                    raise _engine_error(error) from error
                raise

    def close(self) -> None:
        """End the session where it is ours, and remove local files."""
        if self._ours:
            with _quiet():
                self.session.stop()
        shutil.rmtree(self._local, ignore_errors=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close."""
        self.close()


def _begin(master: str, memory: str, *, local: bool, settings: Mapping[str, str]) -> SparkSession:
    try:
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise StillwatchError("PySpark is not installed.", hint="pip install 'stillwatch[spark]'") from error
    if local:
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    chosen = {**_SETTINGS, **(_LOCAL if local else {}), "spark.driver.memory": memory, **settings}
    builder = SparkSession.builder.master(master).appName("stillwatch")
    for name, value in chosen.items():
        builder = builder.config(name, value)
    try:
        session: SparkSession = builder.getOrCreate()
    except Exception as error:
        raise StillwatchError(
            f"Spark does not start at {master}: {_one_line(error)}",
            hint="Java 17 or newer is needed (JAVA_HOME), and a master that can be reached.",
        ) from error
    session.sparkContext.setLogLevel("FATAL")
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    return session


def _shipped(folder: Path) -> Path:
    """Our modules that workers need, as a zip."""
    path = folder / "stillwatch_workers.zip"
    root = Path(stillwatch.__file__).parent
    with zipfile.ZipFile(path, "w") as archive:
        for name in _SHIPPED:
            for file in [root / name] if (root / name).is_file() else sorted((root / name).rglob("*")):
                if file.is_file() and file.suffix != ".pyc":
                    archive.write(file, f"stillwatch/{file.relative_to(root)}")
    return path


def _whole(query: Table) -> pa.Schema:
    return pa.schema([(name, pa.int64()) for name in query.columns])


def _one_line(error: BaseException) -> str:
    """What failed: the file where one is named, else the innermost cause, else the first line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    named = [line for line in lines if "reading file" in line]
    causes = [line for line in lines if line.startswith("Caused by:")]
    return ascii((named[:1] or causes[-1:] or lines or [type(error).__name__])[0][:300])[1:-1]


def _engine_error(error: BaseException) -> StillwatchError:
    return StillwatchError(
        f"Spark gave up: {_one_line(error)}",
        hint="Nothing was written. Look at the workers' logs (memory, disk, a broken file), then run it again.",
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Without PySpark's advice about the versions of other libraries."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=FutureWarning)
        warnings.filterwarnings("ignore", category=ResourceWarning)
        warnings.filterwarnings("ignore", category=UserWarning)
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        yield
