from __future__ import annotations

import numpy as np
import polars as pl  # noqa: TID251 - not the package
import pytest
from benchmarks.baselines.log import Log, Windows, unit
from benchmarks.baselines.mmd import Kernel, MmdPaper, inner_mean, median_kernel, null_of, reference
from benchmarks.baselines.mmd_accounts import MmdAccounts, MmdPooled
from benchmarks.baselines.protocol import Half, choose, measure
from benchmarks.baselines.sets import Sets


def vectors(n, seed, shift=0.0, d=8):
    return (np.random.default_rng(seed).normal(size=(n, d)) + shift).astype(np.float32)


class TestKernel:
    def test_is_the_mean_of_five_gaussians(self):
        x, y = vectors(3, 0), vectors(4, 1)
        d2 = ((x[:, None] - y[None]) ** 2).sum(2)
        expected = np.mean([np.exp(-d2 / (2 * (1.7 * f) ** 2)) for f in (0.25, 0.5, 1, 2, 4)], axis=0)
        assert Kernel(1.7)(x, y) == pytest.approx(expected, abs=1e-5)

    def test_width_is_the_median_distance(self):
        x = vectors(30, 2)
        d = [float(np.linalg.norm(x[i] - x[j])) for i in range(30) for j in range(i)]
        assert median_kernel(x).width == pytest.approx(np.median(d), rel=1e-4)

    def test_inner_mean_leaves_out_the_diagonal(self):
        x = vectors(5, 3)
        k = Kernel(2.0)(x, x).astype(float)
        assert inner_mean(Kernel(2.0), x) == pytest.approx((k.sum() - np.trace(k)) / 20, rel=1e-5)
        assert np.isnan(inner_mean(Kernel(2.0), x[:1]))


class TestDiscrepancy:
    def test_is_unbiased_where_nothing_differs_and_large_where_it_does(self):
        rng = np.random.default_rng(4)
        ref = reference(vectors(800, 5), rng)
        same = [ref.discrepancy(w, ref.near(w)) for w in (vectors(40, 100 + k) for k in range(100))]
        other = [ref.discrepancy(w, ref.near(w)) for w in (vectors(40, 300 + k, shift=1.0) for k in range(20))]
        # the mean of 100 windows lies within four standard errors of zero, the reference's own error included
        assert abs(np.mean(same)) < 4 * np.std(same) / 10 + 2e-3
        assert min(other) > max(same)

    def test_null_standardises_at_its_own_sizes(self):
        null = null_of((2, 200), [[0.0, 2.0], [0.0, 0.2]])
        assert null.standard(2.0, 2) == pytest.approx(1.0)
        assert null.standard(0.2, 200) == pytest.approx(1.0)
        assert null.standard(0.0, 20) < 0


def people(corpus_accounts=12):
    """200 people with one of ten interests each, and accounts that a mixed corpus is dealt over."""
    rng = np.random.default_rng(6)
    topics = rng.normal(size=(10, 16)) * 2
    corpus_topics = rng.normal(size=(10, 16)) * 2
    parts, names = [], []
    for k in range(200):
        parts.append(topics[k % 10] + rng.normal(size=(20, 16)))
        names.append(f"b{k:03d}")
    for k in range(corpus_accounts):
        parts.append(corpus_topics[rng.integers(0, 10, 20)] + rng.normal(size=(20, 16)))
        names.append(f"c{k:03d}")
    x = unit(np.concatenate(parts).astype(np.float32))
    windows = Windows(tuple(names), np.arange(0, len(x) + 1, 20), x)
    log = Log(pl.DataFrame({"account_id": names}), pl.DataFrame({"account_id": names}), windows)
    benign, bad = [n for n in names if n[0] == "b"], [n for n in names if n[0] == "c"]
    return log, Half(frozenset(benign[::2]), frozenset(bad[::2])), Half(frozenset(benign[1::2]), frozenset(bad[1::2]))


class TestForms:
    def test_the_published_threshold_alarms_on_people(self):
        log, tuning, held = people()
        scorer = choose(MmdPaper(), log, tuning)
        found = measure("mmd", "mmd", "", scorer.score(log), tuning, held, scorer.as_published)
        assert found.published_tpr == 1.0
        assert found.published_false_flags > 0.9 * found.benign

    def test_calibrated_on_people_only_the_lower_tail_sees_the_corpus(self):
        log, tuning, held = people()
        tails = {s.tail: s.score(log) for s in MmdAccounts().candidates(log, tuning)}
        found = {t: measure(t, t, "", s, tuning, held).auc for t, s in tails.items()}
        assert found["upper"] < 0.05
        assert found["lower"] > 0.95

    def test_pooled_over_the_set_the_corpus_stands_out(self):
        log, tuning, held = people()
        names = log.windows.accounts
        of = {n: "corpus" for n in names if n[0] == "c"} | {n: f"s{int(n[1:]) // 12}" for n in names if n[0] == "b"}
        scorer = choose(MmdPooled(Sets(of, "a test")), log, tuning)
        scores = scorer.score(log)
        assert measure("mmd", "mmd", "", scores, tuning, held).tpr_at["0.01"] == 1.0
        assert len({scores[n] for n in names if n[0] == "c"}) == 1

    @pytest.mark.parametrize("form", [MmdPaper(), MmdAccounts(), MmdPooled(Sets({}, "a test"))])
    def test_without_text_there_is_nothing_to_offer(self, form):
        log, tuning, _ = people()
        assert list(form.candidates(Log(log.exchanges, log.accounts, None), tuning)) == []
