"""The shipped scenario files say what the published table of campaigns and look-alikes says.

Figures are full-size. The tests read the files with a YAML parser and the schema alone, so that they hold whatever the
loader makes of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources

import msgspec
import pytest
import yaml

from stillwatch.lab.scenario import CAPABILITIES, ELICITATIONS, LANGUAGES, Deal, Hours, Network, Role, Scenario, Voice

FOLDER = resources.files("stillwatch.lab") / "scenarios"
CAMPAIGNS = [f"C{n}" for n in range(1, 16)]
LOOK_ALIKES = [f"B{n}" for n in range(1, 18)]
EXTRA = ["people", "honest", "demo"]
ALL = [*CAMPAIGNS, *LOOK_ALIKES, *EXTRA]


@dataclass(frozen=True)
class Row:
    """One row of the table: accounts, exchanges and days as (least, most), and shares of a mixture."""

    accounts: tuple[int, int]
    exchanges: tuple[int, int]
    days: float


def exactly(accounts: int, exchanges: int, days: float) -> Row:
    return Row((accounts, accounts), (exchanges, exchanges), days)


TABLE = {
    "C1": exactly(150, 150_000, 30),
    "C2": exactly(500, 3_400_000, 60),
    "C3": exactly(20_000, 13_000_000, 60),
    "C4": exactly(25_000, 28_800_000, 45),
    "C5": exactly(20, 100_000, 21),
    "C6": exactly(2, 52_000, 3),
    "C7": Row((1, 1), (1_000, 17_000), 2),
    "C8": Row((6, 200), (54_000, 2_000_000), 30),
    "C9": exactly(120, 600_000, 14),
    "C10": exactly(3_000, 2_000_000, 60),
    "C11": exactly(5_000, 4_500_000, 180),
    "C12": exactly(200, 1_000_000, 20),
    "C13": exactly(4 * 6_000, 4 * 4_000_000, 45),
    "C14": exactly(2_000, 3_000_000, 30),
    "C15": exactly(50, 20_000, 5),
}

CAPABILITY_MIX = {
    # Weights of the mixture over the whole campaign; of a campaign in several groups, by exchanges.
    "C2": {"agentic": 0.40, "coding+data": 0.30, "tools": 0.15, "vision": 0.10, "reasoning": 0.05},
    "C4": {"coding": 0.45, "agentic": 0.55},
    "C9": {"coding": 0.5, "reasoning": 0.5},
}
ELICITATION_MIX = {
    "C1": {"rationale": 0.55, "rubric": 0.25, "safe-rewrite": 0.20},
    "C2": {"trace-reconstruction": 0.05},
    "C6": {"self-instruct": 1.0},
    "C7": {"rationale": 1.0},
    "C12": {"pairwise": 0.5, "rubric": 0.5},
}


@cache
def scenario(name: str) -> Scenario:
    return msgspec.convert(yaml.safe_load((FOLDER / f"{name}.yaml").read_text("utf-8")), Scenario)


def attackers(name: str):
    return [group for group in scenario(name).groups if group.role is not Role.BENIGN]


def only(name: str):
    (group,) = attackers(name)
    return group


def active(world: Scenario, group) -> float:
    return group.tempo.active_days or world.days - group.tempo.start_day


def mix(name: str, field: str) -> dict[str, float]:
    """Shares of a mixture over a campaign: each group's weights made to add up to 1, weighed by its exchanges."""
    shares: dict[str, float] = defaultdict(float)
    total = sum(group.exchanges for group in attackers(name))
    for group in attackers(name):
        weights = getattr(group.text, field)
        for key, weight in weights.items():
            shares[key] += weight / sum(weights.values()) * group.exchanges / total
    return shares


def look_alike_exchanges(world: Scenario) -> float:
    """Exchanges of B1 to B16: those that go on all the time at their daily rate, the others as they are."""
    total = 0.0
    for each in set(world.include) - {"B17"}:
        source = scenario(each)
        for group in source.groups:
            longer = 1.0 if group.tempo.active_days else world.days / source.days
            total += group.exchanges * longer
    return total


class TestEveryFile:
    def test_the_files_are_the_known_ones(self):
        names = {each.name.removesuffix(".yaml") for each in FOLDER.iterdir() if each.name.endswith(".yaml")}
        assert names == set(ALL)

    @pytest.mark.parametrize("name", ALL)
    def test_is_read_and_named_after_its_file(self, name):
        assert scenario(name).name == name
        assert scenario(name).title

    @pytest.mark.parametrize("name", ALL)
    def test_begins_with_a_comment_that_describes_it(self, name):
        text = (FOLDER / f"{name}.yaml").read_text("utf-8")
        assert text.startswith("# ")
        head = text.split("\nname:")[0]
        assert all(line.startswith("#") for line in head.splitlines())
        if name in CAMPAIGNS:
            assert "Anchor:" in head
        if name in CAMPAIGNS or name in LOOK_ALIKES:
            assert "Looks like:" in head

    @pytest.mark.parametrize("name", ALL)
    def test_what_it_names_is_there(self, name):
        world = scenario(name)
        groups = {group.name: group for group in world.groups}
        assert len(groups) == len(world.groups)
        assert set(world.include) <= set(LOOK_ALIKES)
        assert len(set(world.include)) == len(world.include)
        for group in world.groups:
            assert set(group.text.capabilities) <= set(CAPABILITIES)
            assert set(group.text.elicitation) <= set(ELICITATIONS)
            assert set(group.text.languages) <= set(LANGUAGES)
            assert group.infrastructure.common_with in {None, *groups}
            assert group.tempo.start_day + active(world, group) <= world.days
            assert group.pivot is None or group.pivot.day < world.days
            if group.rider is not None:
                assert groups[group.rider].role is Role.BROKER
                assert group.accounts <= groups[group.rider].accounts

    def test_names_of_groups_are_unique_over_all_files(self):
        # A world includes any of them, so two groups of one name would be one.
        names = [group.name for name in [*CAMPAIGNS, *LOOK_ALIKES] for group in scenario(name).groups]
        assert len(set(names)) == len(names)

    @pytest.mark.parametrize("name", ALL)
    def test_an_attacker_has_a_campaign_and_nobody_else_has(self, name):
        for group in scenario(name).groups:
            assert (group.campaign is not None) == (group.role is not Role.BENIGN), group.name

    @pytest.mark.parametrize("name", ALL)
    def test_mail_domains_are_reserved_ones(self, name):
        for group in scenario(name).groups:
            assert group.record.email is None or group.record.email.endswith(".example")


class TestLookAlikes:
    @pytest.mark.parametrize("name", LOOK_ALIKES)
    def test_is_benign_and_labelled_after_its_file(self, name):
        groups = scenario(name).groups
        assert groups
        assert {group.role for group in groups} == {Role.BENIGN}
        assert {group.label for group in groups} == {name}

    @pytest.mark.parametrize("name", [*LOOK_ALIKES, "people", "honest"])
    def test_is_a_world_of_people(self, name):
        assert scenario(name).people == 100_000
        assert not attackers(name)

    def test_the_honest_world_has_all_of_them(self):
        assert set(scenario("honest").include) == set(LOOK_ALIKES)
        assert scenario("people").include == ()
        assert scenario("people").groups == ()

    @pytest.mark.parametrize("name", LOOK_ALIKES)
    def test_fits_into_every_world_that_includes_it(self, name):
        for each in CAMPAIGNS:
            world = scenario(each)
            if name in world.include:
                for group in scenario(name).groups:
                    assert group.tempo.start_day + (group.tempo.active_days or 0) <= world.days, each

    def test_evaluators(self):
        for group in scenario("B1").groups:
            assert 20_000 <= group.exchanges <= 200_000
            assert group.tempo.hours is Hours.BURST
            assert 1 <= group.tempo.burst_hours <= 48
            assert group.text.voice is Voice.BENCHMARK
            assert 1 <= group.text.samples <= 64
        assert {group.record.declared_use for group in scenario("B1").groups} == {"evaluation", None}
        assert {group.record.declared_use for group in scenario("B2").groups} == {"evaluation", None}
        for group in scenario("B2").groups:
            assert 50_000 <= group.exchanges <= 500_000
            assert 0.8 <= group.pivot.share <= 1
            assert group.pivot.hours == 24

    def test_machines(self):
        (batch,) = scenario("B3").groups
        assert batch.accounts == 1
        assert 500_000 <= batch.exchanges / active(scenario("B3"), batch) <= 20_000_000
        assert batch.size.output_tokens < 50
        (rag,) = scenario("B8").groups
        assert 1 <= rag.exchanges / rag.accounts / 30 / 86_400 <= 50
        assert rag.text.prefix
        for test in scenario("B9").groups:
            seconds = test.tempo.burst_hours * 3600
            assert 60 <= seconds <= 901
            assert 10 <= test.exchanges / seconds <= 1000
            assert test.text.voice is Voice.BENCHMARK
            assert 1 <= test.text.tasks <= 4
        (strings,) = scenario("B13").groups
        assert 10 <= len(strings.text.languages) <= 60
        assert strings.exchanges / active(scenario("B13"), strings) == pytest.approx(1_000_000 / 7)

    def test_agents_run_on(self):
        for group in scenario("B4").groups:
            assert 20 <= group.text.turns <= 500
            assert group.text.most_turns == 500
        assert {group.tempo.hours for group in scenario("B4").groups} == {Hours.DIURNAL, Hours.FLAT}

    def test_offices_share_addresses_and_an_invoice(self):
        for group in scenario("B5").groups:
            assert 500 <= group.accounts <= 5_000
            assert 1 <= group.accounts * group.infrastructure.addresses / 100 <= 4
            assert group.infrastructure.payment == group.accounts

    def test_people_behind_accounts(self):
        router = scenario("B6")
        assert sum(group.accounts for group in router.groups) <= 5
        assert 1e4 <= sum(group.accounts * group.text.speakers for group in router.groups) <= 1e6
        shared = next(group for group in scenario("B14").groups if group.name == "b14-shared")
        assert 10 <= shared.text.speakers <= 1_000

    def test_declared_uses(self):
        def record(name):
            return [(group.record.declared_use, group.record.verified) for group in scenario(name).groups]

        assert record("B7") == [("synthetic-data", 1.0)]
        assert "contract" in scenario("B7").groups[0].record.institution
        assert record("B16") == [("synthetic-data", 1.0)]
        assert ("red-team", 1.0) in record("B10")
        assert any(use is None for use, _ in record("B10"))
        assert all(group.accounts > 1 for group in scenario("B10").groups)
        assert 1_000_000 <= sum(group.exchanges for group in scenario("B7").groups) <= 10_000_000
        assert 100_000 <= sum(group.exchanges for group in scenario("B16").groups) <= 5_000_000
        assert 1_000 <= sum(group.exchanges for group in scenario("B10").groups) <= 50_000

    def test_classrooms_and_hackathons(self):
        for group in scenario("B11").groups:
            assert 40 <= group.accounts <= 400
            assert group.record.signup_hours == 1
            assert group.infrastructure.network.keys() >= {Network.CAMPUS}
            assert group.text.voice is Voice.ASSIGNMENT
        (hackers,) = scenario("B12").groups
        assert (hackers.accounts, hackers.record.signup_hours) == (500, 2)
        assert hackers.infrastructure.promo
        assert hackers.infrastructure.payment == 500
        assert hackers.text.prefix

    def test_popular_prompts(self):
        for group in scenario("B15").groups:
            assert 100 <= group.accounts <= 100_000
            assert group.text.prefix
            assert group.infrastructure.address_reuse == 0
            assert group.record.organisations <= 1
        assert Hours.NIGHT in {group.tempo.hours for group in scenario("B15").groups}

    def test_academic_distillation_is_small_and_undeclared(self):
        for group in scenario("B17").groups:
            assert 1 <= group.accounts <= 3
            assert 2_000 <= group.exchanges <= 20_000
            assert group.record.declared_use is None
            assert group.record.email
            assert group.text.templates == 1


class TestCampaigns:
    @pytest.mark.parametrize("name", CAMPAIGNS)
    def test_figures_are_the_table(self, name):
        row, world = TABLE[name], scenario(name)
        own = [group for group in attackers(name) if group.rider is None]
        assert row.accounts[0] <= sum(group.accounts for group in own) <= row.accounts[1]
        assert row.exchanges[0] <= sum(group.exchanges for group in attackers(name)) <= row.exchanges[1]
        assert max(active(world, group) for group in attackers(name)) == row.days

    @pytest.mark.parametrize("name", CAMPAIGNS)
    def test_budgets_and_interface_are_stated(self, name):
        world = scenario(name)
        assert world.query_budget
        assert world.data_budget
        assert world.interface
        assert world.anchor

    @pytest.mark.parametrize("name", CAMPAIGNS)
    def test_base_rate(self, name):
        world = scenario(name)
        assert world.people >= 100_000
        own = sum(group.exchanges for group in world.groups)
        alike = look_alike_exchanges(world)
        assert alike / (own + alike + world.people * world.people_per_day * world.days) >= 0.10

    def test_every_look_alike_is_in_some_world(self):
        assert {each for name in CAMPAIGNS for each in scenario(name).include} == set(LOOK_ALIKES)

    @pytest.mark.parametrize("name", CAPABILITY_MIX)
    def test_capabilities(self, name):
        shares = mix(name, "capabilities")
        for key, share in CAPABILITY_MIX[name].items():
            assert sum(shares[part] for part in key.split("+")) == pytest.approx(share, abs=0.006), key

    @pytest.mark.parametrize("name", ELICITATION_MIX)
    def test_elicitation(self, name):
        shares = mix(name, "elicitation")
        for key, share in ELICITATION_MIX[name].items():
            assert shares[key] == pytest.approx(share, abs=0.006), key

    def test_expected_misses(self):
        assert [name for name in ALL if scenario(name).expected_miss] == ["C7", "C10"]

    def test_kinds(self):
        kinds = {name: {group.role for group in attackers(name)} for name in CAMPAIGNS}
        assert kinds["C8"] == {Role.BROKER, Role.EXTRACTION}
        assert kinds["C10"] == {Role.BROKER}
        assert all(kinds[name] == {Role.EXTRACTION} for name in CAMPAIGNS if name not in {"C8", "C10"})

    @pytest.mark.parametrize("name", [name for name in CAMPAIGNS if name != "C8"])
    def test_is_one_campaign(self, name):
        assert {group.campaign for group in attackers(name)} == {name}

    def test_c1_four_instruments_in_the_same_minutes(self):
        group = only("C1")
        assert group.accounts / group.infrastructure.payment == 4
        assert group.tempo.synchronised
        assert group.text.deal is Deal.ROUND_ROBIN

    def test_c2_pathways(self):
        by_name = {group.name: group for group in attackers("C2")}
        direct, edu, traces = by_name["c2-direct"], by_name["c2-edu"], by_name["c2-traces"]
        channels, rest = direct.record.channels, sum(direct.record.channels.values())
        shares = defaultdict(float)
        for channel, weight in channels.items():
            shares[channel.split(":")[0]] += weight / rest * 90
        assert shares == pytest.approx({"api": 40, "cloud": 25, "app": 20, "reseller": 5})
        assert edu.accounts / 500 == 0.10
        assert len(direct.record.tiers) >= 3
        assert (traces.tempo.start_day, traces.tempo.active_days) == (40, 20)

    @pytest.mark.parametrize("name", ["C3", "C14"])
    def test_hydra_mixes_and_moves(self, name):
        group = only(name)
        assert group.text.filler.share == 0.6
        assert (group.pivot.share, group.pivot.hours) == (0.48, 24)

    def test_c4_one_address_each_and_long_tasks(self):
        for group in attackers("C4"):
            assert group.exchanges / group.accounts / 45 == pytest.approx(25.6, abs=0.01)
            assert group.infrastructure.network == {Network.RESIDENTIAL: 1.0}
            assert group.infrastructure.address_reuse == 0
            assert group.infrastructure.clients <= 10
        long = next(group for group in attackers("C4") if group.name == "c4-long")
        assert long.exchanges / 28_800_000 == 0.2
        assert 20 <= long.text.turns <= long.text.most_turns == 200

    def test_c5_languages(self):
        group = only("C5")
        assert len(group.text.languages) == 12
        assert "en" not in group.text.languages
        assert group.infrastructure.network == {Network.CLOUD: 1.0}
        assert set(group.text.elicitation) == {"trace-coercion", "pinned"}

    @pytest.mark.parametrize("name", ["C6", "C7"])
    def test_naive_ones_evade_nothing(self, name):
        group = only(name)
        assert group.text.paraphrase == 0
        assert group.text.filler.share == 0
        assert group.infrastructure.clients == 1

    @pytest.mark.parametrize("name", ["C8", "demo"])
    def test_rider(self, name):
        rider = next(group for group in attackers(name) if group.rider)
        pool = next(group for group in attackers(name) if group.name == rider.rider)
        assert 0.05 <= rider.rider_share <= 0.20
        assert rider.exchanges / (rider.exchanges + pool.exchanges) == pytest.approx(rider.rider_share, abs=0.002)
        assert pool.text.deal is (Deal.ROUND_ROBIN if name == "demo" else Deal.STICKY)
        assert pool.text.handoff > 0
        assert pool.text.speakers > 1
        assert pool.infrastructure.clients == 1

    def test_c9_old_and_good(self):
        group = only("C9")
        assert group.record.signup_hours is None
        assert group.record.verified > 0.5
        assert group.tempo.start_day >= 7

    def test_c10_asks_for_nothing(self):
        group = only("C10")
        assert group.text.elicitation == {}
        assert group.text.voice is Voice.PERSONAL

    def test_c11_looks_like_people(self):
        group = only("C11")
        assert group.exchanges / group.accounts / 180 == 5
        assert group.text.deal is Deal.TOPIC
        assert group.text.paraphrase >= 0.9
        assert group.tempo.hours is Hours.DIURNAL
        assert group.tempo.jitter_s == 0.8
        assert group.infrastructure.address_reuse == 0

    def test_c12_short_outputs(self):
        assert only("C12").size.output_tokens <= 20

    def test_c13_four_providers(self):
        group = only("C13")
        assert group.providers == 4
        assert group.infrastructure.address_reuse == 0.4

    def test_c14_churn(self):
        tempo = only("C14").tempo
        assert 1 / tempo.lifetime_days == pytest.approx(0.3, abs=0.005)
        assert tempo.replaced_within == (1, 24)

    def test_c15_stands_where_the_firm_stands(self):
        poisoner = only("C15")
        firm = next(group for group in scenario("C15").groups if group.role is Role.BENIGN)
        assert poisoner.infrastructure.common_with == firm.name
        assert poisoner.text.prefix == firm.text.prefix
        assert poisoner.text.capabilities == firm.text.capabilities
        assert firm.record.organisations == firm.accounts


class TestDemo:
    def test_is_small_and_has_two_campaigns_and_a_rider(self):
        world = scenario("demo")
        people = world.people * world.people_per_day * world.days
        assert 60_000 <= people + sum(group.exchanges for group in world.groups) <= 110_000
        assert world.days == 14
        assert {group.campaign for group in attackers("demo")} == {"harvest", "pool", "rider"}

    def test_look_alikes_carry_the_labels_of_their_class(self):
        labels = {group.label for group in scenario("demo").groups if group.role is Role.BENIGN}
        assert len(labels) >= 4
        assert all(re.fullmatch(r"B\d+", label) for label in labels)
