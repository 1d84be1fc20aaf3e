"""Small partitions become fewer; their rows stay."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from stillwatch.apps.watch import partitions
from stillwatch.apps.watch.compaction import FEWEST, FULL, SMALL, merge, worth
from stillwatch.apps.watch.detector import Look, Looking, Rehunt, rows_of, sketches_of
from stillwatch.apps.watch.partitions import Partition
from stillwatch.apps.watch.state import Limits
from stillwatch.errors import OutputError

EVER = -(2**62)


def part(number, rows, texts=None):
    return Partition(number=number, rows=rows, first_us=0, last_us=0, path=f"{number}", texts=texts)


@pytest.fixture
def many(make_state, rows, take):
    state = make_state(Limits())
    for number in range(FEWEST):
        take(state, rows(number, number + 100), leave_out=False)
    return state


class TestWorth:
    def test_a_run_that_is_long_enough(self):
        parts = [part(n, 10) for n in range(FEWEST)]
        assert worth(parts) == parts
        assert worth(parts[1:]) == []

    def test_large_ones_and_those_with_texts_stay(self):
        parts = [part(n, 10) for n in range(FEWEST - 1)]
        assert worth([*parts, part(90, SMALL), part(91, 10)]) == []
        assert worth([*parts, part(90, 10, "texts"), part(91, 10)]) == []

    def test_never_larger_than_full(self):
        run = worth([part(n, SMALL // 3) for n in range(100)])
        assert FULL - SMALL // 3 < sum(each.rows for each in run) <= FULL


class TestMerge:
    def test_the_rows_are_the_same(self, many):
        before = many.listed()
        rows, sketches = rows_of(before, EVER), sketches_of(before)
        merged = merge(many, before)
        (after,) = many.listed()
        assert after == merged.into
        assert rows_of([after], EVER).equals(rows)
        assert sketches_of([after]).equals(sketches)
        assert merged.numbers == tuple(range(1, FEWEST + 1))
        assert len(list(many.partitions.folder.iterdir())) == 2

    def test_a_restart_finds_it(self, many, make_state, rows, take):
        merge(many, many.listed())
        state = make_state()
        assert sum(each.rows for each in state.listed()) == 2 * FEWEST
        assert take(state, rows(0, 900)).duplicates == 1
        assert [each.number for each in state.listed()] == [FEWEST, FEWEST + 1]

    def test_a_full_disk_changes_nothing(self, many, monkeypatch):
        def sync(_path):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr(partitions, "sync", sync)
        before = many.listed()
        with pytest.raises(OutputError):
            merge(many, before)
        assert many.listed() == before
        assert all(Path(each.path).exists() for each in before)

    def test_a_detector_goes_on(self, many):
        detector = Rehunt(Looking())
        for each in many.listed():
            detector.absorb(each)
        detector.merged(merge(many, many.listed()))
        assert len(detector.look(Look(since_us=EVER)).log) == 2 * FEWEST
