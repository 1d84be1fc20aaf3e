from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import ConfigurationError, UsageError
from stillwatch.lab.detectors import honeypot, registry
from stillwatch.lab.detectors.ours import Ours
from stillwatch.lab.detectors.published import by_window, ranked
from stillwatch.lab.detectors.seat import close_pairs
from stillwatch.lab.detectors.traffic import FEATURES, Traffic, View
from stillwatch.lab.detectors.verdicts import Looks, threshold_of, write_verdicts
from stillwatch.lab.detectors.volume import DAY, so_far_today
from stillwatch.lab.detectors.windows import Windows
from stillwatch.lab.extras import extra
from stillwatch.lab.score import score
from stillwatch.testing.lab_worlds import write_world


def embed(texts):
    """A bag of letters: near texts are near."""
    table = np.array([[t.lower().count(c) for c in "abcdefghijklmnopqrstuvwxyz"] for t in texts], np.float32)
    return table / np.maximum(np.linalg.norm(table, axis=1, keepdims=True), 1e-9)


@pytest.fixture(scope="module")
def log(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    write_world(folder, people=40, members=6, days=3, seed=1)
    return View(folder, lambda: embed, cap=40)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    write_world(folder, people=40, members=0, days=3, seed=2)
    return View(folder, lambda: embed, cap=40)


def traffic(accounts, account, ts, windows=None, times=()):
    size = len(accounts)
    features = np.zeros((size, len(FEATURES)))
    return Traffic(tuple(accounts), np.array(account), np.array(ts), features, windows, np.array(times, np.int64))


class TestTraffic:
    def test_rows_are_by_account_and_time(self, log):
        found = log.traffic
        assert list(found.accounts) == sorted(found.accounts)
        assert np.all(np.diff(found.account) >= 0)
        same = np.diff(found.account) == 0
        assert np.all(np.diff(found.ts)[same] >= 0)
        assert found.counts().sum() == pq.read_metadata(log.folder / "exchanges.parquet").num_rows

    def test_features_are_finite(self, log):
        assert log.traffic.features.shape == (len(log.traffic.accounts), len(FEATURES))
        assert np.isfinite(log.traffic.features).all()
        days = log.traffic.features[:, FEATURES.index("days")]
        assert days.min() >= 1
        assert days.max() <= 3

    def test_windows_hold_at_most_cap_prompts_in_order(self, log):
        windows = log.traffic.windows
        assert windows is not None
        assert windows.sizes().max() <= 40
        assert len(log.traffic.times) == len(windows.vectors)
        for i in range(len(windows.accounts)):
            own = log.traffic.times[windows.starts[i] : windows.starts[i + 1]]
            assert np.all(np.diff(own) >= 0)

    def test_without_text(self, log):
        bare = View(log.folder)
        assert bare.traffic.windows is None


class TestVerdicts:
    def test_flag_at_the_first_look_above_the_threshold(self, tmp_path):
        seen = traffic(("a", "b", "c"), (0, 0, 0, 1, 2), (10, 20, 30, 15, 16))
        looks = Looks(np.array([0, 0, 0, 1]), np.array([10, 20, 30, 15]), np.array([0.1, 0.9, 0.95, 0.2]))
        write_verdicts("d", seen, looks, 0.5, tmp_path)
        rows = pq.read_table(tmp_path / "verdicts.parquet").to_pylist()
        assert [r["flagged"] for r in rows] == [True, False, False]
        assert rows[0]["flagged_at"].microsecond == 20
        assert [r["decision"] for r in rows] == ["flagged", "not-flagged", "not-decidable"]
        assert rows[2]["score"] < rows[1]["score"]
        assert rows[0]["campaign_id"] == "d-a"
        assert [r["extraction_exchanges"] for r in rows] == [3.0, 0.0, 0.0]

    def test_threshold_lets_its_share_through(self):
        scores = np.arange(1000.0)
        assert (scores > threshold_of(scores, 0.01)).sum() == 10
        assert threshold_of(np.array([]), 0.01) == np.inf

    def test_unjudged_accounts_count_in_the_share(self):
        # ten accounts, two judged: one in ten may exceed the threshold, so the lower one sets it
        seen = traffic([str(i) for i in range(10)], range(10), range(10))
        found = ranked("d", "", lambda _: Looks(np.array([0, 1]), np.array([0, 1]), np.array([1.0, 2.0])), seen, 0.1)
        assert found.threshold == 1.0


class TestStatistics:
    def test_volume_counts_within_a_day(self):
        seen = traffic(("a", "b"), (0, 0, 0, 1), (0, 5, DAY + 1, DAY + 2))
        assert so_far_today(seen).value.tolist() == [1, 2, 1, 1]

    def test_close_pairs(self):
        x = np.array([[1, 0], [0, 1], [1, 0], [1, 0.01]], np.float32)
        assert close_pairs(x, 0.02) == [0, 0, 1, 3]

    def test_windows_are_looked_at_as_they_grow(self):
        windows = Windows(("a",), np.array([0, 25]), np.ones((25, 2), np.float32))
        seen = traffic(("a",), [0] * 25, range(25), windows, range(100, 125))
        looks = by_window(lambda x: float(len(x)))(seen)
        assert looks.value.tolist() == [10, 20, 25]
        assert looks.ts.tolist() == [109, 119, 124]


class TestDetectors:
    @pytest.mark.parametrize("name", ["volume", "isolation-forest", "prada", "seat", "mmd-windows", "mahalanobis"])
    def test_each_writes_a_verdict_for_each_account(self, log, reference, tmp_path, name):
        if name == "isolation-forest":
            pytest.importorskip("sklearn", reason="the extra [lab] is not installed")
        [detector] = registry.chosen(registry.detectors(lambda _log, _out: None, 0.05), [name])
        fitted = detector.fit(reference)
        fitted.write(log, tmp_path)
        found = score(log.folder, tmp_path)
        assert found.verdicts_missing == 0
        assert fitted.settings
        # no truth and nothing of the second log went into the threshold: it lets about its share of the first through
        fitted.write(reference, tmp_path)
        assert score(reference.folder, tmp_path).false_flags <= 0.05 * 40

    def test_isolation_finds_accounts_that_are_unlike_people(self, log, reference, tmp_path):
        pytest.importorskip("sklearn", reason="the extra [lab] is not installed")
        [detector] = registry.chosen(registry.detectors(lambda _log, _out: None, 0.05), ["isolation-forest"])
        detector.fit(reference).write(log, tmp_path)
        assert score(log.folder, tmp_path).further.auc > 0.8

    @pytest.mark.parametrize("name", ["prada", "seat", "mmd-windows", "mahalanobis"])
    def test_without_text_nothing_is_decided(self, log, reference, tmp_path, name):
        [detector] = registry.chosen(registry.detectors(lambda _log, _out: None, 0.05), [name])
        detector.fit(View(reference.folder)).write(View(log.folder), tmp_path)
        table = pq.read_table(tmp_path / "verdicts.parquet")
        assert set(table["decision"].to_pylist()) == {"not-decidable"}

    def test_ours_hands_the_folders_on(self, log, tmp_path):
        seen = []
        Ours(lambda folder, out: seen.append((folder, out))).fit(log).write(log, tmp_path / "new")
        assert seen == [(log.folder, tmp_path / "new")]

    def test_unknown_name(self):
        with pytest.raises(UsageError, match="nobody"):
            registry.chosen(registry.detectors(lambda _log, _out: None, 0.05), ["nobody"])

    def test_missing_extra_says_what_to_install(self):
        with pytest.raises(ConfigurationError, match="stillwatch\\[lab\\]"):
            extra("no_such_package_of_the_lab")


class _Scorer:
    """Raises an account's score by a tenth a request, and notes the clock."""

    def __init__(self, _config, _threshold):
        self.scores: dict[str, float] = {}

    def score_request(self, key, *, prompt, input_tokens):
        assert isinstance(prompt, str)
        assert input_tokens >= 0
        self.scores[key] = min(1.0, self.scores.get(key, 0.0) + 0.1)
        CLOCK.append(sys.modules["honeypotllm.scoring"].time.time())
        return SimpleNamespace(score_after=self.scores[key])


CLOCK: list[float] = []


class TestHoneypot:
    @pytest.fixture
    def package(self, monkeypatch):
        """The package's shape, so that the replay is tested where it is not installed."""
        scoring, config = ModuleType("honeypotllm.scoring"), ModuleType("honeypotllm.config")
        scoring.SuspicionScorer, scoring.time = _Scorer, "its own"
        config.ScoringConfig = lambda: None
        for module in (ModuleType("honeypotllm"), scoring, config):
            monkeypatch.setitem(sys.modules, module.__name__, module)
        CLOCK.clear()
        return scoring

    def test_replay_runs_on_the_time_of_the_log(self, package, log, tmp_path):
        honeypot.Honeypot().fit(log).write(log, tmp_path)
        assert package.time == "its own"
        assert np.all(np.diff(CLOCK) >= 0)
        assert CLOCK[0] - honeypot.SHIFT == pytest.approx(log.traffic.ts.min() / 1e6)
        rows = pq.read_table(tmp_path / "verdicts.parquet").to_pylist()
        assert all(r["flagged"] == (r["exchanges"] >= 8) for r in rows)

    def test_absent(self, monkeypatch):
        monkeypatch.setitem(sys.modules, "honeypotllm", None)
        monkeypatch.setitem(sys.modules, "honeypotllm.scoring", None)
        assert not honeypot.installed()
        assert "honeypotllm" not in {d.name for d in registry.detectors(lambda _log, _out: None, 0.01)}
