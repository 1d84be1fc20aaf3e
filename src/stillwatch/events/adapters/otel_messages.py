"""OpenTelemetry GenAI up to 1.36: messages as events of their own, which share trace and span id with the request's span.

The span has model, tokens and settings, the events have the text: ``gen_ai.system.message``, ``gen_ai.user.message``,
``gen_ai.assistant.message`` and ``gen_ai.tool.message`` for each message sent, ``gen_ai.choice`` for each answer. From
1.37 on one event ``gen_ai.client.inference.operation.details`` holds them all. Here events become the attributes that
the newest convention would have put on the span; where they are kept until their span is met is not known here.

Sources: open-telemetry/semantic-conventions 1.28 to 1.36 ``docs/gen-ai/gen-ai-events.md`` (bodies of the events),
1.37 for the details event, ``model/gen-ai/deprecated/events-deprecated.yaml``. Not in the conventions, but written by
instrumentations: the same names as events of the span itself, with the body as JSON in ``gen_ai.event.content``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from stillwatch.events.adapters.fields import parsed
from stillwatch.events.adapters.otel_names import CHOICE_EVENT, DETAILS_EVENT, MESSAGE_EVENTS, names
from stillwatch.events.adapters.otlp import Item, decoded_value
from stillwatch.events.adapters.protocol import SpanEvent

_CONTENT = "gen_ai.event.content"
_ANSWER = "assistant"
_ASKED = MESSAGE_EVENTS.keys() - {CHOICE_EVENT}
_HEX = frozenset("0123456789abcdefABCDEF")
_LATEST = 2**63 - 1


def span_key(item: Item) -> str | None:
    """What a span and its events have in common: trace and span id in one spelling. None where either is missing."""
    source = item.values.get("context")
    holder: Mapping[str, object] = source if isinstance(source, Mapping) else item.values
    ids = []
    for pair in (("traceId", "trace_id"), ("spanId", "span_id")):
        found = next((holder[name] for name in pair if holder.get(name)), None)
        if not isinstance(found, str):
            return None
        digits = found.removeprefix("0x")
        # Hexadecimal digits may be of either case; exporters that write base64 mean it.
        ids.append(digits.lower() if len(digits) in (16, 32) and _HEX.issuperset(digits) else found)
    return "-".join(ids)


def span_event(item: Item) -> SpanEvent | None:
    """A log record as an event of its span; None when it is no event with messages."""
    if item.event_name == DETAILS_EVENT:
        return SpanEvent(item.event_name, _time(item), item.attributes)
    if item.event_name in MESSAGE_EVENTS:
        return SpanEvent(
            item.event_name, _time(item), _body(decoded_value(item.values.get("body"), 0), item.attributes)
        )
    return None


def own_events(item: Item) -> list[SpanEvent]:
    """The message events that stand in the span itself."""
    return [SpanEvent(name, 0, _body(None, attributes)) for name, attributes in item.events if name in MESSAGE_EVENTS]


def as_attributes(events: Sequence[SpanEvent]) -> dict[str, object]:
    """Events as the attributes that they stand for, the details event's own first."""
    attributes: dict[str, object] = {}
    for event in events:
        if event.name == DETAILS_EVENT:
            attributes = {**event.content, **attributes}
    asked = [_message(event.content, MESSAGE_EVENTS[event.name]) for event in events if event.name in _ASKED]
    if asked and not _has(attributes, "input_messages"):
        attributes[names("input_messages")[0]] = asked
    choice = _first_choice(event.content for event in events if event.name == CHOICE_EVENT)
    if choice is not None and not _has(attributes, "output_messages"):
        attributes[names("output_messages")[0]] = [choice]
    return attributes


def _has(attributes: Mapping[str, object], value: str) -> bool:
    return any(attributes.get(name) for name in names(value))


def _body(body: object, attributes: Mapping[str, object]) -> Mapping[str, object]:
    """What an event says: its body, or what stands for it in the attributes."""
    for value in (body, attributes.get(_CONTENT)):
        found = parsed(value)
        if isinstance(found, Mapping):
            return {str(name): item for name, item in found.items()}
        if isinstance(found, str | list | tuple) and found:
            return {"content": found}
    return {
        name: attributes[name]
        for name in ("content", "role", "id", "tool_calls", "message", "index")
        if name in attributes
    }


def _message(content: Mapping[str, object], role: str) -> dict[str, object]:
    """A message as the request had it. The event's name says the role; ``role`` may be a name of the program's own."""
    kept = {name: content[name] for name in ("content", "tool_calls") if content.get(name) is not None}
    return {"role": role, **kept}


def _first_choice(choices: Iterable[Mapping[str, object]]) -> dict[str, object] | None:
    """The answer of index 0, or the lowest; its tool calls stand beside the message or in it."""
    found = min(choices, key=_index, default=None)
    if found is None:
        return None
    inner = parsed(found.get("message"))
    if isinstance(inner, str) and inner:
        inner = {"content": inner}
    message = inner if isinstance(inner, Mapping) else found
    calls = message.get("tool_calls") or found.get("tool_calls")
    return _message({**message, "tool_calls": calls}, _ANSWER)


def _index(choice: Mapping[str, object]) -> int:
    index = choice.get("index")
    if isinstance(index, str) and index.isdecimal() and len(index) < 9:
        return int(index)
    return index if isinstance(index, int) else 0


def _time(item: Item) -> int:
    for name in ("timeUnixNano", "time_unix_nano", "observedTimeUnixNano", "observed_time_unix_nano"):
        value = item.values.get(name)
        if isinstance(value, str) and value.isdecimal() and len(value) < 20:
            value = int(value)
        if isinstance(value, int) and value > 0:
            return min(value, _LATEST)
    return 0
