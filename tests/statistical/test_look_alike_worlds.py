"""Every look-alike has its intended properties in the log that the simulator writes, by measurement, and is benign."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from stillwatch.lab.wordings import WRAPPERS

sys.path.insert(0, str(Path(__file__).parent))
from measured import small

sys.path.pop(0)
pytestmark = pytest.mark.statistical

SIZES = {
    # scale and days; a look-alike of a few accounts shrinks in volume, not in number
    "B1": (0.02, 30),
    "B2": (0.02, 30),
    "B3": (0.008, 30),
    "B4": (0.03, 10),
    "B5": (0.02, 30),
    "B6": (0.01, 10),
    "B7": (0.006, 10),
    "B8": (0.004, 14),
    "B9": (0.04, 30),
    "B10": (0.2, 30),
    "B11": (0.3, 30),
    "B12": (0.1, 30),
    "B13": (0.004, 30),
    "B14": (0.02, 10),
    "B15": (0.05, 10),
    "B16": (0.01, 10),
    "B17": (0.3, 30),
}
REPEATING = {"B1", "B2", "B9"}
"""They send the same items again by their nature: benchmarks in several samples, a load test."""


@pytest.fixture(scope="module")
def worlds(tmp_path_factory):
    made = {}

    def world(name):
        if name not in made:
            scale, days = SIZES[name]
            made[name] = small(name, scale, tmp_path_factory.mktemp(name), days=days)
        return made[name]

    return world


class TestEveryLookAlike:
    @pytest.mark.parametrize("name", SIZES)
    def test_is_benign(self, worlds, name):
        world = worlds(name)
        assert world.one("select count(*) from log where malicious") == 0
        assert world.rows("select distinct kind, campaign from truth") == [("benign", None)]
        assert set(world.column("select distinct label from truth")) == {"person", name}

    @pytest.mark.parametrize("name", SIZES)
    def test_volume(self, worlds, name):
        """Exchanges shrink with the world, also where accounts cannot."""
        world = worlds(name)
        for group in world.scenario.groups:
            wanted = max(group.accounts * world.scale, group.least if group.least > 1 else 0)
            found = world.one("select count(*) from log where party = $p", p=group.name)
            # conversations of agents are long and few, so their number varies much
            assert found == pytest.approx(group.exchanges / group.accounts * wanted, rel=0.25 + group.text.turns / 100)

    @pytest.mark.parametrize("name", SIZES)
    def test_record(self, worlds, name):
        world = worlds(name)
        for group in world.scenario.groups:
            declared = set(world.of_account(group.name, "declared_use"))
            assert declared == {group.record.declared_use}
            if group.record.institution:
                assert set(world.of_account(group.name, "institution")) == {group.record.institution}
            if group.record.verified in {0, 1}:
                assert set(world.of_account(group.name, "verified")) == {bool(group.record.verified)}
            if group.record.organisations > 1:
                assert len(set(world.of_account(group.name, "organisation_id"))) == 1
            if group.record.email:
                assert set(world.of_account(group.name, "email_domain")) == {group.record.email}

    @pytest.mark.parametrize("name", [name for name in SIZES if name not in REPEATING])
    def test_prompts_are_mostly_distinct(self, worlds, name):
        assert worlds(name).one("select count(distinct prompt) / count(*) from log") >= 0.60


def test_b1_runs_fit_their_hours_and_repeat_public_items(worlds):
    world = worlds("B1")
    for group in world.scenario.groups:
        assert world.span_hours(group.name) <= group.tempo.burst_hours * 1.1 + 0.5
    again = world.one("select count(*) / count(distinct prompt) from log where party = 'b1-declared'")
    assert 4 < again <= 8.5


def test_b1_and_b9_are_as_fast_as_they_say(tmp_path):
    """At full size: 20,000 requests in an hour, and 50 a second for a quarter of one."""
    minute = "select max(n) from (select count(*) as n from log where party = $p group by account_id, epoch(ts)::bigint // 60)"
    evaluation = small("B1", 1.0, tmp_path / "B1", keep=("b1-hour",))
    assert evaluation.one(minute, p="b1-hour") > 20_000 / 60
    load = small("B9", 1.0, tmp_path / "B9", keep=("b9-soak",))
    assert load.one(minute, p="b9-soak") > 45_000 / 15
    assert load.span_hours("b9-soak") <= 0.26
    assert load.one("select count(distinct prompt) from log where party = 'b9-soak'") <= 4


def test_b2_moves_to_the_new_model_within_a_day(worlds):
    world = worlds("B2")
    for group in world.scenario.groups:
        day = f"epoch(ts - timestamp '{world.scenario.start}') / 86400"
        share = f"select avg((model = 'atlas-next')::int) from log where party = $p and {day} between {{}} and {{}}"
        at = group.pivot.day
        assert world.one(share.format(0, at), p=group.name) == 0
        assert world.one(share.format(at + 1, 30), p=group.name) == pytest.approx(group.pivot.share, abs=0.05)
        assert 0.8 <= world.one(share.format(at + 1, 30), p=group.name) <= 1


def test_b3_is_one_template_with_short_answers(worlds):
    world = worlds("B3")
    assert world.one("select count(distinct account_id) from log where label = 'B3'") == 1
    assert world.one("select quantile_cont(output_tokens, 0.5) from log where label = 'B3'") < 50
    assert world.one("select avg((endpoint = 'batch')::int) from log where label = 'B3'") == 1
    assert world.one("select count(distinct left(prompt, 12)) from log where label = 'B3'") == 1
    assert world.span_hours("b3-batch") <= 24.5


def test_b4_loops_run_day_and_night(tmp_path):
    world = small("B4", 0.25, tmp_path, keep=("b4-overnight",))
    assert world.hourly("b4-overnight").min() > 0.1 / 24
    hours = world.one("select count(distinct epoch(ts)::bigint // 3600) from log where party = 'b4-overnight'")
    assert hours > 0.6 * 72


def test_b4_works_in_long_runs(worlds):
    world = worlds("B4")
    turns = world.column("select max(turn) from log where label = 'B4' group by account_id")
    assert np.median(turns) > 20
    assert world.one("select median(n_tools) from log where label = 'B4'") > 5


def test_b5_sits_behind_few_addresses_with_one_invoice(worlds):
    world = worlds("B5")
    for group in world.scenario.groups:
        accounts = world.one("select count(distinct account_id) from log where party = $p", p=group.name)
        assert world.one("select count(distinct ip) from log where party = $p", p=group.name) <= 4
        assert accounts >= 8
        assert len(set(world.of_account(group.name, "payment_fingerprint"))) == 1
    weekend = world.one("select avg((isodow(ts) > 5)::int) from log where label = 'B5'")
    assert weekend < 0.1
    assert set(world.of_account("b5-vpn", "organisation_id")) == {None}


def test_b6_carries_many_people_round_the_clock(worlds):
    world = worlds("B6")
    assert world.one("select count(distinct account_id) from log where label = 'B6'") <= 5
    hourly = world.hourly("b6-reseller")
    assert hourly.min() > 0.4 / 24
    day = f"epoch(ts - timestamp '{world.scenario.start}') / 86400"
    pivot = world.group("b6-reseller").pivot
    later = f"select avg((model = 'atlas-next')::int) from log where party = 'b6-reseller' and {day} > {pivot.day + 1}"
    assert world.one(later) == pytest.approx(pivot.share, abs=0.06)


def test_b8_has_a_constant_long_prompt(worlds):
    world = worlds("B8")
    assert world.one("select count(distinct system_prompt) from log where label = 'B8'") == 1
    assert world.one("select count(*) filter (system_prompt is null) from log where label = 'B8'") == 0
    assert world.one("select median(input_tokens) from log where label = 'B8'") > 2_000


def test_b9_repeats_itself_within_minutes(worlds):
    world = worlds("B9")
    for group in world.scenario.groups:
        assert world.span_hours(group.name) * 60 <= 16
    near = world.one("select count(distinct prompt) / count(*) from log where party = 'b9-spike'")
    assert near < 0.05


def test_b10_uses_several_accounts_and_addresses(worlds):
    world = worlds("B10")
    assert (
        world.one("select count(distinct ip) / count(distinct account_id) from log where party = 'b10-university'") > 2
    )
    uses = set(world.column("select declared_use from accounts join truth using (account_id) where label = 'B10'"))
    assert uses == {"red-team", None}


def test_b11_signs_up_and_works_together(worlds):
    world = worlds("B11")
    assert world.span_hours("b11-lesson") <= 4
    assert world.one("select count(distinct ip) from log where party = 'b11-lesson'") <= 2
    created = world.of_account("b11-lesson", "epoch(created_at)")
    assert np.ptp(created) <= 3600
    assert len(created) >= 12


def test_b12_signs_up_with_one_code(worlds):
    world = worlds("B12")
    codes = world.of_account("b12-hackers", "payment_fingerprint")
    assert set(codes) == {codes[0]}
    assert codes[0].startswith("promo_")
    assert np.ptp(world.of_account("b12-hackers", "epoch(created_at)")) <= 2 * 3600
    assert len(codes) >= 40
    assert world.span_hours("b12-hackers") <= 48


def test_b13_writes_in_many_scripts(worlds):
    world = worlds("B13")
    assert world.one("select count(distinct account_id) from log where label = 'B13'") <= 2
    wide = world.one("select avg(regexp_matches(prompt, '[^\\x00-\\x{24F}]')::int) from log where label = 'B13'")
    assert wide > 0.1


def test_b14_is_people_at_shared_addresses(worlds):
    world = worlds("B14")
    assert world.shared("b14-vpn", "ip") > 0.6
    home = world.one("select avg(starts_with(ip, '24')::int) from log where party = 'b14-vpn' and ip not like '%:%'")
    assert home < 0.05
    paid = [value for value in world.of_account("b14-vpn", "payment_fingerprint") if value]
    assert len(set(paid)) > 0.8 * len(paid)


def test_b15_judges(worlds):
    """An account keeps the wording of its library, and it is a judge's."""
    world = worlds("B15")
    own = [w for manner in ("rubric", "pairwise") for w in WRAPPERS[manner].instruction]
    rows = world.rows("select account_id, prompt from log where party = 'b15-judge' and turn = 1")
    said = {(account, next((w for w in own if w in text), None)) for account, text in rows}
    assert None not in {wording for _, wording in said}
    assert len(said) == len({account for account, _ in said})


def test_b15_shares_its_prompt_and_nothing_else(worlds):
    world = worlds("B15")
    for group in world.scenario.groups:
        assert world.one("select count(distinct system_prompt) from log where party = $p", p=group.name) == 1
        assert world.shared(group.name, "ip") < 0.4
        paid = [value for value in world.of_account(group.name, "payment_fingerprint") if value]
        assert len(set(paid)) > 0.8 * len(paid)
    nightly = world.hourly("b15-cron")
    assert nightly[2] == nightly.max() > 0.2
    assert nightly[:7].sum() > 0.95


@pytest.mark.parametrize(
    ("name", "party"), [("B7", "b7-labels"), ("B16", "b16-programme"), ("B17", "b17-distillation")]
)
def test_the_declared_and_the_academics_ask_as_attackers_do(worlds, name, party):
    world = worlds(name)
    weights = world.group(party).text.elicitation
    texts = world.column(f"select prompt from log where party = '{party}' and turn = 1 limit 2000")
    for manner in set(weights) & {"rubric", "rationale", "self-instruct"}:
        own = [wording for wording in WRAPPERS[manner].instruction if wording]
        found = np.mean([any(wording in text for wording in own) for text in texts])
        assert found == pytest.approx(weights[manner], abs=0.05), manner


def test_b17_looks_like_a_laboratory(worlds):
    world = worlds("B17")
    counts = world.column("select count(*) from log where label = 'B17' group by party")
    assert (counts * (1 / world.scale) <= 25_000).all()
    assert world.one("select count(distinct account_id) from log where label = 'B17'") <= 4
    assert world.one("select count(declared_use) from accounts join truth using (account_id) where label = 'B17'") == 0
