"""Traffic: what an engine's tables give is what the log in memory gives, at every look."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.hunt_tables import tables
from stillwatch.campaigns.looks import hours
from stillwatch.campaigns.traffic import Traffic
from stillwatch.detect.log import NONE, Log
from stillwatch.detect.openings import openings
from stillwatch.detect.setup import DISTINCT, SetupCounts
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.read import read_accounts
from stillwatch.testing import core_reference
from stillwatch.testing.engine_logs import write_awkward
from stillwatch.testing.logs import EXCHANGE_SCHEMA, exchange, write_parquet


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The traffic of one log, in memory and summed by an engine."""
    folder = write_awkward(tmp_path_factory.mktemp("awkward"))
    log = core_reference.log_in_key_order(folder / "exchanges", folder / "accounts.parquet")
    with DuckEngine(memory="500MB", threads=1) as engine:
        found = tables(engine, folder / "exchanges", read_accounts(folder / "accounts.parquet").table)
    return Traffic.of(log, openings(log)), Traffic.summed(found)


def test_figures_are_the_same(both):
    memory, engine = both
    for name in ("sent", "batched", "first_seen", "opening_ts"):
        assert getattr(memory, name).tolist() == getattr(engine, name).tolist(), name
    for name in ("parties", "exchanges", "first_us", "last_us", "with_text", "with_contexts", "with_addresses"):
        assert getattr(memory, name) == getattr(engine, name), name
    assert memory.accounts.ids.to_pylist() == engine.accounts.ids.to_pylist()
    assert memory.parties < len(memory.accounts)


def test_at_every_look_the_same_exchanges_have_been_seen(both):
    counts = [SetupCounts.over(t.activity.party, t.activity.setup, t.parties, t.activity.exchanges) for t in both]
    looks = hours(both[0])
    assert looks == hours(both[1])
    assert len(looks) > 3
    for ts in looks:
        for traffic, counted in zip(both, counts, strict=True):
            counted.advance(traffic.upto(ts))
        assert (counts[0].counts == counts[1].counts).all(), ts
        assert (counts[0].total == counts[1].total).all(), ts
        assert (counts[0].sent == counts[1].sent).all(), ts
    assert counts[0].sent.sum() == both[0].exchanges
    assert counts[0].counts.shape[1] == DISTINCT, "the log has more set-ups than are told apart"


def test_those_that_go_on_are_the_same(both):
    def continued(traffic, ts):
        seen = slice(0, traffic.upto(ts))
        return np.bincount(traffic.activity.party[seen], traffic.activity.continued[seen], traffic.parties).tolist()

    for ts in hours(both[0]):
        assert continued(both[0], ts) == continued(both[1], ts)
    assert sum(continued(both[0], both[0].last_us)) > 0


def test_a_look_between_hours_sees_no_more_than_the_hours_before(both):
    _, engine = both
    hour = hours(engine)[2]
    assert engine.upto(hour + 1) == engine.upto(hour) < engine.upto(hours(engine)[3])
    assert engine.upto(engine.last_us) == len(engine.activity.at)


def test_batch_jobs_are_counted_by_account(tmp_path):
    rows = [exchange(i, account_id="ab"[i % 2], endpoint="batch" if i < 5 else "chat") for i in range(10)]
    rows.append(exchange(11, account_id="c"))
    log = Log.build(pa.Table.from_pylist(rows, schema=EXCHANGE_SCHEMA), None)
    memory = Traffic.of(log, openings(log))
    with DuckEngine(memory="500MB", threads=1, folder=tmp_path) as engine:
        summed = Traffic.summed(tables(engine, write_parquet(tmp_path / "a.parquet", rows), None))
    assert memory.batched.tolist() == summed.batched.tolist() == [3, 2, 0]
    assert memory.sent_by_party(memory.batched).tolist() == [3, 2, 0]
    assert memory.sent_by_party().tolist() == [5, 5, 1]


def test_of_nothing_is_nothing():
    log = Log.build(EXCHANGE_SCHEMA.empty_table(), None)
    found = Traffic.of(log, openings(log))
    assert (found.exchanges, found.parties, found.first_us, found.upto(0)) == (0, 0, 0, 0)
    assert hours(found) == []
    assert not found.with_contexts
    assert NONE not in found.activity.setup
