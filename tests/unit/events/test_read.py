"""Reading contract tables: each kind of bad input with its outcome."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ExitCode, InputError, RejectedOverBudget
from stillwatch.events.model import ACCOUNTS, EXCHANGES, Reject
from stillwatch.events.read import read_accounts, read_exchanges

START = datetime(2026, 10, 5, tzinfo=UTC)
TYPES = {
    "VARCHAR": pa.string(),
    "TIMESTAMPTZ": pa.timestamp("us", tz="UTC"),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "FLOAT": pa.float32(),
    "BOOLEAN": pa.bool_(),
}
SCHEMA = pa.schema([(column.name, TYPES[column.sql]) for column in EXCHANGES])


def row(i: int = 0, **changes: object) -> dict[str, object]:
    """One good exchange, ``i`` minutes after the start."""
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


def parquet(path: Path, rows: list[dict[str, object]], schema: pa.Schema = SCHEMA) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


def retyped(**types: pa.DataType) -> pa.Schema:
    return pa.schema([(field.name, types.get(field.name, field.type)) for field in SCHEMA])


def lines(path: Path, rows: list[dict[str, object]], *extra: bytes) -> Path:
    path.write_bytes(b"\n".join([*(msgspec.json.encode(r) for r in rows), *extra]) + b"\n")
    return path


def counts(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.counts}


def repairs(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.repairs}


def ids(result) -> list[str]:
    return result.table["exchange_id"].to_pylist()


class TestShape:
    def test_every_column_in_order_with_its_type(self, tmp_path):
        table = read_exchanges(parquet(tmp_path / "x.parquet", [row()])).table
        assert table.column_names == [column.name for column in EXCHANGES]
        assert table.schema.field("exchange_id").type == pa.large_string()
        for column in EXCHANGES[1:]:
            kind = table.schema.field(column.name).type
            if column.sql == "VARCHAR":
                assert kind == pa.dictionary(pa.int32(), pa.large_string()), column.name
            else:
                assert kind == TYPES[column.sql], column.name

    def test_values_survive(self, tmp_path):
        expected = row(3, prompt="naïve 漢字 \x00 \x1b[31m", ip="2001:db8::1")
        got = read_exchanges(parquet(tmp_path / "x.parquet", [expected]), with_response=True).table.to_pylist()[0]
        assert {name: got[name] for name in expected} == expected
        assert all(value is None for name, value in got.items() if name not in expected)

    def test_one_chunk_and_one_code_for_equal_texts(self, tmp_path):
        for name, first in (("a", 0), ("b", 10)):
            parquet(tmp_path / f"{name}.parquet", [row(first + i) for i in range(10)])
        prompt = read_exchanges(tmp_path).table["prompt"]
        assert prompt.num_chunks == 1
        assert sorted(prompt.chunk(0).dictionary.to_pylist()) == ["question 0", "question 1"]

    def test_sorted_by_time_then_id(self, tmp_path):
        rows = [row(2), row(1, exchange_id="z"), row(0), row(1, exchange_id="b"), row(1, exchange_id="c")]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows))
        assert ids(result) == ["x0000", "b", "c", "z", "x0002"]
        assert result.table["ts"].to_pylist() == sorted(r["ts"] for r in rows)

    def test_response_only_when_asked_for(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row()])
        assert read_exchanges(path).table["response"].to_pylist() == [None]
        assert read_exchanges(path, with_response=True).table["response"].to_pylist() == ["answer"]

    def test_metadata_only_leaves_text_out(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(system_prompt="be brief")])
        result = read_exchanges(path, metadata_only=True, with_response=True)
        for name in ("prompt", "system_prompt", "response"):
            assert result.table[name].to_pylist() == [None]
        assert {"prompt", "system_prompt", "response"} <= result.absent
        assert result.missing == ()

    def test_metadata_only_does_not_touch_damaged_text(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(i, prompt=f"{i}" * 400) for i in range(50)])
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
        rows = [row(i, temperature=None if i % 2 else 0.5) for i in range(7)]
        path = lines(tmp_path / name, rows)
        if name.endswith(".gz"):
            path.write_bytes(gzip.compress(path.read_bytes()))
        if name.endswith(".zst"):
            path.write_bytes(pa.Codec("zstd").compress(path.read_bytes(), asbytes=True))
        expected = read_exchanges(parquet(tmp_path / "x.parquet", rows)).table
        assert read_exchanges(path).table.to_pylist() == expected.to_pylist()

    def test_folder_is_read_below_without_hidden_files(self, tmp_path):
        (tmp_path / "day=1").mkdir()
        parquet(tmp_path / "day=1" / "x.parquet", [row(0)])
        lines(tmp_path / "y.jsonl", [row(1)])
        (tmp_path / "_SUCCESS").write_bytes(b"")
        (tmp_path / ".x.parquet.crc").write_bytes(b"crc")
        result = read_exchanges(tmp_path)
        assert result.files == ("day=1/x.parquet", "y.jsonl")
        assert ids(result) == ["x0000", "x0001"]

    def test_glob(self, tmp_path):
        for i in range(3):
            parquet(tmp_path / f"x{i}.parquet", [row(i)])
        assert ids(read_exchanges(f"{tmp_path}/x[01].parquet")) == ["x0000", "x0001"]

    def test_file_whose_name_is_a_pattern(self, tmp_path):
        parquet(tmp_path / "x1.parquet", [row(1)])
        path = parquet(tmp_path / "x[1]*'.parquet", [row(2)])
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
        parquet(tmp_path / "x.parquet", [row()])
        (tmp_path / "notes.txt").write_text("hello")
        assert any("left unread: 1 file" in note for note in read_exchanges(tmp_path).notes)

    def test_unreadable_file(self, tmp_path, monkeypatch):
        path = parquet(tmp_path / "x.parquet", [row()])

        def refuse(*_args, **_options):
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(Path, "open", refuse)
        with pytest.raises(InputError, match="Permission denied"):
            read_exchanges(path)


class TestEmptyAndSmall:
    def test_parquet_without_rows(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", []))
        assert result.table.num_rows == 0
        assert result.table.column_names == [column.name for column in EXCHANGES]
        result.check_budget()

    @pytest.mark.parametrize("content", [b"", b"\n\n", b"\xef\xbb\xbf"])
    def test_json_lines_without_lines(self, tmp_path, content):
        (tmp_path / "x.jsonl").write_bytes(content)
        result = read_exchanges(tmp_path / "x.jsonl")
        assert (result.table.num_rows, result.seen) == (0, 0)

    def test_one_row(self, tmp_path):
        assert ids(read_exchanges(parquet(tmp_path / "x.parquet", [row()]))) == ["x0000"]

    def test_every_row_set_aside(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(i, account_id=None) for i in range(3)]))
        assert result.table.num_rows == 0
        assert counts(result) == {("account_id", "missing"): 3}


class TestColumns:
    def test_missing_required_columns_are_named_with_the_file(self, tmp_path):
        schema = pa.schema([field for field in SCHEMA if field.name not in {"ts", "model"}])
        path = parquet(tmp_path / "x.parquet", [row()], schema)
        with pytest.raises(InputError, match=r"x\.parquet: required columns are missing: ts, model\.") as error:
            read_exchanges(path)
        assert "'exchange_id'" in error.value.hint

    def test_missing_required_field_in_every_line(self, tmp_path):
        bare = {name: value for name, value in row().items() if name != "status"}
        with pytest.raises(InputError, match="required columns are missing: status"):
            read_exchanges(lines(tmp_path / "x.jsonl", [bare]))

    def test_only_required_columns(self, tmp_path):
        required = {column.name for column in EXCHANGES if not column.nullable}
        schema = pa.schema([field for field in SCHEMA if field.name in required])
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row()], schema))
        optional = [column.name for column in EXCHANGES if column.nullable and column.name != "response"]
        assert result.missing == tuple(optional)
        assert result.absent == {*optional, "response"}
        assert any(note.startswith("Not in the source: conversation_id") for note in result.notes)

    def test_files_with_different_columns(self, tmp_path):
        parquet(tmp_path / "a.parquet", [row(0)])
        parquet(tmp_path / "b.parquet", [row(1)], pa.schema([f for f in SCHEMA if f.name != "ip"]))
        result = read_exchanges(tmp_path)
        assert result.table["ip"].to_pylist() == ["192.0.2.7", None]
        assert "ip" not in result.missing

    def test_null_throughout_is_absent_but_not_missing(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(prompt=None)]))
        assert "prompt" in result.absent
        assert "prompt" not in result.missing

    @pytest.mark.parametrize("kind", ["x.parquet", "x.jsonl"])
    def test_extra_columns_are_noted_escaped_and_ignored(self, tmp_path, kind):
        extra = {"colour\x1b[31m": "red"}
        path = tmp_path / kind
        if kind == "x.jsonl":
            lines(path, [row(**extra)])
        else:
            parquet(path, [row(**extra)], SCHEMA.append(pa.field("colour\x1b[31m", pa.string())))
        (note,) = (note for note in read_exchanges(path).notes if "Not in the contract" in note)
        assert "colour\\x1b[31m" in note
        assert "\x1b" not in note

    def test_text_that_is_left_out_is_not_called_extra(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row()]), metadata_only=True)
        assert not any("Not in the contract" in note for note in result.notes)


class TestRowsSetAside:
    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            *((c.name, None, "missing") for c in EXCHANGES if not c.nullable),
            ("exchange_id", "", "empty"),
            ("account_id", "", "empty"),
            ("input_tokens", -1, "not a whole number of at least 0"),
            ("output_tokens", -20, "not a whole number of at least 0"),
            ("ts", datetime(1969, 12, 31, tzinfo=UTC), "not a time between 1970 and 2100"),
            ("ts", datetime(2100, 1, 1, tzinfo=UTC), "not a time between 1970 and 2100"),
        ],
    )
    def test_required_field(self, tmp_path, field, value, reason):
        rows = [row(0), row(1, **{field: value}), row(2)]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows))
        assert ids(result) == ["x0000", "x0002"]
        assert counts(result) == {(field, reason): 1}
        assert result.rejects.samples == (Reject("x.parquet", 2, field, reason),)
        assert result.seen == 3

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("ts", "yesterday", "not a time between 1970 and 2100"),
            ("ts", "infinity", "not a time between 1970 and 2100"),
            ("ts", [1], "not a time between 1970 and 2100"),
            ("turn", "first", "not a whole number of at least 0"),
            ("turn", 1.5, "not a whole number of at least 0"),
            ("turn", "1.5", "not a whole number of at least 0"),
            ("turn", 1 << 40, "not a whole number of at least 0"),
            ("turn", 1 << 80, "not a whole number of at least 0"),
            ("turn", {"n": 1}, "not a whole number of at least 0"),
            ("stream", "perhaps", "not true or false"),
        ],
    )
    def test_type_that_cannot_be_cast(self, tmp_path, field, value, reason):
        result = read_exchanges(lines(tmp_path / "x.jsonl", [row(0), row(1, **{field: value})]))
        assert ids(result) == ["x0000"]
        assert counts(result) == {(field, reason): 1}
        assert result.rejects.samples[0].row == 2

    def test_nested_column_is_not_text(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(model=["m"])], retyped(model=pa.list_(pa.string())))
        assert counts(read_exchanges(path)) == {("model", "not text"): 1}

    def test_earliest_of_a_repeated_id_stays_whatever_the_order_of_files(self, tmp_path):
        parquet(tmp_path / "a.parquet", [row(5, exchange_id="same", account_id="late"), row(6)])
        parquet(tmp_path / "b.parquet", [row(7), row(1, exchange_id="same", account_id="early")])
        result = read_exchanges(tmp_path)
        kept = [r for r in result.table.to_pylist() if r["exchange_id"] == "same"]
        assert [r["account_id"] for r in kept] == ["early"]
        assert result.rejects.samples == (Reject("a.parquet", 1, "exchange_id", "duplicate"),)
        assert (result.seen, result.table.num_rows) == (4, 3)

    def test_a_row_counts_once_by_its_first_fault(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(account_id=None, turn=None, status=None)]))
        assert counts(result) == {("account_id", "missing"): 1}

    def test_counts_are_complete_and_samples_few(self, tmp_path):
        rows = [row(i, turn=-1 if i % 2 else 1) for i in range(600)]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows))
        assert counts(result) == {("turn", "not a whole number of at least 0"): 300}
        assert [sample.row for sample in result.rejects.samples] == list(range(2, 202, 2))

    def test_samples_hold_no_text(self, tmp_path):
        result = read_exchanges(lines(tmp_path / "x.jsonl", [row(0), row(1, ts="SECRET")], b"SECRET"))
        assert result.rejects.rows == 2
        assert "SECRET" not in repr(result.rejects)


class TestCasts:
    @pytest.mark.parametrize(
        "value",
        [
            "2026-10-05T00:00:00Z",
            "2026-10-05 02:00:00+02:00",
            "2026-10-05",
            1791158400,
            1791158400.0,
            1791158400000,
            1791158400000000,
            1791158400000000000,
            "1791158400000000",
        ],
    )
    def test_times(self, tmp_path, value):
        result = read_exchanges(lines(tmp_path / "x.jsonl", [row(ts=value)]))
        assert result.table["ts"].to_pylist() == [START]

    @pytest.mark.parametrize(
        "kind", [pa.int64(), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("ms", tz="Asia/Tokyo"), pa.date32()]
    )
    def test_time_columns(self, tmp_path, kind):
        value = 1791158400000000 if pa.types.is_integer(kind) else START
        if kind in (pa.timestamp("us"), pa.timestamp("ns")):
            value = START.replace(tzinfo=None)
        path = parquet(tmp_path / "x.parquet", [row(ts=value)], retyped(ts=kind))
        assert read_exchanges(path).table["ts"].to_pylist() == [START]

    def test_microseconds_are_kept(self, tmp_path):
        when = START + timedelta(microseconds=123_457)
        micros = 1791158400_123_457
        paths = lines(tmp_path / "a.jsonl", [row(0, ts=micros)]), lines(tmp_path / "b.jsonl", [row(0, ts=when)])
        assert [read_exchanges(path).table["ts"].to_pylist() for path in paths] == [[when], [when]]

    def test_numbers_and_flags_as_text(self, tmp_path):
        changes = {"turn": "3", "temperature": "0.5", "stream": "true", "status": 200.0, "account_id": 7}
        got = read_exchanges(lines(tmp_path / "x.jsonl", [row(**changes)])).table.to_pylist()[0]
        assert (got["turn"], got["temperature"], got["stream"], got["status"]) == (3, 0.5, True, 200)
        assert got["account_id"] == "7"

    def test_mixed_types_in_one_field(self, tmp_path):
        rows = [row(0, turn=1), row(1, turn="2"), row(2, turn=None), row(3, turn=True), row(4, turn=[])]
        result = read_exchanges(lines(tmp_path / "x.jsonl", rows))
        assert result.table["turn"].to_pylist() == [1, 2]
        assert sum(counts(result).values()) == 3

    @pytest.mark.parametrize(
        ("field", "value", "reason"),
        [
            ("asn", "AS64500", "not a whole number of at least 0"),
            ("asn", -1, "not a whole number of at least 0"),
            ("temperature", "warm", "not a finite number"),
            ("temperature", "nan", "not a finite number"),
            ("max_tokens", 1.5, "not a whole number of at least 0"),
            ("logprobs", "perhaps", "not true or false"),
        ],
    )
    def test_unusable_optional_value_is_emptied_and_the_row_stays(self, tmp_path, field, value, reason):
        result = read_exchanges(lines(tmp_path / "x.jsonl", [row(0), row(1, **{field: value})]))
        assert result.table.num_rows == 2
        assert result.table[field].to_pylist()[1] is None
        assert repairs(result) == {(field, reason): 1}
        assert result.rejects.counts == ()

    def test_null_is_no_repair(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(asn=None, temperature=None, ip=None)]))
        assert result.rejects.repairs == ()


class TestAddresses:
    @pytest.mark.parametrize(
        ("given_", "expected"),
        [
            ("192.0.2.7", "192.0.2.7"),
            (" 192.0.2.7 ", "192.0.2.7"),
            ("2001:DB8:0:0:0:0:0:1", "2001:db8::1"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("::FFFF:c000:207", "192.0.2.7"),
            ("fe80::1%eth0", "fe80::1"),
        ],
    )
    def test_one_spelling(self, tmp_path, given_, expected):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(ip=given_)]))
        assert result.table["ip"].to_pylist() == [expected]
        assert result.rejects.repairs == ()

    def test_two_spellings_have_one_code(self, tmp_path):
        rows = [row(0, ip="::ffff:192.0.2.7"), row(1, ip="192.0.2.7"), row(2, ip="999.1.1.1")]
        column = read_exchanges(parquet(tmp_path / "x.parquet", rows)).table["ip"].chunk(0)
        assert column.indices.to_pylist() == [0, 0, None]

    @pytest.mark.parametrize("bad", ["", "localhost", "192.0.2", "192.0.2.256", "01.2.3.4", "1.2.3.4:80", "<script>"])
    def test_malformed_is_emptied_and_counted(self, tmp_path, bad):
        rows = [row(0), row(1, ip=bad), row(2, ip=bad)]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows))
        assert result.table["ip"].to_pylist() == ["192.0.2.7", None, None]
        assert repairs(result) == {("ip", "malformed address"): 2}

    @given(st.ip_addresses())
    def test_any_address_is_read_as_itself(self, tmp_path_factory, address):
        path = parquet(tmp_path_factory.mktemp("ip") / "x.parquet", [row(ip=address.exploded)])
        mapped = getattr(address, "ipv4_mapped", None)
        assert read_exchanges(path).table["ip"].to_pylist() == [str(mapped or address)]


class TestUntil:
    def test_later_rows_are_not_seen(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(i) for i in range(10)])
        result = read_exchanges(path, until=START + timedelta(minutes=4))
        assert ids(result) == [f"x{i:04d}" for i in range(5)]
        assert result.seen == 5

    def test_faults_of_later_rows_are_not_counted(self, tmp_path):
        rows = [row(0), row(1, turn=-1), row(5, turn=-1), row(6, asn=-1, ip="?")]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows), until=START + timedelta(minutes=2))
        assert (result.seen, result.rejects.rows, result.rejects.repairs) == (2, 1, ())

    def test_a_zone_other_than_utc(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(i) for i in range(3)])
        until = datetime.fromisoformat("2026-10-05T02:01:00+02:00")
        assert len(ids(read_exchanges(path, until=until))) == 2

    def test_a_time_without_zone_is_refused(self, tmp_path):
        with pytest.raises(ValueError, match="time zone"):
            read_exchanges(parquet(tmp_path / "x.parquet", [row()]), until=datetime(2026, 10, 5))  # noqa: DTZ001

    @given(minutes=st.lists(st.integers(0, 30), max_size=12), cut=st.integers(-1, 31))
    def test_reading_up_to_a_time_is_reading_all_and_cutting(self, tmp_path_factory, minutes, cut):
        rows = [row(m, exchange_id=f"x{i % 7}", account_id=f"a{i}") for i, m in enumerate(minutes)]
        until = START + timedelta(minutes=cut)
        folder = tmp_path_factory.mktemp("until")
        for suffix, write in ((".parquet", parquet), (".jsonl", lines)):
            path = write(folder / f"x{suffix}", rows)
            whole = [r for r in read_exchanges(path).table.to_pylist() if r["ts"] <= until]
            assert read_exchanges(path, until=until).table.to_pylist() == whole


class TestClocks:
    def test_backwards_is_counted_and_sorted(self, tmp_path):
        result = read_exchanges(parquet(tmp_path / "x.parquet", [row(2), row(1), row(3), row(0)]))
        assert any("backwards: 2 rows" in note for note in result.notes)
        assert ids(result) == ["x0000", "x0001", "x0002", "x0003"]

    def test_forwards_is_no_news(self, tmp_path):
        assert not any(
            "backwards" in n for n in read_exchanges(parquet(tmp_path / "x.parquet", [row(0), row(1)])).notes
        )


class TestBrokenLines:
    @pytest.mark.parametrize(
        ("line", "reason"),
        [
            (b'{"exchange_id": "\xff\xfe"}', "not UTF-8"),
            (b'{"exchange_id": "x", ', "not JSON"),
            (b'{"exchange_id": "\\ud800"}', "not JSON"),
            (b"[1, 2]", "not a JSON object"),
            (b"7", "not a JSON object"),
            (b'{"temperature": NaN}', "not JSON"),
            (b'{"a": ' + b"[" * 100_000, "not JSON"),
        ],
    )
    def test_a_broken_line_costs_itself(self, tmp_path, line, reason):
        path = lines(tmp_path / "x.jsonl", [row(0)], line, b"", msgspec.json.encode(row(1)))
        result = read_exchanges(path)
        assert ids(result) == ["x0000", "x0001"]
        assert result.rejects.samples == (Reject("x.jsonl", 2, "", reason),)
        assert result.seen == 3

    def test_windows_line_ends_and_byte_order_mark(self, tmp_path):
        path = tmp_path / "x.jsonl"
        path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(msgspec.json.encode(row(i)) for i in range(3)))
        assert len(ids(read_exchanges(path))) == 3

    @pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst"])
    def test_compressed_file_that_ends_early_keeps_what_came_before(self, tmp_path, name):
        content = b"".join(msgspec.json.encode(row(i, prompt=os.urandom(300).hex())) + b"\n" for i in range(2_000))
        packed = gzip.compress(content) if name.endswith("gz") else pa.Codec("zstd").compress(content, asbytes=True)
        (tmp_path / name).write_bytes(packed[: len(packed) // 2])
        result = read_exchanges(tmp_path / name)
        assert ("", "file ends early or is broken") in counts(result)
        assert 0 < result.table.num_rows < 2_000

    @pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst"])
    def test_compressed_file_of_which_nothing_can_be_read(self, tmp_path, name):
        head = gzip.compress(b"")[:10] if name.endswith("gz") else pa.Codec("zstd").compress(b"x", asbytes=True)[:6]
        (tmp_path / name).write_bytes(head + b"\xff" * 50)
        with pytest.raises(InputError, match="broken or truncated compressed file"):
            read_exchanges(tmp_path / name)

    def test_line_without_end(self, tmp_path, monkeypatch):
        monkeypatch.setattr("stillwatch.events._lines.LONGEST", 10_000)
        monkeypatch.setattr("stillwatch.events._lines.BLOCK", 3_000)
        path = lines(tmp_path / "x.jsonl", [row(0), row(1, prompt="a" * 50_000), row(2)])
        result = read_exchanges(path)
        assert ids(result) == ["x0000", "x0002"]
        assert result.rejects.samples == (Reject("x.jsonl", 2, "", "line longer than 64 MiB"),)

    def test_lines_across_blocks(self, tmp_path, monkeypatch):
        monkeypatch.setattr("stillwatch.events._lines.BLOCK", 97)
        rows = [row(i, turn=1 if i % 5 else "1") for i in range(40)]
        assert len(ids(read_exchanges(lines(tmp_path / "x.jsonl", rows)))) == 40

    @pytest.mark.parametrize("kind", ["x.parquet", "x.jsonl"])
    def test_prompt_of_ten_megabytes(self, tmp_path, kind):
        rows = [row(0), row(1, prompt="long " * 2_000_000)]
        result = read_exchanges((parquet if kind == "x.parquet" else lines)(tmp_path / kind, rows))
        assert [len(p) for p in result.table["prompt"].to_pylist()] == [10, 10_000_000]

    @given(st.lists(st.binary(max_size=60), max_size=8))
    def test_no_bytes_crash_it(self, tmp_path_factory, junk):
        path = lines(tmp_path_factory.mktemp("junk") / "x.jsonl", [row(0)], *junk)
        result = read_exchanges(path)
        assert ids(result) == ["x0000"]
        assert result.seen == 1 + result.rejects.rows


class TestBrokenParquet:
    @pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
    def test_truncated_alone(self, tmp_path, keep):
        path = parquet(tmp_path / "x.parquet", [row(i) for i in range(50)])
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
        with pytest.raises(InputError, match="broken or truncated Parquet file") as error:
            read_exchanges(path)
        assert "copy or export it again" in error.value.hint

    def test_truncated_beside_good_is_set_aside_whole_and_estimated(self, tmp_path):
        for name in "abc":
            parquet(tmp_path / f"{name}.parquet", [row(i, exchange_id=f"{name}{i}") for i in range(1_000)])
        bad = tmp_path / "b.parquet"
        bad.write_bytes(bad.read_bytes()[:-9])
        result = read_exchanges(tmp_path)
        assert result.table.num_rows == 2_000
        assert result.rejects.rows == pytest.approx(1_000, rel=0.05)
        assert result.rejects.samples == (Reject("b.parquet", 0, "", "broken or truncated Parquet file"),)
        with pytest.raises(RejectedOverBudget):
            result.check_budget(0.01)

    def test_damage_in_the_middle_leaves_nothing_of_the_file(self, tmp_path):
        parquet(tmp_path / "a.parquet", [row(i, exchange_id=f"a{i}") for i in range(10)])
        bad = tmp_path / "b.parquet"
        table = pa.Table.from_pylist([row(i, exchange_id=os.urandom(20).hex()) for i in range(4_000)], schema=SCHEMA)
        pq.write_table(table, bad, row_group_size=1_000)
        data = bytearray(bad.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 8_000] = bytes(8_000)
        bad.write_bytes(data)
        result = read_exchanges(tmp_path)
        assert result.table.num_rows == 10
        assert counts(result).keys() == {("", "broken or truncated Parquet file")}

    def test_all_broken(self, tmp_path):
        for name in "ab":
            (tmp_path / f"{name}.parquet").write_bytes(b"PAR1 and nothing else")
        with pytest.raises(InputError, match="broken or truncated") as error:
            read_exchanges(tmp_path)
        assert "All 2 files are broken" in error.value.hint

    def test_text_that_is_not_utf8_is_emptied_and_hides_nothing(self, tmp_path):
        table = pa.Table.from_pylist([row(i) for i in range(4)], schema=SCHEMA)
        bad = pa.array([b"good", b"\xff\xfe", None, b"\xc3"], pa.binary()).view(pa.string())
        table = table.set_column(table.column_names.index("prompt"), "prompt", bad)
        pq.write_table(table, tmp_path / "x.parquet")
        result = read_exchanges(tmp_path / "x.parquet")
        assert result.table["prompt"].to_pylist() == ["good", None, None, None]
        assert repairs(result) == {("prompt", "not UTF-8"): 2}
        assert result.table.num_rows == 4

    def test_required_text_that_is_not_utf8_costs_its_row(self, tmp_path):
        table = pa.Table.from_pylist([row(i) for i in range(2)], schema=SCHEMA)
        bad = pa.array([b"\xff", b"a1"], pa.binary()).view(pa.string())
        pq.write_table(table.set_column(2, "account_id", bad), tmp_path / "x.parquet")
        result = read_exchanges(tmp_path / "x.parquet")
        assert ids(result) == ["x0001"]
        assert counts(result) == {("account_id", "missing"): 1}

    def test_too_little_memory_is_said_so(self, tmp_path):
        path = parquet(tmp_path / "x.parquet", [row(i, prompt=os.urandom(60_000).hex()) for i in range(300)])
        with pytest.raises(InputError, match="needs more than 1MB of memory"):
            read_exchanges(path, memory="1MB")


class TestBudget:
    def test_over(self, tmp_path):
        rows = [row(i, turn=-1 if i < 3 else 1) for i in range(100)]
        result = read_exchanges(parquet(tmp_path / "x.parquet", rows))
        with pytest.raises(RejectedOverBudget, match=r"3 of 100 rows were set aside; at most 1\.00%") as error:
            result.check_budget(0.01)
        assert "turn not a whole number of at least 0 (3 rows)" in error.value.hint
        assert error.value.exit_code is ExitCode.INPUT_REJECTED

    def test_at_the_limit(self, tmp_path):
        rows = [row(i, turn=-1 if i < 3 else 1) for i in range(100)]
        read_exchanges(parquet(tmp_path / "x.parquet", rows)).check_budget(0.03)


class TestAccounts:
    SCHEMA = pa.schema([(column.name, TYPES[column.sql]) for column in ACCOUNTS])

    def test_all_columns(self, tmp_path):
        rows = [{"account_id": "a", "created_at": START, "signup_ip": "::ffff:192.0.2.1", "verified": True}]
        result = read_accounts(parquet(tmp_path / "a.parquet", rows, self.SCHEMA))
        assert result.table.column_names == [column.name for column in ACCOUNTS]
        got = result.table.to_pylist()[0]
        assert (got["signup_ip"], got["created_at"], got["verified"]) == ("192.0.2.1", START, True)

    def test_only_the_name(self, tmp_path):
        result = read_accounts(lines(tmp_path / "a.jsonl", [{"account_id": "b"}, {"account_id": "a"}]))
        assert result.table["account_id"].to_pylist() == ["b", "a"]
        assert len(result.missing) == len(ACCOUNTS) - 1

    def test_no_name(self, tmp_path):
        with pytest.raises(InputError, match="required columns are missing: account_id"):
            read_accounts(lines(tmp_path / "a.jsonl", [{"tier": "free"}]))

    def test_first_of_a_repeated_name_stays(self, tmp_path):
        rows = [{"account_id": "a", "tier": "free"}, {"account_id": "b"}, {"account_id": "a", "tier": "team"}]
        result = read_accounts(parquet(tmp_path / "a.parquet", rows, self.SCHEMA))
        assert result.table["tier"].to_pylist() == ["free", None]
        assert result.rejects.samples == (Reject("a.parquet", 3, "account_id", "duplicate"),)

    def test_unusable_optional_values(self, tmp_path):
        rows = [{"account_id": "a", "created_at": "once", "signup_ip": "home", "verified": "maybe"}]
        result = read_accounts(lines(tmp_path / "a.jsonl", rows))
        assert result.table.to_pylist()[0] == {c.name: "a" if c.name == "account_id" else None for c in ACCOUNTS}
        assert {field for field, _ in repairs(result)} == {"created_at", "signup_ip", "verified"}

    def test_accounts_created_later_are_not_read(self, tmp_path):
        rows = [{"account_id": f"a{i}", "created_at": START + timedelta(days=i)} for i in range(3)]
        path = parquet(tmp_path / "a.parquet", [*rows, {"account_id": "unknown"}], self.SCHEMA)
        result = read_accounts(path, until=START + timedelta(days=1))
        assert result.table["account_id"].to_pylist() == ["a0", "a1", "unknown"]


class TestDevelopmentLog:
    def test_is_read_whole(self, shared):
        path = shared / "data/traffic-dev/exchanges.parquet"
        result = read_exchanges(path)
        assert result.table.num_rows == pq.ParquetFile(path).metadata.num_rows
        assert result.rejects.counts == ()
