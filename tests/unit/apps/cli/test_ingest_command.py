"""``stillwatch ingest``: what it prints where, exit codes, keys."""

from __future__ import annotations

import json
import stat

import pyarrow.parquet as pq
import pytest

from stillwatch.apps.cli.app import run

ROW = {
    "exchange_id": "x1",
    "ts": "2026-10-05T08:00:00Z",
    "account_id": "a",
    "model": "m",
    "ip": "192.0.2.1",
    "status": 200,
}


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "log.jsonl"
    path.write_text(json.dumps(ROW) + "\n")
    return path


def call(*words):
    return run(["ingest", *map(str, words)])


def test_result_goes_to_standard_output(log, tmp_path, capsys):
    assert call(log, "--out", tmp_path / "out") == 0
    out, err = capsys.readouterr()
    assert out.startswith("1 exchanges in 1 parts")
    assert "stillwatch hunt" in out
    assert err == ""


def test_json(log, tmp_path, capsys):
    assert call(log, "--out", tmp_path / "out", "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["exchanges"], report["formats"]) == (1, {"contract": 1})


def test_over_budget_is_exit_code_5_and_the_rest_is_written(log, tmp_path, capsys):
    with log.open("a") as stream:
        stream.write("nope\n")
    assert call(log, "--out", tmp_path / "out") == 5
    assert "1 of 2 records were set aside" in capsys.readouterr().err
    assert pq.read_table(tmp_path / "out" / "part-00001.parquet").num_rows == 1
    assert call(log, "--out", tmp_path / "out", "--max-rejects", "0.5") == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--max-rejects", "2"],
        ["--pseudonymise"],
        ["--default-time", "noon"],
        ["--format", "csv"],
        ["--key-file", "short"],
    ],
)
def test_calls_that_cannot_work(log, tmp_path, words, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "short").write_bytes(b"abc")
    assert call(log, "--out", tmp_path / "out", *words) == 2


def test_missing_source_and_key(tmp_path, log):
    assert call(tmp_path / "none.jsonl", "--out", tmp_path / "out") == 1
    assert call(log, "--out", tmp_path / "out", "--key-file", tmp_path / "none") == 1


def test_a_key_is_made_once_and_kept_from_others(log, tmp_path):
    out = tmp_path / "out"
    assert call(log, "--out", out) == 0
    key = (out / "_context.key").read_bytes()
    assert len(key) == 32
    assert stat.S_IMODE((out / "_context.key").stat().st_mode) == 0o600
    assert call(log, "--out", out) == 0
    assert (out / "_context.key").read_bytes() == key


def test_a_key_of_ones_own_is_not_copied(log, tmp_path):
    (tmp_path / "key").write_bytes(b"k" * 32)
    assert call(log, "--out", tmp_path / "out", "--key-file", tmp_path / "key", "--pseudonymise", "--no-text") == 0
    assert not (tmp_path / "out" / "_context.key").exists()
    row = pq.read_table(tmp_path / "out" / "part-00001.parquet").to_pylist()[0]
    assert row["ip"] not in {None, "192.0.2.1"}
    assert row["account_id"].startswith("acct_")


def test_names_from_a_log_cannot_act_on_a_terminal(tmp_path, capsys):
    path = tmp_path / "log\x1b[2J.jsonl"
    path.write_text(json.dumps(ROW | {"call_type": "\x1b[31m"}) + "\n")
    assert call(path, "--out", tmp_path / "out\x1b[2J") == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err


def test_pseudonyms_ask_for_the_table_of_accounts(log, tmp_path, capsys):
    key, table, out = tmp_path / "key", tmp_path / "accounts.jsonl", tmp_path / "out"
    key.write_bytes(b"k" * 32)
    table.write_text('{"account_id": "a", "signup_ip": "192.0.2.1"}\n')
    hidden = (log, "--out", out, "--key-file", key, "--pseudonymise")
    assert call(*hidden) == 0
    assert "--accounts TABLE" in capsys.readouterr().out
    assert call(*hidden, "--accounts", table) == 0
    shown = capsys.readouterr().out
    path = out / "_accounts" / "accounts.parquet"
    assert f"accounts: 1 in {path}" in shown
    assert "accounts of the log in the table: 1 of 1" in shown
    assert "email_domain" in shown
    assert f"next: stillwatch hunt {out} --accounts {path} --out RUN" in shown
    assert (
        pq.read_table(path)["account_id"].to_pylist()
        == pq.read_table(out / "part-00001.parquet")["account_id"].to_pylist()
    )


def test_a_table_that_matches_nothing_is_told(log, tmp_path, capsys):
    table = tmp_path / "accounts.jsonl"
    table.write_text('{"account_id": "other"}\n')
    assert call(log, "--out", tmp_path / "out", "--accounts", table) == 0
    assert "accounts: none match" in capsys.readouterr().out


def test_a_table_that_cannot_be_used_is_exit_code_5(log, tmp_path, capsys):
    table = tmp_path / "accounts.jsonl"
    table.write_text('{"account_id": "a"}\nnope\n')
    assert call(log, "--out", tmp_path / "out", "--accounts", table) == 5
    assert "accounts.jsonl" in capsys.readouterr().err
