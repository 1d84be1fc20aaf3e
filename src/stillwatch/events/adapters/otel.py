"""OpenTelemetry GenAI: OTLP/JSON exports of spans and logs, single spans, and Vertex's ``otel_log`` column.

One span of a model call is one exchange, completed by the events that were logged for it (trace and span id); so is
one event ``gen_ai.client.inference.operation.details`` whose span is not in the log. Attribute names of all versions
are in :mod:`stillwatch.events.adapters.otel_names`, events in :mod:`stillwatch.events.adapters.otel_messages`.

Sources: OTLP 1.5 JSON encoding (64-bit integers are strings, attributes are keys with typed values);
semantic-conventions-genai ``docs/gen-ai/client-inference.md``; semantic-conventions 1.28 to 1.36
``docs/gen-ai/gen-ai-events.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stillwatch.events.adapters.bodies import columns, read_conversation, read_parameters
from stillwatch.events.adapters.fields import Fields, Malformed, parsed
from stillwatch.events.adapters.messages import read_system
from stillwatch.events.adapters.otel_messages import as_attributes, own_events, span_event, span_key
from stillwatch.events.adapters.otel_names import (
    CONTENT_EVENTS,
    DETAILS_EVENT,
    LISTS,
    MESSAGE_EVENTS,
    VERSIONS,
    names,
)
from stillwatch.events.adapters.otlp import Item, items_of
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    NotAnExchange,
    Outcome,
    Read,
    Record,
    SpanEvent,
    account_of,
    attempt,
    made_id,
    mended,
    moment_of,
)
from stillwatch.events.context import Dialogue, linked_context, text_of
from stillwatch.events.model import Exchange

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

JOINED = "OpenTelemetry event joined to its span"
ORPHANED = "OpenTelemetry message event whose span was not read with it"
TOO_MANY = "messages: more events of one span than a request has, left out"

_INFERENCE = frozenset({"chat", "text_completion", "generate_content", "completion", "llm", "responses"})
_ENDPOINTS = {"text_completion": "completions", "completion": "completions", "generate_content": "generate_content"}
_CHANNELS = {
    "aws.bedrock": "cloud:bedrock",
    "aws_bedrock": "cloud:bedrock",
    "azure.ai.openai": "cloud:azure",
    "azure.ai.inference": "cloud:azure",
    "az.ai.openai": "cloud:azure",
    "gcp.vertex_ai": "cloud:vertex",
    "vertex_ai": "cloud:vertex",
}


class OpenTelemetryAdapter:
    """Spans and events of the GenAI conventions, OpenLLMetry and OpenInference."""

    name = "otel"
    versions = VERSIONS

    def sniff(self, record: Record) -> bool:
        """An OTLP export, or a span with attributes of one of the conventions."""
        if any(
            name in record for name in ("resourceSpans", "resourceLogs", "resource_spans", "resource_logs", "otel_log")
        ):
            return True
        return any(
            key.startswith(("gen_ai.", "llm.", "openinference."))
            for item in items_of(record)
            if isinstance(item, Item)
            for key in item.attributes
        )

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a model call; an export request holds many."""
        return [
            attempt(lambda item=item: _exchange(item, context)) if isinstance(item, Item) else item  # type: ignore[misc]
            for item in items_of(record)
        ]


def span_parts(record: Record) -> Iterator[tuple[str, SpanEvent | None]]:
    """What a record brings to the joining of spans and events: by span, an event, or None for the span of a model call.

    Never raises for what the record holds.
    """
    for item in items_of(record):
        key = span_key(item) if isinstance(item, Item) else None
        if key is None or not isinstance(item, Item):
            continue
        event = span_event(item)
        if event is not None:
            yield key, event
        elif not item.event_name and _is_call(item):
            yield key, None


def _is_call(item: Item) -> bool:
    row = Fields(_gathered(item, ()))
    try:
        return _is_inference(item, row, (row.text(*names("operation")) or "").lower())
    except Malformed:
        return False


def _exchange(item: Item, context: AdapterContext) -> Read:
    key = span_key(item)
    joined = key is not None and context.span_events.is_call(key)
    if item.event_name in MESSAGE_EVENTS:
        return NotAnExchange(JOINED if joined else ORPHANED)
    if item.event_name == DETAILS_EVENT and joined:
        return NotAnExchange(JOINED)
    found = context.span_events.of(key) if key is not None and not item.event_name else ()
    exchange = _read(item, (*own_events(item), *(found or ())), context)
    return mended(exchange, [TOO_MANY] if found is None else []) if isinstance(exchange, Exchange) else exchange


def _read(item: Item, events: tuple[SpanEvent, ...], context: AdapterContext) -> Exchange | NotAnExchange:
    attributes = _gathered(item, events)
    row = Fields(attributes, "attributes.")
    operation = (row.text(*names("operation")) or "").lower()
    if not _is_inference(item, row, operation):
        return NotAnExchange("OpenTelemetry span or event that is no model call")
    parameters = read_parameters(row.json_child(*names("parameters")))
    temperature, max_tokens, stream = (
        row.number(*names("temperature")),
        row.integer(*names("max_tokens")),
        row.flag(*names("stream")),
    )
    tools = parsed(row.raw(*names("tools")))
    provider = (row.text(*names("provider")) or "").lower()
    return Exchange(
        exchange_id=row.ident(*names("response_id")) or item.identity or made_id(item.values, context.hash_key),
        ts=moment_of(
            Fields(item.values),
            context,
            "startTimeUnixNano",
            "start_time_unix_nano",
            "timeUnixNano",
            "time_unix_nano",
            "start_time",
            "observedTimeUnixNano",
        ),
        account_id=account_of(attributes, row, context, *names("account")),
        conversation_id=row.ident(*names("conversation_id")),
        ip=row.text(*names("ip")),
        user_agent=row.text(*names("user_agent")),
        ja4=row.text(*names("ja4")),
        country=row.text(*names("country")),
        model=row.need(*names("model")),
        endpoint="responses" if row.text(*names("api")) == "responses" else _ENDPOINTS.get(operation, "chat"),
        n_tools=len(tools) if isinstance(tools, list | tuple) else 0,
        temperature=parameters.temperature if temperature is None else temperature,
        max_tokens=parameters.max_tokens if max_tokens is None else max_tokens,
        stream=bool(parameters.stream if stream is None else stream),
        input_tokens=row.integer(*names("input_tokens")) or 0,
        output_tokens=row.integer(*names("output_tokens")) or 0,
        channel=_CHANNELS.get(provider),
        n_choices=row.integer(*names("n_choices")) or parameters.n_choices,
        reasoning_tokens=row.integer(*names("reasoning_tokens")),
        logprobs=parameters.logprobs,
        status=_status(item, row),
        **columns(_dialogue(row, context.hash_key)),
    )


def _is_inference(item: Item, row: Fields, operation: str) -> bool:
    """A model call says so, or (before 1.27) names a model and tokens without naming an operation."""
    if operation:
        return operation in _INFERENCE
    if item.event_name:
        return item.event_name == DETAILS_EVENT
    return row.has(*names("model")) and row.has(*names("output_tokens"), *names("input_messages"))


def _gathered(item: Item, events: tuple[SpanEvent, ...]) -> dict[str, object]:
    """The attributes with those of content events, numbered keys put together as lists. What the span says counts first."""
    gathered = dict(item.attributes)
    for name, attributes in item.events:
        if name in CONTENT_EVENTS:
            gathered = {**attributes, **gathered}
    if events:
        brought = as_attributes(events)
        for value in ("input_messages", "output_messages"):
            weaker = brought if any(_spoken(gathered, name) for name in names(value)) else gathered
            for name in names(value):
                weaker.pop(name, None)
        gathered = {**brought, **gathered}
    for name in LISTS:
        if name not in gathered:
            listed = _listed(gathered, name + ".")
            if listed:
                gathered[name] = listed
    return gathered


def _spoken(attributes: Mapping[str, object], name: str) -> bool:
    """Whether a list stands in the attributes, whole or spread over numbered keys."""
    return bool(attributes.get(name)) or any(key.startswith(name + ".") for key in attributes)


def _listed(attributes: Mapping[str, object], prefix: str) -> list[object]:
    """``prefix0.a.b``, ``prefix1.a`` ... as a list of nested objects, in the order of the numbers."""
    rows: dict[int, object] = {}
    for key, value in attributes.items():
        if not key.startswith(prefix):
            continue
        number, _, rest = key[len(prefix) :].partition(".")
        if number.isdigit() and number.isascii() and len(number) < 7:
            row = rows.setdefault(int(number), {})
            if rest and isinstance(row, dict):
                _place(row, rest.split(".")[:20], value)
    return [_numbered(rows[number]) for number in sorted(rows)]


def _place(tree: dict[str, object], path: list[str], value: object) -> None:
    for step in path[:-1]:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault(path[-1], value)


def _numbered(value: object) -> object:
    """Objects whose keys are all numbers are lists."""
    if not isinstance(value, dict):
        return value
    inner = {key: _numbered(item) for key, item in value.items()}
    if inner and all(key.isdigit() and key.isascii() and len(key) < 7 for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def _dialogue(row: Fields, key: bytes) -> Dialogue:
    asked, answered = row.raw(*names("input_messages")), _first_choice(row.raw(*names("output_messages")))
    dialogue = read_conversation(asked, answered, key)
    system = text_of(read_system(row.raw(*names("system"))), joint="\n\n")
    if system:
        dialogue = msgspec.structs.replace(dialogue, system_prompt=system)
    previous = row.text(*names("previous_response"))
    if previous is None:
        return dialogue
    own = row.text(*names("response_id"))
    return msgspec.structs.replace(
        dialogue,
        turn=dialogue.turn + 1,
        context_in=linked_context(previous, key),
        context_out=linked_context(own, key) if own else None,
    )


def _first_choice(value: object) -> object:
    """Output messages are choices, not a conversation: the first one counts."""
    value = parsed(value)
    return value[:1] if isinstance(value, list | tuple) else value


def _status(item: Item, row: Fields) -> int:
    status = row.integer(*names("http_status"), limit=999)
    if status is not None:
        return status
    error = row.ident(*names("error"))
    if error is not None and error.isdigit() and 100 <= int(error) <= 999:
        return int(error)
    return 500 if error is not None or item.failed else 200
