from __future__ import annotations

from stillwatch.campaigns.model import Decision
from stillwatch.testing import make_campaign, make_result


def test_builders_give_the_same_values_every_time():
    assert make_result() == make_result()
    assert make_campaign(seed=1) != make_campaign(seed=2)


def test_a_made_up_result_is_consistent():
    result = make_result()
    flagged = {each.account_id: each.campaign_id for each in result.verdicts if each.flagged}
    for campaign in result.campaigns:
        assert (
            campaign.accounts
            == len(campaign.account_ids)
            == sum(each == campaign.campaign_id for each in flagged.values())
        )
        assert campaign.exchanges == sum(each.exchanges for each in campaign.timeline)
        assert campaign.extraction_exchanges_low < campaign.extraction_exchanges < campaign.extraction_exchanges_high
        assert campaign.first_seen < campaign.flagged_at < campaign.last_seen
    assert len({each.account_id for each in result.verdicts}) == len(result.verdicts)
    assert {each.decision for each in result.verdicts} == set(Decision)
    assert all((each.flagged_at is not None) == each.flagged for each in result.verdicts)
