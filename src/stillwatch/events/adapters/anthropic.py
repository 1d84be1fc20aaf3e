"""Anthropic: messages as logged pairs of request and response, and message batch results.

Batch result lines hold the answer only and no time: requests come from ``--join`` by ``custom_id``, the time from
the line if its logger added one, else from ``--default-time``.

Sources: anthropic 2.12 ``types/message``, ``types/usage``, ``types/messages/message_batch_individual_response``.
"""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.events.adapters.bodies import (
    answer,
    checked_body,
    columns,
    error_status,
    read_conversation,
    read_parameters,
    read_usage,
)
from stillwatch.events.adapters.fields import Fields, is_one_of
from stillwatch.events.adapters.pairs import RESPONSES, account_of_pair, envelope, pair_id, pair_time
from stillwatch.events.adapters.protocol import AdapterContext, NotAnExchange, Outcome, Read, Record, attempt
from stillwatch.events.adapters.streams import StreamKind, stream_kind
from stillwatch.events.model import Exchange

_RESPONSES = frozenset({"message", "error"})
_RESULTS = frozenset({"succeeded", "errored", "canceled", "expired"})


class AnthropicAdapter:
    """Pairs and batch results of the Anthropic API."""

    name = "anthropic"
    versions = ("messages 2023-06-01", "message batches")

    def sniff(self, record: Record) -> bool:
        """A pair whose response is an Anthropic message or error, or a batch line."""
        if "custom_id" in record:
            return isinstance(record.get("result"), Mapping) or isinstance(record.get("params"), Mapping)
        request = record.get("request", record.get("request_body"))
        response = next((record[name] for name in RESPONSES if name in record), None)
        stream = None if isinstance(response, Mapping) else stream_kind(response)
        if stream is not None:
            return stream is StreamKind.MESSAGES
        if isinstance(response, Mapping) and is_one_of(response.get("type"), _RESPONSES):
            return True
        return isinstance(request, Mapping) and (
            "anthropic_version" in request or {"system", "max_tokens"} <= request.keys()
        )

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a record."""
        if "custom_id" in record:
            return [attempt(lambda: _batch_line(record, context))]
        return [attempt(lambda: _pair(record, context))]


def _pair(record: Record, context: AdapterContext) -> Read:
    row = Fields(record)
    if "count_tokens" in (row.text("url", "path", "route") or ""):
        return NotAnExchange("Anthropic token count")
    request = checked_body(row, "request", "request_body") or {}
    answered = answer(row, *RESPONSES)
    if not request and not answered.body:
        raise row.fail("request", "missing")
    return answered.onto(_exchange(record, request, answered.body, context, endpoint="messages"))


def _batch_line(record: Record, context: AdapterContext) -> Exchange | NotAnExchange:
    """A result line, completed by its request."""
    row = Fields(record)
    custom_id = row.need("custom_id")
    if not row.has("result"):
        raise row.fail("result", "a batch request line has no time: ingest the result file and --join this one")
    result = row.child("result")
    outcome = result.text("type")
    if outcome not in _RESULTS:
        raise result.fail("type", "expected succeeded, errored, canceled or expired")
    if outcome in {"canceled", "expired"}:
        return NotAnExchange(f"batch request {outcome} before it ran")
    message = result.child("message")
    # The errored result wraps the error response, which wraps the error.
    body = message.values or result.child("error").values
    known: dict[str, object] = dict(record)
    known["id"] = message.ident("id") or f"batch:{custom_id}"
    return _exchange(known, context.requests.get(custom_id, {}), body, context, endpoint="batch")


def _exchange(record: Record, request: Record, response: Record, context: AdapterContext, *, endpoint: str) -> Exchange:
    row, asked, answered = Fields(record), Fields(request, "request."), Fields(response, "response.")
    parameters, usage, around = read_parameters(asked), read_usage(answered), envelope(row)
    status = row.integer("status_code", "http_status", limit=999)
    model = asked.text("model") or answered.text("model") or row.text("model")
    if model is None and endpoint == "batch":
        model = "unknown"  # a failed line names none, and its request was not joined
    if model is None:
        raise asked.fail("model", "missing")
    dialogue = read_conversation(request, response if response.get("type") == "message" else None, context.hash_key)
    return Exchange(
        exchange_id=pair_id(record, row, answered, context),
        ts=pair_time(row, answered, context),
        account_id=account_of_pair(record, row, asked, context),
        conversation_id=row.ident("conversation_id", "session_id"),
        client=around.client,
        ip=around.ip,
        user_agent=around.user_agent,
        ja4=around.ja4,
        country=around.country,
        model=model,
        endpoint=endpoint,
        n_tools=parameters.n_tools or 0,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        stream=bool(parameters.stream),
        input_tokens=usage.input_tokens or 0,
        output_tokens=usage.output_tokens or 0,
        channel="api",
        reasoning_tokens=usage.reasoning_tokens,
        status=status if status is not None else (error_status(response) or 200),
        **columns(dialogue),
    )
