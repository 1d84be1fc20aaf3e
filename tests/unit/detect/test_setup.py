"""Set-up: how a party talks to the API, as one code per exchange."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.detect.log import Log
from stillwatch.detect.setup import DISTINCT, SetupCounts, setups
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange


def log_of(rows):
    return Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)


def codes_of(*changes):
    return setups(log_of([exchange(i, **change) for i, change in enumerate(changes)])).tolist()


def counted(log, *steps):
    counts = SetupCounts.start(log)
    for step in steps:
        counts.advance(step)
    return counts


@pytest.mark.parametrize(
    ("one", "other"),
    [("sdk/1.0|linux", "sdk/2.7|darwin"), ("SDK/1", "sdk/1"), ("sdk 1.0", "sdk"), ("sdk|3", "sdk/3"), (None, None)],
)
def test_versions_of_one_product_are_one_setup(one, other):
    assert codes_of({"client": one}, {"client": other}) == [0, 0]


@pytest.mark.parametrize(
    "change",
    [
        {"client": "other/1"},
        {"client": None},
        {"n_tools": 3},
        {"stream": True},
        {"endpoint": "batch"},
        {"channel": "app"},
    ],
    ids=str,
)
def test_everything_else_makes_another(change):
    assert codes_of({"channel": "api"}, {"channel": "api"} | change, {"channel": "api"}) == [0, 1, 0]


def test_how_many_tools_does_not_matter():
    assert codes_of({"n_tools": 1}, {"n_tools": 40}) == [0, 0]


def test_what_appears_late_is_gathered_into_one():
    found = codes_of(*({"client": f"product{i}"} for i in range(DISTINCT + 20)))
    assert found == [*range(DISTINCT), *[DISTINCT - 1] * 20]


changes = st.lists(
    st.fixed_dictionaries(
        {
            "client": st.sampled_from(["a/1", "a/2", "b/1", None]),
            "n_tools": st.sampled_from([0, 2]),
            "stream": st.booleans(),
            "channel": st.sampled_from(["api", "app", None]),
        }
    ),
    max_size=25,
)


@given(changes, st.integers(0, 25))
def test_codes_are_numbered_by_appearance(drawn, cut):
    whole = codes_of(*drawn)
    assert codes_of(*drawn[:cut]) == whole[:cut]
    assert list(dict.fromkeys(whole)) == list(range(len(set(whole))))


@given(changes, st.lists(st.integers(0, 25), max_size=5))
def test_counting_by_steps_is_counting_at_once(drawn, steps):
    log = log_of([exchange(i, **change) for i, change in enumerate(drawn)])
    stepwise, once = counted(log, *(min(s, len(log)) for s in steps), len(log)), counted(log, len(log))
    assert (stepwise.counts == once.counts).all()
    assert stepwise.population == pytest.approx(once.population)
    assert once.counts.sum() == len(log)


def test_shares_are_of_a_partys_own_exchanges():
    rows = [exchange(i, account_id="a", client="x" if i < 3 else "y") for i in range(4)]
    log = log_of([*rows, exchange(9, account_id="b", client="y")])
    counts = counted(log, len(log))
    assert counts.shares(np.array([0, 1]))[:, :2].tolist() == [[0.75, 0.25], [0, 1]]
    assert counted(log, 0).shares(np.array([0, 1])).sum() == 0


def test_population_gives_each_active_party_one_voice():
    rows = [exchange(i, account_id="loud", client="x") for i in range(98)]
    rows += [exchange(200, account_id="quiet", client="y"), exchange(300, account_id="later", client="z")]
    counts = counted(log_of(rows), 99)
    assert counts.population[:3].tolist() == [0.5, 0.5, 0]


class TestLean:
    @staticmethod
    def counts(pool=10, others=90):
        rows = [
            exchange(i, account_id=f"a{i:03d}", client="agent" if i < pool else "browser") for i in range(pool + others)
        ]
        log = log_of([*rows, exchange(5000, account_id="mixed", client="agent"), exchange(5001, account_id="mixed")])
        return counted(log, len(log))

    def test_favours_the_setup_of_the_set_and_speaks_against_others(self):
        counts = self.counts()
        found = counts.lean(np.arange(101), np.r_[np.ones(10), np.zeros(91)])
        assert found[:10].min() > 1
        assert found[10:100].max() < -1
        assert found[100] < found[0]

    def test_says_little_where_everybody_has_that_setup(self):
        counts = self.counts(pool=100, others=0)
        assert np.abs(counts.lean(np.arange(50), np.ones(50))).max() < 0.1

    def test_is_bounded(self):
        counts = self.counts(pool=2, others=2000)
        found = counts.lean(np.arange(2000), np.r_[np.ones(2), np.zeros(1998)] * 1e6)
        assert np.abs(found).max() <= 5

    def test_of_a_set_without_weight_favours_nobody(self):
        counts = self.counts()
        found = counts.lean(np.arange(100), np.zeros(100))
        assert found.max() <= 0
        assert np.ptp(found) < 0.01
