"""The contract's checks on batches say what the readers of files say."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.events.engines.checks import check_schema, checked
from stillwatch.events.read import read_exchanges
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange, write_parquet

LOOSE = pa.schema([pa.field(f.name, f.type) for f in EXCHANGE_SCHEMA])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "account_id": st.sampled_from([None, "", "a"]),
        "model": st.sampled_from([None, "", "m"]),
        "ts": st.sampled_from([None, datetime(1960, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)]),
        "turn": st.sampled_from([None, -1, 0]),
        "stream": st.sampled_from([None, True]),
        "status": st.sampled_from([None, -5, 500]),
        "input_tokens": st.sampled_from([None, -1, 7]),
    },
)


@settings(max_examples=25)
@given(st.lists(CHANGES, min_size=1, max_size=8))
def test_same_as_the_reader_of_files(tmp_path_factory, changes):
    rows = [exchange(i, **change) for i, change in enumerate(changes)]
    table = pa.Table.from_pylist(rows, schema=LOOSE)
    found = checked(table)
    read = read_exchanges(write_parquet(tmp_path_factory.mktemp("log") / "a.parquet", rows, LOOSE))
    assert dict(found.rejected) == {(t.field, t.reason): t.rows for t in read.rejects.counts}
    assert sorted(found.good["exchange_id"].to_pylist()) == sorted(read.table["exchange_id"].to_pylist())


def test_missing_columns_are_named():
    with pytest.raises(InputError, match="account_id, model"):
        check_schema(pa.schema([f for f in EXCHANGE_SCHEMA if f.name not in {"account_id", "model"}]), "log")


@pytest.mark.parametrize("name", ["ts", "stream", "status"])
def test_other_types_are_named(name):
    fields = [pa.field(f.name, pa.string()) if f.name == name else f for f in EXCHANGE_SCHEMA]
    with pytest.raises(InputError, match=name):
        check_schema(pa.schema(fields), "log")
