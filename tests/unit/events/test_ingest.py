"""From files of any kind to whole parts: resuming, duplicates, budgets, broken files, full disks, kills."""

from __future__ import annotations

import gzip
import io
import json
import os
import signal
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, OutputError, RejectedOverBudget, UsageError
from stillwatch.events import landing
from stillwatch.events.adapters.catalogue import FORMATS
from stillwatch.events.finish import BAD_ADDRESS
from stillwatch.events.ingest import DUPLICATE, UNKNOWN_FORMAT, IngestOptions, ingest
from stillwatch.events.landing import SCHEMA, SeenIds
from stillwatch.events.model import EXCHANGES
from stillwatch.events.pseudonym import Pseudonymiser
from stillwatch.events.raw_records import BAD_BYTES, ENDS_EARLY, NOT_JSON
from stillwatch.events.read import read_exchanges

KEY = b"k" * 32
GOLDEN = Path(__file__).parents[2] / "golden" / "adapters"


def options(**changes):
    return IngestOptions(key=KEY, **changes)


def row(number, **changes):
    made = {
        "exchange_id": f"x{number}",
        "ts": f"2026-10-05T08:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "account_id": f"a{number % 7}",
        "model": "m",
        "endpoint": "chat",
        "prompt": f"prompt {number}",
        "status": 200,
    }
    return made | changes


def write(path, rows):
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in rows))
    return path


def written(out):
    return pa.concat_tables([pq.read_table(path) for path in sorted(out.glob("*.parquet"))]).to_pylist()


def rejects(out):
    return [json.loads(line) for line in (out / "_rejects.jsonl").read_text().splitlines()]


def visible(out):
    return sorted(path.name for path in out.iterdir())


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr(landing, "ROWS_PER_PART", 10)


def test_a_log_becomes_parts_of_the_contract(tmp_path, out):
    report = ingest(write(tmp_path / "log.jsonl", map(row, range(25))), out, options())
    assert (report.exchanges, report.rejected, report.parts, report.formats) == (25, 0, 1, {"contract": 1})
    table = pq.read_table(out / "part-00001.parquet")
    assert table.schema.names == [column.name for column in EXCHANGES]
    assert table.schema.equals(SCHEMA)
    assert visible(out) == ["_ingest.json", "_rejects.jsonl", "part-00001.parquet"]
    assert read_exchanges(out).table.num_rows == 25


@pytest.mark.usefixtures("small_parts")
def test_parts_are_bounded(tmp_path, out):
    ingest(write(tmp_path / "log.jsonl", map(row, range(25))), out, options())
    assert [pq.read_metadata(path).num_rows for path in sorted(out.glob("*.parquet"))] == [10, 10, 5]


def test_parts_are_bounded_by_text_too(tmp_path, out, monkeypatch):
    monkeypatch.setattr(landing, "TEXT_PER_PART", 1000)
    ingest(write(tmp_path / "log.jsonl", (row(n, prompt="x" * 600) for n in range(4))), out, options())
    assert [pq.read_metadata(path).num_rows for path in sorted(out.glob("*.parquet"))] == [2, 2]


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_told_and_read(name, out):
    chosen = options(
        max_rejects=1,
        join=(GOLDEN / "bedrock" / "cloudtrail.json",) if name == "bedrock" else (),
        account_fields=("authorization",) if name == "envoy" else (),
        default_time=datetime(2026, 10, 6, tzinfo=UTC),
    )
    report = ingest(GOLDEN / name / "input.jsonl", out, chosen)
    expected = [each for outcomes in json.loads((GOLDEN / name / "expected.json").read_text()) for each in outcomes]
    assert report.formats == {name: 1}
    assert report.exchanges == sum("exchange" in each for each in expected)
    assert report.rejected == sum("reject" in each for each in expected)
    assert sum(report.not_exchanges.values()) == sum("not_an_exchange" in each for each in expected)
    assert read_exchanges(out).table.num_rows == report.exchanges
    if name == "bedrock":
        assert "192.0.2.200" in {each["ip"] for each in written(out)}


def test_rejects_name_file_row_field_and_reason_and_hold_no_text(tmp_path, out):
    rows = [row(1), row(2, ts="secret"), "secret", row(3, account_id=["secret"]), row(4)]
    with pytest.raises(RejectedOverBudget, match=r"3 of 5 records were set aside; at most 1.00% .* 2 were written"):
        ingest(write(tmp_path / "log.jsonl", rows), out, options())
    assert rejects(out) == [
        {"file": "log.jsonl", "row": 2, "field": "ts", "reason": "expected a time (ISO 8601 or Unix), found text"},
        {"file": "log.jsonl", "row": 3, "field": "", "reason": NOT_JSON},
        {"file": "log.jsonl", "row": 4, "field": "account_id", "reason": "expected an identifier, found a list"},
    ]
    assert [each["exchange_id"] for each in written(out)] == ["x1", "x4"]
    assert "secret" not in (out / "_ingest.json").read_text()


def test_budget_is_a_share_and_can_be_raised_afterwards(tmp_path, out):
    path = write(tmp_path / "log.jsonl", [*map(row, range(9)), "nope"])
    with pytest.raises(RejectedOverBudget):
        ingest(path, out, options(max_rejects=0.09))
    report = ingest(path, out, options(max_rejects=0.1))
    assert (report.files_skipped, report.exchanges, report.rejected) == (1, 9, 1)


def test_duplicates_are_set_aside_over_all_files(tmp_path, out):
    write(tmp_path / "a.jsonl", [row(1), row(1), row(2)])
    write(tmp_path / "b.jsonl", [row(2), row(3)])
    report = ingest(str(tmp_path / "*.jsonl"), out, options(max_rejects=0.5))
    assert report.rejects == {f"exchange_id: {DUPLICATE}": 2}
    assert [each["exchange_id"] for each in written(out)] == ["x1", "x2", "x3"]


def test_repairs_keep_the_exchange(tmp_path, out):
    path = tmp_path / "log.jsonl"
    lines = [json.dumps(row(1, ip="not an address")), json.dumps(row(2, prompt="x\ud800y"))]
    path.write_bytes("\n".join(lines).encode() + b"\n" + json.dumps(row(3)).encode().replace(b"prompt 3", b"p\xff"))
    report = ingest(path, out, options())
    assert report.repairs == {BAD_ADDRESS: 1, "text: not valid Unicode, replaced": 1, BAD_BYTES: 1}
    assert [(each["ip"], each["prompt"]) for each in written(out)] == [
        (None, "prompt 1"),
        (None, "x\ufffdy"),
        (None, "p\ufffd"),
    ]


def test_clocks_that_run_backwards_are_counted(tmp_path, out):
    report = ingest(write(tmp_path / "log.jsonl", [row(5), row(3), row(4), row(1)]), out, options())
    assert (report.exchanges, report.times_stepping_back) == (4, 2)


def test_folders_packings_and_formats_mix(tmp_path, out):
    source = tmp_path / "in"
    (source / "deep").mkdir(parents=True)
    write(source / "a.jsonl", [row(1)])
    (source / "deep" / "b.json.gz").write_bytes(gzip.compress(json.dumps([row(2), row(3)]).encode()))
    pq.write_table(pa.Table.from_pylist([row(4)]), source / "c.parquet")
    write(source / ".hidden.jsonl", [row(5)])
    write(source / "_marker", ["done"])
    (source / "d.jsonl").write_bytes((GOLDEN / "langfuse" / "input.jsonl").read_bytes().splitlines()[0])
    report = ingest(source, out, options())
    assert report.formats == {"contract": 3, "langfuse": 1}
    assert {each["exchange_id"] for each in written(out)} == {"x1", "x2", "x3", "x4", "obs-1"}


def test_the_folder_of_results_is_no_source(tmp_path):
    write(tmp_path / "log.jsonl", [row(1)])
    ingest(tmp_path, tmp_path / "out", options())
    assert ingest(tmp_path, tmp_path / "out", options()).files_skipped == 1


def test_standard_input(out):
    stream = io.BytesIO(json.dumps(row(1)).encode() + b"\n")
    assert ingest("-", out, options(), stdin=stream).exchanges == 1
    again = io.BytesIO(json.dumps(row(1)).encode() + b"\n" + json.dumps(row(2)).encode())
    report = ingest("-", out, options(), stdin=again)
    assert (report.exchanges, report.already_present) == (2, 1)
    assert len(written(out)) == 2


def test_unknown_formats_are_listed_with_the_known_ones(tmp_path, out):
    with pytest.raises(InputError) as error:
        ingest(write(tmp_path / "log.jsonl", [{"foo": 1}]), out, options())
    assert all(name in str(error.value) for name in FORMATS)
    with pytest.raises(UsageError, match="found 'csv'"):
        ingest(tmp_path / "log.jsonl", out, options(format="csv"))


def test_unknown_formats_show_the_names_found_and_the_nearest_formats(tmp_path, out):
    records = [{"traceId": "t", "spanId": "s", "\x1b[2J": 1}, {"startTimeUnixNano": "1"}]
    with pytest.raises(InputError) as error:
        ingest(write(tmp_path / "log.jsonl", records), out, options())
    assert "Names found: '\\x1b[2J', 'spanId', 'startTimeUnixNano', 'traceId'." in str(error.value)
    assert "Nearest: otel." in error.value.hint
    assert "\x1b" not in str(error.value)


def test_repairs_name_their_first_rows(tmp_path, out):
    rows = [row(n, ip="nowhere" if n % 2 else "192.0.2.1") for n in range(100)]
    report = ingest(write(tmp_path / "log.jsonl", rows), out, options())
    done = json.loads((out / "_ingest.json").read_text())["files"][0]
    assert report.repairs == {BAD_ADDRESS: 50}
    assert done["repair_rows"] == {BAD_ADDRESS: list(range(2, 42, 2))}


def test_a_record_of_an_older_version_is_gone_on_with(tmp_path, out):
    path = write(tmp_path / "log.jsonl", [row(1)])
    ingest(path, out, options())
    manifest = json.loads((out / "_ingest.json").read_text())
    del manifest["files"][0]["repair_rows"]
    (out / "_ingest.json").write_text(json.dumps(manifest))
    assert ingest(path, out, options()).files_skipped == 1


def test_an_unknown_file_among_known_ones_is_set_aside_and_tried_again(tmp_path, out):
    source = tmp_path / "in"
    source.mkdir()
    write(source / "a.jsonl", map(row, range(200)))
    write(source / "b.jsonl", [{"foo": 1}])
    report = ingest(source, out, options())
    assert report.rejects == {UNKNOWN_FORMAT: 1}
    write(source / "b.jsonl", [row(500)])
    report = ingest(source, out, options())
    assert (report.files_read, report.rejected, report.exchanges) == (1, 0, 201)
    assert rejects(out) == []


@pytest.mark.parametrize("source", ["missing.jsonl", "*.none", "empty"])
def test_nothing_to_read(tmp_path, out, source):
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match=r"there is no such file|holds no file"):
        ingest(str(tmp_path / source), out, options())


def test_an_empty_log_is_an_empty_result(tmp_path, out):
    report = ingest(write(tmp_path / "log.jsonl", []), out, options())
    assert (report.exchanges, report.rejected, report.parts, report.formats) == (0, 0, 0, {"empty": 1})


def test_truncated_gzip_keeps_what_came_before(tmp_path, out):
    rows = [row(n, prompt=os.urandom(40).hex()) for n in range(30_000)]
    packed = gzip.compress("".join(json.dumps(each) + "\n" for each in rows).encode())
    (tmp_path / "log.jsonl.gz").write_bytes(packed[: len(packed) // 2])
    report = ingest(tmp_path / "log.jsonl.gz", out, options())
    assert 5_000 < report.exchanges < 25_000
    assert report.rejects == {ENDS_EARLY: 1}
    assert rejects(out) == [{"file": "log.jsonl.gz", "row": 0, "field": "", "reason": ENDS_EARLY}]


def test_truncated_parquet_among_good_files(tmp_path, out):
    source = tmp_path / "in"
    source.mkdir()
    write(source / "a.jsonl", map(row, range(200)))
    pq.write_table(pa.Table.from_pylist([row(500)]), source / "b.parquet")
    (source / "b.parquet").write_bytes((source / "b.parquet").read_bytes()[:-20])
    report = ingest(source, out, options())
    assert (report.exchanges, report.rejected) == (200, 1)


def test_a_grown_file_adds_what_is_new(tmp_path, out):
    path = write(tmp_path / "log.jsonl", [row(1), "nope", row(2)])
    ingest(path, out, options(max_rejects=1))
    write(path, [row(1), "nope", row(2), row(3)])
    report = ingest(path, out, options(max_rejects=1))
    assert (report.exchanges, report.already_present, report.rejected) == (3, 2, 1)
    assert sorted(each["exchange_id"] for each in written(out)) == ["x1", "x2", "x3"]
    assert len(rejects(out)) == 1


def test_settings_of_one_folder_do_not_change(tmp_path, out):
    path = write(tmp_path / "log.jsonl", [row(1)])
    ingest(path, out, options())
    for other in (
        IngestOptions(key=b"l" * 32),
        options(pseudonymise=True),
        options(keep_text=False),
    ):
        with pytest.raises(UsageError, match="other settings"):
            ingest(path, out, other)
    with pytest.raises(UsageError, match="other options for account"):
        ingest(path, out, options(default_account="b"))


def test_a_file_that_yielded_nothing_may_be_read_in_another_way(tmp_path, out):
    path = write(
        tmp_path / "log.jsonl",
        [{"id": "o", "traceId": "t", "type": "GENERATION", "startTime": 1791187200, "model": "m"}],
    )
    with pytest.raises(RejectedOverBudget, match="--account-field") as error:
        ingest(path, out, options())
    assert error.value.exit_code == 5
    report = ingest(path, out, options(default_account="customer-1"))
    assert (report.exchanges, report.rejected) == (1, 0)
    assert written(out)[0]["account_id"] == "customer-1"


def test_foreign_folders_are_left_alone(tmp_path, out):
    out.mkdir()
    pq.write_table(pa.table({"a": [1]}), out / "mine.parquet")
    with pytest.raises(UsageError, match="no ingest wrote"):
        ingest(write(tmp_path / "log.jsonl", [row(1)]), out, options())
    assert visible(out) == ["mine.parquet"]


def test_pseudonyms_and_no_text(tmp_path, out):
    rows = [row(n, ip=f"192.0.2.{n}", conversation_id="c", system_prompt="s", response="r") for n in (1, 2)]
    ingest(write(tmp_path / "log.jsonl", rows), out, options(pseudonymise=True, keep_text=False))
    hide = Pseudonymiser(KEY)
    for number, found in zip((1, 2), written(out), strict=True):
        assert (found["prompt"], found["system_prompt"], found["response"]) == (None, None, None)
        assert found["ip"] == hide.address(f"192.0.2.{number}") != f"192.0.2.{number}"
        assert found["account_id"] == hide.account(f"a{number}")
        assert found["conversation_id"] == hide.conversation("c")


def test_hashes_are_made_before_text_is_dropped(out):
    ingest(GOLDEN / "anthropic" / "input.jsonl", out, options(keep_text=False, max_rejects=1))
    rows = {each["exchange_id"]: each for each in written(out)}
    assert rows["req_013"]["context_in"] == rows["req_012"]["context_out"] is not None
    assert rows["req_013"]["prompt"] is None


def test_batches_are_joined_with_their_requests(tmp_path, out):
    lines = [
        {
            "custom_id": "t",
            "method": "POST",
            "url": "/v1/chat/completions",
            "body": {"model": "m", "messages": [{"role": "user", "content": "hi"}]},
        }
    ]
    answer = {
        "id": "b1",
        "custom_id": "t",
        "account_id": "a",
        "error": None,
        "response": {
            "status_code": 200,
            "body": {"object": "chat.completion", "created": 1791187200, "model": "m-1", "choices": []},
        },
    }
    join = write(tmp_path / "requests.jsonl", lines)
    ingest(write(tmp_path / "results.jsonl", [answer]), out, options(join=(join,)))
    assert [(each["prompt"], each["model"]) for each in written(out)] == [("hi", "m")]
    with pytest.raises(InputError, match="neither CloudTrail"):
        ingest(tmp_path / "results.jsonl", tmp_path / "out2", options(join=(write(tmp_path / "x", [{"a": 1}]),)))


@pytest.mark.usefixtures("small_parts")
def test_a_full_disk_leaves_whole_parts_and_a_run_that_can_go_on(tmp_path, out, monkeypatch):
    path = write(tmp_path / "log.jsonl", [*map(row, range(15)), "nope", *map(row, range(15, 35))])
    true_write = pq.write_table

    def full(table, where, **settings):
        if "00003" in str(where):
            Path(where).write_bytes(b"half")
            raise OSError(28, "No space left on device")
        true_write(table, where, **settings)

    monkeypatch.setattr(landing.pq, "write_table", full)
    with pytest.raises(OutputError, match="No space left"):
        ingest(path, out, options(max_rejects=1))
    assert visible(out) == ["_ingest.json", "_rejects.jsonl", "part-00001.parquet", "part-00002.parquet"]
    assert len(written(out)) == 20
    monkeypatch.setattr(landing.pq, "write_table", true_write)
    report = ingest(path, out, options(max_rejects=1))
    assert (report.exchanges, report.already_present, report.rejected) == (35, 20, 1)
    assert sorted(each["exchange_id"] for each in written(out)) == sorted(f"x{n}" for n in range(35))
    assert len(rejects(out)) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=["kill", "interrupt"])
def test_a_killed_run_leaves_whole_parts_and_goes_on(tmp_path, out, number):
    rows = [each for n in range(60) for each in ([row(n), "nope"] if n % 10 == 0 else [row(n)])]
    path = write(tmp_path / "log.jsonl", rows)
    script = textwrap.dedent(
        f"""
        import os, signal, sys
        from pathlib import Path
        from stillwatch.events import ingest, landing
        landing.ROWS_PER_PART = 10
        true_write = landing.pq.write_table
        def write(table, where, **settings):
            true_write(table, where, **settings)
            if "00004" in str(where):
                os.kill(os.getpid(), {int(number)})
        landing.pq.write_table = write
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job's shell has it ignored
        ingest.ingest(sys.argv[1], Path(sys.argv[2]), ingest.IngestOptions(key=b"k" * 32, max_rejects=1))
        """
    )
    source = str(Path(landing.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), str(out)],
        env=os.environ | {"PYTHONPATH": source},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert [name for name in visible(out) if name.endswith(".parquet")] == [f"part-0000{n}.parquet" for n in (1, 2, 3)]
    assert all(line.endswith("}") for line in (out / "_rejects.jsonl").read_text().splitlines())
    report = ingest(path, out, options(max_rejects=1))
    assert (report.exchanges, report.rejected) == (60, 6)
    assert sorted(each["exchange_id"] for each in written(out)) == sorted(f"x{n}" for n in range(60))
    assert len(rejects(out)) == 6
    assert not [name for name in visible(out) if name.startswith(".")]


def test_a_folder_that_cannot_be_written(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    with pytest.raises(OutputError, match="Cannot write"):
        ingest(write(tmp_path / "log.jsonl", [row(1)]), blocked / "out", options())


def test_progress_is_told(tmp_path, out):
    told = []
    path = write(tmp_path / "log.jsonl", map(row, range(100)))
    ingest(path, out, options(), tell=lambda *step: told.append(step))
    assert told[-1] == ("log.jsonl", path.stat().st_size, path.stat().st_size)


def test_seen_ids_forget_nothing(monkeypatch):
    monkeypatch.setattr(SeenIds, "_NEWEST", 50)
    seen = SeenIds(KEY)
    assert all(seen.add(f"id {n}") for n in range(1000))
    assert not any(seen.add(f"id {n}") for n in range(1000))
    assert "id 7" in seen
    assert "other" not in seen
    assert len(seen._runs) < 12
