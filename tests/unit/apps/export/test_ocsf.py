"""Held to the published schema: tests/golden/ocsf has the names, requirements, types and enumerations of class 2004."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from stillwatch.apps.export import Format, export
from stillwatch.apps.export.ocsf import confidence, severity
from stillwatch.campaigns.model import Kind
from stillwatch.testing import make_campaign, make_result

SCHEMA = msgspec.json.decode((Path(__file__).parents[3] / "golden" / "ocsf" / "detection_finding.json").read_bytes())
PLAIN = {
    "string_t": str,
    "integer_t": int,
    "long_t": int,
    "timestamp_t": int,
    "boolean_t": bool,
    "ip_t": str,
    "url_t": str,
    "username_t": str,
}


def check(value, attributes, where=""):
    """Every attribute is known, of its type and, where enumerated, of its values; the required ones are there."""
    missing = [name for name, rule in attributes.items() if rule.get("requirement") == "required" and name not in value]
    assert not missing, (where, missing)
    for name, item in value.items():
        assert name in attributes, f"{where}.{name}"
        rule, place = attributes[name], f"{where}.{name}"
        if rule.get("array"):
            assert isinstance(item, list), place
        for each in item if rule.get("array") else [item]:
            if rule["type"] in SCHEMA["objects"] and rule["type"] != "object":
                check(each, SCHEMA["objects"][rule["type"]], place)
            elif rule["type"] in PLAIN:
                assert isinstance(each, PLAIN[rule["type"]]), place
            if "enum" in rule:
                assert str(each) in rule["enum"] or name in {"class_uid", "category_uid"}, place


@pytest.fixture(scope="module")
def findings():
    return [msgspec.json.decode(line) for line in export(make_result(), Format.OCSF).splitlines()]


def test_findings_follow_the_schema(findings):
    assert len(findings) == 3
    for each in findings:
        check(each, SCHEMA["class"])


def test_the_checker_notices_a_wrong_name_and_a_missing_one(findings):
    with pytest.raises(AssertionError):
        check({**findings[0], "no_such_attribute": 1}, SCHEMA["class"])
    with pytest.raises(AssertionError):
        check({name: value for name, value in findings[0].items() if name != "metadata"}, SCHEMA["class"])


def test_identifiers_agree(findings):
    for each in findings:
        assert (each["class_uid"], each["category_uid"]) == (2004, 2)
        assert each["type_uid"] == each["class_uid"] * 100 + each["activity_id"]
        assert each["metadata"]["version"].startswith("1.")


def test_times_are_milliseconds(findings):
    campaign = make_result().campaigns[0]
    assert findings[0]["time"] == campaign.flagged_at.timestamp() * 1000
    assert findings[0]["start_time"] <= findings[0]["time"] <= findings[0]["end_time"]


def test_accounts_and_addresses_are_observables(findings):
    values = {(each["type_id"], each["value"]) for each in findings[0]["observables"]}
    assert (31, "acct-01200") in values
    assert (2, "203.0.113.77") in values
    assert len([each for each in findings[0]["observables"] if each["type_id"] == 31]) == 38


@pytest.mark.parametrize(
    ("kind", "active", "expected"),
    [
        (Kind.EXTRACTION, True, "High"),
        (Kind.EXTRACTION, False, "Medium"),
        (Kind.BROKER, True, "Medium"),
        (Kind.BROKER, False, "Low"),
    ],
)
def test_severity(kind, active, expected):
    assert severity(make_campaign(kind=kind, active=active))[1] == expected


@pytest.mark.parametrize(("evidence", "expected"), [(9.0, "High"), (2.0, "Medium"), (0.5, "Low")])
def test_confidence(evidence, expected):
    assert confidence(msgspec.structs.replace(make_campaign(), evidence=evidence))[1] == expected
