"""Reading with columns on disk: the same rows in the same order, numbers for names, texts in a file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.errors import InputError, OutputError
from stillwatch.events import _spill
from stillwatch.events._spill import NONE, coded
from stillwatch.events.read import read_exchanges
from stillwatch.testing.logs import exchange, write_lines, write_parquet

NAMES = ("conversation_id", "context_in", "context_out")


def both(source, folder, **options):
    """The same log read into memory and with columns on disk."""
    folder.mkdir()
    return read_exchanges(source, **options), read_exchanges(source, spill=folder, **options)


def alike(plain, lean):
    """Whether two columns of names have nulls and equal values in the same places."""
    first = {}
    return all(first.setdefault(n, p) == p and (p is None) == (n is None) for p, n in zip(plain, lean, strict=True))


def assert_same(held, spilled):
    assert spilled.table.num_rows == held.table.num_rows
    assert "exchange_id" not in spilled.table.column_names
    for name in spilled.table.column_names:
        plain, lean = held.table[name].to_pylist(), spilled.table[name].to_pylist()
        if name == "prompt" and spilled.texts is not None:
            column = spilled.table[name].chunk(0)
            words = spilled.texts.file.read(spilled.texts.places(column.dictionary))
            assert [None if code is None else words[code] for code in column.indices.to_pylist()] == plain
        elif name in NAMES:
            assert alike(plain, lean), name
            assert len(set(plain)) == len(set(lean)), name
        else:
            assert lean == plain, name
    inward, outward = ([*held.table[n].to_pylist()] for n in NAMES[1:])
    inward_lean, outward_lean = ([*spilled.table[n].to_pylist()] for n in NAMES[1:])
    assert alike(inward + outward, inward_lean + outward_lean)
    assert len(set(inward + outward)) == len(set(inward_lean + outward_lean))
    assert (held.seen, held.notes, held.missing, held.rejects) == (
        spilled.seen,
        spilled.notes,
        spilled.missing,
        spilled.rejects,
    )


def rows_of(count, seed=3):
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        maybe = [None, *(f"c{i}" for i in range(6))]
        rows.append(
            exchange(
                int(rng.integers(count // 2)),  # out of order, many at one time
                exchange_id=f"x{rng.permutation(count)[0]}-{number}" if number % 7 else f"twice{number % 3}",
                account_id=f"a{rng.integers(9)}",
                prompt=None if number % 5 == 0 else f"text {rng.integers(12)}" * int(rng.integers(1, 3)),
                conversation_id=maybe[rng.integers(7)],
                context_in=maybe[rng.integers(7)],
                context_out=f"c{rng.integers(9)}",
                ip=f"192.0.2.{rng.integers(9)}" if number % 4 else None,
                stream=bool(number % 2),
                temperature=None if number % 2 else 0.5,
                status=200 + int(rng.integers(3)),
            )
        )
    return rows


class TestSpilled:
    @pytest.mark.parametrize("write", [write_parquet, write_lines])
    @pytest.mark.parametrize("files", [1, 3])
    def test_rows_order_rejects_and_texts_are_the_same(self, tmp_path, write, files):
        source = tmp_path / "log"
        source.mkdir()
        rows = rows_of(90)
        for number in range(files):
            suffix = "parquet" if write is write_parquet else "jsonl"
            write(source / f"x{number}.{suffix}", rows[number::files])
        assert_same(*both(source, tmp_path / "spill"))

    @pytest.mark.parametrize("options", [{"metadata_only": True}, {"columns": frozenset({"prompt", "ip"})}])
    def test_columns_that_are_not_read(self, tmp_path, options):
        held, spilled = both(write_parquet(tmp_path / "x.parquet", rows_of(20)), tmp_path / "spill", **options)
        lean, plain = spilled.table.to_pydict(), held.table.to_pydict()
        assert set(plain) - set(lean) == {"exchange_id"}
        assert lean["ip"] == plain["ip"]
        assert (spilled.texts is None) == bool(options.get("metadata_only"))

    def test_an_empty_log(self, tmp_path):
        held, spilled = both(write_parquet(tmp_path / "x.parquet", []), tmp_path / "spill")
        assert_same(held, spilled)
        assert spilled.table.num_rows == 0

    def test_columns_that_are_missing(self, tmp_path):
        rows = [{k: v for k, v in row.items() if k not in {"prompt", *NAMES}} for row in rows_of(9)]
        assert_same(*both(write_lines(tmp_path / "x.jsonl", rows), tmp_path / "spill"))

    def test_a_broken_file_leaves_nothing_behind(self, tmp_path):
        source = tmp_path / "log"
        source.mkdir()
        write_parquet(source / "a.parquet", rows_of(30))
        path = write_parquet(source / "b.parquet", rows_of(30, seed=4))
        path.write_bytes(path.read_bytes()[:-200])
        write_parquet(source / "c.parquet", rows_of(30, seed=5))
        assert_same(*both(source, tmp_path / "spill"))

    def test_a_text_that_is_not_utf8_is_emptied(self, tmp_path):
        path = write_parquet(tmp_path / "x.parquet", [exchange(i, prompt="question MARK") for i in range(3)])
        path.write_bytes(path.read_bytes().replace(b"MARK", b"\xff\xfe\xff\xff"))
        assert_same(*both(path, tmp_path / "spill"))

    def test_columns_do_not_stay_on_disk_and_texts_do(self, tmp_path):
        _, spilled = both(write_parquet(tmp_path / "x.parquet", rows_of(20)), tmp_path / "spill")
        left = {path.name.partition("-")[2] or path.name for path in (tmp_path / "spill").iterdir()}
        assert left == {"texts.arrow", "names"}
        assert spilled.texts is not None

    @pytest.mark.parametrize("name", ["no such folder", "full"])
    def test_a_folder_that_takes_nothing_is_an_error_and_no_broken_file(self, tmp_path, monkeypatch, name):
        path = write_parquet(tmp_path / "x.parquet", rows_of(20))
        folder = tmp_path / name
        if name == "full":
            folder.mkdir()

            def full(self, name):
                raise OSError(28, "No space left on device")

            monkeypatch.setattr(_spill.Spilled, "_file", full)
        with pytest.raises(OutputError, match=r"cannot be (written|laid out)"):
            read_exchanges(path, spill=folder)

    def test_out_of_reach_is_still_an_input_error(self, tmp_path):
        (tmp_path / "spill").mkdir()
        with pytest.raises(InputError):
            read_exchanges(tmp_path / "nothing.parquet", spill=tmp_path / "spill")


class TestCoded:
    @settings(deadline=None)
    @given(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2) | st.just(2**62), max_size=40))
    def test_numbers_by_first_appearance_with_nulls_apart(self, keys):
        seen = {}
        expected = [NONE if key == 0 else seen.setdefault(key, len(seen)) for key in keys]
        assert coded(np.array(keys, np.int64)).tolist() == expected

    def test_codes_are_read_in_place(self):
        codes = np.array([0, NONE, 1], np.int32)
        column = _spill.nullable(codes)
        assert column.to_pylist() == [0, None, 1]
        assert column.buffers()[1].address == codes.ctypes.data
        assert pa.array([0, None, 1], pa.int32()).equals(column)
