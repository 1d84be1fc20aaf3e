from datetime import UTC, datetime, timedelta

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stillwatch.errors import InputError, UsageError
from stillwatch.lab.scenario import Group, Infrastructure, Role, Scenario, Tempo
from stillwatch.lab.split import detector_of_hunt, split_of, stated_detector

START = datetime(2026, 9, 1, tzinfo=UTC)


def scenario(**changes):
    campaign = Group(
        name="campaign",
        label="X",
        role=Role.EXTRACTION,
        campaign="X",
        accounts=2400,
        exchanges=480_000,
        infrastructure=Infrastructure(address_reuse=0.3),
        **changes,
    )
    firm = Group(name="firm", label="firm", accounts=12, exchanges=100)
    return Scenario(name="X", title="A made-up one", days=20, groups=(firm, campaign))


class TestFromScenario:
    def test_divides_accounts_and_exchanges(self):
        split = split_of(scenario(providers=3))
        assert [part.accounts for part in split.parts] == [800, 800, 800]
        assert split.parts[0].exchanges_per_hour == pytest.approx(480_000 / 3 / (20 * 24))
        assert split.common == 0.3
        assert split.respawn == (1.0, 24.0)
        assert split.poison is None

    def test_a_campaign_of_one_provider_is_divided_among_those_asked_for(self):
        assert len(split_of(scenario(), 5).parts) == 5

    def test_active_days_set_rate_and_horizon(self):
        split = split_of(scenario(tempo=Tempo(active_days=5.0)))
        assert split.hours == 120.0
        assert split.parts[0].exchanges_per_hour == pytest.approx(480_000 / 4 / 120)

    def test_a_campaign_in_a_firms_addresses_aims_at_the_firm(self):
        group = scenario().groups[1]
        aimed = msgspec.structs.replace(group, infrastructure=Infrastructure(common_with="firm"))
        world = msgspec.structs.replace(scenario(), groups=(scenario().groups[0], aimed))
        assert split_of(world).poison.firm_accounts == 12

    def test_a_world_without_campaign(self):
        with pytest.raises(UsageError, match="has no campaign"):
            split_of(msgspec.structs.replace(scenario(), groups=scenario().groups[:1]))


class TestStated:
    def test_has_the_median_and_spread_it_says(self):
        values = np.log(stated_detector(14.0, 0.8).exchanges_per_account)
        assert np.median(values) == pytest.approx(np.log(14.0), abs=0.01)
        assert values.std() == pytest.approx(0.8, rel=0.1)


@pytest.fixture
def run(tmp_path):
    """Two campaigns: c1 of two accounts, flagged after one and three of its four days; c2 of one account."""
    time = pa.timestamp("us", "UTC")
    days = [START + timedelta(days=at) for at in range(6)]
    campaigns = {
        "campaign_id": ["c1", "c2"],
        "first_seen": pa.array([days[0], days[0]], time),
        "last_seen": pa.array([days[4], days[4]], time),
    }
    verdicts = {
        "account_id": ["a", "b", "c", "d"],
        "campaign_id": ["c1", "c1", "c2", None],
        "flagged_at": pa.array([days[1], days[3], days[1], None], time),
        "exchanges": [40, 80, 5, 9],
    }
    pq.write_table(pa.table(campaigns), tmp_path / "campaigns.parquet")
    pq.write_table(pa.table(verdicts), tmp_path / "verdicts.parquet")
    log = {"account_id": ["a"] * 3 + ["b"] * 3 + ["d"], "ts": pa.array([*days[:3], *days[2:5], days[0]], time)}
    pq.write_table(pa.table(log), tmp_path / "log.parquet")
    return tmp_path


class TestFromHunt:
    def test_by_time_elapsed(self, run):
        # a: 40 x 1/4, b: 80 x 3/4; mean 35. A campaign of one account is no set
        assert detector_of_hunt(run).exchanges_per_account == (35.0,)

    def test_counted(self, run):
        # a until day 1: two; b until day 3: two
        got = detector_of_hunt(run, run / "log.parquet", missed=0.1)
        assert got.exchanges_per_account == (2.0,)
        assert got.missed == 0.1
        assert "counted" in got.source

    def test_no_campaign(self, run):
        table = pq.read_table(run / "verdicts.parquet")
        pq.write_table(table.slice(2), run / "verdicts.parquet")
        with pytest.raises(InputError, match="no campaign of several accounts"):
            detector_of_hunt(run)

    def test_no_such_folder(self, tmp_path):
        with pytest.raises(InputError, match="cannot read"):
            detector_of_hunt(tmp_path / "nowhere")

    def test_columns_missing(self, run):
        pq.write_table(pa.table({"account_id": ["a"]}), run / "verdicts.parquet")
        with pytest.raises(InputError, match="cannot read"):
            detector_of_hunt(run)
