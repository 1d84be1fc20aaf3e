"""Every campaign has its intended properties in the log that the simulator writes, by measurement.

Each scenario is simulated small (see ``measured``): its accounts, its daily rate of an account, its sharing, mixture, rhythm
and hand-offs are read off the tables and compared with the file. Tolerances are those of the sample sizes; seeds are
fixed, so a failure is a change of the simulator or of a file, not chance.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from measured import PEOPLE, SIZES, campaign

sys.path.pop(0)
pytestmark = pytest.mark.statistical

PARTIES = [
    (name, party)
    for name, parties in {
        "C2": ("c2-direct", "c2-edu", "c2-traces"),
        "C4": ("c4-work", "c4-long"),
        "C8": ("c8-pool",),
        "C15": ("c15-firm", "c15-poisoner"),
        **{
            name: (party,)
            for name, party in {
                "C1": "c1-lab",
                "C3": "c3-hydra",
                "C5": "c5-keys",
                "C6": "c6-startup",
                "C7": "c7-one",
                "C9": "c9-keys",
                "C10": "c10-broker",
                "C11": "c11-drip",
                "C12": "c12-judges",
                "C13": "c13-split",
            }.items()
        },
    }.items()
    for party in parties
]


@pytest.fixture
def worlds():
    return campaign


class TestEveryCampaign:
    @pytest.mark.parametrize(("name", "party"), PARTIES)
    def test_accounts_and_rate(self, worlds, name, party):
        world = worlds(name)
        group = world.group(party)
        accounts = world.one("select count(distinct account_id) from log where party = $p", p=party)
        wanted = max(group.least, round(group.accounts * world.scale))
        assert accounts >= 0.9 * wanted
        assert accounts <= wanted * (1.0 if group.text.handoff == 0 else 1.05)
        tempo = group.tempo
        days = tempo.active_days or world.scenario.days - tempo.start_day
        assert world.rate(party) == pytest.approx(group.exchanges / group.accounts / days, rel=0.25)

    @pytest.mark.parametrize("name", SIZES)
    def test_people_around_it(self, worlds, name):
        world = worlds(name)
        people = world.one("select count(*) from truth where label = 'person'")
        assert people == pytest.approx(PEOPLE, abs=2)
        count = world.one("select count(*) from log where label = 'person'")
        assert count / people / world.scenario.days == pytest.approx(world.scenario.people_per_day, rel=0.45)

    @pytest.mark.parametrize("name", SIZES)
    def test_truth(self, worlds, name):
        world = worlds(name)
        for group in world.scenario.groups:
            if group.rider is None:
                found = world.rows("select distinct label, campaign, kind from log where party = $p", p=group.name)
                assert found == [(group.label, group.campaign, group.role.value)]
        assert world.one("select count(*) from log where malicious and kind = 'benign'") == 0
        assert world.one("select count(*) from log") == world.one("select count(*) from exchanges")
        assert world.one("select count(*) from truth") == world.one("select count(*) from accounts")

    @pytest.mark.parametrize(("name", "party"), PARTIES)
    def test_mixture(self, worlds, name, party):
        world = worlds(name)
        group = world.group(party)
        malicious = world.one("select avg(malicious::int) from log where party = $p", p=party)
        wanted = 1 - group.text.filler.share if group.role.value == "extraction" else 0
        assert malicious == pytest.approx(wanted, abs=0.05)

    @pytest.mark.parametrize("name", [name for name in SIZES if name != "C15"])
    def test_prompts_are_mostly_distinct(self, worlds, name):
        world = worlds(name)
        assert world.one("select count(distinct prompt) / count(*) from log") >= 0.60
        kinds = ("malicious", "label = 'person'")
        for kind in kinds if name != "C10" else kinds[1:]:
            assert world.one(f"select count(distinct prompt) / count(*) from log where {kind}") >= 0.60

    @pytest.mark.parametrize("name", SIZES)
    def test_rows_are_in_order_of_time_and_inside_the_log(self, worlds, name):
        world = worlds(name)
        ts = world.column("select epoch_us(ts) from exchanges")
        assert (np.diff(ts) >= 0).all()
        start = world.one(f"select epoch_us(timestamp '{world.scenario.start}')")
        assert ts[0] >= start
        assert ts[-1] < start + world.scenario.days * 86_400_000_000


class TestSharing:
    @pytest.mark.parametrize(
        ("name", "party", "instruments"), [("C1", "c1-lab", 30 / 37.5), ("C5", "c5-keys", 4), ("C6", "c6-startup", 1)]
    )
    def test_payment(self, worlds, name, party, instruments):
        world = worlds(name)
        found = world.of_account(party, "payment_fingerprint")
        common = world.group(party).infrastructure.payment_reuse
        assert len(set(found)) <= round(instruments + 0.5) + (1 - common) * len(found) + 3
        assert len(set(found)) < len(found)

    @pytest.mark.parametrize(("name", "party"), [("C4", "c4-work"), ("C11", "c11-drip")])
    def test_nothing_in_common(self, worlds, name, party):
        world = worlds(name)
        # carriers and families put strangers behind one address now and then, and in a small world more often
        assert world.shared(party, "ip") <= behind_one_address(world) + 0.2
        paid = [value for value in world.of_account(party, "payment_fingerprint") if value]
        assert len(set(paid)) >= 0.9 * len(paid)

    def test_c4_one_address_each_and_replayed_clients(self, worlds):
        world = worlds("C4")
        addresses = world.column("select count(distinct ip) from log where party = 'c4-work' group by account_id")
        assert np.median(addresses) == 1
        programs = "select count(distinct split_part(client, '/', 1) || split_part(client, '|', 3)) from log"
        assert world.one(f"{programs} where party = 'c4-work'") <= 6

    @pytest.mark.parametrize(
        ("name", "party"),
        [("C1", "c1-lab"), ("C3", "c3-hydra"), ("C5", "c5-keys"), ("C9", "c9-keys"), ("C12", "c12-judges")],
    )
    def test_addresses_of_the_common_pool(self, worlds, name, party):
        world = worlds(name)
        reuse = world.group(party).infrastructure.address_reuse
        assert world.shared(party, "ip") >= reuse - 0.3

    @pytest.mark.parametrize(
        ("name", "party", "kinds"), [("C5", "c5-keys", ("cloud",)), ("C9", "c9-keys", ("cloud", "vpn"))]
    )
    def test_networks(self, worlds, name, party, kinds):
        """Homes, offices and campuses lie in 240.0.0.0/4 and low blocks of 2001:db8::; hosts do not."""
        world = worlds(name)
        home = world.one(
            "select avg(starts_with(ip, '24')::int) from log where party = $p and ip not like '%:%'", p=party
        )
        assert home == 0
        people = world.one(
            "select avg(starts_with(ip, '24')::int) from log where label = 'person' and ip not like '%:%'"
        )
        assert people > 0.5
        assert kinds == tuple(world.group(party).infrastructure.network)

    def test_both_versions_of_addresses(self, worlds):
        share = worlds("C11").one("select avg((ip like '%:%')::int) from log")
        assert 0.05 <= share <= 0.45

    def test_c15_copies_the_firm(self, worlds):
        world = worlds("C15")
        firm = set(world.column("select distinct ip from log where party = 'c15-firm'"))
        poisoner = world.column("select ip from log where party = 'c15-poisoner'")
        assert np.isin(poisoner, list(firm)).mean() > 0.8
        system = "select distinct system_prompt from log where party = $p"
        assert world.rows(system, p="c15-firm") == world.rows(system, p="c15-poisoner")
        assert len(world.rows(system, p="c15-firm")) == 1
        asn = "select distinct asn from log where party = $p"
        assert set(world.rows(asn, p="c15-poisoner")) <= set(world.rows(asn, p="c15-firm"))

    def test_c13_common_infrastructure_over_four_providers(self, worlds):
        world = worlds("C13")
        counts = world.column("select count(*) from truth where label = 'C13' group by provider")
        assert len(counts) == 4
        assert counts.max() - counts.min() <= 1
        # accounts whose address is also used at another provider
        share = world.one(
            "with used as (select distinct account_id, provider, ip from log where party = 'c13-split'), many as"
            " (select ip from used group by ip having count(distinct provider) > 1)"
            " select count(distinct account_id) filter (ip in (from many)) / count(distinct account_id) from used"
        )
        assert share == pytest.approx(0.4, abs=0.2)


class TestRhythm:
    @pytest.mark.parametrize(
        ("name", "party"),
        [("C1", "c1-lab"), ("C5", "c5-keys"), ("C12", "c12-judges"), ("C3", "c3-hydra"), ("C8", "c8-pool")],
    )
    def test_round_the_clock(self, worlds, name, party):
        hourly = worlds(name).hourly(party)
        assert hourly.min() > 0.4 / 24
        assert hourly.max() < 2.2 / 24

    @pytest.mark.parametrize(("name", "party"), [("C4", "c4-work"), ("C11", "c11-drip")])
    def test_an_account_has_a_persons_day(self, worlds, name, party):
        """Each account is quiet for at least eight hours of its day."""
        world = worlds(name)
        rows = world.rows("select account_id, hour(ts), count(*) from log where party = $p group by all", p=party)
        quiet = []
        for account in {row[0] for row in rows}:
            hours = np.zeros(24)
            for _, hour, count in (row for row in rows if row[0] == account):
                hours[hour] = count
            quiet.append((np.sort(hours)[:8].sum() / hours.sum()) if hours.sum() > 40 else 0)
        assert np.median(quiet) < 0.05

    def test_c1_acts_in_the_same_minutes(self, worlds):
        world = worlds("C1")
        minutes = world.column("select (epoch(ts)::bigint // 60) % 15 from log where party = 'c1-lab' and turn = 1")
        assert np.bincount(minutes, minlength=15).max() / len(minutes) > 0.6
        people = world.column("select (epoch(ts)::bigint // 60) % 15 from log where label = 'person' and turn = 1")
        assert np.bincount(people, minlength=15).max() / len(people) < 0.15
        together = world.one(
            "select avg(n) from (select count(distinct account_id) as n from log where party = 'c1-lab' and turn = 1"
            " group by (epoch(ts)::bigint // 60))"
        )
        assert together > 2

    @pytest.mark.parametrize(("name", "party"), [("C6", "c6-startup"), ("C7", "c7-one"), ("C15", "c15-poisoner")])
    def test_only_in_its_days(self, worlds, name, party):
        world = worlds(name)
        tempo = world.group(party).tempo
        begin = world.one(
            f"select epoch(min(ts) - timestamp '{world.scenario.start}') / 86400 from log where party = $p", p=party
        )
        assert begin >= tempo.start_day - 0.01
        assert world.span_hours(party) <= tempo.active_days * 24 + 1
        assert world.span_hours(party) >= tempo.active_days * 24 * 0.8

    @pytest.mark.parametrize(("name", "party"), [("C3", "c3-hydra"), ("C14", "c14-hydra")])
    def test_pivot(self, worlds, name, party):
        world = worlds(name)
        pivot = world.group(party).pivot
        day = f"epoch(ts - timestamp '{world.scenario.start}') / 86400"
        share = "select avg((model = $m)::int) from log where party = $p and {} between {} and {}"

        def between(first, last):
            return world.one(share.format(day, first, last), m=pivot.model, p=party)

        assert between(0, pivot.day) == 0
        assert between(pivot.day + 1, world.scenario.days) == pytest.approx(pivot.share, abs=0.06)
        assert between(pivot.day, pivot.day + 1) > pivot.share / 4
        people = "select avg((model = $m)::int) from log where label = 'person' and {} between {} and {}"
        later = world.one(people.format(day, pivot.day, pivot.day + 2), m=pivot.model)
        assert later < pivot.share / 2

    def test_c14_accounts_come_and_go(self, worlds):
        world = worlds("C14")
        live = round(world.group("c14-hydra").accounts * world.scale)
        days = world.scenario.days
        accounts = world.one("select count(*) from truth where label = 'C14'")
        # each seat: a life of 3.33 days (and an hour), then 12.5 hours without
        assert accounts / live == pytest.approx(1 + days / (3.33 + 1 / 24 + 12.5 / 24), rel=0.3)
        lives = world.column(
            "select epoch(max(ts) - min(ts)) / 86400 from log where party = 'c14-hydra' group by account_id"
        )
        assert 1.0 < lives.mean() < 4.0
        fresh = world.one(
            f"select count(*) from accounts join truth using (account_id) where label = 'C14'"
            f" and created_at > timestamp '{world.scenario.start}'"
        )
        assert fresh == accounts - live

    def test_c9_old_accounts_in_good_standing(self, worlds):
        world = worlds("C9")
        start = world.scenario.start
        ages = world.of_account("c9-keys", f"epoch(timestamp '{start}' - created_at) / 86400")
        assert np.median(ages) > 60
        assert np.mean(world.of_account("c9-keys", "verified")) > 0.5
        assert world.one("select count(distinct payment_fingerprint) from accounts join truth using (account_id)"
                         " where label = 'C9'") >= 10  # fmt: skip


class TestConversations:
    @pytest.mark.parametrize(
        ("name", "party"), [("C3", "c3-hydra"), ("C8", "c8-pool"), ("C10", "c10-broker"), ("C14", "c14-hydra")]
    )
    def test_handed_on(self, worlds, name, party):
        world = worlds(name)
        handed = world.handed_on(party)
        share = world.group(party).text.handoff
        # a conversation changes account at a hand-over, and back again at the next turn
        assert share * 0.7 < handed < share * 2.3

    @pytest.mark.parametrize(("name", "party"), [("C4", "c4-work"), ("C11", "c11-drip")])
    def test_never_handed_on(self, worlds, name, party):
        assert worlds(name).handed_on(party) == 0

    @pytest.mark.parametrize("name", ["C4", "C8"])
    def test_contexts_follow_each_other(self, worlds, name):
        """Every continued exchange goes on with one that is in the log, one turn earlier and no later."""
        world = worlds(name)
        continued = world.one("select count(*) from log where turn > 1")
        found = world.one(
            "select count(*) from log b join log a on b.context_in = a.context_out"
            " where a.turn = b.turn - 1 and a.ts <= b.ts"
        )
        assert found == continued > 0
        assert world.one("select count(*) from log where (turn = 1) <> (context_in is null)") == 0

    def test_c4_long_tasks(self, worlds):
        world = worlds("C4")
        longest = world.column("select max(turn) from log where party = 'c4-long' group by account_id")
        assert longest.max() > 60
        assert world.one("select max(turn) from log where party = 'c4-long'") <= 200
        deep = "select avg((turn >= 20)::int) from log where party = $p"
        assert world.one(deep, p="c4-long") > 0.4
        assert world.one(deep, p="c4-work") < 0.05

    def test_c8_rider(self, worlds):
        world = worlds("C8")
        pool = set(world.column("select account_id from truth where label = 'C8-broker'"))
        rider = world.column("select distinct account_id from log where party = 'c8-rider'")
        assert set(rider) <= pool
        assert len(rider) > 0.8 * len(pool)
        assert world.one("select avg(malicious::int) from log where label = 'C8-broker'") == pytest.approx(
            0.12, abs=0.04
        )
        assert world.one("select count(*) from log where malicious and party <> 'c8-rider'") == 0
        assert world.one("select count(*) from truth where label = 'C8'") == 0

    def test_c8_sessions_stick_and_move_on(self, worlds):
        """Within an hour an account of the pool serves a run of conversations; the pool's accounts take turns."""
        world = worlds("C8")
        gaps = world.column(
            "select epoch(ts - lag(ts) over (partition by account_id order by ts)) from log"
            " where party = 'c8-pool' and turn = 1 qualify row_number() over (partition by account_id order by ts) > 1"
        )
        poisson = -np.expm1(-1)  # share of gaps below the mean where arrivals are independent
        assert (gaps < gaps.mean()).mean() > poisson + 0.05


def behind_one_address(world) -> float:
    """Share of people who have an address in common with another."""
    return world.one(
        "with used as (select distinct account_id, ip from log where label = 'person'), many as"
        " (select ip from used group by ip having count(*) > 1)"
        " select count(distinct account_id) filter (ip in (from many)) / count(distinct account_id) from used"
    )
