from __future__ import annotations

import math
import sys
from datetime import UTC, datetime, timedelta
from types import ModuleType, SimpleNamespace

import msgspec
import pytest

from stillwatch.apps import wording
from stillwatch.testing import make_campaign, make_result

S = wording.SPACE


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999.6, f"1{S}000"), (1234567, f"1{S}234{S}567"), (None, "–"), (math.nan, "–"), (math.inf, "–")],
)
def test_count(value, text):
    assert wording.count(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3_140_000, f"3.14{S}million"),
        (2.5e9, f"2.5{S}billion"),
        (14.66, "14.7"),
        (5, "5"),
        (0.294, "0.294"),
        (-3.5, "-3.5"),
    ],
)
def test_short(value, text):
    assert wording.short(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.004, "0.004"),
        (3e-9, "3.00e-9"),
        (0, "0"),
        (214, "214"),
        (-2.25, "-2.25"),
        (math.inf, "∞"),
        (None, "–"),
        (1e7, "1.00e7"),
        (12345, f"12{S}345"),
    ],
)
def test_number(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, f"0{S}%"), (0.001, f"<1{S}%"), (0.999, f">99{S}%"), (1, f"100{S}%"), (0.614, f"61{S}%")]
)
def test_a_share_is_never_rounded_to_nothing_or_all(value, text):
    assert wording.share(value) == text


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=14), "14 days"),
        (timedelta(days=1), "1 day"),
        (timedelta(hours=30), "1.2 days"),
        (timedelta(minutes=90), "1.5 hours"),
        (timedelta(seconds=4), "4 seconds"),
    ],
)
def test_duration(length, text):
    assert wording.duration(length) == text


def test_times_are_told_in_utc():
    moment = datetime.fromisoformat("2026-10-09T12:30:00+02:00")
    assert wording.when(moment) == "2026-10-09 10:30"
    assert wording.span(None, datetime(2026, 1, 1, tzinfo=UTC)) == "–"


def test_order_is_harm_times_confidence():
    large = msgspec.structs.replace(make_campaign("large"), extraction_exchanges=1000.0, evidence=-1.0)
    sure = msgspec.structs.replace(make_campaign("sure"), extraction_exchanges=500.0, evidence=8.0)
    assert [each.campaign_id for each in wording.ordered((large, sure))] == ["sure", "large"]
    tie = msgspec.structs.replace(sure, campaign_id="also")
    assert [each.campaign_id for each in wording.ordered((sure, tie))] == ["also", "sure"]


def test_extreme_evidence_does_not_overflow():
    campaign = msgspec.structs.replace(make_campaign(), evidence=-1e9)
    assert wording.harm_times_confidence(campaign) == pytest.approx(0.0)
    assert (
        wording.harm_times_confidence(msgspec.structs.replace(campaign, evidence=math.inf))
        == campaign.extraction_exchanges
    )


def test_outcome_says_how_many_what_harm_and_which_promise():
    found = wording.outcome(make_result())
    assert found.startswith("3 campaigns of 114 accounts")
    assert "2 still running" in found
    assert "at most 1" in found
    none = wording.outcome(make_result(campaigns=0))
    assert none.startswith("No campaign found in 581")


def test_listing_counts_what_is_beyond_the_limit():
    assert wording.listing(["a", "b", "c"]) == "a, b and c"
    assert wording.listing(["a", "b", "c"], 2) == "a, b and 1 more"
    assert wording.listing([]) == ""


def test_a_signal_is_looked_up_in_the_catalogue(monkeypatch):
    module = ModuleType("stillwatch.detect.signals")
    module.CATALOGUE = {
        "payment": SimpleNamespace(
            name="payment", sees="shared cards", columns="payment_fingerprint", null="chance", innocent=("a family",)
        )
    }
    monkeypatch.setitem(sys.modules, "stillwatch.detect.signals", module)
    known = wording.signal("payment")
    assert known == wording.SignalText("payment", "shared cards", ("payment_fingerprint",), "chance", ("a family",))
    assert wording.signal("never_heard-of") == wording.SignalText("never_heard-of")
    assert wording.signal("never_heard-of").title == "never heard of"


def test_a_missing_catalogue_is_no_obstacle(monkeypatch):
    monkeypatch.setitem(sys.modules, "stillwatch.detect.signals", None)
    assert wording.signal("payment") == wording.SignalText("payment")
