from __future__ import annotations

import errno
import math
from datetime import UTC
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.apps import run_folder
from stillwatch.apps.run_folder import prepare_out, read_run, write_run
from stillwatch.errors import InputError, OutputError, UsageError
from stillwatch.testing import HOSTILE_TEXTS, make_campaign, make_result, with_text_everywhere

FILES = {"verdicts.parquet", "campaigns.parquet", "run.json", "report.html"}


def test_what_is_written_is_read_back(tmp_path):
    result = make_result()
    write_run(result, tmp_path / "new" / "run", report_html="<p>report</p>")
    assert {each.name for each in (tmp_path / "new" / "run").iterdir()} == FILES
    assert read_run(tmp_path / "new" / "run") == result
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["run"]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_hostile_text_is_kept_as_it_is(tmp_path, text):
    result = with_text_everywhere(make_result(campaigns=1, near=1, benign=3), text)
    write_run(result, tmp_path / "run", report_html="")
    assert read_run(tmp_path / "run") == result


def test_an_empty_result_is_a_run_too(tmp_path):
    result = make_result(campaigns=0, near=0, benign=0)
    write_run(result, tmp_path / "run", report_html="")
    assert read_run(tmp_path / "run") == result
    assert pq.read_table(tmp_path / "run" / "campaigns.parquet").num_rows == 0


def test_columns_and_types_are_the_contracts(tmp_path):
    write_run(make_result(), tmp_path / "run", report_html="")
    moment = pa.timestamp("us", tz="UTC")
    verdicts = pq.read_schema(tmp_path / "run" / "verdicts.parquet")
    assert [(field.name, field.type) for field in verdicts][:11] == [
        ("account_id", pa.string()),
        ("score", pa.float64()),
        ("flagged", pa.bool_()),
        ("kind", pa.string()),
        ("decision", pa.string()),
        ("campaign_id", pa.string()),
        ("flagged_at", moment),
        ("exchanges", pa.int64()),
        ("extraction_exchanges", pa.float64()),
        ("reasons", pa.list_(pa.field("element", pa.string()))),
        ("innocent", pa.string()),
    ]
    assert verdicts.names[11:] == ["why", "nearest_set"]
    campaigns = pq.read_schema(tmp_path / "run" / "campaigns.parquet")
    assert campaigns.names == [
        *("campaign_id", "previous_ids", "kind", "rides_on", "accounts", "exchanges", "extraction_exchanges"),
        *("extraction_exchanges_low", "extraction_exchanges_high", "first_seen", "last_seen", "flagged_at", "active"),
        *(
            "capabilities",
            "elicitation",
            "models",
            "infrastructure",
            "links",
            "evidence",
            "guarantee",
            "alternatives",
            "summary",
        ),
    ]
    infrastructure = campaigns.field("infrastructure").type.value_type
    assert [(part.name, part.type) for part in infrastructure] == [
        ("kind", pa.string()),
        ("value", pa.string()),
        ("accounts", pa.int64()),
    ]
    shares = campaigns.field("models").type.value_type
    assert [(part.name, part.type) for part in shares] == [("name", pa.string()), ("share", pa.float64())]
    assert [part.name for part in campaigns.field("links").type.value_type] == ["kind", "accounts"]
    assert campaigns.field("flagged_at").type == moment


def test_rows_hold_the_values(tmp_path):
    result = make_result()
    write_run(result, tmp_path / "run", report_html="")
    rows = pq.read_table(tmp_path / "run" / "campaigns.parquet").to_pylist()
    assert rows[0]["kind"] == "extraction"
    assert rows[0]["first_seen"] == result.campaigns[0].first_seen
    assert rows[0]["first_seen"].utcoffset() == UTC.utcoffset(None)
    assert rows[0]["infrastructure"][0] == {"kind": "payment", "value": "pay_8c11fe", "accounts": 9}
    assert "verdicts" in msgspec.json.decode((tmp_path / "run" / "run.json").read_bytes())
    assert msgspec.json.decode((tmp_path / "run" / "run.json").read_bytes())["verdicts"] == []


def test_numbers_that_json_lacks_survive(tmp_path):
    campaign = msgspec.structs.replace(make_campaign(), evidence=math.inf, leaking_per_hour=math.nan)
    result = msgspec.structs.replace(make_result(campaigns=0), campaigns=(campaign,))
    write_run(result, tmp_path / "run", report_html="")
    back = read_run(tmp_path / "run").campaigns[0]
    assert math.isinf(back.evidence)
    assert math.isnan(back.leaking_per_hour)


def test_broken_text_is_mended_rather_than_lost(tmp_path):
    campaign = msgspec.structs.replace(make_campaign(), summary="half \ud800 of a pair")
    result = msgspec.structs.replace(make_result(campaigns=0), campaigns=(campaign,))
    write_run(result, tmp_path / "run", report_html="also \ud800 here")
    assert read_run(tmp_path / "run").campaigns[0].summary == "half ? of a pair"


def test_a_new_run_replaces_the_old_one_and_leaves_other_files(tmp_path):
    out = tmp_path / "run"
    write_run(make_result(), out, report_html="old")
    (out / "notes.txt").write_text("mine")
    write_run(make_result(campaigns=1), out, report_html="new")
    assert (out / "report.html").read_text() == "new"
    assert (out / "notes.txt").read_text() == "mine"
    assert len(read_run(out).campaigns) == 1


@pytest.mark.parametrize("broken", ["verdicts", "campaigns", "report", "json"])
def test_a_full_disk_leaves_the_earlier_run_whole(tmp_path, monkeypatch, broken):
    out = tmp_path / "run"
    before = make_result()
    write_run(before, out, report_html="old")

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    if broken in {"verdicts", "campaigns"}:
        real = pq.write_table
        monkeypatch.setattr(
            pq, "write_table", lambda table, where, **kw: full() if broken in str(where) else real(table, where, **kw)
        )
    elif broken == "report":
        monkeypatch.setattr(Path, "write_text", full)
    else:
        monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left on device") as caught:
        write_run(make_result(campaigns=0), out, report_html="new")
    assert caught.value.hint
    monkeypatch.undo()
    assert read_run(out) == before
    assert (out / "report.html").read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["run"]


def test_an_interrupted_run_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*_args, **_kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_run(make_result(), tmp_path / "run", report_html="")
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_way_is_told_before_the_work(tmp_path):
    (tmp_path / "run").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        prepare_out(tmp_path / "run")
    with pytest.raises(OutputError):
        prepare_out(tmp_path / "run" / "below")
    assert (tmp_path / "run").read_text() == "a file"


def test_preparing_leaves_nothing(tmp_path):
    prepare_out(tmp_path / "a" / "run")
    assert list((tmp_path / "a").iterdir()) == []


def test_no_run_folder_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match=r"no run folder") as caught:
        read_run(tmp_path)
    assert "stillwatch hunt" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("run.json", b"{"),
        ("run.json", b'{"version": 1}'),
        ("verdicts.parquet", b"PAR1 cut short"),
        ("verdicts.parquet", None),
    ],
)
def test_a_damaged_run_is_an_input_error(tmp_path, name, content):
    write_run(make_result(), tmp_path / "run", report_html="")
    if content is None:
        (tmp_path / "run" / name).unlink()
    else:
        (tmp_path / "run" / name).write_bytes(content)
    with pytest.raises(InputError):
        read_run(tmp_path / "run")


def test_the_folder_is_readable_by_others_as_usual(tmp_path):
    write_run(make_result(campaigns=0), tmp_path / "run", report_html="")
    plain = tmp_path / "plain"
    plain.mkdir()
    assert (tmp_path / "run").stat().st_mode == plain.stat().st_mode
    assert run_folder.RUN == "run.json"
