"""Batches are taken whole or not at all, once, and a restart goes on from there."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.apps.watch import partitions
from stillwatch.apps.watch.admission import FUTURE, HOUR, LATE
from stillwatch.apps.watch.state import BASE, DAY, Limits
from stillwatch.errors import ExitCode, InputError, OutputError, UsageError

SRC = Path(__file__).parents[4] / "src"


def ids(state):
    return sorted(i for part in state.listed() for i in pq.read_table(part.path)["exchange_id"].to_pylist())


class TestTake:
    def test_rows_and_place_are_there_after_a_restart(self, make_state, rows, take):
        taken = take(make_state(), rows(0, 1, 2), name="a", positions={"p": 7})
        assert (taken.accepted, taken.partition.rows) == (3, 3)
        state = make_state()
        assert ids(state) == ["x0000", "x0001", "x0002"]
        assert state.resume().positions == {"p": 7}
        assert state.resume().files == {"a"}

    def test_what_came_before_is_dropped_and_counted(self, make_state, rows, take):
        state = make_state()
        take(state, rows(0, 1))
        taken = take(state, rows(1, 2))
        assert (taken.accepted, taken.duplicates) == (1, 1)
        again = take(make_state(), rows(0, 1, 2))
        assert (again.accepted, again.duplicates, again.partition) == (0, 3, None)
        assert ids(make_state()) == ["x0000", "x0001", "x0002"]

    def test_late_rows_within_the_watermark_come_in_and_others_are_counted(self, make_state, rows, take):
        state = make_state(Limits(watermark=2 * HOUR))
        take(state, rows(300))
        taken = take(state, rows(100, 200, 301))
        assert (taken.accepted, taken.late) == (2, 1)
        assert state.asides() == {LATE: 1}

    def test_history_may_come_in_any_order(self, make_state, rows, take):
        state = make_state(Limits(watermark=HOUR))
        take(state, rows(9_000), backlog=True)
        assert take(state, rows(1), backlog=True).accepted == 1

    def test_a_row_from_the_future_is_set_aside(self, make_state, rows, take):
        state = make_state()
        table = rows(0)
        taken = take(state, table, now=table["ts"][0].value - 10 * HOUR)
        assert (taken.accepted, taken.future) == (0, 1)
        assert state.asides() == {FUTURE: 1}

    def test_prompts_are_hashes_on_disk(self, make_state, rows, take):
        taken = take(make_state(), rows(0, prompt="nobody must read this"), leave_out=False)
        folder = Path(taken.partition.path).parent
        assert pq.read_table(taken.partition.path)["prompt"].type == "int64"
        assert taken.partition.texts is None
        assert pq.read_table(taken.partition.sketches).num_rows == 1
        assert not [each for each in folder.iterdir() if b"nobody must read" in each.read_bytes()]

    def test_raw_text_is_kept_as_long_as_was_asked_and_no_longer(self, make_state, rows, take):
        state = make_state(Limits(texts=HOUR))
        taken = take(state, rows(0, prompt="for an hour"), keep_text=True, leave_out=False, now=1_000 * DAY * 100)
        assert pq.read_table(taken.partition.texts)["prompt"].to_pylist() == ["for an hour"]
        state.expire(1_000 * DAY * 100 + HOUR - 1)
        assert Path(taken.partition.texts).exists()
        state.expire(1_000 * DAY * 100 + HOUR + 1)
        assert not Path(taken.partition.texts).exists()
        assert state.listed()[0].texts is None

    def test_what_left_the_window_is_let_go(self, make_state, rows, take):
        state = make_state(Limits(window=2 * DAY, watermark=HOUR))
        take(state, rows(0))
        last = take(state, rows(60 * 24 * 9))
        state.expire(0)
        assert [part.number for part in state.listed()] == [last.partition.number]
        assert len(list(state.partitions.folder.iterdir())) == 1
        assert state.rows("SELECT count(*) FROM seen") == [(1,)]


class TestWholeOrNotAtAll:
    @pytest.fixture(params=["rows", "sketches", "sync"])
    def full(self, request, monkeypatch):
        """The disk is full when this is written."""
        error = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write = pq.write_table

        def write_table(table, where, **options):
            if Path(where).name.startswith(request.param):
                Path(where).write_bytes(b"PAR1 half")
                raise error
            write(table, where, **options)

        def sync(_path):
            raise error

        monkeypatch.setattr(partitions.pq, "write_table", write_table)
        if request.param == "sync":
            monkeypatch.setattr(partitions, "sync", sync)
        yield
        monkeypatch.undo()

    def test_a_full_disk_changes_nothing(self, make_state, rows, take, full, monkeypatch):
        state = make_state()
        with pytest.raises(OutputError, match="No space left on device") as failed:
            take(state, rows(0), name="a", leave_out=False)
        assert "make room and start the watch again" in failed.value.hint
        assert failed.value.exit_code == ExitCode.FAILED
        assert list(state.partitions.folder.iterdir()) == []
        monkeypatch.undo()
        state = make_state()
        assert (state.listed(), state.resume().files) == ([], frozenset())
        assert take(state, rows(0), name="a", leave_out=False).accepted == 1

    def test_a_commit_that_fails_changes_nothing(self, make_state, rows, take, monkeypatch):
        from stillwatch.apps.watch import state as module  # noqa: PLC0415

        state = make_state()
        take(state, rows(0))

        def fail(*_arguments):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(module, "_settle", fail)
        with pytest.raises(OutputError):
            take(state, rows(1), name="b")
        monkeypatch.undo()
        assert take(state, rows(1), name="b").accepted == 1
        assert ids(make_state()) == ["x0000", "x0001"]
        assert len(list(state.partitions.folder.iterdir())) == 2

    def test_files_that_nobody_lists_are_removed_at_the_start(self, make_state, rows, take):
        state = make_state()
        taken = take(state, rows(0))
        stray, half = (state.partitions.folder / name for name in ("rows-00000009.parquet", "rows-9.parquet.partial"))
        stray.write_bytes(b"x")
        half.write_bytes(b"x")
        make_state()
        assert [str(each) for each in state.partitions.folder.iterdir()] == [taken.partition.path]


class TestOpening:
    def test_two_watches_cannot_share_a_state(self, make_state):
        state = make_state()
        code = (
            "import sys\nfrom pathlib import Path\nfrom stillwatch.apps.watch.state import Limits, State\n"
            "from stillwatch.errors import UsageError\n"
            "try:\n    State(Path(sys.argv[1]), Limits())\nexcept UsageError as error:\n    sys.exit(error.message)"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, state.folder],
            env={"PYTHONPATH": str(SRC)},
            capture_output=True,
            check=False,
            encoding="utf-8",
        )
        assert "another watch is using" in done.stderr

    def test_something_else_is_no_state(self, tmp_path):
        from stillwatch.apps.watch.state import State  # noqa: PLC0415

        (tmp_path / BASE).write_bytes(b"this is no data base" * 1000)
        with pytest.raises(InputError, match="cannot be read"):
            State(tmp_path, Limits())

    def test_another_version_is_refused(self, make_state):
        state = make_state()
        with state.transaction() as base:
            base.execute("UPDATE fact SET value = '99' WHERE name = 'version'")
        with pytest.raises(UsageError, match="version 99"):
            make_state()

    def test_the_key_is_the_owners_alone(self, make_state):
        state = make_state()
        mode = (state.folder / "_state.key").stat().st_mode & 0o777
        assert mode == 0o600
        key = state.key
        assert make_state().key == key
