from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl  # noqa: TID251 - not the package
import pytest

compare = pytest.importorskip("benchmarks.hunt_vs_baselines", reason="the extra [bench] is not installed")
START = datetime(2026, 1, 5, tzinfo=UTC)
WORDS = ["river", "invoice", "python", "garden", "train", "recipe", "contract", "planet", "guitar", "muscle"]


def write_world(folder, *, text=True):
    """160 people with two words each, and 40 accounts over which one corpus is dealt; a run that knows them all."""
    rng = np.random.default_rng(0)
    rows, accounts, truth = [], [], []
    for k in range(200):
        bad, name = k >= 160, f"acct{k:03d}"
        accounts.append({"account_id": name, "payment_fingerprint": f"p{k // 4}" if bad else None})
        truth.append({"account_id": name, "kind": "extraction" if bad else "benign"})
        for i in range(12):
            own = WORDS[rng.integers(10)] if bad else WORDS[(k + i % 2) % 10]
            rows.append(
                {
                    "exchange_id": f"{name}-{i}", "ts": START + timedelta(hours=int(rng.integers(0, 200))),
                    "account_id": name, "model": "m", "turn": 1, "input_tokens": int(rng.integers(5, 50)),
                    "output_tokens": 9, "prompt": f"tell me about the {own} number {i}" if text else None,
                }
            )  # fmt: skip
    log, run = folder / "log", folder / "run"
    log.mkdir()
    run.mkdir()
    pl.DataFrame(rows, schema_overrides={"prompt": pl.String}).write_parquet(log / "exchanges.parquet")
    pl.DataFrame(accounts, infer_schema_length=None).write_parquet(log / "accounts.parquet")
    pl.DataFrame(truth).write_parquet(log / "truth.parquet")
    flags = [t["kind"] != "benign" for t in truth]
    ids = [t["account_id"] for t in truth]
    pl.DataFrame({"account_id": ids, "score": [float(f) for f in flags], "flagged": flags}).write_parquet(
        run / "verdicts.parquet"
    )
    return log, run


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    log, run = write_world(folder)
    page = folder / "page.md"
    page.write_text("<!-- begin hunt-vs-baselines -->\n<!-- end hunt-vs-baselines -->\n")
    out = [folder / "r.json", folder / "roc.svg", page]
    code = compare.main([str(log), str(run), "--results", str(out[0]), "--picture", str(out[1]), "--page", str(page)])
    return code, *out


class TestComparison:
    def test_every_method_is_there_and_ours_is_first(self, world):
        code, results, _, _ = world
        found = json.loads(results.read_text())
        assert code == 0
        assert [m["name"] for m in found["methods"]] == [
            "hunt", "volume", "isolation-forest", "prada", "mmd-paper", "mmd-accounts", "mmd-sets", "links",
        ]  # fmt: skip

    def test_ours_is_measured_on_the_half_nobody_was_tuned_on(self, world):
        found = json.loads(world[1].read_text())
        hunt = found["methods"][0]
        half = found["evaluation_half"]
        assert 0 < half["malicious"] < 40
        assert 0 < half["benign"] < 160
        assert hunt["tpr_at_fpr"] == {"0.001": 1.0, "0.01": 1.0}
        assert hunt["threshold"] == {"tpr": 1.0, "false_flags": 0}
        assert all(m["least_lead_of_the_hunt"]["lead"] >= 0 for m in found["methods"][1:])

    def test_shared_payment_is_found_by_links(self, world):
        links = json.loads(world[1].read_text())["methods"][-1]
        assert links["tpr_at_fpr"]["0.01"] == 1.0

    def test_page_and_picture_are_written_and_name_each_method(self, world):
        _, _, picture, page = world
        text = page.read_text()
        assert "![" in text
        assert "](roc.svg)" in text
        assert text.count("\n| ") == 2 + 8
        assert picture.read_text().startswith("<?xml")

    def test_results_name_no_place_of_this_machine(self, world):
        text = world[1].read_text()
        assert str(world[1].parent) not in text
        assert os.uname().nodename not in text

    def test_without_text_the_text_methods_are_left_out(self, tmp_path, capsys):
        log, run = write_world(tmp_path, text=False)
        assert compare.main([str(log), str(run), "--json"]) == 0
        names = {m["name"] for m in json.loads(capsys.readouterr().out)["methods"]}
        assert names == {"hunt", "volume", "isolation-forest", "links"}


class TestReproductions:
    def test_forest_on_its_paper_s_generator(self):
        mulcross = pytest.importorskip("benchmarks.reproductions.mulcross")
        assert mulcross.auc(n=4000, runs=2)["auc"] == pytest.approx(0.97, abs=0.02)

    def test_prada_on_images(self):
        images = pytest.importorskip("benchmarks.reproductions.images")
        found = images.detection(calibration=20, streams=10)
        assert found["found"] == 1.0
        assert found["false_alarms"] <= 0.3

    def test_mmd_in_its_paper_s_protocol(self):
        windows = pytest.importorskip("benchmarks.reproductions.windows")
        prompts = Path(os.environ.get("STILLWATCH_SHARED", "../shared")) / "data" / "prompts"
        if not prompts.is_dir():
            pytest.skip("the prompts of the shared folder are not there; set STILLWATCH_SHARED")
        from benchmarks.baselines.log import load_embedding  # noqa: PLC0415 - after the skip

        found = windows.persona_rates(windows.read_prompts(prompts, load_embedding(), most=600), draws=300, people=200)
        assert found["people 50"] > 0.9
        assert found["calibrated 50"] < 0.05
