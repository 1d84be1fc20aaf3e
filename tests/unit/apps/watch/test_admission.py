"""Late, early and known rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.apps.watch.admission import AHEAD, HOUR, MANY, SECOND, hashes, timely

NOW = 1_000_000 * HOUR
LIVE = np.arange(MANY, dtype=np.int64) * SECOND + NOW - 200 * SECOND


def judge(ts, *, high=None, now=NOW, watermark=48 * HOUR, backlog=False):
    return timely(np.asarray(ts, np.int64), high=high, now=now, watermark=watermark, backlog=backlog)


class TestTimely:
    def test_nothing_is_late_at_first(self):
        assert not judge([NOW - 900 * HOUR, NOW]).late.any()

    def test_late_is_beyond_the_watermark(self):
        found = judge([NOW - 48 * HOUR - 1, NOW - 48 * HOUR, NOW], high=NOW)
        assert found.late.tolist() == [True, False, False]

    def test_history_is_never_late(self):
        assert not judge([NOW - 900 * HOUR], high=NOW, backlog=True).late.any()

    def test_beyond_the_wall_clock_is_future(self):
        found = judge([NOW, NOW + AHEAD, NOW + AHEAD + 1])
        assert found.future.tolist() == [False, False, True]

    def test_beyond_the_median_of_a_live_batch_is_future(self):
        ahead = np.r_[LIVE - 2 * HOUR, LIVE[-1]]
        assert judge(ahead).future.tolist() == [False] * MANY + [True]

    def test_a_batch_that_spans_hours_says_nothing_of_single_rows(self):
        assert not judge(NOW - np.arange(MANY, 0, -1) * HOUR).future.any()

    @pytest.mark.parametrize("backlog", [True, False])
    def test_few_rows_or_history_say_nothing_either(self, backlog):
        ts = np.r_[LIVE - 2 * HOUR, LIVE[-1]] if backlog else np.r_[LIVE[:9] - 2 * HOUR, LIVE[-1]]
        assert not judge(ts, backlog=backlog).future.any()

    def test_few_rows_of_a_wrong_clock_do_not_lift_the_mark(self):
        wrong = np.r_[LIVE - 500 * HOUR, LIVE[-3:]]
        assert judge(wrong[: MANY + 1], high=NOW - 600 * HOUR).high <= NOW - 499 * HOUR

    def test_the_mark_never_falls(self):
        assert judge([NOW - 5 * HOUR], high=NOW).high == NOW

    def test_no_rows(self):
        assert judge([], high=7).high == 7

    @given(st.lists(st.integers(NOW - 100 * HOUR, NOW + HOUR), min_size=1, max_size=200), st.booleans())
    def test_what_is_judged_late_is_earlier_than_all_that_is_not(self, times, backlog):
        ts = np.sort(np.asarray(times, np.int64))
        found = judge(ts, high=NOW, backlog=backlog)
        assert (np.diff(found.late.astype(int)) <= 0).all()
        assert (np.diff(found.future.astype(int)) >= 0).all()


class TestHashes:
    def test_equal_ids_have_equal_hashes_under_one_key_alone(self):
        first, second = hashes(["a", "b", "a"], b"k" * 32), hashes(["a"], b"l" * 32)
        assert first[0] == first[2] != first[1]
        assert second[0] != first[0]

    def test_none(self):
        assert len(hashes([], b"k" * 32)) == 0
