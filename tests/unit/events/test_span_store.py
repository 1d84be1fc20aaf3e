"""The store of events: order, deliveries, limits, and that nothing stays."""

from __future__ import annotations

import sqlite3

import pytest

from stillwatch.errors import OutputError
from stillwatch.events import span_store
from stillwatch.events.adapters.protocol import SpanEvent
from stillwatch.events.span_store import FILE, SpanStore


def event(time, text="x", name="n"):
    return SpanEvent(name, time, {"content": text})


def filled(folder, *rows):
    store = SpanStore(folder)
    for span, found, record in rows:
        store.add(span, found, record)
    store.settle()
    return store


def test_events_come_in_the_order_of_their_times_then_of_the_log(tmp_path):
    rows = [
        ("a", event(3, "c"), 1),
        ("b", event(1), 2),
        ("a", event(1, "a"), 3),
        ("a", event(1, "b"), 3),
        ("a", None, 4),
    ]
    with filled(tmp_path, *rows) as store:
        assert [found.content["content"] for found in store.of("a")] == ["a", "b", "c"]
        assert (store.of("c"), store.is_call("a"), store.is_call("b")) == ((), True, False)


@pytest.mark.parametrize(("time", "records", "kept"), [(5, (1, 2), 1), (5, (1, 1), 2), (0, (1, 2), 2)])
def test_what_was_delivered_twice_counts_once(tmp_path, time, records, kept):
    with filled(tmp_path, *(("a", event(time), record) for record in records)) as store:
        assert len(store.of("a")) == kept


def test_more_events_than_a_request_has_are_not_handed_out(tmp_path, monkeypatch):
    monkeypatch.setattr(span_store, "MOST_EVENTS", 3)
    monkeypatch.setattr(span_store, "MOST_BYTES", 1000)
    rows = [("many", event(n + 1), n) for n in range(4)] + [("long", event(1, "x" * 1000), 1), ("fine", event(1), 1)]
    with filled(tmp_path, *rows) as store:
        assert (store.of("many"), store.of("long"), len(store.of("fine"))) == (None, None, 1)


def test_many_batches_lose_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(span_store, "_WAITING_ROWS", 7)
    monkeypatch.setattr(span_store, "_WAITING_BYTES", 100)
    with filled(tmp_path, *((f"s{n % 10}", event(n + 1, "y" * n), n) for n in range(100))) as store:
        assert [len(store.of(f"s{n}")) for n in range(10)] == [10] * 10


@pytest.mark.parametrize("content", ["\ud800", "\x00", "x" * 10_000])
def test_any_content_comes_back(tmp_path, content):
    with filled(tmp_path, ("\ud800 span", event(1, content), 1)) as store:
        assert store.of("\ud800 span")[0].content["content"] == content.replace("\ud800", "\ufffd")


def test_the_file_is_private_and_goes_away(tmp_path):
    (tmp_path / FILE).write_text("left by a killed run")
    with filled(tmp_path, ("a", event(1), 1)) as store:
        assert (tmp_path / FILE).stat().st_mode & 0o077 == 0
        assert store.of("a")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_says_so(tmp_path):
    with filled(tmp_path) as store:
        store._base.execute("PRAGMA max_page_count = 8")
        store.add("a", event(1, "x" * 10**6), 1)
        with pytest.raises(OutputError, match="events of spans") as error:
            store.settle()
        assert isinstance(error.value.__cause__, sqlite3.Error)
    with pytest.raises(OutputError):
        SpanStore(tmp_path / "missing")
