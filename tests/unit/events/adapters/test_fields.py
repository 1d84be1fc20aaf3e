"""Typed reading: what counts as absent, what is accepted, what is refused and with which words."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.events.adapters.fields import Fields, Malformed, canonical, dig, parsed, well_formed

NOON = datetime(2026, 10, 5, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2026-10-05T12:00:00Z", NOON),
        ("2026-10-05T14:00:00+02:00", NOON),
        ("2026-10-05 12:00:00", NOON),
        ("2026-10-05T12:00:00.123456789Z", NOON.replace(microsecond=123456)),
        (1791201600, NOON),
        (1791201600.5, NOON.replace(microsecond=500000)),
        (1791201600000, NOON),
        (1791201600000000, NOON),
        ("1791201600000000123", NOON),
        ("1791201600.250", NOON.replace(microsecond=250000)),
        (datetime(2026, 10, 5, 12), NOON),  # noqa: DTZ001 - what Parquet without a zone yields
    ],
)
def test_times(written, meant):
    assert Fields({"ts": written}).instant("ts") == meant


@pytest.mark.parametrize(
    "written", ["noon", "", "2026-13-01", True, {}, [], float("nan"), 10**400, "9" * 30, "20261005", -1e30]
)
def test_what_is_no_time(written):
    if written == "":
        assert Fields({"ts": written}).instant("ts") is None
    elif written == "20261005":  # ISO 8601 in its basic form
        assert Fields({"ts": written}).instant("ts") == NOON.replace(hour=0)
    else:
        with pytest.raises(Malformed, match="time"):
            Fields({"ts": written}).instant("ts")


@pytest.mark.parametrize(
    "written", [0, -5, "1999-12-31T23:59:59Z", "2100-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"]
)
def test_times_out_of_reach(written):
    with pytest.raises(Malformed, match="time"):
        Fields({"ts": written}).instant("ts")


@pytest.mark.parametrize(("written", "meant"), [(7, 7), ("7", 7), (7.0, 7), (None, None), ("", None)])
def test_whole_numbers(written, meant):
    assert Fields({"n": written}).integer("n") == meant


@pytest.mark.parametrize("written", [-1, 2**31, 1.5, True, "seven", "7.0", [7], float("inf"), "²", 10**400])
def test_what_is_no_whole_number(written):
    with pytest.raises(Malformed):
        Fields({"n": written}).integer("n")


@pytest.mark.parametrize("written", ["hot", True, [], float("nan"), float("inf"), 1e39, 10**400])
def test_what_is_no_number(written):
    with pytest.raises(Malformed):
        Fields({"t": written}).number("t")


def test_aliases_and_absence():
    row = Fields({"a": None, "b": "", "c": "x"})
    assert row.text("a", "b", "c") == "x"
    assert row.text("a") is None
    with pytest.raises(Malformed, match="a: missing"):
        row.need("a", "b")


def test_names_in_reasons_are_whole():
    with pytest.raises(Malformed) as error:
        Fields({"usage": {"tokens": "many"}}).child("usage").integer("tokens")
    assert (error.value.field, error.value.reason) == ("usage.tokens", "expected a whole number, found text")


def test_objects_in_text():
    assert Fields({"m": '{"a": 1}'}).json_child("m").integer("a") == 1
    with pytest.raises(Malformed, match="no JSON"):
        Fields({"m": "{broken"}).json_child("m")
    assert parsed("[1") == "[1"


def test_paths():
    record = {"a": {"b": 1}, "a.b": 2, "c": {"d": {"e": 3}}}
    assert (dig(record, "a.b"), dig(record, "c.d.e"), dig(record, "c.x.e")) == (2, 3, None)


@given(st.text(st.characters()))
def test_well_formed_text_can_be_written(text):
    assert well_formed(text).encode().decode() == well_formed(text)


def test_halves_of_a_character_are_joined():
    assert well_formed("\ud83d\ude00 \ud83d") == "\U0001f600 \ufffd"


def test_canonical_text_is_one_for_equal_values():
    assert canonical({"b": 1.0, "a": [None, float("nan")]}) == canonical({"a": [None, None], "b": 1})
    assert canonical({"a": "1"}) != canonical({"a": 1})
