"""Who sends what when: conversations go on as their hashes say, accounts act while they live, rhythms are those asked for."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

import msgspec
import numpy as np
import pytest

from stillwatch.lab.scenario import Deal
from stillwatch.lab.schedule import schedule
from stillwatch.lab.world import build_world


@pytest.fixture(scope="module")
def exchanges(small):
    return schedule(small.world)


def test_contexts_chain_within_a_conversation(small):
    after = {row["context_out"]: row for row in small.rows.to_pylist()}
    assert len(after) == len(small.log)  # every state of every conversation has a hash of its own
    continued = [row for row in small.rows.to_pylist() if row["turn"] > 1]
    assert continued
    for row in continued:
        before = after.get(row["context_in"])
        if before is not None:  # the account that sent it may have been banned in between
            assert before["turn"] == row["turn"] - 1
            assert before["ts"] <= row["ts"]
            assert before["group"] == row["group"]
    found = sum(row["context_in"] in after for row in continued)
    assert found > 0.98 * len(continued)
    assert all(row["context_in"] is None for row in small.rows.to_pylist() if row["turn"] == 1)


def test_handoffs_happen_where_asked_for_and_nowhere_else(small):
    after = {row["context_out"]: row["account_id"] for row in small.rows.to_pylist()}
    moved, continued = defaultdict(int), defaultdict(int)
    for row in small.rows.to_pylist():
        if row["context_in"] in after:
            continued[row["group"]] += 1
            moved[row["group"]] += after[row["context_in"]] != row["account_id"]
    # of two turns in a row, either may be the one that was handed on
    for group, share in (("hydra", 0.3), ("pool", 0.2)):
        assert share * 0.8 < moved[group] / continued[group] < 2 * share
    assert sum(count for group, count in moved.items() if group not in {"hydra", "pool"}) == 0


def test_accounts_act_while_they_live(small, exchanges):
    accounts = small.world.accounts
    who = exchanges.account
    assert (exchanges.ts <= accounts.died[who]).all()
    assert (exchanges.ts >= accounts.born[who]).all()
    assert (accounts.created < accounts.born).all()


def test_banned_accounts_are_replaced(small):
    hydra = small.world.parties[0]
    assert hydra.accounts > 2 * hydra.seats  # ten days of lives of four
    seats = small.world.accounts.seat[hydra.first : hydra.first + hydra.accounts]
    born = small.world.accounts.born[hydra.first : hydra.first + hydra.accounts]
    died = small.world.accounts.died[hydra.first : hydra.first + hydra.accounts]
    same = seats[1:] == seats[:-1]
    wait = (born[1:] - died[:-1])[same] / 3.6e9
    assert wait.min() >= 1
    assert wait.max() <= 24


def test_a_burst_stays_within_its_hours(small):
    rows = [row["ts"] for row in small.of("classroom") if row["turn"] == 1]
    assert max(rows) - min(rows) <= timedelta(hours=2)


def test_an_office_rests_at_the_weekend_and_acts_in_the_same_minutes(small):
    rows = [row["ts"] for row in small.of("office") if row["turn"] == 1]
    assert sum(ts.weekday() >= 5 for ts in rows) < 0.1 * len(rows)
    minutes = np.array([(ts.minute % 15) * 60 + ts.second for ts in rows])
    turned = (minutes - minutes.min()) % 900
    assert np.unique(minutes // 60).size <= 5
    assert turned.size == len(rows)


def test_a_job_runs_at_one_hour(small):
    by_account = defaultdict(set)
    for row in small.of("harness"):
        by_account[row["account_id"]].add(row["ts"].hour)
    assert all(len(hours) <= 2 for hours in by_account.values())


def test_people_have_hours_of_their_own(small):
    by_account = defaultdict(list)
    for row in small.of("people-chat"):
        by_account[row["account_id"]].append(row["ts"].hour)
    often = [hours for hours in by_account.values() if len(hours) >= 30]
    assert len(often) > 20
    typical = [np.bincount(hours, minlength=24).max() / len(hours) for hours in often]
    assert np.median(typical) > 0.12  # of 24 hours, an even spread would leave about 0.08 to 0.1
    peaks = {int(np.bincount(hours, minlength=24).argmax()) for hours in often}
    assert len(peaks) > 8


def test_a_new_model_takes_its_share(small):
    late = [row for row in small.of("hydra") if (row["ts"] - small.rows["ts"][0].as_py()).days >= 7]
    share = sum(row["model"] == "atlas-next" for row in late) / len(late)
    assert share == pytest.approx(0.5, abs=0.1)
    early = [row for row in small.rows.to_pylist() if (row["ts"] - small.rows["ts"][0].as_py()).days < 4]
    assert all(row["model"] != "atlas-next" for row in early)
    people = [row for row in small.of("people-chat") if (row["ts"] - small.rows["ts"][0].as_py()).days >= 8]
    assert 0 < sum(row["model"] == "atlas-next" for row in people) / len(people) < 0.3


def test_whoever_has_a_sticky_line_keeps_it_for_an_hour(small):
    pool = next(group for group in small.scenario.groups if group.name == "pool")
    text = msgspec.structs.replace(pool.text, deal=Deal.STICKY, handoff=0.0)
    scenario = msgspec.structs.replace(small.scenario, people=0, groups=(msgspec.structs.replace(pool, text=text),))
    exchanges = schedule(build_world(scenario, scale=1, seed=3, corpora=small.corpora))
    first = exchanges.turn == 1
    lines = defaultdict(set)
    for ts, account, speaker in zip(
        exchanges.ts[first], exchanges.account[first], exchanges.speaker[first], strict=True
    ):
        lines[account, ts // 3_600_000_000].add(speaker)
    assert all(len(speakers) == 1 for speakers in lines.values())
    assert len({speaker for speakers in lines.values() for speaker in speakers}) > 100
