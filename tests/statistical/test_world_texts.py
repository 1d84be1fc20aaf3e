"""What campaigns say in the log that the simulator writes: mixtures, distinct prompts, languages, how tasks are dealt.

Small worlds as in ``test_worlds``; texts are compared with the lists that the simulator draws on, or with each other.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stillwatch.lab.corpora import load_corpora
from stillwatch.lab.load import read_scenario
from stillwatch.lab.wordings import WRAPPERS

sys.path.insert(0, str(Path(__file__).parent))
from measured import SIZES, Measured, campaign, corpora, small

sys.path.pop(0)
pytestmark = pytest.mark.statistical


@pytest.fixture
def worlds():
    return campaign


@pytest.fixture(scope="module")
def real_texts(shared):
    return load_corpora(shared)


@pytest.mark.parametrize("name", ["C1", "C8"])
def test_real_prompts_stay_distinct_too(real_texts, tmp_path, name):
    scale, days = SIZES[name]
    world = small(name, scale, tmp_path, days=days / 2, texts=real_texts)
    for kind in ("true", "malicious", "label = 'person'"):
        assert world.one(f"select count(distinct prompt) / count(*) from log where {kind}") >= 0.60
        length = world.one(f"select median(length(prompt)) from log where {kind}")
        assert 20 < length < 1_500


class TestMixture:
    @pytest.mark.parametrize(
        ("name", "party"),
        [
            ("C1", "c1-lab"),
            ("C2", "c2-traces"),
            ("C3", "c3-hydra"),
            ("C5", "c5-keys"),
            ("C6", "c6-startup"),
            ("C7", "c7-one"),
            ("C8", "c8-rider"),
            ("C12", "c12-judges"),
        ],
    )
    def test_elicitation(self, worlds, name, party):
        """Which instructions stand in the tasks, by the wordings that are one manner's own."""
        world = worlds(name)
        weights = world.group(party).text.elicitation
        texts = world.column(f"select prompt from log where party = '{party}' and malicious and turn = 1 limit 3000")
        for manner in set(weights) - {"plain"}:
            others = {wording for other in weights if other != manner for wording in WRAPPERS[other].instruction}
            own = [wording for wording in WRAPPERS[manner].instruction if wording and wording not in others]
            found = np.mean([any(wording in text for wording in own) for text in texts])
            assert found == pytest.approx(weights[manner] / sum(weights.values()), abs=0.04), manner

    @pytest.mark.parametrize(("name", "party"), [("C1", "c1-lab"), ("C7", "c7-one"), ("C9", "c9-keys")])
    def test_capabilities(self, worlds, name, party):
        """Which pool the tasks come from, by runs of four words that are in one pool only."""
        world = worlds(name)
        weights = world.group(party).text.capabilities
        runs: dict[tuple[str, ...], set[str]] = {}
        for capability in weights:
            for text in corpora().pools[capability].texts.to_pylist():
                words = text.split()
                for at in range(len(words) - 3):
                    runs.setdefault(tuple(words[at : at + 4]), set()).add(capability)
        texts = world.column(f"select prompt from log where party = '{party}' and malicious and turn = 1 limit 1500")
        found = dict.fromkeys(weights, 0)
        for text in texts:
            words = text.split()
            hits = [runs.get(tuple(words[at : at + 4]), set()) for at in range(len(words) - 3)]
            for capability in {next(iter(hit)) for hit in hits if len(hit) == 1}:
                found[capability] += 1
        english = sum(found.values())
        for capability, weight in weights.items():
            assert found[capability] / english == pytest.approx(weight / sum(weights.values()), abs=0.08), capability
        assert english > 0.5 * len(texts)


def test_a_whole_world_keeps_the_base_rate(tmp_path):
    """With its look-alikes, at a scale at which none of them has its full accounts."""
    world = Measured(read_scenario("C7"), 0.004, tmp_path)
    share = world.one("select avg((label like 'B%' and label <> 'B17')::int) from log")
    assert share >= 0.10
    assert world.one("select avg((label = 'person')::int) from log") > 0.5
    assert world.one("select count(distinct prompt) / count(*) from log") >= 0.60
    labels = set(world.column("select distinct label from truth"))
    assert labels == {"person", "C7", *read_scenario("C7").include}


class TestText:
    def test_c5_is_not_english(self, worlds):
        world = worlds("C5")
        wide = world.one(
            "select avg(regexp_matches(prompt, '[^\\x00-\\x{24F}]')::int) from log where party = 'c5-keys'"
        )
        assert wide > 0.3
        people = world.one(
            "select avg(regexp_matches(prompt, '[^\\x00-\\x{24F}]')::int) from log where label = 'person'"
        )
        assert wide > people + 0.2

    def test_c12_answers_are_short(self, worlds):
        world = worlds("C12")
        tokens = "select median(output_tokens) from log where {}"
        assert world.one(tokens.format("party = 'c12-judges'")) < 30
        assert world.one(tokens.format("label = 'person'")) > 100

    def test_c2_pathways(self, worlds):
        world = worlds("C2")
        channels = dict(
            world.rows(
                "select split_part(channel, ':', 1), count(distinct account_id) from log where label = 'C2' group by 1"
            )
        )
        assert set(channels) == {"api", "app", "cloud", "reseller"} or set(channels) == {"api", "app", "cloud"}
        assert channels["api"] > channels["cloud"] > 0
        assert world.one("select avg((n_images > 0)::int) from log where party = 'c2-direct'") == pytest.approx(
            0.25, abs=0.05
        )
        assert (
            world.one("select count(distinct tier) from accounts join truth using (account_id) where label = 'C2'") == 3
        )
        start = world.scenario.start
        first = world.one(f"select epoch(min(ts) - timestamp '{start}') / 86400 from log where party = 'c2-traces'")
        assert first >= world.group("c2-traces").tempo.start_day - 0.01

    def test_c11_deals_by_subject(self, worlds):
        """Texts of one account are more alike than those of two, by the words they use."""
        world = worlds("C11")
        assert alike(world, "c11-drip") > 0.01

    def test_c1_deals_in_turn(self, worlds):
        world = worlds("C1")
        assert abs(alike(world, "c1-lab")) < 0.02

    def test_people_are_individuals(self, worlds):
        world = worlds("C11")
        assert alike(world, None) > alike(world, "c11-drip") / 2


def alike(world, party: str | None) -> float:
    """Mean cosine of prompts of one account, less that of prompts of two accounts (hashed words, inverse frequency)."""
    chosen = "party = $p" if party else "label = 'person'"
    rows = world.rows(
        f"select account_id, prompt from log where {chosen} and turn = 1 order by hash(exchange_id) limit 1500",
        **({"p": party} if party else {}),
    )
    texts = [set(text.lower().split()) for _, text in rows]
    names = sorted({word for words in texts for word in words})
    place = {word: at for at, word in enumerate(names)}
    seen = np.zeros(len(names))
    for words in texts:
        for word in words:
            seen[place[word]] += 1
    weight = np.log(len(texts) / seen)
    vectors = np.zeros((len(texts), len(names)), dtype=np.float32)
    for row, words in enumerate(texts):
        for word in words:
            vectors[row, place[word]] = weight[place[word]]
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    cosine = vectors @ vectors.T
    owner = np.array([account for account, _ in rows])
    same = owner[:, None] == owner[None, :]
    np.fill_diagonal(same, val=False)
    other = owner[:, None] != owner[None, :]
    return float(cosine[same].mean() - cosine[other].mean())
