from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stillwatch import __version__
from stillwatch.apps.cli import app as module
from stillwatch.apps.cli.app import app, run
from stillwatch.errors import (
    ConfigurationError,
    ExitCode,
    InputError,
    OutputError,
    RejectedOverBudget,
    StillwatchError,
    UsageError,
)

SRC = Path(__file__).parents[4] / "src"
HEAVY = ("numpy", "duckdb", "pyarrow", "scipy", "jinja2")


def started(*words):
    code = (
        "import sys\n"
        "from stillwatch.apps.cli.app import run\n"
        f"code = run({list(words)!r})\n"
        f"loaded = [name for name in {HEAVY!r} if name in sys.modules]\n"
        "print(loaded, file=sys.stderr)\n"
        "sys.exit(code)\n"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["campaigns", "--help"], ["no-such-command"], []])
def test_help_version_and_wrong_commands_start_without_the_engines(words):
    done = started(*words)
    assert done.returncode == (ExitCode.USAGE if words == ["no-such-command"] else ExitCode.DONE)
    assert done.stderr.splitlines()[-1] == "[]"


def test_version_and_help_are_data(capsys):
    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"stillwatch {__version__}\n"
    assert run(["--help"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in ("hunt", "ingest", "explain", "campaigns", "doctor"))


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["no-such-command"], "unknown command no-such-command"),
        (["campaigns", "no-such-command"], "unknown command no-such-command"),
        (["campaigns", "list"], "--run"),
        (["campaigns", "list", "--run"], "--run"),
        (["campaigns", "export", "--run", "x", "--format", "xml"], '"xml"'),
        (["explain", "a", "b", "--run", "x"], "'b'"),
        (["explain", "--run", "x"], "ACCOUNT"),
        (["doctor", "--no-such-option"], "--no-such-option"),
    ],
)
def test_a_wrong_call_is_two_and_says_where_help_is(capsys, words, part):
    assert run(words) == ExitCode.USAGE
    said = capsys.readouterr()
    assert said.out == ""
    assert part in said.err
    assert "--help" in said.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (StillwatchError("m", hint="h"), ExitCode.FAILED),
        (InputError("m", hint="h"), ExitCode.FAILED),
        (OutputError("m", hint="h"), ExitCode.FAILED),
        (UsageError("m", hint="h"), ExitCode.USAGE),
        (ConfigurationError("m", hint="h"), ExitCode.USAGE),
        (RejectedOverBudget("m", hint="h"), ExitCode.INPUT_REJECTED),
    ],
)
def test_an_error_is_told_with_its_hint_and_its_code(monkeypatch, capsys, error, code):
    def fail(*_args, **_kwargs):
        raise error

    monkeypatch.setattr(module, "app", fail)
    assert run([]) == code
    said = capsys.readouterr()
    assert said.err == "stillwatch: m\n  h\n"
    assert said.out == ""


def test_hostile_text_in_an_error_does_not_reach_the_terminal(monkeypatch, capsys):
    def fail(*_args, **_kwargs):
        raise UsageError("no account \x1b[2J\u202e", hint="near: \x07")

    monkeypatch.setattr(module, "app", fail)
    run([])
    assert capsys.readouterr().err == "stillwatch: no account \\x1b[2J\\u202e\n  near: \\x07\n"


def test_an_interrupt_is_130(monkeypatch, capsys):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "app", interrupt)
    assert run([]) == ExitCode.INTERRUPTED
    assert "interrupted" in capsys.readouterr().err


def test_a_bug_is_told_as_one(monkeypatch, capsys):
    def crash(*_args, **_kwargs):
        raise ZeroDivisionError("\x1b[31m")

    monkeypatch.setattr(module, "app", crash)
    assert run([]) == ExitCode.FAILED
    said = capsys.readouterr().err
    assert "this is a bug" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (3, 3), (ExitCode.FINDINGS, 3), (True, 0), ("text", 0)])
def test_what_a_command_returns_is_the_exit_code(monkeypatch, returned, code):
    monkeypatch.setattr(module, "app", lambda *_args, **_kwargs: returned)
    assert run([]) == code


def test_a_reader_that_leaves_is_no_error(tmp_path):
    script = tmp_path / "leaves.py"
    script.write_text(
        "import sys\n"
        "from stillwatch.apps.cli import app as module\n"
        "def talk(*args, **kwargs):\n"
        "    for _ in range(200_000):\n"
        "        print('line')\n"
        "module.app = talk\n"
        "sys.exit(module.run([]))\n"
    )
    command = f'set -o pipefail; "{sys.executable}" "{script}" | head -1'
    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": str(SRC)}
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "line\n", "")


def test_all_commands_are_registered():
    names = {name for name in app if not name.startswith("-")}
    assert names == {"hunt", "ingest", "explain", "demo", "doctor", "campaigns", "lab", "watch"}
    assert {name for name in app["campaigns"] if not name.startswith("-")} == {"list", "show", "export"}
