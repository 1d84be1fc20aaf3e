"""Logs without attackers: nothing is reported.

Twenty logs, each two fifths of the groups of honest accounts of the development log, drawn whole and without replacement,
over its first five days (about 120 looks each, every hour), with the defaults. Truth is used only to leave out the
accounts of campaigns.

Null hypothesis: at most alpha = 0.01 of such logs have a report (without attackers every report is false, so the false
discovery rate is the probability of any report). Declared budget: at most one of the twenty. At a true rate of 0.01 two
or more would come up with probability 0.017; none in twenty bounds the rate of independent logs at 0.14 (95 %). The logs
overlap, so this is a check of the guarantee, not a measurement of it; the same over the whole length is a benchmark.
"""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.false_alarms import measure
from benchmarks.resampling import chance_of, groups_of, network, read_source, upper_bound

from stillwatch.testing.worlds import make_world

ALPHA = 0.01
TIMES = 20
SHARE = 0.4
DAYS = 5.0
SEED = 20260907

pytestmark = pytest.mark.statistical


@pytest.fixture(scope="module")
def source(shared):
    folder = shared / "data" / "traffic-dev"
    if not folder.is_dir():
        pytest.skip("the development log is not there")
    return read_source(folder, DAYS)


@pytest.fixture(scope="module")
def outcomes(source):
    return [measure(source, chosen, ALPHA) for chosen in source.resamplings(TIMES, SHARE, SEED)]


def test_nothing_is_reported_without_attackers(outcomes):
    alarms = sum(each.reported > 0 for each in outcomes)
    assert len(outcomes) == TIMES
    assert alarms <= 1, [each for each in outcomes if each.reported]
    assert chance_of(alarms, TIMES, ALPHA) > 0.05
    assert upper_bound(alarms, TIMES) < 0.25
    assert sum(each.flagged for each in outcomes if not each.reported) == 0


def test_the_resampled_logs_are_logs(outcomes, source):
    """Large enough that something could have been reported, and not one and the same."""
    assert min(each.accounts for each in outcomes) > 1_000
    assert min(each.exchanges for each in outcomes) > 20_000
    assert len({(each.accounts, each.exchanges) for each in outcomes}) == TIMES
    assert sum(each.reference_sets for each in outcomes) > TIMES
    assert source.groups > 2_000


def test_the_same_hunt_reports_where_the_campaigns_are_left_in(source):
    """The control: silence above is not that of a hunt that never speaks."""
    chosen = next(iter(source.resamplings(1, SHARE, SEED)))
    with_campaigns = measure(source, np.append(chosen, -1), ALPHA)
    assert with_campaigns.reported >= 3
    assert with_campaigns.flagged > 100


class TestResampling:
    """The draw itself, on a small made-up world."""

    def test_groups_are_what_must_not_be_torn_apart(self):
        world = make_world(people=60, members=20, days=1)
        group = groups_of(world.account_table)
        number = dict(zip(world.account_table["account_id"].to_pylist(), group.tolist(), strict=True))
        assert len({number[name] for name in world.members}) == 1
        by_card: dict[str, set[int]] = {}
        for row in world.accounts:
            by_card.setdefault(str(row["payment_fingerprint"]), set()).add(number[str(row["account_id"])])
        assert all(len(groups) == 1 for groups in by_card.values())
        assert len(set(group.tolist())) > 1

    @pytest.mark.parametrize(
        ("address", "expected"),
        [("198.51.100.7", "198.51.100.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), ("no", None), (None, None)],
    )
    def test_networks(self, address, expected):
        assert network(address) == expected

    def test_bounds(self):
        assert upper_bound(0, 20) == pytest.approx(1 - 0.05 ** (1 / 20))
        assert upper_bound(20, 20) == 1
        assert chance_of(0, 20, 0.01) == 1
        assert chance_of(2, 20, 0.01) == pytest.approx(1 - 0.99**20 - 20 * 0.01 * 0.99**19)
