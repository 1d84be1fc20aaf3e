"""Features from integer sums: by hand on small accounts, never missing, and the same on every order of rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stillwatch.detect.account_features import features
from stillwatch.detect.core.accounts import all_sums, integer_core
from stillwatch.events.canonical import key
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.testing.logs import exchange, write_parquet


def found(tmp_path, rows, query=all_sums):
    with DuckEngine(memory="300MB", threads=1, folder=tmp_path) as engine:
        engine.load(write_parquet(tmp_path / "log.parquet", rows))
        table = features(engine.run(query(), by_account=True))
    return {row["account"]: row for row in table.to_pylist()}


def test_by_hand(tmp_path):
    rows = [
        exchange(i * 30, account_id="a", prompt=f"p{i // 2}", ip="192.0.2.1", input_tokens=10 * (i + 1), status=200)
        for i in range(4)
    ]
    rows[3] |= {"status": 429, "turn": 2, "stream": True}
    one = found(tmp_path, rows)[key("a")]
    assert one["exchanges"] == 4
    assert (one["failed_share"], one["opening_share"], one["stream_share"]) == (0.25, 0.75, 0.25)
    assert one["input_mean"] == 25
    assert one["input_deviation"] == pytest.approx(np.std([10, 20, 30, 40]))
    assert one["input_range"] == 30
    assert (one["text_distinct"], one["text_most_share"]) == (2, 0.5)
    assert one["text_collision_entropy"] == pytest.approx(math.log(2))
    assert one["address_collision_entropy"] == 0
    assert one["hours_entropy"] == pytest.approx(math.log(2))  # minutes 0, 30 of hours 0 and 1
    assert one["night_share"] == 1
    assert (one["gap_1800s_share"], one["gap_600s_share"], one["gap_median_below_s"]) == (1, 0, 1800)


def test_nothing_is_missing(tmp_path):
    rows = [exchange(0, account_id="alone", prompt=None, ip=None, client=None, input_tokens=0, output_tokens=0)]
    one = found(tmp_path, rows)[key("alone")]
    assert all(value is not None and not math.isnan(value) for value in one.values())
    assert one["gap_median_below_s"] == math.inf
    assert one["text_distinct"] == one["text_collision_entropy"] == 0


def test_the_core_alone_gives_what_it_can(tmp_path):
    row = found(tmp_path, [exchange(0), exchange(1)], integer_core)[key("a0")]
    assert "text_distinct" in row
    assert "model_distinct" not in row


def test_an_empty_log(tmp_path):
    assert found(tmp_path, []) == {}
