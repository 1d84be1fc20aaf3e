"""A hunt that goes on from where an earlier one stood finds what a hunt from the start finds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.service import Settings, hunt
from stillwatch.campaigns.walks import MOST_KEPT, Walks
from stillwatch.detect.log import Log


@pytest.fixture(scope="module")
def world(build_world):
    return build_world()


def log_of(world, rows):
    """The log of some rows of the world, in their order of time."""
    return Log.build(world.exchanges.take(pa.array(rows)), world.accounts)


def same(one, other):
    """Are two hunts alike to the last number? Seconds aside."""
    assert one.campaigns == other.campaigns
    assert one.verdicts == other.verdicts
    assert one.near == other.near
    assert one.guarantee == other.guarantee


@pytest.fixture(scope="module")
def once(world):
    return hunt(log_of(world, np.arange(len(world.exchanges))), Settings())


def test_in_pieces_is_as_at_once(world, once):
    walks, size = Walks(), len(world.exchanges)
    for share in (0.2, 0.45, 0.46, 0.8, 1.0):
        found = hunt(log_of(world, np.arange(int(size * share))), Settings(), walks=walks)
    assert once.campaigns
    same(found, once)
    assert 1 <= len(walks.places) <= MOST_KEPT


def test_no_look_is_made_twice(world):
    size, made = len(world.exchanges), []
    walks = Walks()
    hunt(log_of(world, np.arange(int(size * 0.8))), Settings(), walks=walks)
    place = walks.places[-1].walked
    log = log_of(world, np.arange(size))
    assert walks.start(log, f"{Settings().alpha} []") is place

    def told(stage, done, _all):
        if stage == "looks":
            made.append(done)

    hunt(log, Settings(), told, walks)
    first = int(log.ts[0]) // 3_600_000_000
    assert made[0] == place.ts // 3_600_000_000 - first + 1


@pytest.mark.parametrize("late", [0.3, 0.7])
def test_a_row_that_comes_late_is_looked_at_in_its_place(world, once, late):
    size = len(world.exchanges)
    walks, missing = Walks(), int(size * late)
    without = np.delete(np.arange(size), missing)
    hunt(log_of(world, without), Settings(), walks=walks)
    kept = [place.walked.ts for place in walks.places]
    log = log_of(world, np.arange(size))
    same(hunt(log, Settings(), walks=walks), once)
    held = walks.start(log, f"{Settings().alpha} []")
    assert max(kept) > int(log.ts[missing])
    assert held is not None


def test_other_settings_start_anew(world):
    walks = Walks()
    log = log_of(world, np.arange(len(world.exchanges)))
    hunt(log, Settings(), walks=walks)
    found = hunt(log, Settings(legitimate={"d001": "cleared"}), walks=walks)
    same(found, hunt(log, Settings(legitimate={"d001": "cleared"})))


def test_accounts_that_turn_out_to_have_one_owner_start_anew(world):
    walks, rows = Walks(), np.arange(len(world.exchanges))
    hunt(log_of(world, rows), Settings(), walks=walks)
    owner = ["firm" if a.startswith("d") else None for a in world.accounts["account_id"].to_pylist()]
    owned = type(world)(world.exchanges, world.accounts.append_column("owner_id", pa.array(owner, pa.string())))
    found = hunt(log_of(owned, rows), Settings(), walks=walks)
    assert found.campaigns == ()
    same(found, hunt(log_of(owned, rows), Settings()))
