"""Where the tables of a log with its truth stand: one file, or a folder of parts, for each."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import duckdb

from stillwatch.errors import InputError


def place(folder: Path, table: str) -> Path:
    """Where ``table`` stands in ``folder``: one file where there is one, else the folder of its parts."""
    single = folder / f"{table}.parquet"
    return single if single.is_file() else folder / table


def parts(folder: Path, table: str) -> list[str]:
    """Files of ``table`` in ``folder``: ``table.parquet``, or every Parquet file of the folder ``table/``.

    Raises:
        InputError: neither is there.
    """
    stands = place(folder, table)
    if stands.is_file():
        return [str(stands)]
    many = sorted(str(p) for p in stands.glob("*.parquet"))
    if not many:
        raise InputError(
            f"expected {table}.parquet or {table}/*.parquet in {folder}, found neither",
            hint="LOG is a folder as `stillwatch lab simulate` writes it: exchanges, accounts, truth, truth_exchanges. "
            "OUT is one as `stillwatch hunt` writes it: verdicts, campaigns.",
        )
    return many


def source(files: Iterable[str]) -> str:
    """``files`` as DuckDB reads them, in SQL."""
    quoted = ", ".join("'" + f.replace("'", "''") + "'" for f in files)
    return f"read_parquet([{quoted}], file_row_number = true)"


def columns(engine: duckdb.DuckDBPyConnection, files: Iterable[str]) -> frozenset[str]:
    """Names of the columns of a table."""
    return frozenset(str(row[0]) for row in engine.sql(f"DESCRIBE SELECT * FROM {source(files)}").fetchall())


def engine(*, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A quiet engine in memory, in UTC."""
    found = duckdb.connect(":memory:", config={"threads": threads})
    found.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false; SET preserve_insertion_order = false")
    return found
