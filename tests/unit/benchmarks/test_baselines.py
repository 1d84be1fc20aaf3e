"""Volume limit, isolation forest, PRADA, links and sets, each on data where the right answer is known."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl  # noqa: TID251 - not the package
import pytest
from benchmarks.baselines.links import Links, SetScorer
from benchmarks.baselines.log import Log, prompt_windows
from benchmarks.baselines.prada import nearest_distances, normality, suspicion
from benchmarks.baselines.protocol import Half, choose, roc
from benchmarks.baselines.sets import LARGEST_DF, Sets, link_edges, link_sets, read_sets
from benchmarks.baselines.volume import DailyVolume
from scipy.stats import shapiro

START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def exchanges(rows):
    """Rows of (account, hours after the start, address)."""
    return pl.DataFrame(
        [
            {
                "exchange_id": f"x{i}", "ts": START + timedelta(hours=hours), "account_id": account, "client": None,
                "ip": address, "ja4": None, "model": "m", "turn": 1, "input_tokens": 10 + i % 7, "output_tokens": 20,
                "temperature": None, "prompt": f"prompt {i % 5}",
            }
            for i, (account, hours, address) in enumerate(rows)
        ],
        schema_overrides={"client": pl.String, "ja4": pl.String, "ip": pl.String, "temperature": pl.Float32},
    )  # fmt: skip


def log_of(rows, accounts=None):
    table = exchanges(rows)
    known = table.select(pl.col("account_id").unique()) if accounts is None else pl.DataFrame(accounts)
    return Log(table, known)


class TestVolume:
    def test_counts_per_active_day(self):
        log = log_of([("a", h, None) for h in (0, 1, 2, 24)] + [("b", 0, None)])
        assert DailyVolume(1.0).score(log) == {"a": 3.0, "b": 1.0}
        assert DailyVolume(0.5).score(log) == {"a": 2.0, "b": 1.0}


class TestIsolation:
    def test_finds_the_odd_account_and_not_the_ordinary_ones(self):
        isolation = pytest.importorskip("benchmarks.baselines.isolation", reason="the extra [bench] is not installed")
        rng = np.random.default_rng(3)
        rows = [(f"b{k}", float(h), None) for k in range(60) for h in rng.uniform(0, 200, rng.integers(5, 30))]
        rows += [("odd", h / 50, f"10.0.0.{h % 250}") for h in range(400)]
        log = log_of(rows)
        half = Half(frozenset(f"b{k}" for k in range(60)), frozenset({"odd"}))
        scorer = choose(isolation.Isolation(trees=50), log, half)
        assert roc(scorer.score(log), half).tpr_at(0.02) == 1.0
        assert all(0 < s < 1 for s in scorer.score(log).values())


class TestPrada:
    def test_distances_follow_the_growing_set(self):
        # on a line: 1 joins (1 > 0), then the threshold is mean - spread of {0, 1} = 0; 1.1 joins; 5 joins
        stream = np.array([[0.0], [1.0], [1.1], [5.0], [5.0]], dtype=np.float32)
        assert nearest_distances(stream) == pytest.approx([1.0, 0.1, 3.9, 0.0], abs=1e-5)

    def test_a_close_query_does_not_join_once_the_threshold_has_risen(self):
        # four steps of 10 lift the threshold to 4; 41 does not join, so 42 is 2 away from 40 and not 1 from 41
        line = np.array([[0], [10], [20], [30], [40], [41], [42]], dtype=np.float32)
        assert nearest_distances(line) == pytest.approx([10, 10, 10, 10, 1, 2], abs=1e-4)

    def test_classes_have_their_own_sets(self):
        stream = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
        assert nearest_distances(stream, np.array([0, 1, 0])) == pytest.approx([2.0], abs=1e-5)

    def test_outliers_are_put_aside_before_the_test(self):
        rng = np.random.default_rng(0)
        usual = rng.normal(10, 1, 200)
        assert normality(np.append(usual, 1000.0)) == pytest.approx(shapiro(usual).statistic)

    @pytest.mark.parametrize("distances", [np.ones(50), np.array([1.0, 2.0, 3.0])])
    def test_no_judgement_where_w_is_undefined(self, distances):
        assert np.isnan(normality(distances))

    def test_two_kinds_of_step_are_more_suspicious_than_normal_ones(self):
        rng = np.random.default_rng(1)
        natural = rng.normal(10, 1, 200)
        mixed = np.concatenate((rng.normal(10, 1, 60), rng.normal(1, 0.01, 140)))
        assert suspicion(mixed, 100) > 3 * suspicion(natural, 100)

    def test_too_short_a_stream_has_no_score(self):
        assert np.isnan(suspicion(np.arange(99.0), 100))


class TestSets:
    def test_a_rare_value_links_with_its_surprise(self):
        rows = [(f"a{k}", 0, None) for k in range(10)]
        accounts = {"account_id": [f"a{k}" for k in range(10)], "payment_fingerprint": ["p", "p"] + [None] * 8}
        log = log_of(rows, accounts)
        assert link_edges(log) == [("a0", "a1", pytest.approx(np.log(10 / 2)))]
        found = link_sets(log)
        assert found.members() == {found.of["a0"]: ["a0", "a1"]}
        assert found.weight[found.of["a0"]] == pytest.approx(np.log(5))

    def test_a_common_value_links_nobody(self):
        count = LARGEST_DF + 1
        assert link_edges(log_of([(f"a{k}", 0, "10.1.2.3") for k in range(count)])) == []

    def test_addresses_link_by_their_network(self):
        rows = [("a", 0, "10.1.2.3"), ("b", 0, "10.1.2.77"), ("c", 0, "10.1.3.3"), ("d", 0, "not an address")]
        assert [e[:2] for e in link_edges(log_of(rows))] == [("a", "b")]

    def test_no_links_no_sets(self):
        assert link_sets(log_of([("a", 0, None), ("b", 0, None)])).of == {}

    @pytest.mark.parametrize("suffix", ["parquet", "csv"])
    def test_reads_sets_of_a_hunt(self, tmp_path, suffix):
        table = pl.DataFrame({"account_id": ["a", "b", "c"], "set_id": ["s", "s", None], "weight": [2.0, 2.0, None]})
        path = tmp_path / f"sets.{suffix}"
        table.write_parquet(path) if suffix == "parquet" else table.write_csv(path)
        found = read_sets(path)
        assert found.of == {"a": "s", "b": "s"}
        assert found.weight == {"s": 2.0}
        assert list(found.with_loners(["a", "c"])) == [["a", "b"], ["c"]]

    def test_links_alone_score_by_set(self):
        log = log_of([(a, 0, None) for a in "abcd"])
        sets = Sets({"a": "s", "b": "s", "c": "s"}, "a test", {"s": 6.0})
        assert SetScorer(sets, "size").score(log) == {"a": 3.0, "b": 3.0, "c": 3.0, "d": 0.0}
        assert SetScorer(sets, "mean weight").score(log)["a"] == 2.0
        half = Half(frozenset("d"), frozenset("abc"))
        assert len(list(Links(Sets({"a": "s"}, "a test")).candidates(log, half))) == 1


class TestWindows:
    def test_each_text_once_in_log_order_and_capped(self):
        seen = []

        def embed(texts):
            seen.extend(texts)
            return np.array([[float(t.split()[1]), 1.0] for t in texts], dtype=np.float32)

        table = exchanges([("b", 9 - k, None) for k in range(10)] + [("a", 0, None)])
        found = prompt_windows(table, embed, cap=100)
        assert sorted(seen) == sorted(set(seen))
        assert found.accounts == ("a", "b")
        # hours ran backwards, so the newest row of the table is the first in the log
        assert found.of(1)[:, 0].tolist() == [k % 5 for k in range(9, -1, -1)]
        assert prompt_windows(table, embed, cap=4).sizes().tolist() == [1, 4]

    def test_no_text_no_windows(self):
        table = exchanges([("a", 0, None)]).with_columns(prompt=pl.lit(None, dtype=pl.String))
        assert prompt_windows(table, lambda texts: np.zeros((len(texts), 2), dtype=np.float32)) is None
