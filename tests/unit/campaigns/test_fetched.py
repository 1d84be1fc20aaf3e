"""A log put together from what an engine gives back: its rows are the log's own."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.fetched import fetched, sampled
from stillwatch.campaigns.hunt_tables import tables
from stillwatch.detect.conversations import openings_of
from stillwatch.detect.core.hunting import opening_sizes, rows_of_accounts, texts_of_both
from stillwatch.detect.core.rows import MARKED, WANTED
from stillwatch.detect.engine_texts import Sketches
from stillwatch.detect.openings import openings
from stillwatch.events.canonical import key
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.read import read_accounts
from stillwatch.testing import core_reference
from stillwatch.testing.engine_logs import write_awkward


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_awkward(tmp_path_factory.mktemp("awkward"))


@pytest.fixture(scope="module")
def log(folder):
    return core_reference.log_in_key_order(folder / "exchanges", folder / "accounts.parquet")


@pytest.fixture(scope="module")
def engine(folder):
    with DuckEngine(memory="500MB", threads=1) as begun:
        yield begun


@pytest.fixture(scope="module")
def found(engine, folder):
    return tables(engine, folder / "exchanges", read_accounts(folder / "accounts.parquet").table)


def of(engine, found, accounts):
    """A log with all rows of some accounts."""
    engine.put(WANTED, pa.table({"account": found.account_key[accounts]}))
    rows = engine.run(rows_of_accounts(), by_account=True)
    texts = Sketches(engine).of(np.unique(found.texts.text))
    return fetched(found, texts, rows=rows, models=engine.names("model"))


def same_rows(made, log, rows):
    """Do all columns that are fetched hold what the log's rows hold?"""
    for name in ("ts", "account", "turn", "status", "input_tokens", "output_tokens"):
        assert getattr(made.log, name).tolist() == getattr(log, name)[rows].tolist(), name
    texts = [0 if c < 0 else key(log.prompt.text(int(c))) for c in log.prompt.codes[rows]]
    assert [0 if c < 0 else int(made.texts.keys[c]) for c in made.log.prompt.codes] == texts
    models = [log.model.text(int(c)) for c in log.model.codes[rows]]
    assert [made.log.model.text(int(c)) for c in made.log.model.codes] == models
    for mine, theirs in ((made.log.client.codes, log.client.codes[rows]), (made.log.context_in, log.context_in[rows])):
        assert ((mine < 0) == (theirs < 0)).all()
        assert len(set(zip(mine.tolist(), theirs.tolist(), strict=True))) == len(set(theirs.tolist()))


def test_all_accounts_give_the_whole_log(engine, found, log):
    made = of(engine, found, np.arange(len(log.accounts)))
    same_rows(made, log, np.arange(len(log)))
    assert np.flatnonzero(made.counted).tolist() == openings(log).tolist()
    assert openings_of(made.log).tolist() == openings_of(log).tolist()
    assert made.log.accounts is found.accounts


def test_some_accounts_give_their_rows_and_everybodys_openings(engine, found, log):
    some = np.flatnonzero(np.arange(len(log.accounts)) % 3 == 0)
    made = of(engine, found, some)
    theirs = np.isin(log.account, some)
    counting = np.zeros(len(log), bool)
    counting[openings(log)] = True
    rows = np.flatnonzero(theirs | counting)
    assert made.log.ts.tolist() == log.ts[rows].tolist()
    assert made.log.account.tolist() == log.account[rows].tolist()
    assert made.counted.tolist() == counting[rows].tolist()
    assert made.log.party.tolist() == log.party[rows].tolist()
    unknown = ~theirs[rows]
    assert unknown.any()
    assert (made.log.model.codes[unknown] == -1).all()
    assert (made.log.model.codes[~unknown] >= 0).all()


def test_without_rows_there_are_the_openings(engine, found, log):
    made = fetched(found, Sketches(engine).of(np.unique(found.texts.text)))
    assert made.log.ts.tolist() == log.ts[openings(log)].tolist()
    assert made.counted.all()


def test_sizes_of_openings_where_there_is_no_text(engine, folder, log):
    bare = core_reference.log_in_key_order(folder / "exchanges", folder / "accounts.parquet", metadata_only=True)
    records = read_accounts(folder / "accounts.parquet").table
    with DuckEngine(memory="500MB", threads=1) as other:
        summed = tables(other, folder / "exchanges", records, metadata_only=True)
        made = fetched(summed, Sketches(other).of(np.zeros(0, np.int64)), sizes=other.run(opening_sizes()))
    rows = openings(bare)
    assert made.log.input_tokens.tolist() == bare.input_tokens[rows].tolist()
    assert made.log.output_tokens.tolist() == bare.output_tokens[rows].tolist()
    assert not made.log.with_text


def test_texts_that_both_sides_have_sent(engine, found, log):
    suspect = np.arange(len(log.accounts)) % 2
    engine.put(MARKED, pa.table({"account": found.account_key, "suspect": suspect}))
    known = log.prompt.codes >= 0
    sides = [np.unique(log.prompt.codes[known & (suspect[log.account] == side)]) for side in (0, 1)]
    expected = {key(log.prompt.text(int(c))) for c in np.intersect1d(*sides)}
    assert set(engine.run(texts_of_both())["text"].to_pylist()) == expected != set()


class TestSampled:
    def parties(self, sent, party=None):
        party = np.arange(len(sent)) if party is None else np.array(party)
        keys = np.arange(len(sent))[::-1] * 10 - 5  # the last account has a negative key: the largest hash
        return SimpleNamespace(
            accounts=SimpleNamespace(party=party), account_key=keys, account_exchanges=np.array(sent)
        )

    def test_is_by_the_hash_of_the_first_account(self):
        nobody = np.zeros(5, bool)
        assert sampled(self.parties([1] * 5), nobody, 3, 100).tolist() == [3, 2, 1]
        assert sampled(self.parties([1] * 5), nobody, 9, 100).tolist() == [3, 2, 1, 0, 4]

    def test_leaves_suspects_out(self):
        left_out = np.array([False, True, False, True, False])
        assert sampled(self.parties([1] * 5), left_out, 2, 100).tolist() == [2, 0]

    def test_passes_over_who_would_not_fit(self):
        assert sampled(self.parties([5, 3, 50, 4]), np.zeros(4, bool), 4, 10).tolist() == [1, 0]

    def test_counts_all_accounts_of_a_party(self):
        found = self.parties([5, 3, 4], party=[0, 1, 0])
        assert sampled(found, np.zeros(2, bool), 2, 8).tolist() == [1]
        assert sampled(found, np.zeros(2, bool), 2, 12).tolist() == [1, 0]
