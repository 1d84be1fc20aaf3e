"""Langfuse: observations of type GENERATION, as the API and the exports write them.

Sources: langfuse 5.0 ``api/commons/types/observation_v2``; the public API's ``GET /api/public/observations``
(objects in ``data``), whose older versions have ``usage`` in place of ``usageDetails``.
"""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.events.adapters.bodies import columns, read_conversation, read_parameters, request_messages
from stillwatch.events.adapters.fields import Fields, is_one_of, parsed
from stillwatch.events.adapters.protocol import (
    AdapterContext,
    NotAnExchange,
    Outcome,
    Record,
    account_of,
    attempt,
    client_of,
    each,
    header,
    moment_of,
)
from stillwatch.events.model import Exchange

_TYPES = frozenset(
    {"SPAN", "EVENT", "GENERATION", "AGENT", "TOOL", "CHAIN", "RETRIEVER", "EVALUATOR", "EMBEDDING", "GUARDRAIL"}
)


class LangfuseAdapter:
    """Observations of a Langfuse project."""

    name = "langfuse"
    versions = ("observations v1", "observations v2")

    def sniff(self, record: Record) -> bool:
        """An observation, or a page of them."""
        page = record.get("data")
        if isinstance(page, list | tuple):
            return any(isinstance(item, Mapping) and _is_observation(item) for item in page)
        return _is_observation(record)

    def convert(self, record: Record, context: AdapterContext) -> list[Outcome]:
        """One exchange a generation; a page holds several."""
        page = record.get("data")
        if isinstance(page, list | tuple):
            return each(page, "data", lambda item: _exchange(item, context))
        return [attempt(lambda: _exchange(record, context))]


def _is_observation(record: Mapping[str, object]) -> bool:
    return is_one_of(record.get("type"), _TYPES) and ("traceId" in record or "trace_id" in record)


def _exchange(record: Record, context: AdapterContext) -> Exchange | NotAnExchange:
    row = Fields(record)
    if row.text("type") != "GENERATION":
        return NotAnExchange("Langfuse observation that is no generation")
    settings = row.json_child("modelParameters", "model_parameters")
    parameters = read_parameters(settings)
    asked, tools = _input(row.raw("input"))
    usage = row.json_child("usageDetails", "usage_details", "usage")
    metadata = row.json_child("metadata")
    headers = metadata.values.get("headers")
    headers = headers if isinstance(headers, Mapping) else {}
    first_token = row.has("completionStartTime", "completion_start_time", "timeToFirstToken", "time_to_first_token")
    stream = parameters.stream
    return Exchange(
        exchange_id=row.need("id"),
        ts=moment_of(row, context, "startTime", "start_time"),
        account_id=account_of(record, row, context, "userId", "user_id"),
        conversation_id=row.ident("sessionId", "session_id"),
        client=client_of(headers),
        ip=metadata.text("ip", "client_ip", "client.address")
        if metadata.has("ip", "client_ip", "client.address")
        else None,
        user_agent=metadata.text("user_agent", "userAgent") or header(headers, "user-agent"),
        model=row.need("model", "providedModelName", "provided_model_name"),
        endpoint="chat",
        n_tools=parameters.n_tools or tools,
        temperature=parameters.temperature,
        max_tokens=parameters.max_tokens,
        # Langfuse records the first token's time for streams only.
        stream=first_token if stream is None else stream,
        input_tokens=_sum(
            usage, "input", "input_cached_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"
        )
        or usage.integer("promptTokens", "prompt_tokens")
        or 0,
        output_tokens=_sum(usage, "output", "output_reasoning_tokens")
        or usage.integer("completionTokens", "completion_tokens")
        or 0,
        n_choices=parameters.n_choices,
        reasoning_tokens=usage.integer("output_reasoning_tokens", "reasoning_tokens"),
        logprobs=parameters.logprobs,
        status=500 if row.text("level") == "ERROR" else 200,
        **columns(read_conversation(asked, row.raw("output"), context.hash_key)),
    )


def _input(value: object) -> tuple[object, int]:
    """The messages and the number of tools: the input is a list of messages, or a request-like object, or text."""
    value = parsed(value)
    if not isinstance(value, Mapping):
        return value, 0
    tools = value.get("tools")
    found = len(tools) if isinstance(tools, list | tuple) else 0
    return (value if request_messages(value) else [value]), found


def _sum(usage: Fields, *names: str) -> int:
    """Tokens by kind added up: Langfuse splits cached and reasoning tokens off the plain count."""
    return min(sum(usage.integer(name) or 0 for name in names), 2**31 - 1)
