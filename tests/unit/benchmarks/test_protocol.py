from __future__ import annotations

import numpy as np
import pytest
from benchmarks.baselines.protocol import Half, ahead, choose, measure, roc, split, threshold
from hypothesis import given
from hypothesis import strategies as st

HALF = Half(frozenset("abcd"), frozenset("xy"))


class TestSplit:
    def test_halves_are_disjoint_whole_and_stable(self):
        truth = {f"a{i}": i % 5 == 0 for i in range(1000)}
        one, two = split(truth, truth)
        assert (one, two) == split(truth, reversed(list(truth)))
        parts = [one.benign, one.malicious, two.benign, two.malicious]
        assert sum(map(len, parts)) == 1000
        assert frozenset().union(*parts) == set(truth)
        assert all(truth[a] for a in one.malicious | two.malicious)
        assert 400 < len(one.benign) + len(one.malicious) < 600

    def test_accounts_without_truth_are_left_out(self):
        one, two = split({"a": False}, ["a", "b"])
        assert one.benign | two.benign == {"a"}


class TestRoc:
    def test_perfect_ranking(self):
        curve = roc({"x": 3, "y": 2, "a": 1, "b": 1, "c": 0, "d": 0}, HALF)
        assert curve.tpr_at(0.0) == 1.0
        assert curve.auc() == 1.0

    def test_ties_count_against_the_detector(self):
        curve = roc(dict.fromkeys("abcdxy", 1.0), HALF)
        assert curve.tpr_at(0.99) == 0.0
        assert curve.auc() == 0.5

    def test_no_interpolation_between_thresholds(self):
        curve = roc({"x": 4, "a": 3, "y": 2, "b": 1, "c": 1, "d": 1}, HALF)
        assert curve.tpr_at(0.24) == 0.5
        assert curve.tpr_at(0.25) == 1.0

    @pytest.mark.parametrize("bad", [{}, {"x": float("nan")}])
    def test_an_account_without_a_number_ranks_last(self, bad):
        scores = {"a": 0.0, "b": 0.0, "c": 0.0, "d": 0.0, "y": 1.0, **bad}
        assert roc(scores, HALF).tpr_at(0.9) == 0.5

    @given(st.lists(st.integers(0, 5), min_size=6, max_size=6))
    def test_area_is_the_chance_of_ranking_right(self, numbers):
        scores = dict(zip("abcdxy", map(float, numbers), strict=True))
        pairs = [(scores[p] > scores[n]) + 0.5 * (scores[p] == scores[n]) for p in "xy" for n in "abcd"]
        assert roc(scores, HALF).auc() == pytest.approx(np.mean(pairs))


class TestThreshold:
    @given(st.lists(st.floats(-10, 10), min_size=1, max_size=50), st.floats(0, 1))
    def test_at_most_the_share_exceeds_it(self, numbers, rate):
        scores = {str(i): v for i, v in enumerate(numbers)}
        cut = threshold(scores, scores, rate)
        assert sum(v > cut for v in numbers) <= rate * len(numbers)


class TestAhead:
    def test_where_the_other_is_better_the_lead_is_negative(self):
        ours = roc({"x": 4, "a": 3, "y": 2, "b": 1, "c": 1, "d": 1}, HALF)
        theirs = roc({"x": 4, "y": 4, "a": 3, "b": 1, "c": 1, "d": 1}, HALF)
        assert ahead(ours, theirs) == (-0.5, 0.0)
        assert ahead(theirs, ours)[0] >= 0


class _Fixed:
    def __init__(self, scores):
        self.scores, self.settings, self.as_published = scores, "fixed", None

    def score(self, log):
        return self.scores


class _Two:
    name = title = "two"

    def candidates(self, log, half):
        yield _Fixed({"a": 1.0})
        yield _Fixed({"x": 1.0, "y": 1.0})


class TestChoose:
    def test_takes_the_candidate_that_ranks_best(self):
        assert choose(_Two(), None, HALF).scores == {"x": 1.0, "y": 1.0}

    def test_measures_threshold_and_published_rule(self):
        scores = {"a": 0.0, "b": 1.0, "c": 2.0, "d": 3.0, "x": 2.5, "y": 9.0}
        found = measure("n", "t", "s", scores, HALF, HALF, as_published=1.5)
        assert (found.threshold_tpr, found.threshold_false_flags) == (0.5, 0)
        assert (found.published_tpr, found.published_false_flags) == (1.0, 2)
