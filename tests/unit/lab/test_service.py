"""A simulated log is the contract's, tells the truth about itself, and is the same for a seed."""

from __future__ import annotations

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import OutputError, UsageError
from stillwatch.events.model import ACCOUNTS, EXCHANGES
from stillwatch.lab import write
from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.load import load_scenario
from stillwatch.lab.service import Card, simulate
from stillwatch.testing.logs import ACCOUNT_SCHEMA, EXCHANGE_SCHEMA


def test_tables_are_those_of_the_contract(small):
    assert small.log.schema.names == [column.name for column in EXCHANGES]
    assert small.accounts.schema.names == [column.name for column in ACCOUNTS]
    for schema, table in ((EXCHANGE_SCHEMA, small.log), (ACCOUNT_SCHEMA, small.accounts)):
        assert {f.name: f.type for f in table.schema} == {f.name: f.type for f in schema}
    for column in EXCHANGES:
        if not column.nullable:
            assert small.log[column.name].null_count == 0


def test_ids_are_unique_and_truth_covers_them(small):
    for table, name in ((small.log, "exchange_id"), (small.accounts, "account_id")):
        assert pc.count_distinct(table[name]).as_py() == len(table)
    assert small.facts["exchange_id"].equals(small.log["exchange_id"])
    assert small.truth["account_id"].equals(small.accounts["account_id"])
    assert set(small.log["account_id"].to_pylist()) <= set(small.accounts["account_id"].to_pylist())


def test_rows_are_in_order_of_time_within_the_log(small):
    ts = small.log["ts"].cast("int64").to_numpy()
    assert (ts[1:] >= ts[:-1]).all()
    assert ts[0] >= small.world.start
    assert ts[-1] < small.world.start + small.scenario.days * 86_400_000_000


def test_truth_says_who_does_what(small):
    kinds = dict(zip(small.truth["account_id"].to_pylist(), small.truth["kind"].to_pylist(), strict=True))
    for row in small.rows.select(["account_id", "group", "bad"]).to_pylist():
        if row["group"] == "rider":
            assert row["bad"]
            assert kinds[row["account_id"]] == "broker"
        elif row["group"] == "hydra":
            assert kinds[row["account_id"]] == "extraction"
        else:
            assert not row["bad"]
    campaigns = set(small.truth["campaign"].to_pylist())
    assert campaigns == {None, "hydra", "pool"}


def test_filler_and_rider_have_their_shares(small):
    hydra = small.of("hydra")
    assert sum(row["bad"] for row in hydra) / len(hydra) == pytest.approx(0.6, abs=0.05)
    rider, pool = len(small.of("rider")), len(small.of("pool"))
    assert rider / (rider + pool) == pytest.approx(0.15, abs=0.02)


def test_the_card_states_what_is_there(small):
    card = msgspec.json.decode((small.made.folder / "card.json").read_bytes(), type=Card)
    assert card == small.made.card
    assert card.figures.exchanges == len(small.log)
    assert card.figures.accounts == len(small.accounts)
    distinct = pc.count_distinct(small.log["prompt"]).as_py() / len(small.log)
    assert card.figures.distinct_prompts == pytest.approx(distinct, abs=1e-9)
    assert not card.real_prompts


def test_at_least_sixty_percent_of_prompts_and_skeletons_differ(small):
    assert small.made.card.figures.distinct_prompts >= 0.6
    assert small.made.card.figures.distinct_skeletons >= 0.6


def test_at_least_sixty_percent_differ_with_real_prompts(tmp_path, shared):
    made = simulate(load_scenario("C3"), scale=0.001, seed=2, out=tmp_path, corpora=load_corpora(shared), processes=1)
    assert made.card.real_prompts
    assert made.card.figures.distinct_prompts >= 0.6
    assert made.card.figures.distinct_skeletons >= 0.6


def test_the_same_seed_gives_the_same_log_for_any_number_of_processes(small, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "CHUNK", 1_700)
    monkeypatch.setattr(write, "ALONE", 0)
    again = simulate(small.scenario, scale=1.0, seed=7, out=tmp_path, corpora=small.corpora, processes=2)
    for mine, theirs in (
        (small.log, again.exchanges),
        (small.accounts, again.accounts),
        (small.truth, again.truth),
        (small.facts, again.truth_exchanges),
    ):
        assert mine.equals(pq.read_table(theirs))


def test_another_seed_gives_another_log(small, tmp_path):
    other = simulate(small.scenario, scale=1.0, seed=8, out=tmp_path, corpora=small.corpora, processes=1)
    theirs = pq.read_table(other.exchanges)
    assert not set(theirs["exchange_id"].to_pylist()) & set(small.log["exchange_id"].to_pylist())
    assert len(set(theirs["prompt"].to_pylist()) & set(small.log["prompt"].to_pylist())) < 0.2 * len(theirs)


def test_scaling_keeps_the_rate_of_an_account_and_the_least(small, tmp_path):
    half = simulate(small.scenario, scale=0.5, seed=7, out=tmp_path, corpora=small.corpora, processes=1)
    for group in ("hydra", "people-chat", "office"):
        whole, part = small.made.card.figures.exchanges_by_group[group], half.card.figures.exchanges_by_group[group]
        assert part / whole == pytest.approx(0.5, abs=0.08)
    assert half.card.figures.exchanges_by_group["product"] == pytest.approx(1_000, abs=40)


@pytest.mark.parametrize("processes", [1, 2])
def test_a_large_log_is_a_folder_of_files_in_order(small, tmp_path, monkeypatch, processes):
    monkeypatch.setattr(write, "ALONE", 0)
    monkeypatch.setattr(write, "ONE_FILE", 6_000)
    monkeypatch.setattr(write, "PART", 6_000)
    monkeypatch.setattr(write, "CHUNK", 2_500)
    parts = simulate(small.scenario, scale=1.0, seed=7, out=tmp_path, corpora=small.corpora, processes=processes)
    assert parts.exchanges.is_dir()
    assert len(list(parts.exchanges.iterdir())) == -(-len(small.log) // 6_000)
    assert pq.read_table(parts.exchanges).equals(small.log)
    assert pq.read_table(parts.truth_exchanges).equals(small.facts)
    exact, sampled = small.made.card.figures, parts.card.figures
    assert sampled.exchanges_by_group == exact.exchanges_by_group
    assert sampled.null_shares == exact.null_shares
    assert sampled.distinct_prompts == pytest.approx(exact.distinct_prompts, abs=0.05)  # one text in ten is compared


def test_a_later_log_replaces_an_earlier_one_whole(small, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "ONE_FILE", 6_000)
    simulate(small.scenario, scale=1.0, seed=7, out=tmp_path, corpora=small.corpora, processes=1)
    monkeypatch.setattr(write, "ONE_FILE", 10**6)
    one = simulate(small.scenario, scale=0.1, seed=7, out=tmp_path, corpora=small.corpora, processes=1)
    assert one.exchanges.is_file()
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"exchanges.parquet", "accounts.parquet", "truth.parquet", "truth_exchanges.parquet", "card.json"}


def test_a_bad_scale_is_told(small, tmp_path):
    with pytest.raises(UsageError, match="scale above 0"):
        simulate(small.scenario, scale=0, seed=1, out=tmp_path, corpora=small.corpora)


def test_a_folder_that_cannot_be_made_is_told(small, tmp_path):
    (tmp_path / "file").write_text("here", "utf-8")
    with pytest.raises(OutputError, match="Cannot write"):
        simulate(small.scenario, scale=0.1, seed=1, out=tmp_path / "file" / "below", corpora=small.corpora)
