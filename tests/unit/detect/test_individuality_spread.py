"""Individuality as a log teaches it: the spread of its people, and real prompts dealt among real interests."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.detect.families import Family, Gathering, vectors
from stillwatch.detect.individuality import ALIKE, PEOPLE_DEFAULT, Spread, Sums, set_evidence
from stillwatch.detect.log import Log
from stillwatch.detect.openings import openings
from stillwatch.detect.sketch import StaticEmbedding

D = 32
ASSUMED = np.array(PEOPLE_DEFAULT) * ALIKE


def sums_of(accounts):
    """Sums of a list of (openings, d) arrays."""
    return Sums(
        np.array([float(len(x)) for x in accounts]),
        np.stack([x.sum(0) for x in accounts]),
        np.array([float((x**2).sum()) for x in accounts]),
    )


def noise(rng, n):
    return rng.normal(size=(n, D)) / np.sqrt(D)


def means_at(rng, count, distance):
    """Means in random directions at one squared distance from 0."""
    direction = rng.normal(size=(count, D))
    return direction / np.linalg.norm(direction, axis=1, keepdims=True) * np.sqrt(distance)


class TestSpread:
    def test_is_assumed_until_the_log_has_enough_people(self):
        rng = np.random.default_rng(14)
        few = [noise(rng, 25) for _ in range(99)]
        many = [*few, noise(rng, 25)]
        for accounts, learned in ((few, False), (many, True)):
            rows = np.concatenate(accounts)
            assert Spread.learn(sums_of(accounts), rows.T @ rows).learned is learned

    def test_learns_variance_dimensions_and_distances(self):
        rng = np.random.default_rng(15)
        means = means_at(rng, 150, 0.009)
        accounts = [mean + noise(rng, 300) for mean in means]
        rows = np.concatenate(accounts)
        found = Spread.learn(sums_of(accounts), rows.T @ rows)
        assert found.variance == pytest.approx(1.009, rel=0.02)
        assert found.concentration == pytest.approx(1 / D, rel=0.05)
        assert np.mean(found.people) == pytest.approx(ALIKE * 0.009, rel=0.1)

    def test_people_are_never_taken_to_be_further_apart_than_real_ones(self):
        """Else machines and pools dealt by subject would make honest people look dealt beside them."""
        rng = np.random.default_rng(18)
        means = means_at(rng, 150, 1.0)
        accounts = [mean + noise(rng, 25) for mean in means]
        rows = np.concatenate(accounts)
        found = Spread.learn(sums_of(accounts), rows.T @ rows)
        assert found.learned
        assert found.people.mean() <= ASSUMED.mean() * 1.05
        assert found.people.max() <= ASSUMED.max() + 1e-12

    def test_a_campaign_among_the_people_only_makes_it_smaller(self):
        rng = np.random.default_rng(16)
        honest = [mean + noise(rng, 30) for mean in means_at(rng, 150, 0.2)]
        mixed = [*honest, *(noise(rng, 30) for _ in range(50))]
        alone, beside = (Spread.learn(sums_of(a), (r := np.concatenate(a)).T @ r).people for a in (honest, mixed))
        assert (beside <= alone * 1.1).all()


@pytest.mark.statistical
def test_tells_real_prompts_dealt_from_people(shared):
    """Public distillation prompts dealt over 30 accounts of 8, among chat users with interests of their own."""
    data = shared / "data"
    truth = pq.read_table(data / "traffic-dev" / "truth.parquet", columns=["account_id", "label"])
    chat = truth.filter(pc.equal(truth["label"], "chat_user"))["account_id"].cast(pa.string()).slice(0, 600)
    columns = ["exchange_id", "account_id", "prompt", "turn", "ts"]
    log = pq.ParquetFile(data / "traffic-dev" / "exchanges.parquet").read_row_groups(range(3), columns=columns)
    log = log.filter(pc.is_in(log["account_id"].cast(pa.string()), value_set=chat.combine_chunks()))
    prompts = pq.read_table(data / "prompts" / "attack.parquet", columns=["prompt"])["prompt"]
    rng = np.random.default_rng(17)
    dealt_rows = {
        "exchange_id": [f"dealt-{i}" for i in range(240)],
        "account_id": [f"dealt-{i % 30}" for i in range(240)],
        "prompt": prompts.take(pa.array(rng.choice(len(prompts), 240, replace=False))).to_pylist(),
        "turn": [1] * 240,
        "ts": [log["ts"][-1].as_py()] * 240,
    }
    built = Log.build(pa.concat_tables([log, pa.table(dealt_rows).cast(log.schema)]), None)
    rows = openings(built)
    gathering = Gathering.start(built, rows, vectors(built, rows, StaticEmbedding.load()))
    gathering.advance(len(rows))
    sums, spread, population = gathering.state()[Family.TEXT]
    is_dealt = np.array([name.startswith("dealt") for name in built.accounts.ids.to_pylist()])
    pool = np.unique(built.accounts.party[is_dealt])
    honest = np.setdiff1d(np.flatnonzero(sums.n >= 8), pool)
    assert set_evidence(sums.of(pool), spread, population).log10_e > 3
    sets = [rng.choice(honest, 30, replace=False) for _ in range(100)]
    assert max(set_evidence(sums.of(members), spread, population).log10_e for members in sets) < 0.5
