"""Bad input, each kind with its outcome."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.errors import ExitCode, InputError, RejectedOverBudget
from stillwatch.events.model import EXCHANGES, Reject
from stillwatch.events.read import read_exchanges
from stillwatch.testing.logs import (
    EXCHANGE_SCHEMA,
    START,
    exchange,
    retyped,
    write_lines,
    write_parquet,
)


def counts(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.counts}


def repairs(result) -> dict[tuple[str, str], int]:
    return {(tally.field, tally.reason): tally.rows for tally in result.rejects.repairs}


def ids(result) -> list[str]:
    return result.table["exchange_id"].to_pylist()


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
        rows = [exchange(0), exchange(1, **{field: value}), exchange(2)]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows))
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
        result = read_exchanges(write_lines(tmp_path / "x.jsonl", [exchange(0), exchange(1, **{field: value})]))
        assert ids(result) == ["x0000"]
        assert counts(result) == {(field, reason): 1}
        assert result.rejects.samples[0].row == 2

    def test_nested_column_is_not_text(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(model=["m"])], retyped(model=pa.list_(pa.string())))
        assert counts(read_exchanges(path)) == {("model", "not text"): 1}

    def test_earliest_of_a_repeated_id_stays_whatever_the_order_of_files(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", [exchange(5, exchange_id="same", account_id="late"), exchange(6)])
        write_parquet(tmp_path / "b.parquet", [exchange(7), exchange(1, exchange_id="same", account_id="early")])
        result = read_exchanges(tmp_path)
        kept = [r for r in result.table.to_pylist() if r["exchange_id"] == "same"]
        assert [r["account_id"] for r in kept] == ["early"]
        assert result.rejects.samples == (Reject("a.parquet", 1, "exchange_id", "duplicate"),)
        assert (result.seen, result.table.num_rows) == (4, 3)

    def test_a_row_counts_once_by_its_first_fault(self, tmp_path):
        result = read_exchanges(
            write_parquet(tmp_path / "x.parquet", [exchange(account_id=None, turn=None, status=None)])
        )
        assert counts(result) == {("account_id", "missing"): 1}

    def test_counts_are_complete_and_samples_few(self, tmp_path):
        rows = [exchange(i, turn=-1 if i % 2 else 1) for i in range(600)]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows))
        assert counts(result) == {("turn", "not a whole number of at least 0"): 300}
        assert [sample.row for sample in result.rejects.samples] == list(range(2, 202, 2))

    def test_samples_hold_no_text(self, tmp_path):
        result = read_exchanges(write_lines(tmp_path / "x.jsonl", [exchange(0), exchange(1, ts="SECRET")], b"SECRET"))
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
        result = read_exchanges(write_lines(tmp_path / "x.jsonl", [exchange(ts=value)]))
        assert result.table["ts"].to_pylist() == [START]

    @pytest.mark.parametrize(
        "kind", [pa.int64(), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("ms", tz="Asia/Tokyo"), pa.date32()]
    )
    def test_time_columns(self, tmp_path, kind):
        value = 1791158400000000 if pa.types.is_integer(kind) else START
        if kind in (pa.timestamp("us"), pa.timestamp("ns")):
            value = START.replace(tzinfo=None)
        path = write_parquet(tmp_path / "x.parquet", [exchange(ts=value)], retyped(ts=kind))
        assert read_exchanges(path).table["ts"].to_pylist() == [START]

    def test_microseconds_are_kept(self, tmp_path):
        when = START + timedelta(microseconds=123_457)
        micros = 1791158400_123_457
        paths = (
            write_lines(tmp_path / "a.jsonl", [exchange(0, ts=micros)]),
            write_lines(tmp_path / "b.jsonl", [exchange(0, ts=when)]),
        )
        assert [read_exchanges(path).table["ts"].to_pylist() for path in paths] == [[when], [when]]

    def test_numbers_and_flags_as_text(self, tmp_path):
        changes = {"turn": "3", "temperature": "0.5", "stream": "true", "status": 200.0, "account_id": 7}
        got = read_exchanges(write_lines(tmp_path / "x.jsonl", [exchange(**changes)])).table.to_pylist()[0]
        assert (got["turn"], got["temperature"], got["stream"], got["status"]) == (3, 0.5, True, 200)
        assert got["account_id"] == "7"

    def test_mixed_types_in_one_field(self, tmp_path):
        rows = [
            exchange(0, turn=1),
            exchange(1, turn="2"),
            exchange(2, turn=None),
            exchange(3, turn=True),
            exchange(4, turn=[]),
        ]
        result = read_exchanges(write_lines(tmp_path / "x.jsonl", rows))
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
        result = read_exchanges(write_lines(tmp_path / "x.jsonl", [exchange(0), exchange(1, **{field: value})]))
        assert result.table.num_rows == 2
        assert result.table[field].to_pylist()[1] is None
        assert repairs(result) == {(field, reason): 1}
        assert result.rejects.counts == ()

    def test_null_is_no_repair(self, tmp_path):
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange(asn=None, temperature=None, ip=None)]))
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
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", [exchange(ip=given_)]))
        assert result.table["ip"].to_pylist() == [expected]
        assert result.rejects.repairs == ()

    def test_two_spellings_have_one_code(self, tmp_path):
        rows = [exchange(0, ip="::ffff:192.0.2.7"), exchange(1, ip="192.0.2.7"), exchange(2, ip="999.1.1.1")]
        column = read_exchanges(write_parquet(tmp_path / "x.parquet", rows)).table["ip"].chunk(0)
        assert column.indices.to_pylist() == [0, 0, None]

    @pytest.mark.parametrize("bad", ["", "localhost", "192.0.2", "192.0.2.256", "01.2.3.4", "1.2.3.4:80", "<script>"])
    def test_malformed_is_emptied_and_counted(self, tmp_path, bad):
        rows = [exchange(0), exchange(1, ip=bad), exchange(2, ip=bad)]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows))
        assert result.table["ip"].to_pylist() == ["192.0.2.7", None, None]
        assert repairs(result) == {("ip", "malformed address"): 2}

    @given(st.ip_addresses())
    def test_any_address_is_read_as_itself(self, tmp_path_factory, address):
        path = write_parquet(tmp_path_factory.mktemp("ip") / "x.parquet", [exchange(ip=address.exploded)])
        mapped = getattr(address, "ipv4_mapped", None)
        assert read_exchanges(path).table["ip"].to_pylist() == [str(mapped or address)]


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
        path = write_lines(tmp_path / "x.jsonl", [exchange(0)], line, b"", msgspec.json.encode(exchange(1)))
        result = read_exchanges(path)
        assert ids(result) == ["x0000", "x0001"]
        assert result.rejects.samples == (Reject("x.jsonl", 2, "", reason),)
        assert result.seen == 3

    def test_windows_line_ends_and_byte_order_mark(self, tmp_path):
        path = tmp_path / "x.jsonl"
        path.write_bytes(b"\xef\xbb\xbf" + b"\r\n".join(msgspec.json.encode(exchange(i)) for i in range(3)))
        assert len(ids(read_exchanges(path))) == 3

    @pytest.mark.parametrize("name", ["x.jsonl.gz", "x.jsonl.zst"])
    def test_compressed_file_that_ends_early_keeps_what_came_before(self, tmp_path, name):
        content = b"".join(msgspec.json.encode(exchange(i, prompt=os.urandom(300).hex())) + b"\n" for i in range(2_000))
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
        path = write_lines(tmp_path / "x.jsonl", [exchange(0), exchange(1, prompt="a" * 50_000), exchange(2)])
        result = read_exchanges(path)
        assert ids(result) == ["x0000", "x0002"]
        assert result.rejects.samples == (Reject("x.jsonl", 2, "", "line longer than 64 MiB"),)

    def test_lines_across_blocks(self, tmp_path, monkeypatch):
        monkeypatch.setattr("stillwatch.events._lines.BLOCK", 97)
        rows = [exchange(i, turn=1 if i % 5 else "1") for i in range(40)]
        assert len(ids(read_exchanges(write_lines(tmp_path / "x.jsonl", rows)))) == 40

    @pytest.mark.parametrize("kind", ["x.parquet", "x.jsonl"])
    def test_prompt_of_ten_megabytes(self, tmp_path, kind):
        rows = [exchange(0), exchange(1, prompt="long " * 2_000_000)]
        result = read_exchanges((write_parquet if kind == "x.parquet" else write_lines)(tmp_path / kind, rows))
        assert [len(p) for p in result.table["prompt"].to_pylist()] == [10, 10_000_000]

    @given(st.lists(st.binary(max_size=60), max_size=8))
    def test_no_bytes_crash_it(self, tmp_path_factory, junk):
        path = write_lines(tmp_path_factory.mktemp("junk") / "x.jsonl", [exchange(0)], *junk)
        result = read_exchanges(path)
        assert ids(result) == ["x0000"]
        assert result.seen == 1 + result.rejects.rows


class TestBrokenParquet:
    @pytest.mark.parametrize("keep", [0.0, 0.5, 0.999])
    def test_truncated_alone(self, tmp_path, keep):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i) for i in range(50)])
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
        with pytest.raises(InputError, match="broken or truncated Parquet file") as error:
            read_exchanges(path)
        assert "copy or export it again" in error.value.hint

    def test_truncated_beside_good_is_set_aside_whole_and_estimated(self, tmp_path):
        for name in "abc":
            write_parquet(tmp_path / f"{name}.parquet", [exchange(i, exchange_id=f"{name}{i}") for i in range(1_000)])
        bad = tmp_path / "b.parquet"
        bad.write_bytes(bad.read_bytes()[:-9])
        result = read_exchanges(tmp_path)
        assert result.table.num_rows == 2_000
        assert result.rejects.rows == pytest.approx(1_000, rel=0.05)
        assert result.rejects.samples == (Reject("b.parquet", 0, "", "broken or truncated Parquet file"),)
        with pytest.raises(RejectedOverBudget):
            result.check_budget(0.01)

    def test_damage_in_the_middle_leaves_nothing_of_the_file(self, tmp_path):
        write_parquet(tmp_path / "a.parquet", [exchange(i, exchange_id=f"a{i}") for i in range(10)])
        bad = tmp_path / "b.parquet"
        table = pa.Table.from_pylist(
            [exchange(i, exchange_id=os.urandom(20).hex()) for i in range(4_000)], schema=EXCHANGE_SCHEMA
        )
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
        table = pa.Table.from_pylist([exchange(i) for i in range(4)], schema=EXCHANGE_SCHEMA)
        bad = pa.array([b"good", b"\xff\xfe", None, b"\xc3"], pa.binary()).view(pa.string())
        table = table.set_column(table.column_names.index("prompt"), "prompt", bad)
        pq.write_table(table, tmp_path / "x.parquet")
        result = read_exchanges(tmp_path / "x.parquet")
        assert result.table["prompt"].to_pylist() == ["good", None, None, None]
        assert repairs(result) == {("prompt", "not UTF-8"): 2}
        assert result.table.num_rows == 4

    def test_required_text_that_is_not_utf8_costs_its_row(self, tmp_path):
        table = pa.Table.from_pylist([exchange(i) for i in range(2)], schema=EXCHANGE_SCHEMA)
        bad = pa.array([b"\xff", b"a1"], pa.binary()).view(pa.string())
        pq.write_table(table.set_column(2, "account_id", bad), tmp_path / "x.parquet")
        result = read_exchanges(tmp_path / "x.parquet")
        assert ids(result) == ["x0001"]
        assert counts(result) == {("account_id", "missing"): 1}

    def test_too_little_memory_is_said_so(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i, prompt=os.urandom(60_000).hex()) for i in range(300)])
        with pytest.raises(InputError, match="needs more than 1MB of memory"):
            read_exchanges(path, memory="1MB")


class TestBudget:
    def test_over(self, tmp_path):
        rows = [exchange(i, turn=-1 if i < 3 else 1) for i in range(100)]
        result = read_exchanges(write_parquet(tmp_path / "x.parquet", rows))
        with pytest.raises(RejectedOverBudget, match=r"3 of 100 rows were set aside; at most 1\.00%") as error:
            result.check_budget(0.01)
        assert "turn not a whole number of at least 0 (3 rows)" in error.value.hint
        assert error.value.exit_code is ExitCode.INPUT_REJECTED

    def test_at_the_limit(self, tmp_path):
        rows = [exchange(i, turn=-1 if i < 3 else 1) for i in range(100)]
        read_exchanges(write_parquet(tmp_path / "x.parquet", rows)).check_budget(0.03)
