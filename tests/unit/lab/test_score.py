from __future__ import annotations

import json
import math
import subprocess
import sys
from datetime import timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError
from stillwatch.lab.intervals import grouped, rare, wilson
from stillwatch.lab.score import Scores, score
from stillwatch.testing.lab_worlds import write_world
from stillwatch.testing.worlds import START

US = pa.timestamp("us", tz="UTC")


@pytest.fixture
def log(tmp_path):
    """Two campaigns of the truth, four benign accounts, ten exchanges each, one an hour."""
    accounts = [
        ("a1", "C1", "c1", "extraction"), ("a2", "C1", "c1", "extraction"), ("a3", "C1", "c1", "extraction"),
        ("b1", "C8", "c8", "broker"),
        ("p1", "person", None, "benign"), ("p2", "person", None, "benign"), ("p3", "B17-lab", None, "benign"),
        ("p4", "B16", None, "benign"),
    ]  # fmt: skip
    names = [a[0] for a in accounts]
    rows = [(f"{n}-{h}", n, START + timedelta(hours=h)) for h in range(10) for n in names]
    folder = tmp_path / "log"
    folder.mkdir()
    pq.write_table(
        pa.table(
            {
                "exchange_id": [r[0] for r in rows],
                "account_id": [r[1] for r in rows],
                "ts": pa.array([r[2] for r in rows], US),
            }
        ),
        folder / "exchanges.parquet",
    )
    pq.write_table(
        pa.table({k: [a[i] for a in accounts] for i, k in enumerate(("account_id", "label", "campaign", "kind"))}),
        folder / "truth.parquet",
    )
    # half of the broker's traffic is extraction, all of the campaign's
    bad = [n.startswith("a") or (n == "b1" and ts.hour % 2 == 0) for _, n, ts in rows]
    pq.write_table(
        pa.table({"exchange_id": [r[0] for r in rows], "malicious": bad}), folder / "truth_exchanges.parquet"
    )
    declared = ["synthetic-data" if n == "p4" else None for n in names]
    pq.write_table(
        pa.table({"account_id": names, "declared_use": pa.array(declared, pa.string())}), folder / "accounts.parquet"
    )
    return folder


@pytest.fixture
def out(tmp_path):
    """a1 and a2 flagged after five hours, the B17 account flagged too, the broker missed."""
    names = ["a1", "a2", "a3", "b1", "p1", "p2", "p3", "p4"]
    flagged = [True, True, False, False, False, False, True, False]
    at = START + timedelta(hours=4, minutes=30)
    folder = tmp_path / "out"
    folder.mkdir()
    pq.write_table(
        pa.table(
            {
                "account_id": names,
                "score": [9.0, 8.0, 1.0, 2.0, 0.0, 0.5, 7.0, -1.0],
                "flagged": flagged,
                "kind": pa.array(["extraction" if f else None for f in flagged], pa.string()),
                "campaign_id": pa.array(["x" if f else None for f in flagged], pa.string()),
                "flagged_at": pa.array([at if f else None for f in flagged], US),
                "extraction_exchanges": [8.0 if f else 0.0 for f in flagged],
            }
        ),
        folder / "verdicts.parquet",
    )
    pq.write_table(
        pa.table(
            {
                "campaign_id": ["x"],
                "extraction_exchanges_low": [15.0],
                "extraction_exchanges_high": [25.0],
            }
        ),
        folder / "campaigns.parquet",
    )
    return folder


class TestScore:
    def test_accounts(self, log, out):
        found = score(log, out)
        assert (found.accounts, found.benign, found.verdicts_missing) == (8, 4, 0)
        assert found.tpr == 0.5
        assert found.false_flags_by_label == {"B17-lab": 1}
        assert (found.declared_false_flags, found.undeclared_false_flags) == (0, 1)

    def test_ranking(self, log, out):
        # above the first benign account (p3 at 7) stand a1 and a2; a rate of 1e-2 of four accounts allows none
        found = score(log, out)
        assert found.tpr_at_fpr_1e2 == 0.5
        assert found.further.strict_tpr_at_fpr["0.01"] == 0.5

    def test_campaigns(self, log, out):
        found = score(log, out)
        assert found.campaign_recall == 0.5
        assert found.set_recall == 1.0
        assert found.reported_campaigns == 1
        assert found.campaign_precision == 0.0  # two of three are malicious, 90 % are asked for
        assert found.further.false_campaigns == 0
        assert found.bcubed_f1 == 1.0
        assert found.kind_accuracy == 1.0

    def test_leak(self, log, out):
        found = score(log, out)
        # five of ten exchanges of a1 and a2 lie before their flag, all of a3's count as leaked
        assert found.leak == {"c1": round(20 / 30, 4), "c8": 1.0}
        assert found.further.extraction_leaked == 25
        assert found.count_error == {"c1": round(16 / 20 - 1, 3)}

    def test_harm(self, log, out):
        found = score(log, out).further
        harm = found.harm_of_b17["B17-lab"]
        assert (harm.accounts, harm.flagged, harm.exchanges_hit) == (1, 1, 5)
        assert harm.account_hours == 4.5
        assert set(found.harm_of_b17) == {"B17-lab"}
        assert found.benign_labels["person"].flagged == 0
        assert found.account_days == 4

    def test_coverage(self, log, out):
        found = score(log, out).further.count_coverage
        assert found is not None
        assert (found.campaigns, found.covered) == (1, 1)
        narrow = pa.table(
            {"campaign_id": ["x"], "extraction_exchanges_low": [15.0], "extraction_exchanges_high": [19.0]}
        )
        pq.write_table(narrow, out / "campaigns.parquet")
        again = score(log, out).further.count_coverage
        assert again is not None
        assert again.covered == 0

    def test_log_in_parts(self, log, out):
        whole = score(log, out)
        table = pq.read_table(log / "exchanges.parquet")
        (log / "exchanges.parquet").unlink()
        (log / "exchanges").mkdir()
        pq.write_table(table.slice(0, 40), log / "exchanges" / "0.parquet")
        pq.write_table(table.slice(40), log / "exchanges" / "1.parquet")
        assert score(log, out) == whole

    def test_equal_scores_share_a_threshold(self, log, out):
        table = pq.read_table(out / "verdicts.parquet")
        flat = table.set_column(1, "score", pa.array([0.0] * 8))
        pq.write_table(flat, out / "verdicts.parquet")
        found = score(log, out)
        assert found.further.strict_tpr_at_fpr["0.01"] == 0.0
        assert found.further.auc == 0.5

    def test_missing_verdicts_count(self, log, out):
        pq.write_table(pq.read_table(out / "verdicts.parquet").slice(0, 6), out / "verdicts.parquet")
        found = score(log, out)
        assert found.verdicts_missing == 2
        assert found.false_flags == 0

    def test_a_minimal_detector(self, log, out):
        keep = ["account_id", "flagged", "campaign_id", "flagged_at"]
        pq.write_table(pq.read_table(out / "verdicts.parquet").select(keep), out / "verdicts.parquet")
        (out / "campaigns.parquet").unlink()
        found = msgspec.to_builtins(score(log, out))
        assert "kind_accuracy" not in found
        assert "count_error" not in found
        assert found["tpr"] == 0.5
        assert found["further"]["count_coverage"] is None

    def test_a_world_without_campaigns(self, log, out):
        truth = pq.read_table(log / "truth.parquet").filter(pa.compute.field("kind") == "benign")
        pq.write_table(truth, log / "truth.parquet")
        rows = pq.read_table(log / "exchanges.parquet")
        kept = pa.compute.is_in(rows["account_id"], truth["account_id"].combine_chunks())
        pq.write_table(rows.filter(kept), log / "exchanges.parquet")
        found = score(log, out)
        assert (found.tpr, found.further.tpr, found.further.campaign_recall) == (None, None, None)
        assert found.further.false_campaigns == 1
        # what is written can be read again: no figure is "not a number"
        assert msgspec.json.decode(json.dumps(msgspec.to_builtins(found), allow_nan=False), type=Scores) == found

    def test_bad_input(self, log, out, tmp_path):
        with pytest.raises(InputError, match="found neither"):
            score(tmp_path, out)
        pq.write_table(pq.read_table(out / "verdicts.parquet").drop(["flagged_at"]), out / "verdicts.parquet")
        with pytest.raises(InputError, match="lacks flagged_at"):
            score(log, out)

    def test_two_verdicts(self, log, out):
        table = pq.read_table(out / "verdicts.parquet")
        pq.write_table(pa.concat_tables([table, table.slice(0, 1)]), out / "verdicts.parquet")
        with pytest.raises(InputError, match="a1 has more than one verdict"):
            score(log, out)


def differences(tool, ours):
    return {k: (v, ours.get(k)) for k, v in tool.items() if ours.get(k) != v}


class TestReference:
    """Figure by figure what the contract's reference implementation says, where it is there."""

    @pytest.fixture
    def tool(self, shared):
        pytest.importorskip("polars")
        path = shared / "tools" / "score.py"
        if not path.is_file():
            pytest.skip("the contract's scorer is not there")

        def run(log, out):
            words = [sys.executable, str(path), str(log), str(out)]
            return json.loads(subprocess.run(words, check=True, capture_output=True, text=True).stdout)

        return run

    def test_small(self, tool, log, out):
        assert differences(tool(log, out), msgspec.to_builtins(score(log, out))) == {}

    @pytest.mark.parametrize("seed", range(3))
    def test_random_verdicts(self, tool, tmp_path, seed):
        write_world(tmp_path, people=60, members=15, days=2, seed=seed)
        rng = np.random.default_rng(seed)
        truth = pq.read_table(tmp_path / "truth.parquet")
        names = truth["account_id"].to_pylist()
        bad = np.array([k != "benign" for k in truth["kind"].to_pylist()])
        marks = rng.normal(size=len(names)) + 2 * bad
        flagged = marks > 1.2
        at = [START + timedelta(hours=float(h)) for h in rng.uniform(0, 48, len(names))]
        pq.write_table(
            pa.table(
                {
                    "account_id": names,
                    "score": np.round(marks, 1),  # some are equal
                    "flagged": flagged,
                    "kind": [rng.choice(["extraction", "broker"]) if f else None for f in flagged],
                    "campaign_id": [str(rng.integers(3)) if f else None for f in flagged],
                    "flagged_at": pa.array([t if f and rng.random() < 0.9 else None for f, t in zip(flagged, at, strict=True)], US),
                    "extraction_exchanges": rng.uniform(0, 20, len(names)),
                }
            ),
            tmp_path / "verdicts.parquet",
        )  # fmt: skip
        assert differences(tool(tmp_path, tmp_path), msgspec.to_builtins(score(tmp_path, tmp_path))) == {}


class TestIntervals:
    def test_wilson(self):
        found = wilson(8, 10)  # Wilson 1927; agrees with R's prop.test(8, 10, correct = FALSE)
        assert found.low == pytest.approx(0.4901625, abs=1e-6)
        assert found.high == pytest.approx(0.9433178, abs=1e-6)
        assert (wilson(0, 5).low, wilson(5, 5).high) == (0.0, 1.0)
        assert (wilson(0, 0).low, wilson(0, 0).high) == (0.0, 1.0)

    def test_rare(self):
        assert rare(0, 1.0).high == pytest.approx(3.688879, abs=1e-5)  # -ln(0.025)
        assert rare(3, 2.0).low == pytest.approx(0.618672 / 2, abs=1e-5)
        assert math.isinf(rare(1, 0).high)

    def test_groups_that_differ_widen_it(self):
        alike = grouped([80, 79, 81, 80], [100] * 4)
        apart = grouped([100, 60, 99, 61], [100] * 4)
        assert alike.value == apart.value == 0.8
        assert apart.high - apart.low > 2 * (alike.high - alike.low)

    def test_few_equal_worlds_prove_little(self):
        assert grouped([50, 50, 50], [50] * 3).low < 0.5
        assert grouped([50], [50]).low < 0.3
        assert math.isnan(grouped([], []).value)

    @pytest.mark.statistical
    def test_coverage_with_campaigns_found_whole_or_missed(self):
        # each world's campaign has a probability of its own; 95 % nominal, at least 90 % in 400 draws
        rng = np.random.default_rng(3)
        inside = 0
        for _ in range(400):
            shares = rng.beta(8, 2, 8)
            found = grouped(rng.binomial(60, shares).tolist(), [60] * 8)
            inside += found.low <= 0.8 <= found.high
        assert inside / 400 >= 0.9
