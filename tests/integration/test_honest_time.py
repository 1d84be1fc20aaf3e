"""Honest time: what is flagged at a time could have been flagged at that time, since nothing later was used.

A hunt until an account's ``flagged_at`` must flag that account too, at that very time.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.campaigns.looks import DISCOVER_EVERY
from stillwatch.testing.worlds import START, make_world


def by_time(ran):
    """Accounts by the time at which they were flagged."""
    times = defaultdict(set)
    for name, row in ran.verdicts.items():
        if row["flagged"]:
            times[row["flagged_at"]].add(name)
    return dict(sorted(times.items()))


@pytest.fixture(scope="module", params=[{"seed": 5}, {"seed": 7, "handed": 0.5}], ids=str)
def made(request, tmp_path_factory):
    """A world with members who begin one after another, so that there are several times of flagging."""
    world = make_world(people=110, days=4, **request.param)
    return world, world.write(tmp_path_factory.mktemp("world"))


@pytest.fixture(scope="module")
def whole(hunt, made, tmp_path_factory):
    _, (log, accounts) = made
    return hunt(log, tmp_path_factory.mktemp("runs") / "whole", accounts=accounts)


def test_every_flagged_account_was_flagged_by_then(hunt, made, whole, tmp_path):
    world, (log, accounts) = made
    times = by_time(whole)
    assert whole.flagged <= set(world.members)
    assert len(whole.flagged) >= 18
    assert len(times) >= 4
    earlier = set()
    for number, (moment, names) in enumerate(times.items()):
        ran = hunt(log, tmp_path / str(number), "--until", moment.isoformat(), accounts=accounts)
        verdicts = ran.verdicts
        for name in names:
            assert verdicts[name]["flagged"], (moment, name)
            assert verdicts[name]["flagged_at"] == moment
        for name in earlier:
            assert verdicts[name]["flagged_at"] == whole.verdicts[name]["flagged_at"]
        assert ran.run["log"]["exchanges"] == sum(row["ts"] <= moment for row in world.exchanges)
        earlier |= names


def test_before_the_last_search_they_were_not(hunt, made, whole, tmp_path):
    """So the times of the whole hunt are not late either: sets are searched for every other hour."""
    _, (log, accounts) = made
    first, names = next(iter(by_time(whole).items()))
    before = first - timedelta(hours=DISCOVER_EVERY, microseconds=1)
    ran = hunt(log, tmp_path / "run", "--until", before.isoformat(), accounts=accounts)
    assert not names & ran.flagged


def test_another_future_changes_no_flag(hunt, whole, made, tmp_path):
    """The same past, followed by other texts of the campaign and by strangers: what was flagged by then is the same."""
    world, (_, accounts) = made
    times = by_time(whole)
    split = list(times)[len(times) // 2]
    future = []
    for i, row in enumerate(world.exchanges):
        if row["ts"] <= split:
            future.append(row)
        elif i % 3:
            name = row["account_id"] if i % 2 else f"late-{i % 40}"
            future.append({**row, "account_id": name, "prompt": f"quite another matter, number {i}, of {name}"})
    folder = tmp_path / "log"
    log, _ = replace(world, exchanges=future).write(folder)
    ran = hunt(log, tmp_path / "run", accounts=accounts)
    kept = {name: row["flagged_at"] for name, row in ran.verdicts.items() if row["flagged"]}
    before = {name: moment for moment, names in times.items() if moment <= split for name in names}
    still = kept.keys() & before.keys()  # some are released, now that they go on in another way
    assert len(still) >= 10
    assert {name: kept[name] for name in still} == {name: before[name] for name in still}
    assert all(moment > split for name, moment in kept.items() if name not in before)


@pytest.mark.slow
def test_on_the_first_days_of_the_development_log(hunt, shared, tmp_path):
    """Three times of flagging on three days of real texts."""
    data = shared / "data" / "traffic-dev"
    if not data.is_dir():
        pytest.skip("the development log is not there")
    table = pq.read_table(data / "exchanges.parquet")
    begin = pc.min(table["ts"]).as_py()
    log = tmp_path / "log.parquet"
    pq.write_table(table.filter(pc.less(table["ts"], begin + timedelta(days=3))), log)
    del table
    accounts = data / "accounts.parquet"
    whole = hunt(log, tmp_path / "whole", "--quiet", accounts=accounts)
    times = list(by_time(whole).items())
    assert len(times) >= 3
    for moment, names in (times[0], times[len(times) // 3], times[-1]):
        ran = hunt(log, tmp_path / "run", "--until", moment.isoformat(), "--quiet", accounts=accounts)
        assert names <= ran.flagged
        assert {ran.verdicts[name]["flagged_at"] for name in names} == {moment}


def test_the_world_has_a_past(made):
    world, _ = made
    assert world.until(START).exchanges == [row for row in world.exchanges if row["ts"] <= START]
