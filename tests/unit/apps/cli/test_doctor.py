from __future__ import annotations

import msgspec

from stillwatch import __version__
from stillwatch.apps.cli import doctor as command
from stillwatch.apps.cli.app import run
from stillwatch.apps.doctor import Check, Examination
from stillwatch.errors import ExitCode


def test_words_end_with_what_to_do_next(capsys):
    assert run(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"stillwatch {__version__}"
    assert lines[-1].startswith("Ready. Next: stillwatch hunt")


def test_json(capsys):
    assert run(["doctor", "--json"]) == 0
    told = msgspec.json.decode(capsys.readouterr().out)
    assert told["healthy"] is True
    assert {"name", "state", "found", "remedy"} == set(told["checks"][0])


def test_a_sick_machine_is_one(capsys, monkeypatch):
    sick = Examination((Check("duckdb", "fail", "missing", "Install it."),), "Mend this first: duckdb.")
    monkeypatch.setattr(command, "examine", lambda: sick)
    assert run(["doctor"]) == ExitCode.FAILED
    out = capsys.readouterr().out
    assert "FAIL  duckdb  missing" in out
    assert "Install it." in out
