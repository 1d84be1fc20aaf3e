"""Nothing in a log gives the truth away but behaviour.

Ids are opaque, so nothing in their characters, their length or their order may tell attackers from people. Which columns
are null, and which values they take by default, may depend on the way in (an app names no client) but not on the truth.

Null hypothesis of the classifier: the area under the ROC curve on accounts it has not seen is 1/2. With n attackers and m
others its standard error is about sqrt((n + m + 1) / (12 n m)) (Mann-Whitney); an area further than four of them from
1/2 fails, which happens by chance with probability 6e-5 for one id, below 1e-3 for all of them together.
"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest

from stillwatch.events.model import ACCOUNTS, EXCHANGES
from stillwatch.lab.load import read_scenario

sys.path.insert(0, str(Path(__file__).parent))
from measured import Measured, shortened

sys.path.pop(0)
pytestmark = pytest.mark.statistical

IDS = {
    "exchange_id": "select exchange_id, kind <> 'benign' from log",
    "account_id": "select account_id, kind <> 'benign' from truth",
    "conversation_id": "select any_value(conversation_id), kind <> 'benign' from log where conversation_id is not null"
    " group by account_id, conversation_id, kind",
    "context_in": "select context_in, kind <> 'benign' from log where context_in is not null",
    "context_out": "select context_out, kind <> 'benign' from log",
    "payment_fingerprint": "select payment_fingerprint, bool_or(kind <> 'benign') from accounts join truth using (account_id)"
    " where starts_with(payment_fingerprint, 'pm_') group by 1",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A hydra (C3) beside a broker (C10), a machine, an office and people, all in numbers that a classifier can learn."""
    hydra, broker = read_scenario("C3"), read_scenario("C10")
    extra = [read_scenario(name) for name in ("B3", "B5", "B14", "B15")]
    groups = (*hydra.groups, *broker.groups, *(group for each in extra for group in each.groups))
    mixed = msgspec.structs.replace(hydra, people=40_000, include=(), groups=groups)
    return Measured(shortened(mixed, 6), 0.01, tmp_path_factory.mktemp("mixed"))


def characters(values: list[str]) -> np.ndarray:
    """Length, and for each of the first 40 places which character stands there, as columns of 0 and 1."""
    width = 40
    codes = np.array([[ord(c) for c in value[:width].ljust(width)] for value in values])
    columns = [(codes == code) for code in np.unique(codes)]
    length = np.array([len(value) for value in values], dtype=float)[:, None]
    return np.concatenate([length, *columns], axis=1).astype(float)


def separation(features: np.ndarray, truth: np.ndarray, seed: int = 7) -> tuple[float, float]:
    """Area under the ROC curve of a logistic regression on the half it has not seen, and its standard error at chance."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(truth))
    features, truth = features[order], truth[order].astype(bool)
    features = features[:, features.std(axis=0) > 0]
    if features.shape[1] == 0:
        return 0.5, 0.0
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    half = len(truth) // 2
    x, y = features[:half], truth[:half].astype(float)
    weights, bias = np.zeros(x.shape[1]), 0.0
    balance = np.where(y == 1, 0.5 / max(y.mean(), 1e-9), 0.5 / max(1 - y.mean(), 1e-9)) / len(y)
    for _ in range(200):
        error = (1 / (1 + np.exp(-(x @ weights + bias))) - y) * balance
        weights -= 0.5 * (x.T @ error + 1e-3 * weights)
        bias -= 0.5 * error.sum()
    return area(features[half:] @ weights, truth[half:])


def area(score: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Mann-Whitney: the share of pairs of an attacker and another in which the attacker's score is higher."""
    _, where, counts = np.unique(score, return_inverse=True, return_counts=True)
    rank = (np.cumsum(counts) - (counts - 1) / 2)[where]
    n, m = int(truth.sum()), int((~truth).sum())
    return (rank[truth].sum() - n * (n + 1) / 2) / (n * m), float(np.sqrt((n + m + 1) / (12 * n * m)))


def sample(world: Measured, query: str) -> tuple[list[str], np.ndarray]:
    rows = world.rows(f"select * from ({query}) order by hash(columns(*)) limit 6000")
    return [row[0] for row in rows], np.array([row[1] for row in rows])


class TestIds:
    @pytest.mark.parametrize("name", IDS)
    def test_characters_tell_nothing(self, world, name):
        values, truth = sample(world, IDS[name])
        assert 50 < truth.sum() < len(truth) - 50
        found, error = separation(characters(values), truth)
        assert abs(found - 0.5) <= 4 * error, found

    @pytest.mark.parametrize("name", IDS)
    def test_order_tells_nothing(self, world, name):
        """Ids of attackers sort no earlier and no later than those of others."""
        values, truth = sample(world, IDS[name])
        rank = np.argsort(np.argsort(values)).astype(float)
        found, error = area(rank, truth)
        assert abs(found - 0.5) <= 4 * error, found

    @pytest.mark.parametrize("name", IDS)
    def test_one_length_and_one_beginning(self, world, name):
        values, _ = sample(world, IDS[name])
        assert len({len(value) for value in values}) == 1
        assert len({value.split("_")[0] for value in values}) == 1

    def test_the_classifier_sees_what_there_is(self, world):
        """The control: an id that carries the truth in one of its bits is found out."""
        values, truth = sample(world, IDS["exchange_id"])
        rng = np.random.default_rng(1)
        marked = [
            value[:-1] + (rng.choice(list("01234567")) if bad else rng.choice(list("0123456789abcdef")))
            for value, bad in zip(values, truth, strict=True)
        ]
        found, error = separation(characters(marked), truth)
        assert found - 0.5 > 4 * error

    def test_ids_are_unique(self, world):
        for table, column in (("exchanges", "exchange_id"), ("exchanges", "context_out"), ("accounts", "account_id")):
            assert world.one(f"select count(*) - count(distinct {column}) from {table}") == 0


class TestOrder:
    @pytest.mark.parametrize("table", ["accounts", "truth"])
    def test_rows_of_accounts_tell_nothing(self, world, table):
        names = world.column(f"select account_id from '{world.folder / table}.parquet'")
        bad = set(world.column("select account_id from truth where kind <> 'benign'"))
        found, error = area(np.arange(len(names), dtype=float), np.array([name in bad for name in names]))
        assert abs(found - 0.5) <= 4 * error

    def test_exchanges_of_one_moment_are_in_no_order_of_truth(self, world):
        """Rows are sorted by time and by nothing else that the truth could show in: their ids are in no order."""
        ids = world.column("select exchange_id from exchanges order by ts")
        rank = np.argsort(np.argsort(ids))
        near = np.corrcoef(rank, np.arange(len(rank)))[0, 1]
        assert abs(near) < 4 / np.sqrt(len(rank))


class TestColumns:
    @pytest.mark.parametrize("column", [column.name for column in EXCHANGES if column.nullable])
    def test_nulls_of_exchanges_follow_the_way_in(self, world, column):
        """Where attackers' accounts leave a column empty, people of the same channel and turn do so too, and the reverse."""
        shares = world.rows(
            f"select channel = 'app', turn = 1, kind <> 'benign', avg(({column} is null)::int), count(distinct account_id)"
            " from log where kind <> 'benign' or label = 'person' group by all"
        )
        by_way: dict[tuple, dict[bool, float]] = {}
        for app, first, bad, share, accounts in shares:
            if accounts >= 30:
                by_way.setdefault((app, first), {})[bad] = share
        compared = [pair for pair in by_way.values() if len(pair) == 2]
        assert compared
        for pair in compared:
            assert (pair[True] == 1) == (pair[False] == 1), pair
            assert (pair[True] == 0) == (pair[False] == 0), pair

    @pytest.mark.parametrize("column", [column.name for column in ACCOUNTS if column.name != "account_id"])
    def test_nulls_of_accounts_tell_nothing_of_their_own(self, world, column):
        """A column is neither empty for all attackers and for no person, nor the reverse."""
        rows = dict(
            world.rows(
                f"select kind <> 'benign', avg(({column} is null)::int) from accounts join truth using (account_id)"
                " where kind <> 'benign' or label = 'person' group by all"
            )
        )
        assert (rows[True] == 1) == (rows[False] == 1) or column == "jurisdiction"
        assert abs(rows[True] - rows[False]) < 0.35

    @pytest.mark.parametrize(
        "column",
        [
            "temperature",
            "max_tokens",
            "stream",
            "status",
            "n_choices",
            "logprobs",
            "endpoint",
            "model",
            "user_agent",
            "ja4",
        ],
    )
    def test_no_value_is_the_attackers_own(self, world, column):
        """Every value that a tenth of the attackers' accounts use is used by others outside the campaigns too."""
        theirs = world.rows(
            f"select {column} from log where kind <> 'benign' and {column} is not null group by 1"
            " having count(distinct account_id) > 0.1 * (select count(*) from truth where kind <> 'benign')"
        )
        others = {row[0] for row in world.rows(f"select distinct {column} from log where kind = 'benign'")}
        assert theirs or column in {"max_tokens", "user_agent", "ja4"}
        assert {row[0] for row in theirs} <= others

    def test_every_column_of_the_contract_is_there(self, world):
        for table, columns in (("exchanges", EXCHANGES), ("accounts", ACCOUNTS)):
            there = {row[0] for row in world.rows(f"select column_name from (describe {table})")}
            assert {column.name for column in columns} <= there

    def test_no_fraction_of_a_second_is_special(self, world):
        """Times of attackers are no rounder than others'."""
        for kind in ("kind = 'benign'", "kind <> 'benign'"):
            rest = world.column(f"select (epoch_us(ts) % 1000000)::bigint from log where {kind}")
            assert (rest % 1000 == 0).mean() < 0.01
            assert np.abs(np.histogram(rest, 10, (0, 1_000_000))[0] / len(rest) - 0.1).max() < 0.03
