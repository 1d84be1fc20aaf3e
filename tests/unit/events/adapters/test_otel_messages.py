"""Events of messages as the attributes of the newest convention."""

from __future__ import annotations

import pytest

from stillwatch.events.adapters.otel_messages import as_attributes, own_events, span_event, span_key
from stillwatch.events.adapters.otel_names import DETAILS_EVENT, MESSAGE_EVENTS
from stillwatch.events.adapters.otlp import items_of
from stillwatch.events.adapters.protocol import SpanEvent

TRACE, SPAN = "5B8EFFF798038103D269B633813FC60C", "EEE19B7EC3C1B101"


def item(**values):
    return next(iter(items_of(values)))


def event(name, content, time=1):
    return SpanEvent(f"gen_ai.{name}", time, content)


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"traceId": TRACE, "spanId": SPAN}, f"{TRACE}-{SPAN}".lower()),
        ({"trace_id": "0x" + TRACE.lower(), "span_id": "0x" + SPAN.lower()}, f"{TRACE}-{SPAN}".lower()),
        ({"context": {"trace_id": TRACE, "span_id": SPAN}}, f"{TRACE}-{SPAN}".lower()),
        ({"traceId": "W47/95gDgQPSabYzgT/GDA==", "spanId": "7uGbfsPBsQE="}, "W47/95gDgQPSabYzgT/GDA==-7uGbfsPBsQE="),
        ({"traceId": TRACE}, None),
        ({"traceId": TRACE, "spanId": ""}, None),
        ({"traceId": 5, "spanId": SPAN}, None),
        ({}, None),
    ],
)
def test_spans_and_events_meet_however_their_ids_are_written(values, key):
    assert span_key(item(**values)) == key


@pytest.mark.parametrize("name", [*MESSAGE_EVENTS, DETAILS_EVENT])
@pytest.mark.parametrize("modern", [True, False])
def test_events_are_told_by_their_names(name, modern):
    named = {"eventName": name} if modern else {"attributes": {"event.name": name}}
    found = span_event(item(**named, body={"content": "x"}, timeUnixNano="7"))
    assert (found.name, found.time) == (name, 7)
    assert found.content["content"] == "x"


def test_other_records_are_no_events():
    assert span_event(item(eventName="gen_ai.evaluation.result")) is None
    assert span_event(item(attributes={"gen_ai.operation.name": "chat"})) is None


@pytest.mark.parametrize(
    ("time", "found"),
    [({"timeUnixNano": "0", "observedTimeUnixNano": "9"}, 9), ({"time_unix_nano": 3}, 3), ({}, 0)]
    + [({"timeUnixNano": odd}, 0) for odd in ("x", -4, [], "9" * 30)]
    + [({"timeUnixNano": 10**30}, 2**63 - 1)],
)
def test_times_are_whole_and_fit(time, found):
    assert span_event(item(eventName="gen_ai.choice", **time)).time == found


def test_messages_become_a_conversation_with_the_roles_of_the_names():
    found = as_attributes(
        [
            event("system.message", {"content": "S", "role": "developer"}),
            event("user.message", {"content": "U", "role": "customer", "unknown": 1}),
            event("assistant.message", {"tool_calls": [{"id": "1"}]}),
            event("tool.message", {"content": "T", "id": "1"}),
            event("choice", {"index": 1, "message": {"content": "second"}}),
            event("choice", {"index": "0", "message": {"content": "first"}, "tool_calls": [{"id": "2"}]}),
        ]
    )
    assert found == {
        "gen_ai.input.messages": [
            {"role": "system", "content": "S"},
            {"role": "user", "content": "U"},
            {"role": "assistant", "tool_calls": [{"id": "1"}]},
            {"role": "tool", "content": "T"},
        ],
        "gen_ai.output.messages": [{"role": "assistant", "content": "first", "tool_calls": [{"id": "2"}]}],
    }


def test_a_details_event_counts_before_single_messages():
    details = SpanEvent(DETAILS_EVENT, 5, {"gen_ai.input.messages": ["whole"], "user.id": "u"})
    found = as_attributes([event("user.message", {"content": "U"}), details])
    assert found == {"gen_ai.input.messages": ["whole"], "user.id": "u"}


def test_bodies_also_stand_in_attributes():
    span = item(
        events=[
            {"name": "gen_ai.user.message", "attributes": {"gen_ai.event.content": '{"content": "J"}'}},
            {"name": "gen_ai.user.message", "attributes": {"content": "A"}},
            {"name": "gen_ai.user.message", "attributes": {"gen_ai.event.content": "plain"}},
            {"name": "exception", "attributes": {}},
        ]
    )
    found = as_attributes(own_events(span))["gen_ai.input.messages"]
    assert [message["content"] for message in found] == ["J", "A", "plain"]
