from __future__ import annotations

import json
from pathlib import Path

import pytest

from stillwatch.apps import lab_wiring
from stillwatch.apps.cli.app import run
from stillwatch.apps.lab_hunt import hunt_folder
from stillwatch.lab.score import score
from stillwatch.testing.lab_worlds import simulate, write_world


@pytest.fixture
def small(monkeypatch, tmp_path):
    """The stand-in for the simulator, and scenarios as shipped."""
    monkeypatch.setattr(lab_wiring, "simulator", lambda _shared: simulate)
    monkeypatch.chdir(tmp_path)
    return tmp_path


SIZES = ("--scale", "0.05", "--campaign", "12", "--days", "2")


class TestScore:
    def test_text_and_json_say_the_same(self, tmp_path, capsys):
        write_world(tmp_path / "log", people=60, members=14, days=3)
        hunt_folder(tmp_path / "log", tmp_path / "out")
        assert run(["lab", "score", str(tmp_path / "log"), str(tmp_path / "out")]) == 0
        text = capsys.readouterr().out
        assert run(["lab", "score", str(tmp_path / "log"), str(tmp_path / "out"), "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert f"{found['further']['strict_tpr_at_fpr']['0.01']:.4g}" in text
        assert found["verdicts_missing"] == 0
        assert found["tpr"] == score(tmp_path / "log", tmp_path / "out").tpr

    def test_no_log(self, tmp_path, capsys):
        assert run(["lab", "score", str(tmp_path), str(tmp_path)]) == 1
        assert "found neither" in capsys.readouterr().err


class TestBench:
    def test_a_run_and_its_files(self, small, capsys):
        words = ["lab", "bench", "--scenarios", "C1,C7", "--seeds", "1", "--detectors", "volume,seat", *SIZES]
        assert run([*words, "--json", "-q"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert [(line["scenario"], line["detector"]) for line in found["lines"]] == [
            ("C1", "volume"), ("C1", "seat"), ("C7", "volume"), ("C7", "seat"),
        ]  # fmt: skip
        assert [line["expected_miss"] for line in found["lines"]] == [False, False, True, True]
        out = small / "lab-bench"
        assert len(list((out / "cells").glob("*.json"))) == 4
        assert "| C7 (expected miss) | volume limit |" in (out / "results.md").read_text()
        assert run([*words, "-q"]) == 0
        assert "2 worlds of 2 scenarios" in capsys.readouterr().out

    def test_page_is_filled(self, small, capsys):
        page = small / "page.md"
        page.write_text("a\n<!-- begin lab-benchmark -->\nold\n<!-- end lab-benchmark -->\nz\n")
        words = ["lab", "bench", "--scenarios", "C1", "--seeds", "1", "--detectors", "volume", *SIZES]
        assert run([*words, "--page", str(page), "-q"]) == 0
        assert "old" not in page.read_text()
        assert "| C1 | volume limit |" in page.read_text()

    @pytest.mark.parametrize(
        ("words", "told"),
        [
            (["--detectors", "nobody"], "no detector is called nobody"),
            (["--seeds", "0"], "expected --seeds of 1 or more"),
            (["--scenarios", "C99"], "no scenario 'C99'"),
        ],
    )
    def test_what_cannot_work_is_told(self, small, capsys, words, told):
        assert run(["lab", "bench", "--quick", "-q", *words]) == 2
        assert told in capsys.readouterr().err


class TestSweepAndEvade:
    def test_sweep(self, small, capsys):
        words = ["lab", "sweep", "C1", "--knob", "human-tempo", "--detector", "volume", *SIZES]
        assert run([*words, "-q"]) == 0
        assert "person's day" in capsys.readouterr().out
        found = json.loads((small / "lab-sweep" / "sweep-C1-human-tempo.json").read_text())
        assert [v["value"] for v in found["values"]] == [0.0, 1.0]

    def test_unknown_knob(self, small, capsys):
        assert run(["lab", "sweep", "C1", "--knob", "luck", "-q"]) == 2
        assert "dilution" in capsys.readouterr().err

    def test_evade(self, small, capsys):
        pytest.importorskip("optuna", reason="the extra [lab] is not installed")
        words = ["lab", "evade", "C1", "--trials", "2", "--checks", "1", "--detector", "volume", "--knobs", "jitter"]
        assert run([*words, *SIZES, "--json", "-q"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["scenario"] == "C1"
        assert len(found["trials"]) == 2
        kept = (small / "lab-evade" / "evade-C1-trials.jsonl").read_text().splitlines()
        assert len(kept) == 2


class TestWiring:
    def test_shared_folder(self, tmp_path, monkeypatch):
        here = tmp_path / "here"
        here.mkdir()
        monkeypatch.chdir(here)
        assert lab_wiring.shared_folder(None, None) is None
        (tmp_path / "shared" / "data" / "prompts").mkdir(parents=True)
        assert lab_wiring.shared_folder(None, None) == Path("../shared")
        assert lab_wiring.shared_folder(None, "x") == Path("x")
        assert lab_wiring.shared_folder(Path("y"), "x") == Path("y")

    def test_people_at_full_size(self):
        few, many = (lab_wiring.scenarios(("C1",), people=n)["C1"] for n in (100, 1000))

        def people(s):
            return sum(g.accounts for g in s.groups if g.label == "person")

        assert people(many) == 10 * people(few) == 1000
