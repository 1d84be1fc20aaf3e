from __future__ import annotations

import msgspec
import numpy as np
import pyarrow.parquet as pq
import pytest

from stillwatch.apps.cli.app import run
from stillwatch.apps.cli.lab_providers import people_text
from stillwatch.errors import ExitCode
from stillwatch.lab.people import Measured, PeopleResult

WORDS = [
    "router",
    "kernel",
    "printer",
    "guitar",
    "bread",
    "tomato",
    "chess",
    "bicycle",
    "novel",
    "camera",
    "window",
    "server",
    "driver",
    "garden",
]


class TestProviders:
    def test_a_shipped_scenario_end_to_end(self, tmp_path, capsys):
        pytest.importorskip("matplotlib")
        call = [
            "lab",
            "providers",
            "C15",
            "--out",
            str(tmp_path / "new"),
            "--runs",
            "2",
            "--delays",
            "0s,1h,never",
            "-q",
        ]
        assert run(call) == ExitCode.DONE
        shown = capsys.readouterr().out
        assert "C15" in shown
        assert "False indicators that name a benign firm" in shown
        names = {path.name for path in (tmp_path / "new").iterdir()}
        assert names == {"C15-sharing.json", "C15-leak-by-delay.svg", "C15-leak-by-common.svg"}

    def test_json_is_what_stands_in_the_file(self, tmp_path, capsys):
        call = ["lab", "providers", "C15", "--out", str(tmp_path), "--runs", "1", "--no-pictures", "--json", "-q"]
        assert run(call) == ExitCode.DONE
        told = msgspec.json.decode(capsys.readouterr().out)
        assert told == msgspec.json.decode((tmp_path / "C15-sharing.json").read_bytes())
        assert [row["delay_s"] for row in told["by_delay"]][-1] is None
        assert not list(tmp_path.glob("*.svg"))

    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--delays", "soon"], "expected a delay"),
            (["--common", "1.5"], "--common between 0 and 1"),
            (["--missed", "-0.1"], "--missed between 0 and 1"),
            (["--corroboration", "0"], "--corroboration"),
            (["--runs", "0"], "at least one run"),
            (["--stagger", "-1"], "--stagger"),
        ],
    )
    def test_what_cannot_work_is_said(self, words, said, tmp_path, capsys):
        assert run(["lab", "providers", "C15", "--out", str(tmp_path), "-q", *words]) == ExitCode.USAGE
        assert said in capsys.readouterr().err
        assert not list(tmp_path.iterdir())

    def test_no_such_scenario_and_no_such_hunt(self, tmp_path, capsys):
        assert run(["lab", "providers", "C99", "--out", str(tmp_path)]) != ExitCode.DONE
        assert run(["lab", "providers", "--run", str(tmp_path), "--out", str(tmp_path)]) == ExitCode.FAILED
        assert "cannot read" in capsys.readouterr().err


class TestPeople:
    @pytest.fixture
    def logs(self, tmp_path):
        """Eight people on four days, and a hundred who come once."""
        rng = np.random.default_rng(0)
        for day in range(4):
            who = [f"regular{n}" for n in range(8)] + [f"guestlike{day}x{n}" for n in range(30)]
            lines = [f"[09:14] <{nick}> {' '.join(rng.choice(WORDS, 7))} {rng.integers(10**6)}" for nick in who]
            (tmp_path / f"2007-01-0{day + 1}.raw.txt").write_text("\n".join(lines), encoding="utf-8")
        return tmp_path

    def test_end_to_end(self, logs, tmp_path, capsys):
        out = tmp_path / "out"
        call = ["lab", "people", str(logs), "--out", str(out), "--accounts", "4", "--messages", "3"]
        assert run([*call, "--sets", "100", "--splits", "2", "-q"]) == ExitCode.DONE
        shown = capsys.readouterr().out
        assert "8 individuals, divided 4 / 4" in shown
        # these people are drawn alike, so nothing can tell them from their messages dealt
        assert "Target 0.95: not reached." in shown
        told = msgspec.json.decode((out / "people.json").read_bytes())
        assert told["read"]["files"] == 4
        assert told["log"]["campaigns"] == 1
        assert pq.read_table(out / "truth.parquet").num_rows == told["log"]["accounts"]

    def test_too_few_people(self, logs, tmp_path, capsys):
        assert run(["lab", "people", str(logs), "--out", str(tmp_path / "out"), "-q"]) == ExitCode.FAILED
        assert "expected 60 people with 8 days, found 0" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("tpr", "low", "words"),
        [(0.97, 0.96, "0.95: reached."), (0.97, 0.9, "not by the lower end"), (0.9, 0.8, "0.95: not reached.")],
    )
    def test_the_bar_is_told_openly(self, tpr, low, words):
        measured = Measured(
            family="text",
            statistic="log10 e-value",
            tpr=tpr,
            over_individuals=(low, 0.99),
            over_sets=(low, 0.99),
            fpr=0.01,
            fpr_over_individuals=(0.0, 0.05),
            threshold=2.0,
            people_median=0.0,
            dealt_median=5.0,
        )
        sizes = dict.fromkeys(
            ("accounts", "messages", "sets", "splits", "seed", "individuals", "threshold_individuals"), 1
        ) | dict.fromkeys(("dealt_individuals", "others", "all_messages"), 1)
        found = PeopleResult(**sizes, false_positive_rate=0.01, target=0.95, spread_learned=False, measured=(measured,))
        assert words in people_text(found)
