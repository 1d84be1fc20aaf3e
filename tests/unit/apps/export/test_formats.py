from __future__ import annotations

import msgspec
import pytest

from stillwatch.apps.export import Format, export
from stillwatch.campaigns.model import Campaign
from stillwatch.testing import HOSTILE_TEXTS, make_result, with_text_everywhere


@pytest.mark.parametrize("form", Format)
def test_no_text_of_a_prompt_leaves(form):
    result = make_result()
    text = export(result, form)
    for campaign in result.campaigns:
        kept = [each.text for each in (*campaign.examples, *campaign.neighbours) if each.text]
        assert kept
        assert not [each for each in kept if each in text or msgspec.json.encode(each).decode()[1:-1] in text]


def test_json_is_a_campaign_a_line():
    result = make_result()
    lines = export(result, Format.JSON).splitlines()
    back = [msgspec.json.decode(line, type=Campaign) for line in lines]
    assert [each.campaign_id for each in back] == ["c-7f3a91", "c-5b2210", "c-pool01"]
    assert back[0].claims == result.campaigns[0].claims
    assert {each.text for each in back[0].examples} == {None}


@pytest.mark.parametrize("form", Format)
def test_only_the_campaigns_asked_for_are_written(form):
    result = make_result()
    text = export(result, form, campaigns=[result.campaigns[1]])
    assert "c-pool01" in text
    assert "c-5b2210" not in text


@pytest.mark.parametrize("hostile", HOSTILE_TEXTS)
@pytest.mark.parametrize("form", [Format.OCSF, Format.ECS, Format.JSON, Format.STIX])
def test_hostile_text_stays_inside_its_json_string(form, hostile):
    text = export(with_text_everywhere(make_result(), hostile), form)
    documents = [text] if form is Format.STIX else text.splitlines()
    for each in documents:
        assert msgspec.json.decode(each)
    assert "\x1b" not in text


@pytest.mark.parametrize("form", Format)
def test_nothing_found_is_no_error(form):
    text = export(make_result(campaigns=0), form)
    assert "c-7f3a91" not in text
