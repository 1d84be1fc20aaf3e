"""SQL text of a definition, in the words of each engine.

Every result column is cast to a 64-bit whole number at the outside, because engines disagree on the type of a sum (DuckDB:
128 bits, ClickHouse: unsigned), never on its value.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ibis.expr.types import Table


class Dialect(StrEnum):
    """Engines whose SQL can be written. The first three are run by tests, the others compiled."""

    DUCKDB = "duckdb"
    CLICKHOUSE = "clickhouse"
    SPARK = "pyspark"
    BIGQUERY = "bigquery"
    SNOWFLAKE = "snowflake"
    DATABRICKS = "databricks"
    TRINO = "trino"


_WHOLE = {
    Dialect.CLICKHOUSE: "Int64",
    Dialect.BIGQUERY: "INT64",
}


def sql(query: Table, dialect: Dialect) -> str:
    """SQL text of a query over named tables; its columns are whole numbers of 64 bits."""
    import ibis  # noqa: PLC0415 - half a second, and only engines need it

    text = str(ibis.to_sql(query, dialect=dialect.value))
    quote = "`" if dialect in {Dialect.BIGQUERY, Dialect.DATABRICKS, Dialect.SPARK} else '"'
    whole = _WHOLE.get(dialect, "BIGINT")
    columns = ",\n  ".join(f"CAST({quote}{name}{quote} AS {whole}) AS {quote}{name}{quote}" for name in query.columns)
    alias = f"{quote}found{quote}"
    return f"SELECT\n  {columns}\nFROM (\n{text}\n) AS {alias}"
