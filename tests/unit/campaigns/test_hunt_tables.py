"""Every engine gives what the log in memory gives: no cell differs, on a log made to be counted differently."""

from __future__ import annotations

import importlib.util
import os
import shutil
from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.campaigns.hunt_tables import account_sums, sums_of_vectors, tables
from stillwatch.campaigns.links import LinkKind, address_block, incidences
from stillwatch.detect.core.accounts import all_sums
from stillwatch.detect.core.hunting import OPENING_COLUMNS
from stillwatch.detect.core.rows import OPENINGS, table
from stillwatch.detect.openings import openings
from stillwatch.detect.setup import DISTINCT
from stillwatch.events import addresses
from stillwatch.events.canonical import key
from stillwatch.events.engines.clickhouse import ClickHouseEngine
from stillwatch.events.engines.duck import DuckEngine
from stillwatch.events.engines.spark import SparkEngine
from stillwatch.events.read import read_accounts, read_exchanges
from stillwatch.testing import core_reference
from stillwatch.testing.engine_logs import bad_rows, write_awkward
from stillwatch.testing.logs import START

ENGINES = [
    "duckdb",
    pytest.param("clickhouse", marks=pytest.mark.chdb),
    pytest.param("spark", marks=[pytest.mark.spark, pytest.mark.slow]),
]


def java() -> bool:
    return shutil.which("java") is not None or "JAVA_HOME" in os.environ


def begin(name, need):
    if name == "duckdb":
        return DuckEngine(memory="1GB", threads=1)
    if name == "clickhouse":
        need("chdb", importlib.util.find_spec("chdb") is not None)
        return ClickHouseEngine(memory="1GB")
    need("PySpark with Java", importlib.util.find_spec("pyspark") is not None and java())
    return SparkEngine("local[2]", memory="1g", settings={"spark.sql.shuffle.partitions": "2"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_awkward(tmp_path_factory.mktemp("awkward"))


@pytest.fixture(scope="module")
def records(folder):
    return read_accounts(folder / "accounts.parquet").table


@pytest.fixture(scope="module")
def log(folder):
    return core_reference.log_in_key_order(folder / "exchanges", folder / "accounts.parquet")


@pytest.fixture(scope="module", params=ENGINES)
def engine(request, need):
    with begin(request.param, need) as begun:
        yield begun


@pytest.fixture(scope="module")
def found(engine, folder, records):
    return tables(engine, folder / "exchanges", records)


@pytest.fixture(scope="module")
def sums(engine, found):
    return engine.run(all_sums(), by_account=True)


def shown_of(found, kind):
    shown = found.shown[kind]
    names = None if shown.names is None else shown.names.to_pylist()
    words = ["a conversation" if names is None else names[v] for v in shown.value]
    return sorted(zip(shown.party.tolist(), words, shown.since.tolist(), strict=True))


class TestSameAsTheLogInMemory:
    def test_accounts_and_parties(self, found, log):
        assert found.accounts.ids.to_pylist() == log.accounts.ids.to_pylist()
        assert found.accounts.party.tolist() == log.accounts.party.tolist()
        assert found.parties == log.parties < len(log.accounts)
        assert found.exchanges == len(log)
        assert (found.first_us, found.last_us) == (log.ts[0], log.ts[-1])

    def test_every_sum_of_every_account(self, sums, log):
        expected = core_reference.account_sums(log)
        assert set(sums.column_names) == {"account", *expected}
        place = {k: i for i, k in enumerate(sums["account"].to_pylist())}
        rows = np.array([place[key(name)] for name in log.accounts.ids.to_pylist()])
        assert len(place) == len(rows) == sums.num_rows
        differing = {n: int((sums[n].to_numpy()[rows] != v).sum()) for n, v in expected.items()}
        assert differing == dict.fromkeys(expected, 0)

    def test_the_log_is_one_that_could_be_counted_differently(self, log, sums):
        assert (np.diff(log.ts) == 0).sum() > 100
        assert sums["text_most"].to_numpy().max() > 3
        assert sums["input_most"].to_numpy().max() > 65_535
        assert len(openings(log)) < ((log.turn <= 1) & (log.status < 400)).sum() - 60

    def test_openings_that_count(self, found, log):
        rows = openings(log)
        texts = [key(log.prompt.text(int(c))) for c in log.prompt.codes[rows]]
        assert found.openings.ts.tolist() == log.ts[rows].tolist()
        assert found.openings.party.tolist() == log.party[rows].tolist()
        assert found.openings.text.tolist() == texts

    def test_distinct_texts(self, found, log):
        expected = {(party, key(text), since) for party, text, since in core_reference.first_texts(log)}
        assert (
            set(zip(*(getattr(found.texts, n).tolist() for n in ("party", "text", "since")), strict=True)) == expected
        )

    def test_activity(self, found, log):
        cells = found.activity
        got = {
            (p, look, s): (n, c)
            for p, look, s, n, c in zip(
                *(getattr(cells, n).tolist() for n in ("party", "look", "setup", "exchanges", "continued")), strict=True
            )
        }
        assert len(got) == len(cells.party)
        assert got == core_reference.activity(log)
        assert cells.setup.max() == DISTINCT - 1

    @pytest.mark.parametrize("kind", list(LinkKind))
    def test_what_was_shown_first_when(self, found, log, kind):
        expected = core_reference.shown(incidences(log)[kind])
        assert shown_of(found, kind) == expected
        assert expected, "nothing to compare"

    def test_values_are_numbered_in_order_of_appearance(self, found):
        for shown in found.shown.values():
            if shown.names is None or not len(shown.value):
                continue
            assert (np.diff(shown.since) >= 0).all()

    def test_rejects(self, found, folder):
        read = read_exchanges(folder / "exchanges", columns=frozenset({"ip"}))

        def by_reason(tallies):
            out = {}
            for tally in tallies:
                out[tally.field, tally.reason] = out.get((tally.field, tally.reason), 0) + tally.rows
            return out

        assert by_reason(found.loaded.rejects.counts) == by_reason(read.rejects.counts)
        assert by_reason(found.loaded.rejects.repairs) == by_reason(read.rejects.repairs)
        assert found.loaded.seen == read.seen
        assert found.loaded.rows == read.table.num_rows
        assert read.rejects.rows == len(bad_rows()) + 2


class TestVectors:
    def test_sums_are_exact(self, engine, found):
        rng = np.random.default_rng(1)
        texts = np.unique(found.openings.text)
        values = rng.integers(-127, 128, (len(texts), 3))
        vectors = pa.table({"text": texts, **{f"v{i}": values[:, i].astype(np.int8) for i in range(3)}})
        got = sums_of_vectors(engine, vectors)
        at = np.searchsorted(texts, found.openings.text)
        expected = np.zeros((found.parties, 4), np.int64)
        np.add.at(expected, found.openings.party, np.c_[np.ones(len(at), np.int64), values[at]])
        rows = got["party"].to_numpy()
        assert rows.tolist() == np.flatnonzero(expected[:, 0]).tolist()
        for column, name in enumerate(("openings", "v0", "v1", "v2")):
            assert got[name].to_numpy().tolist() == expected[rows, column].tolist()

    def test_by_look_they_add_up_to_the_same(self, engine, found):
        texts = np.unique(found.openings.text)
        vectors = pa.table({"text": texts, "v": np.arange(len(texts)) % 7})
        by_look, whole = sums_of_vectors(engine, vectors, by_look=True), sums_of_vectors(engine, vectors)
        added = np.zeros(found.parties, np.int64)
        np.add.at(added, by_look["party"].to_numpy(), by_look["v"].to_numpy())
        assert added[whole["party"].to_numpy()].tolist() == whole["v"].to_pylist()
        assert by_look.num_rows > whole.num_rows

    def test_texts_lead_back_to_words(self, engine, found, log):
        names = engine.texts(table(OPENINGS, OPENING_COLUMNS))
        assert {key(n) for n in names["name"].to_pylist()} == set(names["key"].to_pylist()) == set(found.openings.text)


def test_linkable_only_gives_the_same_links(engine, folder, records, found, log):
    less = tables(engine, folder / "exchanges", records, linkable_only=True, with_texts=False)
    assert less.texts is None
    for kind in (LinkKind.ADDRESS, LinkKind.CLIENT):
        users = {}
        for party, name, _ in shown_of(found, kind):
            users.setdefault(name, set()).add(party)
        expected = [row for row in shown_of(found, kind) if len(users[row[1]]) >= 2]
        assert shown_of(less, kind) == expected != []


def test_until_a_moment(engine, folder, records):
    until = START + timedelta(minutes=60)
    found = tables(engine, folder / "exchanges", records, until=until)
    read = read_exchanges(folder / "exchanges", until=until)
    assert found.exchanges == read.table.num_rows > 0
    assert found.loaded.seen == read.seen


def test_without_text(engine, folder, records):
    log = core_reference.log_in_key_order(folder / "exchanges", folder / "accounts.parquet", metadata_only=True)
    found = tables(engine, folder / "exchanges", records, metadata_only=True)
    rows = openings(log)
    assert not found.with_text
    assert found.texts is None
    assert found.openings.ts.tolist() == log.ts[rows].tolist()
    assert found.openings.party.tolist() == log.party[rows].tolist()


def test_without_accounts_every_account_is_a_party(engine, folder):
    found = tables(engine, folder / "exchanges", None)
    assert found.accounts.party.tolist() == list(range(len(found.accounts)))
    assert len(found.shown[LinkKind.PAYMENT].party) == 0
    assert account_sums(engine)["exchanges"].to_numpy().sum() == found.exchanges


@pytest.mark.slow
@pytest.mark.parametrize("name", ENGINES)
def test_dev_log(name, need, shared):
    place = shared / "data" / "traffic-dev"
    log = core_reference.log_in_key_order(place / "exchanges.parquet", place / "accounts.parquet")
    with begin(name, need) as engine:
        found = tables(engine, place / "exchanges.parquet", read_accounts(place / "accounts.parquet").table)
        sums = engine.run(all_sums(), by_account=True)
    order = {k: i for i, k in enumerate(sums["account"].to_pylist())}
    rows = np.array([order[key(i)] for i in log.accounts.ids.to_pylist()])
    expected = core_reference.account_sums(log)
    assert {n: int((sums[n].to_numpy()[rows] != v).sum()) for n, v in expected.items()} == dict.fromkeys(expected, 0)
    counting = openings(log)
    assert found.accounts.party.tolist() == log.accounts.party.tolist()
    assert found.openings.ts.tolist() == log.ts[counting].tolist()
    assert found.openings.party.tolist() == log.party[counting].tolist()
    for kind, incidence in incidences(log).items():
        assert shown_of(found, kind) == core_reference.shown(incidence), kind


@pytest.mark.parametrize("text", ["192.0.2.1", "2001:db8::5", "::ffff:192.0.2.1", "x"])
def test_addresses_are_read_alike(text):
    assert address_block(text) == addresses.address_block(text)
