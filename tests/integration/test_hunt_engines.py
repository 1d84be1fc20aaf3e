"""One hunt on every engine: the same verdicts and the same campaigns as in memory."""

from __future__ import annotations

import importlib.util
import os
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.apps import engines as engines_module
from stillwatch.campaigns import engine_hunt
from stillwatch.errors import ExitCode
from stillwatch.testing.worlds import make_world

ENGINES = ["duckdb", pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow])]
UNTIL = "2026-09-09T15:20:00Z"


def needs(name, need):
    need("Ibis", importlib.util.find_spec("ibis") is not None)
    if name == "spark":
        java = shutil.which("java") is not None or "JAVA_HOME" in os.environ
        need("PySpark with Java", importlib.util.find_spec("pyspark") is not None and java)


@pytest.fixture(scope="module")
def handed(tmp_path_factory):
    """A world in which the campaign's accounts also hand conversations to each other."""
    return make_world(people=60, members=20, days=4, per_day=7, handed=0.3).write(tmp_path_factory.mktemp("handed"))


@pytest.fixture(scope="module")
def memory(hunt, handed, tmp_path_factory):
    log, accounts = handed
    return hunt(log, tmp_path_factory.mktemp("runs") / "memory", "-q", accounts=accounts)


def same_run(found, expected):
    """Is everything that was found the same, to the last number?"""
    assert found.code == expected.code
    assert found.verdicts == expected.verdicts
    assert found.campaigns == expected.campaigns
    for part in ("campaigns", "near", "guarantee", "rejected"):
        assert found.run[part] == expected.run[part], part


@pytest.mark.parametrize("name", ENGINES)
def test_a_hunt_finds_the_same(name, need, hunt, handed, memory, tmp_path):
    needs(name, need)
    log, accounts = handed
    found = hunt(log, tmp_path / "run", "-q", "--engine", name, accounts=accounts)
    assert found.code == ExitCode.FINDINGS, found.err
    same_run(found, memory)
    assert found.flagged
    (campaign,) = found.run["campaigns"]
    assert any(claim["signal"] == "conversation-handoff" for claim in campaign["claims"])
    assert all(example["text"] for example in campaign["examples"])
    assert found.run["settings"]["engine"] == name
    assert found.run["log"] | {"notes": []} == memory.run["log"] | {"notes": []}


@pytest.mark.parametrize("words", [("--metadata-only",), ("--until", UNTIL), ("--raw-text",)], ids=lambda w: w[0])
def test_options_mean_the_same(words, need, hunt, handed, tmp_path):
    needs("duckdb", need)
    log, accounts = handed
    expected = hunt(log, tmp_path / "memory", "-q", *words, accounts=accounts)
    found = hunt(log, tmp_path / "duckdb", "-q", "--engine", "duckdb", *words, accounts=accounts)
    same_run(found, expected)
    for part in ("exchanges", "accounts", "parties", "first", "last", "with_text"):
        assert found.run["log"][part] == expected.run["log"][part], part


def test_without_accounts_and_without_a_campaign(need, hunt, tmp_path):
    needs("duckdb", need)
    log, _ = make_world(people=40, members=0, days=3, per_day=7).write(tmp_path / "quiet")
    expected = hunt(log, tmp_path / "memory", "-q")
    found = hunt(log, tmp_path / "duckdb", "-q", "--engine", "duckdb")
    assert found.code == ExitCode.DONE, found.err
    same_run(found, expected)
    assert found.verdicts


def test_beside_a_sample_flags_and_campaigns_stay_and_the_report_says_so(
    need, hunt, handed, memory, tmp_path, monkeypatch
):
    needs("duckdb", need)
    monkeypatch.setattr(engine_hunt, "SAMPLE", 12)
    log, accounts = handed
    found = hunt(log, tmp_path / "run", "-q", "--engine", "duckdb", accounts=accounts)
    estimated = {"extraction_exchanges"}
    for name, row in memory.verdicts.items():
        mine = found.verdicts[name]
        assert {k: v for k, v in mine.items() if k not in estimated} == {
            k: v for k, v in row.items() if k not in estimated
        }
        assert mine["extraction_exchanges"] == pytest.approx(row["extraction_exchanges"], rel=0.02, abs=0.1)
    (mine,), (theirs,) = found.run["campaigns"], memory.run["campaigns"]
    for field in ("campaign_id", "accounts", "exchanges", "flagged_at", "account_ids", "evidence", "links", "edges"):
        assert mine[field] == theirs[field], field
    assert mine["neighbours"] == theirs["neighbours"]
    assert mine["novel_prompts"] == pytest.approx(theirs["novel_prompts"], rel=0.02)
    methods = {claim["method"] for claim in mine["claims"] if claim["signal"] == "frozen-client"}
    assert methods == {"share in the campaign, beside those of a sample of 12 other parties"}


def test_rows_set_aside_are_told_and_too_many_end_the_run(need, hunt, handed, tmp_path):
    needs("duckdb", need)
    table = pq.read_table(handed[0])
    turn = table["turn"].to_pylist()
    turn[::20] = [-1] * len(turn[::20])
    at = table.schema.get_field_index("turn")
    broken = table.set_column(at, "turn", pa.array(turn, pa.int32()))
    pq.write_table(broken, tmp_path / "broken.parquet")
    found = hunt(tmp_path / "broken.parquet", tmp_path / "run", "-q", "--engine", "duckdb")
    assert found.code == ExitCode.INPUT_REJECTED
    assert found.rejected == {("turn", "not a whole number of at least 0"): len(turn[::20])}


def test_what_an_engine_lacks_is_named(hunt, handed, tmp_path, monkeypatch):
    monkeypatch.setattr(engines_module, "find_spec", lambda name: None)
    for name, extra in (("duckdb", "engines"), ("spark", "spark")):
        found = hunt(handed[0], tmp_path / name, "-q", "--engine", name)
        assert found.code == ExitCode.USAGE
        assert f"pip install 'stillwatch[{extra}]'" in found.err


def test_a_cluster_needs_a_place_for_rows(need, hunt, handed, tmp_path):
    needs("spark", need)
    found = hunt(handed[0], tmp_path / "run", "-q", "--engine", "spark", "--spark-master", "spark://192.0.2.1:7077")
    assert found.code == ExitCode.FAILED
    assert "--spark-scratch" in found.err


@pytest.mark.slow
def test_dev_log(need, hunt, shared, tmp_path):
    needs("duckdb", need)
    place = shared / "data" / "traffic-dev"
    log, accounts = place / "exchanges.parquet", place / "accounts.parquet"
    expected = hunt(log, tmp_path / "memory", "-q", accounts=accounts)
    found = hunt(log, tmp_path / "duckdb", "-q", "--engine", "duckdb", accounts=accounts)
    assert expected.flagged
    for name, row in expected.verdicts.items():
        mine = found.verdicts[name]
        assert mine | {"extraction_exchanges": 0} == row | {"extraction_exchanges": 0}
        assert mine["extraction_exchanges"] == pytest.approx(row["extraction_exchanges"], rel=0.01, abs=0.5)
    for mine, theirs in zip(found.run["campaigns"], expected.run["campaigns"], strict=True):
        for field in ("campaign_id", "kind", "accounts", "exchanges", "flagged_at", "account_ids", "evidence", "links"):
            assert mine[field] == theirs[field], field
    assert found.run["near"] == expected.run["near"]
