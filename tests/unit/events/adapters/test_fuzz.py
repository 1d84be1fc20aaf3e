"""No record, however broken, makes an adapter raise."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.events.adapters.bedrock import cloudtrail_callers
from stillwatch.events.adapters.catalogue import ADAPTERS, FORMATS, adapter_named
from stillwatch.events.adapters.otel import span_parts
from stillwatch.events.adapters.protocol import AdapterContext, BadRecord, Mended, NotAnExchange, SpanEvent
from stillwatch.events.adapters.streams import assemble, stream_kind
from stillwatch.events.finish import finish
from stillwatch.events.landing import SCHEMA
from stillwatch.events.model import EXCHANGES, Exchange
from stillwatch.events.pseudonym import Pseudonymiser

KEY = b"k" * 32


class AlwaysEvents:
    """Every span is a call and has these events."""

    events = (
        SpanEvent("gen_ai.user.message", 1, {"content": ["x", 3], "tool_calls": "odd"}),
        SpanEvent("gen_ai.choice", 0, {"message": [], "index": {}}),
        SpanEvent("gen_ai.client.inference.operation.details", 2, {"gen_ai.usage.input_tokens": "many"}),
    )

    def of(self, span):
        return None if span.endswith("0") else self.events

    def is_call(self, _span):
        return True


CONTEXT = AdapterContext(hash_key=KEY, default_account="a", requests={"c": {"model": "m", "messages": 3}})
JOINING = AdapterContext(hash_key=KEY, default_account="a", span_events=AlwaysEvents())
HIDE = Pseudonymiser(KEY)

# Names that the adapters read, so that arbitrary values land where they are looked for.
NAMES = [
    "generation",
    "refusal",
    "item",
    "toolUse",
    "partial_json",
    "output_index",
    "messageStop",
    "index",
    "gen_ai.event.content",
    "function_call",
    "finish_reason",
    "delta",
    "custom",
    "content_block",
    "contentBlockStart",
    "contentBlockIndex",
    "contentBlockDelta",
    "chunk",
    "bytes",
    "account_id",
    "api_key",
    "arguments",
    "attributes",
    "body",
    "call_type",
    "choices",
    "code",
    "content",
    "created",
    "custom_id",
    "data",
    "error",
    "events",
    "eventSource",
    "exchange_id",
    "format",
    "function",
    "gen_ai.completion",
    "gen_ai.input.messages",
    "gen_ai.operation.name",
    "gen_ai.output.messages",
    "gen_ai.prompt",
    "gen_ai.prompt.0.content",
    "gen_ai.request.model",
    "gen_ai.usage.input_tokens",
    "headers",
    "id",
    "image",
    "input",
    "inputBodyJson",
    "intValue",
    "key",
    "kvlistValue",
    "llm.input_messages.0.message.role",
    "logEvents",
    "logRecords",
    "message",
    "messages",
    "metadata",
    "method",
    "model",
    "modelId",
    "modelParameters",
    "model_parameters",
    "operation",
    "otel_log",
    "output",
    "outputBodyJson",
    "parameters",
    "params",
    "parts",
    "path",
    "prompt",
    "proxy_server_request",
    "Records",
    "request",
    "requestId",
    "requestMetadata",
    "request_id",
    "resource",
    "resourceLogs",
    "resourceSpans",
    "response",
    "response_code",
    "result",
    "role",
    "schemaType",
    "scopeLogs",
    "scopeSpans",
    "spanId",
    "spans",
    "standard_logging_object",
    "startTime",
    "startTimeUnixNano",
    "start_time",
    "status",
    "stringValue",
    "system",
    "temperature",
    "text",
    "timestamp",
    "tool_calls",
    "tools",
    "traceId",
    "ts",
    "type",
    "usage",
    "usageDetails",
    "user",
    "userId",
    "value",
    "values",
]
WORDS = [
    "chat.completion.chunk",
    "content_block_delta",
    "content_block_start",
    "gen_ai.choice",
    "gen_ai.user.message",
    "message_delta",
    "message_start",
    "response.completed",
    "response.output_text.delta",
    "data: {",
    "data: [DONE]\n\n",
    "chat",
    "GENERATION",
    "message",
    "user",
    "assistant",
    "tool",
    "system",
    "text",
    "tool_use",
    "tool_result",
    "image",
    "succeeded",
    "errored",
    "LLM",
    "completion",
    "ModelInvocationLog",
    "Converse",
    "failure",
    "2026-10-05T08:00:00Z",
    "1791187200",
    "/v1/chat/completions",
    "[1]",
    "{}",
    "[{}]",
    "-1",
    "1e400",
    "true",
]

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=6),
    st.sampled_from(WORDS),
    st.just("\ud800"),
    st.just(10**400),
)
names = st.one_of(st.sampled_from(NAMES), st.text(max_size=4))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(names, inner, max_size=6)),
    max_leaves=20,
)
anything = st.dictionaries(names, values, max_size=10)

SEEDS = {
    "contract": {"exchange_id": "x", "ts": 1791187200, "account_id": "a", "model": "m"},
    "otel": {
        "attributes": {"gen_ai.request.model": "m", "gen_ai.operation.name": "chat"},
        "startTimeUnixNano": "1791187200000000000",
    },
    "litellm": {"call_type": "acompletion", "startTime": 1791187200.0, "id": "x", "model": "m", "model_parameters": {}},
    "bedrock": {
        "schemaType": "ModelInvocationLog",
        "requestId": "r",
        "modelId": "m",
        "accountId": "a",
        "timestamp": 1791187200,
    },
    "langfuse": {"id": "o", "traceId": "t", "type": "GENERATION", "startTime": 1791187200, "model": "m"},
    "envoy": {"start_time": 1791187200, "response_code": 200, "path": "/v1/messages"},
    "anthropic": {"ts": 1791187200, "request": {"model": "m"}, "response": {"type": "message"}},
    "openai": {"ts": 1791187200, "request": {"model": "m", "messages": []}, "response": {}},
}

STREAMS = {
    "openai": {"object": "chat.completion.chunk", "choices": [{"delta": {"content": "x"}}]},
    "anthropic": {"type": "message_start", "message": {"usage": {"input_tokens": 1}}},
    "bedrock": {"messageStart": {"role": "assistant"}},
}


def check(adapter, record, context=CONTEXT):
    adapter.sniff(record)
    outcomes = adapter.convert(record, context)
    for found in outcomes:
        outcome = found.exchange if isinstance(found, Mended) else found
        match outcome:
            case Exchange():
                row = finish(outcome, pseudonymiser=HIDE, keep_text=True).exchange
                assert all(getattr(row, column.name) is not None for column in EXCHANGES if not column.nullable)
                for field in SCHEMA:
                    assert (
                        isinstance(getattr(row, field.name), str)
                        or field.type != "string"
                        or getattr(row, field.name) is None
                    )
                msgspec.json.encode(row)
            case BadRecord():
                assert outcome.reason
                assert len(outcome.reason) < 120
            case NotAnExchange():
                assert outcome.reason
            case _:
                raise AssertionError(outcome)
    return outcomes


@pytest.mark.parametrize("adapter", ADAPTERS, ids=FORMATS)
@given(record=anything)
def test_arbitrary_records_never_raise(adapter, record):
    check(adapter, record)
    cloudtrail_callers(record)
    list(span_parts(record))


@given(record=anything, span=st.sampled_from(["0", "1", "0xab"]))
def test_spans_with_odd_events_never_raise(record, span):
    adapter = adapter_named("otel")
    check(adapter, record | {"traceId": "t", "spanId": span}, JOINING)
    check(adapter, SEEDS["otel"] | record | {"traceId": "t", "spanId": span}, JOINING)


@given(chunks=st.one_of(st.lists(st.one_of(anything, values), max_size=6), st.text(max_size=60)))
def test_odd_streams_never_raise(chunks):
    for name, first in STREAMS.items():
        listed = [first, *chunks] if isinstance(chunks, list) else [json.dumps(first), chunks]
        check(adapter_named(name), SEEDS[name] | {"response": listed, "output": {"outputBodyJson": listed}})
        stream_kind(chunks)
        assemble(chunks)


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=100)
@given(data=st.data())
def test_sound_records_with_one_part_broken_never_raise(name, data):
    seed = dict(SEEDS[name])
    inner = data.draw(st.sampled_from([seed, *(value for value in seed.values() if isinstance(value, dict))]))
    changed = dict(inner)
    changed[data.draw(st.one_of(st.sampled_from(sorted(inner) or ["x"]), names))] = data.draw(values)
    record = changed if inner is seed else {key: changed if value is inner else value for key, value in seed.items()}
    check(adapter_named(name), record)


@pytest.mark.parametrize("name", FORMATS)
def test_the_seeds_are_exchanges(name):
    outcomes = check(adapter_named(name), SEEDS[name])
    assert [type(outcome) for outcome in outcomes] == [Exchange]


@pytest.mark.parametrize("name", FORMATS)
def test_deep_nesting_is_no_crash(name):
    deep = []
    for _ in range(5_000):
        deep = [deep]
    for key in ("messages", "request", "response", "input", "output", "attributes", "metadata", "prompt"):
        check(adapter_named(name), SEEDS[name] | {key: deep})
        check(adapter_named(name), SEEDS[name] | {key: {"messages": [{"role": "user", "content": deep}]}})
