"""Made-up exchange logs as files, for tests of what reads them.

>>> from pathlib import Path
>>> from stillwatch.testing.logs import exchange, write_lines
>>> path = write_lines(Path("log.jsonl"), [exchange(0), exchange(1, account_id="a9")])    # doctest: +SKIP
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.events.model import ACCOUNTS, EXCHANGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from stillwatch.events.model import Column

START = datetime(2026, 10, 5, tzinfo=UTC)
"""When the made-up logs begin."""

ARROW_TYPES: Mapping[str, pa.DataType] = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
}


def _schema(columns: Iterable[Column]) -> pa.Schema:
    return pa.schema([(column.name, ARROW_TYPES[column.sql]) for column in columns])


EXCHANGE_SCHEMA = _schema(EXCHANGES)
ACCOUNT_SCHEMA = _schema(ACCOUNTS)


def exchange(i: int = 0, **changes: object) -> dict[str, object]:
    """One good exchange, ``i`` minutes after :data:`START`, with ``changes`` to its fields."""
    return {
        "exchange_id": f"x{i:04d}",
        "ts": START + timedelta(minutes=i),
        "account_id": f"a{i % 3}",
        "client": "sdk/1|linux",
        "ip": "192.0.2.7",
        "asn": 64500,
        "model": "m-large",
        "endpoint": "chat",
        "prompt": f"question {i % 2}",
        "turn": 1,
        "n_tools": 0,
        "temperature": 0.5,
        "stream": False,
        "input_tokens": 10,
        "output_tokens": 20,
        "response": "answer",
        "status": 200,
        **changes,
    }


def write_parquet(path: Path, rows: list[dict[str, object]], schema: pa.Schema = EXCHANGE_SCHEMA) -> Path:
    """Write rows as Parquet; returns ``path``."""
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def write_lines(path: Path, rows: list[dict[str, object]], *extra: bytes) -> Path:
    """Write rows as JSON Lines, and after them ``extra`` lines as they are; returns ``path``."""
    path.write_bytes(b"\n".join([*(msgspec.json.encode(row) for row in rows), *extra]) + b"\n")
    return path


def retyped(schema: pa.Schema = EXCHANGE_SCHEMA, **types: pa.DataType) -> pa.Schema:
    """The schema with other types for some of its columns."""
    return pa.schema([(field.name, types.get(field.name, field.type)) for field in schema])
