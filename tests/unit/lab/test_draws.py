"""Values without state: the same wherever they are drawn, and distributed as they say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.lab.draws import below, choose, draw, exponential, hexadecimal, mix, normal, root, uniform

KEYS = draw(root(11, "test"), "key", np.arange(20_000))


def test_a_value_depends_on_key_use_and_index_alone():
    whole = draw(KEYS, "colour", 3)
    assert np.array_equal(whole[5:9], draw(KEYS[5:9], "colour", 3))
    assert not np.any(whole == draw(KEYS, "colour", 4))
    assert not np.any(whole == draw(KEYS, "size", 3))


def test_mixing_loses_nothing():
    values = mix(np.arange(100_000, dtype=np.uint64))
    assert len(np.unique(values)) == 100_000


@given(st.integers(1, 2**31 - 1))
def test_whole_numbers_stay_below(count):
    drawn = below(KEYS[:200], count)
    assert drawn.min() >= 0
    assert drawn.max() < count


def test_distributions_have_their_moments():
    # 20,000 draws: standard errors of the means are at most 0.0071, of the deviation 0.005; six of them are allowed.
    assert abs(uniform(draw(KEYS, "u")).mean() - 0.5) < 0.0123
    assert abs(normal(draw(KEYS, "n")).mean()) < 0.043
    assert abs(normal(draw(KEYS, "n")).std() - 1) < 0.03
    assert abs(exponential(draw(KEYS, "e")).mean() - 1) < 0.043


def test_choices_follow_their_weights():
    counts = np.bincount(choose(draw(KEYS, "c"), (3, 0, 1)), minlength=3)
    assert counts[1] == 0
    assert abs(counts[0] / counts.sum() - 0.75) < 0.0184  # six standard errors


def test_hexadecimal_writes_the_number():
    value = np.array([0x00FF00AA12345678], dtype=np.uint64)
    assert bytes(hexadecimal(value, "x_")[0]).decode() == "x_00ff00aa12345678"
    assert bytes(hexadecimal(value, digits=4)[0]).decode() == "00ff"
