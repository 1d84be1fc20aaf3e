"""``stillwatch demo``: a small world, hunted, beside its truth."""

import json

import pytest

from stillwatch.apps.cli import demo
from stillwatch.apps.cli.app import run
from stillwatch.errors import ExitCode


@pytest.fixture
def opened(monkeypatch):
    pages = []
    monkeypatch.setattr(demo.webbrowser, "open", pages.append)
    return pages


def test_makes_a_log_hunts_and_says_what_was_true(tmp_path, capsys, opened):
    assert run(["demo", "--out", str(tmp_path / "d"), "--scale", "0.2", "--no-open"]) == ExitCode.DONE
    said = capsys.readouterr().err
    assert "The truth: " in said
    assert "no honest account of" in said
    assert (tmp_path / "d/run/report.html").is_file()
    assert (tmp_path / "d/log/truth.parquet").is_file()
    assert opened == []


def test_opens_the_report_when_asked_and_prints_scores(tmp_path, capsys, opened):
    assert run(["demo", "--out", str(tmp_path / "d"), "--scale", "0.1", "--open", "--json", "-q"]) == ExitCode.DONE
    scores = json.loads(capsys.readouterr().out)
    assert scores["false_flags"] == 0
    assert opened == [(tmp_path / "d/run/report.html").resolve().as_uri()]
