"""Families: vectors of single openings, and sums per party gathered in the order of time."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from stillwatch.detect.families import UNIT, Family, Gathering, kept, night_in_common, real, rhythm, spreads_of, vectors
from stillwatch.detect.log import MICROSECONDS_PER_HOUR, Log
from stillwatch.detect.sketch import StaticEmbedding
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange

DAY = 24 * MICROSECONDS_PER_HOUR
WORDS = ("tomato", "soil", "treaty", "judge", "loan", "bank", "please", "why")


@pytest.fixture(scope="module")
def embedding():
    """A small table: each word a direction of its own."""
    return StaticEmbedding(WORDS, np.eye(len(WORDS), dtype=np.float32))


def log_of(texts, accounts="ab"):
    rows = [exchange(60 * i, account_id=accounts[i % len(accounts)], prompt=text) for i, text in enumerate(texts)]
    return Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)


def made_up(count=40, seed=1):
    rng = np.random.default_rng(seed)
    return [
        " ".join(rng.choice(WORDS, int(rng.integers(2, 6)))) + str(rng.choice(["", "?", "!!"])) for _ in range(count)
    ]


def gathered(log, found, *steps):
    gathering = Gathering.start(log, np.arange(len(log)), found)
    for step in steps:
        gathering.advance(step)
    return gathering


def whole(sums):
    """The sums of all parties, as real numbers."""
    return sums.of(np.arange(len(sums.n)))


class TestRhythm:
    @given(st.lists(st.integers(0, 2**51), min_size=1))
    def test_every_row_has_norm_one(self, times):
        found = rhythm(np.array(times))
        assert found.shape == (len(times), 8)
        assert np.linalg.norm(found, axis=1) == pytest.approx(1)

    @given(st.integers(0, 2**50), st.integers(0, 1000))
    def test_repeats_every_day(self, ts, days):
        assert rhythm(np.array([ts])) == pytest.approx(rhythm(np.array([ts + days * DAY])), abs=1e-6)

    def test_tells_noon_from_midnight_and_is_near_for_near_times(self):
        midnight, minute, noon = rhythm(np.array([0, DAY // 1440, DAY // 2]))
        assert midnight @ minute > 0.99
        assert midnight @ noon < 0.5


class TestNight:
    def test_one_moment_of_the_day_is_one(self):
        assert night_in_common(rhythm(np.full(5, 7 * MICROSECONDS_PER_HOUR)).mean(0)) == pytest.approx(1)

    def test_round_the_clock_is_nothing(self):
        assert night_in_common(rhythm(np.arange(24) * MICROSECONDS_PER_HOUR).mean(0)) == pytest.approx(0, abs=1e-9)

    def test_shorter_working_hours_are_more(self):
        found = [night_in_common(rhythm(np.arange(h * 4) * MICROSECONDS_PER_HOUR // 4).mean(0)) for h in (2, 8, 16, 24)]
        assert found == sorted(found, reverse=True)


class TestVectors:
    def test_have_a_row_for_each_opening(self, embedding):
        log = log_of(made_up())
        found = vectors(log, np.arange(3, 17), embedding)
        assert set(found) == {Family.RHYTHM, Family.CONTENT, Family.STYLE}
        assert {len(v) for v in found.values()} == {14}
        assert found[Family.CONTENT].shape[1] == embedding.dimensions

    @given(st.lists(st.integers(0, 39), min_size=1, max_size=30))
    def test_depend_on_each_opening_alone(self, rows):
        table = StaticEmbedding(WORDS, np.eye(len(WORDS), dtype=np.float32))
        log = log_of(made_up())
        every = vectors(log, np.arange(40), table)
        for family, found in vectors(log, np.array(rows), table).items():
            assert found == pytest.approx(every[family][rows], abs=1e-6), family

    def test_do_not_depend_on_what_comes_later_in_the_log(self, embedding):
        texts = made_up()
        whole, part = log_of(texts), log_of(texts[:15])
        for family, found in vectors(part, np.arange(15), embedding).items():
            assert found == pytest.approx(vectors(whole, np.arange(15), embedding)[family]), family

    def test_content_is_what_about_and_style_is_how(self, embedding):
        log = log_of(["why tomato soil?", "why treaty judge?", "TOMATO, SOIL!!! WHY"])
        found = vectors(log, np.arange(3), embedding)
        content, style = real(found[Family.CONTENT]), real(found[Family.STYLE])
        assert content[0] @ content[2] > content[0] @ content[1]
        assert style[0] @ style[1] > style[0] @ style[2]

    def test_without_text_only_the_hours_are_compared(self, embedding):
        assert set(vectors(log_of([None] * 4), np.arange(4), embedding)) == {Family.RHYTHM}

    def test_a_null_text_among_others_is_nothing(self, embedding):
        found = vectors(log_of(["why tomato", None, "why loan"]), np.arange(3), embedding)
        assert (found[Family.CONTENT][1] == 0).all()
        assert (found[Family.STYLE][1] == 0).all()
        assert (found[Family.CONTENT][[0, 2]] != 0).any(1).all()

    def test_of_no_rows_are_no_rows(self, embedding):
        found = vectors(log_of(["why"]), np.zeros(0, np.int64), embedding)
        assert found[Family.RHYTHM].shape == (0, 8)


class TestKept:
    @given(arrays(np.float64, 8, elements=st.floats(-1, 1)))
    def test_numbers_come_back_within_half_a_step(self, x):
        assert np.abs(real(kept(x)) - x).max() <= 0.5 / UNIT + 1e-12

    def test_what_lies_outside_is_held_at_the_edge(self):
        assert real(kept(np.array([-3.0, 3.0]))).tolist() == [-1, 1]


class TestGathering:
    @given(st.lists(st.integers(0, 40), max_size=6))
    def test_by_steps_is_as_at_once(self, steps):
        table = StaticEmbedding(WORDS, np.eye(len(WORDS), dtype=np.float32))
        log = log_of(made_up(), "abcde")
        found = vectors(log, np.arange(40), table)
        stepwise, once = gathered(log, found, *steps, 40).state(), gathered(log, found, 40).state()
        for family, (counted, spread, population) in once.items():
            counted_too, others_spread, others_population = stepwise[family]
            sums, other = whole(counted), whole(counted_too)
            for name in ("n", "s", "q"):
                assert getattr(other, name) == pytest.approx(getattr(sums, name), abs=1e-9)
            assert other.variance == pytest.approx(sums.variance)
            assert others_spread.concentration == pytest.approx(spread.concentration)
            assert others_population == pytest.approx(population, abs=1e-9)

    def test_sums_are_those_of_the_openings_seen(self, embedding):
        log = log_of(made_up(), "abc")
        found = vectors(log, np.arange(40), embedding)
        counted, _, population = gathered(log, found, 25).state()[Family.CONTENT]
        sums = whole(counted)
        x, party = real(found[Family.CONTENT][:25]), log.party[:25]
        for p in range(3):
            assert sums.n[p] == (party == p).sum()
            assert sums.s[p] == pytest.approx(x[party == p].sum(0))
            assert sums.q[p] == pytest.approx((x[party == p] ** 2).sum())
        assert population == pytest.approx(x.mean(0))

    def test_never_goes_back(self, embedding):
        log = log_of(made_up())
        found = vectors(log, np.arange(40), embedding)
        gathering = gathered(log, found, 30, 10, 30)
        assert gathering.seen == 30
        assert gathering.state()[Family.CONTENT][0].n.sum() == 30

    def test_text_joins_content_and_style_at_equal_variance(self, embedding):
        log = log_of(made_up(), "abcdefgh")
        state = gathered(log, vectors(log, np.arange(40), embedding), 40).state()
        sums = whole(state[Family.TEXT][0])
        width = state[Family.CONTENT][0].dimensions
        assert sums.s.shape[1] == width + state[Family.STYLE][0].dimensions == state[Family.TEXT][0].dimensions
        assert sums.variance == pytest.approx(2)
        for part, family in ((sums.s[:, :width], Family.CONTENT), (sums.s[:, width:], Family.STYLE)):
            of, spread, _ = state[family]
            assert part == pytest.approx(whole(of).s / np.sqrt(spread.variance))

    def test_noise_of_text_is_learned_from_both_and_what_joins_them(self, embedding):
        """As if the joined vectors themselves had been gathered."""
        log = log_of(made_up(), "abcdefgh")
        found = vectors(log, np.arange(40), embedding)
        state = gathered(log, found, 40).state()
        halves = [real(found[f]) / np.sqrt(state[f][1].variance) for f in (Family.CONTENT, Family.STYLE)]
        direct = gathered(log, {Family.RHYTHM: np.hstack(halves) * UNIT}, 40).state()[Family.RHYTHM]
        assert state[Family.TEXT][1].concentration == pytest.approx(direct[1].concentration)
        assert state[Family.TEXT][2] == pytest.approx(direct[2])

    def test_an_earlier_spread_may_serve_again(self, embedding):
        log = log_of(made_up(), "abc")
        found = vectors(log, np.arange(40), embedding)
        gathering = gathered(log, found, 20)
        before = spreads_of(gathering.state())
        gathering.advance(40)
        after = gathering.state(before)
        for family, (sums, spread, _) in after.items():
            assert spread is before[family]
            assert sums.n.sum() == 40

    def test_without_text_there_is_only_rhythm(self, embedding):
        log = log_of([None] * 6)
        assert set(gathered(log, vectors(log, np.arange(6), embedding), 6).state()) == {Family.RHYTHM}
