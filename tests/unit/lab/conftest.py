"""One small world of every kind of group, simulated once."""

from __future__ import annotations

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.scenario import (
    Deal,
    Filler,
    Group,
    Hours,
    Infrastructure,
    Network,
    Pivot,
    Record,
    Role,
    Scenario,
    Size,
    Tempo,
    Text,
    Voice,
)
from stillwatch.lab.service import simulate
from stillwatch.lab.world import build_world


def small_scenario() -> Scenario:
    """People, a hydra that hands over and turns to a new model, a broker with a rider, and look-alikes of each voice."""
    hydra = Group(
        name="hydra",
        label="hydra",
        role=Role.EXTRACTION,
        campaign="hydra",
        accounts=50,
        exchanges=4_000,
        text=Text(
            voice=Voice.CORPUS,
            capabilities={"coding": 1, "reasoning": 1},
            elicitation={"rationale": 2, "trajectory": 1, "pinned": 1},
            templates=8,
            filler=Filler(share=0.4),
            turns=2.0,
            handoff=0.3,
            languages={"en": 0.8, "de": 0.2},
        ),
        tempo=Tempo(hours=Hours.FLAT, lifetime_days=4),
        infrastructure=Infrastructure(
            network={Network.CLOUD: 0.5, Network.VPN: 0.5}, address_reuse=0.6, payment=10, clients=3
        ),
        record=Record(channels={"api": 1}, tiers={"payg": 1}),
        size=Size(tools=5),
        pivot=Pivot(model="atlas-next", day=5, share=0.5, hours=24),
    )
    pool = Group(
        name="pool",
        label="pool",
        role=Role.BROKER,
        campaign="pool",
        accounts=20,
        exchanges=3_000,
        text=Text(speakers=15, turns=2, handoff=0.2),
    )
    rider = Group(
        name="rider",
        label="rider",
        role=Role.EXTRACTION,
        campaign="rider",
        accounts=12,
        exchanges=400,
        rider="pool",
        rider_share=0.15,
        text=Text(voice=Voice.CORPUS, deal=Deal.STICKY, elicitation={"rubric": 1}),
        tempo=Tempo(hours=Hours.FLAT),
    )
    classroom = Group(
        name="classroom",
        label="B11",
        accounts=40,
        exchanges=400,
        text=Text(voice=Voice.ASSIGNMENT, tasks=3, turns=1.5),
        tempo=Tempo(hours=Hours.BURST, burst_hours=2, start_day=3),
        infrastructure=Infrastructure(network={Network.CAMPUS: 1}, address_reuse=1, addresses=2.5, payment=0),
    )
    product = Group(
        name="product",
        label="B3",
        accounts=2,
        exchanges=2_000,
        text=Text(voice=Voice.TEMPLATE, turns=1),
        tempo=Tempo(hours=Hours.TRACE),
    )
    harness = Group(
        name="harness",
        label="B1",
        accounts=2,
        exchanges=1_000,
        text=Text(voice=Voice.BENCHMARK, samples=2, turns=1),
        tempo=Tempo(hours=Hours.NIGHT),
    )
    office = Group(
        name="office",
        label="B5",
        accounts=30,
        exchanges=1_500,
        tempo=Tempo(hours=Hours.OFFICE, synchronised=True),
        infrastructure=Infrastructure(network={Network.OFFICE: 1}, address_reuse=1, addresses=7, payment=30),
        record=Record(organisations=30, owners=30, tiers={"team": 1}),
    )
    return Scenario(
        name="small",
        title="A small world",
        days=10,
        people=300,
        groups=(hydra, pool, rider, classroom, product, harness, office),
    )


class SmallWorld:
    """The world and the tables made from it."""

    def __init__(self, folder, corpora) -> None:
        self.scenario = small_scenario()
        self.corpora = corpora
        self.world = build_world(self.scenario, scale=1.0, seed=7, corpora=corpora)
        self.made = simulate(self.scenario, scale=1.0, seed=7, out=folder, corpora=corpora, processes=1)
        self.log = pq.read_table(self.made.exchanges)
        self.truth = pq.read_table(self.made.truth)
        self.facts = pq.read_table(self.made.truth_exchanges)
        self.accounts = pq.read_table(self.made.accounts)
        self.rows = self.log.append_column("group", self.facts["group"]).append_column("bad", self.facts["malicious"])

    def of(self, group: str):
        """Rows of one group as dictionaries."""
        return self.rows.filter(pc.equal(self.rows["group"], group)).to_pylist()


@pytest.fixture(scope="session")
def generated():
    """Texts, addresses and arrivals without any real data."""
    return load_corpora(None)


@pytest.fixture(scope="session")
def small(tmp_path_factory, generated) -> SmallWorld:
    return SmallWorld(tmp_path_factory.mktemp("small"), generated)
