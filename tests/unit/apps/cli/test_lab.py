"""``stillwatch lab simulate`` as users call it."""

from __future__ import annotations

import json

import pyarrow.parquet as pq
import pytest

from stillwatch.apps.cli.app import run
from stillwatch.errors import ExitCode

SCENARIO = """\
name: tiny
title: A tiny world
days: 3
people: 60
groups:
  - name: lab
    label: C1
    role: extraction
    campaign: lab
    accounts: 10
    exchanges: 300
    text: {voice: corpus, elicitation: {rationale: 1}}
"""


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    monkeypatch.delenv("STILLWATCH_SHARED", raising=False)
    path = tmp_path / "tiny.yaml"
    path.write_text(SCENARIO, "utf-8")
    return path


def simulate(scenario, out, *more):
    return run(["lab", "simulate", str(scenario), "--scale", "1", "--out", str(out), *more])


def test_it_writes_a_log_and_says_what_is_next(scenario, tmp_path, capsys):
    assert simulate(scenario, tmp_path / "log") == ExitCode.DONE
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "next: stillwatch hunt" in captured.err
    names = {path.name for path in (tmp_path / "log").iterdir()}
    assert names == {"exchanges.parquet", "accounts.parquet", "truth.parquet", "truth_exchanges.parquet", "card.json"}


def test_json_is_the_card(scenario, tmp_path, capsys):
    assert simulate(scenario, tmp_path / "log", "--json", "--quiet") == ExitCode.DONE
    captured = capsys.readouterr()
    assert json.loads(captured.out) == json.loads((tmp_path / "log" / "card.json").read_text("utf-8"))
    assert captured.err == ""


def test_settings_change_the_world(scenario, tmp_path):
    assert simulate(scenario, tmp_path / "log", "-q", "--set", "groups.lab.accounts=20", "--set", "people=0") == 0
    assert len(pq.read_table(tmp_path / "log" / "accounts.parquet")) == 20


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--set", "groups.lap.accounts=20"], "Did you mean 'lab'?"),
        (["--scale", "0"], "scale above 0"),
        (["--processes", "0"], "--processes"),
        (["--shared", "nowhere"], "data/prompts"),
    ],
)
def test_what_is_wrong_is_told(scenario, tmp_path, capsys, more, said):
    code = run(["lab", "simulate", str(scenario), "--out", str(tmp_path / "log"), *more])
    assert code in {ExitCode.USAGE, ExitCode.FAILED}
    assert said in capsys.readouterr().err
    assert not (tmp_path / "log" / "card.json").exists()
