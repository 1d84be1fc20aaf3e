"""A watch over a folder, as users run it: the verdicts of a batch hunt, kills, poison, signals, outputs."""

from __future__ import annotations

import json
import os
import random
import signal
import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.apps.cli.app import run
from stillwatch.errors import ExitCode


def verdicts(folder):
    return pq.read_table(folder / "verdicts.parquet").to_pylist()


def drop(table, folder, name):
    """A file that is whole at once."""
    partial = folder / f".{name}.tmp"
    pq.write_table(table, partial)
    partial.rename(folder / name)


def wait_for(process, message, most=120):
    """Log lines until one has this message."""
    lines = []
    until = time.monotonic() + most
    for text in process.stderr:
        lines.append(json.loads(text))
        if lines[-1]["message"] == message:
            return lines
        assert time.monotonic() < until
    raise AssertionError(f"the watch ended: {lines}")


@pytest.fixture(scope="module")
def batch(small, tmp_path_factory):
    """The world on disk, and what a batch hunt says of it."""
    folder = tmp_path_factory.mktemp("batch")
    log, accounts = small.write(folder)
    assert run(["hunt", str(log), "--accounts", str(accounts), "--out", str(folder / "run"), "-q"]) == ExitCode.FINDINGS
    return pq.read_table(log), accounts, verdicts(folder / "run")


@pytest.fixture
def arriving(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    return folder


class TestVerdicts:
    def test_those_of_a_batch_hunt_whatever_the_order_of_arrival(self, batch, arriving, tmp_path):
        table, accounts, expected = batch
        cuts = [table.slice(start, 200) for start in range(0, table.num_rows, 200)]
        names = [f"{number:03d}.parquet" for number in range(len(cuts))]
        random.Random(3).shuffle(names)
        for cut, name in zip(cuts, names, strict=True):
            drop(cut, arriving, name)
        drop(cuts[0], arriving, "again.parquet")  # delivered twice
        (arriving / "poison.parquet").write_bytes(b"PAR1 and nothing of it" * 9)
        os.utime(arriving / "poison.parquet", (1, 1))
        out, lines = tmp_path / "run", tmp_path / "changes.jsonl"
        words = [
            "watch",
            arriving,
            "--state",
            tmp_path / "state",
            "--accounts",
            accounts,
            "--out",
            out,
            "--lines",
            lines,
        ]
        assert run([*map(str, words), "--once"]) == ExitCode.DONE
        assert verdicts(out) == expected
        changes = [json.loads(line) for line in lines.read_text("utf-8").splitlines()]
        flagged = {row["account_id"] for row in expected if row["flagged"]}
        assert {each["data"]["account_id"] for each in changes if each["type"] == "account.flagged"} == flagged != set()
        rejected = json.loads((out / "run.json").read_text("utf-8"))["rejected"]
        reasons = {each["reason"]: each["rows"] for each in rejected}
        assert reasons["duplicate"] == 200
        assert any("broken or truncated" in reason for reason in reasons)
        before = lines.read_bytes()
        assert run([*map(str, words), "--once"]) == ExitCode.DONE  # nothing new: nothing is told
        assert lines.read_bytes() == before

    def test_metadata_alone_as_in_a_batch_hunt(self, batch, arriving, tmp_path):
        table, accounts, _ = batch
        drop(table, arriving, "a.parquet")
        words = ["--accounts", str(accounts), "--metadata-only", "--out"]
        log = str(arriving / "a.parquet")
        run(["hunt", log, *words, str(tmp_path / "hunted"), "-q"])
        assert (
            run(["watch", str(arriving), "--state", str(tmp_path / "state"), "--once", *words, str(tmp_path / "run")])
            == 0
        )
        assert verdicts(tmp_path / "run") == verdicts(tmp_path / "hunted")


@pytest.mark.slow
class TestKills:
    def test_ten_kills_change_nothing(self, batch, arriving, watch, tmp_path):
        table, accounts, expected = batch
        dice = random.Random(11)
        words = ["--accounts", accounts, "--out", tmp_path / "run", "--lines", tmp_path / "changes.jsonl"]
        size = -(-table.num_rows // 10)
        for number in range(10):
            drop(table.slice(number * size, size), arriving, f"{number}.parquet")
            process = watch(arriving, *words, "--every", "0.2")
            if number % 3 == 2:
                wait_for(process, "looked")
                time.sleep(dice.uniform(0, 0.05))
            else:
                time.sleep(dice.uniform(0.5, 5))
            assert process.poll() is None, process.stderr.read()
            process.send_signal(signal.SIGKILL)
            process.wait()
        process = watch(arriving, *words, "--once")
        lines = [json.loads(line) for line in process.stderr.read().splitlines()]
        assert process.wait(120) == 0, lines
        assert verdicts(tmp_path / "run") == expected
        changes = [json.loads(line) for line in (tmp_path / "changes.jsonl").read_text("utf-8").splitlines()]
        assert len({each["id"] for each in changes}) == len(changes)
        standing = set()
        for each in changes:
            name = each["data"].get("account_id")
            if each["type"] == "account.flagged":
                assert name not in standing
                standing.add(name)
            elif each["type"] == "account.released":
                standing.remove(name)
        assert standing == {row["account_id"] for row in expected if row["flagged"]}


class TestRunning:
    def test_it_sees_what_arrives_and_stops_politely(self, batch, arriving, watch, tmp_path):
        table, accounts, expected = batch
        process = watch(arriving, "--accounts", accounts, "--out", tmp_path / "run", "--every", "0.2")
        drop(table.slice(0, table.num_rows // 2), arriving, "a.parquet")
        assert wait_for(process, "looked")[-1]["exchanges"] == table.num_rows // 2
        drop(table.slice(table.num_rows // 2), arriving, "b.parquet")
        assert wait_for(process, "looked")[-1]["exchanges"] == table.num_rows
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert verdicts(tmp_path / "run") == expected

    def test_the_second_on_one_state_is_refused(self, arriving, watch, tmp_path, capsys):
        process = watch(arriving, "--metadata-only")
        drop(pa.table({"x": [1]}), arriving, "a.parquet")
        wait_for(process, "file set aside")
        assert run(["watch", str(arriving), "--state", str(tmp_path / "state"), "--once"]) == ExitCode.USAGE
        assert "another watch is using" in capsys.readouterr().err

    def test_late_rows_are_taken_within_the_watermark_and_counted_beyond_it(self, batch, arriving, watch, tmp_path):
        table, _, _ = batch
        process = watch(arriving, "--metadata-only", "--watermark", "24", "--window", "30", "--every", "0.2")
        wait_for_start = table.slice(table.num_rows - 300)
        drop(wait_for_start.slice(0, 1), arriving, "0.parquet")  # so that what follows is no history
        wait_for(process, "looked")
        drop(wait_for_start, arriving, "1.parquet")
        wait_for(process, "batch committed")
        drop(table.slice(0, table.num_rows - 300), arriving, "2.parquet")
        line = wait_for(process, "batch committed")[-1]
        assert line["late"] > 0
        assert line["accepted"] > 0
        assert line["late"] + line["accepted"] == table.num_rows - 300


class TestCalls:
    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (["ftp://x"], "expected a folder, or a source of otlp://"),
            (["."], "--state"),
            ([".", "--state", "s", "--window", "0"], "--window of one day or more"),
            ([".", "--state", "s", "--watermark", "4000"], "--window longer than --watermark"),
            ([".", "--state", "s", "--memory", "much"], "expected a size"),
            ([".", "--state", "s", "--webhook", "https://example.org"], "needs a secret"),
            (["nats://h:1", "--state", "s"], "HOST:PORT/STREAM"),
            ([".", "--state", "s", "--mail", "a@b", "--mail-server", "nowhere"], "expected HOST:PORT"),
        ],
    )
    def test_what_cannot_work_is_said(self, words, says, tmp_path, monkeypatch, capsys):
        monkeypatch.chdir(tmp_path)
        more = ["--state", "s"] if words == ["ftp://x"] else []
        assert run(["watch", *words, *more]) == ExitCode.USAGE
        assert says in capsys.readouterr().err
