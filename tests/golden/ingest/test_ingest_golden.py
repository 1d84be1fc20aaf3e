"""Whole ingests held to recorded results: joined events, assembled streams, tables of accounts.

After a change that is meant, write the expected files anew with ``STILLWATCH_WRITE_GOLDEN=1`` and read the difference.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.events.ingest import IngestOptions, ingest

HERE = Path(__file__).parent
KEY = b"golden-key-golden-key-0123456789"
CASES = {
    "otel_events": {},
    "streams_openai": {},
    "streams_anthropic": {},
    "streams_bedrock": {},
    "accounts": {"pseudonymise": True, "accounts": HERE / "accounts" / "table.jsonl"},
}


def rows(paths):
    table = pa.concat_tables([pq.read_table(path) for path in paths])
    plain = msgspec.to_builtins(table.to_pylist())
    return [{name: value for name, value in row.items() if value is not None} for row in plain]


def found(name, out):
    report = ingest(HERE / name / "log.jsonl", out, IngestOptions(key=KEY, max_rejects=1, **CASES[name]))
    done = json.loads((out / "_ingest.json").read_text("utf-8"))["files"][0]
    seen = {
        "exchanges": rows(sorted(out.glob("part-*.parquet"))),
        "rejects": [json.loads(line) for line in (out / "_rejects.jsonl").read_text("utf-8").splitlines()],
        "not_exchanges": report.not_exchanges,
        "repair_rows": done["repair_rows"],
    }
    if report.accounts:
        brought = msgspec.structs.asdict(report.accounts)
        path = Path(brought.pop("path"))
        assert path == out / "_accounts" / "accounts.parquet"
        seen["accounts"] = {**brought, "rows": rows([path])}
    return seen


@pytest.mark.parametrize("name", CASES)
def test_an_ingest_yields_exactly_this(name, tmp_path):
    seen = found(name, tmp_path / "out")
    path = HERE / name / "expected.json"
    if os.environ.get("STILLWATCH_WRITE_GOLDEN"):
        path.write_text(json.dumps(seen, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert seen == json.loads(path.read_text("utf-8"))
    assert not list((tmp_path / "out").glob(".*"))
