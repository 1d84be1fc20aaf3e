from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pytest
import stix2
import stix2patterns.validator

from stillwatch.apps.export import Format, atlas, export
from stillwatch.apps.export.addresses import shareable
from stillwatch.apps.export.stix import TLP_AMBER, bundle
from stillwatch.campaigns.model import Infrastructure, Kind
from stillwatch.testing import make_campaign, make_result

SHARED = Path(os.environ.get("STILLWATCH_SHARED", "../shared"))


@pytest.fixture(scope="module")
def result():
    return make_result()


@pytest.fixture(scope="module")
def parsed(result):
    return stix2.parse(export(result, Format.STIX, producer="Example AI"))


def of(parsed, kind):
    return [each for each in parsed.objects if each["type"] == kind]


def test_another_library_reads_the_bundle(parsed, result):
    assert parsed.type == "bundle"
    assert {each.name for each in of(parsed, "campaign")} == {each.campaign_id for each in result.campaigns}
    assert "Example AI" in {each.name for each in of(parsed, "identity")}
    assert all(TLP_AMBER in each.object_marking_refs for each in of(parsed, "campaign") + of(parsed, "indicator"))


def test_every_reference_is_in_the_bundle(parsed):
    ids = {each["id"] for each in parsed.objects}
    assert len(ids) == len(parsed.objects)
    for each in of(parsed, "relationship"):
        assert {each.source_ref, each.target_ref} <= ids
    (grouping,) = of(parsed, "grouping")
    assert set(grouping.object_refs) <= ids
    assert all(each["created_by_ref"] in ids for each in parsed.objects if "created_by_ref" in each)


def test_patterns_are_valid_and_name_addresses_alone(parsed):
    patterns = [each.pattern for each in of(parsed, "indicator")]
    assert patterns
    for pattern in patterns:
        assert stix2patterns.validator.run_validator(pattern, stix_version="2.1") == []
        assert pattern.startswith(("[ipv4-addr:value ", "[ipv6-addr:value "))
    assert "[ipv4-addr:value = '203.0.113.77']" in patterns
    assert "[ipv6-addr:value ISSUBSET '2001:db8:77::/48']" in patterns


def test_indicators_expire(parsed):
    for each in of(parsed, "indicator"):
        assert each.valid_until > each.valid_from


def test_no_account_payment_mail_or_text_leaves(result):
    text = export(result, Format.STIX)
    for campaign in result.campaigns:
        assert not [name for name in campaign.account_ids if name in text]
        assert campaign.summary not in text
    assert not [word for word in ("pay_", "postbox", "python-sdk", "t13d", "██", "Solve") if word in text]


def test_the_same_run_gives_the_same_bytes_and_another_producer_other_ids(result):
    assert export(result, Format.STIX) == export(result, Format.STIX)
    one = {each["id"] for each in bundle(result.campaigns, producer="A")["objects"] if each["type"] == "campaign"}
    other = {each["id"] for each in bundle(result.campaigns, producer="B")["objects"] if each["type"] == "campaign"}
    assert not one & other


def test_a_later_run_over_the_same_state_updates_the_same_object():
    first = make_campaign()
    later = msgspec.structs.replace(first, last_seen=first.last_seen.replace(hour=23), accounts=50)
    (a,) = [each for each in bundle([first])["objects"] if each["type"] == "campaign"]
    (b,) = [each for each in bundle([later])["objects"] if each["type"] == "campaign"]
    assert (a["id"], a["created"]) == (b["id"], b["created"])
    assert a["modified"] < b["modified"]


def test_techniques_follow_the_kind(parsed):
    names = {each.id: each.name for each in parsed.objects if each["type"] == "campaign"}
    techniques = {each.id: each.external_references[0].external_id for each in of(parsed, "attack-pattern")}
    used = {
        (names[each.source_ref], techniques[each.target_ref])
        for each in of(parsed, "relationship")
        if each.relationship_type == "uses"
    }
    assert ("c-7f3a91", "AML.T0024.002") in used
    assert ("c-pool01", "AML.T0024.002") not in used
    assert ("c-pool01", "AML.T0008.005") in used


def test_a_rider_points_to_its_pool(parsed):
    names = {each.id: each.name for each in of(parsed, "campaign")}
    related = {
        (names[each.source_ref], names[each.target_ref])
        for each in of(parsed, "relationship")
        if each.relationship_type == "related-to"
    }
    assert related == {("c-7f3a91", "c-pool01"), ("c-5b2210", "c-pool01")}


def test_own_properties_stand_in_a_defined_extension(parsed):
    (definition,) = of(parsed, "extension-definition")
    for each in of(parsed, "campaign"):
        assert list(each.extensions) == [definition.id]
        for name in each.extensions[definition.id]:
            assert name == "extension_type" or name.removesuffix("_low").removesuffix("_high") in definition.schema


def test_no_campaign_makes_an_empty_bundle():
    assert stix2.parse(export(make_result(campaigns=0), Format.STIX)).objects


@pytest.mark.parametrize(
    ("value", "accounts", "population", "told"),
    [
        ("203.0.113.77", 9, 9, True),
        ("203.0.113.77", 4, 9, False),  # more uninvolved customers than accounts of the campaign
        ("203.0.113.77", 9, 0, False),  # who else uses it is not known
        ("10.1.2.3", 9, 9, False),
        ("100.64.3.4", 9, 9, False),
        ("127.0.0.1", 9, 9, False),
        ("fe80::1", 9, 9, False),
        ("fd00::1", 9, 9, False),
        ("203.0.0.0/16", 9, 9, False),
        ("203.0.113.0/24", 9, 9, True),
        ("2001:db8::/32", 9, 9, False),
        ("2001:db8:77::/48", 9, 9, True),
    ],
)
def test_which_addresses_are_told(value, accounts, population, told):
    campaign = msgspec.structs.replace(
        make_campaign(), infrastructure=(Infrastructure("ip", value, accounts, population),)
    )
    found = shareable(campaign)
    assert [str(each) for each in found.networks] == ([value if "/" in value else f"{value}/32"] if told else [])
    assert found.kept_back == (not told)


@pytest.mark.parametrize("value", ["64511", "pay_1", "", "1.2.3", "postbox.example", "203.0.113.999"])
def test_what_is_no_address_is_not_counted(value):
    campaign = msgspec.structs.replace(make_campaign(), infrastructure=(Infrastructure("asn", value, 3, 3),))
    assert shareable(campaign).kept_back == 0
    assert shareable(campaign).networks == ()


def test_names_and_tactics_are_those_of_atlas():
    path = SHARED / "data" / "stix" / "atlas.yaml"
    if not path.exists():
        pytest.skip("the ATLAS data is not on this machine (STILLWATCH_SHARED)")
    text = path.read_text(encoding="utf-8")
    assert f"version: {atlas.VERSION}" in text
    for technique in atlas.ALL:
        assert f"- id: {technique.id}\n    name: {technique.name}\n" in text, technique
        assert f"- id: {technique.tactic_id}\n    name: {technique.tactic}\n" in text, technique


def test_a_single_account_establishes_none():
    lone = msgspec.structs.replace(make_campaign(), accounts=1, rides_on=None)
    assert [each.id for each in atlas.techniques(lone)] == ["AML.T0024.002", "AML.T0040"]
    pool = msgspec.structs.replace(make_campaign(), kind=Kind.BROKER)
    assert [each.id for each in atlas.techniques(pool)] == ["AML.T0008.005", "AML.T0021", "AML.T0040"]
