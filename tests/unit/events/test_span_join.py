"""Spans and their events meet, in whatever files and order they come, and after a kill."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stillwatch.events import landing, span_join, span_store
from stillwatch.events.adapters.otel import JOINED, ORPHANED, TOO_MANY
from stillwatch.events.ingest import IngestOptions, ingest
from stillwatch.events.read import read_exchanges

KEY = b"k" * 32
START = 1791187200 * 10**9


def span(number):
    return {
        "traceId": f"{number:032x}",
        "spanId": f"{number:016x}",
        "startTimeUnixNano": str(START + number),
        "attributes": {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "user.id": f"u{number % 3}"},
    }


def events(number, asked=None):
    shared = {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}
    yield shared | {
        "timeUnixNano": str(START),
        "eventName": "gen_ai.user.message",
        "body": {"content": asked or f"q{number}"},
    }
    yield shared | {
        "timeUnixNano": str(START + 1),
        "eventName": "gen_ai.choice",
        "body": {"message": {"content": f"a{number}"}},
    }


def exports(spans=(), logs=()):
    return [json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [each]}]}]}) for each in spans] + [
        json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [each]}]}]}) for each in logs
    ]


def write(path, lines):
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines))
    return path


def all_events(numbers):
    return [each for number in numbers for each in events(number)]


def texts(out):
    rows = [row for path in sorted(out.glob("part-*")) for row in pq.read_table(path).to_pylist()]
    return sorted((int(row["exchange_id"].split("-")[1], 16), row["prompt"], row["response"]) for row in rows)


def expected(numbers):
    return [(number, f"q{number}", f"a{number}") for number in numbers]


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.mark.parametrize(
    "files",
    [
        {"a": exports(map(span, range(1, 9)), all_events(range(1, 9)))},
        {"a": exports(logs=all_events(range(1, 9))), "b": exports(map(span, range(1, 9)))},
        {"a": exports(map(span, range(1, 9))), "b": exports(logs=reversed(all_events(range(1, 9))))},
        {
            "a": exports(map(span, range(1, 5)), all_events(range(5, 9))),
            "b": exports(map(span, range(5, 9)), all_events(range(1, 5))),
        },
    ],
    ids=["one file", "events first", "spans first", "crossed"],
)
def test_files_and_order_do_not_matter(tmp_path, out, files):
    for name, lines in files.items():
        write(tmp_path / "in" / f"{name}.jsonl", lines)
    report = ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    assert texts(out) == expected(range(1, 9))
    assert (report.rejected, report.not_exchanges) == (0, {JOINED: 16})
    assert not list(out.glob(".*"))


def test_standard_input_joins_too_and_leaves_nothing(out):
    stream = io.BytesIO("\n".join(exports(map(span, range(1, 99)), all_events(range(1, 99)))).encode())
    assert ingest("-", out, IngestOptions(key=KEY), stdin=stream).exchanges == 98
    assert texts(out) == expected(range(1, 99))
    assert not list(out.glob(".*"))


def test_standard_input_of_other_formats_is_read_once(out, monkeypatch):
    monkeypatch.setattr(span_join, "SpanStore", None)
    row = {"exchange_id": "x", "ts": START // 10**9, "account_id": "a", "model": "m"}
    lines = "".join(json.dumps(row | {"exchange_id": f"x{n}"}) + "\n" for n in range(200))
    assert ingest("-", out, IngestOptions(key=KEY), stdin=io.BytesIO(lines.encode())).exchanges == 200


def test_logs_without_events_need_no_store(tmp_path, out, monkeypatch):
    monkeypatch.setattr(span_join, "SpanStore", None)
    assert ingest(write(tmp_path / "a.jsonl", exports([span(1)])), out, IngestOptions(key=KEY)).exchanges == 1


def test_a_span_of_today_meets_its_events_of_yesterday(tmp_path, out):
    write(tmp_path / "in" / "monday.jsonl", exports([span(1)], all_events([1, 2])))
    report = ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    assert report.not_exchanges == {JOINED: 2, ORPHANED: 2}
    write(tmp_path / "in" / "tuesday.jsonl", exports([span(2)]))
    report = ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    assert (report.files_read, report.files_skipped) == (1, 1)
    assert texts(out) == expected([1, 2])


def test_a_grown_file_joins_only_what_is_new(tmp_path, out):
    path = tmp_path / "a.jsonl"
    ingest(write(path, exports([span(1)], events(1))), out, IngestOptions(key=KEY))
    report = ingest(write(path, exports([span(1), span(2)], all_events([1, 2]))), out, IngestOptions(key=KEY))
    assert (report.exchanges, report.already_present, report.not_exchanges) == (2, 1, {JOINED: 4})
    assert texts(out) == expected([1, 2])


def test_events_that_come_too_late_change_nothing(tmp_path, out):
    write(tmp_path / "in" / "a.jsonl", exports([span(1)]))
    ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    write(tmp_path / "in" / "b.jsonl", exports(logs=events(1)))
    report = ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    assert report.not_exchanges == {ORPHANED: 2}
    assert texts(out) == [(1, None, None)]


def test_a_flood_of_events_costs_its_span_the_text_and_nobody_else(tmp_path, out, monkeypatch):
    monkeypatch.setattr(span_store, "MOST_EVENTS", 10)
    flood = [each for _ in range(9) for each in events(1)]
    report = ingest(
        write(tmp_path / "a.jsonl", exports([span(1), span(2)], [*flood, *events(2)])), out, IngestOptions(key=KEY)
    )
    assert report.repairs == {TOO_MANY: 1}
    assert texts(out) == [(1, None, None), (2, "q2", "a2")]


def test_broken_records_among_events(tmp_path, out):
    lines = exports([span(1)], events(1))
    lines += ["nope", '{"resourceLogs": [7]}', json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": ["x"]}]}]})]
    deep = (
        json.dumps({"eventName": "gen_ai.choice", "traceId": "t", "spanId": "s"})[:-1]
        + ', "body": '
        + "[" * 900
        + "]" * 900
        + "}"
    )
    report = ingest(write(tmp_path / "a.jsonl", [*lines, deep]), out, IngestOptions(key=KEY, max_rejects=1))
    assert (report.exchanges, report.rejected) == (1, 3)
    assert {json.loads(line)["row"] for line in (out / "_rejects.jsonl").read_text().splitlines()} == {4, 5, 6}
    assert texts(out) == expected([1])


def test_texts_that_must_not_be_kept_leave_their_hashes_only(tmp_path, out):
    ingest(
        write(tmp_path / "a.jsonl", exports([span(1)], events(1, "top secret"))),
        out,
        IngestOptions(key=KEY, keep_text=False),
    )
    assert read_exchanges(out).table["context_out"].to_pylist()[0].startswith("k_")
    assert all(b"top secret" not in path.read_bytes() for path in out.iterdir())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_killed_run_goes_on_and_joins_the_rest(tmp_path, out, number):
    write(tmp_path / "in" / "a.jsonl", exports(logs=all_events(range(1, 61))))
    write(tmp_path / "in" / "b.jsonl", exports(map(span, range(1, 61))))
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        from stillwatch.events import ingest, landing
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may start its children deaf to it
        landing.ROWS_PER_PART = 10
        true_write = landing.pq.write_table
        def write(table, where, **settings):
            true_write(table, where, **settings)
            if "00004" in str(where):
                os.kill(os.getpid(), {int(number)})
        landing.pq.write_table = write
        ingest.ingest(sys.argv[1], Path(sys.argv[2]), ingest.IngestOptions(key=b"k" * 32))
        """
    )
    source = str(Path(landing.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "in"), str(out)],
        env=os.environ | {"PYTHONPATH": source},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert bool(list(out.glob(span_store.FILE))) is (number == signal.SIGKILL)
    report = ingest(tmp_path / "in", out, IngestOptions(key=KEY))
    assert (report.exchanges, report.rejected) == (60, 0)
    assert texts(out) == expected(range(1, 61))
    assert not list(out.glob(".*"))
