from __future__ import annotations

import math

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.lab.costs import Prices, bill
from stillwatch.lab.detectors.verdicts import Looks
from stillwatch.lab.detectors.verdicts import write_verdicts as write
from stillwatch.lab.evade import Ground, case_of, evade, sweep
from stillwatch.testing.lab_worlds import scenario, simulate, write_world


class Detects:
    """Flags every malicious account at its first exchange as long as less than half of its traffic is filler."""

    name, title, text, settings = "stillwatch", "flags the undiluted", False, "none"

    def __init__(self):
        self.share = 0.0

    def fit(self, _reference):
        return self

    def write(self, log, out):
        truth = pq.read_table(log.folder / "truth.parquet").to_pylist()
        bad = {r["account_id"] for r in truth if r["kind"] != "benign"}
        traffic = log.traffic
        value = [float(self.share < 0.5 and traffic.accounts[a] in bad) for a in traffic.account]
        write(self.name, traffic, Looks(traffic.account, traffic.ts, pa.array(value).to_numpy()), 0.5, out)


@pytest.fixture
def ground(tmp_path):
    detector = Detects()

    def make(world, scale, seed, folder):
        detector.share = world.groups[0].text.filler.share
        simulate(world, scale, seed, folder)

    return Ground(scenario(days=2), 1.0, detector, make, tmp_path / "trial")


class TestBill:
    def test_counts_what_the_malicious_used(self, tmp_path):
        write_world(tmp_path, people=10, members=4, days=2)
        prices = Prices(account=1, address=0, instrument=0, input_tokens=0, output_tokens=0, rewriting=0)
        found = bill(tmp_path, prices)
        assert found.accounts == 4
        assert found.dollars == 4
        truth = {r["account_id"] for r in pq.read_table(tmp_path / "truth.parquet").to_pylist() if r["campaign"]}
        rows = [r for r in pq.read_table(tmp_path / "exchanges.parquet").to_pylist() if r["account_id"] in truth]
        assert found.addresses == len({r["ip"] for r in rows})
        assert found.input_tokens == sum(r["input_tokens"] for r in rows)
        assert found.filler_tokens == 0
        paid = {
            r["payment_fingerprint"]
            for r in pq.read_table(tmp_path / "accounts.parquet").to_pylist()
            if r["account_id"] in truth
        }
        assert found.instruments == len(paid - {None})

    def test_each_price_counts(self, tmp_path):
        write_world(tmp_path, people=10, members=4, days=2)
        none = dict.fromkeys(("account", "address", "instrument", "input_tokens", "output_tokens", "rewriting"), 0.0)
        for name in none:
            assert bill(tmp_path, Prices(**{**none, name: 1e6}), paraphrase=1.0).dollars > 0
        assert bill(tmp_path, Prices(**none)).dollars == 0

    def test_filler_is_told_apart(self, tmp_path):
        write_world(tmp_path, people=10, members=4, days=2)
        table = pq.read_table(tmp_path / "truth_exchanges.parquet")
        none = table.set_column(1, "malicious", pa.array([False] * len(table)))
        pq.write_table(none, tmp_path / "truth_exchanges.parquet")
        found = bill(tmp_path, Prices(), paraphrase=1.0)
        assert found.filler_tokens == found.input_tokens + found.output_tokens
        assert found.rewritten_tokens == 0


class TestTrial:
    def test_a_watched_campaign_leaks_its_first_exchanges(self, ground):
        found = ground.trial({}, 3)
        assert found.tpr == 1.0
        assert found.undetected == found.bill.accounts  # the first exchange of each account
        assert not ground.folder.exists()

    def test_an_evading_one_leaks_all(self, ground):
        found = ground.trial({"dilution": 0.6}, 3)
        assert found.tpr == 0.0
        assert found.undetected == found.extraction
        assert found.per_dollar == pytest.approx(found.undetected / found.bill.dollars)

    def test_cases_add_up(self, ground):
        trials = [ground.trial({}, seed) for seed in (1, 2)]
        found = case_of({}, trials)
        assert found.extraction == sum(t.extraction for t in trials)
        assert found.undetected_per_dollar == pytest.approx(
            sum(t.undetected for t in trials) / sum(t.bill.dollars for t in trials), abs=1e-4
        )


class TestSweep:
    def test_every_value_in_order(self, ground):
        told = []
        found = sweep(ground, "dilution", (1,), lambda *words: told.append(words))
        assert [value for value, _ in found] == [0.0, 0.3, 0.5, 0.7, 0.9]
        assert [case.tpr for _, case in found] == [1.0, 1.0, 0.0, 0.0, 0.0]
        assert told[-1] == ("sweeping", 5, 5)


class TestEvade:
    @pytest.fixture
    def optuna(self):
        return pytest.importorskip("optuna", reason="the extra [lab] is not installed")

    def test_finds_the_hole(self, ground, optuna):
        kept = []
        found = evade(ground, trials=8, seed=4, knobs=("dilution", "jitter"), checks=1, keep=kept.append)
        assert len(kept) == len(found.trials) == 8
        assert kept[0].settings == {}  # the scenario as it is comes first
        assert found.after.settings["dilution"] >= 0.5
        assert found.after.tpr == 0.0
        assert found.before.tpr == 1.0
        assert found.after.undetected_per_dollar > found.before.undetected_per_dollar
        assert found.unwatched >= found.after.undetected_per_dollar * 0.99
        assert found.times_dearer is not None
        assert math.isclose(found.times_dearer, found.unwatched / found.after.undetected_per_dollar, rel_tol=0.02)

    def test_same_seed_same_search(self, ground, optuna):
        words = {"trials": 4, "seed": 9, "knobs": ("dilution",), "checks": 1}
        assert evade(ground, **words) == evade(ground, **words)

    def test_what_is_found_is_measured_on_fresh_worlds(self, ground, optuna):
        found = evade(ground, trials=4, seed=7, knobs=("dilution",), checks=2)
        assert {t.seed for t in found.trials} == {7}
        assert found.after.worlds == 2
