"""Reading contract tables: shape, sources, columns, times, accounts."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import InputError
from stillwatch.events.model import ACCOUNTS, EXCHANGES, Reject
from stillwatch.events.read import read_accounts, read_exchanges
from stillwatch.testing.logs import (
    ACCOUNT_SCHEMA,
    ARROW_TYPES,
    EXCHANGE_SCHEMA,
    START,
    exchange,
    write_lines,
    write_parquet,
)


def counts(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.counts}


def repairs(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.repairs}


def ids(result) -> list[str]:
    return result.table["exchange_id"].to_pylist()


class TestShape:
    def test_every_column_in_order_with_its_type(self, tmp_path):
        table = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange()])).table
        assert table.column_names == [column.name for column in EXCHANGES]
        assert table.schema.field("exchange_id").type == pa.large_string()
        for column in EXCHANGES[1:]:
            kind = table.schema.field(column.name).type
            if column.sql == "VARCHAR":
                assert kind == pa.dictionary(pa.int32(), pa.large_string()), column.name
            else:
                assert kind == ARROW_TYPES[column.sql], column.name

    def test_values_survive(self, tmp_path):
        expected = exchange(3, prompt="naïve 漢字 \x00 \x1b[31m", ip="2001:db8::1")
        got = read_exchanges(write_parquet(tmp_path / "x.parquet", [expected]), with_response=True).table.to_pylist()[0]
        assert {name: got[name] for name in expected} == expected
        assert all(value is None for name, value in got.items() if name not in expected)

    def test_one_chunk_and_one_code_for_equal_texts(self, tmp_path):
        for name, first in (("a", 0), ("b", 10)):
            write_parquet(tmp_path / f"{name}.parquet", [exchange(first + i) for i in range(10)])
        prompt = read_exchanges(tmp_path).table["prompt"]
        assert prompt.num_chunks == 1
        assert sorted(prompt.chunk(0).dictionary.to_pylist()) == ["question 0", "question 1"]

    def test_sorted_by_time_then_id(self, tmp_path):
        rows = [
            exchange(2),
            exchange(1, exchange_id="z"),
            exchange(0),
            exchange(1, exchange_id="b"),
            exchange(1, exchange_id="c"),
        ]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows))
        assert ids(result) == ["x0000", "b", "c", "z", "x0002"]
        assert result.table["ts"].to_pylist() == sorted(r["ts"] for r in rows)

    def test_response_only_when_asked_for(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange()])
        assert read_exchanges(path).table["response"].to_pylist() == [None]
        assert read_exchanges(path, with_response=True).table["response"].to_pylist() == ["answer"]

    def test_metadata_only_leaves_text_out(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(system_prompt="be brief")])
        result = read_exchanges(path, metadata_only=True, with_response=True)
        for name in ("prompt", "system_prompt", "response"):
            assert result.table[name].to_pylist() == [None]
        assert {"prompt", "system_prompt", "response"} <= result.absent
        assert result.missing == ()

    def test_metadata_only_does_not_touch_damaged_text(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i, prompt=f"{i}" * 400) for i in range(50)])
        meta = pq.ParquetFile(path).metadata.row_group(0)
        chunk = next(meta.column(i) for i in range(meta.num_columns) if meta.column(i).path_in_schema == "prompt")
        data = bytearray(path.read_bytes())
        begin = chunk.dictionary_page_offset or chunk.data_page_offset
        data[begin : begin + chunk.total_compressed_size] = bytes(chunk.total_compressed_size)
        path.write_bytes(data)
        assert read_exchanges(path, metadata_only=True).table.num_rows == 50
        with pytest.raises(InputError, match="broken or truncated"):
            read_exchanges(path)


class TestSources:
    @pytest.mark.parametrize("name", ["x.jsonl", "x.jsonl.gz", "x.jsonl.zst", "x.ndjson", "x.json", "x.log"])
    def test_json_lines_read_as_parquet_does(self, tmp_path, name):
        rows = [exchange(i, temperature=None if i % 2 else 0.5) for i in range(7)]
        path = write_lines(tmp_path / name, rows)
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(path.read_bytes()))
        if name.endswith(".zst"):
            path.write_bytes(pa.Codec("zstd").compress(path.read_bytes(), asbytes=True))
        expected = read_exchanges(write_parquet(tmp_path / "x.parquet", rows)).table
        assert read_exchanges(path).table.to_pylist() == expected.to_pylist()

    def test_folder_is_read_below_without_hidden_files(self, tmp_path):
        (tmp_path / "day=1").mkdir()
        write_parquet(tmp_path / "day=1" / "x.parquet", [exchange(0)])
        write_lines(tmp_path / "y.jsonl", [exchange(1)])
        (tmp_path / "_SUCCESS").write_bytes(b"")
        (tmp_path / ".x.parquet.crc").write_bytes(b"crc")
        result = read_exchanges(tmp_path)
        assert result.files == ("day=1/x.parquet", "y.jsonl")
        assert ids(result) == ["x0000", "x0001"]

    def test_glob(self, tmp_path):
        for i in range(3):
            write_parquet(tmp_path / f"x{i}.parquet", [exchange(i)])
        assert ids(read_exchanges(f"{tmp_path}/x[01].parquet")) == ["x0000", "x0001"]

    def test_file_whose_name_is_a_pattern(self, tmp_path):
        write_parquet(tmp_path / "x1.parquet", [exchange(1)])
        path = write_parquet(tmp_path / "x[1]*'.parquet", [exchange(2)])
        assert ids(read_exchanges(path)) == ["x0002"]

    @pytest.mark.parametrize("name", ["nothing.parquet", "no*thing", "."])
    def test_nothing_there(self, tmp_path, name):
        with pytest.raises(InputError, match=r"no such file|holds no file") as error:
            read_exchanges(tmp_path / name)
        assert "quoted glob" in error.value.hint

    def test_unknown_format(self, tmp_path):
        (tmp_path / "x.csv").write_text("exchange_id,ts\n1,2\n")
        with pytest.raises(InputError, match="neither Parquet nor JSON Lines") as error:
            read_exchanges(tmp_path / "x.csv")
        assert "stillwatch ingest" in error.value.hint

    def test_unknown_file_beside_good_ones_is_named(self, tmp_path):
        write_parquet(tmp_path / "x.parquet", [exchange()])
        (tmp_path / "notes.txt").write_text("hello")
        assert any("left unread: 1 file" in note for note in read_exchanges(tmp_path).notes)

    def test_unreadable_file(self, tmp_path, monkeypatch):
        path = write_parquet(tmp_path / "x.parquet", [exchange()])

        def refuse(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(InputError, match="Permission denied"):
            read_exchanges(path)


class TestEmptyAndSmall:
    def test_parquet_without_rows(self, tmp_path):
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", []))
        assert result.table.num_rows == 0
        assert result.table.column_names == [column.name for column in EXCHANGES]
        result.check_budget()

    @pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
    def test_json_lines_without_lines(self, tmp_path, content):
        (tmp_path / "x.jsonl").write_bytes(content)
        result = read_exchanges(tmp_path / "x.jsonl")
        assert (result.table.num_rows, result.seen) == (0, 0)

    def test_one_row(self, tmp_path):
        assert ids(read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange()]))) == ["x0000"]

    def test_every_row_set_aside(self, tmp_path):
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange(i, account_id=None) for i in range(3)]))
        assert result.table.num_rows == 0
        assert counts(result) == {("account_id", "missing"): 3}


class TestColumns:
    def test_missing_required_columns_are_named_with_the_file(self, tmp_path):
        schema = pa.schema([field for field in EXCHANGE_SCHEMA if field.name not in {"ts", "model"}])
        path = write_parquet(tmp_path / "x.parquet", [exchange()], schema)
        with pytest.raises(InputError, match=r"x\.parquet: required columns are missing: ts, model\.") as error:
            read_exchanges(path)
        assert "'exchange_id'" in error.value.hint

    def test_missing_required_field_in_every_line(self, tmp_path):
        bare = {name: value for name, value in exchange().items() if name != "status"}
        with pytest.raises(InputError, match="required columns are missing: status"):
            read_exchanges(write_lines(tmp_path / "x.jsonl", [bare]))

    @pytest.mark.parametrize("writer", [write_lines, write_parquet])
    def test_logs_of_other_formats_show_their_columns_and_what_they_are_nearest_to(self, tmp_path, writer):
        foreign = {"traceId": "t", "spanId": "s", "startTimeUnixNano": "1", "\x1b[31m" + "x" * 99: 1}
        path = tmp_path / "x"
        if writer is write_lines:
            path = writer(tmp_path / "x.jsonl", [foreign])
        else:
            pq.write_table(pa.Table.from_pylist([foreign]), path)
        with pytest.raises(InputError, match="required columns are missing: exchange_id, ts") as error:
            read_exchanges(path)
        assert "Columns found: '\\x1b[31m" in error.value.hint
        assert "'spanId', 'startTimeUnixNano', 'traceId'. Nearest formats: otel." in error.value.hint
        assert len(str(error.value)) < 600

    def test_a_table_of_accounts_is_near_to_no_log(self, tmp_path):
        with pytest.raises(InputError, match="required columns are missing: account_id") as error:
            read_accounts(write_lines(tmp_path / "x.jsonl", [{"traceId": "t", "user": "u"}]))
        assert "Columns found: 'traceId', 'user'." in error.value.hint
        assert "Nearest" not in error.value.hint

    def test_only_required_columns(self, tmp_path):
        required = {column.name for column in EXCHANGES if not column.nullable}
        schema = pa.schema([field for field in EXCHANGE_SCHEMA if field.name in required])
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange()], schema))
        optional = [column.name for column in EXCHANGES if column.nullable and column.name != "response"]
        assert result.missing == tuple(optional)
        assert result.absent == {*optional, "response"}
        assert any(note.startswith("Not in the source: conversation_id") for note in result.notes)

    def test_files_with_different_columns(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", [exchange(0)])
        write_parquet(tmp_path / "b.parquet", [exchange(1)], pa.schema([f for f in EXCHANGE_SCHEMA if f.name != "ip"]))
        result = read_exchanges(tmp_path)
        assert result.table["ip"].to_pylist() == ["192.0.2.7", None]
        assert "ip" not in result.missing

    def test_null_throughout_is_absent_but_not_missing(self, tmp_path):
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange(prompt=None)]))
        assert "prompt" in result.absent
        assert "prompt" not in result.missing

    @pytest.mark.parametrize("kind", ["x.parquet", "x.jsonl"])
    def test_extra_columns_are_noted_escaped_and_ignored(self, tmp_path, kind):
        extra = {"colour\x1b[31m": "red"}
        path = tmp_path / kind
        if kind == "x.jsonl":
            write_lines(path, [exchange(**extra)])
        else:
            write_parquet(path, [exchange(**extra)], EXCHANGE_SCHEMA.append(pa.field("colour\x1b[31m", pa.string())))
        (note,) = (note for note in read_exchanges(path).notes if "Not in the contract" in note)
        assert "colour\\x1b[31m" in note
        assert "\x1b" not in note

    def test_text_that_is_left_out_is_not_called_extra(self, tmp_path):
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange()]), metadata_only=True)
        assert not any("Not in the contract" in note for note in result.notes)

    def test_columns_passed_over_are_not_called_foreign(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(asn=64500, country="DE")])
        result = read_exchanges(path, columns=frozenset({"prompt"}))
        assert not any("Not in the contract" in note for note in result.notes)
        assert "asn" not in result.table.column_names
        assert {"prompt", "ts", "model"} <= set(result.table.column_names)

    def test_columns_passed_over_in_lines_are_not_called_foreign(self, tmp_path):
        path = write_lines(tmp_path / "x.jsonl", [exchange(asn=64500, country="DE")])
        result = read_exchanges(path, columns=frozenset({"prompt"}))
        assert not any("Not in the contract" in note for note in result.notes)


class TestUntil:
    def test_later_rows_are_not_seen(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i) for i in range(10)])
        result = read_exchanges(path, until=START + timedelta(minutes=4))
        assert ids(result) == [f"x{i:04d}" for i in range(5)]
        assert result.seen == 5

    def test_faults_of_later_rows_are_not_counted(self, tmp_path):
        rows = [exchange(0), exchange(1, turn=-1), exchange(5, turn=-1), exchange(6, asn=-1, ip="?")]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows), until=START + timedelta(minutes=2))
        assert (result.seen, result.rejects.rows, result.rejects.repairs) == (2, 1, ())

    def test_a_zone_other_than_utc(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i) for i in range(3)])
        until = datetime.fromisoformat("2026-10-05T02:01:00+02:00")
        assert len(ids(read_exchanges(path, until=until))) == 2

    def test_a_time_without_zone_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="time zone"):
            read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange()]), until=datetime(2026, 10, 5))  # noqa: DTZ001

    @given(minutes=st.lists(st.integers(0, 30), max_size=12), cut=st.integers(-1, 31))
    def test_reading_up_to_a_time_is_reading_all_and_cutting(self, tmp_path_factory, minutes, cut):
        rows = [exchange(m, exchange_id=f"x{i % 7}", account_id=f"a{i}") for i, m in enumerate(minutes)]
        until = START + timedelta(minutes=cut)
        folder = tmp_path_factory.mktemp("until")
        for suffix, write in ((".parquet", write_parquet), (".jsonl", write_lines)):
            path = write(folder / f"x{suffix}", rows)
            whole = [r for r in read_exchanges(path).table.to_pylist() if r["ts"] <= until]
            assert read_exchanges(path, until=until).table.to_pylist() == whole


class TestClocks:
    def test_backwards_is_counted_and_sorted(self, tmp_path):
        result = read_exchanges(
            write_parquet(tmp_path / "x.parquet", [exchange(2), exchange(1), exchange(3), exchange(0)])
        )
        assert any("backwards: 2 rows" in note for note in result.notes)
        assert ids(result) == ["x0000", "x0001", "x0002", "x0003"]

    def test_forwards_is_no_news(self, tmp_path):
        assert not any(
            "backwards" in n
            for n in read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange(0), exchange(1)])).notes
        )


class TestAccounts:
    def test_all_columns(self, tmp_path):
        rows = [{"account_id": "a", "created_at": START, "signup_ip": "::ffff:192.0.2.1", "verified": True}]
        result = read_accounts(write_parquet(tmp_path / "a.parquet", rows, ACCOUNT_SCHEMA))
        assert result.table.column_names == [column.name for column in ACCOUNTS]
        got = result.table.to_pylist()[0]
        assert (got["signup_ip"], got["created_at"], got["verified"]) == ("192.0.2.1", START, True)

    def test_only_the_name(self, tmp_path):
        result = read_accounts(write_lines(tmp_path / "a.jsonl", [{"account_id": "b"}, {"account_id": "a"}]))
        assert result.table["account_id"].to_pylist() == ["b", "a"]
        assert len(result.missing) == len(ACCOUNTS) - 1

    def test_no_name(self, tmp_path):
        with pytest.raises(InputError, match="required columns are missing: account_id"):
            read_accounts(write_lines(tmp_path / "a.jsonl", [{"tier": "free"}]))

    def test_first_of_a_repeated_name_stays(self, tmp_path):
        rows = [{"account_id": "a", "tier": "free"}, {"account_id": "b"}, {"account_id": "a", "tier": "team"}]
        result = read_accounts(write_parquet(tmp_path / "a.parquet", rows, ACCOUNT_SCHEMA))
        assert result.table["tier"].to_pylist() == ["free", None]
        assert result.rejects.samples == (Reject("a.parquet", 3, "account_id", "duplicate"),)

    def test_unusable_optional_values(self, tmp_path):
        rows = [{"account_id": "a", "created_at": "once", "signup_ip": "home", "verified": "maybe"}]
        result = read_accounts(write_lines(tmp_path / "a.jsonl", rows))
        assert result.table.to_pylist()[0] == {c.name: "a" if c.name == "account_id" else None for c in ACCOUNTS}
        assert {field for field, _ in repairs(result)} == {"created_at", "signup_ip", "verified"}

    def test_is_read_whole(self, tmp_path):
        rows = [{"account_id": f"a{i}", "created_at": START + timedelta(days=i)} for i in range(3)]
        path = write_parquet(tmp_path / "a.parquet", [*rows, {"account_id": "unknown"}], ACCOUNT_SCHEMA)
        result = read_accounts(path)
        assert result.table["account_id"].to_pylist() == ["a0", "a1", "a2", "unknown"]


class TestDevelopmentLog:
    def test_is_read_whole(self, shared):
        path = shared / "data/traffic-dev/exchanges.parquet"
        result = read_exchanges(path)
        assert result.table.num_rows == pq.ParquetFile(path).metadata.num_rows
        assert result.rejects.counts == ()
