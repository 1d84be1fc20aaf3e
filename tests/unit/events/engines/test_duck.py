"""The embedded engine: files of all forms, broken files, limits, repeats, and folders that are cleaned up."""

from __future__ import annotations

import ibis
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.core.accounts import integer_core
from stillwatch.detect.core.hunting import first_texts, opened
from stillwatch.detect.core.rows import PARTIES, canonical_rows
from stillwatch.errors import InputError, StillwatchError
from stillwatch.events.canonical import COLUMNS, key
from stillwatch.events.engines import layout as layout_module
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange, write_lines, write_parquet


def rows(engine):
    table = canonical_rows()
    return engine.run(table).select(list(COLUMNS)).sort_by([("ts_us", "ascending"), ("exchange", "ascending")])


@pytest.fixture
def engine(tmp_path):
    with DuckEngine(memory="500MB", threads=1, folder=tmp_path) as begun:
        yield begun


def test_lines_and_parquet_give_the_same_rows(engine, tmp_path):
    log = [exchange(i, prompt=None if i % 3 == 0 else f"p{i}", n_images=None) for i in range(50)]
    made = []
    for path in (write_parquet(tmp_path / "a.parquet", log), write_lines(tmp_path / "a.jsonl", _plain(log))):
        assert engine.load(path).rows == 50
        made.append(rows(engine))
    assert made[0].equals(made[1])


def _plain(log):
    return [{**row, "ts": row["ts"].isoformat()} for row in log]


def test_a_broken_file_leaves_nothing_behind(engine, tmp_path, monkeypatch):
    monkeypatch.setattr(layout_module, "RUN", 10)  # the file's first rows are written before it breaks
    folder = tmp_path / "log"
    folder.mkdir()
    write_parquet(folder / "good.parquet", [exchange(i) for i in range(5)])
    table = pa.Table.from_pylist(
        [exchange(i, exchange_id=f"y{i}", prompt="p" * 100) for i in range(300_000)][:], EXCHANGE_SCHEMA
    )
    pq.write_table(table, folder / "z.parquet", row_group_size=50_000, compression="none", use_dictionary=False)
    raw = bytearray((folder / "z.parquet").read_bytes())
    raw[-len(raw) // 4 : -len(raw) // 5] = bytes(len(range(-len(raw) // 4, -len(raw) // 5)))
    (folder / "z.parquet").write_bytes(raw)
    loaded = engine.load(folder)
    assert loaded.rows == 5
    assert rows(engine)["exchange"].to_pylist() == [key(f"x{i:04d}") for i in range(5)]
    assert [(t.file, t.field) for t in loaded.rejects.counts] == [("z.parquet", "")]


def test_of_repeated_ids_the_earliest_stays_whatever_file_it_is_in(engine, tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    write_parquet(folder / "a.parquet", [exchange(9, exchange_id="one", account_id="late"), exchange(3)])
    write_parquet(folder / "b.parquet", [exchange(2, exchange_id="one", account_id="early")])
    loaded = engine.load(folder)
    assert (loaded.seen, loaded.rows) == (3, 2)
    assert rows(engine)["account"].to_pylist() == [key("early"), key("a0")]
    assert [(t.reason, t.rows) for t in loaded.rejects.counts] == [("duplicate", 1)]
    assert engine.run(integer_core(), by_account=True)["exchanges"].to_pylist() == [1, 1]


def test_a_second_load_begins_anew(engine, tmp_path):
    path = write_parquet(tmp_path / "a.parquet", [exchange(i) for i in range(20)])
    engine.load(path)
    assert engine.load(path).rows == engine.run(canonical_rows()).num_rows == 20


def test_by_account_is_the_whole(engine, tmp_path):
    engine.load(write_parquet(tmp_path / "a.parquet", [exchange(i, account_id=f"a{i % 70}") for i in range(500)]))
    one, other = (engine.run(integer_core(), by_account=way).sort_by("account") for way in (True, False))
    assert one.num_rows == 70
    assert one.combine_chunks().equals(other.combine_chunks())


def test_an_empty_log(engine, tmp_path):
    engine.load(write_parquet(tmp_path / "a.parquet", []))
    assert engine.run(integer_core(), by_account=True).num_rows == 0
    assert engine.names("account").num_rows == 0


def test_nothing_to_read(engine, tmp_path):
    with pytest.raises(InputError):
        engine.load(tmp_path / "nothing.parquet")


def test_other_columns_name_the_missing_ones(engine, tmp_path):
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"exchange_id": ["x"]}), path)
    with pytest.raises(InputError, match="account_id"):
        engine.load(path)


def test_kept_tables_are_read_by_later_queries(engine, tmp_path):
    engine.load(write_parquet(tmp_path / "a.parquet", [exchange(i) for i in range(6)]))
    accounts = [key(f"a{i}") for i in range(3)]
    engine.put(PARTIES, pa.table({"account": accounts, "party": [0, 0, 1]}))
    assert engine.keep("kept", opened()) == 6
    kept = ibis.table(opened().schema(), name="kept")
    assert sorted(engine.run(kept)["party"].to_pylist()) == [0, 0, 0, 0, 1, 1]
    assert engine.run(first_texts()).num_rows == 4
    engine.put(PARTIES, pa.table({"account": accounts, "party": [0, 0, 0]}))
    assert engine.run(first_texts()).num_rows == 2


def test_too_little_memory_is_said(tmp_path):
    with DuckEngine(memory="10MB", threads=1, folder=tmp_path) as engine:
        path = write_parquet(tmp_path / "a.parquet", [exchange(i, account_id=f"a{i}") for i in range(1000)])
        engine.load(path)
        big = pa.table({"n": range(3_000_000)})
        with pytest.raises(StillwatchError, match="memory"):
            _hold(engine, big, times=20)


def _hold(engine, rows, times):
    for number in range(times):
        engine.put(f"big{number}", rows)
        engine.keep(f"distinct{number}", ibis.table({"n": "int64"}, name=f"big{number}").distinct())


def test_folders_are_removed(tmp_path):
    engine = DuckEngine(folder=tmp_path)
    engine.load(write_parquet(tmp_path / "a.parquet", [exchange(0)]))
    assert [p.name for p in tmp_path.iterdir() if p.is_dir()]
    engine.close()
    assert [p for p in tmp_path.iterdir() if p.is_dir()] == []


def test_schema_of_the_layout_is_the_canonical_one(engine, tmp_path):
    engine.load(write_parquet(tmp_path / "a.parquet", [exchange(0)]))
    assert tuple(engine.run(canonical_rows()).column_names) == COLUMNS
    assert EXCHANGE_SCHEMA.names[0] == "exchange_id"
