"""Files that arrive, files that are not whole, and poison."""

from __future__ import annotations

import os
import time

import pytest

from stillwatch.apps.watch.batch import Resume
from stillwatch.apps.watch.sources import folder as module
from stillwatch.apps.watch.sources.folder import FolderSource
from stillwatch.errors import InputError
from stillwatch.events.adapters.protocol import AdapterContext
from stillwatch.testing.logs import exchange, write_lines, write_parquet

CONTEXT = AdapterContext(hash_key=b"k" * 32)
NEW = Resume(positions={}, files=frozenset(), backlog=frozenset(), new=True)


def clock():
    return time.time_ns() // 1_000


@pytest.fixture
def source(tmp_path, monkeypatch):
    """Follows the folder of this test; does not wait between looks."""
    monkeypatch.setattr(module, "POLL", 0.01)

    def make(resume=NEW):
        (tmp_path / "in").mkdir(exist_ok=True)
        return FolderSource(tmp_path / "in", resume, CONTEXT, clock)

    return make


def every(source, timeout=0.2):
    found = []
    while (batch := source.next(timeout)) is not None:
        found.append(batch)
    return found


class TestArrival:
    def test_parquet_and_lines_in_the_order_of_names(self, source, tmp_path):
        made = source()
        write_lines(tmp_path / "in/b.jsonl", [exchange(2), exchange(1)])
        os.utime(tmp_path / "in/b.jsonl", (1, 1))
        write_parquet(tmp_path / "in/a.parquet", [exchange(0)])
        found = every(made)
        assert [batch.origin for batch in found] == ["a.parquet", "b.jsonl"]
        assert found[1].table["exchange_id"].to_pylist() == ["x0001", "x0002"]
        assert every(made) == []
        assert made.drained()

    def test_names_that_are_known_are_passed_over(self, source, tmp_path):
        source()
        for name in ("a", "b"):
            write_parquet(tmp_path / f"in/{name}.parquet", [exchange(0)])
        known = Resume(positions={}, files=frozenset({"a.parquet"}), backlog=frozenset(), new=False)
        assert [batch.origin for batch in every(source(known))] == ["b.parquet"]

    def test_what_was_there_at_first_is_history(self, source, tmp_path):
        source()
        write_parquet(tmp_path / "in/a.parquet", [exchange(0)])
        made = source()
        write_parquet(tmp_path / "in/b.parquet", [exchange(1)])
        assert [batch.backlog for batch in every(made)] == [True, False]

    @pytest.mark.parametrize("name", [".a.parquet", "_a.parquet", "a.parquet.tmp", "a.part", ".deep/a.parquet"])
    def test_unfinished_work_of_others_is_left_alone(self, source, tmp_path, name):
        made = source()
        path = tmp_path / "in" / name
        path.parent.mkdir(exist_ok=True)
        write_parquet(path, [exchange(0)])
        os.utime(path, (1, 1))
        assert every(made) == []
        assert made.drained()

    def test_a_file_that_grows_waits(self, source, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "SETTLE", 0.3)
        made = source()
        path = write_lines(tmp_path / "in/a.jsonl", [exchange(0)])
        assert made.next(0.1) is None
        assert not made.drained()
        with path.open("ab") as stream:
            stream.write(write_lines(tmp_path / "more", [exchange(1)]).read_bytes())
        assert made.next(0.1) is None
        assert made.next(1.0).table.num_rows == 2

    def test_a_parquet_file_with_its_footer_is_whole_at_once(self, source, tmp_path, monkeypatch):
        monkeypatch.setattr(module, "SETTLE", 60)
        made = source()
        path = write_parquet(tmp_path / "in/a.parquet", [exchange(0)])
        whole = path.read_bytes()
        path.write_bytes(whole[:-10])
        assert made.next(0.1) is None
        path.write_bytes(whole)
        assert made.next(0.5).table.num_rows == 1

    def test_other_formats_are_told_from_their_content(self, source, tmp_path):
        made = source()
        record = {
            "id": "r1", "request_id": "r1", "call_type": "acompletion", "startTime": "2026-10-05T00:00:00Z",
            "model": "m", "messages": [{"role": "user", "content": "hello"}], "api_key": "k", "user": "u1",
            "response": {"choices": [{"message": {"role": "assistant", "content": "hi"}}]}, "spend": 0.1,
            "metadata": {"user_api_key": "k1"}, "prompt_tokens": 3, "completion_tokens": 4,
        }  # fmt: skip
        write_lines(tmp_path / "in/a.jsonl", [record])
        os.utime(tmp_path / "in/a.jsonl", (1, 1))
        (batch,) = every(made)
        assert batch.table["prompt"].to_pylist() == ["hello"]

    def test_no_folder(self, tmp_path):
        with pytest.raises(InputError, match="no folder"):
            FolderSource(tmp_path / "none", NEW, CONTEXT, clock)


class TestPoison:
    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"PAR1" + b"\0" * 500, "broken or truncated Parquet file"),
            (b"PAR1" + b"\0" * 500 + b"PAR1", "broken or truncated Parquet file"),
            (b"\x1f\x8b\x08\x00 and then nothing of it", "broken or truncated"),
            (b"", "empty file"),
            (b"\x00\x01\x02" * 100, "neither Parquet nor JSON Lines"),
        ],
        ids=["parquet", "footer", "gzip", "empty", "bytes"],
    )
    def test_a_file_that_cannot_be_read_is_set_aside_with_its_reason(self, source, tmp_path, content, problem):
        made = source()
        path = tmp_path / "in/bad.parquet.gz" if problem.startswith("broken or truncated") and b"\x1f" in content else tmp_path / "in/bad"  # fmt: skip
        path.write_bytes(content)
        os.utime(path, (1, 1))
        write_parquet(tmp_path / "in/good.parquet", [exchange(0)])
        bad, good = every(made)
        assert (bad.table.num_rows, good.table.num_rows) == (0, 1)
        assert problem in bad.files[0].problem
        assert str(tmp_path) not in bad.files[0].problem
        assert bad.rejects.rows == 1
        assert every(made) == []

    def test_missing_columns_are_named(self, source, tmp_path):
        made = source()
        write_lines(tmp_path / "in/a.jsonl", [{"hello": 1}, {"hello": 2}])
        os.utime(tmp_path / "in/a.jsonl", (1, 1))
        (bad,) = every(made)
        assert "required columns are missing" in bad.files[0].problem

    def test_single_rows_are_set_aside_alone(self, source, tmp_path):
        made = source()
        write_lines(tmp_path / "in/a.jsonl", [exchange(0), exchange(1, ts="never")], b"{not json")
        os.utime(tmp_path / "in/a.jsonl", (1, 1))
        (batch,) = every(made)
        assert batch.table["exchange_id"].to_pylist() == ["x0000"]
        assert batch.rejects.rows == 2
        assert batch.seen == 3

    def test_a_file_that_may_not_be_opened_is_tried_again_and_then_set_aside(self, source, tmp_path, monkeypatch):
        made = source()
        path = write_parquet(tmp_path / "in/a.parquet", [exchange(0)])
        monkeypatch.setattr(
            type(path), "open", lambda self, *_a, **_k: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
        )
        monkeypatch.setattr(made, "_has_footer", lambda _file: True)
        (bad,) = every(made, 1.0)
        assert bad.files[0].problem == "cannot be opened: Permission denied"
